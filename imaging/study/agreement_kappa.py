"""Agreement on steps of a scale: kappa, unweighted and weighted, with its standard error.

References
----------
Cohen 1968, 10.1037/h0026256; Fleiss, Cohen & Everitt 1969, 10.1037/h0028106 (standard error);
Fleiss & Cohen 1973, 10.1177/001316447303300309 (quadratic weights and the ICC).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .agreement_icc import Estimate
from .agreement_limits import WITHIN_95

Floats = NDArray[np.float64]

#: A smaller variance of one rating is only the rounding of binary fractions.
_ROUNDING = 1e-14

#: Weighting → what a disagreement by a distance costs.
KAPPA_NAMES: dict[str, str] = {
    "kappa": "kappa, unweighted: every disagreement counts the same",
    "kappa, linear": "kappa, linear weights: a disagreement counts by its distance",
    "kappa, quadratic": "kappa, quadratic weights: a disagreement counts by its squared distance",
}


@dataclass(frozen=True)
class Kappa:
    """Kappa with its 95 % interval, NaN where the standard error, from which it comes, is 0."""

    estimate: Estimate
    standard_error: float


def weighted_kappas(first: ArrayLike, second: ArrayLike) -> dict[str, Kappa]:
    """Return kappa by the names of `KAPPA_NAMES` of two raters' steps, each of shape (n,).

    The steps' own values give the distances, so that half steps, and steps that nobody gave, are
    taken for what they are.  NaN when both raters gave one and the same step throughout: by chance
    alone they would agree as well.
    """
    x, y = np.asarray(first, np.float64), np.asarray(second, np.float64)
    steps, table = cross_table(x, y)
    distance = np.abs(steps[:, None] - steps)
    return {
        "kappa": kappa_from_table(table, (distance > 0).astype(np.float64)),
        "kappa, linear": kappa_from_table(table, distance),
        "kappa, quadratic": kappa_from_table(table, distance**2),
    }


def cross_table(first: Floats, second: Floats) -> tuple[Floats, Floats]:
    """Return the steps in use, ascending, and how often each pair of them was given, (k, k)."""
    steps, codes = np.unique(np.concatenate([first, second]), return_inverse=True)
    table = np.zeros((steps.size, steps.size))
    np.add.at(table, (codes[: first.size], codes[first.size :]), 1.0)
    return steps, table


def kappa_from_table(table: ArrayLike, disagreement: ArrayLike) -> Kappa:
    """Return weighted kappa from a cross table of counts.

    Parameters
    ----------
    table : array_like, shape (k, k)
        Counts; rows are the first rater's steps.
    disagreement : array_like, shape (k, k)
        What each cell costs; 0 on the diagonal, any scale.

    Notes
    -----
    With agreement weights w = 1 − cost/largest cost: κ = (p_o − p_e)/(1 − p_e), and
    n·(1 − p_e)⁴·SE² = Σ p_ij [w_ij(1 − p_e) − (w̄_i. + w̄_.j)(1 − p_o)]² − (p_o p_e − 2p_e + p_o)²
    (Fleiss, Cohen & Everitt, equation 14).
    """
    counts, cost = np.asarray(table, np.float64), np.asarray(disagreement, np.float64)
    n, worst = float(counts.sum()), float(cost.max(initial=0.0))
    if n == 0 or worst == 0:
        return Kappa(Estimate(math.nan), math.nan)
    share, weight = counts / n, 1 - cost / worst
    rows, columns = share.sum(axis=1), share.sum(axis=0)
    observed = float((weight * share).sum())
    expected = float((weight * np.outer(rows, columns)).sum())
    if expected >= 1:
        return Kappa(Estimate(math.nan), math.nan)
    value = (observed - expected) / (1 - expected)
    row_weight, column_weight = weight @ columns, rows @ weight
    spread = weight * (1 - expected) - (row_weight[:, None] + column_weight) * (1 - observed)
    variance = (
        float((share * spread**2).sum()) - (observed * expected - 2 * expected + observed) ** 2
    )
    error = math.sqrt(max(0.0, variance) / n) / (1 - expected) ** 2
    if variance <= _ROUNDING:
        # Perfect agreement, or a rater who gave one step throughout: the formula sees no scatter.
        return Kappa(Estimate(value), 0.0)
    reach = WITHIN_95 * error
    return Kappa(Estimate(value, max(-1.0, value - reach), min(1.0, value + reach)), error)
