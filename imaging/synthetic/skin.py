"""Skin in linear light: tone, mottling, relief that glitters, vessels, moles, ostia, lesions.

Everything is scaled in millimetres, so a scene keeps its look at any magnification.  Relief is a
height map lit by oblique lamps: its slopes give the fine glitter of real photographs.

Strengths that stand beside what they draw were set by eye, side by side with photographs, and by
the figures in `presets`; they are the drawing itself, not thresholds of a measurement.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .layout import CURL_WAVELENGTH_MM, grow_path
from .spec import ScalpSpec

Floats = NDArray[np.float32]

#: From this scale on, noise is interpolated smoothly; below, blur hides the difference.
CUBIC_FROM_PX = 5.0
#: Lamps of white diodes are bluer than the light that comes back out of skin.
LAMP = np.array([0.95, 1.0, 1.3], np.float32)
#: Lit edges of fine wrinkles.
FIBRILS_PER_CM2 = 900.0
#: Linear green of the skin at which the strength of matt relief was set.
MATT_AT = 0.25

#: Optical depth per channel of blood and melanin.
BLOOD = np.array([0.10, 1.0, 0.75], np.float32)
MELANIN = np.array([0.45, 0.75, 1.0], np.float32)
#: Pen and dye.
INK = np.array([3.0, 3.2, 0.9], np.float32)


def to_linear(srgb: tuple[float, float, float]) -> Floats:
    """Return linear light of an sRGB colour given in 0 to 255 (IEC 61966-2-1)."""
    c = np.array(srgb, np.float64) / 255.0
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4).astype(np.float32)


def smooth_noise(
    shape: tuple[int, int],
    scale_px: float,
    *,
    rng: np.random.Generator,
    stretch: float = 1.0,
    angle_rad: float | None = None,
) -> Floats:
    """Return noise of about unit variance that changes over ``scale_px`` pixels.

    ``stretch`` lengthens it along ``angle_rad``, by default a direction drawn at random.
    """
    height, width = shape
    if scale_px <= 1.0 and stretch == 1.0:
        return rng.standard_normal(shape, dtype=np.float32)
    if angle_rad is None:
        angle_rad = rng.uniform(0.0, math.pi)
    # The grid is turned, also without a stretch: an upright one shows as a weave.
    along, across = max(scale_px, 1.0) * stretch, max(scale_px, 1.0)
    cos, sin = math.cos(angle_rad), math.sin(angle_rad)
    linear = np.array([[cos / along, sin / along], [-sin / across, cos / across]])
    reach_x, reach_y = np.abs(linear) @ np.array([width, height]) / 2
    rows, cols = 2 * math.ceil(reach_y) + 4, 2 * math.ceil(reach_x) + 4
    grid = rng.standard_normal((rows, cols), dtype=np.float32)
    middle = np.array([cols - 1, rows - 1]) / 2 + rng.uniform(-0.5, 0.5, 2)
    shift = middle - linear @ np.array([width, height]) / 2
    out = cv2.warpAffine(
        grid,
        np.column_stack((linear, shift)),
        (width, height),
        flags=(cv2.INTER_LINEAR if across < CUBIC_FROM_PX else cv2.INTER_CUBIC)
        | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REFLECT_101,
    )
    return np.asarray(out * (1.5 if across < CUBIC_FROM_PX else 1.25), np.float32)


def paint_skin(spec: ScalpSpec, *, rng: np.random.Generator) -> Floats:
    """Return the colour of bare skin, shape (height, width, 3), linear, without shine."""
    skin, scale = spec.skin, spec.px_per_mm
    shape = (spec.height_px, spec.width_px)
    blood = 0.05 * smooth_noise(shape, 0.9 * scale, rng=rng)
    blood += 0.03 * smooth_noise(shape, 0.25 * scale, rng=rng)
    melanin = 0.05 * smooth_noise(shape, 1.6 * scale, rng=rng)
    melanin += 0.012 * smooth_noise(shape, 0.12 * scale, rng=rng)
    blood = skin.mottle * blood + 0.10 * skin.redness
    if skin.vessels_per_cm2 > 0:
        blood += _draw_vessels(spec, rng=rng)
    melanin *= skin.mottle
    if skin.moles_per_cm2 > 0:
        melanin += _draw_moles(spec, rng=rng)
    tone = to_linear(skin.tone_srgb)
    depth = blood[..., None] * BLOOD + melanin[..., None] * MELANIN
    return np.asarray(tone * np.exp(-depth), np.float32)


def _draw_vessels(spec: ScalpSpec, *, rng: np.random.Generator) -> Floats:
    """Return the optical depth of arborising vessels: winding, branching, blurred by the skin."""
    scale = spec.px_per_mm
    layer = np.zeros((spec.height_px, spec.width_px), np.float32)
    for _ in range(max(1, int(rng.poisson(spec.skin.vessels_per_cm2 * spec.area_cm2)))):
        start = (rng.random() * spec.width_px, rng.random() * spec.height_px)
        angle, width = rng.uniform(0, 2 * math.pi), rng.uniform(0.03, 0.08)
        branches = [(start, angle, width, rng.uniform(1.0, 3.0))]
        for depth in range(3):
            grown = []
            for root, turn, wide, length in branches:
                path = grow_path(
                    root,
                    turn,
                    length * scale,
                    curl_per_px=2.2 / scale,
                    wavelength_px=0.4 * CURL_WAVELENGTH_MM * scale,
                    rng=rng,
                )
                points = np.rint(path[::3] * 8).astype(np.int32)
                thick = max(1, round(wide * scale))
                cv2.polylines(layer, [points], False, 0.5, thick, cv2.LINE_AA, 3)
                for _ in range(2 - (depth == 2)):
                    k = int(rng.integers(len(path) // 3, len(path) - 1))
                    fork = turn + rng.normal(0.0, 0.9)
                    grown.append(((path[k, 0], path[k, 1]), fork, 0.65 * wide, 0.55 * length))
            branches = grown
    return np.asarray(cv2.GaussianBlur(layer, (0, 0), 0.018 * scale), np.float32)


def _draw_moles(spec: ScalpSpec, *, rng: np.random.Generator) -> Floats:
    scale = spec.px_per_mm
    layer = np.zeros((spec.height_px, spec.width_px), np.float32)
    for _ in range(max(1, int(rng.poisson(spec.skin.moles_per_cm2 * spec.area_cm2)))):
        x, y = rng.random() * spec.width_px, rng.random() * spec.height_px
        radius, turn = rng.uniform(0.15, 0.9) * scale, rng.uniform(0.0, 180.0)
        axes = (round(radius * 8), round(radius * rng.uniform(0.6, 1.0) * 8))
        centre = (round(x * 8), round(y * 8))
        depth = rng.uniform(0.4, 1.4)
        spot = np.zeros_like(layer)
        cv2.ellipse(spot, centre, axes, turn, 0, 360, depth, -1, cv2.LINE_AA, 3)
        layer += cv2.GaussianBlur(spot, (0, 0), 0.12 * radius + 1.0)
    grain = 1.0 + 0.12 * smooth_noise(layer.shape, 0.05 * scale, rng=rng)
    grain += 0.15 * smooth_noise(layer.shape, 0.25 * scale, rng=rng)
    return np.asarray(layer * np.clip(grain, 0.3, 1.7), np.float32)


def blur_wide(layer: Floats, sigma_px: float) -> Floats:
    """Blur at a quarter of the resolution: the same to the eye at a tenth of the time."""
    height, width = layer.shape
    small = cv2.resize(layer, (max(1, width // 4), max(1, height // 4)),
                       interpolation=cv2.INTER_AREA)  # fmt: skip
    small = cv2.GaussianBlur(small, (0, 0), max(sigma_px / 4, 0.5))
    return np.asarray(cv2.resize(small, (width, height)), np.float32)


def shine_skin(spec: ScalpSpec, *, rng: np.random.Generator) -> Floats:
    """Return the light that relief mirrors, shape (height, width, 3): glitter, patches, fibrils."""
    skin, scale = spec.skin, spec.px_per_mm
    shape = (spec.height_px, spec.width_px)
    angle = rng.uniform(0.0, math.pi)
    fine = smooth_noise(shape, 0.008 * scale, rng=rng)
    middle = smooth_noise(shape, 0.022 * scale, rng=rng)
    one = smooth_noise(shape, 0.018 * scale, rng=rng, stretch=4.0, angle_rad=angle)
    other = smooth_noise(shape, 0.018 * scale, rng=rng, stretch=4.0, angle_rad=angle + 1.3)
    # Folded noise has creases, as dry skin has: facets with sharp borders.
    facets = 0.8 - np.abs(smooth_noise(shape, 0.08 * scale, rng=rng))
    facets += 0.7 * (0.8 - np.abs(smooth_noise(shape, 0.05 * scale, rng=rng)))
    patch = smooth_noise(shape, 1.1 * scale, rng=rng)
    patch += 0.6 * smooth_noise(shape, 0.35 * scale, rng=rng)
    # Two crossing grains, each in its own places, as the lines of skin run.
    where = 1.0 / (1.0 + np.exp(-2.0 * patch))
    grain = one * where + other * (1.0 - where)
    slope = 0.9 * fine + 0.35 * middle + 0.35 * grain + 0.5 * facets
    # A facet mirrors a lamp when its slope is right: a threshold with a soft knee, wider where the
    # skin as a whole faces the lamp.
    facing = np.clip(0.35 + 0.45 * patch, 0.0, 1.6)
    glitter = np.maximum(slope - 1.7 + 0.7 * facing, 0.0)
    # Matt relief shades what the skin itself returns, so it is weaker on dark skin.
    brightness = float(to_linear(skin.tone_srgb)[1]) / MATT_AT
    matt = (
        skin.relief * brightness * 0.010 * (1.1 * fine + 0.5 * middle + 0.7 * grain + 1.2 * facets)
    )
    light = matt + skin.shine * (0.05 * facing + 0.12 * glitter * (0.25 + facing))
    if skin.wrinkles > 0:
        light += skin.wrinkles * _draw_fibrils(spec, angle, rng=rng) * (0.4 + 0.6 * facing)
        lines = smooth_noise(shape, 0.16 * scale, rng=rng, stretch=4.0, angle_rad=angle + 1.2)
        light -= 0.02 * min(1.0, brightness) * skin.wrinkles * np.exp(-((lines / 0.10) ** 2))
    return np.asarray(light[..., None] * LAMP, np.float32)


def _draw_fibrils(spec: ScalpSpec, angle: float, *, rng: np.random.Generator) -> Floats:
    """Return thin bright lines, the lit edges of fine wrinkles, in two crossing directions."""
    scale = spec.px_per_mm
    layer = np.zeros((spec.height_px, spec.width_px), np.float32)
    for _ in range(int(rng.poisson(FIBRILS_PER_CM2 * spec.area_cm2))):
        start = (rng.random() * spec.width_px, rng.random() * spec.height_px)
        turn = angle + 1.3 * float(rng.random() < 0.5) + rng.normal(0.0, 0.3)
        path = grow_path(
            start,
            turn,
            0.2 * math.exp(rng.normal(0.0, 0.6)) * scale,
            curl_per_px=2.5 / scale,
            wavelength_px=0.15 * scale,
            rng=rng,
        )
        points = np.rint(path[::4] * 8).astype(np.int32)
        level = 0.04 * math.exp(rng.normal(0.0, 0.7))
        cv2.polylines(layer, [points], False, level, max(1, round(0.008 * scale)), cv2.LINE_AA, 3)
    return layer
