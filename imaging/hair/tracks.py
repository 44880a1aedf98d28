"""Candidate centre lines: streamlines of the oriented evidence in (x, y, angle).

Seeds are oriented maxima (across the line and in angle).  From each a line is followed both ways,
all seeds at once: one vectorised step moves every live line by `STEP_PX` in the best of a few
directions within the largest bend that hair shows, then shifts it sideways onto the ridge.  Lines
at another angle do not disturb it, so it passes crossings straight on.  The result holds many
copies of every hair; `strips` chooses among them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import Map, ShaftEvidence, read_at
from .lines import STEP_PX, Lines, Points, cut_to_shafts, no_lines

#: Steps below the following threshold before a line ends: it may pass under a reflection.
_WEAK_STEPS = 2
#: Seeds are thinned to the best of each cell of this size and each of twelve angle classes.
_SEED_CELL_MM = 0.036
_SEED_ANGLE_CLASSES = 12
_MANY_SEEDS = 20_000
#: Of lines that agree in middle, angle and length to this precision, the darkest is kept.
_SAME_PLACE_MM = 0.03
_SAME_ANGLE_DEG = 7.0
#: Reading darkness for ends is smoothed by this much.
_END_SMOOTHING_MM = 0.010


def find_tracks(evidence: ShaftEvidence, settings: HairSettings) -> Lines:
    """Return candidate centre lines, cut to where the shaft is dark.

    Every candidate is at least ``min_length_mm`` long; near copies are dropped.
    """
    smooth = smoothed(evidence.darkness, _END_SMOOTHING_MM * evidence.px_per_mm)
    found, means = no_lines(), np.zeros(0)
    for response in evidence.responses:
        x, y, angle = _seeds(response, evidence, settings)
        if not len(x):
            continue
        lines = _follow_both_ways(response, x, y, angle, evidence, settings)
        darkness = read_at(smooth, lines.points[:, 0], lines.points[:, 1])
        cut, mean = cut_to_shafts(lines, darkness, evidence, settings)
        found, means = found.joined(cut), np.concatenate([means, mean])
    return found.chosen(_darkest_copies(found, means, evidence.px_per_mm))


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
    cells = np.floor(seeds[:, :2] / cell).astype(np.int64)
    classes = (seeds[:, 2] / np.pi * _SEED_ANGLE_CLASSES).astype(np.int64)
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
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> Lines:
    """Return the line through each seed, its plateau not yet told."""
    count = len(x)
    # Both directions of all seeds are followed at once.
    turned = np.concatenate([angle, angle + np.float32(np.pi)])
    trail = _follow(response, np.tile(x, 2), np.tile(y, 2), turned, evidence, settings)
    steps = len(trail)
    table = np.full((count, 2 * steps + 1, 3), np.nan, np.float32)
    table[:, steps] = np.column_stack([x, y, angle])
    for step, (index, place) in enumerate(trail):
        split = int(np.searchsorted(index, count))
        table[index[:split], steps + 1 + step] = place[:split]
        table[index[split:] - count, steps - 1 - step] = place[split:]
    table[:, :steps, 2] -= np.float32(np.pi)
    is_point = np.isfinite(table[:, :, 0])
    points = table[is_point]
    counts = is_point.sum(axis=1)
    return Lines(points[:, :2], points[:, 2], counts, np.zeros(count, np.float32))


def _follow(
    response: Map,
    x: Points,
    y: Points,
    angle: Points,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> list[tuple[NDArray[np.intp], Points]]:
    """Return for every step the lines that took it and their places, shape (n, 3): x, y, angle."""
    height, width = evidence.valid.shape
    bend = STEP_PX / (settings.min_bend_radius_mm * evidence.px_per_mm)
    bends = (bend * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])).astype(np.float32)
    # Straight on wins ties, so that noise does not bend a line.
    bend_weight = np.array([0.97, 0.99, 1.0, 0.99, 0.97], np.float32)
    shifts = np.array([-0.25, 0.0, 0.25], np.float32)
    shift_weight = np.array([1.0, 1.01, 1.0], np.float32)
    longest = int(np.hypot(height, width) / STEP_PX) + 1
    trail: list[tuple[NDArray[np.intp], Points]] = []
    live = np.arange(len(x))
    weak = np.zeros(len(x), np.int64)
    for _ in range(longest):
        turned = angle[:, None] + bends
        nx = x[:, None] + np.float32(STEP_PX) * np.cos(turned)
        ny = y[:, None] + np.float32(STEP_PX) * np.sin(turned)
        pick = (_response_at(response, nx, ny, turned) * bend_weight).argmax(axis=1)
        row = np.arange(len(live))
        turn, px, py = turned[row, pick], nx[row, pick], ny[row, pick]
        sx = px[:, None] - np.sin(turn)[:, None] * shifts
        sy = py[:, None] + np.cos(turn)[:, None] * shifts
        side = _response_at(response, sx, sy, turn[:, None])
        pick = (side * shift_weight).argmax(axis=1)
        px, py, value = sx[row, pick], sy[row, pick], side[row, pick]
        inside = (px >= 0) & (py >= 0) & (px <= width - 1) & (py <= height - 1)
        inside[inside] = evidence.valid[py[inside].astype(int), px[inside].astype(int)]
        weak = np.where(value < settings.follow_response, weak + 1, 0)
        goes_on = inside & (weak <= _WEAK_STEPS)
        live, weak = live[goes_on], weak[goes_on]
        if not len(live):
            break
        x, y, angle = px[goes_on], py[goes_on], turn[goes_on]
        trail.append((live, np.column_stack([x, y, angle])))
    return trail


def _response_at(response: Map, x: Points, y: Points, angle: Points) -> Map:
    """Trilinear reading of the response volume at x, y; angles, one for each or for a row, wrap."""
    count, height, width = response.shape
    turn = (angle / np.float32(np.pi) * count) % count
    low = turn.astype(np.int32)
    share = turn - low
    low %= count
    high = (low + 1) % count
    x = np.clip(x, 0, np.float32(width - 1.001))
    y = np.clip(y, 0, np.float32(height - 1.001))
    column, row = x.astype(np.int32), y.astype(np.int32)
    fx, fy = x - column, y - row
    flat = response.ravel()
    cell = row.astype(np.int64) * width + column

    def plane(k: NDArray[np.int32]) -> Map:
        base = k.astype(np.int64) * (height * width) + cell
        top = flat.take(base) * (1 - fx) + flat.take(base + 1) * fx
        base += width
        bottom = flat.take(base) * (1 - fx) + flat.take(base + 1) * fx
        value: Map = top * (1 - fy) + bottom * fy
        return value

    result: Map = plane(low) * (1 - share) + plane(high) * share
    return result


def _darkest_copies(lines: Lines, means: NDArray[np.float64], px_per_mm: float) -> NDArray[np.intp]:
    """Return the darkest line of each place: a coarse key of middle, angle and length."""
    if not len(lines):
        return np.zeros(0, np.intp)
    cell = _SAME_PLACE_MM * px_per_mm
    starts, counts = lines.starts, lines.counts
    middle = lines.points[starts[:-1] + counts // 2]
    run = lines.points[starts[1:] - 1] - lines.points[starts[:-1]]
    angle = np.degrees(np.arctan2(run[:, 1], run[:, 0])) % 180.0
    key = np.column_stack(
        [
            np.rint(middle / cell),
            np.rint(angle / _SAME_ANGLE_DEG) % round(180.0 / _SAME_ANGLE_DEG),
            np.rint(counts * STEP_PX / (2 * cell)),
        ]
    ).astype(np.int64)
    order = np.lexsort((-means, *key.T))
    is_first = np.concatenate([[True], (np.diff(key[order], axis=0) != 0).any(axis=1)])
    return np.sort(order[is_first])
