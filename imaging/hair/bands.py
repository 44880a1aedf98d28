"""How many hairs a dark band can hold: one thick hair is not two that touch.

Across each line the dark band around it is measured.  A band that is shared by n lines, of which
one was found before the others, has room for them when it is n usual widths wide.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from .evidence import ShaftEvidence, read_at
from .tracks import smoothed

Floats = NDArray[np.float64]

#: Where along a line its band is measured, and how far across, in which steps.
_ALONG = np.array([0.25, 0.4, 0.5, 0.6, 0.75])
_REACH_MM, _SAMPLE_MM = 0.24, 0.008
_SMOOTHING_MM = 0.006
#: A band is what is at least this share of the darkness at its line.
_BAND_SHARE = 0.5
#: The usual width of a photo needs this many lines that stand alone.
_ENOUGH = 5
#: Lines this far off a section's middle are looked at.
_NEAR_MM = 0.2
#: Room of a line alone in its band; more is no more proof.
_MOST_ROOM = 1.5


def room_of_lines(
    lines: list[Floats], widths_mm: list[float], evidence: ShaftEvidence
) -> list[float]:
    """Return for each line how many usual widths of its band it has for itself, up to 1.5.

    Parameters
    ----------
    lines : list of ndarray, shape (n, 2)
        Centre lines in working pixels (array indices), the best supported first.
    widths_mm : list of float
        Widths by which the usual one is told where no line stands alone.
    evidence : ShaftEvidence
    """
    if not lines:
        return []
    low, high = _bands(lines, evidence)
    sharing = _sharing(lines, low, high, evidence.px_per_mm)
    band = np.median(high - low, axis=1)
    alone = sharing.mean(axis=1) <= 1.0
    usual = float(np.median(band[alone] if alone.sum() >= _ENOUGH else np.array(widths_mm)))
    room = np.median((high - low) / np.maximum(sharing, 1.0), axis=1) / max(usual, 1e-3)
    # The first line of a band has it for itself: those found later must show that there is more.
    room = np.where(alone, np.maximum(room, 1.0), room)
    return [float(value) for value in np.minimum(room, _MOST_ROOM)]


def _sections(line: Floats) -> tuple[Floats, Floats]:
    """Return middles and unit normals of the sections across a line, shapes (sections, 2)."""
    index = np.clip(np.rint(_ALONG * (len(line) - 1)), 1, len(line) - 2).astype(int)
    run = line[np.minimum(index + 2, len(line) - 1)] - line[np.maximum(index - 2, 0)]
    run = run / np.maximum(np.linalg.norm(run, axis=1), 1e-6)[:, None]
    return line[index], np.column_stack([-run[:, 1], run[:, 0]])


def _bands(lines: list[Floats], evidence: ShaftEvidence) -> tuple[Floats, Floats]:
    """Return where each section's band begins and ends, mm from the line, (lines, sections)."""
    reach = round(_REACH_MM / _SAMPLE_MM)
    offset = np.arange(-reach, reach + 1) * _SAMPLE_MM
    image = smoothed(evidence.darkness, _SMOOTHING_MM * evidence.px_per_mm)
    middle, normal = (np.stack(part) for part in zip(*map(_sections, lines), strict=True))
    points = middle[..., None, :] + normal[..., None, :] * (offset[:, None] * evidence.px_per_mm)
    profile = read_at(image, points[..., 0], points[..., 1])
    level = profile[..., reach - 1 : reach + 2].max(axis=-1)
    is_dark = profile >= _BAND_SHARE * np.maximum(level, 0.05)[..., None]
    right = np.argmin(is_dark[..., reach + 1 :], axis=-1)
    right = np.where(is_dark[..., reach + 1 :].all(axis=-1), reach, right)
    left = np.argmin(is_dark[..., reach - 1 :: -1], axis=-1)
    left = np.where(is_dark[..., :reach].all(axis=-1), reach, left)
    return -(left + 0.5) * _SAMPLE_MM, (right + 0.5) * _SAMPLE_MM


def _sharing(lines: list[Floats], low: Floats, high: Floats, px_per_mm: float) -> Floats:
    """Return how many lines, itself and those before it, pass through each section's band."""
    places = np.vstack(lines)
    owner = np.repeat(np.arange(len(lines)), [len(line) for line in lines])
    tree = cKDTree(places)
    count = np.ones(low.shape)
    for i, line in enumerate(lines):
        middle, normal = _sections(line)
        near = tree.query_ball_point(middle, _NEAR_MM * px_per_mm)
        for k, indices in enumerate(near):
            found = np.array([j for j in indices if owner[j] < i], np.intp)
            if not len(found):
                continue
            away = (places[found] - middle[k]) / px_per_mm
            across = away @ normal[k]
            along = away @ np.array([normal[k][1], -normal[k][0]])
            inside = (across >= low[i, k]) & (across <= high[i, k])
            passing = owner[found[inside & (np.abs(along) <= 2.0 / px_per_mm)]]
            count[i, k] += len(np.unique(passing))
    return count
