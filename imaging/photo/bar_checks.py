"""Tell a drawn bar from a run of hair where no length is written beside it."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .bar_lines import BarLine, find_bar_lines

#: Most error of a bar's length, as a share of it, with which a scale is taken from it.
MOST_ERROR = 0.025

#: A line whose label cannot be read is taken for a bar (and flagged) from this length, px, and
#: contrast, grey levels, on, when it is this thin, and has text beside it or a tick at either end.
_UNREAD_PX, _UNREAD_LEVELS, _UNREAD_SHARE = 40, 50, 0.15

#: Difference of the ticks at both ends, px, and as a share of the longer: devices draw them alike.
_TICKS_APART_PX, _TICKS_APART_SHARE = 2, 0.25

#: Room around a line in which it is looked for again, px, and how far it may then lie off.
_ROOM_PX, _OFF_PX = 80, 2.0


def is_sure(line: BarLine) -> bool:
    """Return whether a line is too long, thin, even and strong for most hairs."""
    return (
        line.length >= _UNREAD_PX
        and line.error_px <= MOST_ERROR * line.length
        and line.contrast >= _UNREAD_LEVELS
        and line.row1 - line.row0 <= _UNREAD_SHARE * line.length
    )


def has_like_ticks(line: BarLine) -> bool:
    """Return whether both ends have ticks that reach as far up and as far down."""
    return line.has_ticks and all(
        abs(one - other) <= max(_TICKS_APART_PX, _TICKS_APART_SHARE * max(one, other))
        for one, other in zip(line.tick0, line.tick1, strict=True)
    )


def is_alike_from_all_sides(pixels: NDArray[np.uint8], line: BarLine) -> bool:
    """Return whether a line is found again, with the same ends, in the mirrored photo.

    A line is followed from its upper edge.  A drawn one has a lower edge of the same length; a
    hair bends and tapers, and from its other edge it begins and ends elsewhere or is no line.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        The photo that `line` was found in.
    line : BarLine
    """
    row0, row1, col0, col1 = line.box
    reach = max(_ROOM_PX, round(line.length))
    top, left = max(0, row0 - _ROOM_PX), max(0, col0 - reach)
    near = pixels[top : row1 + _ROOM_PX, left : col1 + reach]
    height, width = near.shape[:2]
    above, below = line.row0 - top, line.row1 - top
    start, end = line.start - left, line.end - left
    for rows, columns in ((-1, 1), (1, -1), (-1, -1)):
        wanted = np.array(
            [
                *((height - below, height - above) if rows < 0 else (above, below)),
                *((width - end, width - start) if columns < 0 else (start, end)),
            ]
        )
        again = find_bar_lines(np.ascontiguousarray(near[::rows, ::columns]))
        places = [np.array([one.row0, one.row1, one.start, one.end]) for one in again]
        if not any(np.abs(place - wanted).max() <= _OFF_PX for place in places):
            return False
    return True
