"""The eight ways in which a photo can lie: turned by quarters, and mirrored."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

#: row0, row1, col0, col1, half open.
Box = tuple[int, int, int, int]


@dataclass(frozen=True)
class Turn:
    """One of the eight: mirrored left to right or not, then turned counterclockwise by quarters.

    Places are x right, y down, in px; the pixel [r, c] reaches from (c, r) to (c + 1, r + 1).
    """

    quarters: int = 0
    is_mirrored: bool = False

    @property
    def is_upright(self) -> bool:
        return not self.quarters and not self.is_mirrored

    def apply(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return pixels, shape (h, w, ...), laid in this way: a view of the same memory."""
        return np.rot90(pixels[:, ::-1] if self.is_mirrored else pixels, self.quarters)

    def undo(self, pixels: NDArray[Any]) -> NDArray[Any]:
        """Return pixels that lie in this way as they were before: a view of the same memory."""
        back = np.rot90(pixels, -self.quarters)
        return back[:, ::-1] if self.is_mirrored else back

    def apply_to_boxes(self, boxes: NDArray[np.int64], shape: tuple[int, ...]) -> NDArray[np.int64]:
        """Return boxes of a photo as they lie in the turned one.

        Parameters
        ----------
        boxes : ndarray of int, shape (n, 4)
            left, top, width, height.
        shape : tuple of int
            Rows and columns of the photo before it is turned.
        """
        left, top, wide, high = boxes.T
        height, width = shape[:2]
        if self.is_mirrored:
            left = width - left - wide
        for _ in range(self.quarters):
            left, top, wide, high = top, width - left - wide, high, wide
            height, width = width, height
        return np.column_stack([left, top, wide, high])

    def undo_place(self, x: float, y: float, shape: tuple[int, ...]) -> tuple[float, float]:
        """Return a place of the turned photo as it was; `shape` is that of the turned one."""
        height, width = shape[:2]
        for _ in range(self.quarters):
            x, y = height - y, x
            height, width = width, height
        return (width - x if self.is_mirrored else x), y

    def undo_box(self, box: Box, shape: tuple[int, ...]) -> Box:
        """Return a box of the turned photo as it was; `shape` is that of the turned one."""
        row0, row1, col0, col1 = box
        x0, y0 = self.undo_place(col0, row0, shape)
        x1, y1 = self.undo_place(col1, row1, shape)
        rows, columns = sorted((round(y0), round(y1))), sorted((round(x0), round(x1)))
        return rows[0], rows[1], columns[0], columns[1]


UPRIGHT = Turn()

#: The other seven.
OTHER_TURNS = tuple(
    Turn(quarters, is_mirrored)
    for is_mirrored in (False, True)
    for quarters in range(4)
    if quarters or is_mirrored
)
