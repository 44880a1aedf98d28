"""Grow lines of burnt-in text to the boxes that they stand in."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .text_lines import FoundLine

#: Room around the capitals that is blacked out with them, in heights of a capital: descenders,
#: accents, characters at the ends that were not told from hair.
_ROOM_ROWS, _ROOM_COLUMNS = 0.45, 0.8

#: How far from the text the edge of its box is looked for, in heights of a capital.
_BOX_REACH = 1.6

#: Step of a box's edge, grey levels, averaged along the text.
_BOX_LEVELS = 14

#: Share of an edge along the text that must be seen.
_BOX_SHARE = 0.75

Box = tuple[int, int, int, int]


def text_boxes(grey: NDArray[np.uint8], lines: list[FoundLine]) -> list[Box]:
    """Return boxes (row0, row1, col0, col1) that cover the lines and the boxes behind them.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)
    lines : list of FoundLine
    """
    return [_grown(grey, block, cap) for block, cap in _blocks(lines, grey.shape)]


def _blocks(lines: list[FoundLine], shape: tuple[int, ...]) -> list[tuple[Box, int]]:
    """Lines one below or beside the other, put together, each with room; and their capitals' px."""
    height, width = shape[:2]
    blocks: list[tuple[Box, int]] = []
    for line in sorted(lines, key=lambda one: (one.row0, one.col0)):
        rows, columns = round(_ROOM_ROWS * line.cap_px), round(_ROOM_COLUMNS * line.cap_px)
        box = (
            max(0, line.row0 - rows),
            min(height, line.row1 + rows),
            max(0, line.col0 - columns),
            min(width, line.col1 + columns),
        )
        cap = line.cap_px
        # A union can reach a block that neither part reached.
        while touching := [block for block in blocks if _touch(block[0], box, cap)]:
            for block in touching:
                blocks.remove(block)
                box, cap = _union(box, block[0]), max(cap, block[1])
        blocks.append((box, cap))
    return blocks


def _touch(one: Box, other: Box, cap: int) -> bool:
    rows = min(one[1], other[1]) - max(one[0], other[0])
    columns = min(one[3], other[3]) - max(one[2], other[2])
    return (rows >= -0.4 * cap and columns > 0) or (rows > 0 and columns >= -0.8 * cap)


def _union(one: Box, other: Box) -> Box:
    return (
        min(one[0], other[0]),
        max(one[1], other[1]),
        min(one[2], other[2]),
        max(one[3], other[3]),
    )


def _grown(grey: NDArray[np.uint8], box: Box, cap: int) -> Box:
    """Move each side out to the straight edge nearby, where there is one, or to the photo's rim."""
    height, width = grey.shape
    row0, row1, col0, col1 = box
    reach = round(_BOX_REACH * cap)
    for _ in range(2):
        row0 = _edge(grey, row0, max(0, row0 - reach), col0, col1)
        row1 = _edge(grey, row1, min(height, row1 + reach), col0, col1)
        turned = grey.T
        col0 = _edge(turned, col0, max(0, col0 - reach), row0, row1)
        col1 = _edge(turned, col1, min(width, col1 + reach), row0, row1)
    near = cap // 2
    return (
        0 if row0 <= near else row0,
        height if height - row1 <= near else row1,
        0 if col0 <= near else col0,
        width if width - col1 <= near else col1,
    )


def _edge(grey: NDArray[np.uint8], start: int, stop: int, first: int, last: int) -> int:
    """Row of the straight edge between `start` and `stop` over columns `first` to `last`."""
    low, high = min(start, stop), max(start, stop)
    if high - low < 2 or last - first < 4:
        return start
    patch = cv2.blur(np.ascontiguousarray(grey[low:high, first:last]), (9, 1)).astype(np.int16)
    step = np.diff(patch, axis=0)
    seen = np.maximum((step >= _BOX_LEVELS).mean(axis=1), (step <= -_BOX_LEVELS).mean(axis=1))
    rows = np.flatnonzero(seen >= _BOX_SHARE)
    if not rows.size:
        return start
    return int(low + rows[0]) if stop < start else int(low + rows[-1] + 1)
