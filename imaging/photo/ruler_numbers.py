"""Read the numbers and units of length that stand beside a row of ticks."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_label import Box
from .bar_text import read_strip
from .ruler_ticks import TickRow
from .text_lines import cut_strip

_LABEL = re.compile(r"(\d{0,3})(cm|[mn]{2})?")

#: Shares of the strip's height at which capitals are shown to the reader.
_CAP_SHARES = (0.48, 0.55, 0.62)

#: Least confidence of a reading that counts, and how many must agree on a number and on a unit.
_COUNTS, _ENOUGH, _ENOUGH_UNIT = 0.6, 2, 3

#: Heights of a figure or letter, px, and its greatest width over its height: letters may touch.
_LOW_PX, _HIGH_PX, _WIDE = 6, 72, 2.6

#: Gap between two figures of one number, in heights of a figure.
_GAP_CAPS = 0.75

#: Numbers fewer than which are no scale: boxes that are worth a reading.
_FEWEST = 3


@dataclass(frozen=True)
class Number:
    """A number or unit beside the ticks: its place along them in ticks, how far off their base."""

    value: int | None
    unit: str
    place: float
    off_px: float
    box: Box

    @property
    def high_px(self) -> int:
        return max(self.box[1] - self.box[0], _LOW_PX)


def read_numbers(
    greys: list[NDArray[np.uint8]],
    marks: NDArray[np.uint8],
    row: TickRow,
    area: Box,
    turns: int,
) -> list[Number]:
    """Return the numbers and units around a row of ticks.

    Parameters
    ----------
    greys : list of ndarray of uint8, shape (h, w)
        Grey versions of the photo, turned so that the ticks stand upright.
    marks : ndarray of uint8, shape (h, w)
        1 on strokes that are no ticks.
    row : TickRow
    area : tuple of int
        row0, row1, col0, col1 of where to look.
    turns : int
        Quarter turns counterclockwise after which the text is level.
    """
    row0, row1, col0, col1 = area
    turned = np.ascontiguousarray(np.rot90(marks[row0:row1, col0:col1], turns))
    boxes = _text_boxes(turned)
    if len(boxes) < _FEWEST:
        return []
    views = [np.ascontiguousarray(np.rot90(grey[row0:row1, col0:col1], turns)) for grey in greys]
    looks = [_read_once(views[0], box, _CAP_SHARES[1]) for box in boxes]
    if sum(bool(re.search(r"\d", look[0])) for look in looks) < _FEWEST:
        return []
    numbers = []
    for box in boxes:
        value, unit = _voted(views, box)
        if value is None and not unit:
            continue
        back = turned_back(box, turns, turned.shape)
        own = (back[0] + row0, back[1] + row0, back[2] + col0, back[3] + col0)
        centre = ((own[2] + own[3]) / 2, (own[0] + own[1]) / 2)
        off_px = centre[1] - row.level - row.slope * centre[0]
        numbers.append(Number(value, unit, row.place(*centre), off_px, own))
    return numbers


def _text_boxes(marks: NDArray[np.uint8]) -> list[Box]:
    """Boxes (row0, row1, col0, col1) of figures side by side."""
    _, _, stats, _ = cv2.connectedComponentsWithStats(marks, connectivity=8)
    boxes = stats[1:].astype(np.int64)
    wide, high = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    fits = (high >= _LOW_PX) & (high <= _HIGH_PX) & (wide <= _WIDE * high)
    parts = boxes[fits][:, :4]
    parts = parts[np.lexsort((parts[:, 1], parts[:, 0]))]
    words: list[Box] = []
    for left, top, width, height in parts.tolist():
        for index, (row0, row1, col0, col1) in enumerate(words):
            tall, low = max(height, row1 - row0), min(height, row1 - row0)
            gap = left - col1
            common = min(row1, top + height) - max(row0, top)
            if gap <= _GAP_CAPS * tall and common >= 0.6 * low and low >= 0.5 * tall:
                below, right = max(row1, top + height), max(col1, left + width)
                words[index] = (min(row0, top), below, min(col0, left), right)
                break
        else:
            words.append((top, top + height, left, left + width))
    return words


def _voted(views: list[NDArray[np.uint8]], box: Box) -> tuple[int | None, str]:
    """The number and the unit that enough readings of a box agree on."""
    readings = [_read_once(grey, box, share) for grey in views for share in _CAP_SHARES]
    values: Counter[int] = Counter()
    units: Counter[str] = Counter()
    for text, confidence in readings:
        match = _LABEL.fullmatch(text)
        if match is None or confidence < _COUNTS:
            continue
        digits, unit = match.groups()
        if digits and str(int(digits)) == digits:
            values[int(digits)] += 1
        if unit:
            units["cm" if unit == "cm" else "mm"] += 1
    value, unit = None, ""
    if values:
        first, votes = values.most_common(1)[0]
        if votes >= _ENOUGH and votes >= 2 * (values.total() - votes):
            value = first
    if units:
        # One reading of the other unit is enough to doubt it.
        first_unit, votes = units.most_common(1)[0]
        unit = first_unit if votes >= _ENOUGH_UNIT and votes == units.total() else "?"
    return value, unit


def _read_once(grey: NDArray[np.uint8], box: Box, share: float) -> tuple[str, float]:
    """Text and confidence of a box; the ticks above or below it are kept out of the strip."""
    row0, row1, col0, col1 = box
    top, below = max(0, row0 - 2), min(grey.shape[0], row1 + 2)
    strip = cut_strip(
        grey[top:below], row0 - top, row1 - top, col0, col1, cap_share=share, pad_caps=0.4
    )
    read = read_strip(strip)
    return read.text, read.confidence


def turned_back(box: Box, turns: int, shape: tuple[int, ...]) -> Box:
    """Return a box of a view that was turned counterclockwise so often, as it was before.

    Parameters
    ----------
    box : tuple of int
        row0, row1, col0, col1 in the turned view.
    turns : int
    shape : tuple of int
        Rows and columns of the turned view.
    """
    row0, row1, col0, col1 = box
    height, width = shape
    for _ in range(turns):
        # Turned back: row r of the turned view was column (height − r) from the left.
        row0, row1, col0, col1 = col0, col1, height - row1, height - row0
        height, width = width, height
    return row0, row1, col0, col1
