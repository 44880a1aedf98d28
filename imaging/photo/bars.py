"""Bars among the lines of a photo: those whose label is read, and those that are surely bars."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_checks import MOST_ERROR, has_like_ticks, is_alike_from_all_sides, is_sure
from .bar_label import Box, Label, labels_near, read_label
from .bar_lines import BarLine, find_bar_lines
from .label_search import search_label
from .text_lines import FoundLine, Run

#: Margin around a burnt-in line, px: anti-aliasing and the ringing of JPEG.
_MARGIN_PX = 3

#: Least length of a lying and of an upright bar in heights of its label's capitals: the side of a
#: label's box is shorter.
_LEAST_CAPS, _LEAST_UPRIGHT_CAPS = 1.7, 2.4

#: How much longer an upright line must be than a lying one to come before it.
_LYING_WEIGHT = 1.3

#: Labels that are looked at in one photo, beside the longest lines first.
_MOST_LOOKS = 30

#: Bars around which a label is searched in one photo: it takes time.
_MOST_SEARCHES = 1

#: Gap between lines that belong to one bar, px.
_JOIN_PX = 20

#: Labels that are tried for one bar, nearest first.
_LABELS_TRIED = 3


@dataclass(frozen=True)
class FoundBar:
    """A bar; its line in the coordinates of the array it was found in, its box in the photo's."""

    line: BarLine
    label: Label | None
    box: Box
    is_vertical: bool


def find_bars(
    pixels: NDArray[np.uint8],
    greys: list[NDArray[np.uint8]],
    runs: list[Run],
    lines: list[FoundLine],
    ticks: tuple[Box, ...],
) -> list[FoundBar]:
    """Return bars that are read, or that are surely bars.

    Each label serves the longest bar beside it.  A ruler's base is no bar, whatever number stands
    beside it.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    greys : list of ndarray of uint8, shape (h, w)
        Views in which labels are read.
    runs : list of Run
        What may be text.
    lines : list of FoundLine
        What is.
    ticks : tuple of Box
        Rows of a ruler's ticks.
    """
    candidates = [(line, False) for line in find_bar_lines(pixels)]
    turned = np.asarray(cv2.transpose(pixels), np.uint8)
    candidates += [(line, True) for line in find_bar_lines(turned)]
    candidates.sort(key=_rank)
    found: list[FoundBar] = []
    used: list[Run] = []
    searches = looks = 0
    for line, is_vertical in candidates:
        box = line.box if not is_vertical else (*line.box[2:], *line.box[:2])
        if any(_meet(box, row) for row in ticks):
            continue
        near = [run for run in labels_near(box, runs) if not _is_used(run, used)]
        near = near[: min(_LABELS_TRIED, _MOST_LOOKS - looks)]
        looks += len(near)
        label = _read_one(greys, near, line, box)
        if label is None and is_sure(line) and searches < _MOST_SEARCHES:
            searches += 1
            seen = search_label(greys[0], box, length_px=line.length)
            fresh = [run for run in seen if not _is_used(run, used)]
            label = _read_one(greys, fresh[:_LABELS_TRIED], line, box)
        if label is not None:
            used.append(label.run)
        if label is not None and line.error_px > MOST_ERROR * line.length:
            # The text is plain, but a hair may hide where the bar ends.
            label = None
        is_arm = any(_meet(box, bar.box) for bar in found)
        if label is None and (is_arm or not _is_unread_bar(line, box, lines)):
            continue
        if label is not None or is_alike_from_all_sides(turned if is_vertical else pixels, line):
            found.append(FoundBar(line, label, box, is_vertical))
    return found


def _meet(one: Box, other: Box) -> bool:
    """Whether two bars touch: ticks, arms and the second line of a double bar are no bars."""
    rows = min(one[1], other[1]) + _JOIN_PX >= max(one[0], other[0])
    return rows and min(one[3], other[3]) + _JOIN_PX >= max(one[2], other[2])


def _read_one(
    greys: list[NDArray[np.uint8]], runs: list[Run], line: BarLine, box: Box
) -> Label | None:
    """The first of these runs that reads as a length fit for the bar."""
    is_upright = box[1] - box[0] > box[3] - box[2]
    least_caps = _LEAST_UPRIGHT_CAPS if is_upright else _LEAST_CAPS
    for run in runs:
        if line.length >= least_caps * (run.row1 - run.row0):
            label = read_label(greys, run, bar=box, length_px=line.length)
            if label is not None:
                return label
    return None


def _is_used(run: Run, used: list[Run]) -> bool:
    return any(run.is_beside(one) for one in used)


def _rank(candidate: tuple[BarLine, bool]) -> tuple[float, bool, int, float]:
    """Longer bars come first: the ends of a bar are shorter lines.

    Labels are written along horizontal bars, so these come before the upright arm of an L.
    """
    line, is_vertical = candidate
    weight = 1.0 if is_vertical else _LYING_WEIGHT
    return -weight * line.length, is_vertical, line.row0, line.start


def _is_unread_bar(line: BarLine, box: Box, lines: list[FoundLine]) -> bool:
    """Whether a line is a scale bar although no length was read beside it."""
    if not is_sure(line):
        return False
    runs = [Run(one.row0, one.row1, one.col0, one.col1, 0) for one in lines]
    return has_like_ticks(line) or bool(labels_near(box, runs))


def mask_bar(masked: NDArray[np.bool_], bar: FoundBar) -> None:
    """Mask a bar and the ticks or arms at its ends, in place."""
    line = bar.line
    masked = masked.T if bar.is_vertical else masked
    row0, row1, col0, col1 = line.box
    masked[
        max(0, row0 - _MARGIN_PX) : row1 + _MARGIN_PX,
        max(0, col0 - _MARGIN_PX) : col1 + _MARGIN_PX,
    ] = True
    for column, (above, below) in ((col0, line.tick0), (col1 - 1, line.tick1)):
        if max(above, below) >= 2:
            masked[
                max(0, row0 - above - _MARGIN_PX) : row1 + below + _MARGIN_PX,
                max(0, column - _MARGIN_PX) : column + 1 + _MARGIN_PX,
            ] = True
