"""Paint over what is hidden with what lies around it."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]


def painted_over(levels: Map, hidden: NDArray[np.bool_]) -> Map:
    """Return levels (h, w, channels) continued from all sides over what is hidden, bool (h, w).

    Ring after ring of hidden pixels takes the mean of its neighbours that are known by then.  The
    nearest known pixel, or OpenCV's way of painting over, would depend on which one comes first.
    Where all is hidden nothing changes.
    """
    if not hidden.any() or hidden.all():
        return levels
    hidden, painted = hidden.copy(), np.where(hidden[..., None], np.float32(0.0), levels)
    while hidden.any():
        known = cv2.GaussianBlur((~hidden).astype(np.float32), (3, 3), 0)
        ring = hidden & (known > 0)
        mean = cv2.GaussianBlur(painted, (3, 3), 0).reshape(levels.shape)
        painted[ring] = mean[ring] / known[ring][:, None]
        hidden &= ~ring
    return painted
