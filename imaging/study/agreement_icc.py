"""Intraclass correlation: six forms, each with its name and its 95 % interval.

The forms are those of Shrout and Fleiss; McGraw and Wong's notation stands beside them, because
"ICC" alone says neither the model nor what counts as an error.

References
----------
Shrout & Fleiss 1979, 10.1037/0033-2909.86.2.420; McGraw & Wong 1996, 10.1037/1082-989X.1.1.30, with
its erratum (Psychol Methods 1:390).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Floats = NDArray[np.float64]
#: Groups of any sizes, or of one size as the rows of one array.
Groups = Sequence[Floats] | Floats

#: Share of the distribution below the upper end of a two-sided 95 % interval.
UPPER = 0.975

#: Share of their variance below which the mean of ratings varies by rounding alone.
_ROUNDING = 1e-12

#: Form of Shrout and Fleiss → what it is, with McGraw and Wong's name.
ICC_NAMES: dict[str, str] = {
    "ICC(1,1)": "one-way random, absolute agreement, single rating: ICC(1)",
    "ICC(2,1)": "two-way random, absolute agreement, single rating: ICC(A,1)",
    "ICC(3,1)": "two-way mixed, consistency, single rating: ICC(C,1)",
    "ICC(1,k)": "one-way random, absolute agreement, mean of k ratings: ICC(k)",
    "ICC(2,k)": "two-way random, absolute agreement, mean of k ratings: ICC(A,k)",
    "ICC(3,k)": "two-way mixed, consistency, mean of k ratings: ICC(C,k)",
}


@dataclass(frozen=True)
class Estimate:
    """A figure with its 95 % interval; NaN is "cannot tell"."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class MeanSquares:
    """The analysis of variance of a complete table, `n` rows by `k` raters.

    Parameters
    ----------
    rows, raters, residual, within : float
        Mean squares, in the squared unit of the ratings.
    n, k : int
    """

    rows: float
    raters: float
    residual: float
    within: float
    n: int
    k: int


def mean_squares(ratings: ArrayLike) -> MeanSquares:
    """Return the mean squares of a complete table of ratings.

    Parameters
    ----------
    ratings : array_like of float, shape (n, k)
        Rows are what was rated, columns the raters; without NaN.

    Raises
    ------
    ValueError
        Fewer than two rows or raters, or a missing rating.
    """
    table = np.asarray(ratings, np.float64)
    if table.ndim != 2 or min(table.shape) < 2 or not np.isfinite(table).all():
        raise ValueError(f"two complete rows and raters are needed, not {table.shape}")
    n, k = table.shape
    # Far from 0 the squares would eat the digits of the differences.
    table = table - table.mean()
    row_means, rater_means = table.mean(axis=1), table.mean(axis=0)
    residual = table - row_means[:, None] - rater_means
    return MeanSquares(
        rows=k * float((row_means**2).sum()) / (n - 1),
        raters=n * float((rater_means**2).sum()) / (k - 1),
        residual=float((residual**2).sum()) / ((n - 1) * (k - 1)),
        within=float(((table - row_means[:, None]) ** 2).sum()) / (n * (k - 1)),
        n=n,
        k=k,
    )


def icc_values(ms: MeanSquares) -> dict[str, float]:
    """Return the six forms without their intervals; NaN where all ratings are equal.

    Notes
    -----
    No ICC is below −1/(k − 1): ICC(2,1) is cut off there, which the formula passes when the raters'
    means differ less than by chance.  The forms of k ratings are then NaN (`mean_of_ratings`).
    """
    if not _varies(ms):
        return dict.fromkeys(ICC_NAMES, math.nan)
    n, k = ms.n, ms.k
    absolute = (ms.raters - ms.residual) / n
    consistent = ms.rows + (k - 1) * ms.residual
    single = {
        "ICC(1,1)": _ratio(ms.rows - ms.within, ms.rows + (k - 1) * ms.within),
        "ICC(2,1)": _cut_off(_ratio(ms.rows - ms.residual, consistent + k * absolute), k),
        "ICC(3,1)": _ratio(ms.rows - ms.residual, consistent),
    }
    return single | {f"{form[:-2]}k)": mean_of_ratings(r, k) for form, r in single.items()}


def mean_of_ratings(single: float, k: int) -> float:
    """Return the ICC of the mean of k ratings from that of a single one (Spearman-Brown).

    Parameters
    ----------
    single : float
        A value or a limit.
    k : int

    Returns
    -------
    float
        k·r / (1 + (k − 1)·r).  NaN from −1/(k − 1) down: there the means do not vary between rows,
        and towards it the ICC falls without end.
    """
    share = 1 + (k - 1) * single
    return k * single / share if share > _ROUNDING else math.nan


def intraclass_correlations(ratings: ArrayLike) -> dict[str, Estimate]:
    """Return the six forms with exact F intervals; for ICC(2,·) Satterthwaite's approximation.

    Parameters
    ----------
    ratings : array_like of float, shape (n, k)
        Complete; rows are taken as independent.

    Returns
    -------
    dict of str to Estimate
        Keys of `ICC_NAMES`.  All NaN when the ratings do not vary.  Without any error between the
        raters the value is 1; then, and without any difference between the rows, the interval,
        which the F ratio cannot give, is NaN.  ICC(·,k) with an upper limit and a lower one of NaN
        has no end below.

    Notes
    -----
    The limits of ICC(2,1) are cut off at −1/(k − 1) as its value is; those of ICC(2,k) follow from
    them.
    """
    ms = mean_squares(ratings)
    values = icc_values(ms)
    if not _varies(ms) or min(ms.within, ms.rows) <= _negligible(ms):
        return {form: Estimate(value) for form, value in values.items()}
    n, k = ms.n, ms.k
    one_way = _f_limits(ms.rows / ms.within, n - 1, n * (k - 1))
    limits = {
        "ICC(1,1)": tuple((f - 1) / (f + k - 1) for f in one_way),
        "ICC(1,k)": tuple(1 - 1 / f for f in one_way),
    }
    if ms.residual > _negligible(ms):
        two_way = _f_limits(ms.rows / ms.residual, n - 1, (n - 1) * (k - 1))
        absolute = _absolute_limits(ms, values["ICC(2,1)"])
        limits |= {
            "ICC(2,1)": absolute,
            "ICC(3,1)": tuple((f - 1) / (f + k - 1) for f in two_way),
            "ICC(2,k)": tuple(mean_of_ratings(r, k) for r in absolute),
            "ICC(3,k)": tuple(1 - 1 / f for f in two_way),
        }
    nothing = (math.nan, math.nan)
    return {form: Estimate(value, *limits.get(form, nothing)) for form, value in values.items()}


def unbalanced_one_way(groups: Groups) -> tuple[MeanSquares, float]:
    """Return the one-way analysis of variance of groups of any sizes.

    Parameters
    ----------
    groups : sequence of ndarray of float, none empty, or one ndarray, a group a row
        Repeats of each object; groups of one have no within part but count for the between part.

    Returns
    -------
    MeanSquares
        ``rows`` between and ``within`` groups; ``raters`` and ``residual`` are NaN, ``k`` is the
        largest group.
    m0 : float
        The size that equal groups would have: (N − Σm²/N) / (groups − 1).
    """
    values, sizes, means = group_means(groups)
    total, count = float(sizes.sum()), sizes.size
    between = float((sizes * (means - values.mean()) ** 2).sum())
    within = float(((values - np.repeat(means, sizes)) ** 2).sum())
    return (
        MeanSquares(
            rows=between / (count - 1) if count > 1 else math.nan,
            raters=math.nan,
            residual=math.nan,
            within=within / (total - count) if total > count else math.nan,
            n=count,
            k=int(sizes.max(initial=0)),
        ),
        (total - float((sizes**2).sum()) / total) / (count - 1) if count > 1 else math.nan,
    )


def group_means(groups: Groups) -> tuple[Floats, NDArray[np.intp], Floats]:
    """Return all values of some groups one after the other, the groups' sizes and their means."""
    if isinstance(groups, np.ndarray):
        return groups.ravel(), np.full(len(groups), groups.shape[1]), groups.mean(axis=1)
    values = np.concatenate(groups)
    sizes = np.array([len(group) for group in groups], np.intp)
    starts = np.cumsum(sizes) - sizes
    return values, sizes, np.add.reduceat(values, starts) / sizes


def _absolute_limits(ms: MeanSquares, icc: float) -> tuple[float, float]:
    """Return the limits of ICC(A,1) (McGraw & Wong, table 7), not below −1/(k − 1)."""
    n, k = ms.n, ms.k
    a = k * icc / (n * (1 - icc))
    b = 1 + k * icc * (n - 1) / (n * (1 - icc))
    rater, rest = a * ms.raters, b * ms.residual
    spread = rater**2 / (k - 1) + rest**2 / ((n - 1) * (k - 1))
    if spread <= 0:
        return math.nan, math.nan
    # A sum of mean squares has no fewer degrees of freedom than the least of them.  An ICC below 0
    # makes it a difference, whose few would leave the value outside of its limits.
    freedom = max((rater + rest) ** 2 / spread, k - 1.0)
    lower = float(stats.f.ppf(UPPER, n - 1, freedom))
    upper = float(stats.f.ppf(UPPER, freedom, n - 1))
    error = k * ms.raters + (k * n - k - n) * ms.residual
    return (
        _cut_off(n * (ms.rows - lower * ms.residual) / (lower * error + n * ms.rows), k),
        _cut_off(n * (upper * ms.rows - ms.residual) / (error + n * upper * ms.rows), k),
    )


def _f_limits(ratio: float, numerator: float, denominator: float) -> tuple[float, float]:
    """Return the limits of a ratio of variances."""
    return (
        ratio / float(stats.f.ppf(UPPER, numerator, denominator)),
        ratio * float(stats.f.ppf(UPPER, denominator, numerator)),
    )


def _varies(ms: MeanSquares) -> bool:
    return ms.rows > 0 or ms.within > 0


def _negligible(ms: MeanSquares) -> float:
    """Mean square below which an error is only the rounding of binary fractions."""
    return 1e-24 * (ms.rows + ms.within)


def _cut_off(icc: float, k: int) -> float:
    """Return an ICC of single ratings, or the least that k ratings can have; NaN stays NaN."""
    return icc if math.isnan(icc) else max(icc, -1 / (k - 1))


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan
