"""Find straight, axis-parallel, uniform lines and rectangles that may be scale bars.

A burnt-in bar has its long edges in one pixel row over its whole length and one colour all along;
no hair has.  Averaging along the row keeps such an edge and wears texture down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

#: Columns over which an edge is averaged, and the shortest edge that is looked at, px.
_AVERAGE_PX = 9
_SHORTEST_PX = 22

#: Step at a bar's long edge, grey levels of the channel that shows it best; a soft line of one
#: pixel spreads its contrast over two rows.
_EDGE_LEVELS = 16

#: Least contrast of the bar itself to its surroundings, grey levels.
_BAR_LEVELS = 30

#: Thickest bar, as a share of its length and in px.
_THICKEST_SHARE = 0.25
_THICKEST_PX = 40

#: Share of the bar's pixels that have its colour: text, hair and skin have not.
_UNIFORM_SHARE = 0.9

#: Share of the bar's columns in which both long edges are seen; hair of the bar's colour may run
#: behind the rest.
_EDGED_SHARE = 0.7

#: Noise of a flat colour after JPEG, grey levels.
_NOISE_LEVELS = 18

#: Columns without the line that end it, and shortest tick, px.
_GONE_PX = 3
_TICK_PX = 3

#: Standard error of an end that is in plain view, px.
_END_ERROR_PX = 0.3

#: Most edges that are followed in one photo.
_MOST_EDGES = 250


@dataclass(frozen=True)
class BarLine:
    """A line that may be a scale bar, in px of the array that was searched (half open box).

    ``start`` and ``end`` are its ends in fractions of a pixel, end ticks counted by their middle;
    ``error_px`` is one standard error of the length; ``tick0`` and ``tick1`` are how far ticks or
    arms at the ends reach up and down: (rows above the bar, rows below it).
    """

    row0: int
    row1: int
    start: float
    end: float
    error_px: float
    contrast: float
    tick0: tuple[int, int]
    tick1: tuple[int, int]

    @property
    def length(self) -> float:
        return self.end - self.start

    @property
    def box(self) -> tuple[int, int, int, int]:
        """row0, row1, col0, col1 in whole pixels, half open."""
        return self.row0, self.row1, math.floor(self.start), math.ceil(self.end)

    @property
    def has_ticks(self) -> bool:
        return max(self.tick0) >= _TICK_PX and max(self.tick1) >= _TICK_PX


def find_bar_lines(pixels: NDArray[np.uint8]) -> list[BarLine]:
    """Return the horizontal bar-like lines of a photo, longest first (transpose for vertical ones).

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    """
    found: list[BarLine] = []
    for left, top, wide, high in _long_edges(pixels):
        line = _line_below(pixels, left, left + wide, top, top + high)
        if line is not None and not any(_is_same(line, other) for other in found):
            found.append(line)
    return sorted(found, key=lambda line: (-line.length, line.row0, line.start))


def _long_edges(pixels: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) of straight edges; row r is the edge above row r + 1."""
    smooth = cv2.blur(pixels, (_AVERAGE_PX, 1))
    step = cv2.absdiff(smooth[1:], smooth[:-1])
    first, second, third = cv2.split(step)
    edges = np.asarray(cv2.max(cv2.max(first, second), third) >= _EDGE_LEVELS, np.uint8)
    edges = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((1, _SHORTEST_PX), np.uint8))
    count, _, stats, _ = cv2.connectedComponentsWithStats(edges, connectivity=4)
    boxes = stats[1:count]
    # An edge of one row, of two where it is soft or the bar is one row thick; a few more where a
    # tick or a box joins.
    boxes = boxes[boxes[:, cv2.CC_STAT_HEIGHT] <= 6]
    order = np.lexsort(
        (boxes[:, cv2.CC_STAT_LEFT], boxes[:, cv2.CC_STAT_TOP], -boxes[:, cv2.CC_STAT_WIDTH])
    )
    return [
        (int(box[0]), int(box[1]), int(box[2]), int(box[3])) for box in boxes[order[:_MOST_EDGES]]
    ]


def _line_below(
    pixels: NDArray[np.uint8], left: int, right: int, top: int, below: int
) -> BarLine | None:
    """The line whose upper edge lies in edge rows `top` to `below`, if there is one."""
    height = pixels.shape[0]
    inset = (right - left) // 8
    core = slice(left + inset, right - inset)
    first = max(0, top - 2)
    last = min(height, below + _THICKEST_PX + 4)
    levels = np.median(pixels[first:last, core], axis=1)
    ground = levels[0]
    near = levels[: below + 2 - first]
    away = np.abs(near - ground).max(axis=1)
    peak = int(away.argmax())
    contrast = float(away[peak])
    if contrast < _BAR_LEVELS:
        return None
    colour = levels[peak]
    inside = np.abs(levels - colour).max(axis=1) <= 0.5 * contrast
    row0 = peak
    while row0 > 0 and inside[row0 - 1]:
        row0 -= 1
    row1 = peak + 1
    while row1 < len(inside) and inside[row1]:
        row1 += 1
    thickness = row1 - row0
    if row0 == 0 or row1 == len(inside):
        return None
    if thickness > min(_THICKEST_PX, max(3.0, _THICKEST_SHARE * (right - left))):
        return None
    return _measured(pixels, (first + row0, first + row1), (left, right), Paint(colour, contrast))


@dataclass(frozen=True, eq=False)
class Paint:
    """The colour of a line, shape (3,), and its contrast to its surroundings, grey levels."""

    colour: NDArray[np.float64]
    contrast: float

    def is_on(self, pixels: NDArray[Any], share: float = 0.35) -> NDArray[np.bool_]:
        """Whether pixels, shape (..., 3), have this colour, off by a share of the contrast."""
        off = np.abs(pixels.astype(np.float32) - self.colour).max(axis=-1)
        return np.asarray(off <= max(_NOISE_LEVELS, share * self.contrast))


def _measured(
    pixels: NDArray[np.uint8], rows: tuple[int, int], edge: tuple[int, int], paint: Paint
) -> BarLine | None:
    """Find the ends of the line in these rows from its edge's columns; check that it is one."""
    (row0, row1), (left, right) = rows, edge
    height, colour = pixels.shape[0], paint.colour
    # Skip the rows that mix with the line when looking at its surroundings.
    above = pixels[max(0, row0 - 3) : max(1, row0 - 1)].astype(np.float32).mean(axis=0)
    under = pixels[row1 + 1 : row1 + 3]
    if min(height, row1 + 3) - row1 < 2:
        return None
    beneath = under.astype(np.float32).mean(axis=0)
    body = pixels[row0:row1].astype(np.float32)
    is_thick = row1 - row0 > 2
    body = body[1:-1] if is_thick else _nearest_row(body, colour)[None]
    line = body.mean(axis=0)
    core = slice(left + (right - left) // 8, right - (right - left) // 8)
    axis_above = colour - np.median(above[core], axis=0)
    axis_below = colour - np.median(beneath[core], axis=0)
    axis = axis_above if np.abs(axis_above).max() < np.abs(axis_below).max() else axis_below
    contrast = float(np.abs(axis).max())
    if contrast < _BAR_LEVELS or float(axis_above @ axis_below) <= 0:
        return None
    paint = Paint(colour, contrast)
    unit = axis / float(axis @ axis)
    # 1 where a column has the line's colour, 0 where it looks like the surroundings.
    likeness = 1 + (line - colour) @ unit
    same = paint.is_on(line) & (likeness >= 0.5)
    # Where the surroundings have the line's own colour (hair behind it) nothing can be told.
    telling = np.minimum((colour - above) @ unit, (colour - beneath) @ unit) >= 0.4
    first, last, hidden = _extent(same, telling, (left + right) // 2)
    if last - first < _SHORTEST_PX - 2:
        return None
    uniform = paint.is_on(body[:, first:last])
    if uniform.mean() < _UNIFORM_SHARE or telling[first:last].mean() < _EDGED_SHARE:
        return None
    ticks = [_tick(pixels, rows, column, paint) for column in (first, last - 1)]
    start = first - _part(likeness, first, -1) + _tick_half(pixels, rows, first, 1, ticks[0], paint)
    end = last + _part(likeness, last - 1, 1) - _tick_half(
        pixels, rows, last - 1, -1, ticks[1], paint
    )
    error = float(np.hypot(np.sqrt(2) * _END_ERROR_PX, 0.5 * hidden))
    return BarLine(row0, row1, start, end, error, contrast, ticks[0], ticks[1])


def _nearest_row(rows: NDArray[np.float32], colour: NDArray[np.float64]) -> NDArray[np.float32]:
    """Of each column the pixel that is nearest to the line's colour."""
    nearest = np.abs(rows - colour).max(axis=2).argmin(axis=0)
    return np.asarray(rows[nearest, np.arange(rows.shape[1])])


def _extent(
    same: NDArray[np.bool_], telling: NDArray[np.bool_], middle: int
) -> tuple[int, int, int]:
    """First column and one past the last of the line through `middle`, and columns that hide an end.

    From the middle outwards: a column shows the line, shows that it is gone, or tells nothing.
    The line is over where it is gone for `_GONE_PX` columns; it goes on behind a hair when it is
    seen again there.  Untold columns next to an end may hide its last piece.
    """
    ends, hidden = [], 0
    for way in (-1, 1):
        at, last_seen, gone, untold = middle, middle, 0, 0
        while 0 <= at < len(same) and gone < _GONE_PX:
            if same[at] and telling[at]:
                last_seen, gone, untold = at, 0, 0
            elif telling[at]:
                gone += 1
            else:
                untold += 1
            at += way
        ends.append(last_seen)
        beyond = last_seen + way
        while 0 <= beyond < len(same) and not telling[beyond]:
            hidden, beyond = hidden + 1, beyond + way
    return ends[0], ends[1] + 1, hidden


def _part(likeness: NDArray[np.float64], at: int, way: int) -> float:
    """Share of a pixel by which the line is longer than its whole columns at one end."""
    share = float(np.clip(likeness[at], 0, 1)) - 1
    beyond = at + way
    if 0 <= beyond < len(likeness) and 0 < likeness[beyond] < 0.5:
        share += float(likeness[beyond])
    return share


def _tick(
    pixels: NDArray[np.uint8], rows: tuple[int, int], column: int, paint: Paint
) -> tuple[int, int]:
    """Rows that a tick or arm at this end reaches above and below the line."""
    like = paint.is_on(pixels[:, max(0, column - 1) : column + 2]).any(axis=1)
    row0, row1 = rows
    upwards, downwards = like[:row0][::-1], like[row1:]
    above = len(upwards) if upwards.all() else int(upwards.argmin())
    below = len(downwards) if downwards.all() else int(downwards.argmin())
    return above, below


def _tick_half(
    pixels: NDArray[np.uint8],
    rows: tuple[int, int],
    column: int,
    way: int,
    tick: tuple[int, int],
    paint: Paint,
) -> float:
    """Half the thickness of the tick at an end, px: the length counts from tick to tick."""
    if max(tick) < _TICK_PX:
        return 0.0
    row = rows[0] - 2 if tick[0] >= _TICK_PX else min(pixels.shape[0] - 1, rows[1] + 1)
    columns = pixels[row, column::way][:_THICKEST_PX]
    like = paint.is_on(columns, share=0.5)
    return 0.0 if like.all() else int(like.argmin()) / 2


def _is_same(one: BarLine, other: BarLine) -> bool:
    rows = min(one.row1, other.row1) - max(one.row0, other.row0)
    columns = min(one.end, other.end) - max(one.start, other.start)
    return rows >= 0 and columns > 0.5 * min(one.length, other.length)
