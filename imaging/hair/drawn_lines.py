"""Lines drawn on a grid of pixels so that they lie the same however the photograph lies.

OpenCV's lines do not: which of two pixels they take depends on the way they run.  Here every line
is a row of dots, and every dot marks pixels by their distance or on all its sides.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths, points_along

Points = NDArray[np.floating]

#: Distance of the points that a line is drawn with, px: no pixel on its way is left out.
_DOT_PX = 0.5
#: A dot of this radius, px, covers one pixel at least wherever it lies.
_LEAST_RADIUS_PX = 0.75


def number_lines(
    lines: Sequence[Points], shape: tuple[int, ...]
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    """Return two maps of the lines: the number of the line from 1, 0 elsewhere.

    Where lines meet the first map has the last of them and the second the first, so that a line
    finds every other one whatever their order.  Every dot marks the pixels on all its sides: a line
    is two pixels wide.
    """
    height, width = shape
    places, numbers = [np.zeros((0, 2))], [np.zeros(0, np.int32)]
    for index, line in enumerate(lines):
        places.append(_dots(line))
        numbers.append(np.full(len(places[-1]), index + 1, np.int32))
    x, y = np.concatenate(places).T
    rows = np.stack([np.floor(y), np.floor(y), np.ceil(y), np.ceil(y)], axis=1).astype(np.intp)
    columns = np.stack([np.floor(x), np.ceil(x)] * 2, axis=1).astype(np.intp)
    number = np.repeat(np.concatenate(numbers), 4).reshape(-1, 4)
    is_in = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns, number = rows[is_in], columns[is_in], number[is_in]
    last, first = np.zeros((height, width), np.int32), np.zeros((height, width), np.int32)
    # Of several that are written to one place the last stays.
    last[rows, columns] = number
    # Copied, since NumPy walks through views that run backwards in the order of memory.
    rows, columns, number = rows[::-1].copy(), columns[::-1].copy(), number[::-1].copy()
    first[rows, columns] = number
    return last, first


def covered_pixels(
    line: Points, width_px: float, shape: tuple[int, ...]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return rows and columns of the pixels that a line of this width covers, each pixel once."""
    height, width = shape
    radius = max(width_px / 2, _LEAST_RADIUS_PX)
    reach = int(np.ceil(radius))
    dots = _dots(line)
    corner = np.floor(dots).astype(np.intp)
    around = np.arange(-reach, reach + 2)
    dx = around[None] - (dots - corner)[:, :1]
    dy = around[None] - (dots - corner)[:, 1:]
    is_near = dy[:, :, None] ** 2 + dx[:, None, :] ** 2 <= radius**2
    dot, down, right = np.nonzero(is_near)
    rows, columns = corner[dot, 1] + around[down], corner[dot, 0] + around[right]
    is_in = (rows >= 0) & (rows < height) & (columns >= 0) & (columns < width)
    rows, columns = np.divmod(np.unique(rows[is_in] * width + columns[is_in]), width)
    return rows, columns


def _dots(line: Points) -> NDArray[np.float64]:
    points = np.asarray(line, np.float64)
    along = arc_lengths(points)
    count = max(2, int(np.ceil(along[-1] / _DOT_PX)) + 1)
    return points_along(points, np.linspace(0.0, along[-1], count), arc=along)
