"""Candidate lines along the outer edges of dark bands that are too wide for one hair.

Hairs of one follicular unit touch, and where no gap shows between them only the band's outer edges
tell where they lie.  Along every candidate line the band's left and right edge are followed; where
the band is wider than a hair can be, two lines are added, each half a usual width inside one edge.
Edges that drift apart give lines that drift apart: a V of two hairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from ..photo.symmetry import odd
from ..settings import HairSettings
from .evidence import Map, ShaftEvidence, read_at
from .lines import STEP_PX, Ints, Lines, cut_to_shafts, no_lines, runs
from .tracks import smoothed

Floats = NDArray[np.float64]

#: Edges are looked for this far to both sides, in steps of `_SAMPLE_MM`.
_REACH_MM, _SAMPLE_MM = 0.20, 0.005
#: A band ends where darkness falls below this share of the line's plateau.
_EDGE_SHARE = 0.5
#: Sections are averaged over this length before edges are read.
_SMOOTHING_MM = 0.05
#: Lines are prolonged by this much before they are cut to the shaft: a neighbour may be longer.
_PROLONG_MM = 0.25
#: Lines that agree in middle and direction to this precision show the same band.
_SAME_PLACE_MM = 0.025
_SAME_ANGLE = math.pi / 30
#: A moved line of fewer points shows no direction.
_LEAST_POINTS = 3
#: Points whose sections are read at once: bounds the memory where hair is long.
_POINTS_AT_ONCE = 50_000


def lanes_of_bands(
    tracks: Lines, evidence: ShaftEvidence, usual_mm: float, settings: HairSettings
) -> Lines:
    """Return the lines to add for bands of more than one hair.

    Parameters
    ----------
    tracks : Lines
    evidence : ShaftEvidence
    usual_mm : float
        The photo's usual hair width at the working scale.
    settings : HairSettings
    """
    smooth = smoothed(evidence.darkness, 0.5 * _SAMPLE_MM * evidence.px_per_mm)
    lines = tracks.chosen(_one_per_place(tracks, evidence))
    if not len(lines):
        return no_lines()
    left, right = _band_edges(lines, smooth, evidence.px_per_mm)
    width = _medians(left + right, lines)
    is_band = (width >= settings.band_ratio * usual_mm) & (width <= 2 * _REACH_MM - 4 * _SAMPLE_MM)
    if not is_band.any():
        return no_lines()
    inside = np.repeat(is_band, lines.counts)
    bands = lines.chosen(np.flatnonzero(is_band))
    half = usual_mm / 2
    moved = [
        _moved(bands, _straightened(offset[inside], bands), evidence)
        for offset in (half - left, right - half)
    ]
    both = moved[0].joined(moved[1])
    if not len(both):
        return no_lines()
    darkness = read_at(smooth, both.points[:, 0], both.points[:, 1])
    return cut_to_shafts(both, darkness, evidence, settings, has_plateau=True)[0]


def _one_per_place(tracks: Lines, evidence: ShaftEvidence) -> Ints:
    """Return the longest line of each place and direction: copies have the same band.

    Of several as long it is the darkest.
    """
    starts, counts = tracks.starts, tracks.counts
    middle = (tracks.middles - evidence.centre) / (_SAME_PLACE_MM * evidence.px_per_mm)
    run = tracks.points[starts[1:] - 1] - tracks.points[starts[:-1]]
    turn = np.rint(np.arctan2(run[:, 1], run[:, 0]) / _SAME_ANGLE) % round(math.pi / _SAME_ANGLE)
    key = np.column_stack([np.rint(middle), turn]).astype(np.int64)
    order = np.lexsort((-tracks.plateaus, -counts, *key.T))
    is_first = np.ones(len(order), bool)
    is_first[1:] = (np.diff(key[order], axis=0) != 0).any(axis=1)
    return np.sort(order[is_first])


def _band_edges(lines: Lines, smooth: Map, px_per_mm: float) -> tuple[Floats, Floats]:
    """Distance (mm) of the band's edges left and right of each point of all lines."""
    reach = round(_REACH_MM / _SAMPLE_MM)
    offset = np.arange(-reach, reach + 1, dtype=np.float32) * np.float32(_SAMPLE_MM * px_per_mm)
    window = odd(_SMOOTHING_MM * px_per_mm / STEP_PX)
    left, right = [], []
    starts, first = lines.starts, 0
    while first < len(lines):
        stop = int(np.searchsorted(starts, starts[first] + _POINTS_AT_ONCE, side="right")) - 1
        stop = max(stop, first + 1)
        part = slice(starts[first], starts[stop])
        points, angles = lines.points[part], lines.angles[part, None]
        profiles = read_at(
            smooth,
            points[:, :1] - np.sin(angles) * offset,
            points[:, 1:] + np.cos(angles) * offset,
        )
        profiles = _averaged_along(profiles, lines.counts[first:stop], window)
        limit = np.repeat(_EDGE_SHARE * lines.plateaus[first:stop], lines.counts[first:stop])
        is_bare = profiles < limit[:, None]
        left.append(_first(is_bare[:, reach::-1]))
        right.append(_first(is_bare[:, reach:]))
        first = stop
    return np.concatenate(left) * _SAMPLE_MM, np.concatenate(right) * _SAMPLE_MM


def _averaged_along(profiles: Map, counts: Ints, window: int) -> Map:
    """Return each row averaged over a window (odd) on the same line; ends are repeated."""
    stop = np.repeat(np.cumsum(counts), counts)
    start = stop - np.repeat(counts, counts)
    place = np.arange(len(profiles))
    total = np.zeros_like(profiles)
    for shift in range(-(window // 2), window // 2 + 1):
        total += profiles[np.clip(place + shift, start, stop - 1)]
    return total / np.float32(window)


def _first(is_bare: NDArray[np.bool_]) -> Floats:
    first = is_bare.argmax(axis=1)
    found: Floats = np.where(is_bare.any(axis=1), first, is_bare.shape[1] - 1.0)
    return found


def _ranked(values: Floats, lines: Lines, place: Ints) -> Floats:
    """Return the value of this rank (from 0) among the points of each line."""
    order = np.lexsort((values, lines.owner))
    ranked: Floats = values[order][lines.starts[:-1] + place]
    return ranked


def _medians(values: Floats, lines: Lines) -> Floats:
    low, high = (lines.counts - 1) // 2, lines.counts // 2
    medians: Floats = 0.5 * (_ranked(values, lines, low) + _ranked(values, lines, high))
    return medians


def _straightened(offset: Floats, lines: Lines) -> Floats:
    """Robust straight fit of an edge's distance along each line: its worst third is left out."""
    along = np.arange(len(offset)) - np.repeat(lines.starts[:-1], lines.counts)
    place = 2.0 * along / np.repeat(np.maximum(lines.counts - 1, 1), lines.counts) - 1.0
    straight = _through(place, offset, np.ones(len(offset)), lines)
    residual = np.abs(offset - straight)
    limit = _ranked(residual, lines, 2 * lines.counts // 3)
    is_near = residual <= np.repeat(limit, lines.counts)
    return _through(place, offset, is_near.astype(np.float64), lines)


def _through(x: Floats, y: Floats, weight: Floats, lines: Lines) -> Floats:
    """Weighted least-squares line through the points of each line, read at all of them."""
    first = lines.starts[:-1]

    def total(values: Floats) -> Floats:
        return np.asarray(np.add.reduceat(values, first), np.float64)

    def spread(values: Floats) -> Floats:
        return np.repeat(values, lines.counts)

    weights = total(weight)
    mean_x, mean_y = total(weight * x) / weights, total(weight * y) / weights
    centred = x - spread(mean_x)
    slope = total(weight * centred * y) / np.maximum(total(weight * centred**2), 1e-12)
    fitted: Floats = spread(mean_y) + spread(slope) * centred
    return fitted


def _moved(lines: Lines, offset_mm: Floats, evidence: ShaftEvidence) -> Lines:
    """Shift lines sideways, prolong both ends, and keep what lies in the readable field."""
    shift = offset_mm[:, None] * evidence.px_per_mm
    normal = np.column_stack([-np.sin(lines.angles), np.cos(lines.angles)])
    moved = lines.points + shift * normal
    count = round(_PROLONG_MM * evidence.px_per_mm / STEP_PX)
    first, last = lines.starts[:-1], lines.starts[1:] - 1
    step = (moved[last] - moved[first]) / np.maximum(lines.counts - 1, 1)[:, None]
    counts = lines.counts + 2 * count
    owner = np.repeat(np.arange(len(lines)), counts)
    place = runs(np.full(len(lines), -count), counts)
    inner = np.clip(place, 0, lines.counts[owner] - 1)
    whole = moved[first[owner] + inner] + (place - inner)[:, None] * step[owner]
    height, width = evidence.valid.shape
    column, row = np.rint(whole).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    inside &= evidence.valid[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    seen = np.bincount(owner[inside], minlength=len(lines))
    inside &= seen[owner] >= _LEAST_POINTS
    points, owner = whole[inside].astype(np.float32), owner[inside]
    left = np.flatnonzero(seen >= _LEAST_POINTS)
    if not len(left):
        return no_lines()
    counts = seen[left]
    return Lines(points, _directions(points, owner), counts, lines.plateaus[left])


def _directions(points: NDArray[np.float32], owner: Ints) -> NDArray[np.float32]:
    """Direction at each point by its neighbours on the same line."""
    before, after = np.arange(len(points)) - 1, np.arange(len(points)) + 1
    is_first = np.ones(len(points), bool)
    is_first[1:] = owner[1:] != owner[:-1]
    before[is_first] += 1
    after[np.append(is_first[1:], True)] -= 1
    run = points[after] - points[before]
    return np.asarray(np.arctan2(run[:, 1], run[:, 0]), np.float32)
