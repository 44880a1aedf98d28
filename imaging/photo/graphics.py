"""Find what a device burnt into a photo: text, scale bars, measuring circles, pillar-boxes.

Found once, by `find_graphics`: masked for measuring, blacked out where it carries text, and the
scale bar read.  Hair, glare and a dermoscope's black corners are not graphics.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .banners import follow_lines
from .bar_checks import MOST_ERROR, has_like_ticks, is_alike_from_all_sides, is_sure
from .bar_label import Box, Label, labels_near, read_label
from .bar_lines import BarLine, find_bar_lines
from .borders import find_content
from .circles import Circle, FoundCircle, find_circle
from .label_search import search_label
from .ruler import Ruler, find_rulers
from .text_boxes import text_boxes
from .text_lines import FoundLine, Run, find_parts, grey_maps, read_runs, runs_of_parts
from .text_turn import find_text_turn
from .turns import Turn

__all__ = ["Circle", "Graphics", "Ruler", "ScaleBar", "find_graphics"]

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

#: Longer side, px, from which on text and circles are looked for at half the size: in so large a
#: photo devices write larger.
_LARGE_PX = 2600

#: Gap between lines that belong to one bar, px.
_JOIN_PX = 20

#: Labels that are tried for one bar, nearest first.
_LABELS_TRIED = 3

#: What devices write when nobody has calibrated them (small letters, spaces left out).
_UNCALIBRATED = re.compile(
    r"未.{0,3}[校标標].{0,1}|uncal|(?:not|no|non|un)-?calibrat|notcal|calibration(?:off|none|:no)"
)


@dataclass(frozen=True)
class ScaleBar:
    """A burnt-in scale bar.

    Parameters
    ----------
    x0_px, y0_px, x1_px, y1_px : float
        Its ends.
    length_px : float
    text : str
        As read, small letters without spaces; empty when unread.
    length_mm : float
        NaN when unread.
    relative_error : float
        One standard error of ``length_px`` as a share of it.
    is_uncalibrated : bool
        The device says in the photo that it is not calibrated.
    """

    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float
    length_px: float
    text: str
    length_mm: float
    relative_error: float
    is_uncalibrated: bool

    @property
    def is_read(self) -> bool:
        return math.isfinite(self.length_mm)


@dataclass(frozen=True, eq=False)
class Graphics:
    """Everything burnt into a photo.

    Parameters
    ----------
    masked : ndarray of bool, shape (h, w)
        Every burnt-in pixel with a small margin, pillar-boxes included.
    text : ndarray of bool, shape (h, w)
        Areas to black out in output pictures.
    circle : Circle or None
        The measuring circle; what lies inside it stays readable.
    content : tuple of int
        row0, row1, col0, col1 (half open) of the imaged area, pillar-boxes removed.
    bars : tuple of ScaleBar
    lines : tuple of str
        Text that was read, small letters without spaces.
    rulers : tuple of Ruler
        Rulers and graticules in view whose numbers were read.
    """

    masked: NDArray[np.bool_]
    text: NDArray[np.bool_]
    circle: Circle | None
    content: tuple[int, int, int, int]
    bars: tuple[ScaleBar, ...]
    lines: tuple[str, ...] = ()
    rulers: tuple[Ruler, ...] = ()


@dataclass(frozen=True)
class _FoundBar:
    """A bar; its line in the coordinates of the array it was found in, its box in the photo's."""

    line: BarLine
    label: Label | None
    box: Box
    is_vertical: bool


def find_graphics(pixels: NDArray[np.uint8]) -> Graphics:
    """Return what is burnt into a photo.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright sRGB.

    Returns
    -------
    Graphics
    """
    least, greatest = grey_maps(pixels)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    runs, parts, scale = _runs(least, greatest)
    text = find_text_turn(grey, runs, parts, scale)
    if text.turn.is_upright:
        return _found(pixels, (grey, least, greatest), runs, text.lines)
    turned = np.ascontiguousarray(text.turn.apply(pixels))
    least, greatest = grey_maps(turned)
    grey = np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), np.uint8)
    runs, *_ = _runs(least, greatest)
    found = _found(turned, (grey, least, greatest), runs, read_runs(grey, runs))
    return _laid_back(found, text.turn, is_scale_certain=text.is_certain)


def _found(
    pixels: NDArray[np.uint8],
    greys: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    runs: list[Run],
    lines: list[FoundLine],
) -> Graphics:
    """What is burnt into a photo whose text, if there is any, stands upright."""
    grey, least, greatest = greys
    content = find_content(pixels)
    lines = lines + follow_lines(grey, least, greatest, lines)
    ring = _circle(pixels)
    seen = find_rulers(grey, least, greatest)
    found = _bars(pixels, list(greys), runs, lines, seen.rows)
    labels = [
        FoundLine(label.run.row0, label.run.row1, label.run.col0, label.run.col1, label.read)
        for bar in found
        if (label := bar.label) is not None
    ]
    is_uncalibrated = any(_UNCALIBRATED.search(line.read.text) for line in lines)

    text = np.zeros(grey.shape, bool)
    for row0, row1, col0, col1 in text_boxes(grey, [*lines, *labels]):
        text[row0:row1, col0:col1] = True
    masked = text.copy()
    masked[: content[0]] = masked[content[1] :] = True
    masked[:, : content[2]] = masked[:, content[3] :] = True
    for bar in found:
        _mask_bar(masked.T if bar.is_vertical else masked, bar.line)
    if ring is not None:
        masked |= ring.line
    for row0, row1, col0, col1 in (ruler.box for ruler in seen.rulers):
        masked[row0:row1, col0:col1] = True
    return Graphics(
        masked=masked,
        text=text,
        circle=None if ring is None else ring.circle,
        content=content,
        bars=tuple(_scale_bar(bar, is_uncalibrated) for bar in found),
        lines=tuple(line.read.text for line in lines),
        rulers=seen.rulers,
    )


def _runs(
    least: NDArray[np.uint8], greatest: NDArray[np.uint8]
) -> tuple[list[Run], list[NDArray[np.int64]], int]:
    """Runs of characters, told in a large photo at half its size; their parts; and 2 or 1."""
    scale = 1 if max(least.shape) <= _LARGE_PX else 2
    if scale == 2:
        least, greatest = _halved(least), _halved(greatest)
    parts = find_parts(least, greatest)
    return [run.enlarged(scale) for run in runs_of_parts(parts)], parts, scale


def _laid_back(found: Graphics, turn: Turn, *, is_scale_certain: bool) -> Graphics:
    """What was found in the turned photo, as it lies in the photo itself.

    A length beside a bar is forgotten where the text does not surely stand as it was read.
    """
    shape = found.masked.shape
    circle = found.circle
    if circle is not None:
        circle = Circle(*turn.undo_place(circle.x_px, circle.y_px, shape), circle.radius_px)
    bars = [_bar_back(bar, turn, shape) for bar in found.bars]
    if not is_scale_certain:
        bars = [replace(bar, text="", length_mm=math.nan) for bar in bars]
    return Graphics(
        masked=np.ascontiguousarray(turn.undo(found.masked)),
        text=np.ascontiguousarray(turn.undo(found.text)),
        circle=circle,
        content=turn.undo_box(found.content, shape),
        bars=tuple(bars),
        lines=found.lines,
        rulers=tuple(_ruler_back(ruler, turn, shape) for ruler in found.rulers),
    )


def _bar_back(bar: ScaleBar, turn: Turn, shape: tuple[int, ...]) -> ScaleBar:
    x0, y0, x1, y1 = _ends_back(bar, turn, shape)
    return replace(bar, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1)


def _ruler_back(ruler: Ruler, turn: Turn, shape: tuple[int, ...]) -> Ruler:
    x0, y0, x1, y1 = _ends_back(ruler, turn, shape)
    box = turn.undo_box(ruler.box, shape)
    return replace(ruler, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1, box=box)


def _ends_back(
    one: ScaleBar | Ruler, turn: Turn, shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """The ends of a bar or ruler in the photo itself, the left or upper one first."""
    ends = ((one.x0_px, one.y0_px), (one.x1_px, one.y1_px))
    first, last = sorted(turn.undo_place(x, y, shape) for x, y in ends)
    return *first, *last


def _circle(pixels: NDArray[np.uint8]) -> FoundCircle | None:
    """The measuring circle, looked for in a large photo at half its size."""
    if max(pixels.shape) <= _LARGE_PX:
        return find_circle(pixels)
    found = find_circle(_halved(pixels))
    if found is None:
        return None
    height, width = pixels.shape[:2]
    line = cv2.resize(
        np.asarray(found.line, np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    circle = Circle(2 * found.circle.x_px, 2 * found.circle.y_px, 2 * found.circle.radius_px)
    return FoundCircle(circle, np.asarray(line, bool))


def _halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    size = ((pixels.shape[1] + 1) // 2, (pixels.shape[0] + 1) // 2)
    return np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)


def _bars(
    pixels: NDArray[np.uint8],
    greys: list[NDArray[np.uint8]],
    runs: list[Run],
    lines: list[FoundLine],
    ticks: tuple[Box, ...],
) -> list[_FoundBar]:
    """Bars that are read, or that are surely bars; each label serves the longest bar beside it.

    A ruler's base is no bar, whatever number stands beside it.
    """
    candidates = [(line, False) for line in find_bar_lines(pixels)]
    turned = np.asarray(cv2.transpose(pixels), np.uint8)
    candidates += [(line, True) for line in find_bar_lines(turned)]
    candidates.sort(key=_rank)
    found: list[_FoundBar] = []
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
            found.append(_FoundBar(line, label, box, is_vertical))
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


def _mask_bar(masked: NDArray[np.bool_], line: BarLine) -> None:
    """Mask a bar and the ticks or arms at its ends, in place."""
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


def _scale_bar(bar: _FoundBar, is_uncalibrated: bool) -> ScaleBar:
    line, middle = bar.line, (bar.line.row0 + bar.line.row1) / 2
    ends = (line.start, middle, line.end, middle)
    if bar.is_vertical:
        ends = (middle, line.start, middle, line.end)
    return ScaleBar(
        *ends,
        length_px=line.length,
        text="" if bar.label is None else bar.label.read.text,
        length_mm=math.nan if bar.label is None else bar.label.length_mm,
        relative_error=line.error_px / line.length,
        is_uncalibrated=is_uncalibrated,
    )
