"""Drawing primitives for pictures a person checks: lines, dots, hatching, text, bars, panels.

Every function takes uint8 sRGB pixels, shape (h, w, 3), and returns a new array; the input is never
changed.  Coordinates are those of the photo: element [r, c] has its centre at (c + 0.5, r + 0.5),
and parts of a pixel count.  Sizes are in pixels; `stroke_px` and `text_px` choose them by the
photo's size, so that a 0.4 MP and a 12 MP photo look alike.

Colours are those of Okabe and Ito, which people with any colour blindness tell apart; lines and
text carry a dark or light halo, so that they stand out from skin and hair alike.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import ArrayLike

from .canvas import (
    BLACK,
    BLUE,
    BLUISH_GREEN,
    CYCLE,
    MIN_TEXT_PX,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILLION,
    WHITE,
    YELLOW,
    Anchor,
    Colour,
    Corner,
    Mask,
    Pixels,
    dashes,
    draw_circle,
    draw_line,
    stamp,
    stamp_text,
    stroke_px,
    text_px,
    text_size,
)

__all__ = [
    "BLACK",
    "BLUE",
    "BLUISH_GREEN",
    "CYCLE",
    "ORANGE",
    "REDDISH_PURPLE",
    "SKY_BLUE",
    "VERMILLION",
    "WHITE",
    "YELLOW",
    "LegendEntry",
    "black_out",
    "cycle_colour",
    "draw_dots",
    "draw_legend",
    "draw_panel",
    "draw_polylines",
    "draw_scale_bar",
    "draw_text",
    "hatch",
    "nice_length_mm",
    "outline",
    "stroke_px",
    "text_px",
    "tint",
]

#: A scale bar is as long as fits into this share of the width.
_BAR_SHARE = 0.25
_PANEL_OPACITY = 0.68


@dataclass(frozen=True)
class LegendEntry:
    """One line of a legend: what it says and the sign before it."""

    label: str
    colour: Colour
    symbol: Literal["dot", "line", "dashes", "hatch", "box"] = "line"


def cycle_colour(index: int) -> Colour:
    """Return the colour of the object with this number; neighbours in number differ."""
    return CYCLE[index % len(CYCLE)]


def black_out(pixels: Pixels, text_mask: Mask) -> Pixels:
    """Return the photo with burnt-in text, or any other mask (h, w), painted black."""
    out = pixels.copy()
    out[text_mask] = 0
    return out


def tint(pixels: Pixels, mask: Mask, *, colour: Colour, opacity: float = 0.35) -> Pixels:
    """Return the photo with `mask` (h, w) tinted; `opacity` from 0 (nothing) to 1 (all colour)."""
    if not mask.any():
        # OpenCV copies no picture without pixels: a sign of a legend beyond the photo's edge.
        return pixels.copy()
    levels = np.arange(256)[:, None] * (1 - opacity) + np.array(colour) * opacity
    tinted = cv2.LUT(pixels, np.rint(levels).astype(np.uint8)[None])
    return np.asarray(cv2.copyTo(tinted, mask.astype(np.uint8), pixels.copy()), np.uint8)


def hatch(
    pixels: Pixels,
    mask: Mask,
    *,
    colour: Colour = WHITE,
    opacity: float = 0.75,
    width_px: float | None = None,
) -> Pixels:
    """Return the photo with diagonal stripes over `mask` (h, w): what was not measured."""
    out = pixels.copy()
    if not mask.any():
        return out
    width = stroke_px(pixels) if width_px is None else width_px
    period = max(6, round(9 * width))
    # Across the diagonal a step of one pixel is 1/√2; half a pixel of slope smooths the border.
    step = np.arange(period)
    distance = np.minimum(step, period - step) / math.sqrt(2)
    alpha = opacity * np.clip(width / 2 + 0.5 - distance, 0, 1)
    rows, columns = np.nonzero(mask)
    part = alpha[(rows + columns) % period]
    kept = part > 0
    rows, columns, part = rows[kept], columns[kept], part[kept, None]
    out[rows, columns] = np.rint(out[rows, columns] * (1 - part) + np.array(colour) * part)
    return out


def outline(
    pixels: Pixels,
    mask: Mask,
    *,
    colour: Colour,
    width_px: float | None = None,
    halo: Colour | None = BLACK,
    is_dashed: bool = False,
) -> Pixels:
    """Return the photo with a line round every connected part and hole of `mask` (h, w)."""
    contours, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_SIMPLE)
    paths = [np.vstack([c[:, 0], c[:1, 0]]) + 0.5 for c in contours]
    return draw_polylines(
        pixels, paths, colours=colour, width_px=width_px, halo=halo, is_dashed=is_dashed
    )


def draw_polylines(
    pixels: Pixels,
    paths_px: Iterable[ArrayLike],
    *,
    colours: Colour | Sequence[Colour],
    width_px: float | None = None,
    halo: Colour | None = BLACK,
    is_dashed: bool = False,
) -> Pixels:
    """Return the photo with anti-aliased lines.

    Parameters
    ----------
    paths_px : iterable of array-like, each of shape (n, 2)
        Points (x, y); a path with fewer than two finite points is left out.
    colours : colour or sequence of colours
        One for all, or one per path.
    width_px : float, optional
        Default: `stroke_px` of the photo.
    halo : colour or None
        A wider line under all of them.
    """
    out = pixels.copy()
    width = stroke_px(pixels) if width_px is None else width_px
    paths = [np.asarray(path, dtype=np.float64).reshape(-1, 2) for path in paths_px]
    paths = [path[np.isfinite(path).all(axis=1)] for path in paths]
    each = _one_each(colours, len(paths))
    pieces = [
        (piece, colour)
        for path, colour in zip(paths, each, strict=True)
        if len(path) >= 2
        for piece in (dashes(path, 5 * width) if is_dashed else [path])
    ]
    if halo is not None:
        for piece, _ in pieces:
            draw_line(out, piece, halo, width + max(2.0, width))
    for piece, colour in pieces:
        draw_line(out, piece, colour, width)
    return out


def draw_dots(
    pixels: Pixels,
    points_px: ArrayLike,
    *,
    colours: Colour | Sequence[Colour],
    radius_px: float | None = None,
    halo: Colour | None = BLACK,
    is_filled: bool = True,
) -> Pixels:
    """Return the photo with discs or rings at points (n, 2); what is not finite is left out.

    The radius is 2.5 strokes by default.
    """
    out = pixels.copy()
    stroke = stroke_px(pixels)
    radius = 2.5 * stroke if radius_px is None else radius_px
    points = np.asarray(points_px, dtype=np.float64).reshape(-1, 2)
    for point, colour in zip(points, _one_each(colours, len(points)), strict=True):
        if not np.isfinite(point).all():
            continue
        if is_filled:
            if halo is not None:
                draw_circle(out, point, radius + max(1.0, stroke / 2), halo, is_filled=True)
            draw_circle(out, point, radius, colour, is_filled=True)
        else:
            if halo is not None:
                draw_circle(out, point, radius, halo, width_px=2 * stroke + 1)
            draw_circle(out, point, radius, colour, width_px=stroke)
    return out


def draw_text(
    pixels: Pixels,
    text: str,
    x_px: float,
    y_px: float,
    *,
    colour: Colour = WHITE,
    halo: Colour | None = BLACK,
    size_px: int | None = None,
    anchor: Anchor = "ls",
) -> Pixels:
    """Return the photo with one line of text, its `anchor` at (x, y), and a halo round it.

    What runs over the edge is cut off.
    """
    out = pixels.copy()
    stamp_text(
        out,
        text,
        x_px,
        y_px,
        colour=colour,
        halo=halo,
        size_px=size_px or text_px(pixels),
        anchor=anchor,
    )
    return out


def nice_length_mm(px_per_mm: float, width_px: float) -> float:
    """Return the longest of 1, 2, 5 · 10ᵏ mm that fits into a quarter of `width_px`."""
    longest_mm = _BAR_SHARE * width_px / px_per_mm
    power = 10.0 ** math.floor(math.log10(longest_mm))
    # A hair's breadth of slack: 0.25 · 800 / 100 must give 2 mm whatever the rounding.
    return power * max(step for step in (1, 2, 5) if step * power <= longest_mm * (1 + 1e-9))


def draw_scale_bar(
    pixels: Pixels, px_per_mm: float, *, corner: Corner = "bottom_right", relative_error: float = 0
) -> Pixels:
    """Return the photo with a bar of a round length; unchanged when the scale is not known.

    A `relative_error` of at least half a percent is written behind the length.
    """
    out = pixels.copy()
    if not (math.isfinite(px_per_mm) and px_per_mm > 0):
        return out
    height, width = pixels.shape[:2]
    length_mm = nice_length_mm(px_per_mm, width)
    label = f"{length_mm:g} mm" if length_mm >= 0.1 else f"{1000 * length_mm:g} µm"
    if math.isfinite(relative_error) and relative_error >= 0.005:
        label += f" ± {100 * relative_error:.2g} %"
    size, stroke = text_px(pixels), stroke_px(pixels)
    margin = size
    length_px = length_mm * px_per_mm
    x0 = margin if corner.endswith("left") else width - margin - length_px
    y = margin + 1.5 * size if corner.startswith("top") else height - margin
    bar = np.array([[x0, y], [x0 + length_px, y]])
    for colour, grown in ((BLACK, 2 * stroke), (WHITE, 0.0)):
        draw_line(out, bar, colour, 2 * stroke + grown)
        for x in bar[:, 0]:
            tick = np.array([[x, y - 3 * stroke], [x, y + 3 * stroke]])
            draw_line(out, tick, colour, stroke + grown)
    stamp_text(
        out,
        label,
        x0 + length_px / 2,
        y - 5 * stroke,
        colour=WHITE,
        halo=BLACK,
        size_px=size,
        anchor="md",
    )
    return out


def draw_panel(
    pixels: Pixels,
    lines: Sequence[str],
    *,
    corner: Corner = "top_left",
    size_px: int | None = None,
) -> Pixels:
    """Return the photo with a caption box: white lines of text on a dark, see-through ground.

    The text is made smaller where the box would be wider than the photo.
    """
    return _draw_box(pixels, [(None, line) for line in lines], corner, size_px)


def draw_legend(
    pixels: Pixels,
    entries: Sequence[LegendEntry],
    *,
    corner: Corner = "bottom_left",
    size_px: int | None = None,
) -> Pixels:
    """Return the photo with a legend: one sign and one label per line, in a caption box."""
    return _draw_box(pixels, [(entry, entry.label) for entry in entries], corner, size_px)


def _draw_box(
    pixels: Pixels,
    rows: Sequence[tuple[LegendEntry | None, str]],
    corner: Corner,
    size_px: int | None,
) -> Pixels:
    out = pixels.copy()
    if not rows:
        return out
    size = size_px or text_px(pixels)
    height, width = pixels.shape[:2]
    while True:
        pad = max(4, round(0.6 * size))
        sign_px = round(2.2 * size) if any(entry for entry, _ in rows) else 0
        line_px = text_size("", size)[1]
        box_width = 2 * pad + sign_px + max(text_size(text, size)[0] for _, text in rows)
        box_height = 2 * pad + line_px * len(rows)
        if size <= MIN_TEXT_PX or (box_width <= width and box_height <= height):
            break
        size -= 1
    margin = round(0.5 * pad)
    x0 = margin if corner.endswith("left") else width - margin - box_width
    y0 = margin if corner.startswith("top") else height - margin - box_height
    stamp(out, np.full((box_height, box_width), _PANEL_OPACITY, np.float32), x0, y0, BLACK)
    for index, (entry, text) in enumerate(rows):
        y = y0 + pad + (index + 0.5) * line_px
        if entry is not None:
            _draw_sign(out, entry, x0 + pad, y, size_px=size)
        stamp_text(
            out, text, x0 + pad + sign_px, y, colour=WHITE, halo=None, size_px=size, anchor="lm"
        )
    return out


def _draw_sign(out: Pixels, entry: LegendEntry, x0: float, y: float, *, size_px: int) -> None:
    """Draw a legend's sign at x0, in the middle of its line of text of this size."""
    width_px = round(1.6 * size_px)
    colour, stroke = entry.colour, max(1.0, size_px / 10)
    centre = np.array([x0 + width_px / 2, y])
    if entry.symbol == "dot":
        draw_circle(out, centre, 0.3 * size_px, colour, is_filled=True)
    elif entry.symbol in {"line", "dashes"}:
        path = np.array([[x0, y], [x0 + width_px, y]])
        pieces = dashes(path, width_px / 5) if entry.symbol == "dashes" else [path]
        for piece in pieces:
            draw_line(out, piece, colour, stroke)
    else:
        rows = slice(max(0, round(y - 0.4 * size_px)), max(0, round(y + 0.4 * size_px)))
        columns = slice(max(0, round(x0)), max(0, round(x0 + width_px)))
        part = out[rows, columns]
        everywhere = np.ones(part.shape[:2], dtype=bool)
        if entry.symbol == "hatch":
            part[...] = hatch(part, everywhere, colour=colour, opacity=1, width_px=stroke)
        else:
            part[...] = tint(part, everywhere, colour=colour, opacity=1)


def _one_each(colours: Colour | Sequence[Colour], count: int) -> list[Colour]:
    if len(colours) == 3 and isinstance(colours[0], (int, np.integer)):
        return [colours] * count  # type: ignore[list-item]
    return list(colours)  # type: ignore[arg-type]
