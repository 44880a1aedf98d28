"""Find straight, axis-parallel, uniform lines and rectangles that may be scale bars.

A burnt-in bar has its long edges in one pixel row over its whole length and one colour all along;
no hair has.  Averaging along the row keeps such an edge and wears texture down.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .ranks import median_along

#: Columns over which an edge is averaged, and the shortest edge that is looked at, px.
_AVERAGE_PX = 9
_SHORTEST_PX = 22

#: Most rows that an edge takes, px.
_DEEPEST_EDGE_PX = 14

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
_EDGED_SHARE = 0.5

#: Noise of a flat colour after JPEG, grey levels.
_NOISE_LEVELS = 18

#: Share of the distance between line and ground by which a pixel may be off the line's colour.
_NEAR_SHARE = 0.4

#: Share of a line's contrast by which its pixels may be off its colour, thin and thick.
_THIN_SHARE, _THICK_SHARE = 0.35, 0.25

#: Columns without the line that end it, and shortest tick, px.
_GONE_PX = 3
_TICK_PX = 3

#: Standard error that a tick brings, as a share of its thickness, and at least, px.
_TICK_ERROR, _TICK_ERROR_PX = 0.15, 0.8

#: Columns over which an end may be soft, px.
_SOFT_PX = 4

#: Brightness of a colour, and the contrast of it that is enough to measure the ends by.
_LUMA = np.array([0.299, 0.587, 0.114])
_LUMA_LEVELS = 25.0

#: Share of the line's contrast by which a tick may be off its colour: it is thin and upright.
_TICK_SHARE = 0.5

#: Thickest tick, px.
_THICKEST_TICK_PX = 16

#: Standard error of an end that is in plain view, px.
_END_ERROR_PX = 0.3

#: Columns on either side of an edge, beside its own length, in which its line is looked for first.
_ROOM_PX = 60

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
        line = _line_near(pixels, left, left + wide, top, top + high)
        if line is not None and not any(_is_same(line, other) for other in found):
            found.append(line)
    return sorted(found, key=lambda line: (-line.length, line.row0, line.start))


def _long_edges(pixels: NDArray[np.uint8]) -> list[tuple[int, int, int, int]]:
    """Boxes (left, top, width, height) of straight edges; row r is the edge above row r + 1."""
    smooth = cv2.blur(pixels, (_AVERAGE_PX, 1))
    step = cv2.absdiff(smooth[1:], smooth[:-1])
    # An edge in one channel suffices: the grey of an edge is not 0, whichever channel shows it.
    _, steep = cv2.threshold(step, _EDGE_LEVELS - 1, 255, cv2.THRESH_BINARY, dst=step)
    edges = cv2.cvtColor(steep, cv2.COLOR_RGB2GRAY)
    straight = cv2.morphologyEx(edges, cv2.MORPH_OPEN, np.ones((1, _SHORTEST_PX), np.uint8))
    # Outlines take a twentieth of the time of labels where there are few.
    outlines, _ = cv2.findContours(straight, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    boxes = np.array([cv2.boundingRect(one) for one in outlines], np.int64).reshape(-1, 4)
    # An edge takes one row, two where it is soft; both edges of a thin bar join, the more so in
    # colour, which JPEG smears over rows.
    boxes = boxes[boxes[:, 3] <= _DEEPEST_EDGE_PX]
    order = np.lexsort((boxes[:, 0], boxes[:, 1], -boxes[:, 2]))
    return [
        (left, top, wide, high) for left, top, wide, high in boxes[order[:_MOST_EDGES]].tolist()
    ]


def _line_near(
    pixels: NDArray[np.uint8], left: int, right: int, top: int, below: int
) -> BarLine | None:
    """The line below an edge: looked for in the columns around it, and in all if it leaves them."""
    room = right - left + _ROOM_PX
    first, last = max(0, left - room), min(pixels.shape[1], right + room)
    line = _line_below(pixels[:, first:last], left - first, right - first, top, below)
    if line is None:
        return None
    slack = _SOFT_PX + _THICKEST_TICK_PX + line.error_px
    leaves_right = last < pixels.shape[1] and line.end > last - first - slack
    if leaves_right or (first > 0 and line.start < slack):
        return _line_below(pixels, left, right, top, below)
    return replace(line, start=line.start + first, end=line.end + first)


def _line_below(
    pixels: NDArray[np.uint8], left: int, right: int, top: int, below: int
) -> BarLine | None:
    """The line whose upper edge lies in edge rows `top` to `below`, if there is one."""
    height = pixels.shape[0]
    inset = (right - left) // 8
    core = slice(left + inset, right - inset)
    first = max(0, top - 2)
    thickest = min(float(_THICKEST_PX), max(3.0, _THICKEST_SHARE * (right - left)))
    last = min(height, below + math.ceil(thickest) + 4)
    levels = median_along(pixels[first:last, core], 1)
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
    if row0 == 0 or row1 == len(inside) or row1 - row0 > thickest:
        return None
    return _measured(pixels, (first + row0, first + row1), (left, right), Paint(colour, contrast))


@dataclass(frozen=True, eq=False)
class Paint:
    """The colour of a line, shape (3,), and its contrast to its surroundings, grey levels."""

    colour: NDArray[np.float64]
    contrast: float

    def is_on(self, pixels: NDArray[Any], share: float = _THIN_SHARE) -> NDArray[np.bool_]:
        """Whether pixels, shape (..., 3), have this colour, off by a share of the contrast."""
        most = max(_NOISE_LEVELS, share * self.contrast)
        # One channel after the other: the greatest along an axis of three takes five times as long.
        is_near = [
            np.abs(pixels[..., channel].astype(np.float32) - float(self.colour[channel])) <= most
            for channel in range(3)
        ]
        return np.asarray(is_near[0] & is_near[1] & is_near[2])


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
    axis_above = colour - median_along(above[core], 0)
    axis_below = colour - median_along(beneath[core], 0)
    axis = axis_above if np.abs(axis_above).max() < np.abs(axis_below).max() else axis_below
    contrast = float(np.abs(axis).max())
    if contrast < _BAR_LEVELS or float(axis_above @ axis_below) <= 0:
        return None
    paint = Paint(colour, contrast)
    if _is_gap(pixels, rows, core, paint):
        return None
    unit = axis / float(axis @ axis)
    # 1 where a column has the line's colour, 0 where it looks like the surroundings.
    likeness = 1 + (line - colour) @ unit
    # On bright ground the line may be off its colour by more, and still be unmistakable.
    ground = np.minimum(np.abs(above - colour).max(axis=1), np.abs(beneath - colour).max(axis=1))
    off = np.abs(line - colour).max(axis=1)
    is_near = off <= _NEAR_SHARE * ground
    # The middle of a thick line keeps its colour; one of one or two rows loses some to JPEG.
    share = _THICK_SHARE if is_thick else _THIN_SHARE
    same = (paint.is_on(line, share) | is_near) & (likeness >= 0.5)
    # Where the surroundings have the line's own colour (hair behind it) nothing can be told.
    telling = np.minimum((colour - above) @ unit, (colour - beneath) @ unit) >= 0.4
    first, last, hidden = _extent(same, telling, (left + right) // 2)
    if last - first < _SHORTEST_PX - 2:
        return None
    uniform = paint.is_on(body[:, first:last]) | is_near[first:last]
    if uniform.mean() < _UNIFORM_SHARE or telling[first:last].mean() < _EDGED_SHARE:
        return None
    if abs(float(axis @ _LUMA)) >= _LUMA_LEVELS:
        # JPEG keeps brightness at full resolution, colour at half.
        unit = _LUMA / float(axis @ _LUMA)
        likeness = 1 + (line - colour) @ unit
    start, end = _end(likeness, first, -1), _end(likeness, last - 1, 1)
    reach = 2 * (last - first) + _ROOM_PX
    ticks = [_tick(pixels, rows, column, paint, reach) for column in (first, last - 1)]
    widths = [
        _upright_width(
            [
                _tick_width(1 + (_beside(pixels, rows, tick, far) - colour) @ unit, column, way)
                for far in (0.0, 0.75)
            ]
        )
        for tick, column, way in ((ticks[0], first, -1), (ticks[1], last - 1, 1))
    ]
    # Beside a tick nothing is seen of the surroundings: the line goes to the tick's far side, and
    # between two ticks the length counts from middle to middle.
    half = 0.5 if all(sum(width) > 0 for width in widths) else 0.0
    if sum(widths[0]):
        start = first - widths[0][1] + half * sum(widths[0])
        hidden[0] = max(0, hidden[0] - widths[0][1] - 1)
    if sum(widths[1]):
        end = last + widths[1][1] - half * sum(widths[1])
        hidden[1] = max(0, hidden[1] - widths[1][1] - 1)
    # Devices differ in where on a tick the length ends.
    thickest = max(sum(width) for width in widths)
    has_tick = thickest > 0 or any(max(tick) >= _TICK_PX for tick in ticks)
    unsure = max(_TICK_ERROR * thickest, _TICK_ERROR_PX) if has_tick else 0.0
    error = math.hypot(math.sqrt(2) * _END_ERROR_PX, unsure, max(hidden))
    return BarLine(row0, row1, start, end, error, contrast, ticks[0], ticks[1])


def _is_gap(pixels: NDArray[np.uint8], rows: tuple[int, int], core: slice, paint: Paint) -> bool:
    """Whether these rows are the gap of a double bar: beyond either line lies its colour again."""
    row0, row1 = rows
    beyond = (row0 - (row1 - row0) - 3, row1 + (row1 - row0) + 2)
    return all(
        0 <= row < len(pixels) and bool(paint.is_on(median_along(pixels[row, core], 0), share=0.5))
        for row in beyond
    )


def _nearest_row(rows: NDArray[np.float32], colour: NDArray[np.float64]) -> NDArray[np.float32]:
    """Of each column the pixel that is nearest to the line's colour."""
    nearest = np.abs(rows - colour).max(axis=2).argmin(axis=0)
    return np.asarray(rows[nearest, np.arange(rows.shape[1])])


def _extent(
    same: NDArray[np.bool_], telling: NDArray[np.bool_], middle: int
) -> tuple[int, int, list[int]]:
    """First column and one past the last of the line, and the columns that may hide each end.

    From the middle outwards: a column shows the line, shows that it is gone, or tells nothing.
    The line is over where it is gone for `_GONE_PX` columns; it goes on behind a hair when it is
    seen again there.  Untold columns next to an end may hide its last piece.
    """
    ends, hidden = [], []
    for way in (-1, 1):
        at, last_seen, gone = middle, middle, 0
        while 0 <= at < len(same) and gone < _GONE_PX:
            if same[at] and telling[at]:
                last_seen, gone = at, 0
            elif telling[at]:
                gone += 1
            at += way
        ends.append(last_seen)
        beyond = last_seen + way
        while 0 <= beyond < len(same) and same[beyond] and not telling[beyond]:
            beyond += way
        hidden.append(abs(beyond - last_seen) - 1)
    return ends[0], ends[1] + 1, hidden


def _end(likeness: NDArray[np.float64], at: int, way: int) -> float:
    """Where the line ends near its last sure column, in fractions of a pixel: half way down."""
    inner = at - way * _SOFT_PX
    columns = inner + way * np.arange(2 * _SOFT_PX + 1)
    columns = columns[(columns >= 0) & (columns < len(likeness))]
    profile = np.clip(likeness[columns], 0, 1)
    below = np.flatnonzero(profile < 0.5)
    if not below.size or below[0] == 0:
        return at + 0.5 + 0.5 * way
    last = int(below[0]) - 1
    part = (profile[last] - 0.5) / (profile[last] - profile[last + 1])
    return float(columns[last] + 0.5 + way * part)


def _tick(
    pixels: NDArray[np.uint8], rows: tuple[int, int], column: int, paint: Paint, reach: int
) -> tuple[int, int]:
    """Rows that a tick or arm at this end takes above and below the line, `reach` at most."""
    row0, row1 = max(0, rows[0] - reach), min(len(pixels), rows[1] + reach)
    columns = pixels[row0:row1, max(0, column - _SOFT_PX) : column + _SOFT_PX + 1]
    like = np.asarray(paint.is_on(columns, _TICK_SHARE).any(axis=1))
    upwards, downwards = like[: rows[0] - row0][::-1], like[rows[1] - row0 :]
    above = len(upwards) if upwards.all() else int(upwards.argmin())
    below = len(downwards) if downwards.all() else int(downwards.argmin())
    return above, below


def _beside(
    pixels: NDArray[np.uint8], rows: tuple[int, int], tick: tuple[int, int], far: float
) -> NDArray[np.uint8]:
    """The row of pixels that cuts this tick, `far` of its reach away; empty without a tick."""
    if max(tick) < _TICK_PX:
        return np.zeros((0, 3), np.uint8)
    is_above = tick[0] >= _TICK_PX
    away = max(2, round(far * min(tick[0] if is_above else tick[1], _THICKEST_TICK_PX)))
    return np.asarray(pixels[rows[0] - away if is_above else rows[1] + away - 1])


def _upright_width(widths: list[tuple[int, int]]) -> tuple[int, int]:
    """The width near the line when the tick stands upright: a hair's shifts with its height."""
    near, far = widths
    is_upright = abs(near[0] - far[0]) <= 1 and abs(near[1] - far[1]) <= 1
    return near if is_upright else (0, 0)


def _tick_width(likeness: NDArray[np.float64], column: int, way: int) -> tuple[int, int]:
    """Thickness of the tick at a column: inwards, the column included, and outwards beyond it.

    What is thicker than a tick can be is a hair or a box: no tick.
    """
    beyond = column + way
    outwards = likeness[beyond::way] if 0 <= beyond < len(likeness) else likeness[:0]
    widths = []
    for columns in (likeness[column::-way], outwards):
        like = columns[: _THICKEST_TICK_PX + 1] >= 0.5
        if like.all() and len(like):
            return 0, 0
        widths.append(int(like.argmin()) if len(like) else 0)
    return widths[0], widths[1]


def _is_same(one: BarLine, other: BarLine) -> bool:
    rows = min(one.row1, other.row1) - max(one.row0, other.row0)
    columns = min(one.end, other.end) - max(one.start, other.start)
    return rows >= 0 and columns > 0.5 * min(one.length, other.length)
