"""Follow lines of burnt-in text along their row, to what was not told from hair: whole banners."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_text import CAP_SHARE, read_strip
from .text_lines import PAD_CAPS, FoundLine, cut_strip, find_strokes

#: Rows above and below the capitals that a line of text leaves empty, between these distances from
#: them in heights of a capital; a hair, or the gap between two boxes, runs through both.
_ABOVE_CAPS, _BELOW_CAPS = (0.5, 0.15), (0.35, 0.7)

#: Gap inside a piece of text, and between pieces of one banner, in heights of a capital.
_INNER_GAP_CAPS, _OUTER_GAP_CAPS = 0.9, 3.0

#: A level stroke of this length is a bar, in heights of a capital.
_LONG_CAPS = 3.0

#: Least width of a piece, in heights of a capital.
_LEAST_CAPS = 0.8

#: From the middle of a character to its side, in heights of a capital.
_CHARACTER_CAPS = 0.6


def follow_lines(
    grey: NDArray[np.uint8],
    least: NDArray[np.uint8],
    greatest: NDArray[np.uint8],
    lines: list[FoundLine],
) -> list[FoundLine]:
    """Return the pieces of text that continue the lines to either side, read.

    Parameters
    ----------
    grey, least, greatest : ndarray of uint8, shape (h, w)
        Brightness, least and greatest channel.
    lines : list of FoundLine
        What was found already.
    """
    added: list[FoundLine] = []
    seen: list[FoundLine] = list(lines)
    for line in lines:
        for col0, col1 in _pieces(least, greatest, line):
            if any(_covers(other, line, col0, col1) for other in seen):
                continue
            strip = cut_strip(grey, line.row0, line.row1, col0, col1)
            piece = FoundLine(line.row0, line.row1, col0, col1, read_strip(strip))
            added.append(piece)
            seen.append(piece)
    return added


def readable_part(line: FoundLine) -> FoundLine | None:
    """Return the line as far as characters were read in it; None where none was."""
    if not line.read.text:
        return None
    # The strip that was read begins half a capital before the line: see `cut_strip`.
    first, last = (
        line.col0 + line.cap_px * (centre / CAP_SHARE - PAD_CAPS)
        for centre in (line.read.centres[0], line.read.centres[-1])
    )
    room = _CHARACTER_CAPS * line.cap_px
    return replace(
        line, col0=max(line.col0, round(first - room)), col1=min(line.col1, round(last + room))
    )


def _pieces(
    least: NDArray[np.uint8], greatest: NDArray[np.uint8], line: FoundLine
) -> list[tuple[int, int]]:
    """Columns (first, one past the last) of pieces of text in the rows of a line that join it."""
    cap, height = line.cap_px, least.shape[0]
    row0 = max(0, line.row0 - round(_ABOVE_CAPS[0] * cap))
    row1 = min(height, line.row1 + round(_BELOW_CAPS[1] * cap))
    maps = find_strokes(least, greatest, row0, row1)
    inside = slice(line.row0 - row0, line.row1 - row0)
    strokes = max(maps, key=lambda one: int(one[inside, line.col0 : line.col1].sum()))
    # A bar beside its label is no text.
    long_kernel = np.ones((1, round(_LONG_CAPS * cap)), np.uint8)
    straight = cv2.morphologyEx(np.asarray(strokes, np.uint8), cv2.MORPH_OPEN, long_kernel)
    strokes = strokes & (np.asarray(straight) == 0)
    above = strokes[: max(0, line.row0 - round(_ABOVE_CAPS[1] * cap) - row0)].any(axis=0)
    below = strokes[line.row1 + round(_BELOW_CAPS[0] * cap) - row0 :].any(axis=0)
    ink = strokes[inside].any(axis=0) & ~(above & below)
    gap = round(_INNER_GAP_CAPS * cap)
    padded = np.pad(np.asarray(ink, np.uint8), gap)[None]
    closed = cv2.morphologyEx(padded, cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))[0, gap:-gap]
    edges = np.flatnonzero(np.diff(np.concatenate([[0], closed, [0]]).astype(np.int8)))
    text = [(int(first), int(last)) for first, last in zip(edges[0::2], edges[1::2], strict=True)]
    return _joined(text, line, round(_OUTER_GAP_CAPS * cap), round(_LEAST_CAPS * cap))


def _joined(
    text: list[tuple[int, int]], line: FoundLine, gap: int, narrowest: int
) -> list[tuple[int, int]]:
    """The pieces that hang together with the line, each no further than `gap` from the next."""
    first, last = line.col0, line.col1
    joined: list[tuple[int, int]] = []
    for piece in sorted(text):
        if piece[1] > last and piece[0] - last <= gap:
            last = piece[1]
            joined.append(piece)
    for piece in sorted(text, reverse=True):
        if piece[0] < first and first - piece[1] <= gap and piece not in joined:
            first = piece[0]
            joined.append(piece)
    return [piece for piece in joined if piece[1] - piece[0] >= narrowest]


def _covers(other: FoundLine, line: FoundLine, col0: int, col1: int) -> bool:
    rows = min(other.row1, line.row1) - max(other.row0, line.row0)
    columns = min(other.col1, col1) - max(other.col0, col0)
    return rows > 0 and columns > 0.8 * (col1 - col0)
