"""What lies on skin and shafts, in linear light: flakes, crust, ink, bubbles, wet glare.

Strengths that stand beside what they draw were set by eye, side by side with photographs, and by
the figures in `presets`; they are the drawing itself, not thresholds of a measurement.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .skin import INK, smooth_noise
from .spec import ScalpSpec, TrueHair

Floats = NDArray[np.float32]

#: Linear colour of scale.
FLAKE = np.array([0.42, 0.43, 0.42], np.float32)


def _draw_count(density_per_cm2: float, spec: ScalpSpec, rng: np.random.Generator) -> int:
    return int(rng.poisson(density_per_cm2 * spec.area_cm2)) if density_per_cm2 > 0 else 0


def _ragged_spot(
    layer: Floats,
    radius_px: float,
    level: float,
    *,
    rng: np.random.Generator,
    at: tuple[float, float] | None = None,
    flat: float = 0.5,
) -> None:
    """Fill an irregular polygon, at a random place unless told, with a level."""
    height, width = layer.shape
    x, y = (rng.random() * width, rng.random() * height) if at is None else at
    corners = 11
    bearing = 2 * math.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners
    radius = radius_px * rng.uniform(1.0 - flat, 1.0, corners)
    turn, squeeze = rng.uniform(0.0, math.pi), rng.uniform(0.45, 1.0)
    px, py = radius * np.cos(bearing), squeeze * radius * np.sin(bearing)
    c, s = math.cos(turn), math.sin(turn)
    points = np.column_stack((x + c * px - s * py, y + s * px + c * py))
    cv2.fillPoly(layer, [np.rint(points * 8).astype(np.int32)], level, cv2.LINE_AA, 3)


def stain_skin(
    linear: Floats,
    spec: ScalpSpec,
    *,
    rng: np.random.Generator,
    wounds_px: Sequence[tuple[float, float]] = (),
) -> None:
    """Dye spots, pen marks and crust on the skin under the shafts, in place.

    ``wounds_px`` are places that may have a crust (``crust_per_unit``).
    """
    scale, surface = spec.px_per_mm, spec.surface
    shape = (spec.height_px, spec.width_px)
    dots = np.zeros(shape, np.float32)
    for _ in range(_draw_count(surface.ink_dots_per_cm2, spec, rng)):
        _ragged_spot(dots, rng.uniform(0.012, 0.05) * scale, rng.uniform(0.3, 1.0), rng=rng)
    for _ in range(_draw_count(surface.ink_stains_per_cm2, spec, rng)):
        stain = np.zeros(shape, np.float32)
        _ragged_spot(stain, rng.uniform(0.3, 1.0) * scale, rng.uniform(0.5, 0.9), rng=rng)
        soft = cv2.GaussianBlur(stain, (0, 0), 0.07 * scale)
        dots += soft * np.clip(0.8 + 0.4 * smooth_noise(shape, 0.2 * scale, rng=rng), 0, 1.5)
    if dots.any():
        linear *= np.exp(-dots[..., None] * INK)
    crust = np.zeros(shape, np.float32)
    for _ in range(_draw_count(surface.crust_per_cm2, spec, rng)):
        _ragged_spot(crust, rng.uniform(0.08, 0.3) * scale, rng.uniform(0.5, 1.0), rng=rng)
    for at in wounds_px if surface.crust_per_unit > 0 else ():
        if rng.random() < surface.crust_per_unit:
            _ragged_spot(
                crust, rng.uniform(0.12, 0.35) * scale, rng.uniform(0.2, 0.6), rng=rng, at=at
            )
    if crust.any():
        soft = cv2.GaussianBlur(crust, (0, 0), 0.012 * scale)
        crust = soft * np.clip(0.8 + 0.25 * smooth_noise(shape, 0.05 * scale, rng=rng), 0.2, 1.4)
        linear *= np.exp(-crust[..., None] * np.array([0.55, 1.2, 1.8], np.float32))


def cover_with_flakes(
    linear: Floats,
    light: Floats,
    spec: ScalpSpec,
    hairs: list[TrueHair],
    *,
    rng: np.random.Generator,
) -> None:
    """White scale on skin and shafts alike, and crumbs of it at the roots, in place."""
    scale = spec.px_per_mm
    layer = np.zeros((spec.height_px, spec.width_px), np.float32)
    count = _draw_count(spec.surface.flakes_per_cm2, spec, rng)
    for _ in range(count):
        size = math.exp(rng.normal(0.0, 0.8))
        # Large flakes are thin films, small ones are crumbs.
        level = rng.uniform(0.15, 0.6) / max(1.0, size)
        _ragged_spot(layer, 0.02 * size * scale, level, rng=rng, flat=0.7)
    for hair in hairs:
        root, ahead = hair.path_px[0], hair.path_px[min(8, len(hair.path_px) - 1)]
        way = (ahead - root) / max(float(np.hypot(*(ahead - root))), 1e-6)
        for _ in range(int(rng.poisson(spec.surface.crumbs_per_hair))):
            place = root + way * rng.normal(0.015, 0.035) * scale
            place = place + rng.normal(0.0, 0.35 * hair.diameter_um / 1000.0 * scale, 2)
            radius = rng.uniform(0.006, 0.022) * scale
            at = (float(place[0]), float(place[1]))
            _ragged_spot(layer, radius, rng.uniform(0.05, 0.45), rng=rng, at=at, flat=0.7)
    if not layer.any():
        return
    grain = np.clip(0.75 + 0.35 * smooth_noise(layer.shape, 0.02 * scale, rng=rng), 0.0, 1.2)
    share = np.clip(layer * grain, 0.0, 0.9)[..., None]
    linear *= 1.0 - share
    linear += share * light * FLAKE


def wet_surface(linear: Floats, spec: ScalpSpec, *, rng: np.random.Generator) -> None:
    """Mirror images of lamps on wet skin, and air bubbles in immersion fluid, in place."""
    scale, surface = spec.px_per_mm, spec.surface
    shape = (spec.height_px, spec.width_px)
    count = _draw_count(surface.glare_per_cm2, spec, rng)
    if count:
        layer = np.zeros(shape, np.float32)
        for _ in range(count):
            _ragged_spot(layer, rng.uniform(0.08, 0.5) * scale, rng.uniform(0.7, 1.6), rng=rng)
        soft = cv2.GaussianBlur(layer, (0, 0), 0.05 * scale)
        rough = np.clip(0.8 + 0.35 * smooth_noise(shape, 0.06 * scale, rng=rng), 0.1, 1.6)
        linear += (soft * rough)[..., None]
    for _ in range(_draw_count(surface.bubbles_per_cm2, spec, rng)):
        _blow_bubble(linear, rng.uniform(0.06, 0.45) * scale, rng=rng)


def _blow_bubble(linear: Floats, radius: float, *, rng: np.random.Generator) -> None:
    """One bubble: a dark rim, a paler inside and the lamp's image."""
    height, width = linear.shape[:2]
    x, y = rng.random() * width, rng.random() * height
    reach = radius * 1.15
    x0, x1 = max(0, int(x - reach)), min(width, math.ceil(x + reach))
    y0, y1 = max(0, int(y - reach)), min(height, math.ceil(y + reach))
    if x1 <= x0 or y1 <= y0:
        return
    rows, cols = np.mgrid[y0:y1, x0:x1].astype(np.float32) + 0.5
    r = np.hypot(cols - x, rows - y) / radius
    rim = 0.75 * np.exp(-(((r - 0.95) / 0.06) ** 2))
    inside = 0.12 * (r < 0.9)
    lamp = 0.9 * np.exp(-(np.hypot(cols - x + 0.4 * radius, rows - y + 0.4 * radius) /
                          (0.12 * radius)) ** 2)  # fmt: skip
    part = linear[y0:y1, x0:x1]
    part *= (1.0 - rim + inside)[..., None]
    part += (lamp + 0.1 * np.exp(-(((r - 0.85) / 0.04) ** 2)))[..., None]
