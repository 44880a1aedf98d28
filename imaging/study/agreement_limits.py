"""Bland-Altman limits of agreement: one pair a subject, or several.

The difference is always first − second rater.  Limits are mean ± 1.96 SD.  Their intervals come in
two forms: exact ones from the noncentral t distribution (each limit by itself), and the approximate
ones that Bland and Altman printed.

References
----------
Bland & Altman 1986, 10.1016/S0140-6736(86)90837-8; 1999, 10.1177/096228029900800204; 2007,
10.1080/10543400701329422 (several pairs a subject).  Carkeet 2015, 10.1097/OPX.0000000000000513
(exact intervals).  Bradley & Blackwood 1989, 10.1080/00031305.1989.10475665.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from .agreement_clusters import by_subject, repeats
from .agreement_icc import UPPER, Estimate, group_means, unbalanced_one_way

Floats = NDArray[np.float64]

#: Standard normal deviation that 95 % of values stay within.
WITHIN_95 = 1.96
#: Above this many pairs the exact and the approximate interval agree to three digits, and the
#: noncentral t distribution gets slow.
_MOST_EXACT = 1000


@dataclass(frozen=True)
class Limits:
    """Limits of agreement of one pair of raters, in the unit of the ratings.

    Parameters
    ----------
    bias : Estimate
        Mean difference with its t interval.
    sd : float
        Standard deviation of the differences.
    lower, upper : Estimate
        Limits with exact intervals.
    lower_approximate, upper_approximate : Estimate
        The same limits with the intervals of Bland and Altman 1999.
    n : int
        Pairs.
    """

    bias: Estimate
    sd: float
    lower: Estimate
    upper: Estimate
    lower_approximate: Estimate
    upper_approximate: Estimate
    n: int


@dataclass(frozen=True)
class ProportionalBias:
    """Whether the difference depends on the size of what is measured.

    ``slope`` is of the difference on the mean of both raters, with its 95 % interval;
    ``p_slope`` tests it against 0, ``p_bradley_blackwood`` equal means and variances at once.
    """

    slope: Estimate
    p_slope: float
    p_bradley_blackwood: float


@dataclass(frozen=True)
class RepeatedLimits:
    """Limits for single pairs of subjects who have several (Bland & Altman 2007)."""

    bias: float
    sd: float
    lower: float
    upper: float
    between_variance: float
    within_variance: float


def limits_of_agreement(differences: ArrayLike) -> Limits:
    """Return the limits of agreement of independent differences, shape (n,), n >= 2."""
    d = np.asarray(differences, np.float64)
    return limits_from_moments(float(d.mean()), float(d.std(ddof=1)), d.size)


def limits_from_moments(mean: float, sd: float, n: int, *, deviations: float = WITHIN_95) -> Limits:
    """Return the limits of agreement from the mean and SD of `n` independent differences.

    Notes
    -----
    Approximate: SE² = sd²·(1/n + z²/2n), times Student's t, as Bland and Altman print it (3·sd²/n
    with z = 2, 1.71²·sd²/n with z = 1.96).  Exact: a limit is a quantile of a normal distribution,
    whose interval is mean + sd·t′/√n with t′ a quantile of the noncentral t distribution with n − 1
    degrees of freedom and noncentrality z·√n.
    """
    t = float(stats.t.ppf(UPPER, n - 1))
    half = t * sd / math.sqrt(n)
    reach = half * math.sqrt(1 + deviations**2 / 2)
    lower, upper = mean - deviations * sd, mean + deviations * sd
    near, far = exact_factors(n, deviations)
    return Limits(
        bias=Estimate(mean, mean - half, mean + half),
        sd=sd,
        lower=Estimate(lower, mean - far * sd, mean - near * sd),
        upper=Estimate(upper, mean + near * sd, mean + far * sd),
        lower_approximate=Estimate(lower, lower - reach, lower + reach),
        upper_approximate=Estimate(upper, upper - reach, upper + reach),
        n=n,
    )


def proportional_bias(first: ArrayLike, second: ArrayLike) -> ProportionalBias:
    """Return the regression of the difference on the mean of two raters, each of shape (n,).

    All NaN with fewer than four pairs, or when the means do not vary.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    d, m = x - y, (x + y) / 2
    n = d.size
    sum_squares = float(((m - m.mean()) ** 2).sum())
    if n < 4 or sum_squares <= 0:
        return ProportionalBias(Estimate(math.nan), math.nan, math.nan)
    slope = float(((m - m.mean()) * d).sum()) / sum_squares
    residual = float(((d - d.mean() - slope * (m - m.mean())) ** 2).sum())
    if residual <= 1e-24 * float((d**2).sum()) or not d.any():
        # Without scatter there is nothing to test against.
        return ProportionalBias(Estimate(slope), math.nan, math.nan)
    variance = residual / (n - 2)
    error = math.sqrt(variance / sum_squares)
    t = float(stats.t.ppf(UPPER, n - 2))
    both = (float((d**2).sum()) - residual) / 2 / variance
    return ProportionalBias(
        slope=Estimate(slope, slope - t * error, slope + t * error),
        p_slope=2 * float(stats.t.sf(abs(slope) / error, n - 2)),
        p_bradley_blackwood=float(stats.f.sf(both, 2, n - 2)),
    )


def limits_true_value_varies(differences: Sequence[Floats]) -> RepeatedLimits:
    """Return the limits for subjects measured in pairs while what is measured changes (visits).

    Parameters
    ----------
    differences : sequence of ndarray
        The differences of each subject; at least two subjects, and one with two pairs.

    Notes
    -----
    One-way analysis of variance of the differences: total variance = between, (MSB − MSW)/m₀, not
    below 0, + within, MSW (2007, section 3).
    """
    groups = [np.asarray(group, np.float64) for group in differences]
    squares, m0 = unbalanced_one_way(groups)
    between = max(0.0, (squares.rows - squares.within) / m0)
    bias = float(np.concatenate(groups).mean())
    return _repeated(bias, between, squares.within)


def limits_true_value_constant(first: Sequence[Floats], second: Sequence[Floats]) -> RepeatedLimits:
    """Return the limits for subjects measured several times while nothing changes (replicates).

    Parameters
    ----------
    first, second : sequence of ndarray
        All readings of each subject by either rater; their numbers may differ.

    Notes
    -----
    The variance of the subjects' mean differences lacks what averaging took out of it:
    var = var(d̄) + (1 − mean(1/mₓ))·s²ₓ + (1 − mean(1/m_y))·s²_y, with s² the within-subject
    variance of either rater (1999, sections 5.1 and 5.2; 2007, section 2).
    """
    sides = [[np.asarray(group, np.float64) for group in readings] for readings in (first, second)]
    added = 0.0
    for readings in sides:
        squares, _ = unbalanced_one_way(readings)
        lost = 1 - float(np.mean(1 / group_means(readings)[1]))
        added += lost * squares.within if lost > 0 else 0.0
    means = group_means(sides[0])[2] - group_means(sides[1])[2]
    return _repeated(float(means.mean()), float(means.var(ddof=1)), added)


def both_repeated(
    first: Floats, second: Floats, subjects: NDArray[Any]
) -> dict[str, RepeatedLimits]:
    """Return both forms for subjects with several pairs, ``varies`` and ``constant``; else NaN."""
    if not repeats(subjects):
        nothing = RepeatedLimits(*([math.nan] * 6))
        return {"varies": nothing, "constant": nothing}
    xs, ys = by_subject(first, subjects), by_subject(second, subjects)
    return {
        "varies": limits_true_value_varies(by_subject(first - second, subjects)),
        "constant": limits_true_value_constant(xs, ys),
    }


def _repeated(bias: float, between: float, within: float) -> RepeatedLimits:
    sd = math.sqrt(between + within)
    return RepeatedLimits(
        bias=bias,
        sd=sd,
        lower=bias - WITHIN_95 * sd,
        upper=bias + WITHIN_95 * sd,
        between_variance=between,
        within_variance=within,
    )


def exact_factors(n: int, deviations: float, *, upper: float = UPPER) -> tuple[float, float]:
    """Return how many SD from the mean the near and the far end of a limit's interval lie.

    These are the one-sided tolerance factors of a normal sample of `n`.
    """
    if n > _MOST_EXACT:
        reach = float(stats.t.ppf(upper, n - 1)) * math.sqrt((1 + deviations**2 / 2) / n)
        return deviations - reach, deviations + reach
    noncentral = stats.nct(n - 1, deviations * math.sqrt(n))
    near, far = noncentral.ppf(1 - upper), noncentral.ppf(upper)
    return float(near) / math.sqrt(n), float(far) / math.sqrt(n)
