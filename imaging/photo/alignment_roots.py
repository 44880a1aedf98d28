"""One constellation of roots found again in another: turn, zoom, shift, and how likely by chance.

Strategy.  Every turn and zoom within the limits is tried in steps; all displacements between roots
of the two photos vote in bins.  The true displacement gets a vote from every root that is seen
twice, any other one only what chance gives.  The best bins are refined by pairing mutual nearest
roots and fitting, over shrinking distances.  Which of them is right, and whether any is, is judged
by the number of alignments as good as this one that chance would give (a contrario: Desolneux,
Moisan and Morel 2000, doi:10.1023/A:1026593302236).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree
from scipy.stats import binom

from ..settings import FollowupSettings
from .alignment_warp import Points, Warp, gentle, similarity

#: Steps of turn and zoom: at 4 mm from the centre half a step moves a root by 0.07 and 0.05 mm.
_TURN_STEP_DEG, _ZOOM_STEP = 2.0, 0.025
#: Displacements vote in bins of this size, smoothed over three of them.
_BIN_MM = 0.1
#: Best bins of each turn and zoom, and of all together, that are refined.
_BINS_EACH, _BINS_ALL = 3, 240
#: A bin's neighbourhood that counts as the same bin.
_SAME_BIN = 5
#: Fewer votes than this at a turn show nothing.
_LEAST_VOTES = 3
#: More roots than this are thinned at random order: they tell nothing more.
_MOST_ROOTS = 400
#: Distances of the refinement, in tolerances.
_SHRINKING = (2.5, 1.8, 1.4, 1.0, 1.0)
#: With fewer pairs the map stays a similarity, or an affine one.
_LEAST_FOR_AFFINE, _LEAST_FOR_BEND = 8, 14
#: Roots nearer than this stand in one follicular unit: they are not independent witnesses.
_CLUSTER_MM = 0.30
#: Directions that differ by more than this, after the turn, are not those of one follicle.
_SAME_DIRECTION_DEG = 40.0
#: Refined maps that are judged: those with most pairs.
_JUDGED = 40
#: The share of the overlap near a root is read on a grid of so many steps along the longer side.
_GRID_STEPS = 120


@dataclass(frozen=True, eq=False)
class Constellation:
    """Roots of one photo (mm, shape (n, 2)), where their shafts run, and the size of its field.

    ``directions_rad`` (n) is NaN for marks without a direction: these agree with any.
    """

    roots: Points
    directions_rad: Points
    size: tuple[float, float]


@dataclass(frozen=True, eq=False)
class Fit:
    """A map in mm, the paired roots (k, 2), and the log10 number of equals by chance."""

    warp: Warp
    pairs: NDArray[np.intp]
    chance_log10: float


def find_fit(
    baseline: Constellation,
    followup: Constellation,
    *,
    most_zoom: float,
    settings: FollowupSettings,
) -> Fit | None:
    """Return the alignment that chance explains least, or None where too few roots agree.

    Parameters
    ----------
    baseline, followup : Constellation
    most_zoom : float
        Zooms from its inverse to itself are tried.
    settings : FollowupSettings
    """
    if min(len(baseline.roots), len(followup.roots)) < 3:
        return None
    judge = _Judge(baseline, followup, most_zoom, settings)
    refined = [judge.refined(seed) for seed in _seeds(baseline, followup, most_zoom, settings)]
    found = [candidate for candidate in refined if candidate is not None]
    found.sort(key=lambda candidate: -len(candidate[1]))
    fits = [Fit(warp, pairs, judge.chance(warp, pairs)) for warp, pairs in found[:_JUDGED]]
    return min(fits, key=lambda fit: fit.chance_log10, default=None)


def _seeds(
    baseline: Constellation, followup: Constellation, most_zoom: float, settings: FollowupSettings
) -> list[Warp]:
    chosen = _thinned(len(baseline.roots)), _thinned(len(followup.roots))
    first, second = baseline.roots[chosen[0]], followup.roots[chosen[1]]
    between = _between(
        baseline.directions_rad[chosen[0]][:, None], followup.directions_rad[chosen[1]][None]
    )
    middle = first.mean(axis=0)
    turns = _steps(settings.most_turn_deg, _TURN_STEP_DEG)
    zooms = np.exp(_steps(math.log(most_zoom), _ZOOM_STEP))
    seeds: list[tuple[float, Warp]] = []
    for turn in np.radians(turns):
        alike = _is_alike(between, float(turn))
        if alike.sum() < _LEAST_VOTES:
            continue
        for zoom in zooms:
            cos, sin = zoom * math.cos(turn), zoom * math.sin(turn)
            linear = np.array([[cos, -sin], [sin, cos]])
            moved = (first - middle) @ linear.T
            shifts = (second[None] - moved[:, None])[alike]
            for votes, shift in _peaks(shifts):
                warp = Warp(linear, shift - linear @ middle, np.zeros((2, 3)), middle, 1.0)
                seeds.append((votes, warp))
    seeds.sort(key=lambda seed: -seed[0])
    return [warp for _, warp in seeds[:_BINS_ALL]]


def _thinned(count: int) -> NDArray[np.intp]:
    # Every so many in the order of the table, which runs down the photo: spread over it all.
    return np.linspace(0, count - 1, min(count, _MOST_ROOTS)).astype(np.intp)


def _between(first_rad: Points, second_rad: Points) -> Points:
    """Return the turn from one direction to another, −π to π."""
    turn: Points = (second_rad - first_rad + math.pi) % (2 * math.pi) - math.pi
    return turn


def _is_alike(between_rad: Points, turn_rad: float) -> NDArray[np.bool_]:
    left = np.abs((between_rad - turn_rad + math.pi) % (2 * math.pi) - math.pi)
    alike: NDArray[np.bool_] = ~(left > math.radians(_SAME_DIRECTION_DEG))
    return alike


def _steps(most: float, step: float) -> Points:
    count = math.ceil(most / step)
    return np.linspace(-most, most, 2 * count + 1) if count else np.zeros(1)


def _peaks(shifts: Points) -> list[tuple[float, Points]]:
    """Return votes and displacement of the fullest bins."""
    low = shifts.min(axis=0) - 2 * _BIN_MM
    columns, rows = (np.ceil((shifts.max(axis=0) - low) / _BIN_MM).astype(int) + 3).tolist()
    place = ((shifts - low) / _BIN_MM).astype(int)
    counts = np.bincount(place[:, 1] * columns + place[:, 0], minlength=rows * columns)
    votes = cv2.boxFilter(
        counts.reshape(rows, columns).astype(np.float32), -1, (3, 3), normalize=False
    )
    # What a neighbourhood gives on average is chance: the excess over its noise counts.
    usual = cv2.blur(votes, (21, 21))
    votes = (votes - usual) / np.sqrt(usual + 1.0)
    found = []
    for _ in range(_BINS_EACH):
        _, most, _, (column, row) = cv2.minMaxLoc(votes)
        found.append((float(most), low + (np.array([column, row]) + 0.5) * _BIN_MM))
        votes[max(0, row - _SAME_BIN) : row + _SAME_BIN + 1,
              max(0, column - _SAME_BIN) : column + _SAME_BIN + 1] = 0  # fmt: skip
    return found


class _Judge:
    """Refines seeds and tells how many equally good alignments chance would give."""

    def __init__(
        self,
        baseline: Constellation,
        followup: Constellation,
        most_zoom: float,
        settings: FollowupSettings,
    ) -> None:
        self._first, self._second = baseline, followup
        self._tree = KDTree(followup.roots)
        self._settings = settings
        self._most_zoom_log = math.log(most_zoom)
        self._cluster = _clusters(baseline.roots)
        tolerance = settings.root_tolerance_mm
        self._grid = _grid(followup.size)
        self._is_near = np.isfinite(self._tree.query(self._grid, distance_upper_bound=tolerance)[0])
        self._between = _between(baseline.directions_rad[:, None], followup.directions_rad[None])
        # Alignments that differ: by a tolerance in place, or as much at the field's edge.
        reach = 0.5 * max(baseline.size)
        angle = tolerance / reach
        places = math.prod(a + b for a, b in zip(baseline.size, followup.size, strict=True))
        turns = max(1.0, 2 * math.radians(settings.most_turn_deg) / angle)
        zooms = max(1.0, 2 * self._most_zoom_log / angle)
        self._tests_log10 = math.log10(places / tolerance**2 * turns * zooms)

    def refined(self, seed: Warp) -> tuple[Warp, NDArray[np.intp]] | None:
        """Return the map that a seed leads to, with its pairs, or None where it leads nowhere."""
        first, second = self._first.roots, self._second.roots
        warp = seed
        pairs = np.zeros((0, 2), np.intp)
        for round_, factor in enumerate(_SHRINKING):
            pairs = self._pair(warp, factor * self._settings.root_tolerance_mm)
            if len(pairs) < 3:
                return None
            a, b = first[pairs[:, 0]], second[pairs[:, 1]]
            warp = similarity(a, b)
            if abs(math.log(max(warp.zoom, 1e-6))) > self._most_zoom_log + _ZOOM_STEP:
                return None
            if abs(warp.turn_deg) > self._settings.most_turn_deg + _TURN_STEP_DEG:
                return None
            if round_ >= 2 and len(pairs) >= _LEAST_FOR_AFFINE:
                warp = gentle(a, b, warp, has_bend=len(pairs) >= _LEAST_FOR_BEND)
        pairs = self._pair(warp, self._settings.root_tolerance_mm)
        if len(pairs) < 3:
            return None
        return warp, pairs

    def _pair(self, warp: Warp, within: float) -> NDArray[np.intp]:
        """Return mutual nearest roots within a distance, shape (k, 2)."""
        moved = warp.forward(self._first.roots)
        distance, nearest = self._tree.query(moved, distance_upper_bound=within)
        mine = np.flatnonzero(np.isfinite(distance))
        back = KDTree(moved).query(self._second.roots[nearest[mine]])[1]
        mutual = mine[back == mine]
        alike = _is_alike(self._between[mutual, nearest[mutual]], math.radians(warp.turn_deg))
        mutual = mutual[alike]
        return np.column_stack([mutual, nearest[mutual]]).astype(np.intp)

    def chance(self, warp: Warp, pairs: NDArray[np.intp]) -> float:
        """Return log10 of the expected number of alignments as good, by chance.

        Clusters of roots (units) are the witnesses: one that has at least one pair agrees.  By
        chance one of m roots does so with probability 1 − (1 − s)^m, where s is the share of the
        overlap that lies near some root of the follow-up, times the share of like directions.
        """
        moved = warp.forward(self._first.roots)
        width, height = self._second.size
        inside = ((moved >= 0) & (moved <= (width, height))).all(axis=1)
        if not inside.any():
            return math.inf
        labels, sizes = np.unique(self._cluster[inside], return_counts=True)
        agreeing = len(np.unique(self._cluster[pairs[:, 0]]))
        alike = float(_is_alike(self._between, math.radians(warp.turn_deg)).mean())
        share = self._near_share(warp) * alike
        chance = float(np.mean(1.0 - (1.0 - share) ** sizes))
        # Three pairs are what any seed has; a map with more freedom fits a few more.
        free = 2 + (len(pairs) >= _LEAST_FOR_AFFINE) + (len(pairs) >= _LEAST_FOR_BEND)
        count, successes = len(labels) - free, agreeing - free
        if count < 1 or successes < 1:
            return math.inf
        tail = float(binom.logsf(successes - 1, count, min(chance, 1.0)))
        return self._tests_log10 + tail / math.log(10)

    def _near_share(self, warp: Warp) -> float:
        """Return the share of the common field that lies near a root of the follow-up."""
        width, height = self._first.size
        back = (self._grid - warp.shift) @ np.linalg.inv(warp.linear).T
        common = ((back >= 0) & (back <= (width, height))).all(axis=1)
        return float(self._is_near[common].mean()) if common.any() else 1.0


def _grid(size: tuple[float, float]) -> Points:
    step = max(size) / _GRID_STEPS
    x, y = (np.arange(step / 2, length, step) for length in size)
    grid: Points = np.stack(np.meshgrid(x, y), axis=-1).reshape(-1, 2)
    return grid


def _clusters(roots: Points) -> NDArray[np.int64]:
    """Return for each root the number of its cluster (single linkage)."""
    label = np.arange(len(roots))
    for a, b in KDTree(roots).query_pairs(_CLUSTER_MM):
        low, high = sorted((label[a], label[b]))
        label[label == high] = low
    return label
