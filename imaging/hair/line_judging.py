"""What a network sees around both ends of a traced line, and the line as it judges it.

A line keeps its place; its ends move, and how sure it is to be a hair is said anew.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .drawn_lines import covered_pixels
from .evidence import LineJudge, Map, ShaftEvidence, read_at
from .strips import Strip

Floats = NDArray[np.float64]

#: Places of a window from the end: outwards along the line, and to its left, mm.
ALONG_MM = np.arange(-0.36, 0.2401, 0.012)
ACROSS_MM = np.arange(-0.108, 0.1081, 0.012)
#: Direction of an end: over this length of its line.
_END_MM = 0.15
#: Longer hair was not trained on; its ends stay.
MOST_LENGTH_MM = 1.2
#: Nothing is judged where a larger share of all length is in such hair: of clipped hair it is 0.12
#: at most, of hair of 1.25 mm and more 0.47 at least.
MOST_LONG_SHARE = 0.3
#: Values are told in these units, so that each is about 0.
_USUAL_LENGTH_MM, _USUAL_WIDTH_MM = 0.4, 0.06
#: Of a line's turn from end to end (radians) and of its bow (widths) no more is told.
_MOST_TURN, _MOST_BOW = 1.5, 3.0


def end_frames(points: NDArray[np.floating], step_px: float, px_per_mm: float) -> Floats:
    """Return place and outward direction of both ends of a line, shape (2, 4), first end first."""
    frames = np.empty((2, 4))
    count = min(len(points) - 1, max(2, round(_END_MM * px_per_mm / step_px)))
    for k, line in enumerate((points[::-1], points)):
        run = line[-1].astype(np.float64) - line[-1 - count]
        frames[k] = *line[-1], *(run / max(float(np.linalg.norm(run)), 1e-6))
    return frames


def end_windows(
    strips: list[Strip],
    confidences: Floats,
    frames: Floats,
    which: NDArray[np.intp],
    evidence: ShaftEvidence,
) -> Map:
    """Return what lies around both ends of these lines, shape (n, 2, 4, along, across).

    Parameters
    ----------
    strips : list of Strip
        All lines of the photo: what the others cover is shown.
    confidences : ndarray of float, shape (strips,)
        How sure each is, 0 to 1.
    frames : ndarray of float, shape (n, 2, 4)
        From `end_frames`, one for each of `which`.
    which : ndarray of int, shape (n,)
    evidence : ShaftEvidence

    Returns
    -------
    ndarray of float32
        Darkness and shade as shares of the line's darkness, how sure the surest of the other lines
        is that lie there (0: none), and whether the line itself would if it went straight on to
        its end.
    """
    shape = evidence.darkness.shape
    # The surest line of each pixel, how sure it is, and how sure the next one is.
    surest = np.full(shape, -1, np.int32)
    first, second = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for i in np.argsort(confidences, kind="stable"):
        strip = strips[i]
        cover = covered_pixels(strip.points, strip.width_mm * evidence.px_per_mm, shape)
        second[cover] = first[cover]
        first[cover] = confidences[i]
        surest[cover] = i
    windows = np.zeros((len(which), 2, 4, len(ALONG_MM), len(ACROSS_MM)), np.float32)
    along, across = ALONG_MM * evidence.px_per_mm, ACROSS_MM * evidence.px_per_mm
    for row, i in enumerate(which):
        strip = strips[i]
        others = np.where(surest == i, second, first)
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
    turn = np.array([s.angles[-1] - s.angles[0] for s in strips], np.float64)
    turn = np.abs((turn + np.pi) % (2 * np.pi) - np.pi)
    bow = np.array([_bow_px(s.points) for s in strips]) / px_per_mm / width
    values = [
        np.log(length / _USUAL_LENGTH_MM),
        np.log(width / _USUAL_WIDTH_MM),
        confidences,
        np.minimum(turn, _MOST_TURN),
        np.minimum(bow, _MOST_BOW),
    ]
    return np.column_stack([features, *values]).astype(np.float32)


def _bow_px(points: NDArray[np.floating]) -> float:
    """Return how far a line strays from the straight way between its ends."""
    run = points[-1] - points[0]
    away = points - points[0]
    across = away[:, 0] * run[1] - away[:, 1] * run[0]
    return float(np.abs(across).max() / max(float(np.hypot(*run)), 1e-6))


def judge_lines(
    lines: list[NDArray[np.floating]],
    strips: list[Strip],
    values: Map,
    confidences: Floats,
    judge: LineJudge,
    evidence: ShaftEvidence,
) -> tuple[list[NDArray[np.floating]], Floats]:
    """Return the lines, root first, with their ends and their confidences as the judge has them.

    White and grey hair, and hair longer than `MOST_LENGTH_MM`, stays as it is.
    """
    which = judged_lines(strips, evidence.px_per_mm)
    if not len(which):
        return lines, confidences
    frames = frames_of(lines, strips, which, evidence.px_per_mm)
    windows = end_windows(strips, confidences, frames, which, evidence)
    moves_mm, log_odds = judge(windows, values[which])
    judged = confidences.copy()
    judged[which] = 1.0 / (1.0 + np.exp(-np.clip(log_odds.astype(np.float64), -30, 30)))
    return place_ends(
        lines, which, frames, moves_mm.astype(np.float64) * evidence.px_per_mm
    ), judged


def judged_lines(strips: list[Strip], px_per_mm: float) -> NDArray[np.intp]:
    """Return which strips are of the kind that a judge was trained on: short, dark ones.

    None, where hair is longer: there a short line is a piece of one, or a hair among long ones.
    """
    dark = np.flatnonzero(np.array([not s.is_pale for s in strips], bool))
    lengths_mm = np.array([len(strips[i].points) * strips[i].step_px for i in dark]) / px_per_mm
    is_long = lengths_mm > MOST_LENGTH_MM
    if lengths_mm[is_long].sum() > MOST_LONG_SHARE * lengths_mm.sum():
        return np.zeros(0, np.intp)
    return dark[~is_long]


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
