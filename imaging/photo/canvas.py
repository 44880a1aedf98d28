"""Colours, sizes and the in-place strokes that `overlay` is made of.

The functions that draw change the array they are given; `overlay` hands them a fresh copy.
"""

from __future__ import annotations

import importlib.util
import math
from functools import cache
from pathlib import Path
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from .polylines import arc_lengths, points_along

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Colour = tuple[int, int, int]
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]
#: Which point of a text stands at (x, y): Pillow's names, horizontal then vertical.
Anchor = Literal["la", "ma", "ra", "lm", "mm", "rm", "ls", "ms", "rs", "ld", "md", "rd"]

BLACK: Colour = (0, 0, 0)
WHITE: Colour = (255, 255, 255)
ORANGE: Colour = (230, 159, 0)
SKY_BLUE: Colour = (86, 180, 233)
BLUISH_GREEN: Colour = (0, 158, 115)
YELLOW: Colour = (240, 228, 66)
BLUE: Colour = (0, 114, 178)
VERMILLION: Colour = (213, 94, 0)
REDDISH_PURPLE: Colour = (204, 121, 167)

#: For objects that are told apart by colour, such as neighbouring units; Okabe and Ito, Color
#: Universal Design (2008).
CYCLE: tuple[Colour, ...] = (
    ORANGE,
    SKY_BLUE,
    BLUISH_GREEN,
    YELLOW,
    VERMILLION,
    BLUE,
    REDDISH_PURPLE,
)

#: One unit of stroke per so many pixels of the shorter side: 1.7 px on 1280 × 1024.
_SHORT_SIDE_PER_STROKE = 600
#: Height of text as a share of the shorter side: 22 px on 1280 × 1024.
_TEXT_SHARE = 1 / 46
MIN_TEXT_PX = 11
#: OpenCV draws in fixed point with so many bits after the point.
_SHIFT_BITS = 4


def stroke_px(pixels: Pixels) -> float:
    """Return the width in pixels of a normal line on a photo of this size (at least 1)."""
    return max(1.0, float(min(pixels.shape[:2])) / _SHORT_SIDE_PER_STROKE)


def text_px(pixels: Pixels) -> int:
    """Return the height in pixels of normal text on a photo of this size."""
    return max(MIN_TEXT_PX, round(float(min(pixels.shape[:2])) * _TEXT_SHARE))


def _fixed(values: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return photo coordinates in OpenCV's fixed point: a pixel's centre is whole."""
    limit = np.iinfo(np.int32).max >> (_SHIFT_BITS + 2)
    return np.rint(np.clip(values - 0.5, -limit, limit) * (1 << _SHIFT_BITS)).astype(np.int32)


def draw_line(out: Pixels, path: NDArray[np.float64], colour: Colour, width_px: float) -> None:
    """Draw an anti-aliased line through points (n, 2)."""
    thickness = max(1, round(width_px))
    cv2.polylines(out, [_fixed(path)], False, colour, thickness, cv2.LINE_AA, _SHIFT_BITS)


def draw_circle(
    out: Pixels,
    centre: NDArray[np.float64],
    radius_px: float,
    colour: Colour,
    *,
    is_filled: bool = False,
    width_px: float = 1,
) -> None:
    """Draw an anti-aliased disc or ring."""
    x, y = (int(v) for v in _fixed(centre))
    thickness = cv2.FILLED if is_filled else max(1, round(width_px))
    radius = max(1, round(radius_px * (1 << _SHIFT_BITS)))
    cv2.circle(out, (x, y), radius, colour, thickness, cv2.LINE_AA, _SHIFT_BITS)


def dashes(path: NDArray[np.float64], length_px: float) -> list[NDArray[np.float64]]:
    """Return the dashes of a path, each and each gap `length_px` long along it."""
    along = arc_lengths(path)
    pieces = []
    for start in np.arange(0, along[-1], 2 * length_px):
        end = min(start + length_px, along[-1])
        inside = (along > start) & (along < end)
        ends = points_along(path, np.array([start, end]), arc=along)
        pieces.append(np.vstack([ends[:1], path[inside], ends[1:]]))
    return pieces


@cache
def _font(size_px: int) -> ImageFont.FreeTypeFont:
    """Return DejaVu Sans, which comes with matplotlib: Pillow's own font has no µ, ² and Δ.

    The file is found without importing matplotlib.
    """
    found = importlib.util.find_spec("matplotlib")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("matplotlib, which brings the font of the overlays, is missing")
    path = Path(found.origin).parent / "mpl-data" / "fonts" / "ttf" / "DejaVuSans.ttf"
    return ImageFont.truetype(path, size_px)


def text_size(text: str, size_px: int) -> tuple[int, int]:
    """Return width and line height in pixels."""
    left, _, right, _ = _font(size_px).getbbox(text)
    return math.ceil(right - left), math.ceil(1.25 * size_px)


def stamp_text(
    out: Pixels,
    text: str,
    x_px: float,
    y_px: float,
    *,
    colour: Colour,
    halo: Colour | None,
    size_px: int,
    anchor: Anchor,
) -> None:
    """Write one line of text with its `anchor` at (x, y)."""
    font = _font(size_px)
    halo_px = max(1, round(size_px / 9))
    left, top, right, bottom = font.getbbox(text, anchor=anchor, stroke_width=halo_px)
    x0, y0 = math.floor(x_px + left) - 1, math.floor(y_px + top) - 1
    size = (math.ceil(right - left) + 3, math.ceil(bottom - top) + 3)
    for ink, stroke in ((halo, halo_px), (colour, 0)):
        if ink is None:
            continue
        stencil = Image.new("L", size)
        ImageDraw.Draw(stencil).text(
            (x_px - x0, y_px - y0), text, fill=255, font=font, anchor=anchor, stroke_width=stroke
        )
        stamp(out, np.asarray(stencil, dtype=np.float32) / np.float32(255), x0, y0, ink)


def stamp(out: Pixels, alpha: NDArray[np.float32], x0: int, y0: int, colour: Colour) -> None:
    """Lay a colour over the photo, `alpha` (h, w) thick, its corner at column x0 and row y0."""
    height, width = out.shape[:2]
    top, left = max(0, -y0), max(0, -x0)
    cut = alpha[top : max(top, height - y0), left : max(left, width - x0), None]
    ground = out[y0 + top : y0 + top + cut.shape[0], x0 + left : x0 + left + cut.shape[1]]
    ground[...] = np.rint(ground * (1 - cut) + np.array(colour, dtype=np.float32) * cut)
