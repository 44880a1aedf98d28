"""Choosing hairs among all lines that may be one, by a judge that was trained to.

The judge sees what lies around both ends of a line, and where lines that were chosen before lie.
It says whether there is another hair, and where the ends of that hair are.  Lines are chosen in
rounds: in each the surest of every place, then what is left is judged anew in sight of them.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..photo.polylines import arc_lengths, points_along
from .drawn_lines import covered_pixels
from .evidence import LineJudge, Map, ShaftEvidence, read_at
from .strips import Strip, weighted_median

Floats = NDArray[np.float64]

#: Places of a window from the end: outwards along the line, and to its left, mm.
ALONG_MM = np.arange(-0.36, 0.2401, 0.012)
ACROSS_MM = np.arange(-0.108, 0.1081, 0.012)
#: Planes are limited to these shares of a line's darkness.
_LEAST_SHARE, _MOST_SHARE = -1.0, 2.0
#: What cannot be read, beyond the photo's edge or under text, is far paler than all else.
_UNREADABLE = -1e3
#: Direction of an end: over this length of its line.
_END_MM = 0.15
#: Longer hair was not trained on: it is traced without a judge.
MOST_LENGTH_MM = 1.2
#: Lines to be judged may be this much longer: their ends can move inwards.
MOST_LINE_MM = MOST_LENGTH_MM + 0.3
#: Nothing is judged where a larger share of all length is in such hair, since a short line may be a
#: piece of one there: of clipped hair it is 0.12
#: at most, of generated hair of 1.25 mm and more 0.47 at least, of uncut hair too dense to be
#: counted 0.14 to 0.39 in ten micrographs.
MOST_LONG_SHARE = 0.2
#: Values are told in these units, so that each is about 0.
_USUAL_LENGTH_MM, _USUAL_WIDTH_MM, _LEAST_DARKNESS = 0.4, 0.06, 0.05
#: The direction of hair around a line: a Gaussian of this standard deviation.
_AROUND_MM = 1.5
#: Of lines nearer than this to each other only the surest is chosen in one round; the others are
#: judged again in sight of it.
_APART_MM, _PLACES_ON_LINE = 0.12, 7
_MOST_ROUNDS = 8


@dataclass(frozen=True, eq=False)
class JudgedLines:
    """Lines that were chosen, from one of their ends to the other, and what the judge said of each.

    ``log_odds`` (n,) are from when it was chosen.
    """

    strips: list[Strip]
    log_odds: Map


def long_strips(strips: list[Strip], px_per_mm: float) -> tuple[list[Strip], float]:
    """Return the strips of longer hair than judges know, and their share of all length, 0 to 1."""
    lengths_mm = np.array([len(s.points) * s.step_px for s in strips]) / px_per_mm
    is_long = lengths_mm > MOST_LENGTH_MM
    share = float(lengths_mm[is_long].sum() / max(lengths_mm.sum(), 1e-9))
    return [strips[i] for i in np.flatnonzero(is_long)], share


def choose_lines(
    strips: list[Strip],
    usual_mm: float,
    others: list[Strip],
    evidence: ShaftEvidence,
    judge: LineJudge,
) -> JudgedLines:
    """Return the hairs among lines that may be one.

    Parameters
    ----------
    strips : list of Strip
        From `candidates.possible_strips`; those of one hair overlap.
    usual_mm : float
        The photo's usual hair width.
    others : list of Strip
        Hairs already.
    evidence : ShaftEvidence
    judge : LineJudge
    """
    px_per_mm = evidence.px_per_mm
    count = len(strips)
    frames = np.array([end_frames(s.points, s.step_px, px_per_mm) for s in strips])
    frames = frames.reshape(count, 2, 4)
    values = line_values(strips, usual_mm, px_per_mm)
    covered = np.zeros(evidence.darkness.shape, np.float32)
    for strip in others:
        cover(covered, strip.points, strip.width_mm * px_per_mm)
    windows = end_windows(strips, frames, covered, evidence)
    moves, log_odds = np.zeros((count, 2, 2), np.float32), np.zeros(count, np.float32)
    is_left = np.ones(count, bool)
    unseen = np.arange(count)
    chosen: list[int] = []
    found: list[Strip] = []
    for _ in range(_MOST_ROUNDS):
        if len(unseen):
            moves[unseen], log_odds[unseen] = judge.look(windows[unseen], values[unseen])
        # What was unlikely once stays out: others that are chosen make a line no likelier.
        is_left &= log_odds >= judge.least_log_odds
        order = np.flatnonzero(is_left)
        if not len(order):
            break
        order = order[np.argsort(-log_odds[order], kind="stable")]
        surest = order[
            _surest_of_each_place(moved_ends(frames[order], moves[order] * px_per_mm), px_per_mm)
        ]
        chosen.extend(surest)
        is_left[surest] = False
        for i in surest:
            found.append(_from_end_to_end(strips[i], frames[i], moves[i] * px_per_mm))
            cover(covered, found[-1].points, found[-1].width_mm * px_per_mm)
        left = np.flatnonzero(is_left)
        seen = covered_in_windows(frames[left], covered, px_per_mm)
        is_changed = (seen != windows[left, :, 3]).any(axis=(1, 2, 3))
        unseen = left[is_changed]
        windows[unseen, :, 3] = seen[is_changed]
    return JudgedLines(found, log_odds[np.asarray(chosen, np.intp)])


def _from_end_to_end(strip: Strip, frames: Floats, moves_px: Map) -> Strip:
    """Return the strip with its ends moved, its points as far apart as before."""
    line = with_moved_ends(strip.points, frames, moves_px).astype(np.float64)
    length_px = arc_lengths(line)[-1]
    steps = max(1, round(length_px / strip.step_px))
    points = points_along(line, np.linspace(0.0, length_px, steps + 1)).astype(np.float32)
    dx, dy = np.gradient(points, axis=0).T
    return replace(strip, points=points, angles=np.arctan2(dy, dx).astype(np.float32))


def _surest_of_each_place(ends_px: Floats, px_per_mm: float) -> NDArray[np.intp]:
    """Return the lines without a surer one nearby, by their ends (n, 2, 2), surest line first."""
    count = len(ends_px)
    share = np.linspace(0.0, 1.0, _PLACES_ON_LINE)[:, None]
    places = ends_px[:, None, 0] * (1 - share) + ends_px[:, None, 1] * share
    tree = cKDTree(places.reshape(-1, 2))
    is_free = np.ones(count, bool)
    surest = []
    for i in range(count):
        if is_free[i]:
            surest.append(i)
            near = tree.query_ball_point(places[i], _APART_MM * px_per_mm)
            is_free[np.concatenate([np.asarray(hits) for hits in near]) // _PLACES_ON_LINE] = False
    return np.asarray(surest, np.intp)


def cover(covered: Map, line: NDArray[np.floating], width_px: float) -> None:
    """Mark where a line of this width lies, in place."""
    covered[covered_pixels(line, width_px, covered.shape)] = 1.0


def end_frames(points: NDArray[np.floating], step_px: float, px_per_mm: float) -> Floats:
    """Return place and outward direction of both ends of a line, shape (2, 4), first end first."""
    frames = np.empty((2, 4))
    count = min(len(points) - 1, max(2, round(_END_MM * px_per_mm / step_px)))
    for k, line in enumerate((points[::-1], points)):
        run = line[-1].astype(np.float64) - line[-1 - count]
        frames[k] = *line[-1], *(run / max(float(np.linalg.norm(run)), 1e-6))
    return frames


def end_windows(strips: list[Strip], frames: Floats, covered: Map, evidence: ShaftEvidence) -> Map:
    """Return what lies around both ends of these lines, shape (n, 2, 4, along, across).

    Returns
    -------
    ndarray of float32
        Darkness and shade as shares of the line's darkness, -1 to 2 and -1 where nothing can be
        read; whether the line itself lies there if it goes straight on to its end, 0 or 1, and
        whether one that was chosen does.
    """
    plateau = np.array([s.plateau for s in strips], np.float32)[:, None, None, None]
    width = np.array([s.width_mm for s in strips])[:, None, None, None]
    x, y = _window_places(frames, evidence.px_per_mm)
    windows = np.empty((len(strips), 2, 4, len(ALONG_MM), len(ACROSS_MM)), np.float32)
    # Beyond the edge `read_at` repeats the last row or column.
    is_readable = evidence.valid.copy()
    is_readable[[0, -1]] = is_readable[:, [0, -1]] = False
    for k, image in enumerate((evidence.darkness, evidence.shade)):
        readable = np.where(is_readable, image, np.float32(_UNREADABLE))
        windows[:, :, k] = np.clip(read_at(readable, x, y) / plateau, _LEAST_SHARE, _MOST_SHARE)
    windows[:, :, 2] = (ALONG_MM[:, None] <= 0) & (np.abs(ACROSS_MM) <= width / 2)
    windows[:, :, 3] = read_at(covered, x, y)
    return windows


def covered_in_windows(frames: Floats, covered: Map, px_per_mm: float) -> Map:
    """Return the last plane of `end_windows`, shape (n, 2, along, across)."""
    return read_at(covered, *_window_places(frames, px_per_mm))


def _window_places(frames: Floats, px_per_mm: float) -> tuple[Map, Map]:
    along, across = ALONG_MM[:, None] * px_per_mm, ACROSS_MM * px_per_mm
    x, y, ux, uy = (frames[..., k, None, None] for k in range(4))
    return (
        (x + along * ux - across * uy).astype(np.float32),
        (y + along * uy + across * ux).astype(np.float32),
    )


def line_values(strips: list[Strip], usual_mm: float, px_per_mm: float) -> Map:
    """Return what is told of each line besides its windows, shape (strips, 11)."""
    if not strips:
        return np.zeros((0, 11), np.float32)
    step_mm = strips[0].step_px / px_per_mm
    length = np.array([len(s.points) * step_mm for s in strips])
    width = np.array([s.width_mm for s in strips])
    quality = np.array([s.quality for s in strips])
    worth = quality * length
    log_length = np.log(length / _USUAL_LENGTH_MM)
    log_darkness = np.log(np.maximum([s.plateau for s in strips], _LEAST_DARKNESS))
    weight = np.maximum(worth, 1e-3) ** 2
    values = [
        log_length,
        np.log(width / _USUAL_WIDTH_MM),
        np.log(width / usual_mm),
        log_darkness,
        worth,
        quality,
        np.array([s.worth_mm for s in strips]) / np.maximum(worth, 1e-9),
        log_darkness - weighted_median(log_darkness, weight),
        log_length - weighted_median(log_length, weight),
        *_directions_around(strips, weight, px_per_mm),
    ]
    return np.column_stack(values).astype(np.float32)


def _directions_around(
    strips: list[Strip], weight: Floats, px_per_mm: float
) -> tuple[Floats, Floats]:
    """Return how well each line fits the axis of those around it, and how much they agree."""
    first, last = (np.array([s.points[k] for s in strips], np.float64) for k in (0, -1))
    middle, run = 0.5 * (first + last) / px_per_mm, last - first
    double = 2 * np.arctan2(run[:, 1], run[:, 0])
    axis = np.column_stack([np.cos(double), np.sin(double)])
    # In place and in half the digits: a thousand lines make a million pairs.
    x, y = (middle.T / _AROUND_MM).astype(np.float32)
    near = (x[:, None] - x) ** 2
    near += (y[:, None] - y) ** 2
    near *= np.float32(-0.5)
    np.exp(near, out=near)
    near *= weight.astype(np.float32)
    usual = near @ axis.astype(np.float32) / near.sum(axis=1)[:, None]
    return (usual * axis).sum(axis=1), np.hypot(usual[:, 0], usual[:, 1])


def moved_ends(frames: Floats, moves_px: NDArray[np.floating]) -> Floats:
    """Return the ends of lines, shape (..., 2, 2), moved outwards and to the left."""
    x, y, ux, uy = (frames[..., k] for k in range(4))
    out, left = moves_px[..., 0], moves_px[..., 1]
    ends: Floats = np.stack([x + out * ux - left * uy, y + out * uy + left * ux], axis=-1)
    return ends


def with_moved_ends(
    line: NDArray[np.floating], frames: Floats, moves_px: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Return a line from one moved end to the other; between them it keeps its points."""
    kept = np.ones(len(line), bool)
    for (x, y, ux, uy), out in zip(frames, moves_px[:, 0], strict=True):
        # The old end gives way to the new one, and so does what lies beyond it.
        kept &= (line - (x, y)) @ (ux, uy) < min(out, 0.0)
    first, last = moved_ends(frames, moves_px)
    return np.vstack([first[None], line[kept], last[None]])
