"""Section `bars`: burnt-in scale bars read, on labelled frames and on generated photographs.

The generated bars are drawn here, by another hand and in other typefaces than those that the
reader was trained on: STIX, Computer Modern, DejaVu Sans Mono, and Hershey complex and triplex.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from imaging.photo.graphics import find_graphics
from imaging.photo.scale import find_scale
from imaging.settings import PhotoSettings
from imaging.synthetic.scalp import PRESETS

from .labelled_frames import frame_number
from .real_hair import FIRST_REPORTED, LabelledFolder
from .results import Bar, Row
from .scenes import FIRST_SEED, draw_scenes
from .tool import Method, as_photo

SECTION = "Scale bars"

#: A bar of the labelled frames is read when the scale is this close to theirs.
RELATIVE_TOLERANCE = 0.01

#: A generated bar counts as read when the scale is this close; farther off it is wrong.
READ_TOLERANCE = 0.02

GENERATED = 200
BACKGROUNDS = ("clipped_light_skin", "light_on_dark", "shaved", "grey_camera", "bare_skin")

FONTS = ("STIXGeneral.ttf", "STIXGeneralBol.ttf", "cmr10.ttf", "cmss10.ttf", "cmtt10.ttf",
         "DejaVuSansMono.ttf", "DejaVuSansMono-Bold.ttf")  # fmt: skip
HERSHEY = (cv2.FONT_HERSHEY_COMPLEX, cv2.FONT_HERSHEY_TRIPLEX)

#: Lengths in mm, and the units they are written in where that is usual.
LENGTHS_MM = (0.1, 0.2, 0.25, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0)
BAR_PX = (80, 420)

COLOURS = ((255, 255, 255), (0, 0, 0), (255, 230, 0), (230, 30, 30), (20, 60, 220))
MIN_CONTRAST = 100.0


@dataclass(frozen=True)
class Drawn:
    """One generated bar: the photograph with it, and its scale."""

    pixels: NDArray[np.uint8]
    px_per_mm: float
    text: str


def measure_bars(
    methods: list[Method], labelled: LabelledFolder | None, *, is_quick: bool
) -> Iterator[Row]:
    """Yield how many bars are read, and how many are read wrongly."""
    if labelled is not None:
        yield from _labelled_rows(methods[0], labelled)
    count = 30 if is_quick else GENERATED
    read, wrong = 0, []
    for drawn in draw_bars(count):
        found = read_scale(drawn.pixels)
        if not math.isfinite(found):
            continue
        if abs(found / drawn.px_per_mm - 1) <= READ_TOLERANCE:
            read += 1
        else:
            wrong.append(f"{drawn.text}: {found:.1f}, not {drawn.px_per_mm:.1f} px/mm")
    label = f"{count} generated bars"
    yield Row(SECTION, f"{label}, read", "dermetry", 100 * read / count, "%", Bar(low=90), 1)
    yield Row(SECTION, f"{label}, wrong", "dermetry", len(wrong), "", Bar(high=0), 0)
    for text in wrong:
        yield Row(SECTION, f"wrongly read: {text}", "dermetry", math.nan)


def read_scale(pixels: NDArray[np.uint8]) -> float:
    """Return px per mm read from a bar in the photograph; NaN when none was read."""
    photo = as_photo(pixels, px_per_mm=None)
    scale, _ = find_scale(photo, find_graphics(photo.pixels), PhotoSettings())
    return scale.px_per_mm


def _labelled_rows(method: Method, labelled: LabelledFolder) -> Iterator[Row]:
    with_bar = [p for p in labelled.photos if (frame_number(p.name) or 0) < FIRST_REPORTED]
    without = [p for p in labelled.photos if p not in with_bar]
    close = [path for path in with_bar if _error(method, path, labelled) <= RELATIVE_TOLERANCE]
    needed = math.floor(0.9 * len(with_bar))
    label = f"{len(with_bar)} labelled frames with a bar, read within 1 %"
    yield Row(SECTION, label, "dermetry", len(close), "", Bar(low=needed), 0)
    invented = sum(math.isfinite(_error(method, path, labelled)) for path in without)
    label = f"{len(without)} labelled frames without a bar, a scale invented"
    yield Row(SECTION, label, "dermetry", invented, "", Bar(high=0), 0)


def _error(method: Method, path: Path, labelled: LabelledFolder) -> float:
    found = read_scale(method.read_file(path, px_per_mm=None).pixels)
    return abs(found / labelled.px_per_mm - 1)


def draw_bars(count: int) -> Iterator[Drawn]:
    """Draw bars of many looks over generated photographs, the same ones at every call."""
    specs = {name: replace(PRESETS[name], width_px=1280, height_px=960) for name in BACKGROUNDS}
    grounds = [scene.pixels for scene in draw_scenes(specs, seeds=1)]
    for number in range(count):
        rng = np.random.default_rng(FIRST_SEED + number)
        yield _draw_bar(grounds[number % len(grounds)], rng)


def _draw_bar(ground: NDArray[np.uint8], rng: np.random.Generator) -> Drawn:
    pixels = ground.copy()
    height, width = pixels.shape[:2]
    length_mm = float(rng.choice(LENGTHS_MM))
    length_px = int(rng.integers(*BAR_PX))
    text = _write_length(length_mm, rng)
    cap_px = int(rng.integers(12, 30))
    left = int(rng.integers(20, 60))
    x0 = left if rng.random() < 0.5 else width - left - length_px
    is_top = rng.random() < 0.5
    y = int(rng.integers(70, 110)) if is_top else height - int(rng.integers(70, 110))

    block = (slice(y - 60, y + 60), slice(max(0, x0 - 20), min(width, x0 + length_px + 20)))
    if rng.random() < 0.25:  # a plain box under bar and text, as some devices draw
        pixels[block] = int(rng.choice((0, 255)))
    colour = _contrasting(pixels[block], rng)
    thickness = int(rng.integers(2, 8))
    pixels[y : y + thickness, x0 : x0 + length_px] = colour
    if rng.random() < 0.5:  # end ticks, their middles at the ends of the length
        half, reach = max(1, thickness // 4), int(rng.integers(5, 12))
        for x in (x0, x0 + length_px):
            pixels[y - reach : y + thickness + reach, x - half : x + half] = colour

    mask = _render_text(text, cap_px, rng)
    gap = int(rng.integers(14, 22))
    above = rng.random() < 0.5
    row = y - gap - mask.shape[0] if above else y + thickness + gap
    column = x0 + (length_px - mask.shape[1]) // 2
    column = min(max(column, 4), width - mask.shape[1] - 4)
    place = pixels[row : row + mask.shape[0], column : column + mask.shape[1]]
    share = mask[..., None]
    place[:] = np.rint(place * (1 - share) + np.array(colour) * share).astype(np.uint8)
    if rng.random() < 0.7:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(rng.integers(70, 96))]
        _, encoded = cv2.imencode(".jpg", pixels[..., ::-1], quality)
        pixels = cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]
    return Drawn(np.asarray(pixels, np.uint8), length_px / length_mm, text)


def _write_length(length_mm: float, rng: np.random.Generator) -> str:
    """Write a length as devices do: 1 mm, 1.0mm, 0,5 mm, 500 µm, 500um, 0.5 cm."""
    gap = str(rng.choice(("", " ")))
    if length_mm < 1 and rng.random() < 0.6:
        return (
            f"{length_mm * 1000:g}{gap}um" if rng.random() < 0.5 else f"{length_mm * 1000:g}{gap}µm"
        )
    if length_mm >= 5 and rng.random() < 0.4:
        return f"{length_mm / 10:g}{gap}cm"
    number = f"{length_mm:g}" if rng.random() < 0.6 else f"{length_mm:.2f}"
    if rng.random() < 0.15:
        number = number.replace(".", ",")
    return f"{number}{gap}mm"


def _contrasting(block: NDArray[np.uint8], rng: np.random.Generator) -> tuple[int, int, int]:
    """Return one of the colours of devices that stands out from this part of the photograph."""
    luminance = np.array([0.299, 0.587, 0.114])
    ground = float(block.reshape(-1, 3).mean(axis=0) @ luminance)
    fitting = [c for c in COLOURS if abs(float(np.array(c) @ luminance) - ground) >= MIN_CONTRAST]
    return fitting[int(rng.integers(len(fitting)))]


def _render_text(text: str, cap_px: int, rng: np.random.Generator) -> NDArray[np.float64]:
    """Return the coverage (0 to 1) of one line of text whose capitals are about `cap_px` high."""
    name = str(rng.choice((*FONTS, "hershey")))
    if name.startswith("cm") and not text.isascii():
        name = FONTS[0]  # Computer Modern has no micro sign where others have it
    if name == "hershey" and text.isascii():
        return _render_hershey(text, cap_px, rng)
    folder = Path(mpl.get_data_path()) / "fonts" / "ttf"
    path = folder / (FONTS[-1] if name == "hershey" else name)
    font = ImageFont.truetype(str(path), round(cap_px / 0.7))
    left, top, right, bottom = font.getbbox(text)
    canvas = Image.new("L", (round(right - left) + 4, round(bottom - top) + 4), 0)
    ImageDraw.Draw(canvas).text((2 - left, 2 - top), text, fill=255, font=font)
    return np.asarray(canvas, float) / 255


def _render_hershey(text: str, cap_px: int, rng: np.random.Generator) -> NDArray[np.float64]:
    face, scale = int(rng.choice(HERSHEY)), cap_px / 21
    (width, height), below = cv2.getTextSize(text, face, scale, 1)
    canvas = np.zeros((height + below + 6, width + 6), np.uint8)
    cv2.putText(canvas, text, (3, height + 3), face, scale, 255, 1, cv2.LINE_AA)
    return canvas / 255
