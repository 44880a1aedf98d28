"""The working scale of a photo without a scale: from the hairs' own width.

Tracing works where hairs are a fixed number of pixels wide.  Without a scale the photo is tried at
several zooms; a line filter of standard deviation s answers a bar of width w most when w = 2 s
(the response of −s² ∂²/∂v² to a bar is w/s φ(w/2s)), so that the best zoom tells the hairs' width.
The result is good enough to trace with.  It is never a scale: no millimetre is derived from it.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import Map
from .ridges import oriented_responses, shaft_density
from .skin import optical_densities

#: Zooms tried are half octaves, between these sizes of the longer side (px): under a microscope of
#: 200x a hair is as wide as a tenth of the photo.
_LEAST_SIDE_PX, _MOST_SIDE_PX = 56, 1400
_MOST_ZOOM = 2.0
#: The answer of a photo at one zoom: mean of this share of its strongest responses.
_STRONGEST_SHARE = 0.01
_ANGLES = 8


def estimate_zoom(
    pixels: NDArray[np.uint8], *, valid: NDArray[np.bool_], settings: HairSettings
) -> float:
    """Return the zoom (working px per photo px) at which hairs have their usual working width.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    valid : ndarray of bool, shape (h, w)
    settings : HairSettings
    """
    side = max(pixels.shape[:2])
    largest = min(_MOST_ZOOM, _MOST_SIDE_PX / side)
    steps = max(1, int(2 * np.log2(max(1.0, largest * side / _LEAST_SIDE_PX))))
    zooms = largest * 2.0 ** (-0.5 * np.arange(steps + 1))
    answers = np.array([_answer(pixels, valid, float(zoom), settings) for zoom in zooms])
    best = int(answers.argmax())
    offset = 0.0
    if 0 < best < len(zooms) - 1:
        before, at, after = answers[best - 1 : best + 2]
        offset = float(np.clip(0.5 * (before - after) / (before - 2 * at + after), -0.5, 0.5))
    matched = zooms[best] * 2.0 ** (-0.5 * offset)
    # At the best zoom the width is 2 s; it should be the usual width.
    return float(matched * settings.usual_width_um / (2 * settings.wide_filter_um))


def resize_whole(pixels: NDArray[np.uint8], zoom: float) -> Map:
    """Return pixels (h, w, 3) at a zoom, stretched to the nearest whole number of pixels.

    Levels are not rounded: which way half a level goes depends on how the photo lies.

    Told only the zoom, OpenCV lays its grid from the upper left corner, and what is left of a
    pixel at the far sides would be left at the near ones in a turned photo.
    """
    height, width = pixels.shape[:2]
    size = (max(1, round(width * zoom)), max(1, round(height * zoom)))
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    levels = cv2.resize(pixels.astype(np.float32), size, interpolation=how)
    # Cubic interpolation overshoots beside a black shaft on pale skin.
    return np.asarray(np.clip(levels, 0, 255, out=levels), np.float32)


def _answer(
    pixels: NDArray[np.uint8], valid: NDArray[np.bool_], zoom: float, settings: HairSettings
) -> float:
    px_per_mm = settings.working_px_per_mm
    small = resize_whole(pixels, zoom)
    size = (small.shape[1], small.shape[0])
    seen = cv2.resize(valid.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.5
    if not seen.any():
        return 0.0
    densities = optical_densities(small, valid=seen, px_per_mm=px_per_mm)
    darkness, _ = shaft_density(densities, seen, px_per_mm, settings)
    response = oriented_responses(
        darkness,
        across_px=settings.wide_filter_um * 1e-3 * px_per_mm,
        along_px=settings.filter_length_mm * px_per_mm,
        angles=_ANGLES,
    ).max(axis=0)[seen]
    count = max(1, int(_STRONGEST_SHARE * response.size))
    return float(np.partition(response, -count)[-count:].mean())
