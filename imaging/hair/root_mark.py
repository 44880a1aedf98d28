"""The mark of a root: skin behind it is darker in red light, where the shaft goes on under it.

What lies loose on the skin, a clipping or a fibre, has none.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from .matching import Floats

#: Noise finer than this is smoothed away.
_SMOOTH_MM = 0.015
#: The shaft is looked for so far behind the root, on its own line, every step.
_BEHIND_MM = (0.06, 0.18)
_STEP_MM = 0.02
#: Skin to compare with lies so far to both sides.
_ASIDE_MM = (0.25, 0.3)
#: The direction at the root is read over this length.
_RUN_MM = 0.15


def root_marks(
    densities: NDArray[np.float32], paths: Sequence[Floats], *, px_per_mm: float
) -> Floats:
    """Return how much darker in red light the skin behind each root is than beside it.

    Parameters
    ----------
    densities : ndarray of float32, shape (h, w, 3)
        As `optical_densities` gives them.
    paths : sequence of ndarray, each of shape (k, 2)
        Centre lines in px, root first.
    px_per_mm : float

    Returns
    -------
    ndarray, shape (n,)
        Optical density; near 0 for what has no root.

    Notes
    -----
    Skin scatters short waves back before they reach a buried shaft; red light reaches it.
    """
    if not paths:
        return np.zeros(0)
    smooth = cv2.GaussianBlur(densities[..., 0].copy(), (0, 0), _SMOOTH_MM * px_per_mm)
    red = np.asarray(smooth, np.float32)
    return np.array([_mark(red, np.asarray(path, np.float64), px_per_mm) for path in paths])


def _mark(red: NDArray[np.float32], path: Floats, px_per_mm: float) -> float:
    away = np.hypot(*(path - path[0]).T)
    ahead = path[min(int(np.searchsorted(away, _RUN_MM * px_per_mm)), len(path) - 1)]
    back = (path[0] - ahead) / max(float(np.hypot(*(path[0] - ahead))), 1e-9)
    side = np.array([-back[1], back[0]])
    steps = px_per_mm * np.arange(_BEHIND_MM[0], _BEHIND_MM[1] + 1e-9, _STEP_MM)
    behind = path[0] + steps[:, None] * back
    aside = [behind + sign * px_per_mm * d * side for sign in (-1.0, 1.0) for d in _ASIDE_MM]
    return _median(red, behind) - _median(red, np.concatenate(aside))


def _median(red: NDArray[np.float32], places: Floats) -> float:
    x, y = np.floor(places).astype(int).T
    height, width = red.shape
    return float(np.median(red[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)]))
