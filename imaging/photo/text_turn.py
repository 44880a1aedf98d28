"""Tell from its burnt-in text how a photo lies: upright, turned by quarters, or mirrored.

A camera that stores a wrong orientation turns or mirrors the letters with the skin.  They are read
in each of the eight ways; upright words read the surest by far.  Everything burnt in is then looked
for as the text lies, so that the same is masked however the photo was stored.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .text_lines import FoundLine, Run, read_runs, runs_of_parts
from .turns import OTHER_TURNS, UPRIGHT, Turn

#: What a device writes, and nobody sees in letters that are turned or mirrored: a length, a size in
#: pixels, a date, a time.
_SAYING = re.compile(
    r"\d+([.,]\d+)?(mm|µm|um|cm)|\d{3,4}x\d{3,4}|(19|20)\d\d[-/.][01]\d[-/.][0-3]\d"
    r"|[0-2]\d:[0-5]\d:[0-5]\d"
)

#: Least confidence of a character that is certain.
_CERTAIN = 0.9

#: Certain characters less uncertain ones from which on text that says nothing known is believed to
#: lie in another way, how many different ones it must have, and by what it must beat every other
#: way: texture repeats a few letters, and letters upside down are letters now and then.
_LEAST_BALANCE, _LEAST_KINDS, _BEATS = 12, 6, 1.3


#: Least parts of a line of text that tells how it lies, and most lines that are read for it, those
#: of most parts first: hair makes short runs by the dozen.
_LEAST_PARTS, _MOST_LINES = 5, 8


@dataclass(frozen=True)
class TextTurn:
    """How the text lies: the photo must be laid in `turn` to be read.

    ``lines`` are what was read upright.  ``is_certain`` tells that there is enough text to take a
    scale from it, always so when it stands upright.
    """

    turn: Turn
    lines: list[FoundLine]
    is_certain: bool


def find_text_turn(
    grey: NDArray[np.uint8], upright: list[Run], parts: list[NDArray[np.int64]], scale: int
) -> TextTurn:
    """Return how the text of a photo lies; upright where there is none, or too little to tell.

    Parameters
    ----------
    grey : ndarray of uint8, shape (h, w)
        Brightness of the photo.
    upright : list of Run
        Runs of characters as the photo lies.
    parts : list of ndarray of int, shape (n, 4)
        Strokes as large as a character: left, top, width, height.
    scale : int
        Pixels of the photo to one of the parts'.
    """
    lines = read_runs(grey, upright)
    # Looked at first and alone: a photo whose text stands upright is not searched eight times.
    if _says(lines):
        return TextTurn(UPRIGHT, lines, is_certain=True)
    shape = (-(-grey.shape[0] // scale), -(-grey.shape[1] // scale))
    read = {UPRIGHT: _read_longest(grey, upright)}
    for turn in OTHER_TURNS:
        turned = [turn.apply_to_boxes(some, shape) for some in parts]
        runs = [run.enlarged(scale) for run in runs_of_parts(turned)]
        read[turn] = _read_longest(turn.apply(grey), runs)
    # What says something comes first; then the surest, and of equal ones the most upright.
    ranks = {turn: (_says(found), _balance(found)) for turn, found in read.items()}
    best = max(read, key=lambda turn: ranks[turn])
    others = max(_balance(found) for turn, found in read.items() if turn != best)
    says, balance = ranks[best]
    stands_out = balance >= _LEAST_BALANCE and balance >= _BEATS * others
    kinds = {character for line in read[best] for character in line.read.text}
    if best == UPRIGHT or not (says or (stands_out and len(kinds) >= _LEAST_KINDS)):
        return TextTurn(UPRIGHT, lines, is_certain=True)
    return TextTurn(best, lines, is_certain=says and stands_out)


def _read_longest(grey: NDArray[np.uint8], runs: list[Run]) -> list[FoundLine]:
    return read_runs(grey, runs[:_MOST_LINES], least_parts=_LEAST_PARTS)


def _says(lines: list[FoundLine]) -> bool:
    """Whether a line holds a length, size, date or time, every character of it certain."""
    return any(
        min(line.read.confidences[match.start() : match.end()]) >= _CERTAIN
        for line in lines
        for match in _SAYING.finditer(line.read.text)
    )


def _balance(lines: list[FoundLine]) -> int:
    """Certain characters less uncertain ones."""
    return sum(1 if one >= _CERTAIN else -1 for line in lines for one in line.read.confidences)
