"""The local skin under the hairs, and how much light a pixel absorbs against it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import linear_light
from ..photo.painting import painted_over
from ..photo.symmetry import odd
from .evidence import Map

#: The local skin is found on a copy of about this many pixels per millimetre: hairs are 1 px there.
_SKIN_PX_PER_MM = 14.0
#: The skin is the brighter part of a neighbourhood that is wider than a follicular unit.
_SKIN_PERCENTILE = 65
_SKIN_WINDOW_MM = 0.8
_SKIN_SMOOTHING_MM = 0.25
#: Values that are ranked at once: bounds the memory where a photo is large and its scale coarse.
_RANKED_VALUES = 2_000_000


def local_skin(levels: Map, *, valid: NDArray[np.bool_], px_per_mm: float) -> Map:
    """Return the brightness of the skin around each pixel, float32 of the shape of `levels`.

    Parameters
    ----------
    levels : ndarray of float32, shape (h, w) or (h, w, channels)
    valid : ndarray of bool, shape (h, w)
        Elsewhere the valid skin around is continued.
    px_per_mm : float
    """
    height, width = levels.shape[:2]
    shrink = max(1, round(px_per_mm / _SKIN_PX_PER_MM))
    size = (max(1, width // shrink), max(1, height // shrink))
    small = cv2.resize(levels, size, interpolation=cv2.INTER_AREA)
    seen = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    step = px_per_mm / shrink
    window = max(3, odd(_SKIN_WINDOW_MM * step))
    # A reduced pixel that is half banner is no skin either.
    # Banners and black corners must not be taken for skin.
    small = painted_over(np.asarray(np.atleast_3d(small), np.float32), seen < 0.99)
    pale = np.dstack(
        [
            _percentile_around(np.ascontiguousarray(small[..., c]), _SKIN_PERCENTILE, window)
            for c in range(small.shape[2])
        ]
    )
    skin = cv2.GaussianBlur(pale, (0, 0), _SKIN_SMOOTHING_MM * step)
    skin = cv2.resize(skin, (width, height), interpolation=cv2.INTER_LINEAR)
    return skin.reshape(levels.shape).astype(np.float32, copy=False)


def _percentile_around(levels: Map, percent: int, window: int) -> Map:
    """Return the percentile of the square of `window` (odd) pixels around each; edges repeated.

    Of each row of pixels the squares are laid out as a table, one square to a line, and every line
    is ranked by itself: a third of the time of SciPy's filter, and the same levels.
    """
    padded = cv2.copyMakeBorder(levels, *(window // 2,) * 4, cv2.BORDER_REPLICATE)
    squares = np.lib.stride_tricks.sliding_window_view(padded, (window, window))
    rank = window * window * percent // 100
    height, width = levels.shape
    found = np.empty_like(levels)
    rows = max(1, _RANKED_VALUES // (width * window * window))
    for row in range(0, height, rows):
        table = squares[row : row + rows].reshape(-1, window * window)
        ranked = np.partition(table, rank, axis=1)
        found[row : row + rows] = ranked[:, rank].reshape(-1, width)
    return found


def optical_densities(
    pixels: NDArray[np.uint8] | Map, *, valid: NDArray[np.bool_], px_per_mm: float
) -> Map:
    """Return ln(local skin / pixel) per channel, float32 of shape (h, w, 3); dark is positive."""
    levels = pixels.astype(np.float32) + 1.0
    skin = local_skin(levels, valid=valid, px_per_mm=px_per_mm)
    densities: Map = np.log(skin / levels)
    return densities


def linear_absorption(
    pixels: NDArray[np.uint8], *, valid: NDArray[np.bool_], px_per_mm: float
) -> Map:
    """Return 1 − I / local skin in linear light, float32 (h, w); negative where brighter.

    Blur mixes light linearly, so that widths are measured here and not in sRGB.
    """
    # One channel after the other: the mean along an axis of three takes ten times as long.
    red, green, blue = cv2.split(pixels)
    linear = linear_light(np.asarray(red, np.uint8))
    for channel in (green, blue):
        linear += linear_light(np.asarray(channel, np.uint8))
    linear /= np.float32(3)
    linear += np.float32(1e-4)
    skin = local_skin(linear, valid=valid, px_per_mm=px_per_mm)
    absorption: Map = 1.0 - linear / skin
    return absorption
