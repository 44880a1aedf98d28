"""Read a ruler in view, or a burnt-in graticule: evenly spaced ticks and the numbers beside them.

Ticks alone tell no unit, and a wrong unit spoils every number of a photo without a trace.  At
least three numbers must be read, must rise by the ticks between them, and must leave one unit:
10, 20, 30 on every tenth tick are millimetres; 1, 2, 3 there are centimetres only where "cm" is
written, as graticules of 1 mm have ten ticks of 0.1 mm, numbered in the same way.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_label import Box
from .ruler_numbers import Number, read_numbers, turned_back
from .ruler_ticks import TickRow, find_tick_rows
from .text_lines import dark_strokes, light_strokes

#: Longest sides of the views that are searched, px: fine graduations and coarse ones.
_SIDES_PX = (1600, 640)

#: Contrast of a tick to its surroundings, grey levels.
_TICK_LEVELS = 40

#: How far off the base numbers are looked for, beyond the longest ticks: in their lengths, and px.
_REACH_TICKS, _REACH_PX = 3.0, 50

#: Fewest numbers that must agree, share of all numbers read that must, and how far one may stand
#: off its place, in ticks.
_FEWEST, _AGREE_SHARE, _OFF_TICKS = 3, 0.7, 0.4

#: Least distance of the first and the last number, in ticks.
_LEAST_SPAN = 10

#: Numbers per tick that are told apart: 10 mm or 1 cm on the tenth tick, inches in 8, 10, 16, 32.
_RATES = (1.0, 0.5, 0.2, 0.1, 1 / 8, 1 / 16, 1 / 32)

#: Numbers on every so many ticks that are millimetres without a word: 5, 10, 15 or 10, 20, 30.
_PLAIN_STEPS = (5, 10, 20, 50)

#: Pixels per millimetre that a photo of skin can have.
_LEAST_PX_PER_MM, _MOST_PX_PER_MM = 1.5, 5000.0

#: Most difference of two readings of one ruler, as a share.
_SAME_SHARE = 0.02

#: Margin around ticks and numbers, px.
_MARGIN_PX = 4


@dataclass(frozen=True)
class Ruler:
    """A ruler or graticule.

    Parameters
    ----------
    x0_px, y0_px, x1_px, y1_px : float
        Its first and last tick, where they meet its base.
    ticks : int
        Ticks that were seen between them.
    px_per_mm : float
        NaN where the numbers do not tell the unit.
    relative_error : float
        One standard error of ``px_per_mm`` as a share of it, from the regularity of the ticks.
    text : str
        Numbers and unit as read, parted by spaces.
    box : tuple of int
        row0, row1, col0, col1 around ticks and numbers, half open.
    """

    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float
    ticks: int
    px_per_mm: float
    relative_error: float
    text: str
    box: Box

    @property
    def is_read(self) -> bool:
        return math.isfinite(self.px_per_mm)


@dataclass(frozen=True)
class FoundRulers:
    """Rulers whose numbers were read, and boxes around all rows of ticks."""

    rulers: tuple[Ruler, ...]
    rows: tuple[Box, ...]


def find_rulers(
    grey: NDArray[np.uint8], least: NDArray[np.uint8], greatest: NDArray[np.uint8]
) -> FoundRulers:
    """Return the rulers in a photo whose numbers rise with their ticks, best seen first.

    Parameters
    ----------
    grey, least, greatest : ndarray of uint8, shape (h, w)
        Brightness, least and greatest channel.
    """
    rulers: list[Ruler] = []
    rows: list[Box] = []
    longest = max(grey.shape)
    views = [grey, least, greatest]
    for side in sorted({min(longest, side) for side in _SIDES_PX}, reverse=True):
        views = [_at(view, side / max(view.shape)) for view in views]
        share = max(views[0].shape) / longest
        for strokes in _strokes(*views):
            for turns in (0, 1):
                upright = _turned(strokes, turns)
                for row in find_tick_rows(upright):
                    back = turned_back(row.box, turns, upright.shape)
                    rows.append(_scaled(back, 1 / share, grey.shape))
                    turned = [_turned(view, turns) for view in views]
                    ruler = read_ruler(turned, upright, row)
                    if ruler is not None:
                        rulers.append(_in_photo(ruler, turns, upright.shape, share, grey.shape))
    return FoundRulers(tuple(_distinct(rulers)), tuple(rows))


def _strokes(
    grey: NDArray[np.uint8], least: NDArray[np.uint8], greatest: NDArray[np.uint8]
) -> list[NDArray[np.uint8]]:
    """1 on strokes: white ones, dark ones, and coloured ones brighter than skin."""
    # Ink on a yellow ruler is dark, but in the least channel it is not darker than the ruler.
    hats = light_strokes(least), dark_strokes(grey), light_strokes(greatest)
    return [np.asarray(hat >= _TICK_LEVELS, np.uint8) for hat in hats]


def _turned(view: NDArray[np.uint8], turns: int) -> NDArray[np.uint8]:
    """A view turned counterclockwise by no or one quarter; OpenCV takes a tenth of NumPy's time."""
    return np.asarray(cv2.rotate(view, cv2.ROTATE_90_COUNTERCLOCKWISE)) if turns else view


def _at(grey: NDArray[np.uint8], share: float) -> NDArray[np.uint8]:
    if share >= 1:
        return grey
    scaled = cv2.resize(grey, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    return np.asarray(scaled, np.uint8)


def _scaled(box: Box, factor: float, shape: tuple[int, ...]) -> Box:
    row0, row1, col0, col1 = (round(factor * side) for side in box)
    return max(0, row0), min(shape[0], row1), max(0, col0), min(shape[1], col1)


def _in_photo(
    ruler: Ruler, turns: int, turned: tuple[int, ...], share: float, shape: tuple[int, ...]
) -> Ruler:
    """A ruler found in a turned and scaled view, in the coordinates of the photo."""
    x0, y0, x1, y1 = ruler.x0_px, ruler.y0_px, ruler.x1_px, ruler.y1_px
    if turns:
        x0, y0, x1, y1 = turned[0] - y0, x0, turned[0] - y1, x1
    return replace(
        ruler,
        x0_px=x0 / share,
        y0_px=y0 / share,
        x1_px=x1 / share,
        y1_px=y1 / share,
        px_per_mm=ruler.px_per_mm / share,
        box=_scaled(turned_back(ruler.box, turns, turned), 1 / share, shape),
    )


def _distinct(rulers: list[Ruler]) -> list[Ruler]:
    """One ruler for each place: read before unread, then that of most ticks."""
    kept: list[Ruler] = []
    for ruler in sorted(rulers, key=lambda one: (not one.is_read, -one.ticks, one.relative_error)):
        same = [other for other in kept if _meet(ruler.box, other.box)]
        if not same:
            kept.append(ruler)
        elif ruler.is_read and any(_contradict(ruler, other) for other in same):
            # One ruler that reads in two ways is not read.
            kept = [
                replace(other, px_per_mm=math.nan) if other in same else other for other in kept
            ]
    return kept


def _meet(one: Box, other: Box) -> bool:
    rows = min(one[1], other[1]) > max(one[0], other[0])
    return rows and min(one[3], other[3]) > max(one[2], other[2])


def _contradict(one: Ruler, other: Ruler) -> bool:
    return not abs(one.px_per_mm / other.px_per_mm - 1) <= _SAME_SHARE


def read_ruler(
    greys: list[NDArray[np.uint8]], strokes: NDArray[np.uint8], row: TickRow
) -> Ruler | None:
    """Read the numbers beside a row of ticks; None if there are none that rise with the ticks.

    Parameters
    ----------
    greys : list of ndarray of uint8, shape (h, w)
        Grey versions of the photo, turned so that the ticks stand upright.
    strokes : ndarray of uint8, shape (h, w)
        1 on the ruler's strokes.
    row : TickRow
    """
    area = _surroundings(row, strokes.shape)
    marks = strokes.copy()
    for left, top, wide, high in row.boxes.tolist():
        marks[max(0, top - 1) : top + high + 1, max(0, left - 1) : left + wide + 1] = 0
    best: tuple[int, Ruler] | None = None
    for turns in range(4):
        numbers = read_numbers(greys, marks, row, area, turns)
        fit = _fit(numbers)
        if fit is None or (best is not None and fit[1] <= best[0]):
            continue
        rate, agreeing, chosen = fit
        best = agreeing, _ruler(row, rate, chosen, numbers)
    return None if best is None else best[1]


def _ruler(row: TickRow, rate: float, chosen: list[Number], numbers: list[Number]) -> Ruler:
    # A second scale on the other side of the base, in inches, has a unit of its own.
    off_px = float(np.median([number.off_px for number in chosen]))
    numbers = [one for one in numbers if abs(one.off_px - off_px) <= one.high_px]
    units = {number.unit for number in numbers if number.unit}
    mm_per_tick = _mm_per_tick(rate, _step(chosen, rate), units)
    px_per_mm = row.pitch / mm_per_tick
    if not _LEAST_PX_PER_MM <= px_per_mm <= _MOST_PX_PER_MM:
        px_per_mm = math.nan
    top, below, left, right = row.box
    boxes = np.array([number.box for number in numbers] + [(top, below, left, right)])
    box = (
        int(boxes[:, 0].min()) - _MARGIN_PX,
        int(boxes[:, 1].max()) + _MARGIN_PX,
        int(boxes[:, 2].min()) - _MARGIN_PX,
        int(boxes[:, 3].max()) + _MARGIN_PX,
    )
    ends = (*row.point(0.0), *row.point(float(row.last)))
    said = sorted(chosen, key=lambda number: number.place)
    text = " ".join([str(number.value) for number in said] + sorted(units))
    return Ruler(*ends, row.ticks, px_per_mm, row.error, text, box)


def _mm_per_tick(rate: float, step: int, units: set[str]) -> float:
    """Millimetres between two ticks from numbers per tick and the unit's word, NaN if unclear."""
    if units == {"cm"} and rate in (0.1, 0.5):
        return 10 * rate
    if units == {"mm"} and rate in (1.0, 0.5):
        return rate
    if not units and rate == 1.0 and step in _PLAIN_STEPS:
        return 1.0
    return math.nan


def _step(chosen: list[Number], rate: float) -> int:
    """Ticks from one number to the next."""
    values = sorted({number.value for number in chosen if number.value is not None})
    return round(min(np.diff(values)) / rate)


def _fit(numbers: list[Number]) -> tuple[float, int, list[Number]] | None:
    """Numbers per tick, how many numbers agree on it, and these; None unless enough do."""
    read = [number for number in numbers if number.value is not None]
    best: list[Number] = []
    best_rate, runner_up = 0.0, 0
    for size in _RATES:
        agreeing: list[Number] = []
        for rate in (size, -size):
            # Where the ruler's zero would be by each number, in ticks.
            zeros = np.array([number.place - (number.value or 0) / rate for number in read])
            for zero in zeros:
                on = np.abs(zeros - zero) <= _OFF_TICKS
                if on.sum() > len(agreeing):
                    agreeing = [number for number, is_on in zip(read, on, strict=True) if is_on]
        if len(agreeing) > len(best):
            best, best_rate, runner_up = agreeing, size, len(best)
        else:
            runner_up = max(runner_up, len(agreeing))
    values = {number.value for number in best}
    if len(values) < _FEWEST or len(best) < _AGREE_SHARE * len(read) or runner_up == len(best):
        return None
    places = [number.place for number in best]
    if max(places) - min(places) < _LEAST_SPAN - 1:
        return None
    return best_rate, len(best), best


def _surroundings(row: TickRow, shape: tuple[int, ...]) -> Box:
    """The box around the ticks in which their numbers may stand."""
    top, below, left, right = row.box
    reach = round(_REACH_TICKS * row.reach + _REACH_PX)
    side = round(max(2 * row.pitch, _REACH_PX))
    return (
        max(0, top - reach),
        min(shape[0], below + reach),
        max(0, left - side),
        min(shape[1], right + side),
    )
