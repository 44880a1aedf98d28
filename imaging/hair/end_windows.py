"""What a network sees around both ends of a traced line, and the line with its ends moved.

Which lines are hairs is not decided here: a line keeps its place, only its ends move.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drawn_lines import covered_pixels
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
    covers = [
        covered_pixels(strip.points, strip.width_mm * evidence.px_per_mm, evidence.darkness.shape)
        for strip in strips
    ]
    # How many lines cover a pixel: less one where the line itself does, others are left.
    total = np.zeros(evidence.darkness.shape, np.int16)
    for cover in covers:
        total[cover] += 1
    shape = (len(which), 2, 4, len(ALONG_MM), len(ACROSS_MM))
    windows = np.zeros(shape, np.float32)
    along, across = ALONG_MM * evidence.px_per_mm, ACROSS_MM * evidence.px_per_mm
    for row, i in enumerate(which):
        strip = strips[i]
        total[covers[i]] -= 1
        others = np.minimum(total, 1).astype(np.float32)
        total[covers[i]] += 1
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
    which = judged_lines(strips, evidence.px_per_mm)
    if not len(which):
        return lines
    frames = frames_of(lines, strips, which, evidence.px_per_mm)
    moves_mm = judge(end_windows(strips, frames, which, evidence), values[which])
    return place_ends(lines, which, frames, moves_mm.astype(np.float64) * evidence.px_per_mm)


def judged_lines(strips: list[Strip], px_per_mm: float) -> NDArray[np.intp]:
    """Return which strips have ends that a judge was trained to set: short, dark ones."""
    most_px = MOST_LENGTH_MM * px_per_mm
    is_judged = [not s.is_pale and len(s.points) * s.step_px <= most_px for s in strips]
    return np.flatnonzero(np.array(is_judged, bool))


def frames_of(
    lines: list[NDArray[np.floating]],
    strips: list[Strip],
    which: NDArray[np.intp],
    px_per_mm: float,
) -> Floats:
    """Return the `end_frames` of these lines, root first, shape (n, 2, 4)."""
    return np.stack([end_frames(lines[i], strips[i].step_px, px_per_mm) for i in which])


def place_ends(
    lines: list[NDArray[np.floating]], which: NDArray[np.intp], frames: Floats, moves_px: Floats
) -> list[NDArray[np.floating]]:
    """Return all lines, of which these have their ends moved outwards and to the left."""
    moved = list(lines)
    for row, i in enumerate(which):
        moved[i] = _moved(lines[i], frames[row], moves_px[row])
    return moved


def drawn_inwards(moves_mm: Map, *, share: float, root_mm: float, tip_mm: float) -> Map:
    """Return this share of moves, shape (n, 2, 2), with roots and tips moved further outwards.

    A network learns where the shafts of generated scalps end; real ones fade faster, which three
    numbers of the model's contract make up for.
    """
    moves = np.float32(share) * moves_mm
    moves[..., 0] += np.array([root_mm, tip_mm], np.float32)
    return moves


def _moved(line: NDArray[np.floating], frames: Floats, moves_px: Floats) -> NDArray[np.floating]:
    """Return a line from one moved end to the other; between them it keeps its points."""
    kept = np.ones(len(line), bool)
    ends = []
    for (x, y, ux, uy), (out, left) in zip(frames, moves_px, strict=True):
        ends.append((x + out * ux - left * uy, y + out * uy + left * ux))
        # The old end gives way to the new one, and so does what lies beyond it.
        kept &= (line - (x, y)) @ (ux, uy) < min(out, 0.0)
    return np.vstack([ends[:1], line[kept], ends[1:]])
