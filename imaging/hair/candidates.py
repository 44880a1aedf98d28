"""Every line that may be a hair, as a strip of its own: what a judge chooses among.

Lines of one hair overlap here, other than the strips of `strips.choose_strips`, which share out the
darkness among themselves.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from ..settings import HairSettings, recall
from .evidence import ShaftEvidence
from .lines import STEP_PX, Lines
from .strips import Strip, fitted_lines, sections, width_prior

#: Of lines whose ends lie this near to each other the one that is worth most stands for all.
_SAME_ENDS_MM = 0.025
#: No more lines than these, the worthiest, are judged in a photo: the time that it may take.
_MOST_LINES = 1500


@dataclass(frozen=True, eq=False)
class Candidates:
    """Every line that may be a hair, the worthiest first, and what is usual in the photo.

    ``usual_mm`` is the usual width, NaN without lines; ``longest_mm`` the length of the longest
    line that is worth something, those that are too long to be judged too; 0 without lines.
    """

    strips: list[Strip]
    usual_mm: float
    longest_mm: float


def possible_strips(
    tracks: Lines, evidence: ShaftEvidence, settings: HairSettings, *, most_length_mm: float
) -> Candidates:
    """Return a strip for every line that is worth something.

    Parameters
    ----------
    tracks : Lines
    evidence : ShaftEvidence
    settings : HairSettings
        ``min_worth_mm`` and ``min_support`` bound what a line must explain if it were alone.
    most_length_mm : float
        Longer lines are none.
    """
    if not len(tracks):
        return Candidates([], float("nan"), 0.0)
    lines, widths, shifts, usual = recall(fitted_lines, tracks, evidence, settings)
    (x, y), _, _, worth = recall(sections, lines, widths, shifts, evidence, settings)
    step_mm = STEP_PX / evidence.px_per_mm
    starts, length_mm = lines.starts, lines.counts * step_mm
    whole_mm = np.add.reduceat(worth.mean(axis=1), starts[:-1]) * step_mm
    worth_mm = whole_mm * width_prior(widths, usual, settings)
    is_worth = (worth_mm >= settings.min_worth_mm) & (whole_mm >= settings.min_support * length_mm)
    which = np.flatnonzero(is_worth & (length_mm <= most_length_mm))
    which = which[np.argsort(-worth_mm[which], kind="stable")]
    points = np.column_stack([x, y])
    ends_mm = np.hstack([points[starts[which]], points[starts[which + 1] - 1]]) / evidence.px_per_mm
    strips = []
    for i in which[_one_of_each(ends_mm.astype(np.float64))]:
        part = slice(starts[i], starts[i + 1])
        strips.append(
            Strip(
                points=points[part],
                angles=lines.angles[part],
                width_mm=float(widths[i]),
                plateau=float(lines.plateaus[i]),
                worth_mm=float(worth_mm[i]),
                support=float(worth_mm[i] / length_mm[i]),
                quality=float(whole_mm[i] / length_mm[i]),
                step_px=STEP_PX,
            )
        )
    return Candidates(strips, usual, float(length_mm[is_worth].max(initial=0.0)))


def _one_of_each(ends_mm: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the first lines of each place, by their ends (n, 4) either way round."""
    count = len(ends_mm)
    turned = ends_mm[:, [2, 3, 0, 1]]
    tree = cKDTree(np.vstack([ends_mm, turned]))
    near = tree.query_ball_point(ends_mm, _SAME_ENDS_MM * np.sqrt(2.0))
    is_free = np.ones(count, bool)
    kept = []
    for i in range(count):
        if not is_free[i]:
            continue
        kept.append(i)
        if len(kept) == _MOST_LINES:
            break
        is_free[np.asarray(near[i]) % count] = False
    return np.asarray(kept, np.intp)
