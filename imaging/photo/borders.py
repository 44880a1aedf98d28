"""Find pillar-boxes and letter-boxes: uniform strips along the sides of a photo."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Grey levels by which a pixel of a strip may differ from the strip's colour (JPEG noise).
_TOLERANCE_LEVELS = 10

#: Share of a row that must have the strip's colour; the rest may be text in the strip.
_UNIFORM_SHARE = 0.8

#: Share of the strip's edge where the photo must begin at once.  A dermoscope's round field leaves
#: black rows too, but there the photo begins at the top of an arc, in few columns.
_STRAIGHT_SHARE = 0.5

#: Rows within which the photo begins, after JPEG's blur.
_EDGE_PX = 4

#: A photo whose content would be narrower than this share of a side has no borders: it is empty.
_LEAST_CONTENT = 0.3


def find_content(pixels: NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Return row0, row1, col0, col1 of the photo without uniform strips along its sides.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)

    Returns
    -------
    tuple of int
        Half-open: ``pixels[row0:row1, col0:col1]`` is the imaged area.
    """
    height, width = pixels.shape[:2]
    row0, row1, col0, col1 = 0, height, 0, width
    # Twice: a strip on one side shortens the lines that are judged on the other.
    for _ in range(2):
        inside = pixels[row0:row1, col0:col1]
        top, bottom = _strip(inside), _strip(inside[::-1])
        row0, row1 = row0 + top, row1 - bottom
        sideways = pixels[row0:row1, col0:col1].swapaxes(0, 1)
        left, right = _strip(sideways), _strip(sideways[::-1])
        col0, col1 = col0 + left, col1 - right
    if row1 - row0 < _LEAST_CONTENT * height or col1 - col0 < _LEAST_CONTENT * width:
        return 0, height, 0, width
    return row0, row1, col0, col1


def _strip(lines: NDArray[np.uint8]) -> int:
    """Thickness (rows) of the uniform strip at the first rows of `lines`, 0 if there is none."""
    colour = np.median(lines[0], axis=0).astype(np.int16)
    if not _is_uniform(lines[0], colour):
        return 0
    thickness = 1
    while thickness < len(lines) and _is_uniform(lines[thickness], colour):
        thickness += 1
    if thickness == len(lines):
        return 0
    beyond = lines[min(len(lines) - 1, thickness - 1 + _EDGE_PX)].astype(np.int16)
    begins = (np.abs(beyond - colour) > _TOLERANCE_LEVELS).any(axis=1)
    if float(begins.mean()) < _STRAIGHT_SHARE:
        return 0
    # The first row after the strip mixes with it.
    return thickness + 1 if thickness + 1 < len(lines) else thickness


def _is_uniform(line: NDArray[np.uint8], colour: NDArray[np.int16]) -> bool:
    near = (np.abs(line.astype(np.int16) - colour) <= _TOLERANCE_LEVELS).all(axis=1)
    return float(near.mean()) >= _UNIFORM_SHARE
