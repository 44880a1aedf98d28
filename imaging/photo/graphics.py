"""Find what a device burnt into a photo: text, scale bars, measuring circles, pillar-boxes.

Found once, by `find_graphics`: masked for measuring, blacked out where it carries text, and the
scale bar read.  Hair, glare and a dermoscope's black corners are not graphics.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..records import Panel
from .banners import follow_lines, readable_part
from .bars import FoundBar, find_bars, mask_bar
from .borders import find_content
from .circles import Circle, FoundCircle, find_circle
from .panels import find_panel, holds
from .ruler import Ruler, find_rulers
from .text_boxes import Box, text_boxes
from .text_lines import FoundLine, Run, find_parts, grey_maps, read_runs, runs_of_parts
from .text_turn import find_text_turn
from .turns import Turn

__all__ = ["Circle", "Graphics", "Ruler", "ScaleBar", "find_graphics"]

#: Longer side, px, from which on text and circles are looked for at half the size: in so large a
#: photo devices write larger.
_LARGE_PX = 2600

#: What devices write when nobody has calibrated them (small letters, spaces left out).
_UNCALIBRATED = re.compile(
    r"未.{0,3}[校标標].{0,1}|uncal|(?:not|no|non|un)-?calibrat|notcal|calibration(?:off|none|:no)"
)


@dataclass(frozen=True)
class ScaleBar:
    """A burnt-in scale bar.

    Parameters
    ----------
    x0_px, y0_px, x1_px, y1_px : float
        Its ends.
    length_px : float
    text : str
        As read, small letters without spaces; empty when unread.
    length_mm : float
        NaN when unread.
    relative_error : float
        One standard error of ``length_px`` as a share of it.
    is_uncalibrated : bool
        The device says in the photo that it is not calibrated.
    """

    x0_px: float
    y0_px: float
    x1_px: float
    y1_px: float
    length_px: float
    text: str
    length_mm: float
    relative_error: float
    is_uncalibrated: bool

    @property
    def is_read(self) -> bool:
        return math.isfinite(self.length_mm)


@dataclass(frozen=True, eq=False)
class Graphics:
    """Everything burnt into a photo.

    Parameters
    ----------
    masked : ndarray of bool, shape (h, w)
        Every burnt-in pixel with a small margin, pillar-boxes included.
    text : ndarray of bool, shape (h, w)
        Areas to black out in output pictures: what may be text, hair beside it too.
    circle : Circle or None
        The measuring circle; what lies inside it stays readable.
    content : tuple of int
        row0, row1, col0, col1 (half open) of the imaged area, pillar-boxes removed.
    bars : tuple of ScaleBar
    panels : tuple of Panel
        Translucent boxes behind text: `panels.seen_through` shows what lies below them.
    lines : tuple of str
        Text that was read, small letters without spaces.
    rulers : tuple of Ruler
        Rulers and graticules in view whose numbers were read.
    """

    masked: NDArray[np.bool_]
    text: NDArray[np.bool_]
    circle: Circle | None
    content: tuple[int, int, int, int]
    bars: tuple[ScaleBar, ...]
    panels: tuple[Panel, ...] = ()
    lines: tuple[str, ...] = ()
    rulers: tuple[Ruler, ...] = ()

    @property
    def opaque(self) -> NDArray[np.bool_]:
        """What is masked and not seen through a panel, shape (h, w)."""
        opaque = self.masked.copy()
        for row0, row1, col0, col1 in (panel.box for panel in self.panels):
            opaque[row0:row1, col0:col1] = False
        return opaque

    @property
    def panel_text(self) -> NDArray[np.bool_]:
        """What text and rims hide of what is seen through panels, shape (h, w)."""
        hidden = np.zeros_like(self.masked)
        for panel in self.panels:
            row0, row1, col0, col1 = panel.box
            hidden[row0:row1, col0:col1] = panel.hidden
        return hidden


def find_graphics(pixels: NDArray[np.uint8]) -> Graphics:
    """Return what is burnt into a photo.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Upright sRGB.

    Returns
    -------
    Graphics
    """
    least, greatest = grey_maps(pixels)
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.uint8)
    runs, parts, scale = _runs(least, greatest)
    text = find_text_turn(grey, runs, parts, scale)
    if text.turn.is_upright:
        return _found(pixels, (grey, least, greatest), runs, text.lines)
    turned = np.ascontiguousarray(text.turn.apply(pixels))
    least, greatest = grey_maps(turned)
    grey = np.asarray(cv2.cvtColor(turned, cv2.COLOR_RGB2GRAY), np.uint8)
    runs, *_ = _runs(least, greatest)
    found = _found(turned, (grey, least, greatest), runs, read_runs(grey, runs))
    return _laid_back(found, text.turn, is_scale_certain=text.is_certain)


def _found(
    pixels: NDArray[np.uint8],
    greys: tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.uint8]],
    runs: list[Run],
    lines: list[FoundLine],
) -> Graphics:
    """What is burnt into a photo whose text, if there is any, stands upright."""
    grey, least, greatest = greys
    content = find_content(pixels)
    followed = follow_lines(grey, least, greatest, lines)
    # Hair beside text may be taken for more of it: it is blacked out, but it can be measured.
    readable = lines + [part for line in followed if (part := readable_part(line)) is not None]
    lines = lines + followed
    ring = _circle(pixels)
    seen = find_rulers(grey, least, greatest)
    found = find_bars(pixels, list(greys), runs, lines, seen.rows)
    labels = [
        FoundLine(label.run.row0, label.run.row1, label.run.col0, label.run.col1, label.read)
        for bar in found
        if (label := bar.label) is not None
    ]
    is_uncalibrated = any(_UNCALIBRATED.search(line.read.text) for line in lines)

    masked = np.zeros(grey.shape, bool)
    panels = []
    for box in text_boxes(grey, [*readable, *labels]):
        panel = find_panel(pixels, grey, box, _lines_in(readable, box))
        # A line in a panel may not have been told from hair: all of it is masked.
        _fill(masked, box if panel is None else panel.box)
        if panel is not None:
            panels.append(panel)
    text = np.zeros_like(masked)
    for box in text_boxes(grey, [*lines, *labels]):
        # What goes on beyond a panel's side where nothing can be read is none of its text.
        _fill(text, _panel_box(panels, _lines_in(readable, box)) or box)
    masked[: content[0]] = masked[content[1] :] = True
    masked[:, : content[2]] = masked[:, content[3] :] = True
    for bar in found:
        mask_bar(masked, bar)
    if ring is not None:
        masked |= ring.line
    for ruler in seen.rulers:
        _fill(masked, ruler.box)
    return Graphics(
        masked=masked,
        text=text,
        circle=None if ring is None else ring.circle,
        content=content,
        panels=tuple(panels),
        bars=tuple(_scale_bar(bar, is_uncalibrated) for bar in found),
        lines=tuple(line.read.text for line in lines),
        rulers=seen.rulers,
    )


def _lines_in(lines: list[FoundLine], box: Box) -> list[FoundLine]:
    return [line for line in lines if holds(box, line)]


def _panel_box(panels: list[Panel], lines: list[FoundLine]) -> Box | None:
    """Return the box of the panel that holds all these lines."""
    for panel in panels:
        if lines and all(holds(panel.box, line) for line in lines):
            return panel.box
    return None


def _fill(mask: NDArray[np.bool_], box: Box) -> None:
    row0, row1, col0, col1 = box
    mask[row0:row1, col0:col1] = True


def _runs(
    least: NDArray[np.uint8], greatest: NDArray[np.uint8]
) -> tuple[list[Run], list[NDArray[np.int64]], int]:
    """Runs of characters, told in a large photo at half its size; their parts; and 2 or 1."""
    scale = 1 if max(least.shape) <= _LARGE_PX else 2
    if scale == 2:
        least, greatest = _halved(least), _halved(greatest)
    parts = find_parts(least, greatest)
    return [run.enlarged(scale) for run in runs_of_parts(parts)], parts, scale


def _laid_back(found: Graphics, turn: Turn, *, is_scale_certain: bool) -> Graphics:
    """What was found in the turned photo, as it lies in the photo itself.

    A length beside a bar is forgotten where the text does not surely stand as it was read.
    """
    shape = found.masked.shape
    circle = found.circle
    if circle is not None:
        circle = Circle(*turn.undo_place(circle.x_px, circle.y_px, shape), circle.radius_px)
    bars = [_bar_back(bar, turn, shape) for bar in found.bars]
    if not is_scale_certain:
        bars = [replace(bar, text="", length_mm=math.nan) for bar in bars]
    return Graphics(
        masked=np.ascontiguousarray(turn.undo(found.masked)),
        text=np.ascontiguousarray(turn.undo(found.text)),
        circle=circle,
        content=turn.undo_box(found.content, shape),
        bars=tuple(bars),
        panels=tuple(
            replace(
                panel,
                box=turn.undo_box(panel.box, shape),
                hidden=np.ascontiguousarray(turn.undo(panel.hidden)),
            )
            for panel in found.panels
        ),
        lines=found.lines,
        rulers=tuple(_ruler_back(ruler, turn, shape) for ruler in found.rulers),
    )


def _bar_back(bar: ScaleBar, turn: Turn, shape: tuple[int, ...]) -> ScaleBar:
    x0, y0, x1, y1 = _ends_back(bar, turn, shape)
    return replace(bar, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1)


def _ruler_back(ruler: Ruler, turn: Turn, shape: tuple[int, ...]) -> Ruler:
    x0, y0, x1, y1 = _ends_back(ruler, turn, shape)
    box = turn.undo_box(ruler.box, shape)
    return replace(ruler, x0_px=x0, y0_px=y0, x1_px=x1, y1_px=y1, box=box)


def _ends_back(
    one: ScaleBar | Ruler, turn: Turn, shape: tuple[int, ...]
) -> tuple[float, float, float, float]:
    """The ends of a bar or ruler in the photo itself, the left or upper one first."""
    ends = ((one.x0_px, one.y0_px), (one.x1_px, one.y1_px))
    first, last = sorted(turn.undo_place(x, y, shape) for x, y in ends)
    return *first, *last


def _circle(pixels: NDArray[np.uint8]) -> FoundCircle | None:
    """The measuring circle, looked for in a large photo at half its size."""
    if max(pixels.shape) <= _LARGE_PX:
        return find_circle(pixels)
    found = find_circle(_halved(pixels))
    if found is None:
        return None
    height, width = pixels.shape[:2]
    line = cv2.resize(
        np.asarray(found.line, np.uint8), (width, height), interpolation=cv2.INTER_NEAREST
    )
    circle = Circle(2 * found.circle.x_px, 2 * found.circle.y_px, 2 * found.circle.radius_px)
    return FoundCircle(circle, np.asarray(line, bool))


def _halved(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Means of four pixels each; an odd last row or column is left out.

    With it OpenCV would weigh parts of pixels, and take ten times as long.
    """
    height, width = (side // 2 for side in pixels.shape[:2])
    whole = pixels[: 2 * height, : 2 * width]
    return np.asarray(cv2.resize(whole, (width, height), interpolation=cv2.INTER_AREA), np.uint8)


def _scale_bar(bar: FoundBar, is_uncalibrated: bool) -> ScaleBar:
    line, middle = bar.line, (bar.line.row0 + bar.line.row1) / 2
    ends = (line.start, middle, line.end, middle)
    if bar.is_vertical:
        ends = (middle, line.start, middle, line.end)
    return ScaleBar(
        *ends,
        length_px=line.length,
        text="" if bar.label is None else bar.label.read.text,
        length_mm=math.nan if bar.label is None else bar.label.length_mm,
        relative_error=line.error_px / line.length,
        is_uncalibrated=is_uncalibrated,
    )
