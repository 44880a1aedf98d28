"""Read the length that a scale bar stands for from the text beside it, or refuse to.

A wrong scale spoils every number of a photo without a trace, so one reading is not enough: the
label is read from several grey versions and at several sizes, and they must agree.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .bar_text import TextLine, read_strip
from .text_lines import Run, cut_strip

_LENGTH = re.compile(r"(?:(?:scale|bar|scalebar):?)?(\d+(?:[.,]\d+)?)(µm|um|mm|cm|nm|mn|nn)")
#: A narrow m of a fixed-width face is read as n now and then; nothing here is measured in nm.
_MM_PER_UNIT = {"µm": 1e-3, "um": 1e-3, "mm": 1.0, "cm": 10.0, "nm": 1.0, "mn": 1.0, "nn": 1.0}

#: Pixels per millimetre that a photo of skin can have: from a whole face on a small picture to a
#: microscope.  Tells 1,000 µm (a thousand) from 1,000 mm (one).
_LEAST_PX_PER_MM, _MOST_PX_PER_MM = 1.5, 5000.0

#: Greatest number of millimetres or centimetres that is believed: a larger one is far more often a
#: smaller one whose point was lost.
_MOST_UNITS = 10.0
_MOST_MICROMETRES = 10_000.0

#: Shares of the strip's height at which capitals are shown to the reader.
_CAP_SHARES = (0.48, 0.55, 0.62)

#: A reading counts from this confidence on.  Readings of another number contradict when one has the
#: second confidence, or when they are not outvoted so many times.
_COUNTS, _CONTRADICTS, _OUTVOTED = 0.5, 0.85, 2

#: Most probability of a character passed over before or inside the number, mean of the readings.
_MOST_DOUBT = 0.15

#: A decimal point as the pixels show it: its ink as a share of the figures', its greatest width and
#: height, and between which heights it stands, as shares of the strip.
_SPECK_INK, _SPECK_WIDE, _SPECK_TALL = 0.45, 0.17, 0.24
_SPECK_TOP, _SPECK_BELOW = 0.55, 0.95

#: How many readings must agree, and how sure the best of them must be: one pair is enough.
_ENOUGH = ((2, 0.9), (4, 0.7))

#: Most probability of a character passed over before or inside the number, mean of the readings.
_MOST_DOUBT = 0.15

#: A decimal point as the pixels show it: its ink as a share of the figures', its greatest width and
#: height, and between which heights it stands, as shares of the strip.
_SPECK_INK, _SPECK_WIDE, _SPECK_TALL = 0.45, 0.17, 0.24
_SPECK_TOP, _SPECK_BELOW = 0.55, 0.95

#: How many readings must agree, and how sure the best of them must be: one pair is enough.
_ENOUGH = ((2, 0.9), (4, 0.7))


#: Room on either side of what was found of a label: its first figures may have been missed, and a
#: lost figure makes another number.
_ROOM_CAPS = 4.5

#: A character whose middle is nearer to the strip's rim, in heights of the strip, may have a
#: neighbour beyond it.
_RIM = 0.6

#: Distance of the middles of two characters from which on they are no one word, in heights of the
#: strip; and within a word the most from figure to figure, and from the last figure over a space to
#: the unit, in distances of the unit's two letters.
_APART = 1.7
_MOST_STEP, _MOST_SPACE = 1.15, 2.9

#: In a fixed-width face figures stand as far apart as the letters of the unit; a point, read at
#: either side of its wide cell, makes steps of up to one and a half.
_FIXED_WIDTH, _MOST_FIXED_STEP = 0.66, 1.65

#: Distances of two figures, in those of the letters of "mm", that speak of a lost point.
_LOST_POINT = (0.8, 0.94)
_NUMERIC = set("0123456789.,")

#: Contrast of a grey version, as a share of the best one's, with which it is read.
_CLEAR_SHARE = 0.75

#: How far a label may stand from its bar, in heights of its capitals.
_REACH_CAPS = 4.0


#: row0, row1, col0, col1, half open.
Box = tuple[int, int, int, int]


#: Least gap between a bar and a label above or below it, in heights of its capitals: the outline of
#: the letters is nearer.
_LEAST_GAP_CAPS = 0.15

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
        if 0 < value <= (_MOST_MICROMETRES if unit in {"µm", "um"} else _MOST_UNITS)
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
        overlaps = along < _LEAST_GAP_CAPS * cap and common > _MOST_OVERLAP * (run.col1 - run.col0)
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
    clearest = _clearest(greys, run)
    first_look, _ = _strip_beside(clearest[0], run, bar, _CAP_SHARES[1])
    if not re.search(r"\d", read_strip(first_look).text):
        return None
    readings = [
        word
        for grey in clearest
        for share in _CAP_SHARES
        for word in _words_beside(grey, run, bar, share)
        if word.confidence >= _COUNTS
    ]
    return _elected(readings, run, length_px)


def _clearest(greys: list[NDArray[np.uint8]], run: Run) -> list[NDArray[np.uint8]]:
    """The grey versions in which the label stands out nearly as well as in the best."""
    boxes = [grey[run.row0 : run.row1, run.col0 : run.col1] for grey in greys]
    contrasts = [float(np.ptp(np.percentile(box, (5, 95)))) for box in boxes]
    least = _CLEAR_SHARE * max(contrasts)
    return [grey for grey, contrast in zip(greys, contrasts, strict=True) if contrast >= least]


def _words_beside(grey: NDArray[np.uint8], run: Run, bar: Box, cap_share: float) -> list[TextLine]:
    """Read the strip of a label: its words, but for those with a hole or cut off by its rim."""
    strip, is_cut = _strip_beside(grey, run, bar, cap_share)
    read = read_strip(strip)
    words: list[list[int]] = []
    for index, centre in enumerate(read.centres):
        if not index or centre - read.centres[index - 1] > _APART:
            words.append([])
        words[-1].append(index)
    width = strip.shape[1] / strip.shape[0]
    parted = [
        read.part(word[0], word[-1])
        for word in words
        if (read.centres[word[0]] > _RIM or not is_cut[0])
        and (read.centres[word[-1]] < width - _RIM or not is_cut[1])
    ]
    return [word for word in parted if not _is_torn(word) and not _has_unread_point(word, strip)]


def _is_torn(word: TextLine) -> bool:
    """Whether a figure of the number may have gone unread, leaving another number.

    The two letters of the unit give the measure: no figure stands further from the next.
    """
    if len(word.text) < 3:
        return False
    steps = np.diff(word.centres)
    unit = float(steps[-1])
    within = [
        float(step)
        for step, one, other in zip(steps, word.text[:-1], word.text[1:], strict=True)
        if {one, other} <= _NUMERIC
    ]
    widest = max(within, default=0.0) / unit
    # Between the pitch of figures in most faces and that in fixed-width ones lies that of two
    # figures with a point between them.
    is_whole = word.text[-2:] in {"mm", "nm", "mn", "nn"} and word.text[:-2].isdigit()
    if is_whole and _LOST_POINT[0] < widest < _LOST_POINT[1]:
        return True
    is_fixed_width = min(within, default=unit) >= _FIXED_WIDTH * unit
    most = _MOST_FIXED_STEP if is_fixed_width else _MOST_STEP
    return widest > most or float(steps[-2]) > _MOST_SPACE * unit


def _has_unread_point(word: TextLine, strip: NDArray[np.uint8]) -> bool:
    """Whether a speck stands low between two figures of a number that was read without a point.

    A second witness, of pixels alone: "1.0" read as "10" is the worst that can happen.
    """
    figures = [index for index, character in enumerate(word.text) if character.isdigit()]
    if len(figures) < 2 or "." in word.text or "," in word.text:
        return False
    high = strip.shape[0]
    first, last = (round(high * word.centres[index]) for index in (figures[0], figures[-1]))
    # The reader sees capitals of 40 to 80 % of the strip: sizes here are shares of the least.
    between = strip[:, first:last]
    if between.size == 0:
        return False
    ground, low, top_level = (float(np.percentile(between, at)) for at in (50, 2, 98))
    # Figures are lighter or darker than their ground, whichever differs more.
    is_light = top_level - ground >= ground - low
    ink = top_level - ground if is_light else low - ground
    share = (strip.astype(np.float32) - ground) / (ink or 1.0)
    speck = np.asarray(share >= _SPECK_INK, np.uint8)
    _, _, boxes, _ = cv2.connectedComponentsWithStats(speck, connectivity=8)
    left, top, wide, tall = boxes[1:, :4].T
    is_point = (
        (left > first)
        & (left + wide <= last)
        & (wide <= _SPECK_WIDE * high)
        & (tall <= _SPECK_TALL * high)
        & (top >= _SPECK_TOP * high)
        & (top + tall <= _SPECK_BELOW * high)
    )
    return bool(is_point.any())


def _elected(readings: list[TextLine], run: Run, length_px: float) -> Label | None:
    """The length that the readings agree on, if enough do and too few say another number."""
    votes: dict[float, list[TextLine]] = defaultdict(list)
    for read in readings:
        length_mm = parse_length_mm(read.text, length_px=length_px)
        if not math.isnan(length_mm):
            votes[length_mm].append(read)
    if not votes:
        return None
    best = max(
        votes, key=lambda value: (len(votes[value]), max(_confidences(votes[value])), -value)
    )
    chosen = votes[best]
    agree, surest = len(chosen), max(_confidences(chosen))
    number = _number(chosen[0].text)
    against = [
        read for read in readings if read not in chosen and _number(read.text) not in {"", number}
    ]
    is_sure = (
        any(agree >= least and surest >= sure for least, sure in _ENOUGH)
        and _mean([_number_doubt(read) for read in chosen]) <= _MOST_DOUBT
        and max(_confidences(against), default=0.0) < _CONTRADICTS
        and _OUTVOTED * len(against) <= agree
    )
    return Label(max(chosen, key=lambda read: read.confidence), best, run) if is_sure else None


def _number_doubt(read: TextLine) -> float:
    """Largest probability of a figure or point unread before the number or inside it."""
    inside = [
        doubt
        for doubt, one, other in zip(read.doubts[1:], read.text[:-1], read.text[1:], strict=False)
        if {one, other} <= _NUMERIC
    ]
    return max([read.doubts[0], *inside])


def _mean(values: list[float]) -> float:
    return sum(values) / len(values)


def _confidences(readings: list[TextLine]) -> list[float]:
    return [read.confidence for read in readings]


def _number(text: str) -> str:
    """What stands before the unit in a reading that has a figure and ends in letters."""
    match = re.fullmatch(r"(.*\d.*?)[a-zµ□]+", text)
    return "" if match is None else match.group(1).replace(",", ".")


def _strip_beside(
    grey: NDArray[np.uint8], run: Run, bar: Box, share: float
) -> tuple[NDArray[np.uint8], tuple[bool, bool]]:
    """The strip of a label with room on either side, and whether a text may be cut off there.

    It is not where the photo, or the bar beside the label, ends: the bar's columns are left out.
    """
    row0, row1, col0, col1 = bar
    first, last = 0, grey.shape[1]
    if row0 < run.row1 and row1 > run.row0:
        if run.col1 > col1 and run.col0 > col0:
            first = col1 + 2
        elif run.col0 < col0 and run.col1 < col1:
            last = max(1, col0 - 2)
    room = round(_ROOM_CAPS * (run.row1 - run.row0))
    is_cut = (run.col0 - room > first, run.col1 + room < last)
    strip = cut_strip(
        grey[:, first:last],
        run.row0,
        run.row1,
        max(0, run.col0 - first),
        run.col1 - first,
        cap_share=share,
        pad_caps=_ROOM_CAPS,
    )
    return strip, is_cut
