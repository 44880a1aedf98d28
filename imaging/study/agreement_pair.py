"""Every figure of agreement of two raters, with what each is called and where its interval is from.

A figure is made twice: once with the interval that takes rows as independent, and once, as a bare
number, for every jackknife sample over the subjects.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .agreement_clusters import FISHER, LOGARITHM, Scale, jackknife_intervals
from .agreement_concordance import (
    REPEATABILITY_FACTOR,
    coefficients_of_variation,
    concordance_correlation,
    scaled,
    sd_interval,
)
from .agreement_icc import (
    ICC_NAMES,
    Estimate,
    icc_values,
    intraclass_correlations,
    mean_squares,
)
from .agreement_kappa import KAPPA_NAMES, weighted_kappas
from .agreement_limits import (
    RepeatedLimits,
    limits_of_agreement,
    limits_true_value_constant,
    limits_true_value_varies,
    proportional_bias,
)

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

#: How the jackknife stretches each figure; others are taken as they are.
_SCALES: dict[str, Scale] = {
    **dict.fromkeys(ICC_NAMES, FISHER),
    "CCC": FISHER,
    "Pearson r": FISHER,
    "SD of differences": LOGARITHM,
    "mean absolute difference": LOGARITHM,
    "SEM, agreement": LOGARITHM,
    "SEM, consistency": LOGARITHM,
    "MDC, agreement": LOGARITHM,
    "MDC, consistency": LOGARITHM,
    "CV, root mean square": LOGARITHM,
    "CV, logarithmic": LOGARITHM,
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
    figures = _difference_figures(first, second)
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
    # A rater's own shift is part of the error of a single rating by anybody.
    absolute = Estimate(math.sqrt(ms.residual + max(0.0, (ms.raters - ms.residual) / ms.n)))
    root, logarithmic = coefficients_of_variation(list(ratings))
    iccs = intraclass_correlations(ratings)
    methods = {"2": "F, Satterthwaite"}
    none_positive = "a value is 0 or less: percent cannot be told" if math.isnan(root) else ""
    return [
        *(
            Figure(form, ICC_NAMES[form], estimate, methods.get(form[4], "F"), note)
            for form, estimate in iccs.items()
        ),
        Figure(
            "SEM, agreement",
            "standard error of measurement of a single rating by any rater",
            absolute,
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


def clustered_intervals(
    ratings: Floats, subjects: NDArray[Any], *, is_ordinal: bool
) -> dict[str, tuple[float, float]]:
    """Return jackknife limits over subjects by the figures' names; empty without repeats.

    Parameters
    ----------
    ratings : ndarray, shape (n, k)
        Complete.
    subjects : ndarray, shape (n,)
    is_ordinal : bool
    """
    if not repeats(subjects):
        return {}

    def bare(rows: NDArray[np.intp]) -> Mapping[str, float]:
        return bare_figures(ratings[rows], subjects[rows], is_ordinal=is_ordinal)

    found = jackknife_intervals(bare, subjects, scales=_SCALES)
    k = ratings.shape[1]
    for single in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)"):
        # The mean of k ratings follows from a single one (Spearman-Brown), and so do its limits.
        low, high = found[single]
        found[f"{single[:-2]}k)"] = (k * low / (1 + (k - 1) * low), k * high / (1 + (k - 1) * high))
    return found


def bare_figures(ratings: Floats, subjects: NDArray[Any], *, is_ordinal: bool) -> dict[str, float]:
    """Return figures without intervals, for the jackknife; NaN where too few rows are left."""
    ms = mean_squares(ratings)
    iccs = icc_values(ms)
    agreement = math.sqrt(ms.residual + max(0.0, (ms.raters - ms.residual) / ms.n))
    consistency = math.sqrt(ms.residual)
    root, logarithmic = coefficients_of_variation(list(ratings))
    figures = {form: iccs[form] for form in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")}
    figures |= {
        "SEM, agreement": agreement,
        "SEM, consistency": consistency,
        "MDC, agreement": REPEATABILITY_FACTOR * agreement,
        "MDC, consistency": REPEATABILITY_FACTOR * consistency,
        "CV, root mean square": root,
        "CV, logarithmic": logarithmic,
    }
    if ratings.shape[1] == 2:
        figures |= _bare_pair(ratings[:, 0], ratings[:, 1], subjects, is_ordinal)
    return figures


def repeats(subjects: NDArray[Any]) -> bool:
    """Tell whether some of several subjects have more than one row."""
    count = len(set(subjects.tolist()))
    return 1 < count < subjects.size


def _bare_pair(
    first: Floats, second: Floats, subjects: NDArray[Any], is_ordinal: bool
) -> dict[str, float]:
    d = first - second
    sd = float(d.std(ddof=1))
    concordance = concordance_correlation(first, second)
    figures = {
        "mean difference": float(d.mean()),
        "SD of differences": sd,
        "lower limit": float(d.mean()) - 1.96 * sd,
        "upper limit": float(d.mean()) + 1.96 * sd,
        "mean absolute difference": float(np.abs(d).mean()),
        "proportional bias": proportional_bias(first, second).slope.value,
        "CCC": concordance.concordance.value,
        "Pearson r": concordance.pearson.value,
    }
    for name, limits in _both_repeated(first, second, subjects).items():
        figures[f"lower limit, true value {name}"] = limits.lower
        figures[f"upper limit, true value {name}"] = limits.upper
    if is_ordinal:
        figures |= {k: v.estimate.value for k, v in weighted_kappas(first, second).items()}
        figures["exact agreement"] = 100 * float((d == 0).mean())
        figures["within one step"] = 100 * float((np.abs(d) <= 1).mean())
    return figures


def _difference_figures(first: Floats, second: Floats) -> list[Figure]:
    d = first - second
    limits = limits_of_agreement(d)
    slope = proportional_bias(first, second)
    approximate = "approximate (Bland & Altman 1999)"
    exact = "noncentral t, exact"
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
        Figure("p, proportional bias", "test of that slope against 0", Estimate(slope.p_slope)),
        Figure(
            "p, Bradley-Blackwood",
            "test of equal means and equal variances at once",
            Estimate(slope.p_bradley_blackwood),
        ),
    ]


def _repeated_figures(first: Floats, second: Floats, subjects: NDArray[Any]) -> list[Figure]:
    figures = []
    for name, limits in _both_repeated(first, second, subjects).items():
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


def _both_repeated(
    first: Floats, second: Floats, subjects: NDArray[Any]
) -> dict[str, RepeatedLimits]:
    if not repeats(subjects):
        nothing = RepeatedLimits(*([math.nan] * 6))
        return {"varies": nothing, "constant": nothing}
    xs, ys = _by_subject(first, subjects), _by_subject(second, subjects)
    return {
        "varies": limits_true_value_varies(_by_subject(first - second, subjects)),
        "constant": limits_true_value_constant(xs, ys),
    }


def _by_subject(values: Floats, subjects: NDArray[Any]) -> Sequence[Floats]:
    names, codes = np.unique(subjects, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(1, names.size))
    return np.split(values[order], edges)


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
