"""Look for the label of a surely found bar where its letters were not told from hair.

Strips above, below and beside the bar are read at a few sizes; where one holds a length, its place
is handed to the reader of labels, which alone decides.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from .bar_label import Box, parse_length_mm
from .bar_text import CAP_SHARE, STRIP_HEIGHT_PX, read_strip
from .text_lines import Run

#: Heights of the strips, px: each shows the reader capitals of 40 to 80 % of it.
_HEIGHTS_PX = (20, 32, 52)

#: Middles of the strips above and below the bar, and of those beside it, in heights of the strip.
_OFFSETS = (0.55, 0.85)
_BESIDE_OFFSETS = (0.0,)

#: Length of a strip beside the bar, and of that which a strip above or below juts out, in heights.
_BESIDE_HEIGHTS, _JUT_HEIGHTS = 8, 2

#: Least confidence of a length that is worth a second look.
_LEAST_CONFIDENCE = 0.3


def search_label(grey: NDArray[np.uint8], bar: Box, *, length_px: float) -> list[Run]:
    """Return places around a bar where a length seems to stand, surest first.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)
    bar : tuple of int
        row0, row1, col0, col1.
    length_px : float
        Length of the bar.
    """
    found = []
    for high in _HEIGHTS_PX:
        for middle, first, last in _strips(bar, high):
            row0 = round(middle - high / 2)
            if row0 < 0 or row0 + high > grey.shape[0]:
                continue
            col0, col1 = max(0, first), min(grey.shape[1], last)
            if col1 - col0 < 2 * high:
                continue
            read = read_strip(grey[row0 : row0 + high, col0:col1])
            length_mm = parse_length_mm(read.text, length_px=length_px)
            if math.isnan(length_mm) or read.confidence < _LEAST_CONFIDENCE:
                continue
            half_cap = CAP_SHARE * high / 2
            centres = [col0 + high * centre for centre in read.centres]
            run = Run(
                round(middle - half_cap),
                round(middle + half_cap),
                max(0, round(centres[0] - half_cap)),
                min(grey.shape[1], round(centres[-1] + half_cap)),
                len(read.text),
            )
            found.append((-read.confidence, run.row0, run.col0, run))
    return [run for *_, run in sorted(found, key=lambda item: item[:3])]


def _strips(bar: Box, high: int) -> list[tuple[float, int, int]]:
    """Middle row, first and last column of the strips around a bar."""
    row0, row1, col0, col1 = bar
    jut = _JUT_HEIGHTS * high
    strips = []
    for offset in _OFFSETS:
        strips.append((row0 - offset * high, col0 - jut, col1 + jut))
        strips.append((row1 + offset * high, col0 - jut, col1 + jut))
    middle = (row0 + row1) / 2
    # The bar's end and its tick are left out: they look like a figure 1.
    gap = max(2, STRIP_HEIGHT_PX // 8)
    for offset in _BESIDE_OFFSETS:
        row = middle + offset * high
        strips.append((row, col1 + gap, col1 + gap + _BESIDE_HEIGHTS * high))
        strips.append((row, col0 - gap - _BESIDE_HEIGHTS * high, col0 - gap))
    return strips
