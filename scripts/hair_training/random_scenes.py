"""Scalps at random, wider than any clinic's photographs, so that an unseen one lies among them."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from imaging.synthetic.graphics import (
    BAR_STYLES,
    CORNERS,
    BarSpec,
    GraphicsSpec,
    TextStyle,
)
from imaging.synthetic.scalp import (
    PRESETS,
    CameraSpec,
    HairSpec,
    ScalpSpec,
    SkinSpec,
    SurfaceSpec,
    UnitSpec,
)

#: A scene shows this much skin, mm: a few units in every direction, quick to draw.
FIELD_MM = (4.4, 3.3)
#: Kinds of scene and how often they come.
KINDS = (("shaved", 0.5), ("clipped", 0.27), ("regrown", 0.08), ("long", 0.09), ("bare", 0.06))
#: sRGB of light and dark skin, between which tones are drawn.
LIGHTEST, DARKEST = (226.0, 196.0, 178.0), (66.0, 46.0, 37.0)
#: Colour of greyish skin under the cold diodes of a microscope.
COLD = (150.0, 142.0, 130.0)
#: Hair colours with their shares among scenes; a second colour is mixed in at times.
COLOURS = (("black", 0.52), ("brown", 0.22), ("blond", 0.12), ("grey", 0.08), ("white", 0.06))


def random_scene(rng: np.random.Generator) -> ScalpSpec:
    """Return the description of one scene."""
    kind = str(rng.choice([name for name, _ in KINDS], p=[share for _, share in KINDS]))
    px_per_mm = _between(rng, 85.0, 230.0)
    base = PRESETS["shaved"] if kind == "shaved" else PRESETS["clipped_light_skin"]
    skin = _skin(rng, is_cold=kind == "shaved")
    return replace(
        base,
        px_per_mm=px_per_mm,
        width_px=round(FIELD_MM[0] * px_per_mm),
        height_px=round(FIELD_MM[1] * px_per_mm),
        units=_units(rng, kind),
        hair=_hair(rng, kind, skin),
        skin=skin,
        surface=_surface(rng),
        camera=_camera(rng, px_per_mm),
        graphics=_graphics(rng) if rng.random() < 0.12 else None,
    )


def _between(rng: np.random.Generator, low: float, high: float) -> float:
    """Draw evenly on a logarithmic scale."""
    return math.exp(rng.uniform(math.log(low), math.log(high)))


def _units(rng: np.random.Generator, kind: str) -> UnitSpec:
    if kind == "bare":
        return UnitSpec(density_per_cm2=0.0)
    shares = rng.dirichlet((4.0, 5.0, 2.2, 0.5, 0.1))
    return UnitSpec(
        density_per_cm2=rng.uniform(25.0, 110.0),
        hairs_per_unit=tuple(float(share) for share in shares),
        min_spacing_mm=0.6,
        row_spacing_mm=rng.uniform(1.2, 1.8) if rng.random() < 0.08 else 0.0,
        root_spread_mm=(0.03, rng.uniform(0.12, 0.25)),
        tight_share=rng.uniform(0.25, 0.75),
        fan_share=rng.uniform(0.05, 0.3),
        field_sd_deg=rng.uniform(3.0, 12.0),
        unit_sd_deg=rng.uniform(3.0, 14.0),
        within_sd_deg=rng.uniform(6.0, 20.0),
    )


def _hair(rng: np.random.Generator, kind: str, skin: SkinSpec) -> HairSpec:
    names = [name for name, _ in COLOURS]
    weights = np.array([share for _, share in COLOURS])
    if sum(skin.tone_srgb) < 3 * 90:
        # Black hair on very dark skin shows nothing to learn from; light hair does.
        weights = weights * np.array([0.5, 0.5, 1.0, 2.0, 3.0])
    first, second = rng.choice(names, size=2, p=weights / weights.sum())
    share = 1.0 if rng.random() < 0.7 else rng.uniform(0.5, 0.95)
    lengths = {"shaved": (0.3, 0.62), "clipped": (0.35, 0.9), "regrown": (0.8, 1.6)}
    low, high = lengths.get(kind, (1.5, 4.0))
    curl = _between(rng, 0.05, 0.5) if rng.random() < 0.85 else rng.uniform(0.5, 2.0)
    return HairSpec(
        terminal_mean_um=rng.uniform(50.0, 105.0),
        terminal_sd_um=rng.uniform(9.0, 28.0),
        vellus_share=float(rng.choice([0.04, 0.12, 0.4], p=[0.5, 0.35, 0.15])),
        vellus_mean_um=rng.uniform(20.0, 30.0),
        length_mm=_between(rng, low, high),
        length_log_sd=rng.uniform(0.15, 0.45),
        curl_per_mm=curl,
        colours=((first, share), (second, 1.0 - share)),
        tapered_share=0.02 if rng.random() < 0.8 else 0.2,
        gloss=_between(rng, 0.15, 2.2),
    )


def _skin(rng: np.random.Generator, *, is_cold: bool) -> SkinSpec:
    depth = rng.beta(1.0, 2.2)
    light, dark = np.array(COLD if is_cold else LIGHTEST), np.array(DARKEST)
    if is_cold:
        depth = 0.5 * depth
    tone = (light + depth * (dark - light)) * rng.uniform(0.85, 1.15, 3)
    return SkinSpec(
        tone_srgb=tuple(float(v) for v in np.clip(tone, 30.0, 240.0)),
        mottle=rng.uniform(0.3, 1.6),
        relief=rng.uniform(0.3, 1.6),
        shine=rng.uniform(0.1, 2.0),
        ostium=rng.uniform(0.3, 1.4),
        subsurface=rng.uniform(0.1, 1.5),
        subsurface_length_mm=rng.uniform(0.12, 0.45),
        halo=rng.uniform(0.2, 1.4),
        redness=rng.uniform(0.0, 1.0),
        wrinkles=rng.uniform(0.0, 1.6),
        vessels_per_cm2=rng.uniform(2.0, 16.0) if rng.random() < 0.25 else 0.0,
        moles_per_cm2=rng.uniform(1.0, 10.0) if rng.random() < 0.12 else 0.0,
    )


def _surface(rng: np.random.Generator) -> SurfaceSpec:
    def some(chance: float, low: float, high: float) -> float:
        return _between(rng, low, high) if rng.random() < chance else 0.0

    return SurfaceSpec(
        clippings_per_cm2=some(0.7, 2.0, 25.0),
        fibres_per_cm2=some(0.25, 2.0, 8.0),
        flakes_per_cm2=some(0.7, 15.0, 300.0),
        crust_per_cm2=some(0.15, 2.0, 10.0),
        ink_dots_per_cm2=some(0.25, 5.0, 40.0),
        ink_stains_per_cm2=some(0.1, 1.0, 4.0),
        crumbs_per_hair=rng.uniform(0.0, 4.0),
        bubbles_per_cm2=some(0.12, 3.0, 12.0),
        glare_per_cm2=some(0.15, 2.0, 15.0),
    )


def _camera(rng: np.random.Generator, px_per_mm: float) -> CameraSpec:
    # Blur of the optics is a length on the skin; the sensor adds its own pixel.
    optics = _between(rng, 0.003, 0.014) * px_per_mm
    return CameraSpec(
        exposure=rng.uniform(0.7, 1.3),
        vignette=rng.uniform(0.0, 0.4),
        violet=rng.uniform(0.0, 2.0) if rng.random() < 0.5 else 0.0,
        white_balance=tuple(float(v) for v in rng.uniform(0.88, 1.14, 3)),
        blur_px=math.hypot(0.6, optics),
        tilt_blur_px=rng.uniform(0.0, 0.025) * px_per_mm,
        lift_blur_px=rng.uniform(0.0, 0.018) * px_per_mm,
        motion_px=rng.uniform(0.0, 0.03) * px_per_mm if rng.random() < 0.15 else 0.0,
        noise=_between(rng, 0.5, 5.0),
        sharpen=rng.uniform(0.0, 1.0),
        sharpen_radius_px=rng.uniform(0.8, 2.5),
        chroma_blur=bool(rng.random() < 0.8),
        jpeg_quality=int(rng.integers(38, 96)),
        circle_share=rng.uniform(0.85, 1.1) if rng.random() < 0.06 else 0.0,
        is_grey=bool(rng.random() < 0.07),
    )


def _graphics(rng: np.random.Generator) -> GraphicsSpec:
    dark_box = TextStyle(cap_px=int(rng.integers(9, 16)), box=(60, 60, 60))
    bar = BarSpec(
        length_mm=1.0,
        text="1.0 mm",
        corner=CORNERS[rng.integers(len(CORNERS))],
        style=BAR_STYLES[rng.integers(len(BAR_STYLES))],
    )
    return GraphicsSpec(
        bar=bar if rng.random() < 0.7 else None,
        banner=("A17", "1280x1024", "20x") if rng.random() < 0.5 else (),
        banner_style=dark_box,
        circle_radius_mm=rng.uniform(0.9, 1.5) if rng.random() < 0.5 else None,
    )
