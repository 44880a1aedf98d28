"""Lin's concordance correlation, and how far a mean is off, in the unit and in percent.

References
----------
Lin 1989, 10.2307/2532051, with the correction of 2000, 10.1111/j.0006-341X.2000.00324.x; Bland &
Altman 1996, 10.1136/bmj.313.7059.744 (within-subject SD) and 10.1136/bmj.313.7049.106 (coefficient
of variation, logarithmic method).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .agreement_icc import UPPER, Estimate, Groups, group_means
from .agreement_limits import WITHIN_95

Floats = NDArray[np.float64]

#: Two single measurements differ by less than this many within-subject SD in 95 of 100 cases.
REPEATABILITY_FACTOR = WITHIN_95 * math.sqrt(2)


@dataclass(frozen=True)
class Concordance:
    """Lin's ρ_c = Pearson's r (precision) · C_b (accuracy)."""

    concordance: Estimate
    pearson: Estimate
    accuracy: float


def concordance_correlation(first: ArrayLike, second: ArrayLike) -> Concordance:
    """Return Lin's concordance correlation of two raters, each of shape (n,), n >= 3.

    NaN throughout when one of the raters gave the same value always; intervals are NaN with perfect
    agreement, where Fisher's z has no end.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    nothing = Concordance(Estimate(math.nan), Estimate(math.nan), math.nan)
    if x.size < 3:
        return nothing
    u, v = x - x.mean(), y - y.mean()
    # Lin divides by n, not n − 1.
    variance_x, variance_y = float((u**2).mean()), float((v**2).mean())
    if variance_x <= 0 or variance_y <= 0:
        return nothing
    shift = float(x.mean() - y.mean())
    r = float((u * v).mean()) / math.sqrt(variance_x * variance_y)
    value = 2 * float((u * v).mean()) / (variance_x + variance_y + shift**2)
    return Concordance(
        concordance=_lin_interval(value, r, shift / (variance_x * variance_y) ** 0.25, x.size),
        pearson=_fisher_interval(r, 1 / math.sqrt(x.size - 3) if x.size > 3 else math.nan),
        accuracy=value / r if r else math.nan,
    )


def coefficients_of_variation(groups: Sequence[ArrayLike] | Floats) -> tuple[float, float]:
    """Return the within-subject coefficient of variation in percent by two methods.

    Parameters
    ----------
    groups : sequence of array_like
        Readings of each object, or one array with an object a row; groups of one reading say
        nothing and are left out.

    Returns
    -------
    root_mean_square, logarithmic : float
        100·√mean(s²/m²) over the objects, and 100·(exp(s_log) − 1) with s_log the within-subject
        SD of the logarithms.  NaN when a reading is 0 or less: percent of nothing.
    """
    repeated: Groups
    if isinstance(groups, np.ndarray):
        repeated = groups
    else:
        repeated = [array for array in map(_numbers, groups) if array.size > 1]
    if len(repeated) == 0:
        return math.nan, math.nan
    values, sizes, means = group_means(repeated)
    if values.min() <= 0:
        return math.nan, math.nan
    starts = np.cumsum(sizes) - sizes
    variances = np.add.reduceat((values - np.repeat(means, sizes)) ** 2, starts) / (sizes - 1)
    logarithms = np.log(values)
    log_means = np.add.reduceat(logarithms, starts) / sizes
    within = float(((logarithms - np.repeat(log_means, sizes)) ** 2).sum())
    log_sd = math.sqrt(within / float((sizes - 1).sum()))
    root = math.sqrt(float((variances / means**2).mean()))
    return 100 * root, 100 * (math.exp(log_sd) - 1)


def _numbers(group: ArrayLike) -> Floats:
    return np.asarray(group, np.float64)


def sd_interval(variance: float, freedom: float) -> Estimate:
    """Return a standard deviation with its χ² interval, from a variance and its freedom."""
    if not (variance >= 0 and freedom > 0):
        return Estimate(math.nan)
    return Estimate(
        math.sqrt(variance),
        math.sqrt(variance * freedom / float(stats.chi2.ppf(UPPER, freedom))),
        math.sqrt(variance * freedom / float(stats.chi2.ppf(1 - UPPER, freedom))),
    )


def scaled(estimate: Estimate, factor: float) -> Estimate:
    """Return an estimate times a positive factor."""
    return Estimate(factor * estimate.value, factor * estimate.low, factor * estimate.high)


def _lin_interval(value: float, r: float, shift: float, n: int) -> Estimate:
    """Return ρ_c with its interval on Fisher's z (Lin 1989, equation 2.7, as corrected 2000)."""
    if abs(value) >= 1 or r == 0 or abs(r) >= 1:
        return Estimate(value)
    variance = (
        (1 - r**2) * value**2 / ((1 - value**2) * r**2)
        + 2 * value**3 * (1 - value) * shift**2 / (r * (1 - value**2) ** 2)
        - value**4 * shift**4 / (2 * r**2 * (1 - value**2) ** 2)
    ) / (n - 2)
    return _fisher_interval(value, math.sqrt(max(0.0, variance)))


def _fisher_interval(value: float, error: float) -> Estimate:
    if abs(value) >= 1 or not math.isfinite(error):
        return Estimate(value)
    z = math.atanh(value)
    return Estimate(value, math.tanh(z - WITHIN_95 * error), math.tanh(z + WITHIN_95 * error))
