"""Every figure of agreement of two raters, with what each is called and where its interval is from.

A figure is made twice: once with the interval that takes rows as independent, and once, as a bare
number, for every jackknife sample over the subjects.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .agreement_clusters import repeats
from .agreement_concordance import (
    REPEATABILITY_FACTOR,
    coefficients_of_variation,
    concordance_correlation,
    scaled,
    sd_interval,
)
from .agreement_icc import (
    ICC_NAMES,
    UPPER,
    Estimate,
    MeanSquares,
    intraclass_correlations,
    mean_squares,
)
from .agreement_kappa import KAPPA_NAMES, weighted_kappas
from .agreement_limits import (
    both_repeated,
    limits_of_agreement,
    proportional_bias,
)
from .agreement_mixed import MIXED_NAMES, mixed_figures

Floats = NDArray[np.float64]

#: With fewer rows nothing but their number is told.
FEWEST_ROWS = 3


@dataclass(frozen=True)
class Figure:
    """One figure: its short name, its meaning, value and limits, and the limits' method."""

    statistic: str
    meaning: str
    estimate: Estimate
    interval: str = ""
    note: str = ""


_REPEATED = {
    "varies": "where what is measured changes between a subject's rows (visits)",
    "constant": "where nothing changes between a subject's rows (replicates)",
}


def pair_figures(
    first: Floats, second: Floats, subjects: NDArray[Any], *, is_ordinal: bool
) -> list[Figure]:
    """Return every figure of two raters.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
        Complete ratings, n >= 3.
    subjects : ndarray, shape (n,)
    is_ordinal : bool
        The ratings are steps of a scale: kappa and shares of agreement are told as well.
    """
    ratings = np.column_stack([first, second])
    note = _constant_note(first, second)
    figures = _difference_figures(first, second, is_repeated=repeats(subjects))
    if repeats(subjects):
        figures += _repeated_figures(first, second, subjects)
    figures += table_figures(ratings, note=note)
    concordance = concordance_correlation(first, second)
    figures += [
        Figure(
            "CCC",
            "Lin's concordance correlation: Pearson r · accuracy",
            concordance.concordance,
            "Fisher z",
            note,
        ),
        Figure("Pearson r", "correlation; says nothing of bias", concordance.pearson, "Fisher z"),
        Figure("accuracy C_b", "Lin's accuracy; 1 without bias", Estimate(concordance.accuracy)),
    ]
    return figures + (_step_figures(first, second, note) if is_ordinal else [])


def table_figures(ratings: Floats, *, note: str = "") -> list[Figure]:
    """Return ICC, standard error of measurement, detectable change and variation, for any raters.

    Parameters
    ----------
    ratings : ndarray, shape (n, k)
        Complete, n >= 3, k >= 2.
    """
    ms = mean_squares(ratings)
    consistent = sd_interval(ms.residual, (ms.n - 1) * (ms.k - 1))
    absolute = absolute_error(ms)
    root, logarithmic = coefficients_of_variation(ratings)
    iccs = intraclass_correlations(ratings)
    methods = {"2": "F, Satterthwaite"}
    none_positive = "a value is 0 or less: percent cannot be told" if math.isnan(root) else ""
    return [
        *(
            Figure(
                form,
                ICC_NAMES[form],
                estimate,
                methods.get(form[4], "F"),
                note or _endless_note(estimate, single=iccs[f"{form[:-2]}1)"], k=ms.k),
            )
            for form, estimate in iccs.items()
        ),
        Figure(
            "SEM, agreement",
            "standard error of measurement of a single rating by any rater",
            absolute,
            "Graybill-Wang",
        ),
        Figure(
            "SEM, consistency",
            "the same, apart from the raters' mean shifts",
            consistent,
            "chi-square",
        ),
        Figure(
            "MDC, agreement",
            "minimal detectable change, 1.96·√2·SEM, when the rater may change",
            scaled(absolute, REPEATABILITY_FACTOR),
            "Graybill-Wang",
        ),
        Figure(
            "MDC, consistency",
            "minimal detectable change, 1.96·√2·SEM, by one rater throughout",
            scaled(consistent, REPEATABILITY_FACTOR),
            "chi-square",
        ),
        Figure(
            "CV, root mean square",
            "coefficient of variation between raters, %: √mean(s²/m²)",
            Estimate(root),
            note=none_positive,
        ),
        Figure(
            "CV, logarithmic",
            "coefficient of variation between raters, %: exp(s of logarithms) − 1",
            Estimate(logarithmic),
            note=none_positive,
        ),
    ]


def absolute_error(ms: MeanSquares) -> Estimate:
    """Return the standard error of measurement of a single rating by anybody, with its interval.

    Notes
    -----
    A rater's own shift is part of it: variance = raters/n + residual·(n − 1)/n, not below the
    residual.  The interval of this sum of two mean squares is Graybill and Wang's (1980,
    10.1080/01621459.1980.10477565).  Two raters say next to nothing of how far raters in general
    shift: its upper end is then far away.
    """
    value = math.sqrt(ms.residual + max(0.0, (ms.raters - ms.residual) / ms.n))
    below = above = 0.0
    parts = (
        (ms.raters / ms.n, ms.k - 1),
        (ms.residual * (ms.n - 1) / ms.n, (ms.n - 1) * (ms.k - 1)),
    )
    for part, freedom in parts:
        below += (part * (1 - freedom / float(stats.chi2.ppf(UPPER, freedom)))) ** 2
        above += (part * (freedom / float(stats.chi2.ppf(1 - UPPER, freedom)) - 1)) ** 2
    total = sum(part for part, _ in parts)
    low, high = total - math.sqrt(below), total + math.sqrt(above)
    return Estimate(value, math.sqrt(max(0.0, low)), math.sqrt(high))


def subject_figures(ratings: Floats, subjects: NDArray[Any]) -> list[Figure]:
    """Return the figures of the mixed model; none where no subject repeats."""
    if not repeats(subjects):
        return []
    return [
        Figure(name, MIXED_NAMES[name], estimate)
        for name, estimate in mixed_figures(ratings, subjects)
    ]


def _difference_figures(first: Floats, second: Floats, *, is_repeated: bool) -> list[Figure]:
    d = first - second
    limits = limits_of_agreement(d)
    slope = proportional_bias(first, second)
    approximate = "approximate (Bland & Altman 1999)"
    exact = "noncentral t, exact"
    note = (
        "takes rows as independent; read the clustered limits of the slope" if is_repeated else ""
    )
    return [
        Figure("mean difference", "bias: mean of first − second", limits.bias, "t"),
        Figure(
            "SD of differences",
            "standard deviation of first − second",
            sd_interval(limits.sd**2, d.size - 1),
            "chi-square",
        ),
        Figure("lower limit", "lower 95 % limit of agreement", limits.lower, exact),
        Figure("upper limit", "upper 95 % limit of agreement", limits.upper, exact),
        Figure(
            "lower limit, approximate interval",
            "the same limit with the interval usual in papers",
            limits.lower_approximate,
            approximate,
        ),
        Figure(
            "upper limit, approximate interval",
            "the same limit with the interval usual in papers",
            limits.upper_approximate,
            approximate,
        ),
        Figure(
            "mean absolute difference",
            "mean of |first − second|",
            Estimate(float(np.abs(d).mean())),
        ),
        Figure(
            "proportional bias",
            "slope of the difference on the mean of both; 0 without",
            slope.slope,
            "t",
        ),
        Figure(
            "p, proportional bias",
            "test of that slope against 0",
            Estimate(slope.p_slope),
            note=note,
        ),
        Figure(
            "p, Bradley-Blackwood",
            "test of equal means and equal variances at once",
            Estimate(slope.p_bradley_blackwood),
            note=note,
        ),
    ]


def _repeated_figures(first: Floats, second: Floats, subjects: NDArray[Any]) -> list[Figure]:
    figures = []
    for name, limits in both_repeated(first, second, subjects).items():
        meaning = _REPEATED[name]
        figures += [
            Figure(
                f"SD of differences, true value {name}",
                f"SD of single differences {meaning}",
                Estimate(limits.sd),
            ),
            Figure(
                f"lower limit, true value {name}",
                f"lower 95 % limit of agreement {meaning}",
                Estimate(limits.lower),
            ),
            Figure(
                f"upper limit, true value {name}",
                f"upper 95 % limit of agreement {meaning}",
                Estimate(limits.upper),
            ),
        ]
    return figures


def _step_figures(first: Floats, second: Floats, note: str) -> list[Figure]:
    d = np.abs(first - second)
    kappas = weighted_kappas(first, second)
    return [
        *(
            Figure(
                name,
                KAPPA_NAMES[name],
                kappa.estimate,
                "normal, Fleiss-Cohen-Everitt",
                note
                or (
                    f"standard error {kappa.standard_error:.4f}"
                    if math.isfinite(kappa.standard_error)
                    else ""
                ),
            )
            for name, kappa in kappas.items()
        ),
        Figure(
            "exact agreement", "share of equal steps, %", Estimate(100 * float((d == 0).mean()))
        ),
        Figure(
            "within one step",
            "share of steps that differ by one at most, %",
            Estimate(100 * float((d <= 1).mean())),
        ),
    ]


def _endless_note(estimate: Estimate, *, single: Estimate, k: int) -> str:
    """Return why an ICC of k ratings has no lower limit, or no value; empty when it has both."""
    has_no_value = math.isnan(estimate.value) and math.isfinite(single.value)
    if has_no_value or (math.isnan(estimate.low) and math.isfinite(estimate.high)):
        return f"no end below: {-1 / (k - 1):.3g} is not ruled out for a single rating"
    return ""


def _constant_note(first: Floats, second: Floats) -> str:
    """Return why correlations cannot be told, when a rater gave one value throughout."""
    constant = [
        f"the {which} rater gave {values[0]:g} throughout"
        for which, values in (("first", first), ("second", second))
        if float(np.ptp(values)) == 0
    ]
    if not constant:
        return ""
    return f"{' and '.join(constant)}: correlation, ICC and kappa need ratings that vary"
