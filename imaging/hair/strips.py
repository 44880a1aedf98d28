"""Choosing hairs among candidate lines: each chosen strip must explain darkness nobody explained.

Every candidate becomes a strip: its centre line, shifted to the middle of the two edges that fit
best, and one width.  Each of its cross-sections is worth the darkness that it covers times the
edges that it has on both sides; darkness that a chosen strip covers already is worth nothing.
Strips are chosen greedily by what they are still worth (the value can only fall as others are
chosen, so a heap with lazy updates gives the exact greedy order).  Two hairs that touch have a dip
or an edge between them: two strips of usual width are then worth more than one wide one, and a
second strip inside a hair is worth nothing.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings, recall
from .evidence import Map, ShaftEvidence, read_at
from .lanes import lanes_of_bands
from .lines import STEP_PX, Lines, Points
from .tracks import smoothed

#: Lateral profiles reach this far to both sides, in samples of `_SAMPLE_MM`.
_REACH_MM = 0.12
_SAMPLE_MM = 0.005
_PROFILE_SMOOTHING_MM = 0.005
#: An edge is the rise of darkness over this many samples to either side.
_EDGE_HALF_SAMPLES = 3
_LEAST_WIDTH_MM, _MOST_WIDTH_MM = 0.020, 0.130
#: Widths tried, in samples.
_SIZES = range(round(_LEAST_WIDTH_MM / _SAMPLE_MM), round(_MOST_WIDTH_MM / _SAMPLE_MM) + 1)
_MOST_SHIFT_MM = 0.020
#: Cost of a centre off the traced line, per half sample.
_SHIFT_COST = 0.004
#: Weight of the weaker of both edges, and of an unbroken inside.
_BOTH_EDGES, _UNBROKEN = 0.5, 0.3
#: Widths are trusted for the photo's usual width when both edges sum to this.
_CLEAR_EDGES = 0.7
_CLEAR_STRIPS = 10
#: The usual width of a photo's hairs lies between these.
_LEAST_USUAL_MM, _MOST_USUAL_MM = 0.03, 0.12
#: Where, across the half width, darkness and cover are read.
_ACROSS = np.array([-0.75, -0.4, 0.0, 0.4, 0.75], np.float32)
#: Cover rises over this much of the plateau's share at least.
_LEAST_STEP = 1e-3
#: Share of a section's worth that it has without any edge.
_WORTH_WITHOUT_EDGE = 0.3
#: An edge is the fall of darkness from this share of the half width inside to this far outside.
_INSIDE_SHARE, _OUTSIDE_MM = 0.45, 0.015
#: A section of which a smaller share is free is only the rim of a chosen strip and worth nothing;
#: from the larger share on it is worth all of it.
_RIM_SHARE, _FREE_SHARE = 0.2, 0.6
#: A strip's centre line must be free over this share of the least length of a hair.
_FREE_CENTRE_SHARE = 0.4
_EDGE_SMOOTHING_MM = 0.010
#: Places that mark the pixels under a strip: no pixel slips through between them.
_PLACES_APART_PX = 0.5
#: A pixel that holds a place is marked whole, so that a strip would be up to half a pixel wider to
#: each side; with half of that taken off, counts are nearest to generated truth and labels.
_OVERHANG_PX = 0.25


@dataclass(frozen=True, eq=False)
class Strip:
    """One chosen hair in working pixels (array indices), ends not yet told apart.

    ``points`` (n, 2) and ``angles`` (n,) run along the centre line; ``width_mm`` is the distance
    of its edges at the working scale; ``worth_mm`` the length it explained, ``support`` that as
    a share of its length, and ``quality`` the same as if no other strip were there, 0 to about 1.
    ``is_pale``: it is white or grey, among dark ones.
    """

    points: Points
    angles: NDArray[np.float32]
    width_mm: float
    plateau: float
    worth_mm: float
    support: float
    quality: float
    step_px: float
    is_pale: bool = False


def choose_strips(
    tracks: Lines, evidence: ShaftEvidence, settings: HairSettings
) -> tuple[list[Strip], float]:
    """Return the chosen strips, best first, and the photo's usual width in mm (NaN: none)."""
    if not len(tracks):
        return [], float("nan")
    lines, widths, shifts, usual = recall(fitted_lines, tracks, evidence, settings)
    prior = width_prior(widths, usual, settings)
    return _choose(lines, widths, shifts, prior, evidence, settings), usual


def width_prior(
    widths_mm: NDArray[np.float64], usual_mm: float, settings: HairSettings
) -> NDArray[np.float64]:
    """Return by how much strips of these widths are worth less than one of the usual width.

    A pair that touches is no thick hair.
    """
    ratio = np.log(widths_mm / usual_mm)
    weight = np.where(ratio > 0, settings.width_prior, settings.thin_prior)
    prior: NDArray[np.float64] = np.exp(-0.5 * weight * ratio**2)
    return prior


def fitted_lines(
    tracks: Lines, evidence: ShaftEvidence, settings: HairSettings
) -> tuple[Lines, NDArray[np.float64], NDArray[np.float64], float]:
    """Return all candidate lines, width and shift (mm) of each one's best bar, and usual width."""
    bars = recall(_bars_of_lines, tracks, evidence, settings)
    usual = settings.usual_width_um * 1e-3
    widths, _, edges = bars.best(usual, settings)
    is_clear = edges > _CLEAR_EDGES
    if is_clear.sum() > _CLEAR_STRIPS:
        usual = weighted_median(widths[is_clear], tracks.counts[is_clear])
        usual = float(np.clip(usual, _LEAST_USUAL_MM, _MOST_USUAL_MM))
    added = recall(lanes_of_bands, tracks, evidence, usual, settings)
    lines = tracks.joined(added)
    if len(added):
        bars = bars.joined(_bars_of_lines(added, evidence, settings))
    widths, shifts, _ = bars.best(usual, settings)
    return lines, widths, shifts, usual


def _bars_of_lines(lines: Lines, evidence: ShaftEvidence, settings: HairSettings) -> _Bars:
    return _fit_bars(_mean_profiles(lines, evidence), settings)


def _mean_profiles(lines: Lines, evidence: ShaftEvidence) -> Map:
    """Return each line's mean darkness across it, shape (lines, samples)."""
    reach = round(_REACH_MM / _SAMPLE_MM)
    offset = np.arange(-reach, reach + 1, dtype=np.float32) * np.float32(
        _SAMPLE_MM * evidence.px_per_mm
    )
    image = smoothed(evidence.darkness, _PROFILE_SMOOTHING_MM * evidence.px_per_mm)
    x = lines.points[:, :1] - np.sin(lines.angles)[:, None] * offset
    y = lines.points[:, 1:] + np.cos(lines.angles)[:, None] * offset
    sums = np.add.reduceat(read_at(image, x, y), lines.starts[:-1], axis=0)
    return np.asarray(sums / lines.counts[:, None], np.float32)


@dataclass(frozen=True, eq=False)
class _Bars:
    """For every line and every width tried the best bar of that width.

    ``scores``, ``shifts_mm`` and ``edges`` (sum of both edges) have the shape (lines, widths).
    """

    scores: Map
    shifts_mm: Map
    edges: Map

    def best(
        self, usual_mm: float, settings: HairSettings
    ) -> tuple[NDArray[np.float64], NDArray[np.float64], Map]:
        """Return width and shift (mm) and edge sum of the best bar of each line."""
        sizes_mm = _SAMPLE_MM * np.array(_SIZES)
        prior = settings.bar_prior * np.log(sizes_mm / usual_mm) ** 2
        pick = (self.scores - prior).argmax(axis=1)
        row = np.arange(len(pick))
        return sizes_mm[pick], self.shifts_mm[row, pick].astype(np.float64), self.edges[row, pick]

    def joined(self, other: _Bars) -> _Bars:
        """Return the bars of these lines and then of the other ones."""
        return _Bars(
            np.concatenate([self.scores, other.scores]),
            np.concatenate([self.shifts_mm, other.shifts_mm]),
            np.concatenate([self.edges, other.edges]),
        )


def _fit_bars(profiles: Map, settings: HairSettings) -> _Bars:
    """Fit bars of every width to each profile by their two edges.

    All shifts of one width are tried at once; the darkness inside a bar is a running minimum that
    grows by one sample from each width to the next.
    """
    count, samples = profiles.shape
    centre = samples // 2
    slope = np.gradient(profiles, axis=1)
    slope[:, 1:-1] = 0.25 * slope[:, :-2] + 0.5 * slope[:, 1:-1] + 0.25 * slope[:, 2:]
    total = np.cumsum(np.pad(slope, ((0, 0), (1, 0))), axis=1)
    index = np.arange(samples)
    high = np.clip(index + _EDGE_HALF_SAMPLES + 1, 0, samples)
    low = np.clip(index - _EDGE_HALF_SAMPLES, 0, samples)
    plateau = np.maximum(np.sort(profiles, axis=1)[:, -5], 0.05)
    rise = (total[:, high] - total[:, low]) / plateau[:, None]
    up = np.clip(rise, -0.2, settings.edge_saturation)
    down = np.clip(-rise, -0.2, settings.edge_saturation)
    level = np.minimum(profiles / plateau[:, None], 0.7)
    most_shift = round(2 * _MOST_SHIFT_MM / _SAMPLE_MM)
    half_shift = np.arange(-most_shift, most_shift + 1)
    bars = _Bars(*(np.empty((count, len(_SIZES)), np.float32) for _ in range(3)))
    row = np.arange(count)
    # least[:, i]: the least level of samples i to i + length − 1.
    least, length = level, 1
    for k, size in enumerate(_SIZES):
        while length < size - 1:
            least = np.minimum(least[:, :-1], level[:, length:])
            length += 1
        left, right = centre + (half_shift - size) / 2, centre + (half_shift + size) / 2
        first, last = np.floor(left).astype(int), np.ceil(right).astype(int)
        fits = (first >= 0) & (last < samples)
        first, last, shift = first[fits], last[fits], half_shift[fits]
        # Inside lie the samples between the outer ends of both edges: one more when the edges fall
        # between two samples.
        inside = np.minimum(least[:, first + 1], least[:, last - length])
        rising, falling = up[:, first], down[:, last]
        both = rising + falling
        score = (
            both
            + _BOTH_EDGES * np.minimum(rising, falling)
            + _UNBROKEN * inside
            - (_SHIFT_COST * np.abs(shift)).astype(np.float32)
        )
        pick = score.argmax(axis=1)
        bars.scores[:, k] = score[row, pick]
        bars.shifts_mm[:, k] = shift[pick] * np.float32(0.5 * _SAMPLE_MM)
        bars.edges[:, k] = both[row, pick]
    return bars


def _choose(
    lines: Lines,
    widths: NDArray[np.float64],
    shifts: NDArray[np.float64],
    prior: NDArray[np.float64],
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> list[Strip]:
    (x, y), half, pixel, worth = recall(sections, lines, widths, shifts, evidence, settings)
    height, width = evidence.darkness.shape
    is_covered = np.zeros((height, width), np.uint8)
    covered = is_covered.ravel()
    starts, step_mm = lines.starts, STEP_PX / evidence.px_per_mm
    scale = prior * step_mm
    section = worth.mean(axis=1)
    # What a section is still worth when so many of its points are covered.
    free = 1.0 - np.arange(len(_ACROSS) + 1) / len(_ACROSS)
    left = np.clip((free - _RIM_SHARE) / (_FREE_SHARE - _RIM_SHARE), 0.0, 1.0).astype(np.float32)

    def value(i: int) -> float:
        part = slice(starts[i], starts[i + 1])
        taken = np.add.reduce(covered.take(pixel[part]), axis=1)
        return float(section[part].dot(left.take(taken))) * float(scale[i])

    whole = np.add.reduceat(section, starts[:-1]) * scale
    heap = [(-float(worth_mm), i) for i, worth_mm in enumerate(whole)]
    heapq.heapify(heap)
    chosen: list[Strip] = []
    least_points = settings.min_length_mm / step_mm
    while heap:
        believed, i = heapq.heappop(heap)
        if -believed < settings.min_worth_mm:
            break
        now = value(i)
        if heap and -now > heap[0][0] + 1e-9:
            heapq.heappush(heap, (-now, i))
            continue
        part = slice(starts[i], starts[i + 1])
        length = (part.stop - part.start) * step_mm
        if now < settings.min_worth_mm or now < settings.min_support * length:
            continue
        if np.count_nonzero(covered[pixel[part, 2]] == 0) < _FREE_CENTRE_SHARE * least_points:
            continue
        points = np.column_stack([x[part], y[part]])
        _cover(is_covered, points, lines.angles[part], float(half[part.start]))
        chosen.append(
            Strip(
                points=points,
                angles=lines.angles[part],
                width_mm=float(widths[i]),
                plateau=float(lines.plateaus[i]),
                worth_mm=now,
                support=now / length,
                quality=float(worth[part].mean()),
                step_px=STEP_PX,
            )
        )
    return chosen


def sections(
    lines: Lines,
    widths: NDArray[np.float64],
    shifts: NDArray[np.float64],
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> tuple[tuple[Map, Map], Map, NDArray[np.intp], Map]:
    """Return of every cross-section its centre, half width, pixels across it, and their worth."""
    px_per_mm = evidence.px_per_mm
    shift = np.repeat((shifts * px_per_mm).astype(np.float32), lines.counts)
    half = np.repeat((widths * px_per_mm / 2).astype(np.float32), lines.counts)
    sin, cos = np.sin(lines.angles), np.cos(lines.angles)
    x = np.asarray(lines.points[:, 0] - sin * shift, np.float32)
    y = np.asarray(lines.points[:, 1] + cos * shift, np.float32)
    across_x = x[:, None] - sin[:, None] * half[:, None] * _ACROSS
    across_y = y[:, None] + cos[:, None] * half[:, None] * _ACROSS
    worth = _section_worth(lines, x, y, half, across_x, across_y, evidence, settings)
    height, width = evidence.darkness.shape
    column = np.clip(np.rint(across_x), 0, width - 1).astype(np.intp)
    row = np.clip(np.rint(across_y), 0, height - 1).astype(np.intp)
    pixel = row * width + column
    return (x, y), half, pixel, worth


def _section_worth(
    lines: Lines,
    x: Points,
    y: Points,
    half: Map,
    across_x: Points,
    across_y: Points,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> Map:
    """Return what each point across each section is worth, shape (sections, points across)."""
    plateau = np.repeat(lines.plateaus, lines.counts)
    share = read_at(evidence.darkness, across_x, across_y) / plateau[:, None]
    low, high = settings.bare_fraction, settings.shaft_fraction
    # The two may be told equal: then whatever is darker is shaft.
    cover = np.clip((share - low) / max(high - low, _LEAST_STEP) * 2 - 1, -1.5, 1.0)
    smooth = smoothed(evidence.darkness, _EDGE_SMOOTHING_MM * evidence.px_per_mm)
    sin, cos = np.sin(lines.angles), np.cos(lines.angles)
    inside = np.float32(_INSIDE_SHARE) * half
    outside = half + np.float32(_OUTSIDE_MM * evidence.px_per_mm)

    def edge(side: float) -> Map:
        within = read_at(smooth, x - side * sin * inside, y + side * cos * inside)
        beyond = read_at(smooth, x - side * sin * outside, y + side * cos * outside)
        return np.clip((within - beyond) / (settings.edge_saturation * plateau), -0.3, 1.0)

    edges = 0.5 * (edge(-1.0) + edge(1.0))
    factor = _WORTH_WITHOUT_EDGE + (1 - _WORTH_WITHOUT_EDGE) * edges
    worth: Map = cover * factor[:, None]
    return worth


def _cover(
    is_covered: NDArray[np.uint8], points: Points, angles: NDArray[np.float32], half_px: float
) -> None:
    """Mark the pixels under a strip, in place.

    Places half a pixel apart on it are marked: how OpenCV fills an outline depends on which way
    the outline runs through the picture.
    """
    half_px = max(0.0, half_px - _OVERHANG_PX)
    across = np.linspace(-half_px, half_px, int(np.ceil(2 * half_px / _PLACES_APART_PX)) + 1)
    normal = np.column_stack([-np.sin(angles), np.cos(angles)])
    sections = points[:, None] + normal[:, None] * across[:, None]
    count = round(STEP_PX / _PLACES_APART_PX)
    step = np.diff(sections, axis=0) / count
    places = np.concatenate([sections, *(sections[:-1] + i * step for i in range(1, count))])
    height, width = is_covered.shape
    column, row = np.rint(places.reshape(-1, 2)).astype(np.intp).T
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    is_covered[row[inside], column[inside]] = 1


def weighted_median(values: NDArray[np.floating], weights: NDArray[Any]) -> float:
    """Return the weighted median, the lower one of two."""
    order = np.argsort(values, kind="stable")
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, 0.5 * total[-1])])
