"""Lines through points, shape (k, 2) in x and y: how far along them, and what lies there."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def arc_lengths(line: Floats) -> Floats:
    """Return how far from the first point, along the line, each point lies, shape (k,)."""
    return np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(line, axis=0).T))))


def points_along(line: Floats, at: Floats, *, arc: Floats | None = None) -> Floats:
    """Return the points this far along a line, shape (n, 2).

    Parameters
    ----------
    line : ndarray, shape (k, 2)
    at : ndarray, shape (n,)
        In the line's unit; beyond its ends, its first and last point.
    arc : ndarray, shape (k,), optional
        The line's `arc_lengths` where they are known.
    """
    arc = arc_lengths(line) if arc is None else arc
    return np.column_stack([np.interp(at, arc, line[:, k]) for k in range(2)])
