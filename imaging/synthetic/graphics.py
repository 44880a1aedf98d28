"""Draw what devices burn into photos, with exact truth: bars, banners, circles, watermarks, boxes.

`draw_graphics` draws a `GraphicsSpec` onto any picture; `random_bar` makes up bars of every kind.
Fonts are named by the path of their file; ``""`` is Pillow's own, ``"hershey:N"`` OpenCV's face N.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Colour = tuple[int, int, int]
Coverage = np.ndarray[tuple[int, int], np.dtype[np.float32]]
Corner = Literal["top_left", "top_right", "bottom_left", "bottom_right"]
CORNERS: tuple[Corner, ...] = ("top_left", "top_right", "bottom_left", "bottom_right")
BarStyle = Literal["line", "ticks", "filled", "double", "l_shape"]
BAR_STYLES: tuple[BarStyle, ...] = ("line", "ticks", "filled", "double", "l_shape")
Place = Literal["above", "below", "beside"]
PLACES: tuple[Place, ...] = ("above", "below", "beside")

_WHITE: Colour = (255, 255, 255)
_BLACK: Colour = (0, 0, 0)


@dataclass(frozen=True)
class TextStyle:
    """How text looks: font, height of its capitals in px, colours, edges.

    ``outline`` is the colour of a rim of one pixel and more; ``box`` the colour of a box behind the
    text that hides ``box_opacity`` (0 to 1) of the picture.
    """

    font: str = ""
    cap_px: int = 14
    colour: Colour = _WHITE
    is_smooth: bool = True
    outline: Colour | None = None
    box: Colour | None = None
    box_opacity: float = 1.0


@dataclass(frozen=True)
class BarSpec:
    """A scale bar: what it stands for, what it says, where it stands, and how it looks."""

    length_mm: float
    text: str
    corner: Corner = "bottom_left"
    style: BarStyle = "line"
    place: Place = "beside"
    thickness_px: int = 2
    colour: Colour = _WHITE
    text_style: TextStyle = TextStyle()


@dataclass(frozen=True)
class GraphicsSpec:
    """Everything to draw; what is left out is not drawn.

    ``banner`` holds the cells of a banner at the top; ``circle_radius_mm`` a measuring circle in
    the middle with its area beside it; ``pillar_px`` and ``letter_px`` uniform strips left and
    right, top and bottom, drawn over the picture.
    """

    bar: BarSpec | None = None
    banner: tuple[str, ...] = ()
    banner_style: TextStyle = TextStyle(box=(70, 70, 70), box_opacity=0.85)
    circle_radius_mm: float | None = None
    circle_colour: Colour = (255, 0, 0)
    watermark: str = ""
    watermark_style: TextStyle = TextStyle(cap_px=22)
    pillar_px: int = 0
    letter_px: int = 0
    strip_colour: Colour = _BLACK


@dataclass(frozen=True, eq=False)
class GraphicsTruth:
    """What was drawn.

    Parameters
    ----------
    drawn : ndarray of bool, shape (h, w)
        Pixels that were painted over.
    text_boxes : tuple of (row0, row1, col0, col1)
        Of each text, half open.
    bar_px : tuple of float or None
        x0, y0, x1, y1 of the bar; its length is that from the middle of one tick to the other's.
    bar_length_px, bar_length_mm : float
        NaN without a bar.  The length in px is whole: bars are drawn on the pixel grid.
    circle : tuple of float or None
        x, y, radius in px.
    content : tuple of int
        row0, row1, col0, col1 inside pillar-boxes and letter-boxes.
    """

    drawn: NDArray[np.bool_]
    text_boxes: tuple[tuple[int, int, int, int], ...]
    bar_px: tuple[float, float, float, float] | None
    bar_length_px: float
    bar_length_mm: float
    circle: tuple[float, float, float] | None
    content: tuple[int, int, int, int]


def draw_graphics(
    pixels: NDArray[np.uint8],
    spec: GraphicsSpec,
    *,
    rng: np.random.Generator,
    px_per_mm: float,
) -> tuple[NDArray[np.uint8], GraphicsTruth]:
    """Return the picture with graphics drawn onto it, and their truth.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Left unchanged.
    spec : GraphicsSpec
    rng : Generator
        Places things within a few pixels and chooses where a watermark stands.
    px_per_mm : float
        Of the picture; sets the length of the bar and the radius of the circle.
    """
    height, width = pixels.shape[:2]
    page = _Page(pixels.copy())
    content = (spec.letter_px, height - spec.letter_px, spec.pillar_px, width - spec.pillar_px)
    page.fill((0, height, 0, content[2]), spec.strip_colour)
    page.fill((0, height, content[3], width), spec.strip_colour)
    page.fill((0, content[0], 0, width), spec.strip_colour)
    page.fill((content[1], height, 0, width), spec.strip_colour)
    circle = None
    if spec.circle_radius_mm is not None:
        circle = _draw_circle(page, spec, spec.circle_radius_mm, px_per_mm)
    if spec.watermark:
        mask = render_text(spec.watermark, spec.watermark_style)
        row = int(rng.integers(height // 5, max(height // 5 + 1, height * 3 // 4)))
        column = int(rng.integers(content[2], max(content[2] + 1, content[3] - mask.shape[1])))
        page.text(mask, row, column, spec.watermark_style)
    left = content[2] + 4
    for cell in spec.banner:
        mask = render_text(cell, spec.banner_style)
        pad = spec.banner_style.cap_px // 2
        page.text(mask, content[0] + 3 + pad // 2, left + pad, spec.banner_style)
        left += mask.shape[1] + 2 * pad + 6
    bar_px = None
    if spec.bar is not None:
        bar_px = _draw_bar(page, spec.bar, content, rng, px_per_mm)
    return page.pixels, GraphicsTruth(
        drawn=page.drawn,
        text_boxes=tuple(page.boxes),
        bar_px=bar_px,
        bar_length_px=math.nan if bar_px is None else bar_px[2] - bar_px[0],
        bar_length_mm=math.nan if spec.bar is None else spec.bar.length_mm,
        circle=circle,
        content=content,
    )


def random_bar(
    rng: np.random.Generator, *, fonts: Sequence[str], px_per_mm: float, width_px: int
) -> BarSpec:
    """Return a bar of a length that suits the picture, of any look, as devices write it.

    Parameters
    ----------
    rng : Generator
    fonts : sequence of str
        To choose from.
    px_per_mm : float
    width_px : int
        Of the picture: the bar takes 4 to 45 % of it, and at least 30 px.
    """
    lengths = [0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.75, 1.0, 1.5, 2.0, 2.5, 3.0, 4.0, 5.0, 10.0]
    low, high = max(30.0, 0.04 * width_px), 0.45 * width_px
    fits = [length for length in lengths if low <= length * px_per_mm <= high]
    length_mm = float(rng.choice(fits)) if fits else round(0.2 * width_px / px_per_mm, 1)
    ink: Colour = ((255, 255, 255), (0, 0, 0), (255, 255, 0), (255, 0, 0), (0, 255, 0))[
        rng.choice(5, p=[0.4, 0.3, 0.12, 0.1, 0.08])
    ]
    is_dark = sum(ink) < 384
    box: Colour | None = None
    outline: Colour | None = None
    kind = rng.random()
    if kind < 0.2:
        box = (235, 235, 235) if is_dark else (40, 40, 40)
    elif kind < 0.35:
        outline = _WHITE if is_dark else _BLACK
    style = TextStyle(
        font=str(rng.choice(list(fonts))),
        cap_px=int(rng.choice([rng.integers(9, 13), rng.integers(11, 20), rng.integers(16, 34)])),
        colour=ink,
        is_smooth=bool(rng.random() < 0.75),
        outline=outline,
        box=box,
        box_opacity=float(rng.uniform(0.6, 1.0)),
    )
    text = write_length(length_mm, rng)
    return BarSpec(
        length_mm=length_mm,
        # Pillow's own font has no micro sign.
        text=text if style.font else text.replace("µ", "u"),
        corner=CORNERS[rng.integers(4)],
        style=BAR_STYLES[rng.integers(5)],
        place=PLACES[rng.integers(3)],
        thickness_px=int(rng.choice([1, 2, 3, 4, 6, 8])),
        colour=ink,
        text_style=style,
    )


def write_length(length_mm: float, rng: np.random.Generator) -> str:
    """Write a length as devices do: in µm, mm or cm, with point or comma, with or without zeros."""
    point = "," if rng.random() < 0.25 else "."
    gap = " " if rng.random() < 0.65 else ""
    kind = rng.random()
    if length_mm < 1 and kind < 0.55:
        return f"{round(1000 * length_mm)}{gap}{'µm' if rng.random() < 0.6 else 'um'}"
    if length_mm >= 5 and kind < 0.35:
        return f"{length_mm / 10:g}{gap}cm".replace(".", point)
    places = int(rng.integers(0, 3))
    text = f"{length_mm:.{places}f}" if float(f"{length_mm:.{places}f}") == length_mm else ""
    return f"{text or f'{length_mm:g}'}{gap}mm".replace(".", point)


def render_text(text: str, style: TextStyle) -> Coverage:
    """Return the coverage of a text, 0 to 1, cropped to its ink."""
    if style.font.startswith("hershey:"):
        face = int(style.font.partition(":")[2])
        size = style.cap_px / cv2.getTextSize("H", face, 1.0, 1)[0][1]
        thick = max(1, round(style.cap_px / 12))
        (width, height), below = cv2.getTextSize(text, face, size, thick)
        board = np.zeros((height + below + 2 * thick + 4, width + 2 * thick + 8), np.uint8)
        line = cv2.LINE_AA if style.is_smooth else cv2.LINE_8
        cv2.putText(board, text, (thick + 2, height + thick), face, size, 255, thick, line)
        coverage = board.astype(np.float32) / 255
    else:
        font = _font_of_cap(style.font, style.cap_px)
        left, top, right, bottom = font.getbbox(text)
        canvas = Image.new("L", (math.ceil(right - left) + 8, math.ceil(bottom - top) + 8), 0)
        pen = ImageDraw.Draw(canvas)
        pen.fontmode = "L" if style.is_smooth else "1"
        pen.text((4 - left, 4 - top), text, fill=255, font=font)
        coverage = np.asarray(canvas, np.float32) / 255
    rows, columns = np.flatnonzero(coverage.any(axis=1)), np.flatnonzero(coverage.any(axis=0))
    if not rows.size:
        return np.zeros((1, 1), np.float32)
    ink = coverage[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    return ink.astype(np.float32).reshape(int(ink.shape[0]), int(ink.shape[1]))


def _font_of_cap(name: str, cap_px: int) -> ImageFont.FreeTypeFont:
    """The font at the size whose capital H is `cap_px` high."""

    def sized(size: int) -> ImageFont.FreeTypeFont:
        if name:
            return ImageFont.truetype(name, size)
        default = ImageFont.load_default(size)
        if not isinstance(default, ImageFont.FreeTypeFont):
            raise TypeError("Pillow was built without FreeType: name a font file's path.")
        return default

    _, top, _, bottom = sized(100).getbbox("H")
    return sized(max(6, round(100 * cap_px / (bottom - top))))


class _Page:
    """A picture that remembers where it was painted."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self.pixels = pixels
        self.drawn = np.zeros(pixels.shape[:2], bool)
        self.boxes: list[tuple[int, int, int, int]] = []

    def fill(self, box: tuple[int, int, int, int], colour: Colour, *, opacity: float = 1.0) -> None:
        row0, row1, col0, col1 = (max(0, side) for side in box)
        area = self.pixels[row0:row1, col0:col1].astype(np.float32)
        mixed = area + opacity * (np.asarray(colour, np.float32) - area)
        self.pixels[row0:row1, col0:col1] = np.rint(mixed).astype(np.uint8)
        self.drawn[row0:row1, col0:col1] = True

    def text(self, mask: Coverage, row: int, column: int, style: TextStyle) -> None:
        rows, columns = int(mask.shape[0]), int(mask.shape[1])
        pad = style.cap_px // 2
        rim = 1 + style.cap_px // 16 if style.outline is not None else 0
        box = (row - rim, row + rows + rim, column - rim, column + columns + rim)
        if style.box is not None:
            box = (row - pad // 2, row + rows + pad // 2, column - pad, column + columns + pad)
            self.fill(box, style.box, opacity=style.box_opacity)
        if style.outline is not None:
            wide = np.pad(mask, rim)
            halo = cv2.dilate(wide, np.ones((2 * rim + 1, 2 * rim + 1), np.uint8))
            self._lay(np.asarray(halo, np.float32), row - rim, column - rim, style.outline)
        self._lay(mask, row, column, style.colour)
        self.boxes.append(box)

    def _lay(self, mask: Coverage, row: int, column: int, colour: Colour) -> None:
        height, width = self.pixels.shape[:2]
        rows = slice(max(0, -row), min(mask.shape[0], height - row))
        columns = slice(max(0, -column), min(mask.shape[1], width - column))
        shown = mask[rows, columns, None]
        at = (
            slice(row + rows.start, row + rows.stop),
            slice(column + columns.start, column + columns.stop),
        )
        area = self.pixels[at].astype(np.float32)
        mixed = area + shown * (np.asarray(colour, np.float32) - area)
        self.pixels[at] = np.rint(mixed).astype(np.uint8)
        self.drawn[at] |= shown[:, :, 0] > 0


def _draw_bar(
    page: _Page,
    bar: BarSpec,
    content: tuple[int, int, int, int],
    rng: np.random.Generator,
    px_per_mm: float,
) -> tuple[float, float, float, float]:
    """Draw the bar and its label in the corner; return its ends."""
    row0, row1, col0, col1 = content
    style, length = bar.text_style, round(bar.length_mm * px_per_mm)
    mask = render_text(bar.text, style)
    rows, columns = int(mask.shape[0]), int(mask.shape[1])
    gap = max(4, style.cap_px // 2) + (style.cap_px // 2 if style.box is not None else 0)
    tick = 3 + bar.thickness_px + style.cap_px // 3 if bar.style == "ticks" else 0
    margin = int(rng.integers(12, 30)) + tick + style.cap_px
    deep = bar.thickness_px * (3 if bar.style == "double" else 1)
    below = rows + gap + tick if bar.place == "below" else 0
    above = rows + gap + tick if bar.place == "above" else 0
    beside = columns + gap + tick if bar.place == "beside" else 0
    is_left, is_top = bar.corner.endswith("left"), bar.corner.startswith("top")
    wide = max(length + beside, columns)
    left = col0 + margin if is_left else col1 - margin - wide
    top = row0 + margin + above if is_top else row1 - margin - below - deep
    right = left + length
    _paint_bar(page, bar, (top, left, right), tick)
    if bar.place == "beside":
        page.text(mask, top + deep // 2 - rows // 2, right + gap + bar.thickness_px, style)
    else:
        column = left + (length - columns) // 2 if rng.random() < 0.6 else left
        if bar.style == "l_shape" and bar.place == "above":
            # Right of the arm, as devices do.
            column = max(column, left + bar.thickness_px + gap)
        row = top - gap - tick - rows if bar.place == "above" else top + deep + gap + tick
        page.text(mask, row, max(2, column), style)
    middle = top + deep / 2
    return float(left), middle, float(right), middle


def _paint_bar(page: _Page, bar: BarSpec, place: tuple[int, int, int], tick: int) -> None:
    """Paint the strokes of a bar that spans columns `left` to `right` from row `top` on."""
    top, left, right = place
    thick = bar.thickness_px
    if bar.style == "ticks":
        # Ticks stand with their middles at the ends.
        for column in (left, right):
            first = column - thick // 2
            box = (top - tick, top + thick + tick, first, first + thick)
            page.fill(box, bar.colour)
        page.fill((top, top + thick, left, right), bar.colour)
    elif bar.style == "double":
        page.fill((top, top + thick, left, right), bar.colour)
        page.fill((top + 2 * thick, top + 3 * thick, left, right), bar.colour)
    else:
        deep = 2 * thick if bar.style == "filled" else thick
        page.fill((top, top + deep, left, right), bar.colour)
        if bar.style == "l_shape":
            # An arm as long as the bar, where there is room for it.
            arm = right - left - thick
            if top > arm:
                page.fill((top - arm, top + thick, left, left + thick), bar.colour)


def _draw_circle(
    page: _Page, spec: GraphicsSpec, radius_mm: float, px_per_mm: float
) -> tuple[float, float, float]:
    """Draw the measuring circle in the middle, a radius and its area; return x, y, radius."""
    height, width = page.pixels.shape[:2]
    column, row, radius = width // 2, height // 2, round(radius_mm * px_per_mm)
    tip = (round(column + 0.98 * radius), round(row + 0.17 * radius))
    painted = page.pixels.copy()
    cv2.circle(painted, (column, row), radius, spec.circle_colour, 1, cv2.LINE_AA)
    cv2.line(painted, (column, row), tip, spec.circle_colour, 1, cv2.LINE_AA)
    page.drawn |= (painted != page.pixels).any(axis=2)
    page.pixels = painted
    style = TextStyle(colour=(0, 0, 200), box=(225, 225, 225), box_opacity=0.5)
    mask = render_text(f"A={math.pi * radius_mm**2:.3f} mm^2", style)
    page.text(mask, tip[1] + 12, min(width - mask.shape[1] - 12, tip[0] + 12), style)
    return column + 0.5, row + 0.5, float(radius)
