"""ICC by a mixed model, for subjects who have several rows: between subjects and within them.

y = mean + subject + row of the subject + rater + residual, all but the mean random.  An ICC over
all rows takes the spread between subjects for what is to be told apart; a trial that follows
subjects needs the other one as well: whether raters agree on the changes within a subject.

References
----------
Searle, Casella & McCulloch 1992, Variance Components, chapters 4 and 5; McGraw & Wong 1996,
10.1037/1082-989X.1.1.30 (absolute agreement).
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from .agreement_clusters import by_subject
from .agreement_icc import Estimate, mean_squares, unbalanced_one_way

Floats = NDArray[np.float64]

#: Figures of the model: short name → meaning.
MIXED_NAMES: dict[str, str] = {
    "ICC, mixed model": "mixed model, absolute agreement, single rating: (subject + row) / all",
    "ICC, within subjects": "mixed model, agreement on differences within a subject: row / (row + "
    "rater + residual)",
    "SD of subjects": "mixed model: spread of true values between subjects",
    "SD of rows": "mixed model: spread of true values between rows of one subject",
    "SD of raters": "mixed model: spread of the raters' mean shifts",
    "SD of residuals": "mixed model: what is left of a single rating",
}


@dataclass(frozen=True)
class Components:
    """Variance components, not below 0 unless the estimate is; NaN is "cannot tell"."""

    subject: float
    row: float
    rater: float
    residual: float


def variance_components(ratings: ArrayLike, subjects: NDArray[Any]) -> Components:
    """Return the variance components of complete ratings by the analysis of variance.

    Parameters
    ----------
    ratings : array_like of float, shape (n, k)
    subjects : ndarray, shape (n,)
        Two at least, one of them with two rows or more.

    Notes
    -----
    Mean squares between subjects, between rows of a subject, and the residual's have the
    expectations σ²e + kσ²p + k·m₀σ²s, σ²e + kσ²p and σ²e, the raters' σ²e + nσ²r.  Solved for the
    components; with equally many rows a subject they are those of restricted maximum likelihood as
    long as none is below 0.
    """
    table = np.asarray(ratings, np.float64)
    ms = mean_squares(table)
    between, m0 = unbalanced_one_way(by_subject(table.mean(axis=1), subjects))
    rows, whole = ms.k * between.within, ms.k * between.rows
    return Components(
        subject=(whole - rows) / (ms.k * m0),
        row=(rows - ms.residual) / ms.k,
        rater=(ms.raters - ms.residual) / ms.n,
        residual=ms.residual,
    )


def mixed_values(ratings: ArrayLike, subjects: NDArray[Any]) -> dict[str, float]:
    """Return the figures of `MIXED_NAMES`; NaN where no subject repeats."""
    parts = variance_components(ratings, subjects)
    error = max(0.0, parts.rater) + parts.residual
    return {
        "ICC, mixed model": _share(parts.subject + parts.row, error),
        "ICC, within subjects": _share(parts.row, error),
        "SD of subjects": _root(parts.subject),
        "SD of rows": _root(parts.row),
        "SD of raters": _root(parts.rater),
        "SD of residuals": _root(parts.residual),
    }


def mixed_figures(ratings: ArrayLike, subjects: NDArray[Any]) -> Iterator[tuple[str, Estimate]]:
    """Yield the figures by name; their intervals are the jackknife's alone."""
    for name, value in mixed_values(ratings, subjects).items():
        yield name, Estimate(value)


def _share(true: float, error: float) -> float:
    return true / (true + error) if true + error > 0 else math.nan


def _root(variance: float) -> float:
    return math.sqrt(max(0.0, variance)) if math.isfinite(variance) else math.nan
