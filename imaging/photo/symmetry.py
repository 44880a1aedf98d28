"""Sizes, grids and shapes that a quarter turn or a mirror maps onto themselves.

A photo turned by 90° or mirrored must give the same numbers, so that nothing may be anchored at its
upper left corner, and no neighbourhood may reach farther to one side than to the other.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


def odd(size: float) -> int:
    """Return the odd whole number next to a size (px): a window with a middle."""
    return 2 * round(0.5 * (size - 1)) + 1


def every(stride: int, length: int) -> slice:
    """Return every so many elements, the same ones from either end.

    `stride` must be odd: then there is always a first element that does so.
    """
    # Twice the first index and the strides between make length - 1.
    return slice((length - 1) * ((stride + 1) // 2) % stride, None, stride)


def disc(width_px: int) -> NDArray[np.uint8]:
    """Return a disc of this odd width for morphology; that of OpenCV is not as high as wide."""
    reach = width_px // 2
    y, x = np.ogrid[-reach : reach + 1, -reach : reach + 1]
    # Half a pixel more than the reach, so that the disc is round and not pointed.
    return np.asarray(x * x + y * y <= reach * (reach + 1), np.uint8)
