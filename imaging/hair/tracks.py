"""Candidate centre lines: streamlines of the oriented evidence in (x, y, angle).

Seeds are oriented maxima (across the line and in angle).  From each a line is followed both ways,
all seeds at once: one vectorised step moves every live line by `_STEP_PX` in the best of a few
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
from .evidence import Map, ShaftEvidence, read_at

_STEP_PX = 1.5
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
#: The plateau of a shaft's darkness: this quantile along it.
_PLATEAU_QUANTILE = 0.75
#: Breaks shorter than this (a reflection on the shaft) do not end a hair.
_BREAK_MM = 0.05

Points = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Track:
    """One candidate centre line in working pixels (array indices).

    ``points`` has shape (n, 2), x and y; ``angles`` shape (n,), the direction of travel in radians;
    ``plateau`` is the darkness of its shaft; ``step_px`` the distance of its points.
    """

    points: Points
    angles: NDArray[np.float32]
    plateau: float
    step_px: float = _STEP_PX


def find_tracks(evidence: ShaftEvidence, settings: HairSettings) -> list[Track]:
    """Return candidate centre lines, cut to where the shaft is dark.

    Every candidate is at least ``min_length_mm`` long; near copies are dropped.
    """
    smooth = smoothed(evidence.darkness, _END_SMOOTHING_MM * evidence.px_per_mm)
    best: dict[tuple[int, int, int, int], tuple[float, Track]] = {}
    for response in evidence.responses:
        x, y, angle = _seeds(response, evidence, settings)
        if not len(x):
            continue
        points, angles = _follow_both_ways(response, x, y, angle, evidence, settings)
        darkness = read_at(smooth, np.nan_to_num(points[..., 0]), np.nan_to_num(points[..., 1]))
        for row in range(len(points)):
            live = np.flatnonzero(np.isfinite(points[row, :, 0]))
            span = slice(live[0], live[-1] + 1)
            found = cut_to_shaft(
                points[row, span], angles[row, span], darkness[row, span], evidence, settings
            )
            if found is not None:
                track, mean = found
                key = _place(track, evidence.px_per_mm)
                if key not in best or best[key][0] < mean:
                    best[key] = (mean, track)
    return [track for _, track in best.values()]


def smoothed(image: Map, sigma_px: float) -> Map:
    """Return `image` blurred by a Gaussian of this standard deviation (px)."""
    return cv2.GaussianBlur(image, (0, 0), max(sigma_px, 0.3)).astype(np.float32, copy=False)


def _seeds(
    response: Map, evidence: ShaftEvidence, settings: HairSettings
) -> tuple[Points, Points, Points]:
    count = len(response)
    rows: list[NDArray[np.float64]] = []
    for k in range(count):
        plane = response[k]
        at_peak = (
            (plane >= settings.seed_response)
            & (plane >= response[k - 1])
            & (plane > response[(k + 1) % count])
            & evidence.valid
        )
        r, c = np.nonzero(at_peak)
        angle = np.pi * k / count
        nx, ny = -np.sin(angle), np.cos(angle)
        value = plane[r, c]
        ahead = read_at(plane, c + nx, r + ny)
        behind = read_at(plane, c - nx, r - ny)
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
) -> tuple[Points, Points]:
    """Return padded lines, shape (n, m, 2), NaN where a line has no point, and their angles."""
    ahead, ahead_angle = _follow(response, x, y, angle, evidence, settings)
    back, back_angle = _follow(response, x, y, angle + np.float32(np.pi), evidence, settings)
    seed = np.stack([x, y], axis=1)[:, None]
    points = np.concatenate([back[:, ::-1], seed, ahead], axis=1)
    angles = np.concatenate(
        [back_angle[:, ::-1] - np.float32(np.pi), angle[:, None], ahead_angle], axis=1
    )
    return points, angles


def _follow(
    response: Map,
    x: Points,
    y: Points,
    angle: Points,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> tuple[Points, Points]:
    height, width = evidence.valid.shape
    x, y, angle = x.copy(), y.copy(), angle.copy()
    bend = _STEP_PX / (settings.min_bend_radius_mm * evidence.px_per_mm)
    bends = (bend * np.array([-1.0, -0.5, 0.0, 0.5, 1.0])).astype(np.float32)
    # Straight on wins ties, so that noise does not bend a line.
    bend_weight = np.array([0.97, 0.99, 1.0, 0.99, 0.97], np.float32)
    shifts = np.array([-0.25, 0.0, 0.25], np.float32)
    shift_weight = np.array([1.0, 1.01, 1.0], np.float32)
    longest = int(np.hypot(height, width) / _STEP_PX) + 1
    trail: list[tuple[NDArray[np.intp], Points, Points, Points]] = []
    live = np.arange(len(x))
    weak = np.zeros(len(x), np.int64)
    for _ in range(longest):
        turned = angle[live, None] + bends
        nx = x[live, None] + np.float32(_STEP_PX) * np.cos(turned)
        ny = y[live, None] + np.float32(_STEP_PX) * np.sin(turned)
        pick = (_response_at(response, nx, ny, turned) * bend_weight).argmax(axis=1)
        row = np.arange(len(live))
        turn, px, py = turned[row, pick], nx[row, pick], ny[row, pick]
        sx = px[:, None] - np.sin(turn)[:, None] * shifts
        sy = py[:, None] + np.cos(turn)[:, None] * shifts
        side = _response_at(response, sx, sy, np.repeat(turn[:, None], len(shifts), axis=1))
        pick = (side * shift_weight).argmax(axis=1)
        px, py, value = sx[row, pick], sy[row, pick], side[row, pick]
        inside = (px >= 0) & (py >= 0) & (px <= width - 1) & (py <= height - 1)
        inside[inside] = evidence.valid[py[inside].astype(int), px[inside].astype(int)]
        weak[live] = np.where(value < settings.follow_response, weak[live] + 1, 0)
        goes_on = inside & (weak[live] <= _WEAK_STEPS)
        live = live[goes_on]
        if not len(live):
            break
        x[live], y[live], angle[live] = px[goes_on], py[goes_on], turn[goes_on]
        trail.append((live, px[goes_on], py[goes_on], turn[goes_on]))
    points = np.full((len(x), len(trail), 2), np.nan, np.float32)
    angles = np.full((len(x), len(trail)), np.nan, np.float32)
    for step, (index, px, py, turn) in enumerate(trail):
        points[index, step, 0], points[index, step, 1], angles[index, step] = px, py, turn
    return points, angles


def _response_at(response: Map, x: Points, y: Points, angle: Points) -> Map:
    """Trilinear reading of the response volume; angles wrap at π."""
    count, height, width = response.shape
    turn = (angle / np.float32(np.pi) * count) % count
    low = np.floor(turn).astype(np.int64)
    share = (turn - low).astype(np.float32)
    low %= count
    high = (low + 1) % count
    x = np.clip(x, 0, width - 1.001)
    y = np.clip(y, 0, height - 1.001)
    column, row = x.astype(np.int64), y.astype(np.int64)
    fx, fy = (x - column).astype(np.float32), (y - row).astype(np.float32)
    flat = response.ravel()
    cell = row * width + column

    def plane(k: NDArray[np.int64]) -> Map:
        base = k * (height * width) + cell
        top = flat[base] * (1 - fx) + flat[base + 1] * fx
        bottom = flat[base + width] * (1 - fx) + flat[base + width + 1] * fx
        value: Map = top * (1 - fy) + bottom * fy
        return value

    result: Map = plane(low) * (1 - share) + plane(high) * share
    return result


def cut_to_shaft(
    points: Points,
    angles: NDArray[np.float32],
    darkness: Map,
    evidence: ShaftEvidence,
    settings: HairSettings,
    *,
    plateau: float | None = None,
) -> tuple[Track, float] | None:
    """Cut a line to its longest stretch that is as dark as a shaft.

    Returns the line with its mean darkness, or None when it is too short or too pale.  The
    plateau is the line's own upper quartile of darkness unless one is given.
    """
    least = settings.min_length_mm * evidence.px_per_mm / _STEP_PX
    if len(points) < least:
        return None
    if plateau is None:
        plateau = float(np.sort(darkness)[int(_PLATEAU_QUANTILE * (len(darkness) - 1))])
    if plateau < settings.min_shaft_density:
        return None
    is_dark = darkness >= max(settings.end_fraction * plateau, 0.7 * settings.min_shaft_density)
    stretch = _longest_stretch(is_dark, int(_BREAK_MM * evidence.px_per_mm / _STEP_PX))
    if stretch is None or stretch.stop - stretch.start < least:
        return None
    mean = float(darkness[stretch].mean())
    return Track(points[stretch], angles[stretch], plateau), mean


def _longest_stretch(is_dark: NDArray[np.bool_], longest_break: int) -> slice | None:
    padded = np.zeros(len(is_dark) + 2, np.int8)
    padded[1:-1] = is_dark
    edges = np.flatnonzero(padded[1:] != padded[:-1])
    starts, stops = edges[::2], edges[1::2]
    if not len(starts):
        return None
    if len(starts) > 1:
        is_break = starts[1:] - stops[:-1] > longest_break
        starts = np.concatenate([starts[:1], starts[1:][is_break]])
        stops = np.concatenate([stops[:-1][is_break], stops[-1:]])
    widest = int(np.argmax(stops - starts))
    return slice(int(starts[widest]), int(stops[widest]))


def _place(track: Track, px_per_mm: float) -> tuple[int, int, int, int]:
    """Return a coarse key of a line's middle, angle and length: copies share it."""
    cell = _SAME_PLACE_MM * px_per_mm
    middle = track.points[len(track.points) // 2]
    run = track.points[-1] - track.points[0]
    angle = np.degrees(np.arctan2(run[1], run[0])) % 180.0
    return (
        round(float(middle[0]) / cell),
        round(float(middle[1]) / cell),
        round(angle / _SAME_ANGLE_DEG) % round(180.0 / _SAME_ANGLE_DEG),
        round(len(track.points) * _STEP_PX / (2 * cell)),
    )
