"""Hairs as root and tip alone, paired one to one: traced ones with hand labels.

Traced hairs and labels are paired so that the sum of the mean distance of their two ends is least,
either way round: a label whose ends were swapped is the same hair.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

Floats = NDArray[np.float64]
Ends = NDArray[np.float64]  # (n, 4): root x, root y, tip x, tip y

#: Cost of a pair beyond the tolerance: so large that it is never preferred to an allowed one.
_FORBIDDEN_COST = 1e6


def as_ends(rows: Sequence[Sequence[float]]) -> Ends:
    """Return rows of four numbers as an array, shape (n, 4), also when there are none."""
    return np.asarray(rows, np.float64).reshape(-1, 4)


def ends_distances(first: Ends, second: Ends) -> tuple[Floats, Floats]:
    """Return the mean distance of both ends, shapes (n, m): same way round, other way round."""

    def distances(these: Ends, those: Ends) -> Floats:
        offsets = these[:, None, :] - those[None, :, :]
        return np.asarray(np.hypot(offsets[..., 0], offsets[..., 1]), np.float64)

    roots, tips = slice(0, 2), slice(2, 4)
    same = distances(first[:, roots], second[:, roots]) + distances(first[:, tips], second[:, tips])
    turned = distances(first[:, roots], second[:, tips]) + distances(
        first[:, tips], second[:, roots]
    )
    return same / 2, turned / 2


def pair_ends(
    first: Ends, second: Ends, *, tolerance_px: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the pairs, one to one, of least total distance.

    Parameters
    ----------
    first, second : ndarray of float, shapes (n, 4) and (m, 4)
    tolerance_px : float
        Pairs whose ends lie farther apart in the mean are none.
    """
    if not len(first) or not len(second):
        nothing = np.zeros(0, np.intp)
        return nothing, nothing
    cost = np.minimum(*ends_distances(first, second))
    left, right = linear_sum_assignment(np.where(cost > tolerance_px, _FORBIDDEN_COST, cost))
    is_allowed = cost[left, right] <= tolerance_px
    return left[is_allowed], right[is_allowed]


def pair_points(
    first: Floats, second: Floats, *, tolerance_px: float
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the indices of the pairs of points, shapes (n, 2) and (m, 2), one to one."""
    return pair_ends(
        np.hstack([first, first]), np.hstack([second, second]), tolerance_px=tolerance_px
    )
