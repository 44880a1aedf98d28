"""The local skin under the hairs, and how much light a pixel absorbs against it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..photo.colour import linear_light
from .evidence import Map

#: The local skin is found on a copy of about this many pixels per millimetre: hairs are 1 px there.
_SKIN_PX_PER_MM = 14.0
#: The skin is the brighter part of a neighbourhood that is wider than a follicular unit.
_SKIN_PERCENTILE = 65
_SKIN_WINDOW_MM = 0.8
_SKIN_SMOOTHING_MM = 0.25
#: ln(1 + level): black has a logarithm too.
_LOGARITHMS = np.log1p(np.arange(256, dtype=np.float32))
_MEAN_OF_CHANNELS = np.full((1, 3), 1 / 3, np.float32)


def local_skin(levels: Map, *, valid: NDArray[np.bool_], px_per_mm: float) -> Map:
    """Return the brightness of the skin around each pixel, float32 of the shape of `levels`.

    Parameters
    ----------
    levels : ndarray of float32, shape (h, w) or (h, w, channels)
    valid : ndarray of bool, shape (h, w)
        Elsewhere the nearest valid skin is taken.
    px_per_mm : float
    """
    skin = _reduced_skin(levels, valid, px_per_mm)
    return _enlarged(skin, levels.shape)


def optical_densities(
    pixels: NDArray[np.uint8], *, valid: NDArray[np.bool_], px_per_mm: float
) -> Map:
    """Return ln(local skin / pixel) per channel, float32 of shape (h, w, 3); dark is positive."""
    skin = _reduced_skin(pixels.astype(np.float32) + 1.0, valid, px_per_mm)
    densities = _enlarged(np.log(skin), pixels.shape)
    densities -= cv2.LUT(pixels, _LOGARITHMS)
    return densities


def linear_absorption(
    pixels: NDArray[np.uint8], *, valid: NDArray[np.bool_], px_per_mm: float
) -> Map:
    """Return 1 − I / local skin in linear light, float32 (h, w); negative where brighter.

    Blur mixes light linearly, so that widths are measured here and not in sRGB.
    """
    linear = np.asarray(cv2.transform(linear_light(pixels), _MEAN_OF_CHANNELS), np.float32)
    linear = linear.reshape(pixels.shape[:2]) + np.float32(1e-4)
    skin = local_skin(linear, valid=valid, px_per_mm=px_per_mm)
    absorption: Map = 1.0 - linear / skin
    return absorption


def _reduced_skin(levels: Map, valid: NDArray[np.bool_], px_per_mm: float) -> Map:
    """Return the local skin on a reduced grid with an odd number of rows and of columns."""
    height, width = levels.shape[:2]
    shrink = max(1, round(px_per_mm / _SKIN_PX_PER_MM))
    size = (width // shrink | 1, height // shrink | 1)
    small = np.atleast_3d(cv2.resize(levels, size, interpolation=cv2.INTER_AREA))
    seen = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    step = px_per_mm / shrink
    # A reduced pixel that is half banner is no skin either.
    hidden = seen < 0.99
    if hidden.any() and not hidden.all():
        # Banners and black corners must not be taken for skin.
        nearest = ndimage.distance_transform_edt(
            hidden, return_distances=False, return_indices=True
        )
        small = small[nearest[0], nearest[1]]
    skin = _percentile(np.asarray(small, np.float32), max(3, round(_SKIN_WINDOW_MM * step) | 1))
    return np.asarray(cv2.GaussianBlur(skin, (0, 0), _SKIN_SMOOTHING_MM * step), np.float32)


def _percentile(small: Map, window: int) -> Map:
    """Return the percentile of a window around each pixel, (h, w, channels); edges repeated.

    It is taken at every second row and column and in between interpolated: it is smoothed
    afterwards, and nearly all of the time goes here.
    """
    reach = window // 2
    padded = np.pad(small, ((reach, reach), (reach, reach), (0, 0)), mode="edge")
    seen = np.lib.stride_tricks.sliding_window_view(padded, (window, window), axis=(0, 1))
    rank = int(_SKIN_PERCENTILE / 100 * window * window)
    every_second = seen[::2, ::2].reshape(*seen[::2, ::2].shape[:3], -1)
    known = np.partition(every_second, rank, axis=3)[..., rank]
    for axis in (0, 1):
        known = np.swapaxes(known, 0, axis)
        full = np.empty((2 * len(known) - 1, *known.shape[1:]), np.float32)
        full[::2] = known
        full[1::2] = 0.5 * (known[:-1] + known[1:])
        known = np.swapaxes(full, 0, axis)
    return np.ascontiguousarray(known)


def _enlarged(skin: Map, shape: tuple[int, ...]) -> Map:
    enlarged = cv2.resize(skin, (shape[1], shape[0]), interpolation=cv2.INTER_LINEAR)
    return enlarged.reshape(shape).astype(np.float32, copy=False)
