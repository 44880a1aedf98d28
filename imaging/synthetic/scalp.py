"""Synthetic photographs of the scalp under a microscope, with exact truth.

`make_scalp` draws a `ScalpSpec` with a random generator.  The same spec and seed give the same
pixels and the same truth.

Examples
--------
>>> import numpy as np
>>> scene = make_scalp(PRESETS["shaved"], rng=np.random.default_rng(1))
>>> scene.pixels.shape
(1024, 1280, 3)
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .camera import (
    aperture_mask,
    decode_jpeg,
    encode_jpeg,
    expose_sensor,
    focus_lens,
    light_field,
    quantise,
)
from .graphics import draw_graphics
from .layout import lay_out_hairs, reaches_in, scatter_debris, units_of
from .ostia import bury_shafts
from .presets import PRESETS
from .shafts import HAIR_COLOURS, TAPER_MM, HairColour, cover_pixels, lay_shaft, locate_pixels
from .skin import paint_skin, shine_skin
from .spec import (
    CameraSpec,
    HairSpec,
    ScalpScene,
    ScalpSpec,
    SkinSpec,
    SurfaceSpec,
    TrueDebris,
    TrueHair,
    TrueUnit,
    UnitSpec,
)
from .surface import cover_with_flakes, stain_skin, wet_surface

__all__ = [
    "PRESETS",
    "CameraSpec",
    "HairSpec",
    "ScalpScene",
    "ScalpSpec",
    "SkinSpec",
    "SurfaceSpec",
    "TrueDebris",
    "TrueHair",
    "TrueUnit",
    "UnitSpec",
    "make_scalp",
]

#: A textile fibre: blue, half transparent.
FIBRE = HairColour((2.2, 1.5, 0.5), (0.05, 0.08, 0.25))
#: A loose clipping lies flat and mirrors more light than a standing stub.
CLIPPING_GLOSS = 3.0
#: Burnt-in strokes thinner than this hide no hair: it is seen on both sides.
THIN_PX = 7


def make_scalp(
    spec: ScalpSpec,
    *,
    rng: np.random.Generator,
    hairs: Sequence[TrueHair] | None = None,
    bare_units: Collection[int] = (),
) -> ScalpScene:
    """Return one photograph with the truth of every hair in it.

    Parameters
    ----------
    spec : ScalpSpec
        A preset from `PRESETS`, or your own; `dataclasses.replace` changes size and scale.
    rng : numpy.random.Generator
        The only source of randomness.
    hairs : sequence of TrueHair, optional
        Drawn in this order instead of hairs laid out by the spec, for example those of an earlier
        scene, to photograph the same spot twice; those that do not reach in are left out.
        ``hair_id`` must be positive and unique.
    bare_units : collection of int
        Units without a crust where others have one.

    Returns
    -------
    ScalpScene
    """
    # One stream for each part: a change in how skin is drawn leaves the hairs where they are.
    layout, loose, skin_rng, shaft_rng, surface_rng, camera_rng, page_rng = rng.spawn(7)
    if hairs is None:
        laid, units = lay_out_hairs(spec, rng=layout)
    else:
        laid = [hair for hair in hairs if reaches_in(hair, spec)]
        seen_units = {hair.unit_id for hair in laid}
        units = units_of([hair for hair in hairs if hair.unit_id in seen_units])
    debris = scatter_debris(spec, rng=loose)

    light = light_field(spec, rng=camera_rng)
    linear = paint_skin(spec, rng=skin_rng)
    linear *= bury_shafts(spec, laid, rng=skin_rng)
    wounds = [(unit.x_px, unit.y_px) for unit in units if unit.unit_id not in bare_units]
    stain_skin(linear, spec, rng=surface_rng, wounds_px=wounds)
    linear += shine_skin(spec, rng=skin_rng)
    np.maximum(linear, 0.0, out=linear)
    linear *= light

    coverage, labels = _lay_shafts(linear, light, spec, laid, debris, rng=shaft_rng)
    cover_with_flakes(linear, light, spec, laid, rng=surface_rng)
    wet_surface(linear, spec, rng=surface_rng)

    seen = aperture_mask(spec)
    linear *= seen[..., None]
    linear = focus_lens(linear, spec.camera, rng=camera_rng)
    pixels = quantise(expose_sensor(linear, spec.camera, rng=camera_rng))
    outside, burnt_in = ~seen, None
    hidden = outside
    if spec.graphics is not None:
        pixels, burnt_in = draw_graphics(
            pixels, spec.graphics, rng=page_rng, px_per_mm=spec.px_per_mm
        )
        top, bottom, left, right = burnt_in.content
        outside = outside.copy()
        outside[:top] = outside[bottom:] = outside[:, :left] = outside[:, right:] = True
        broad = cv2.morphologyEx(
            burnt_in.drawn.astype(np.uint8), cv2.MORPH_OPEN, np.ones((THIN_PX, THIN_PX), np.uint8)
        )
        hidden = outside | broad.astype(bool)
    jpeg = None
    if spec.camera.jpeg_quality is not None:
        jpeg = encode_jpeg(pixels, spec.camera)
        pixels = decode_jpeg(jpeg)
    judged = tuple(_judge(hair, labels, hidden) for hair in laid)
    return ScalpScene(
        pixels=pixels,
        px_per_mm=spec.px_per_mm,
        hairs=judged,
        units=units,
        debris=tuple(debris),
        coverage=coverage,
        labels=labels,
        hidden=hidden,
        outside=outside,
        graphics=burnt_in,
        jpeg=jpeg,
    )


def _lay_shafts(
    linear: NDArray[np.float32],
    light: NDArray[np.float32],
    spec: ScalpSpec,
    hairs: list[TrueHair],
    debris: list[TrueDebris],
    *,
    rng: np.random.Generator,
) -> tuple[NDArray[np.float32], NDArray[np.int32]]:
    """Lay debris and hairs over the skin; return coverage and labels of the hairs."""
    shape = (spec.height_px, spec.width_px)
    coverage = np.zeros(shape, np.float32)
    labels = np.zeros(shape, np.int32)
    scale, gloss = spec.px_per_mm, spec.hair.gloss
    for piece in debris:
        radius = piece.diameter_um / 2000.0 * scale
        found = locate_pixels(piece.path_px, radius + 1.0, shape)
        if found is None:
            continue
        is_clipping = piece.kind == "clipping"
        name = spec.hair.colours[0][0]
        cover, place = cover_pixels(found, radius)
        lay_shaft(
            linear, light, found, cover, place,
            colour=HAIR_COLOURS[name] if is_clipping else FIBRE,
            diameter_um=piece.diameter_um, px_per_mm=scale,
            gloss=CLIPPING_GLOSS * gloss if is_clipping else 0.0, has_cut_end=is_clipping, rng=rng,
        )  # fmt: skip
    for hair in hairs:
        radius = hair.diameter_um / 2000.0 * scale
        slope = rng.uniform(-0.35, 0.35)
        tip_blur = spec.camera.lift_blur_px * abs(rng.normal())
        found = locate_pixels(hair.path_px, radius + 1.0 + 2.5 * tip_blur, shape)
        if found is None:
            continue
        taper = min(TAPER_MM * scale, found.length_px) if hair.is_tapered else 0.0
        cover, place = cover_pixels(found, radius, taper_px=taper, cut_slope=slope)
        seen = cover
        if tip_blur > 0:
            seen, place = cover_pixels(
                found, radius, taper_px=taper, cut_slope=slope, tip_blur_px=tip_blur
            )
        lay_shaft(
            linear, light, found, seen, place,
            colour=HAIR_COLOURS[hair.colour], diameter_um=hair.diameter_um, px_per_mm=scale,
            gloss=gloss, has_cut_end=not hair.is_tapered, rng=rng,
        )  # fmt: skip
        flat = coverage.reshape(-1)
        flat[found.index] = np.maximum(flat[found.index], cover)
        labels.reshape(-1)[found.index[cover >= 0.5]] = hair.hair_id
    return coverage, labels


def _judge(hair: TrueHair, labels: NDArray[np.int32], hidden: NDArray[np.bool_]) -> TrueHair:
    """Fill in how much of a hair is seen, and whether its root lies in the photograph."""
    height, width = labels.shape
    cols, rows = np.floor(hair.path_px).astype(int).T
    inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
    c, r = cols[inside], rows[inside]
    # Thin hairs may cover no pixel by half: then only what lies over them hides them.
    top = labels[r, c]
    open_ = ((top == hair.hair_id) | (top == 0)) & ~hidden[r, c]
    return replace(
        hair,
        visible=float(open_.sum() / len(cols)),
        uncovered=float(open_.mean()) if len(open_) else 0.0,
        is_root_inside=bool(inside[0] and not hidden[rows[0], cols[0]]),
    )
