"""Intervals for rows that come in clusters: several photos of one subject are not independent.

The delete-one jackknife over subjects needs no model of how a subject's rows belong together.  It
is the same small-sample correction as the cluster-robust variance CR3: every subject is left out
whole, and Student's t with (subjects − 1) degrees of freedom takes the place of the normal.

References
----------
Efron & Tibshirani 1993, An Introduction to the Bootstrap, chapter 11; Bell & McCaffrey 2002, Survey
Methodology 28:169 (CR3 and the jackknife).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from .agreement_icc import UPPER

#: More subjects are left out in groups of equal size: as good, and the time has an end.
MOST_LEFT_OUT = 200
#: With fewer subjects a t interval has so few degrees of freedom that it says nothing.
FEWEST_SUBJECTS = 4
#: Told where photos stand for subjects because nobody named these.
PHOTOS_APART = (
    "Photos were parted into folds one by one; if several show one person, name the subjects in a "
    "manifest, or the error out of fold is too small."
)

Scale = tuple[Callable[[float], float], Callable[[float], float]]

#: How a figure is stretched before it is averaged, and back: correlations on Fisher's z.
PLAIN: Scale = (lambda value: value, lambda value: value)
FISHER: Scale = (math.atanh, math.tanh)
LOGARITHM: Scale = (math.log, math.exp)


def intraclass_scale(k: int) -> Scale:
    """Return Fisher's z of an intraclass correlation of groups of `k`.

    z = ½·log((1 + (k − 1)ρ)/(1 − ρ)): its ends are −1/(k − 1), which no such correlation is below,
    and 1.  For two it is that of any correlation.
    """

    def stretch(value: float) -> float:
        if math.isnan(value):
            return value
        if value >= 1:
            raise ValueError("an intraclass correlation of 1 lies at the end of Fisher's z")
        return math.log((1 + (k - 1) * value) / (1 - value)) / 2

    def back(z: float) -> float:
        # Divided by the larger exponential, so that no z overflows.
        if z > 0:
            small = math.exp(-2 * z)
            return (1 - small) / (1 + (k - 1) * small)
        small = math.exp(2 * z)
        return (small - 1) / (small + k - 1)

    return stretch, back


def jackknife_intervals(
    figures: Callable[[NDArray[np.intp]], Mapping[str, float]],
    clusters: NDArray[Any],
    *,
    scales: Mapping[str, Scale],
) -> dict[str, tuple[float, float]]:
    """Return the 95 % interval of each figure by leaving out one subject at a time.

    Parameters
    ----------
    figures : callable (row numbers) -> figures by name
        What is estimated from some of the rows.
    clusters : ndarray, shape (n,)
        The subject of each row.
    scales : mapping of str to Scale
        Scale of a figure; `PLAIN` where none is given.

    Returns
    -------
    dict of str to (low, high)
        NaN where the figure cannot be told, is at the end of its scale, or there are fewer than
        four subjects.

    Notes
    -----
    On the scale of each figure: pseudo-values pᵢ = Gθ − (G − 1)θ₍ᵢ₎ of the G groups,
    SE² = var(p)/G, limits θ ± t·SE with G − 1 degrees of freedom.
    """
    names, codes = np.unique(clusters, return_inverse=True)
    whole = figures(np.arange(codes.size))
    nothing = dict.fromkeys(whole, (math.nan, math.nan))
    if names.size < FEWEST_SUBJECTS:
        return nothing
    groups = codes % MOST_LEFT_OUT if names.size > MOST_LEFT_OUT else codes
    count = int(groups.max()) + 1
    parts = [figures(np.flatnonzero(groups != group)) for group in range(count)]
    t = float(stats.t.ppf(UPPER, count - 1))
    return {
        name: _interval(value, [part[name] for part in parts], scales.get(name, PLAIN), t)
        for name, value in whole.items()
    }


def repeats(subjects: NDArray[Any]) -> bool:
    """Tell whether some of several subjects have more than one row."""
    count = len(set(subjects.tolist()))
    return 1 < count < subjects.size


def by_subject(values: NDArray[np.float64], subjects: NDArray[Any]) -> list[NDArray[np.float64]]:
    """Return the values of each subject, subjects in order."""
    names, codes = np.unique(subjects, return_inverse=True)
    order = np.argsort(codes, kind="stable")
    edges = np.searchsorted(codes[order], np.arange(1, names.size))
    return np.split(values[order], edges)


def _interval(value: float, left: list[float], scale: Scale, t: float) -> tuple[float, float]:
    stretch, back = scale
    try:
        middle = stretch(value)
        others = np.array([stretch(part) for part in left])
    except ValueError:
        # Perfect agreement lies at the end of Fisher's z, where no scatter can be told.
        return math.nan, math.nan
    count = others.size
    pseudo = count * middle - (count - 1) * others
    error = math.sqrt(float(pseudo.var(ddof=1)) / count)
    if not (math.isfinite(error) and math.isfinite(middle)):
        return math.nan, math.nan
    return back(middle - t * error), back(middle + t * error)
