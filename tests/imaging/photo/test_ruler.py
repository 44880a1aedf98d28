"""A ruler in view gives the scale when its numbers tell the unit; hair never looks like one."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.graphics import find_graphics
from imaging.photo.scale import find_scale
from imaging.records import Photo, Scale
from imaging.settings import PhotoSettings
from imaging.synthetic.graphics import BarSpec, GraphicsSpec, TextStyle, draw_graphics
from imaging.synthetic.rulers import RulerSpec, draw_ruler, random_ruler
from imaging.synthetic.scalp import PRESETS, make_scalp

_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

#: None of these was used in training the reader (scripts/train_bar_text.py).
UNSEEN_FONTS = (
    str(_FONTS / "STIXGeneral.ttf"),
    str(_FONTS / "STIXGeneralBol.ttf"),
    str(_FONTS / "DejaVuSansMono.ttf"),
    str(_FONTS / "DejaVuSansMono-Bold.ttf"),
    str(_FONTS / "cmss10.ttf"),
    "",  # Pillow's own, Aileron
    "hershey:3",
    "hershey:4",
)
STEEL = RulerSpec(
    body=(190, 195, 200),
    style=TextStyle(font=UNSEEN_FONTS[2], cap_px=16, colour=(10, 10, 10)),
    has_base=False,
)


def make_skin(seed: int, *, height: int = 720, width: int = 960) -> NDArray[np.uint8]:
    """Skin of several grain sizes with up to 40 dark hairs."""
    rng = np.random.default_rng(seed)
    skin = np.ones((height, width, 3)) * np.array([195, 160, 140]) * rng.uniform(0.6, 1.1)
    for scale, strength in ((1, 5), (4, 6), (40, 8)):
        coarse = rng.normal(0, strength, (height // scale + 2, width // scale + 2))
        skin += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[:, :, None]
    pixels = np.clip(skin, 0, 255).astype(np.uint8)
    for _ in range(int(rng.integers(0, 40))):
        root = rng.uniform((0, 0), (width, height))
        angle, length = rng.normal(1.0, 0.3), rng.uniform(40, 120)
        tip = root + length * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(int(value) for value in end) for end in (root, tip)]
        cv2.line(pixels, ends[0], ends[1], (30, 25, 20), int(rng.integers(2, 9)), cv2.LINE_AA)
    return pixels


def as_jpeg(pixels: NDArray[np.uint8], quality: int = 92) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


def scale_of(pixels: NDArray[np.uint8]) -> tuple[Scale, tuple[str, ...]]:
    return find_scale(Photo("a.png", pixels, ""), find_graphics(pixels), PhotoSettings())


def scale_with(spec: RulerSpec, *, px_per_mm: float = 14.3) -> tuple[Scale, tuple[str, ...]]:
    pixels, _ = draw_ruler(make_skin(1), spec, px_per_mm=px_per_mm)
    return scale_of(as_jpeg(pixels))


@pytest.mark.slow
def test_of_40_rulers_in_unseen_fonts_most_are_read_and_none_is_wrong() -> None:
    right, wrong = 0, []
    for index in range(40):
        rng = np.random.default_rng([7, index])
        skin = make_skin(index, height=960, width=1280)
        px_per_mm = float(np.exp(rng.uniform(np.log(8), np.log(34))))
        spec = random_ruler(rng, fonts=UNSEEN_FONTS, px_per_mm=px_per_mm, width_px=960)
        pixels, _ = draw_ruler(skin, spec, px_per_mm=px_per_mm)
        scale, _ = scale_of(as_jpeg(pixels, int(rng.integers(80, 97))))
        if scale.is_known and abs(scale.px_per_mm / px_per_mm - 1) <= 0.015:
            right += 1
        elif scale.is_known:
            wrong.append((index, spec, scale))
    assert wrong == []
    assert right >= 34


@pytest.mark.parametrize("edge", ["top", "bottom", "left", "right"])
@pytest.mark.parametrize(("numbers", "unit"), [("cm", "cm"), ("mm", "mm"), ("mm", "")])
def test_a_ruler_is_read_along_any_edge(edge: str, numbers: str, unit: str) -> None:
    spec = replace(STEEL, edge=edge, numbers=numbers, unit=unit, is_text_upright=False)  # type: ignore[arg-type]
    scale, flags = scale_with(spec)
    assert scale.source == "ruler"
    assert scale.px_per_mm == pytest.approx(14.3, rel=0.003)
    assert flags == ()


@pytest.mark.parametrize("tilt_deg", [-2.0, 1.5, 3.0])
def test_a_ruler_may_lie_askew(tilt_deg: float) -> None:
    scale, _ = scale_with(replace(STEEL, tilt_deg=tilt_deg))
    assert scale.px_per_mm == pytest.approx(14.3, rel=0.003)


def test_centimetres_without_the_word_give_no_scale() -> None:
    # A graticule of 1 mm with ticks of 0.1 mm has the same numbers: it would be ten times off.
    scale, flags = scale_with(replace(STEEL, numbers="cm", unit=""))
    assert not scale.is_known
    assert flags == ("no_scale", "ruler_unread")


def test_numbers_on_tenth_ticks_with_the_word_mm_are_not_taken_for_centimetres() -> None:
    scale, flags = scale_with(replace(STEEL, numbers="cm", unit="mm"))
    assert not scale.is_known
    assert "ruler_unread" in flags


def test_ticks_without_numbers_give_no_scale() -> None:
    # From the first tick on no tenth one is numbered within nine ticks of the whole width.
    pixels, _ = draw_ruler(make_skin(2), replace(STEEL, share=0.9), px_per_mm=14.3)
    numbers = replace(STEEL, style=replace(STEEL.style, colour=(190, 195, 200)))
    bare, _ = draw_ruler(make_skin(2), numbers, px_per_mm=14.3)
    assert scale_of(pixels)[0].is_known
    assert not scale_of(bare)[0].is_known


def test_a_ruler_is_masked_ticks_numbers_and_all() -> None:
    spec = RulerSpec(style=TextStyle(font=UNSEEN_FONTS[2], cap_px=16))
    pixels, truth = draw_ruler(make_skin(3), spec, px_per_mm=14.3)
    found = find_graphics(as_jpeg(pixels))
    assert found.masked[truth.drawn].mean() > 0.99
    assert found.masked.mean() < 0.12


def test_the_ruler_s_base_is_no_scale_bar() -> None:
    spec = RulerSpec(unit="mm", style=TextStyle(font=UNSEEN_FONTS[2], cap_px=16))
    pixels, _ = draw_ruler(make_skin(4), spec, px_per_mm=14.3)
    assert find_graphics(as_jpeg(pixels)).bars == ()


def test_a_scale_bar_comes_before_a_ruler_and_they_are_compared() -> None:
    pixels, _ = draw_ruler(make_skin(5), replace(STEEL, edge="top"), px_per_mm=14.3)
    bar = BarSpec(10.0, "10 mm", text_style=TextStyle(cap_px=18), thickness_px=3)
    rng = np.random.default_rng(1)
    for px_per_mm, expected in ((14.3, ()), (17.0, ("scale_conflict",))):
        drawn, _ = draw_graphics(pixels, GraphicsSpec(bar=bar), rng=rng, px_per_mm=px_per_mm)
        scale, flags = scale_of(as_jpeg(drawn))
        assert scale.source == "scalebar"
        assert flags == expected


@pytest.mark.parametrize("preset", ["long_crossing", "dense_units", "shaved"])
def test_hair_is_no_ruler(preset: str) -> None:
    scene = make_scalp(PRESETS[preset], rng=np.random.default_rng(5))
    found = find_graphics(scene.pixels)
    assert found.rulers == ()


def test_the_error_covers_ticks_that_are_off_their_places() -> None:
    scale, _ = scale_with(STEEL)
    assert PhotoSettings().scale_relative_error <= scale.relative_error < 0.02
    assert not math.isnan(scale.relative_error)
