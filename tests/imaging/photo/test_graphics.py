"""Burnt-in graphics are found, hair and skin are not; bars are read rightly or not at all."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.graphics import Graphics, find_graphics
from imaging.synthetic.graphics import (
    BarSpec,
    GraphicsSpec,
    GraphicsTruth,
    TextStyle,
    draw_graphics,
    random_bar,
)

_FONTS = Path(matplotlib.get_data_path()) / "fonts" / "ttf"

#: None of these was used in training the reader (scripts/train_bar_text.py).
UNSEEN_FONTS = (
    str(_FONTS / "STIXGeneral.ttf"),
    str(_FONTS / "STIXGeneralBol.ttf"),
    str(_FONTS / "DejaVuSansMono.ttf"),
    str(_FONTS / "DejaVuSansMono-Bold.ttf"),
    str(_FONTS / "cmss10.ttf"),
    "",  # Pillow's own, Aileron
    "",
    "hershey:3",
    "hershey:4",
)


def make_skin(
    seed: int, *, height: int = 640, width: int = 900, hairs: int = 25
) -> NDArray[np.uint8]:
    """Skin of several grain sizes with dark clipped hairs, at about 100 px/mm."""
    rng = np.random.default_rng(seed)
    shade = np.array([195, 160, 140]) * rng.uniform(0.6, 1.1)
    skin = np.ones((height, width, 3)) * shade
    for scale, strength in ((1, 5), (4, 6), (40, 8)):
        coarse = rng.normal(0, strength, (height // scale + 2, width // scale + 2))
        skin += cv2.resize(coarse, (width, height), interpolation=cv2.INTER_CUBIC)[:, :, None]
    pixels = np.clip(skin, 0, 255).astype(np.uint8)
    for _ in range(hairs):
        root = rng.uniform((0, 0), (width, height))
        angle, length = rng.normal(1.0, 0.3), rng.uniform(40, 120)
        tip = root + length * np.array([np.cos(angle), np.sin(angle)])
        ends = [tuple(int(value) for value in end) for end in (root, tip)]
        tint = tuple(int(value) for value in rng.integers(15, 60, 3))
        cv2.line(pixels, ends[0], ends[1], tint, int(rng.integers(2, 9)), cv2.LINE_AA)
    return pixels


def as_jpeg(pixels: NDArray[np.uint8], quality: int) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


def draw_and_find(
    spec: GraphicsSpec,
    *,
    seed: int = 1,
    px_per_mm: float = 100.0,
    quality: int = 92,
    height: int = 640,
    width: int = 900,
) -> tuple[Graphics, GraphicsTruth]:
    rng = np.random.default_rng(seed)
    skin = make_skin(seed, height=height, width=width)
    drawn, truth = draw_graphics(skin, spec, rng=rng, px_per_mm=px_per_mm)
    return find_graphics(as_jpeg(drawn, quality)), truth


@pytest.mark.parametrize(
    ("text", "length_mm"),
    [("1.0 mm", 1.0), ("1mm", 1.0), ("500 µm", 0.5), ("500um", 0.5), ("0,5 mm", 0.5), ("2 mm", 2)],
)
def test_a_scale_bar_is_read_in_any_unit_and_notation(text: str, length_mm: float) -> None:
    style = TextStyle(font=str(_FONTS / "DejaVuSansMono.ttf"), cap_px=16)
    bar = BarSpec(length_mm, text, text_style=style)
    found, truth = draw_and_find(GraphicsSpec(bar=bar))
    assert [one.length_mm for one in found.bars if one.is_read] == [length_mm]
    # A plain line on the pixel grid: its ends are good to half a pixel each.
    assert found.bars[0].length_px == pytest.approx(truth.bar_length_px, abs=1.0)


@pytest.mark.parametrize("corner", ["top_left", "top_right", "bottom_left", "bottom_right"])
@pytest.mark.parametrize("colour", [(255, 255, 255), (0, 0, 0)])
def test_a_scale_bar_is_read_in_any_corner_light_or_dark(
    corner: str, colour: tuple[int, int, int]
) -> None:
    style = TextStyle(cap_px=18, colour=colour)
    bar = BarSpec(2.0, "2 mm", corner=corner, place="above", colour=colour, text_style=style)  # type: ignore[arg-type]
    found, truth = draw_and_find(GraphicsSpec(bar=bar), seed=4)
    assert [one.length_mm for one in found.bars] == [2.0]
    assert found.bars[0].length_px == pytest.approx(truth.bar_length_px, abs=1.0)


@pytest.mark.slow
def test_of_200_bars_in_unseen_fonts_most_are_found_and_none_is_wrong() -> None:
    rng = np.random.default_rng(2026)
    found_right, wrong = 0, []
    for index in range(200):
        px_per_mm = float(np.exp(rng.uniform(np.log(20), np.log(400))))
        skin = make_skin(index, hairs=int(rng.integers(0, 40)))
        bar = random_bar(rng, fonts=UNSEEN_FONTS, px_per_mm=px_per_mm, width_px=skin.shape[1])
        if "cm" in Path(bar.text_style.font).name:
            # Computer Modern has no micro sign: nothing would stand there.
            bar = dataclasses.replace(bar, text=bar.text.replace("µ", "u"))
        drawn, truth = draw_graphics(skin, GraphicsSpec(bar=bar), rng=rng, px_per_mm=px_per_mm)
        read = [
            one
            for one in find_graphics(as_jpeg(drawn, int(rng.integers(75, 98)))).bars
            if one.is_read
        ]
        true_px_per_mm = truth.bar_length_px / truth.bar_length_mm
        is_right = [
            # Within 2 %, or what a short bar's own error allows.
            abs(one.length_px / one.length_mm / true_px_per_mm - 1)
            <= max(0.02, 2.5 * one.relative_error)
            for one in read
        ]
        found_right += bool(is_right) and all(is_right)
        if not all(is_right):
            wrong.append((index, bar.text, [(one.text, one.length_px) for one in read]))
    assert wrong == []
    assert found_right >= 160


@pytest.mark.parametrize("seed", range(6))
def test_nothing_is_masked_on_skin_with_hair(seed: int) -> None:
    found = find_graphics(as_jpeg(make_skin(seed, hairs=80), 90))
    assert not found.masked.any()
    assert not found.text.any()
    assert found.bars == ()
    assert found.circle is None


def test_text_without_a_bar_is_blacked_out_and_gives_no_bar() -> None:
    spec = GraphicsSpec(banner=("MAG: 50x", "2022/01/17 09:12:11", "1.0 mm"))
    found, truth = draw_and_find(spec)
    for row0, row1, col0, col1 in truth.text_boxes:
        assert found.text[row0:row1, col0:col1].mean() > 0.95
    assert not any(bar.is_read for bar in found.bars)


def test_a_watermark_is_blacked_out() -> None:
    found, truth = draw_and_find(GraphicsSpec(watermark="FotoFinder"), seed=3)
    row0, row1, col0, col1 = truth.text_boxes[0]
    assert found.text[row0:row1, col0:col1].mean() > 0.95


@pytest.mark.parametrize("cell", ["not calibrated", "Uncalibrated"])
def test_a_device_that_says_it_is_not_calibrated_is_believed(cell: str) -> None:
    bar = BarSpec(1.0, "1.0 mm", text_style=TextStyle(cap_px=16))
    found, _ = draw_and_find(GraphicsSpec(bar=bar, banner=("1280x1024", cell)))
    assert [one.is_uncalibrated for one in found.bars] == [True]


def test_a_device_that_says_nothing_is_taken_to_be_calibrated() -> None:
    bar = BarSpec(1.0, "1.0 mm", text_style=TextStyle(cap_px=16))
    found, _ = draw_and_find(GraphicsSpec(bar=bar, banner=("1280x1024", "70x")))
    assert [one.is_uncalibrated for one in found.bars] == [False]


def test_a_measuring_circle_is_found_its_line_masked_and_its_inside_readable() -> None:
    found, truth = draw_and_find(GraphicsSpec(circle_radius_mm=2.0), seed=2)
    assert truth.circle is not None
    assert found.circle is not None
    x_px, y_px, radius_px = truth.circle
    assert found.circle.x_px == pytest.approx(x_px, abs=1.0)
    assert found.circle.y_px == pytest.approx(y_px, abs=1.0)
    assert found.circle.radius_px == pytest.approx(radius_px, abs=1.0)
    angles = np.linspace(0, 2 * np.pi, 500)
    rows = np.floor(y_px + radius_px * np.sin(angles)).astype(int)
    columns = np.floor(x_px + radius_px * np.cos(angles)).astype(int)
    assert found.masked[rows, columns].all()
    rows, columns = np.indices(found.masked.shape)
    inside = np.hypot(columns + 0.5 - x_px, rows + 0.5 - y_px) < radius_px - 6
    assert found.masked[inside].mean() < 0.05


@pytest.mark.parametrize(("height", "width"), [(1400, 2700), (1399, 2701)])
def test_a_large_photo_of_even_or_odd_size_is_searched_at_half_its_size(
    height: int, width: int
) -> None:
    style = TextStyle(cap_px=40)
    spec = GraphicsSpec(bar=BarSpec(1.0, "1 mm", text_style=style), circle_radius_mm=1.5)
    found, truth = draw_and_find(spec, seed=2, px_per_mm=300.0, height=height, width=width)
    assert [one.length_mm for one in found.bars] == [1.0]
    assert found.bars[0].length_px == pytest.approx(truth.bar_length_px, abs=1.0)
    assert found.masked.shape == (height, width)
    assert found.circle is not None
    circle = (found.circle.x_px, found.circle.y_px, found.circle.radius_px)
    np.testing.assert_allclose(circle, truth.circle, atol=2.0)


def test_pillar_boxes_are_masked_and_taken_off_the_content() -> None:
    found, truth = draw_and_find(GraphicsSpec(pillar_px=60, letter_px=24))
    # JPEG's blocks of eight blur the edge; one row more is taken off on purpose.
    assert np.abs(np.subtract(found.content, truth.content)).max() <= 3
    assert found.masked[:, :58].all()
    assert found.masked[:22].all()


def test_the_picture_given_is_left_unchanged() -> None:
    pixels = make_skin(1)
    before = pixels.copy()
    find_graphics(pixels)
    assert np.array_equal(pixels, before)
