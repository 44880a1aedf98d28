"""Read the length that a scale bar stands for from the text beside it, or refuse to.

A wrong scale spoils every number of a photo without a trace, so one reading is not enough: the
label is read from several grey versions and at several sizes, and they must agree.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .bar_text import TextLine, read_strip
from .text_lines import Run, cut_strip

_LENGTH = re.compile(r"(?:(?:scale|bar|scalebar):?)?(\d+(?:[.,]\d+)?)(µm|um|mm|cm)")
_MM_PER_UNIT = {"µm": 1e-3, "um": 1e-3, "mm": 1.0, "cm": 10.0}

#: Pixels per millimetre that a photo of skin can have: from a whole face on a small picture to a
#: microscope.  Tells 1,000 µm (a thousand) from 1,000 mm (one).
_LEAST_PX_PER_MM, _MOST_PX_PER_MM = 0.5, 5000.0

#: Shares of the strip's height at which capitals are shown to the reader.
_CAP_SHARES = (0.52, 0.6, 0.68)

#: A reading counts from the first confidence on; the best of the readings that agree must reach
#: the second; and no other length may be read with the third.
_COUNTS, _SURE, _CONTRADICTS = 0.6, 0.9, 0.5

#: Most probability of a decimal point that was not read.
_MOST_MISSED_POINT = 0.25

#: Readings that must agree.
_LEAST_VOTES = 3

#: How far a label may stand from its bar, in heights of its capitals.
_REACH_CAPS = 2.5


#: row0, row1, col0, col1, half open.
Box = tuple[int, int, int, int]


#: Share of a label's width that the bar's end may take part in (a box's side joins the two).
_MOST_OVERLAP = 0.25


@dataclass(frozen=True)
class Label:
    """A length that was read: the reading, its millimetres, and the box of its capitals in px."""

    read: TextLine
    length_mm: float
    run: Run


def parse_length_mm(text: str, *, length_px: float) -> float:
    """Return the length in mm that a label says, NaN when it says none.

    Parameters
    ----------
    text : str
        As read: small letters, no spaces.
    length_px : float
        Length of the bar; decides whether ``1,000`` is one or a thousand.
    """
    match = _LENGTH.fullmatch(text)
    if match is None:
        return math.nan
    number, unit = match.groups()
    whole, _, rest = number.replace(",", ".").partition(".")
    if len(whole) > 1 and whole.startswith("0"):
        return math.nan
    readings = [float(f"{whole}.{rest or 0}")]
    if len(rest) == 3 and whole != "0":
        readings.append(float(whole + rest))
    plausible = [
        value * _MM_PER_UNIT[unit]
        for value in readings
        if value > 0
        and _LEAST_PX_PER_MM <= length_px / (value * _MM_PER_UNIT[unit]) <= _MOST_PX_PER_MM
    ]
    return plausible[0] if len(plausible) == 1 else math.nan


def labels_near(box: Box, runs: list[Run]) -> list[Run]:
    """Return the runs that may be the label of a bar in this box, nearest first."""
    row0, row1, col0, col1 = box
    near = []
    for run in runs:
        cap = run.row1 - run.row0
        across = max(col0 - run.col1, run.col0 - col1, 0)
        along = max(row0 - run.row1, run.row0 - row1, 0)
        common = min(col1, run.col1) - max(col0, run.col0)
        overlaps = along == 0 and common > _MOST_OVERLAP * (run.col1 - run.col0)
        if max(across, along) <= _REACH_CAPS * cap and not overlaps:
            near.append((max(across, along), run.row0, run.col0, run))
    return [run for *_, run in sorted(near, key=lambda item: item[:3])]


def read_label(
    greys: list[NDArray[np.uint8]], run: Run, *, bar: Box, length_px: float
) -> Label | None:
    """Read one label in several ways; None unless they agree on a length.

    Parameters
    ----------
    greys : list of ndarray of uint8, shape (h, w)
        Grey versions of the photo.
    run : Run
        Where the label stands.
    bar : tuple of int
        row0, row1, col0, col1 of its bar, which is never shown to the reader: an end tick looks
        like a figure 1.
    length_px : float
        Length of the bar.
    """
    votes: dict[float, list[float]] = defaultdict(list)
    reads: dict[float, TextLine] = {}
    for grey in greys:
        for share in _CAP_SHARES:
            read = read_strip(_strip_beside(grey, run, bar, share))
            length_mm = parse_length_mm(read.text, length_px=length_px)
            if math.isnan(length_mm) or read.missed_point > _MOST_MISSED_POINT:
                _refuse(votes, read)
                continue
            votes[length_mm].append(read.confidence)
            reads[length_mm] = read
    return _elected(votes, reads, run)


def _refuse(votes: dict[float, list[float]], read: TextLine) -> None:
    """Count a reading that may be of a length, but is none, against every length."""
    if re.search(r"\d.*m", read.text) and read.missed_point > _MOST_MISSED_POINT:
        votes[math.nan].append(min(read.missed_point, read.confidence))


def _elected(
    votes: dict[float, list[float]], reads: dict[float, TextLine], run: Run
) -> Label | None:
    counted = {
        value: [one for one in given if one >= _COUNTS]
        for value, given in votes.items()
        if not math.isnan(value)
    }
    if not counted:
        return None
    best = max(counted, key=lambda value: (len(counted[value]), max(votes[value]), -value))
    if len(counted[best]) < _LEAST_VOTES or max(counted[best]) < _SURE:
        return None
    contradicted = any(
        max(given) >= _CONTRADICTS for value, given in votes.items() if value != best
    )
    return None if contradicted else Label(reads[best], best, run)


def _strip_beside(grey: NDArray[np.uint8], run: Run, bar: Box, share: float) -> NDArray[np.uint8]:
    """The strip of a label with room for a character on either side, the bar's columns left out."""
    cap = run.row1 - run.row0
    row0, row1, col0, col1 = bar
    first, last = 0, grey.shape[1]
    if row0 <= run.row1 + cap // 2 and row1 >= run.row0 - cap // 2:
        if run.col1 > col1 and run.col0 > col0:
            first = col1 + 2
        elif run.col0 < col0 and run.col1 < col1:
            last = max(1, col0 - 2)
    return cut_strip(
        grey[:, first:last],
        run.row0,
        run.row1,
        max(0, run.col0 - first),
        run.col1 - first,
        cap_share=share,
        pad_caps=1.2,
    )
