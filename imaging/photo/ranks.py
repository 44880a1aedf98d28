"""Medians and percentiles of a few values, to the last digit those of NumPy.

NumPy's own take most of their time for checks: of ten values a median takes ten times as long.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: Standard deviation of a normal distribution over its median absolute deviation.
MAD_TO_SIGMA = 1.4826


def median_along(values: NDArray[Any], axis: int) -> NDArray[np.floating]:
    """Return the medians along an axis of whole numbers or floats, none of them NaN.

    Whole numbers give float64, floats their own kind, as `numpy.median` does.
    """
    count = values.shape[axis]
    low, high = (count - 1) // 2, count // 2
    ordered = np.partition(values, (low, high), axis=axis)
    kind = values.dtype if values.dtype.kind == "f" else np.dtype(np.float64)
    total = ordered.take(low, axis=axis).astype(kind) + ordered.take(high, axis=axis)
    return np.asarray(total / kind.type(2))


def median(values: NDArray[Any]) -> float:
    """Return the median of a row of values, none of them NaN."""
    return float(median_along(values, 0))


def percentile(values: NDArray[Any], percent: float) -> float:
    """Return the percentile of a row of values, none of them NaN, linear between two ranks."""
    ordered = np.sort(values).tolist()
    rank = (len(ordered) - 1) * (percent / 100)
    low = math.floor(rank)
    high = min(low + 1, len(ordered) - 1)
    share = rank - low
    step = ordered[high] - ordered[low]
    # Counted from the nearer rank, as NumPy does: the last digit depends on it.
    if share >= 0.5:
        return float(ordered[high] - step * (1 - share))
    return float(ordered[low] + step * share)
