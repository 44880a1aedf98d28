"""Follicular units from roots, and the figures of a field: densities, diameters, units, intervals.

Pure arithmetic on roots, lengths and diameters; definitions and units as in the column contract.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree

from ..records import CutoffSplit
from ..settings import HairSettings

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

#: Two-sided 95 % of a normal distribution.
_Z95 = 1.959964
#: Directions that differ by less than this agree.
_AGREE_DEG = 45.0
#: Cut-offs of the terminal/vellus curve.
CUTOFFS_UM = tuple(range(20, 61, 5))
#: Rounding a count to a whole number: variance of detection on an empty field.
_COUNT_FLOOR_VARIANCE = 0.25


def group_roots(roots_mm: Floats, directions: Floats, settings: HairSettings) -> tuple[Ints, bool]:
    """Group roots into follicular units by single linkage.

    Two roots are linked when they are nearer than ``unit_link_mm`` and their shafts agree in
    direction or converge towards the skin.  A group of more than ``max_hairs_per_unit`` is cut at
    its longest links.

    Parameters
    ----------
    roots_mm : ndarray of float, shape (n, 2)
    directions : ndarray of float, shape (n, 2)
        Unit vectors from root to tip.

    Returns
    -------
    units : ndarray of int, shape (n,)
        From 1, numbered by the order of their first root.
    is_cut : bool
        Whether a group was cut.
    """
    count = len(roots_mm)
    if not count:
        return np.zeros(0, np.int64), False
    apart = np.linalg.norm(roots_mm[:, None] - roots_mm[None], axis=2)
    agree = directions @ directions.T >= math.cos(math.radians(_AGREE_DEG))
    deeper = roots_mm - 0.5 * settings.unit_link_mm * directions
    converge = np.linalg.norm(deeper[:, None] - deeper[None], axis=2) < apart
    linked = (apart <= settings.unit_link_mm) & (agree | converge)
    np.fill_diagonal(linked, False)
    # SciPy takes weights below 1e-8 for no link at all; two roots may share a point.
    weights = np.where(linked, np.maximum(apart, 1e-6), 0.0)
    tree = minimum_spanning_tree(weights).tocoo()
    order = np.argsort(tree.data, kind="stable")
    first, second, length = tree.row[order], tree.col[order], tree.data[order]
    keep = np.ones(len(length), bool)
    is_cut = False
    while True:
        graph = coo_matrix((length[keep], (first[keep], second[keep])), shape=(count, count))
        _, labels = connected_components(graph, directed=False)
        too_large = np.bincount(labels)[labels[first]] > settings.max_hairs_per_unit
        candidates = np.flatnonzero(keep & too_large)
        if not len(candidates):
            break
        is_cut = True
        keep[candidates[-1]] = False
    _, first_seen, units = np.unique(labels, return_index=True, return_inverse=True)
    rank = np.argsort(np.argsort(first_seen))
    return rank[units].astype(np.int64) + 1, is_cut


def mean_nearest_distance(places: Floats, *, among: Floats) -> float:
    """Mean distance of each place to its nearest other place; NaN with fewer than two.

    ``among`` holds all places, those outside the frame too, so that the frame's edge does not
    lengthen the distance.
    """
    if not len(places) or len(among) < 2:
        return math.nan
    apart = np.linalg.norm(places[:, None] - among[None], axis=2)
    apart[apart < 1e-9] = np.inf
    return float(apart.min(axis=1).mean())


@dataclass(frozen=True)
class Interval:
    """A figure and its 95 % limits."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class CountError:
    """Standard errors of a count towards fewer and towards more hairs, and the hairs unseen.

    Parameters
    ----------
    below, above : float
        Hairs.
    unseen : float
        How many hairs more than were counted are expected: the error above is around these.
    """

    below: float
    above: float
    unseen: float = 0.0


def count_interval(
    confidences: Floats, unseen: float, settings: HairSettings, *, hides_roots: bool = False
) -> tuple[Interval, CountError]:
    """Return the count with its 95 % detection interval, and its standard errors.

    The variance is that of each hair being one, Σ p (1 − p), and of split hairs, which grow with
    the count, or, upwards, of unseen ones: they fall as in a Poisson process, and how many they are
    is known to a share of the count (``overcount_`` and ``undercount_relative_error``).

    Parameters
    ----------
    confidences : ndarray of float, shape (n,)
        Of the counted hairs, 0 to 1.
    unseen : float
        How many hairs besides them are expected (`unseen.expected_unseen`).
    settings : HairSettings
    hides_roots : bool
        Hair is so long or dense that roots are guessed: ``hidden_roots_relative_error`` comes in
        to both sides.
    """
    count = len(confidences)
    doubt = float((confidences * (1 - confidences)).sum()) + _COUNT_FLOOR_VARIANCE
    if hides_roots:
        doubt += (settings.hidden_roots_relative_error * count) ** 2
    error = CountError(
        below=math.sqrt(doubt + (settings.overcount_relative_error * count) ** 2),
        above=math.sqrt(doubt + unseen + (settings.undercount_relative_error * count) ** 2),
        unseen=unseen,
    )
    return _limits(count, error, 1.0), error


def _limits(count: int, error: CountError, area: float) -> Interval:
    low = max(0.0, count - _Z95 * error.below)
    high = count + error.unseen + _Z95 * error.above
    return Interval(count / area, low / area, high / area)


def density_intervals(
    count: int,
    count_error: CountError,
    hairs_by_unit: Ints,
    area_cm2: float,
    scale_relative_error: float,
) -> tuple[Interval, Interval]:
    """Return the density of the field and that of the site, each with 95 % limits (1/cm²).

    The field's limits hold the detection error and the scale's (area goes with its square).  The
    site's hold the sampling of one field as well: units fall as in a compound Poisson process, so
    that the count's variance is Σ h² over units of h hairs (upper bound for spaced units).
    """
    if not area_cm2 > 0:
        nothing = Interval(math.nan, math.nan, math.nan)
        return nothing, nothing
    scale_variance = (2 * scale_relative_error * count) ** 2
    # With no hair at all, three expected ones would still be missed once in twenty times.
    sampling = float((hairs_by_unit.astype(float) ** 2).sum()) if count else (3 / _Z95) ** 2
    return (
        _limits(count, _widened(count_error, scale_variance), area_cm2),
        _limits(count, _widened(count_error, scale_variance + sampling), area_cm2),
    )


def _widened(error: CountError, variance: float) -> CountError:
    below, above = (math.sqrt(one**2 + variance) for one in (error.below, error.above))
    return CountError(below, above, error.unseen)


def split_at(diameters_um: Floats, cutoff_um: float) -> CutoffSplit:
    """Split hairs into terminal (>= cut-off) and vellus; NaN diameters are left out."""
    known = diameters_um[np.isfinite(diameters_um)]
    terminal = int((known >= cutoff_um).sum())
    vellus = len(known) - terminal
    percent = 100.0 * vellus / len(known) if len(known) else math.nan
    return CutoffSplit(float(cutoff_um), terminal, vellus, percent)


def cumulative_thickness(diameters_um: Floats, count: int, area_cm2: float) -> float:
    """Cumulative hair thickness Σ d / A in mm/cm²; unknown diameters count as the mean."""
    if not area_cm2 > 0:
        return math.nan
    if not count:
        return 0.0
    return count * _mean(diameters_um) * 1e-3 / area_cm2


def hair_mass_index(diameters_um: Floats, count: int, area_cm2: float) -> float:
    """Hair mass index 100 · Σ (π d² / 4) / A, d in mm and A in cm²; unknown diameters as the mean.

    143 hairs/cm² of 75 µm give 63.
    """
    if not area_cm2 > 0:
        return math.nan
    if not count:
        return 0.0
    section_mm2 = math.pi / 4 * _mean((diameters_um * 1e-3) ** 2)
    return 100.0 * count * section_mm2 / area_cm2


def _mean(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(known.mean()) if len(known) else math.nan
