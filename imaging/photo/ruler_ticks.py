"""Find rows of evenly spaced ticks: the graduations of a ruler, whatever its numbers say.

Ticks are thin upright strokes that begin on one straight line, at one distance, every fifth or
tenth longer.  Hairs lie side by side now and then, but not in such a row.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .ranks import median, percentile

#: Shortest tick, px, and its height over its width at least.
_SHORTEST_PX, _SLENDER = 4, 1.0

#: Widest tick, px, a leaning one's box included.
_WIDEST_PX = 16

#: Least share of a tick's box that is ink: a leaning tick fills less of it.
_LEAST_INK = 0.3

#: A level stroke of this length, px, is the ruler's base or edge, no tick.
_BASE_PX = 25

#: Most candidates in one map: more are grain or hair, and take time.
_MOST_CANDIDATES = 4000

#: Slopes of the base that are tried, and the height of its bins, px.
_SLOPES = np.linspace(-0.1, 0.1, 41)
_BIN_PX = 3

#: Fewest ticks in a row, and the lines that are followed for each kind of base.
_FEWEST, _LINES_FOLLOWED = 15, 3

#: Least distance of ticks, px.
_LEAST_PITCH_PX = 4.5

#: How far a tick may be off its place, as a share of the distance of two, and standard deviation of
#: all ticks from their places, as a share of it and in px.
_OFF_SHARE, _RMS_SHARE, _RMS_PX = 0.18, 0.07, 0.6

#: How far a step from tick to tick may be off a whole number of distances, and share of the steps
#: on a line that must not be: at random every second is.
_OFF_STEP, _STEPS_SHARE = 0.25, 0.6

#: Ticks that may be missing side by side, and share of all places that must hold one.
_MISSING, _FILLED = 3, 0.8

#: Greatest change of the distance of ticks from one end to the other: a ruler seen at a slant.
_MOST_DRIFT = 0.05

#: How much longer every fifth or tenth tick must be than the others.
_LONGER = 1.15


@dataclass(frozen=True, eq=False)
class TickRow:
    """A row of ticks, in px of the map it was found in.

    The base runs through (0, ``level``) with ``slope``; ``origin`` and ``pitch`` are the place of
    tick 0 and the distance of two ticks along it, ``error`` one relative standard error of the
    pitch.  ``reach`` is how far the longest ticks stand off the base to either side, ``boxes`` are
    the ticks' left, top, width, height.
    """

    slope: float
    level: float
    origin: float
    pitch: float
    error: float
    last: int
    reach: float
    boxes: NDArray[np.int64]

    @property
    def ticks(self) -> int:
        return len(self.boxes)

    def place(self, x: float, y: float) -> float:
        """Place of a point along the ruler, in ticks from tick 0."""
        turned = (x + self.slope * (y - self.level)) / math.hypot(1.0, self.slope)
        return (turned - self.origin) / self.pitch

    def point(self, place: float) -> tuple[float, float]:
        """x, y of the base at a place in ticks from tick 0."""
        x = (self.origin + place * self.pitch) / math.hypot(1.0, self.slope)
        return x, self.level + self.slope * x

    @property
    def box(self) -> tuple[int, int, int, int]:
        """row0, row1, col0, col1 around the ticks."""
        left, top, wide, high = self.boxes.T
        return int(top.min()), int((top + high).max()), int(left.min()), int((left + wide).max())


def find_tick_rows(strokes: NDArray[np.uint8]) -> list[TickRow]:
    """Return the rows of upright ticks in a map of strokes, those of most ticks first.

    Parameters
    ----------
    strokes : ndarray of uint8, shape (h, w)
        1 where a stroke is.
    """
    boxes = _candidates(strokes)
    if not _FEWEST <= len(boxes) <= _MOST_CANDIDATES:
        return []
    left, top, wide, high = boxes.T
    x = left + 0.5 * wide
    found: list[TickRow] = []
    # Ticks stand on their base, hang from it, or cross it.
    for y in (top + 0.0, top + high - 0.0, top + 0.5 * high):
        for slope, level in _lines(x, y):
            row = _row(boxes, x, y, slope, level)
            if row is not None:
                found.append(row)
    found.sort(key=lambda row: (-row.ticks, row.error))
    kept: list[TickRow] = []
    for row in found:
        if not any(_overlap(row.box, other.box) for other in kept):
            kept.append(row)
    return kept


def _candidates(strokes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Left, top, width, height of thin upright strokes, bases taken off."""
    bases = cv2.morphologyEx(strokes, cv2.MORPH_OPEN, np.ones((1, _BASE_PX), np.uint8))
    upright = np.asarray(strokes & (1 - np.asarray(bases, np.uint8)), np.uint8)
    upright = np.asarray(
        cv2.morphologyEx(upright, cv2.MORPH_OPEN, np.ones((_SHORTEST_PX, 1), np.uint8)), np.uint8
    )
    boxes, ink = _outlined(upright)
    wide, high = boxes[:, 2], boxes[:, 3]
    fits = (high >= _SLENDER * wide) & (wide <= _WIDEST_PX) & (ink >= _LEAST_INK * wide * high)
    return np.asarray(boxes[fits])


def _outlined(strokes: NDArray[np.uint8]) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """Left, top, width, height of connected strokes, and their pixels, those of holes included.

    Outlines take a third of the time of labels.  Of one that steps from pixel to pixel Pick's
    theorem tells the pixels: area, half of the steps, and one.
    """
    outlines, tree = cv2.findContours(strokes, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    if not outlines:
        return np.zeros((0, 4), np.int64), np.zeros(0)
    # Without a parent: the outer ones, those of strokes in the holes of others too.
    outer = [one for one, (*_, parent) in zip(outlines, tree[0], strict=True) if parent < 0]
    points = np.concatenate(outer)[:, 0].astype(np.int64)
    steps = np.array([len(one) for one in outer])
    begin = np.cumsum(steps) - steps
    low, high = np.minimum.reduceat(points, begin), np.maximum.reduceat(points, begin)
    following = np.roll(points, -1, axis=0)
    following[begin + steps - 1] = points[begin]
    turned = points[:, 0] * following[:, 1] - points[:, 1] * following[:, 0]
    area = 0.5 * np.abs(np.add.reduceat(turned, begin))
    return np.column_stack([low, high - low + 1]), area + 0.5 * steps + 1


def _lines(x: NDArray[np.float64], y: NDArray[np.float64]) -> list[tuple[float, float]]:
    """Slope and level of the lines that most ends of strokes lie on (a Hough transform)."""
    levels = y[None] - _SLOPES[:, None] * x[None]
    bins = np.floor(levels / _BIN_PX).astype(np.int64)
    bins -= bins.min()
    count = int(bins.max()) + 1
    flat = (bins + count * np.arange(len(_SLOPES))[:, None]).ravel()
    votes = np.bincount(flat, minlength=count * len(_SLOPES)).reshape(len(_SLOPES), count)
    lines = []
    low = float(np.floor(levels / _BIN_PX).min())
    for _ in range(_LINES_FOLLOWED):
        best, at = divmod(int(votes.argmax()), count)
        if votes[best, at] < _FEWEST:
            break
        lines.append((float(_SLOPES[best]), (at + low + 0.5) * _BIN_PX))
        # What lies on this line may not give the next one, at whatever slope.
        used = np.abs(levels[best] - lines[-1][1]) <= _BIN_PX
        rows = np.repeat(np.arange(len(_SLOPES))[:, None], int(used.sum()), axis=1)
        np.subtract.at(votes, (rows.ravel(), bins[:, used].ravel()), 1)
    return lines


def _row(
    boxes: NDArray[np.int64],
    x: NDArray[np.float64],
    y: NDArray[np.float64],
    slope: float,
    level: float,
) -> TickRow | None:
    """The evenly spaced ticks on a line, None if there are too few."""
    near = np.flatnonzero(np.abs(y - slope * x - level) <= 1.5 * _BIN_PX)
    for _ in range(2):
        if len(near) < _FEWEST:
            return None
        slope, level = (float(value) for value in np.polyfit(x[near], y[near], 1))
        off = np.abs(y - slope * x - level)
        near = np.flatnonzero(off <= max(1.5, 2.5 * median(off[near])))
    middle = boxes[near, 1] + 0.5 * boxes[near, 3]
    along = (x[near] + slope * (middle - y[near])) / math.hypot(1.0, slope)
    # Where the base begins at a point off the origin the offset is common to all ticks.
    along += slope * (y[near] - level) / math.hypot(1.0, slope)
    order = np.argsort(along)
    near, along = near[order], along[order]
    for share in (50, 30, 70):
        pitch = percentile(np.diff(along), share)
        row = _evenly(boxes[near], along, pitch, slope, level) if pitch > _LEAST_PITCH_PX else None
        if row is not None:
            return row
    return None


def _evenly(
    boxes: NDArray[np.int64],
    along: NDArray[np.float64],
    pitch: float,
    slope: float,
    level: float,
) -> TickRow | None:
    """The longest stretch of ticks at this distance, fitted and judged."""
    gaps = np.diff(along) / pitch
    whole = np.rint(gaps)
    if np.mean((np.abs(gaps - whole) <= _OFF_STEP) & (whole >= 1)) < _STEPS_SHARE:
        return None
    index = _numbered(along, pitch)
    keep = index >= 0
    for _ in range(3):
        boxes, along, index = boxes[keep], along[keep], index[keep]
        if len(index) < _FEWEST:
            return None
        bend = np.polyfit(index, along, 2)
        keep = np.abs(along - np.polyval(bend, index)) <= _OFF_SHARE * pitch
    index = index - index.min()
    last = int(index.max())
    fitted, origin = (float(value) for value in np.polyfit(index, along, 1))
    bend = np.polyfit(index, along, 2)
    rms = float(np.std(along - np.polyval(bend, index)))
    drift = 2 * abs(float(bend[0])) * last / fitted
    is_even = rms <= min(max(_RMS_PX, _RMS_SHARE * fitted), 2 * _RMS_SHARE * fitted)
    is_filled = len(np.unique(index)) >= _FILLED * (last + 1)
    if not (is_even and is_filled and drift <= _MOST_DRIFT and _has_longer(index, boxes[:, 3])):
        return None
    # Ticks off their places, and a pitch that changes along the ruler (evenly: 1 / sqrt 12).
    scatter = rms / (fitted * math.sqrt(len(index)) * float(np.std(index)))
    error = math.hypot(scatter, drift / math.sqrt(12))
    reach = percentile(boxes[:, 3], 95)
    return TickRow(slope, level, origin, fitted, error, last, reach, boxes)


def _numbered(along: NDArray[np.float64], pitch: float) -> NDArray[np.int64]:
    """Number the ticks of the longest stretch, −1 for strokes between their places."""
    # Step by step, one stroke after the other: plain numbers take a fifth of the time.
    places = along.tolist()
    best: list[tuple[int, int]] = []
    start = 0
    # What is left after so many strokes cannot be longer than what was found.
    while start < len(places) - max(_FEWEST - 1, len(best)):
        numbered = [(start, 0)]
        last, number, step = places[start], 0, pitch
        for at in range(start + 1, len(places)):
            gap = (places[at] - last) / step
            if gap > _MISSING + 1.5:
                break
            whole = round(gap)
            if whole >= 1 and abs(gap - whole) <= _OFF_STEP:
                number += whole
                numbered.append((at, number))
                # The distance is followed: a guess of it would run away over many ticks.
                step += 0.15 * ((places[at] - last) / whole - step)
                last = places[at]
        if len(numbered) > len(best):
            best = numbered
        start = numbered[-1][0] + 1 if len(numbered) >= _FEWEST else start + 1
    index = np.full(len(places), -1)
    if best:
        at_tick, numbers = np.array(best).T
        index[at_tick] = numbers
    return index


def _has_longer(index: NDArray[np.int64], high: NDArray[np.int64]) -> bool:
    """Whether every fifth or tenth tick is longer than the rest."""
    for every in (10, 5):
        for phase in range(every):
            chosen = index % every == phase
            if chosen.sum() < 2:
                continue
            least = median(high[chosen])
            if least >= _LONGER * median(high[~chosen]):
                return True
    return False


def _overlap(one: tuple[int, int, int, int], other: tuple[int, int, int, int]) -> bool:
    rows = min(one[1], other[1]) > max(one[0], other[0])
    return rows and min(one[3], other[3]) > max(one[2], other[2])
