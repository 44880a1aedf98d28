"""See through translucent boxes behind burnt-in text: devices lay them over the skin to be read.

Such a panel shows a fixed share of what lies below, and its own colour for the rest.  Both are
told from the skin and hair that its sides cut: what is just outside and just inside is nearly the
same, seen directly and through the panel.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..records import Panel
from .painting import painted_over
from .symmetry import disc
from .text_boxes import Box
from .text_lines import FoundLine, stroke_maps

Floats = NDArray[np.float64]

#: Pictures show what lies below a panel with pixels of this size: twice a stroke of its text.
_COARSE_PX = 5

#: A side of a panel is a step of at least so many grey levels, the same way along at least this
#: share of it, so far from the box around its text, in heights of a capital: a line may be unread.
_STEP_LEVELS, _STEP_SHARE, _REACH_CAPS = 4.0, 0.85, 3.0
#: What lies beside a side: from here on its own blur does not reach, and up to here, px.
_BESIDE_PX, _FAR_PX = 2, 4
#: Places along the sides that must be compared.
_LEAST_PLACES = 100
#: A panel shows a share of what is below within these limits, and what is seen on both sides
#: agrees this well: less is noise, or text of its own.  No channel may be off by more levels.
_LEAST_SHARE, _MOST_SHARE, _LEAST_CORRELATION, _OFF_LEVELS = 0.4, 0.95, 0.75, 5.0
#: Its colour may be fitted so far beyond black and white, grey levels.
_COLOUR_ERROR, _WHITE = 60.0, 255.0
#: Rounds of leaving out what fits badly: beyond so many standard deviations.
_ROUNDS, _MOST_DEVIATIONS = 6, 2.5
#: Of a step, places of at least this share of its height lie on it; what makes it uneven, its
#: median absolute deviation along the side, counts against it so much.
_HIGH, _UNEVEN = 0.8, 2.0
#: The clearest strokes lie above this percentile of contrast; text has their colour up to so many
#: grey levels, and a margin of so many px around it, as has the panel's rim.
_CLEAR, _TEXT_LEVELS, _MARGIN_PX = 90, 70, 2
#: Text whose brightest channel is darker than this cannot be told from hair.
_HAIR_LEVEL = 120
#: Levels along a side are averages over so many px: noise is less, hair is as it was.
_ALONG_PX = 5


def find_panel(
    pixels: NDArray[np.uint8], grey: NDArray[np.uint8], box: Box, lines: list[FoundLine]
) -> Panel | None:
    """Return the panel around a block of text.

    None when there is no box, when it hides the skin, and when its text is as dark as hair.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    grey : ndarray of uint8, shape (h, w)
    box : tuple of int
        Around the text, roughly.
    lines : list of FoundLine
        The text.
    """
    if not lines:
        return None
    sides = _sides(grey, box, max(line.cap_px for line in lines))
    if sides is None or not all(holds(sides, line) for line in lines):
        return None
    inside, outside = _beside(pixels, sides)
    fit = _fit(inside, outside) if len(inside) >= _LEAST_PLACES else None
    if fit is None:
        return None
    share, added = fit
    hidden = _hidden(pixels, sides, lines)
    if hidden is None:
        return None
    return Panel(sides, share, (float(added[0]), float(added[1]), float(added[2])), hidden)


def holds(box: Box, line: FoundLine) -> bool:
    """Return whether a line of text lies in a box."""
    row0, row1, col0, col1 = box
    return row0 <= line.row0 and line.row1 <= row1 and col0 <= line.col0 and line.col1 <= col1


def _hidden(
    pixels: NDArray[np.uint8], box: Box, lines: list[FoundLine]
) -> NDArray[np.bool_] | None:
    """Return what text of one colour, that of its clearest strokes, and the rim of a box hide.

    The box holds all lines.  None when the text is as dark as hair.
    """
    row0, row1, col0, col1 = box
    area = pixels[row0:row1, col0:col1]
    is_line = np.zeros(area.shape[:2], bool)
    for line in lines:
        is_line[line.row0 - row0 : line.row1 - row0, line.col0 - col0 : line.col1 - col0] = True
    # Between letters the skin makes strokes as well: text is what differs most from it.
    skin = np.median(area.reshape(-1, 3), axis=0)
    colour = max(
        (
            np.median(area[is_line & (hat >= np.percentile(hat[is_line], _CLEAR))], axis=0)
            for hat in stroke_maps(area.min(axis=2), area.max(axis=2))
        ),
        key=lambda one: float(np.abs(one - skin).max()),
    )
    if colour.max() < _HAIR_LEVEL:
        return None
    is_text = np.abs(area - colour).max(axis=2) <= _TEXT_LEVELS
    hidden = cv2.dilate(is_text.astype(np.uint8), disc(2 * _MARGIN_PX + 1)) > 0
    inner = slice(_MARGIN_PX, -_MARGIN_PX)
    rim = np.ones(hidden.shape, bool)
    rim[inner, inner] = False
    return np.asarray(hidden | rim, bool)


def seen_through(pixels: NDArray[np.uint8], panels: tuple[Panel, ...]) -> NDArray[np.uint8]:
    """Return the photo with what lies below its panels; the same array where there is none."""
    if not panels:
        return pixels
    clear = pixels.copy()
    for panel in panels:
        row0, row1, col0, col1 = panel.box
        clear[row0:row1, col0:col1] = _below(clear, panel)
    return clear


def _below(pixels: NDArray[np.uint8], panel: Panel) -> NDArray[np.uint8]:
    row0, row1, col0, col1 = panel.box
    below = (pixels[row0:row1, col0:col1] - np.array(panel.added)) / panel.share
    return np.asarray(np.rint(np.clip(below, 0, 255)), np.uint8)


def shown_below(pixels: NDArray[np.uint8], panel: Panel) -> NDArray[np.uint8]:
    """Return what lies below a panel for a picture, uint8 (rows, columns, 3): no text is left.

    Text is painted over, and all is so coarse that its strokes leave no trace.
    """
    row0, row1, col0, col1 = panel.box
    painted = painted_over(_below(pixels, panel).astype(np.float32), panel.hidden)
    size = (max(1, (col1 - col0) // _COARSE_PX), max(1, (row1 - row0) // _COARSE_PX))
    coarse = cv2.resize(painted, size, interpolation=cv2.INTER_AREA)
    smooth = cv2.resize(coarse, (col1 - col0, row1 - row0), interpolation=cv2.INTER_CUBIC)
    return np.rint(np.clip(smooth, 0, 255)).astype(np.uint8)


def _sides(grey: NDArray[np.uint8], box: Box, cap_px: int) -> Box | None:
    """Return the rectangle around the text; None unless each side is seen, or is the photo's.

    All sides step the same way: it is lighter than what is around it, or darker.
    """
    row0, row1, col0, col1 = box
    # Along the text itself, so that the other sides need not be known yet.
    rows, columns = slice(row0 + cap_px // 2, row1 - cap_px // 2), slice(col0, col1)
    reach = round(_REACH_CAPS * cap_px)
    best: Box | None = None
    highest = 0.0
    for sign in (1.0, -1.0):
        found = [
            _side(view, place, reach, sign=sign * inwards)
            for view, place, inwards in (
                (grey[:, columns].T, row0, 1.0),
                (grey[:, columns].T, row1, -1.0),
                (grey[rows], col0, 1.0),
                (grey[rows], col1, -1.0),
            )
        ]
        sides = [side for side in found if side is not None]
        total = sum(step for _, step in sides)
        if len(sides) == len(found) and total > highest:
            (top, _), (below, _), (left, _), (right, _) = sides
            if min(below - top, right - left) > 2 * _FAR_PX:
                best, highest = (top, below, left, right), total
    return best


def _side(
    grey: NDArray[np.uint8], place: int, reach: int, *, sign: float
) -> tuple[int, float] | None:
    """Return the column near a place where most rows step up most (`sign` 1) or down, and its step.

    The photo's own edge counts when it is in reach and there is no step.
    """
    width = grey.shape[1]
    first, last = max(0, place - reach), min(width, place + reach)
    columns = np.arange(_FAR_PX, last - first - _FAR_PX + 1)
    if not len(columns) or not len(grey):
        return None
    sums = np.cumsum(np.pad(grey[:, first:last].astype(np.float32), ((0, 0), (1, 0))), axis=1)
    after = sums[:, columns + _FAR_PX] - sums[:, columns + _BESIDE_PX]
    before = sums[:, columns - _BESIDE_PX] - sums[:, columns - _FAR_PX]
    step = sign * (after - before) / (_FAR_PX - _BESIDE_PX)
    # The step of a hair's edge differs more from row to row.
    middle = np.median(step, axis=0)
    height = middle - _UNEVEN * np.median(np.abs(step - middle), axis=0)
    height[(step > 0).mean(axis=0) < _STEP_SHARE] = 0.0
    best = int(height.argmax())
    if height[best] >= _STEP_LEVELS:
        # A sharp step is as high at all places that leave it out: it lies in their middle.
        high = np.flatnonzero(height >= _HIGH * height[best])
        run = high[np.abs(high - best) < 2 * _FAR_PX]
        return first + int(columns[round(float(run.mean()))]), float(height[best])
    if first == 0:
        return 0, 0.0
    return (width, 0.0) if last == width else None


def _beside(pixels: NDArray[np.uint8], box: Box) -> tuple[Floats, Floats]:
    """Return the levels just inside and just outside the sides of a box, shape (places, 3)."""
    row0, row1, col0, col1 = box
    near, far = _BESIDE_PX, _FAR_PX
    inside, outside = [], []
    for view, (first, last), (start, stop) in (
        (pixels, (row0, row1), (col0, col1)),
        (pixels.swapaxes(0, 1), (col0, col1), (row0, row1)),
    ):
        along = slice(start + far, stop - far)
        if first >= far:
            inside.append(view[first + near : first + far, along].mean(axis=0))
            outside.append(view[first - far : first - near, along].mean(axis=0))
        if last + far <= len(view):
            inside.append(view[last - far : last - near, along].mean(axis=0))
            outside.append(view[last + near : last + far, along].mean(axis=0))
    return _smoothed(inside), _smoothed(outside)


def _smoothed(bands: list[Floats]) -> Floats:
    return np.vstack([np.zeros((0, 3)), *(cv2.blur(band, (1, _ALONG_PX)) for band in bands)])


def _fit(inside: Floats, outside: Floats) -> tuple[float, Floats] | None:
    """Return the share and what is added, inside = share · outside + added; None for a poor fit.

    Most panels are white, grey or black: then the same is added to all channels, and the skin's own
    colour tells the share well.  Otherwise what is added is fitted for each.
    """
    for axis in (None, 0):
        share, added, correlation = _line(inside, outside, axis)
        off = np.abs((inside - share * outside - added).mean(axis=0)).max()
        if correlation < _LEAST_CORRELATION or off > _OFF_LEVELS or share >= 1:
            continue
        colour = float(added.mean()) / (1 - share)
        if not 0 <= colour <= _WHITE:
            if not -_COLOUR_ERROR <= colour <= _WHITE + _COLOUR_ERROR:
                continue
            # It is black or white then, and the share is told by the means alone.
            limit = float(np.clip(colour, 0, _WHITE))
            below = max(1.0, abs(limit - float(outside.mean())))
            share = abs(limit - float(inside.mean())) / below
            added = np.full(3, (1 - share) * limit)
        if _LEAST_SHARE <= share <= _MOST_SHARE:
            return share, added
    return None


def _line(inside: Floats, outside: Floats, axis: int | None) -> tuple[float, Floats, float]:
    """Return the share, what is added (of each channel for the axis 0), and the correlation.

    Both sides have the noise of a picture, so that the sum of squared distances from the line is
    least (Deming regression); text and hair that ends at the side are left out as they turn up.
    """
    is_fit = np.ones(len(inside), bool)
    share, added, correlation = 1.0, np.zeros(3), 0.0
    for _ in range(_ROUNDS):
        middle_in = inside[is_fit].mean(axis=axis)
        middle_out = outside[is_fit].mean(axis=axis)
        y, x = (inside[is_fit] - middle_in).ravel(), (outside[is_fit] - middle_out).ravel()
        yy, xx, xy = float(y @ y), float(x @ x), float(x @ y)
        if xy <= 0:
            return 1.0, added, 0.0
        correlation = float(xy / np.sqrt(xx * yy))
        share = float((yy - xx + np.hypot(yy - xx, 2 * xy)) / (2 * xy))
        added = np.broadcast_to(middle_in - share * middle_out, 3)
        away = np.abs(inside - share * outside - added).max(axis=1)
        is_fit = away <= _MOST_DEVIATIONS * max(1.0, float(np.median(away)))
    return share, added, correlation
