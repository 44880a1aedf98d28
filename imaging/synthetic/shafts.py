"""Shafts laid over skin in linear light: exact coverage, cylinder shading, Beer-Lambert darkness.

The pixels under a shaft are found once (`locate_pixels`), with their place along and across it.
Across the shaft a pixel is covered by the overlap of its unit width with the shaft's width, so the
coverage integrated over any cross-section is the diameter, at any sub-pixel position.

Strategy of `locate_pixels`: OpenCV draws thick lines whose value is the place along the path; that
gives every pixel in reach a first guess, and two projections on the tangent there make it exact.
It costs time by the pixels of the shaft, not by those of its bounding box.

Strengths that stand beside what they draw were set by eye, side by side with photographs, and by
the figures in `presets`; they are the drawing itself, not thresholds of a measurement.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .spec import HairColourName

Floats = NDArray[np.float32]

#: Depths of colour are given for this much hair in the line of sight.
REFERENCE_UM = 80.0
#: Length of one drawn line of the first guess; straight enough for any curl.
GUESS_STEP = 8
#: Over this length the skin's edge lets go of the shaft at the root.
COLLAR_MM = 0.055
#: How far the corners of a cut end are set back, in radii.
CORNER = 0.4
#: Length over which an uncut hair tapers to its tip.
TAPER_MM = 0.35
#: Up to this linear green of its body a shaft shows all of its surface.
DARK_BODY = 0.03
#: Size of unevenness on a shaft's surface.
GRAIN_MM = 0.02
#: Share of light that a slanting edge of a fibre bends away: light hair has dark rims.
RIM_DEPTH = 0.7


@dataclass(frozen=True)
class HairColour:
    """Optical depth of 80 µm per channel, and the linear colour that the shaft itself returns."""

    depth: tuple[float, float, float]
    body: tuple[float, float, float]


#: Depths fall from blue to red as eumelanin and pheomelanin do; set by eye against photographs.
HAIR_COLOURS: dict[HairColourName, HairColour] = {
    "black": HairColour((4.6, 5.4, 6.2), (0.018, 0.018, 0.017)),
    "brown": HairColour((2.6, 3.4, 4.6), (0.052, 0.034, 0.022)),
    "blond": HairColour((0.9, 1.35, 2.2), (0.40, 0.29, 0.16)),
    "grey": HairColour((1.3, 1.35, 1.4), (0.30, 0.30, 0.31)),
    "white": HairColour((1.7, 1.7, 1.7), (0.78, 0.78, 0.76)),
}


@dataclass(frozen=True, eq=False)
class ShaftPixels:
    """Pixels in reach of a centre line: flat index, place along it, signed distance across it."""

    index: NDArray[np.intp]
    along_px: Floats
    across_px: Floats
    length_px: float


def locate_pixels(
    path_px: NDArray[np.float64], reach_px: float, shape: tuple[int, int]
) -> ShaftPixels | None:
    """Return the pixels within ``reach_px`` of a centre line, or None when there are none.

    Parameters
    ----------
    path_px : ndarray, shape (n, 2)
        Evenly spaced points x, y; pixel [r, c] has its centre at (c + 0.5, r + 0.5).
    reach_px : float
    shape : (height, width)
    """
    height, width = shape
    low = np.floor(path_px.min(axis=0) - reach_px - 2).astype(int)
    high = np.ceil(path_px.max(axis=0) + reach_px + 2).astype(int)
    x0, y0 = max(low[0], 0), max(low[1], 0)
    x1, y1 = min(high[0], width), min(high[1], height)
    if x1 <= x0 or y1 <= y0:
        return None
    steps = len(path_px) - 1
    step = float(np.hypot(*(path_px[1] - path_px[0])))
    guess = np.zeros((y1 - y0, x1 - x0), np.float32)
    corners = np.rint((path_px - (x0 + 0.5, y0 + 0.5)) * 16).astype(int)
    thickness = math.ceil(2 * reach_px) + 3
    for start in range(0, steps, GUESS_STEP):
        end = min(start + GUESS_STEP, steps)
        a, b = corners[start].tolist(), corners[end].tolist()
        cv2.line(guess, a, b, (start + end) / 2 + 1, thickness, cv2.LINE_8, 4)
    rows, cols = np.nonzero(guess)
    if len(rows) == 0:
        return None
    tangent = np.diff(path_px, axis=0) / step
    x, y = cols + (x0 + 0.5), rows + (y0 + 0.5)
    place = guess[rows, cols].astype(np.float64) - 1
    for _ in range(3):
        i = np.clip(place, 0, steps - 1).astype(np.intp)
        dx, dy = x - path_px[i, 0], y - path_px[i, 1]
        tx, ty = tangent[i, 0], tangent[i, 1]
        place = i + (dx * tx + dy * ty) / step
    across = dy * tx - dx * ty
    keep = (np.abs(across) <= reach_px) & (place > -reach_px / step)
    keep &= place < steps + reach_px / step
    return ShaftPixels(
        ((rows + y0) * width + cols + x0)[keep],
        (place[keep] * step).astype(np.float32),
        across[keep].astype(np.float32),
        steps * step,
    )


def cover_pixels(
    pixels: ShaftPixels,
    radius_px: float,
    *,
    taper_px: float = 0.0,
    cut_slope: float = 0.0,
    tip_blur_px: float = 0.0,
) -> tuple[Floats, Floats]:
    """Return the covered share of each pixel, and where across the shaft it sits (-1 to 1).

    ``taper_px`` above 0 narrows the shaft to nothing over its last pixels; ``cut_slope`` slants the
    cut end; ``tip_blur_px`` is the standard deviation of a blur that grows from the root to the
    tip.  None of the blurs changes the coverage integrated across the shaft.
    """
    radius: Floats | float = radius_px
    if taper_px > 0:
        left = (pixels.length_px - pixels.along_px) / taper_px
        radius = (radius_px * np.sqrt(np.clip(left, 0.0, 1.0))).astype(np.float32) + 1e-3
    d = pixels.across_px
    low = np.maximum(d - 0.5, -radius)
    high = np.minimum(d + 0.5, radius)
    # Scissors leave slanted ends with rounded corners; the middle ends where the path does.
    corner = 1.0 - np.sqrt(np.clip(1.0 - (d / np.maximum(radius, 1e-3)) ** 2, 0.0, 1.0))
    end = pixels.length_px - pixels.along_px + cut_slope * d - CORNER * radius * corner
    across = np.clip(high - low, 0.0, 1.0)
    if tip_blur_px > 0.2:
        growth = np.clip(pixels.along_px / pixels.length_px, 0.0, 1.0)
        # The logistic curve with this width is the normal one to within 1 %.
        width = (0.25 + tip_blur_px * growth) / 1.702
        soft = 1.0 / (1.0 + np.exp(np.clip((np.abs(d) - radius) / width, -30, 30)))
        soft -= 1.0 / (1.0 + np.exp(np.clip((np.abs(d) + radius) / width, -30, 30)))
        across = np.where(growth > 0, soft, across)
    cover = across * np.clip(end + 0.5, 0.0, 1.0)
    cover *= np.clip(pixels.along_px + 0.5, 0.0, 1.0)
    place = np.clip((low + high) / (2 * radius), -1.0, 1.0)
    return cover.astype(np.float32), place.astype(np.float32)


def lay_shaft(
    linear: Floats,
    light: Floats,
    pixels: ShaftPixels,
    cover: Floats,
    place: Floats,
    *,
    colour: HairColour,
    diameter_um: float,
    px_per_mm: float,
    gloss: float,
    has_cut_end: bool,
    rng: np.random.Generator,
) -> None:
    """Lay one shaft over a photograph in linear light, in place.

    Parameters
    ----------
    linear : ndarray of float32, shape (height, width, 3)
        Changed.
    light : ndarray of float32, shape (height, width, 3)
        Light that falls there; white skin would return it whole.
    pixels, cover, place
        From `locate_pixels` and `cover_pixels`.

    Notes
    -----
    With u the place across, the line of sight passes ``diameter · sqrt(1 - u²)`` of hair, and what
    comes through is ``exp(-depth · passed / 80 µm)`` (Beer-Lambert), so thin hairs are paler.
    """
    seen = cover > 1e-3
    if not seen.any():
        return
    index, u, share = pixels.index[seen], place[seen], cover[seen]
    s = pixels.along_px[seen]
    inside = np.clip(1.0 - u * u, 0.0, 1.0)
    passed = np.sqrt(inside) * (diameter_um / REFERENCE_UM)
    depth = np.outer(passed, np.array(colour.depth, np.float32))
    depth += (RIM_DEPTH * (1.0 - np.sqrt(inside)))[:, None]
    # Light from above one side; cuticle and dirt make the surface uneven along and across.
    side = rng.uniform(-0.4, 0.4)
    knots = max(2, math.ceil(pixels.length_px / (GRAIN_MM * px_per_mm)) + 2)
    grain = rng.normal(0.0, 1.0, (5, knots)).astype(np.float32)
    at = s * ((knots - 1) / max(pixels.length_px, 1.0))
    streak = _sample(cv2.GaussianBlur(grain, (7, 3), 1.2) * 2.0, at, 0.0 * u + 2.0)
    rough = _sample(grain, at, 2.0 + 2.0 * u)
    # The skin's edge lets go of the shaft little by little and not evenly.
    collar = np.clip(s / (COLLAR_MM * px_per_mm) + 0.5 + 0.25 * rough, 0.0, 1.0)
    opaque = (share * collar)[:, None] * (1.0 - np.exp(-depth))
    # Dirt and cuticle show on dark shafts; light that comes from inside a pale one hides them.
    uneven = 0.45 * min(1.0, math.sqrt(DARK_BODY / colour.body[1]))
    shading = np.clip(0.9 + 0.1 * np.sqrt(inside) + side * u + uneven * rough, 0.2, 3.0)
    body = shading[:, None] * np.array(colour.body, np.float32)
    if has_cut_end:
        end = (pixels.length_px - s) / (0.35 * diameter_um / 1000.0 * px_per_mm)
        face = rng.uniform(0.01, 0.08)
        body = body + (face * np.exp(-((end - 1.1) ** 2) * 2.5) * inside * inside)[:, None]
    glint = np.exp(-(((u - rng.uniform(-0.5, 0.5)) / 0.18) ** 2)) * np.clip(streak - 0.6, 0.0, 2.0)
    # A long smooth shaft shows the lamp as a line, broken where its surface turns.
    line = np.exp(-(((u - rng.uniform(-0.4, 0.4)) / 0.22) ** 2)) * np.clip(0.6 + 0.4 * streak, 0, 1)
    glint = glint + 0.25 * gloss * gloss * line + 0.35 * np.maximum(rough - 1.3, 0.0) * inside
    body = body + (gloss * 0.10 * glint)[:, None]

    flat, lamp = linear.reshape(-1, 3), light.reshape(-1, 3)
    flat[index] = flat[index] * (1.0 - opaque) + opaque * body * lamp[index]


def _sample(grid: Floats, cols: Floats, rows: Floats) -> Floats:
    """Interpolate a small grid at many places; OpenCV's maps are limited to 32766 rows."""
    size = 16384
    padded = np.zeros((2, -(-len(cols) // size) * size), np.float32)
    padded[0, : len(cols)], padded[1, : len(rows)] = cols, rows
    maps = padded.reshape(2, -1, size)
    found = cv2.remap(grid, maps[0], maps[1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(found.reshape(-1)[: len(cols)], np.float32)
