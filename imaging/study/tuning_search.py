"""Where the figures of a tuning are best: plateaus before peaks, and on photos not tuned on.

Everything here is arithmetic on tallies.  One choice of settings is a point; `Tallies` asks for the
points that it lacks.  All subsets of the photos (all of them, and the training part of every fold)
go through the search side by side, so that what one has asked for the others need not ask again.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..settings.declare import Value
from .tuning_space import Axis, Point, curve_points, moved, place_of
from .tuning_tally import Metric, Tally, figure_of

#: A sampled point is judged by itself and this many nearest ones for each setting moved.
_NEIGHBOURS_PER_SETTING = 1

Subset = tuple[str, ...]


class Tallies:
    """Tallies of every point asked for so far, by photo."""

    def __init__(self, evaluate: Callable[[Sequence[Point]], Mapping[Point, Mapping[str, Tally]]]):
        self._evaluate = evaluate
        self.known: dict[Point, Mapping[str, Tally]] = {}

    def ensure(self, points: Sequence[Point]) -> None:
        """Tally the points that are not known yet."""
        missing = [point for point in dict.fromkeys(points) if point not in self.known]
        if missing:
            self.known |= self._evaluate(missing)

    def figure(self, metric: Metric, point: Point, photos: Subset) -> float:
        """Return a figure over some photos."""
        found = self.known[point]
        return figure_of(metric, [found[photo] for photo in photos])

    def worth(self, metric: Metric, point: Point, photos: Subset) -> float:
        """Return a figure so that more is better; −inf for "cannot tell"."""
        figure = metric.sign * self.figure(metric, point, photos)
        return figure if math.isfinite(figure) else -math.inf


@dataclass(frozen=True)
class Plateau:
    """Neighbouring values at which a figure stays within the tolerance of its best.

    ``low`` and ``high`` are the first and last index; ``best`` that of the best value.
    """

    low: int
    high: int
    best: int

    @property
    def middle(self) -> int:
        """Index of its middle; of two, the one nearer to the best value."""
        total = self.low + self.high
        return (total + (self.best > total / 2)) // 2

    def holds(self, index: int) -> bool:
        """Whether this index lies on it."""
        return self.low <= index <= self.high


def find_plateau(worths: Sequence[float], *, tolerance: float) -> Plateau | None:
    """Return the widest run of neighbours within the tolerance of the best; None without any.

    A run that holds no best value is as good as one that does, up to the tolerance, and a wider one
    is safer.
    """
    best = max(worths, default=-math.inf)
    if not math.isfinite(best):
        return None
    runs: list[tuple[int, int]] = []
    start = None
    for index, worth in enumerate([*worths, -math.inf]):
        if worth >= best - tolerance:
            start = index if start is None else start
        elif start is not None:
            runs.append((start, index - 1))
            start = None
    low, high = max(runs, key=lambda run: (run[1] - run[0], max(worths[run[0] : run[1] + 1])))
    return Plateau(low, high, low + int(np.argmax(worths[low : high + 1])))


def choose_value(axis: Axis, worths: Sequence[float], now: Value, *, tolerance: float) -> Value:
    """Return the value of one setting to choose: the one in force while it is as good as any.

    Otherwise the middle of the widest plateau of a number, the best of choices.
    """
    best = max(worths, default=-math.inf)
    if not math.isfinite(best) or worths[axis.values.index(now)] >= best - tolerance:
        return now
    if not axis.is_number:
        return axis.values[int(np.argmax(worths))]
    plateau = find_plateau(worths, tolerance=tolerance)
    return now if plateau is None else axis.values[plateau.middle]


def search_one_at_a_time(
    axes: Sequence[Axis],
    start: Point,
    tallies: Tallies,
    metric: Metric,
    subsets: Sequence[Subset],
    *,
    tolerance: float,
    rounds: int,
) -> list[Point]:
    """Move one setting at a time, then all that helped together; again from there.

    Returns
    -------
    list of Point
        The choice on each subset.
    """
    at = [start] * len(subsets)
    for _ in range(rounds):
        tallies.ensure([p for point in dict.fromkeys(at) for p in curve_points(axes, point)])
        candidates = [
            _candidates(axes, point, tallies, metric, photos, tolerance=tolerance)
            for point, photos in zip(at, subsets, strict=True)
        ]
        tallies.ensure([point for points in candidates for point in points])
        new = [
            _best_of(points, tallies, metric, photos, tolerance=tolerance)
            for points, photos in zip(candidates, subsets, strict=True)
        ]
        if new == at:
            break
        at = new
    return at


def _candidates(
    axes: Sequence[Axis],
    at: Point,
    tallies: Tallies,
    metric: Metric,
    photos: Subset,
    *,
    tolerance: float,
) -> list[Point]:
    """Return the point in force, each setting's own move, and all moves together."""
    values = dict(at)
    together, single = at, []
    for axis in axes:
        worths = [
            tallies.worth(metric, moved(at, axis.name, value), photos) for value in axis.values
        ]
        chosen = choose_value(axis, worths, values[axis.name], tolerance=tolerance)
        if chosen != values[axis.name]:
            single.append(moved(at, axis.name, chosen))
            together = moved(together, axis.name, chosen)
    # The point in force comes first, then the one that moves most.
    return list(dict.fromkeys([at, together, *single]))


def _best_of(
    points: Sequence[Point], tallies: Tallies, metric: Metric, photos: Subset, *, tolerance: float
) -> Point:
    """Return the first point that is within the tolerance of the best."""
    worths = [tallies.worth(metric, point, photos) for point in points]
    best = max(worths)
    if not math.isfinite(best) or worths[0] >= best - tolerance:
        return points[0]
    return points[int(np.argmax(worths))]


def search_points(
    axes: Sequence[Axis],
    start: Point,
    points: Sequence[Point],
    tallies: Tallies,
    metric: Metric,
    subsets: Sequence[Subset],
    *,
    tolerance: float,
) -> list[Point]:
    """Choose among points of a grid or a sample, each judged with its neighbours: no lone peaks.

    The point in force stays while it is as good as the choice.
    """
    tallies.ensure([start, *points])
    places = np.array([[place_of(a, dict(p)[a.name]) for a in axes] for p in points])
    apart = np.abs(places[:, None] - places[None]).max(axis=2)
    near = np.argsort(apart, axis=1, kind="stable")[:, : 1 + _NEIGHBOURS_PER_SETTING * len(axes)]
    chosen = []
    for photos in subsets:
        worths = np.array([tallies.worth(metric, point, photos) for point in points])
        best = float(worths.max())
        if not math.isfinite(best):
            chosen.append(start)
            continue
        judged = np.minimum(worths, np.where(np.isfinite(worths), worths, best - 1)[near].mean(1))
        # A broad place that is worse by more than the tolerance is no better than the peak.
        judged[worths < best - 2 * tolerance] = -np.inf
        pick = points[int(np.argmax(judged))]
        before = tallies.worth(metric, start, photos)
        is_better = tallies.worth(metric, pick, photos) > before + tolerance
        chosen.append(pick if is_better else start)
    return chosen


def make_folds(
    photos: Sequence[str], groups: Mapping[str, str], *, folds: int, rng: np.random.Generator
) -> list[Subset]:
    """Part the photos into folds; photos of one group (subject) stay together.

    Parameters
    ----------
    photos : sequence of str
    groups : mapping of photo to group
        A photo without one is a group of its own.
    folds : int
        Fewer when there are fewer groups; none with a single group.
    """
    members: dict[str, list[str]] = {}
    for photo in sorted(photos):
        members.setdefault(groups.get(photo, f"\0{photo}"), []).append(photo)
    names = sorted(members)
    count = min(folds, len(names))
    if count < 2:
        return []
    parts: list[list[str]] = [[] for _ in range(count)]
    # Large groups first, each to the smallest fold, so that folds are of one size.
    order = [names[i] for i in rng.permutation(len(names))]
    for name in sorted(order, key=lambda n: -len(members[n])):
        min(parts, key=len).extend(members[name])
    return [tuple(sorted(part)) for part in parts]
