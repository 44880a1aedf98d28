"""What a network sees around both ends of a traced line, and the line with its ends moved.

Which lines are hairs is not decided here: a line keeps its place, only its ends move.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .evidence import EndJudge, Map, ShaftEvidence, read_at
from .strips import Strip

Floats = NDArray[np.float64]

#: Places of a window from the end: outwards along the line, and to its left, mm.
ALONG_MM = np.arange(-0.36, 0.2401, 0.012)
ACROSS_MM = np.arange(-0.108, 0.1081, 0.012)
#: Direction of an end: over this length of its line.
_END_MM = 0.15
#: Longer hair was not trained on; its ends stay.
MOST_LENGTH_MM = 1.2
#: Lines are drawn with this many bits of a pixel.
_SHIFT = 4
#: Values are told in these units, so that each is about 0.
_USUAL_LENGTH_MM, _USUAL_WIDTH_MM = 0.4, 0.06


def end_frames(points: NDArray[np.floating], step_px: float, px_per_mm: float) -> Floats:
    """Return place and outward direction of both ends of a line, shape (2, 4), first end first."""
    frames = np.empty((2, 4))
    count = min(len(points) - 1, max(2, round(_END_MM * px_per_mm / step_px)))
    for k, line in enumerate((points[::-1], points)):
        run = line[-1].astype(np.float64) - line[-1 - count]
        frames[k] = *line[-1], *(run / max(float(np.linalg.norm(run)), 1e-6))
    return frames


def end_windows(
    strips: list[Strip], frames: Floats, which: NDArray[np.intp], evidence: ShaftEvidence
) -> Map:
    """Return what lies around both ends of these lines, shape (n, 2, 4, along, across).

    Parameters
    ----------
    strips : list of Strip
        All lines of the photo: what the others cover is shown.
    frames : ndarray of float, shape (n, 2, 4)
        From `end_frames`, one for each of `which`.
    which : ndarray of int, shape (n,)
    evidence : ShaftEvidence

    Returns
    -------
    ndarray of float32
        Darkness and shade as shares of the line's darkness, whether other lines lie there, and
        whether the line itself would if it went straight on to its end.
    """
    covers = [_drawn(strip, evidence) for strip in strips]
    total = np.zeros(evidence.darkness.shape, np.int16)
    for place, cover in covers:
        total[place] += cover
    shape = (len(which), 2, 4, len(ALONG_MM), len(ACROSS_MM))
    windows = np.zeros(shape, np.float32)
    along, across = ALONG_MM * evidence.px_per_mm, ACROSS_MM * evidence.px_per_mm
    for row, i in enumerate(which):
        strip, (place, cover) = strips[i], covers[i]
        total[place] -= cover
        others = np.minimum(total, 1).astype(np.float32)
        total[place] += cover
        own = (ALONG_MM[:, None] <= 0) & (np.abs(ACROSS_MM) <= strip.width_mm / 2)
        for k, (x0, y0, ux, uy) in enumerate(frames[row]):
            x = (x0 + along[:, None] * ux - across * uy).astype(np.float32)
            y = (y0 + along[:, None] * uy + across * ux).astype(np.float32)
            windows[row, k, 0] = read_at(evidence.darkness, x, y) / strip.plateau
            windows[row, k, 1] = read_at(evidence.shade, x, y) / strip.plateau
            windows[row, k, 2] = read_at(others, x, y)
            windows[row, k, 3] = own
    return windows


def line_values(
    strips: list[Strip], features: Floats, confidences: Floats, px_per_mm: float
) -> Map:
    """Return what is told of each line besides its windows, shape (strips, values)."""
    length = np.array([len(s.points) * s.step_px for s in strips]) / px_per_mm
    width = np.array([s.width_mm for s in strips])
    values = [np.log(length / _USUAL_LENGTH_MM), np.log(width / _USUAL_WIDTH_MM), confidences]
    return np.column_stack([features, *values]).astype(np.float32)


def move_ends(
    lines: list[NDArray[np.floating]],
    strips: list[Strip],
    values: Map,
    judge: EndJudge,
    evidence: ShaftEvidence,
) -> list[NDArray[np.floating]]:
    """Return the lines, root first, with their ends where the judge believes them.

    White and grey hair, and hair longer than `MOST_LENGTH_MM`, stays as it is.
    """
    px_per_mm = evidence.px_per_mm
    which = np.array(
        [
            i
            for i, strip in enumerate(strips)
            if not strip.is_pale and len(strip.points) * strip.step_px <= MOST_LENGTH_MM * px_per_mm
        ],
        np.intp,
    )
    if not len(which):
        return lines
    frames = np.stack([end_frames(lines[i], strips[i].step_px, px_per_mm) for i in which])
    moves = judge(end_windows(strips, frames, which, evidence), values[which])
    moved = list(lines)
    for row, i in enumerate(which):
        moved[i] = _moved(lines[i], frames[row], moves[row].astype(np.float64) * px_per_mm)
    return moved


def _moved(line: NDArray[np.floating], frames: Floats, moves_px: Floats) -> NDArray[np.floating]:
    """Return a line from one moved end to the other; between them it keeps its points."""
    kept = np.ones(len(line), bool)
    ends = []
    for (x, y, ux, uy), (out, left) in zip(frames, moves_px, strict=True):
        ends.append((x + out * ux - left * uy, y + out * uy + left * ux))
        # The old end gives way to the new one, and so does what lies beyond it.
        kept &= (line - (x, y)) @ (ux, uy) < min(out, 0.0)
    return np.vstack([ends[:1], line[kept], ends[1:]])


def _drawn(strip: Strip, evidence: ShaftEvidence) -> tuple[tuple[slice, slice], NDArray[np.int16]]:
    """Return the place of a line in the photo and which pixels of it the line covers."""
    height, width = evidence.darkness.shape
    pad = 12
    low = np.maximum(np.floor(strip.points.min(axis=0)).astype(int) - pad, 0)
    high = np.ceil(strip.points.max(axis=0)).astype(int) + pad + 1
    high = np.minimum(high, (width, height))
    cover = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    places = np.round((strip.points - low) * (1 << _SHIFT)).astype(np.int32)
    thick = max(1, round(strip.width_mm * evidence.px_per_mm))
    cv2.polylines(cover, [places], False, 1, thick, shift=_SHIFT)
    return (slice(low[1], high[1]), slice(low[0], high[0])), cover.astype(np.int16)
