"""Many centre lines of different length in one row of arrays, and where each is cut to its shaft.

A photo gives thousands of candidate lines of some forty points.  All points stand in one array, one
line after the other, so that whatever is read or summed along them takes one call for all lines.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import Map, ShaftEvidence

#: Distance of the points of a traced line, working pixels.
STEP_PX = 1.5
#: The plateau of a shaft's darkness: this quantile along it.
_PLATEAU_QUANTILE = 0.75
#: Breaks shorter than this (a reflection on the shaft) do not end a hair.
_BREAK_MM = 0.05
#: A shaft may end in darkness that is this share of the least that a shaft must have.
_LEAST_END_SHARE = 0.7
#: Values sorted at once: bounds the memory where hair is long.
_TABLE_VALUES = 4_000_000

Points = NDArray[np.float32]
Ints = NDArray[np.intp]


@dataclass(frozen=True, eq=False)
class Lines:
    """Centre lines in working pixels (array indices), `STEP_PX` between points.

    Parameters
    ----------
    points : ndarray of float32, shape (n, 2)
        x and y of the points of all lines, line after line.
    angles : ndarray of float32, shape (n,)
        Direction of travel at each point, radians.
    counts : ndarray of int, shape (lines,)
        Points of each line.
    plateaus : ndarray of float32, shape (lines,)
        Darkness of each line's shaft.
    """

    points: Points
    angles: NDArray[np.float32]
    counts: Ints
    plateaus: NDArray[np.float32]

    def __len__(self) -> int:
        return len(self.counts)

    @property
    def starts(self) -> Ints:
        """Index of each line's first point, and one past the last point of all."""
        return np.concatenate([[0], np.cumsum(self.counts)]).astype(np.intp)

    @property
    def owner(self) -> Ints:
        """The line of each point, shape (n,)."""
        return np.repeat(np.arange(len(self.counts)), self.counts)

    @property
    def middles(self) -> Points:
        """Middle of each line by its number of points, whichever way it runs, shape (lines, 2)."""
        first = self.starts[:-1]
        low, high = first + (self.counts - 1) // 2, first + self.counts // 2
        middles: Points = np.float32(0.5) * (self.points[low] + self.points[high])
        return middles

    @property
    def turns(self) -> NDArray[np.float32]:
        """By how much each line's direction turns from end to end, radians, shape (lines,)."""
        starts = self.starts
        return self.angles[starts[1:] - 1] - self.angles[starts[:-1]]

    def part(self, first: Ints, counts: Ints, plateaus: NDArray[np.floating]) -> Lines:
        """Return the lines that begin at these points and have so many."""
        index = runs(first, counts)
        return Lines(self.points[index], self.angles[index], counts, plateaus.astype(np.float32))

    def chosen(self, which: Ints) -> Lines:
        """Return these lines, in this order."""
        return self.part(self.starts[which], self.counts[which], self.plateaus[which])

    def joined(self, other: Lines) -> Lines:
        """Return these lines and then the other ones."""
        return Lines(
            np.concatenate([self.points, other.points]),
            np.concatenate([self.angles, other.angles]),
            np.concatenate([self.counts, other.counts]),
            np.concatenate([self.plateaus, other.plateaus]),
        )


def no_lines() -> Lines:
    """Return no line at all."""
    nothing = np.zeros(0, np.float32)
    return Lines(np.zeros((0, 2), np.float32), nothing, np.zeros(0, np.intp), nothing)


def runs(first: Ints, counts: Ints) -> Ints:
    """Return first, first + 1, … for each of these runs, one after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    return np.asarray(np.arange(total) + np.repeat(first - (ends - counts), counts), np.intp)


def cut_to_shafts(
    lines: Lines,
    darkness: Map,
    evidence: ShaftEvidence,
    settings: HairSettings,
    *,
    has_plateau: bool = False,
) -> tuple[Lines, NDArray[np.float64]]:
    """Cut each line to its longest stretch that is as dark as a shaft.

    Parameters
    ----------
    lines : Lines
    darkness : ndarray of float32, shape (n,)
        At each point.
    has_plateau : bool
        Whether the plateaus of `lines` hold; otherwise each is the line's own upper quartile.

    Returns
    -------
    Lines, and the mean darkness of each.  Lines that are too short or too pale are left out.
    """
    nothing = no_lines(), np.zeros(0)
    least = settings.min_length_mm * evidence.px_per_mm / STEP_PX
    is_long = lines.counts >= least
    if not is_long.all():
        darkness = darkness[np.repeat(is_long, lines.counts)]
        lines = lines.chosen(np.flatnonzero(is_long))
    if not len(lines):
        return nothing
    plateaus = lines.plateaus if has_plateau else _plateaus(darkness, lines.counts)
    limit = np.maximum(
        settings.end_fraction * plateaus, _LEAST_END_SHARE * settings.min_shaft_density
    )
    is_dark = darkness >= np.repeat(limit.astype(np.float32), lines.counts)
    is_dark &= np.repeat(plateaus >= settings.min_shaft_density, lines.counts)
    total = np.concatenate([[0.0], np.cumsum(darkness, dtype=np.float64)])
    owner, first, counts = _longest_stretches(
        is_dark, total, lines, int(_BREAK_MM * evidence.px_per_mm / STEP_PX)
    )
    kept = counts >= least
    owner, first, counts = owner[kept], first[kept], counts[kept]
    if not len(owner):
        return nothing
    means = (total[first + counts] - total[first]) / counts
    return lines.part(first, counts, plateaus[owner]), means


def _plateaus(darkness: Map, counts: Ints) -> NDArray[np.float32]:
    """Return each line's quantile of darkness: lines of like length are sorted as one table."""
    plateaus = np.empty(len(counts), np.float32)
    first = np.cumsum(counts) - counts
    order = np.argsort(counts, kind="stable")
    at = 0
    while at < len(order):
        # As many lines as fit when all are as long as the longest of them.
        fits = (np.arange(1, len(order) - at + 1)) * counts[order[at:]] <= _TABLE_VALUES
        rows = order[at : at + max(1, int(np.count_nonzero(fits)))]
        table = np.full((len(rows), int(counts[rows[-1]])), np.inf, np.float32)
        table[np.arange(table.shape[1]) < counts[rows, None]] = darkness[
            runs(first[rows], counts[rows])
        ]
        table.sort(axis=1)
        place = (_PLATEAU_QUANTILE * (counts[rows] - 1)).astype(np.intp)
        plateaus[rows] = table[np.arange(len(rows)), place]
        at += len(rows)
    return plateaus


def _longest_stretches(
    is_dark: NDArray[np.bool_], total: NDArray[np.float64], lines: Lines, longest_break: int
) -> tuple[Ints, Ints, Ints]:
    """Return owner, first point and number of points of the longest dark stretch of each line.

    Of several as long the darkest is taken, whichever way the line runs; `total` (n + 1,) is the
    darkness of all points before each.
    """
    dark = np.flatnonzero(is_dark)
    owner = lines.owner[dark]
    is_new = np.ones(len(dark), bool)
    is_new[1:] = (owner[1:] != owner[:-1]) | (np.diff(dark) - 1 > longest_break)
    begins = np.flatnonzero(is_new)
    if not len(begins):
        return begins, begins, begins
    first = dark[begins]
    counts = dark[np.append(begins[1:], len(dark)) - 1] + 1 - first
    owner = owner[begins]
    order = np.lexsort((total[first] - total[first + counts], -counts, owner))
    longest = order[np.concatenate([[True], np.diff(owner[order]) != 0])]
    return owner[longest], first[longest], counts[longest]
