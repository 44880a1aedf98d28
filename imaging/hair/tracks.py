"""Candidate centre lines: streamlines of the oriented evidence in (x, y, angle).

Seeds are oriented maxima (across the line and in angle).  From each a line is followed both ways,
all seeds at once: one vectorised step moves every live line by `STEP_PX` in the best of a few
directions within the largest bend that hair shows, then shifts it sideways onto the ridge.  Lines
at another angle do not disturb it, so it passes crossings straight on.  The result holds many
copies of every hair; `strips` chooses among them.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .curl import are_curls
from .evidence import MOST_REMAPPED, Map, ShaftEvidence, read_at
from .lines import STEP_PX, Lines, Points, cut_to_shafts, no_lines

#: Steps below the following threshold before a line ends: it may pass under a reflection.
_WEAK_STEPS = 2
#: Seeds are thinned to the best of each cell of this size and each of twelve angle classes.
_SEED_CELL_MM = 0.036
_SEED_ANGLE_CLASSES = 12
_MANY_SEEDS = 20_000
#: Of lines that agree in middle, angle (so many of a half turn; even, so that a quarter turn is a
#: whole number of them) and length to this precision, the darkest is kept.
_SAME_PLACE_MM = 0.03
_SAME_ANGLES = 26
#: Lines by which curly hair is told.
_CURL_SEEDS = 600
#: Reading darkness for ends is smoothed by this much.
_END_SMOOTHING_MM = 0.010


def find_tracks(
    evidence: ShaftEvidence,
    settings: HairSettings,
    *,
    is_curly: bool = False,
) -> Lines:
    """Return candidate centre lines, cut to where the shaft is dark.

    Every candidate is at least ``min_length_mm`` long; near copies are dropped.

    Parameters
    ----------
    evidence : ShaftEvidence
    settings : HairSettings
    is_curly : bool
        Whether they may bend as sharply as curly hair: on straight hair that would lead a line from
        one shaft into the next.
    """
    bend_radius_mm = settings.min_bend_radius_mm
    if is_curly:
        bend_radius_mm = min(bend_radius_mm, settings.curly_bend_radius_mm)
    smooth = _smooth_darkness(evidence)
    found, means = no_lines(), np.zeros(0)
    for response in evidence.responses:
        x, y, angle = _seeds(response, evidence, settings)
        if not len(x):
            continue
        lines = _follow_both_ways(response, x, y, angle, bend_radius_mm, evidence, settings)
        cut, mean = _cut_to_shafts(lines, smooth, evidence, settings)
        found, means = found.joined(cut), np.concatenate([means, mean])
    return found.chosen(_darkest_copies(found, means, evidence))


def has_curly_hair(evidence: ShaftEvidence, settings: HairSettings) -> bool:
    """Return whether hair is curly, by a sample of lines that were free to bend as it does."""
    response = evidence.responses[-1]
    x, y, angle = _seeds(response, evidence, settings)
    if not len(x):
        return False
    some = np.unique(np.linspace(0, len(x) - 1, _CURL_SEEDS).astype(np.intp))
    lines = _follow_both_ways(
        response,
        x[some],
        y[some],
        angle[some],
        settings.curly_bend_radius_mm,
        evidence,
        settings,
    )
    shafts, _ = _cut_to_shafts(lines, _smooth_darkness(evidence), evidence, settings)
    return are_curls(shafts, evidence.px_per_mm, settings)


def _smooth_darkness(evidence: ShaftEvidence) -> Map:
    return smoothed(evidence.darkness, _END_SMOOTHING_MM * evidence.px_per_mm)


def _cut_to_shafts(
    lines: Lines, smooth: Map, evidence: ShaftEvidence, settings: HairSettings
) -> tuple[Lines, NDArray[np.float64]]:
    """Return what `cut_to_shafts` does of the smoothed darkness along the lines."""
    darkness = read_at(smooth, lines.points[:, 0], lines.points[:, 1])
    return cut_to_shafts(lines, darkness, evidence, settings)


def smoothed(image: Map, sigma_px: float) -> Map:
    """Return `image` blurred by a Gaussian of this standard deviation (px)."""
    return cv2.GaussianBlur(image, (0, 0), max(sigma_px, 0.3)).astype(np.float32, copy=False)


def _seeds(
    response: Map, evidence: ShaftEvidence, settings: HairSettings
) -> tuple[Points, Points, Points]:
    count, _, width = response.shape
    rows: list[NDArray[np.float64]] = []
    may_seed = evidence.valid.ravel()
    planes = response.reshape(count, -1)
    for k in range(count):
        plane = planes[k]
        place = np.flatnonzero(plane >= settings.seed_response)
        value = plane[place]
        is_peak = (
            (value >= planes[k - 1][place])
            & (value > planes[(k + 1) % count][place])
            & may_seed[place]
        )
        place, value = place[is_peak], value[is_peak]
        r, c = np.divmod(place, width)
        angle = np.pi * k / count
        nx, ny = -np.sin(angle), np.cos(angle)
        ahead = read_at(response[k], c + nx, r + ny)
        behind = read_at(response[k], c - nx, r - ny)
        is_ridge = (value >= ahead) & (value > behind)
        curvature = np.minimum(ahead + behind - 2 * value, -1e-6)
        offset = np.clip(0.5 * (behind - ahead) / curvature, -0.5, 0.5)
        found = np.column_stack([c + offset * nx, r + offset * ny, np.full(len(r), angle), value])
        rows.append(found[is_ridge])
    seeds = np.vstack(rows)
    cell = max(2.0, _SEED_CELL_MM * evidence.px_per_mm)
    # Where seeds abound hair is long, and each seed of a hair gives the same long line again.
    cell *= max(1.0, len(seeds) / _MANY_SEEDS)
    cells = np.rint((seeds[:, :2] - evidence.centre) / cell).astype(np.int64)
    classes = np.rint(seeds[:, 2] / np.pi * _SEED_ANGLE_CLASSES).astype(np.int64)
    classes %= _SEED_ANGLE_CLASSES
    key = (cells[:, 1] * 100_000 + cells[:, 0]) * _SEED_ANGLE_CLASSES + classes
    order = np.lexsort((-seeds[:, 3], key))
    is_first = np.r_[True, np.diff(key[order]) != 0][: len(order)]
    chosen = seeds[order[is_first]].astype(np.float32)
    return chosen[:, 0], chosen[:, 1], chosen[:, 2]


def _follow_both_ways(
    response: Map,
    x: Points,
    y: Points,
    angle: Points,
    bend_radius_mm: float,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> Lines:
    """Return the line through each seed, its plateau not yet told."""
    count = len(x)
    # Both directions of all seeds are followed at once.
    turned = np.concatenate([angle, angle + np.float32(np.pi)])
    trail = _follow(
        response, np.tile(x, 2), np.tile(y, 2), turned, bend_radius_mm, evidence, settings
    )
    walker = np.concatenate([index for index, _ in trail] or [np.zeros(0, np.intp)])
    step = np.repeat(np.arange(len(trail)), [len(index) for index, _ in trail])
    taken = np.bincount(walker, minlength=2 * count)
    onwards, backwards = taken[:count], taken[count:]
    counts = backwards + 1 + onwards
    # A line's points: those of its way back, last step first, its seed, those of its way onwards.
    seed_at = np.cumsum(counts) - onwards - 1
    points = np.empty((len(walker) + count, 3), np.float32)
    points[seed_at] = np.column_stack([x, y, angle])
    is_back = walker >= count
    line = walker - count * is_back
    at = seed_at[line] + np.where(is_back, -1 - step, 1 + step)
    if trail:
        places = np.concatenate([place for _, place in trail])
        places[is_back, 2] -= np.float32(np.pi)
        points[at] = places
    return Lines(points[:, :2], points[:, 2], counts, np.zeros(count, np.float32))


def _follow(
    response: Map,
    x: Points,
    y: Points,
    angle: Points,
    bend_radius_mm: float,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> list[tuple[NDArray[np.intp], Points]]:
    """Return for every step the lines that took it and their places, shape (n, 3): x, y, angle."""
    height, width = evidence.valid.shape
    volume = _Volume.of(response)
    bend = STEP_PX / (bend_radius_mm * evidence.px_per_mm)
    bends = (bend * np.array([[-1.0], [-0.5], [0.0], [0.5], [1.0]])).astype(np.float32)
    # Straight on wins ties, so that noise does not bend a line.
    bend_weight = np.array([[0.97], [0.99], [1.0], [0.99], [0.97]], np.float32)
    shifts = np.array([[-0.25], [0.0], [0.25]], np.float32)
    shift_weight = np.array([[1.0], [1.01], [1.0]], np.float32)
    longest = int(np.hypot(height, width) / STEP_PX) + 1
    trail: list[tuple[NDArray[np.intp], Points]] = []
    live = np.arange(len(x))
    weak = np.zeros(len(x), np.int64)
    for _ in range(longest):
        # One row for each bend, then for each shift: rows of five columns take far longer.
        turned = angle + bends
        cos, sin = np.cos(turned), np.sin(turned)
        nx = x + np.float32(STEP_PX) * cos
        ny = y + np.float32(STEP_PX) * sin
        ahead = volume.read(nx, ny, turned)
        column = np.arange(len(live))
        best = (ahead * bend_weight).argmax(axis=0) * len(live) + column
        turn = turned.take(best)
        sx = nx.take(best) - sin.take(best) * shifts
        sy = ny.take(best) + cos.take(best) * shifts
        # What lies between both sides was read already.
        side = np.empty((len(shifts), len(live)), np.float32)
        side[::2] = volume.read(sx[::2], sy[::2], turn)
        side[1] = ahead.take(best)
        best = (side * shift_weight).argmax(axis=0) * len(live) + column
        px, py, value = sx.take(best), sy.take(best), side.take(best)
        inside = (px >= 0) & (py >= 0) & (px <= width - 1) & (py <= height - 1)
        near = np.rint(py[inside]).astype(int), np.rint(px[inside]).astype(int)
        inside[inside] = evidence.valid[near]
        weak = np.where(value < settings.follow_response, weak + 1, 0)
        goes_on = inside & (weak <= _WEAK_STEPS)
        live, weak = live[goes_on], weak[goes_on]
        if not len(live):
            break
        x, y, angle = px[goes_on], py[goes_on], turn[goes_on]
        trail.append((live, np.column_stack([x, y, angle])))
    return trail


@dataclass(frozen=True, eq=False)
class _Volume:
    """Responses of shape (angles, h, w) as one tall image, for reading between pixels and angles.

    ``rows`` are where the planes of the angles begin in ``tall``; they wrap.
    """

    height: int
    tall: Map
    rows: NDArray[np.intp]

    @classmethod
    def of(cls, response: Map) -> _Volume:
        count, height, width = response.shape
        # Rounding may make an angle of a whole turn.
        rows = np.arange(count + 2) % count * height
        return cls(height, response.reshape(count * height, width), rows.astype(np.intp))

    def read(self, x: Points, y: Points, angle: Points) -> Map:
        """Trilinear reading at x, y; angles, one for each or for a column, wrap."""
        count, width = len(self.rows) - 2, self.tall.shape[1]
        turn = _wrapped(angle * np.float32(count / np.pi), count)
        low = turn.astype(np.intp)
        share = turn - low.astype(np.float32)
        # What lies beyond the lower edge of a plane belongs to the next.
        x = np.minimum(np.maximum(x, 0), np.float32(width - 1))
        y = np.minimum(np.maximum(y, 0), np.float32(self.height - 1))
        value = self._read_planes(x, y, self.rows.take(low))
        value *= 1 - share
        value += self._read_planes(x, y, self.rows.take(low + 1)) * share
        return value

    def _read_planes(self, x: Points, y: Points, rows: NDArray[np.intp]) -> Map:
        """Return the responses at x, y of the planes that begin at these rows of the tall image."""
        slab = MOST_REMAPPED // self.height * self.height
        if len(self.tall) <= slab:
            return read_at(self.tall, x, y + rows.astype(np.float32))
        value = np.empty_like(x)
        rows = np.broadcast_to(rows, x.shape)
        for first in range(0, len(self.tall), slab):
            here = (rows >= first) & (rows < first + slab)
            part = self.tall[first : first + slab]
            value[here] = read_at(part, x[here], y[here] + (rows[here] - first).astype(np.float32))
        return value


def _wrapped(turn: NDArray[np.float32], count: int) -> NDArray[np.float32]:
    """Return ``turn % count``, in a fifth of the time that NumPy takes for it."""
    turn = turn - count * np.floor(turn / count)
    # The quotient may have been rounded up to a whole number.
    turn[turn < 0] += count
    return turn


def _darkest_copies(
    lines: Lines, means: NDArray[np.float64], evidence: ShaftEvidence
) -> NDArray[np.intp]:
    """Return the darkest line of each place: a coarse key of middle, angle and length."""
    if not len(lines):
        return np.zeros(0, np.intp)
    cell = _SAME_PLACE_MM * evidence.px_per_mm
    starts, counts = lines.starts, lines.counts
    run = lines.points[starts[1:] - 1] - lines.points[starts[:-1]]
    turn = np.arctan2(run[:, 1], run[:, 0]) / np.pi * _SAME_ANGLES
    key = np.column_stack(
        [
            np.rint((lines.middles - evidence.centre) / cell),
            np.rint(turn) % _SAME_ANGLES,
            np.rint(counts * STEP_PX / (2 * cell)),
        ]
    ).astype(np.int64)
    order = np.lexsort((-means, *key.T))
    is_first = np.concatenate([[True], (np.diff(key[order], axis=0) != 0).any(axis=1)])
    return np.sort(order[is_first])
