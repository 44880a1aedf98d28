"""Places in a picture: x right, y down, the pixel [r, c] from (c, r) to (c + 1, r + 1)."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray


def is_in_mask(mask: NDArray[np.bool_], x_px: float, y_px: float) -> bool:
    """Return whether a place lies on a pixel of the mask, shape (h, w); not beyond its edges."""
    row, column = math.floor(y_px), math.floor(x_px)
    height, width = mask.shape
    return 0 <= row < height and 0 <= column < width and bool(mask[row, column])
