"""The figures of agreement as bare numbers, made again for every jackknife sample of subjects."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .agreement_clusters import (
    FISHER,
    LOGARITHM,
    Scale,
    intraclass_scale,
    jackknife_intervals,
    repeats,
)
from .agreement_concordance import (
    REPEATABILITY_FACTOR,
    coefficients_of_variation,
    concordance_correlation,
)
from .agreement_icc import ICC_NAMES, icc_values, mean_of_ratings, mean_squares
from .agreement_kappa import KAPPA_NAMES, weighted_kappas
from .agreement_limits import WITHIN_95, both_repeated, proportional_bias
from .agreement_mixed import MIXED_NAMES, mixed_values

Floats = NDArray[np.float64]

#: How the jackknife stretches each figure; others are taken as they are.
_SCALES: dict[str, Scale] = {
    "ICC, mixed model": FISHER,
    "ICC, within subjects": FISHER,
    "CCC": FISHER,
    "Pearson r": FISHER,
    "SD of differences": LOGARITHM,
    "SD of differences, true value varies": LOGARITHM,
    "SD of differences, true value constant": LOGARITHM,
    "mean absolute difference": LOGARITHM,
    "SEM, agreement": LOGARITHM,
    "SEM, consistency": LOGARITHM,
    "MDC, agreement": LOGARITHM,
    "MDC, consistency": LOGARITHM,
    "CV, root mean square": LOGARITHM,
    "CV, logarithmic": LOGARITHM,
}
#: Figures of steps, which may be the same whoever is left out.
_OF_STEPS = (*KAPPA_NAMES, "exact agreement", "within one step")
#: Limits that lie no farther apart differ by rounding alone.
_ROUNDING = 1e-9


def clustered_intervals(
    ratings: Floats, subjects: NDArray[Any], *, is_ordinal: bool
) -> dict[str, tuple[float, float]]:
    """Return jackknife limits over subjects by the figures' names; empty without repeats.

    NaN where they cannot be told, as in perfect agreement.

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

    k = ratings.shape[1]
    scales = _SCALES | dict.fromkeys(ICC_NAMES, intraclass_scale(k))
    found = jackknife_intervals(bare, subjects, scales=scales)
    for single in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)"):
        # The mean of k ratings follows from a single one (Spearman-Brown), and so do its limits.
        low, high = found[single]
        found[f"{single[:-2]}k)"] = (mean_of_ratings(low, k), mean_of_ratings(high, k))
    for name in found.keys() & set(_OF_STEPS):
        low, high = found[name]
        if high - low <= _ROUNDING:
            # Perfect agreement, as a rule: no scatter can be told, and 1 to 1 would claim too much.
            found[name] = (math.nan, math.nan)
    return found


def bare_figures(ratings: Floats, subjects: NDArray[Any], *, is_ordinal: bool) -> dict[str, float]:
    """Return figures without intervals, for the jackknife; NaN where too few rows are left."""
    ms = mean_squares(ratings)
    iccs = icc_values(ms)
    agreement = math.sqrt(ms.residual + max(0.0, (ms.raters - ms.residual) / ms.n))
    consistency = math.sqrt(ms.residual)
    root, logarithmic = coefficients_of_variation(ratings)
    figures = {form: iccs[form] for form in ("ICC(1,1)", "ICC(2,1)", "ICC(3,1)")}
    figures |= {
        "SEM, agreement": agreement,
        "SEM, consistency": consistency,
        "MDC, agreement": REPEATABILITY_FACTOR * agreement,
        "MDC, consistency": REPEATABILITY_FACTOR * consistency,
        "CV, root mean square": root,
        "CV, logarithmic": logarithmic,
    }
    figures |= (
        mixed_values(ratings, subjects)
        if repeats(subjects)
        else dict.fromkeys(MIXED_NAMES, math.nan)
    )
    if ratings.shape[1] == 2:
        figures |= _bare_pair(ratings[:, 0], ratings[:, 1], subjects, is_ordinal)
    return figures


def _bare_pair(
    first: Floats, second: Floats, subjects: NDArray[Any], is_ordinal: bool
) -> dict[str, float]:
    d = first - second
    sd = float(d.std(ddof=1))
    concordance = concordance_correlation(first, second)
    figures = {
        "mean difference": float(d.mean()),
        "SD of differences": sd,
        "lower limit": float(d.mean()) - WITHIN_95 * sd,
        "upper limit": float(d.mean()) + WITHIN_95 * sd,
        "mean absolute difference": float(np.abs(d).mean()),
        "proportional bias": proportional_bias(first, second).slope.value,
        "CCC": concordance.concordance.value,
        "Pearson r": concordance.pearson.value,
    }
    for name, limits in both_repeated(first, second, subjects).items():
        figures[f"SD of differences, true value {name}"] = limits.sd
        figures[f"lower limit, true value {name}"] = limits.lower
        figures[f"upper limit, true value {name}"] = limits.upper
    if is_ordinal:
        figures |= {k: v.estimate.value for k, v in weighted_kappas(first, second).items()}
        figures["exact agreement"] = 100 * float((d == 0).mean())
        figures["within one step"] = 100 * float((np.abs(d) <= 1).mean())
    return figures
