"""Find lines of burnt-in text: strokes of one level, side by side on a straight base line.

Three grey maps catch every colour of overlay.  The least of the three channels is 0 for black and
for every saturated colour, and 255 for white alone; the greatest is bright for white and for every
saturated colour.  Strokes stand out from their surroundings in one of them, as dark or as light.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_text import CAP_SHARE, TextLine, read_strip
from .ranks import percentile

#: Contrast of a stroke to its surroundings, grey levels.  Fine text loses half of its contrast of
#: 100 and more to anti-aliasing and JPEG.  Where hair gives too many parts, the next holds.
_STROKE_LEVELS = (45, 70, 100)

#: Least share of a character's box that is ink.
_LEAST_INK = 0.12

#: Widest stroke, px; capitals of this stroke are some 80 px high.
_STROKE_PX = 12
_STROKE_KERNEL = np.ones((_STROKE_PX + 1, _STROKE_PX + 1), np.uint8)

#: Heights of a character, px.
_LOW_PX, _HIGH_PX = 6, 72

#: Greatest width of a character, or of a few that touch, in heights.
_WIDEST_CAPS = 4

#: Gap between two runs that may be one line of text, in heights of a capital.
_PART_GAP_CAPS = 4.0

#: Most parts that are linked, and most lines that are read, in one photo: the time stays bounded
#: where hair or grain gives thousands of parts.
_MOST_PARTS = 2500
_PAIRS_AT_ONCE = 200_000
_MOST_LINES = 40

#: A line of text is believed with this many characters of at least this confidence.
_LEAST_CHARACTERS = 3
_LEAST_CONFIDENCE = 0.9


#: Room at both ends of a strip that is read, in heights of a capital.
PAD_CAPS = 0.5


@dataclass(frozen=True)
class FoundLine:
    """A line of burnt-in text: box of its capitals in px (half open) and what was read."""

    row0: int
    row1: int
    col0: int
    col1: int
    read: TextLine

    @property
    def cap_px(self) -> int:
        return self.row1 - self.row0


@dataclass(frozen=True)
class Run:
    """Parts side by side that may be characters: box of the capitals in px, number of parts."""

    row0: int
    row1: int
    col0: int
    col1: int
    parts: int

    def is_beside(self, other: Run) -> bool:
        """Whether the two share rows and may be parts of one line of text."""
        rows = min(self.row1, other.row1) > max(self.row0, other.row0)
        gap = max(self.col0, other.col0) - min(self.col1, other.col1)
        return rows and gap <= _PART_GAP_CAPS * max(self.row1 - self.row0, other.row1 - other.row0)

    def enlarged(self, scale: int) -> Run:
        """Return the run in pixels of a photo that is so many times as large."""
        row0, row1 = scale * self.row0, scale * self.row1
        return Run(row0, row1, scale * self.col0, scale * self.col1, self.parts)


def grey_maps(pixels: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the least and the greatest of the three channels, uint8 (h, w) each."""
    red, green, blue = cv2.split(pixels)
    least = cv2.min(cv2.min(red, green), blue)
    greatest = cv2.max(cv2.max(red, green), blue)
    return np.asarray(least, np.uint8), np.asarray(greatest, np.uint8)


def find_parts(least: NDArray[np.uint8], greatest: NDArray[np.uint8]) -> list[NDArray[np.int64]]:
    """Return strokes as large as a character of each map: left, top, width, height; (n, 4)."""
    found = []
    for hat in stroke_maps(least, greatest):
        for levels in _STROKE_LEVELS:
            parts = _parts(np.asarray(hat >= levels, np.uint8))
            if np.count_nonzero(_is_character(parts)) <= _MOST_PARTS:
                found.append(parts)
                break
    return found


def runs_of_parts(maps: list[NDArray[np.int64]]) -> list[Run]:
    """Return runs of the parts of each map, those of most parts first."""
    runs: list[Run] = []
    for parts in maps:
        lying = parts[_is_character(parts)]
        runs.extend(_chains(lying[np.lexsort((lying[:, 1], lying[:, 0]))]))
    runs.sort(key=lambda run: (-run.parts, run.row0, run.col0))
    kept: list[Run] = []
    for run in runs:
        if not any(_covers(other, run) for other in kept):
            kept.append(run)
    return kept


def find_strokes(
    least: NDArray[np.uint8], greatest: NDArray[np.uint8], row0: int, row1: int
) -> list[NDArray[np.bool_]]:
    """Return the strokes in rows `row0` to `row1`: bool maps of light, dark and bright strokes."""
    first, last = max(0, row0 - _STROKE_PX), min(least.shape[0], row1 + _STROKE_PX)
    rows = slice(row0 - first, row1 - first)
    return [
        np.asarray(hat[rows] >= _STROKE_LEVELS[0])
        for hat in stroke_maps(least[first:last], greatest[first:last])
    ]


def stroke_maps(least: NDArray[np.uint8], greatest: NDArray[np.uint8]) -> list[NDArray[np.uint8]]:
    """Return the contrast of strokes to their surroundings, in grey levels, uint8 (h, w) each.

    Three maps: of light strokes, of dark ones, and of those bright in any one channel.
    """
    return [light_strokes(least), dark_strokes(least), light_strokes(greatest)]


def light_strokes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the contrast of light strokes to their surroundings, in grey levels, uint8 (h, w)."""
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_TOPHAT, _STROKE_KERNEL), np.uint8)


def dark_strokes(grey: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return the contrast of dark strokes to their surroundings, in grey levels, uint8 (h, w)."""
    return np.asarray(cv2.morphologyEx(grey, cv2.MORPH_BLACKHAT, _STROKE_KERNEL), np.uint8)


def _parts(strokes: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Left, top, width, height of connected strokes as large as a character, however it lies."""
    # Every label begins with a run along a row: labels of 16 bits, thrice as fast, suffice for so
    # many of them.
    begins = cv2.countNonZero(cv2.subtract(strokes[:, 1:], strokes[:, :-1])) + len(strokes)
    kind = cv2.CV_16U if begins < np.iinfo(np.uint16).max else cv2.CV_32S
    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8, ltype=kind)
    boxes = stats[1:].astype(np.int64)
    wide, high = boxes[:, cv2.CC_STAT_WIDTH], boxes[:, cv2.CC_STAT_HEIGHT]
    fits = _is_character(boxes) | _is_character(boxes[:, [1, 0, 3, 2]])
    fits &= boxes[:, cv2.CC_STAT_AREA] >= _LEAST_INK * wide * high
    return np.asarray(boxes[fits][:, :4])


def _is_character(parts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Which parts are as high and as wide as a character."""
    wide, high = parts[:, 2], parts[:, 3]
    return np.asarray((high >= _LOW_PX) & (high <= _HIGH_PX) & (wide <= _WIDEST_CAPS * high))


def _followers(
    left: NDArray[np.int64],
    right: NDArray[np.int64],
    top: NDArray[np.int64],
    bottom: NDArray[np.int64],
) -> list[int]:
    """For each part the index of the part next to its right on one base line, or -1.

    Parts are sorted by their left side, so that only a window to the right of each can follow.  The
    pairs of many parts with all of their windows are judged at once; the first that fits counts.
    """
    high = bottom - top
    first = np.arange(1, len(left) + 1)
    last = np.searchsorted(left, right + 1.1 * high + 2)
    counts = np.maximum(last - first, 0)
    total = np.cumsum(counts)
    follows = np.full(len(left), -1)
    begin = 0
    while begin < len(left):
        done = total[begin] - counts[begin]
        stop = max(begin + 1, int(np.searchsorted(total, done + _PAIRS_AT_ONCE, side="right")))
        block = slice(begin, stop)
        one = np.repeat(np.arange(begin, stop), counts[block])
        skipped = np.repeat(total[block] - counts[block] - done, counts[block])
        other = first[one] + np.arange(len(one)) - skipped
        larger = np.maximum(high[other], high[one])
        smaller = np.minimum(high[other], high[one])
        fits = (
            (smaller >= 0.55 * larger)
            & (
                (np.abs(bottom[other] - bottom[one]) <= 0.13 * larger + 1)
                | (np.abs(top[other] - top[one]) <= 0.13 * larger + 1)
            )
            & (left[other] - right[one] <= 0.9 * larger + 1)
            & (left[other] + right[other] > left[one] + right[one])
            & (left[other] >= right[one] - 0.3 * larger)
        )
        followed, nearest = np.unique(one[fits], return_index=True)
        follows[followed] = other[fits][nearest]
        begin = stop
    return [int(index) for index in follows]


def _chains(parts: NDArray[np.int64]) -> list[Run]:
    """Link parts to runs."""
    left, top, wide, high = parts.T
    right, bottom = left + wide, top + high
    follows = _followers(left, right, top, bottom)
    used = np.zeros(len(follows), bool)
    runs = []
    for first in range(len(follows)):
        if used[first]:
            continue
        chain = [first]
        while follows[chain[-1]] >= 0 and not used[follows[chain[-1]]]:
            chain.append(follows[chain[-1]])
        if len(chain) < 2:
            continue
        used[chain] = True
        # The tallest parts are capitals or figures; a small letter's top stands lower.
        runs.append(
            Run(
                int(percentile(top[chain], 15)),
                int(percentile(bottom[chain], 60)),
                int(left[chain].min()),
                int(right[chain].max()),
                len(chain),
            )
        )
    return [run for run in runs if run.row1 - run.row0 >= _LOW_PX]


def _covers(one: Run, other: Run) -> bool:
    """Whether at least 70 % of `other` lies within `one`."""
    rows = min(one.row1, other.row1) - max(one.row0, other.row0)
    columns = min(one.col1, other.col1) - max(one.col0, other.col0)
    if rows <= 0 or columns <= 0:
        return False
    return rows * columns >= 0.7 * (other.row1 - other.row0) * (other.col1 - other.col0)


def read_runs(
    grey: NDArray[np.uint8], runs: list[Run], *, least_parts: int = _LEAST_CHARACTERS
) -> list[FoundLine]:
    """Read the runs and return those that hold text.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)
        Brightness of the photo.
    runs : list of Run
    least_parts : int
        Shorter runs are not read: two parts side by side are everywhere.
    """
    lines = []
    for run in [run for run in runs if run.parts >= least_parts][:_MOST_LINES]:
        read = read_strip(cut_strip(grey, run.row0, run.row1, run.col0, run.col1))
        if is_text(read):
            lines.append(FoundLine(run.row0, run.row1, run.col0, run.col1, read))
    return lines


def cut_strip(
    grey: NDArray[np.uint8],
    row0: int,
    row1: int,
    col0: int,
    col1: int,
    *,
    cap_share: float = CAP_SHARE,
    pad_caps: float = PAD_CAPS,
) -> NDArray[np.uint8]:
    """Cut the strip around capitals in rows `row0` to `row1`, as the reader wants it."""
    cap = row1 - row0
    height = cap / cap_share
    # Below the base line stand descenders, above the capitals nothing.
    top = round((row0 + row1) / 2 - height / 2)
    below = top + round(height)
    pad = round(pad_caps * cap)
    rows = np.clip(np.arange(top, below), 0, grey.shape[0] - 1)
    columns = slice(max(0, col0 - pad), min(grey.shape[1], col1 + pad))
    return np.asarray(grey[rows][:, columns], np.uint8)


def is_text(read: TextLine) -> bool:
    """Whether enough characters are certain; strokes and dots (1, l, i, . , - /) prove nothing."""
    certain = [
        character
        for character, confidence in zip(read.text, read.confidences, strict=True)
        if confidence >= _LEAST_CONFIDENCE
    ]
    telling = re.sub(r"[1li.,:/\-^=()+□t]", "", "".join(certain))
    return len(certain) >= _LEAST_CHARACTERS and len(telling) >= 2
