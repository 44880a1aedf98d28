"""Drawing primitives put the right thing at the right place and leave their input alone."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo import overlay
from imaging.photo.overlay import (
    BLACK,
    CYCLE,
    ORANGE,
    SKY_BLUE,
    WHITE,
    LegendEntry,
    black_out,
    cycle_colour,
    draw_dots,
    draw_legend,
    draw_panel,
    draw_polylines,
    draw_scale_bar,
    draw_text,
    hatch,
    nice_length_mm,
    outline,
    stroke_px,
    text_px,
    tint,
)

Pixels = NDArray[np.uint8]
GREY = 120


@pytest.fixture
def ground() -> Pixels:
    pixels = np.full((200, 300, 3), GREY, np.uint8)
    pixels.setflags(write=False)
    return pixels


@pytest.fixture
def mask() -> NDArray[np.bool_]:
    inside = np.zeros((200, 300), bool)
    inside[50:120, 80:200] = True
    return inside


def changed(before: Pixels, after: Pixels) -> NDArray[np.bool_]:
    difference: NDArray[np.bool_] = (before != after).any(axis=2)
    return difference


def test_every_primitive_returns_a_new_picture_of_the_same_shape(
    ground: Pixels, mask: NDArray[np.bool_]
) -> None:
    calls: list[Callable[[], Pixels]] = [
        lambda: black_out(ground, mask),
        lambda: tint(ground, mask, colour=ORANGE),
        lambda: hatch(ground, mask),
        lambda: outline(ground, mask, colour=ORANGE),
        lambda: draw_polylines(ground, [[(5, 5), (90, 70)]], colours=ORANGE),
        lambda: draw_dots(ground, [(20, 20)], colours=ORANGE),
        lambda: draw_text(ground, "12", 20, 40),
        lambda: draw_scale_bar(ground, 100.0),
        lambda: draw_panel(ground, ["a", "b"]),
        lambda: draw_legend(ground, [LegendEntry("hair", ORANGE)]),
    ]
    for call in calls:
        after = call()  # the ground is read-only: writing to it would raise
        assert after.dtype == np.uint8
        assert after.shape == ground.shape
        assert changed(ground, after).any()


def test_blacking_out_hits_the_mask_and_nothing_else(
    ground: Pixels, mask: NDArray[np.bool_]
) -> None:
    after = black_out(ground, mask)
    np.testing.assert_array_equal(changed(ground, after), mask)
    assert (after[mask] == 0).all()


def test_hatching_stripes_the_mask_and_nothing_else(
    ground: Pixels, mask: NDArray[np.bool_]
) -> None:
    after = changed(ground, hatch(ground, mask))
    assert not (after & ~mask).any()
    assert 0.1 < after[mask].mean() < 0.6


def test_hatching_nothing_changes_nothing(ground: Pixels) -> None:
    np.testing.assert_array_equal(hatch(ground, np.zeros(ground.shape[:2], bool)), ground)


def test_a_tint_of_full_opacity_is_the_colour(ground: Pixels, mask: NDArray[np.bool_]) -> None:
    after = tint(ground, mask, colour=ORANGE, opacity=1)
    assert (after[mask] == ORANGE).all()


def test_an_outline_lies_on_the_border_of_the_mask(ground: Pixels, mask: NDArray[np.bool_]) -> None:
    drawn = changed(ground, outline(ground, mask, colour=ORANGE, width_px=1, halo=None))
    rows, columns = np.nonzero(drawn)
    distance = np.minimum.reduce(
        [abs(rows - 50), abs(rows - 119), abs(columns - 80), abs(columns - 199)]
    )
    assert distance.max() <= 1  # the line's own smoothing
    assert drawn[50, 80:200].all()
    assert drawn[50:120, 199].all()


def test_a_hole_in_a_mask_is_outlined_too(ground: Pixels, mask: NDArray[np.bool_]) -> None:
    mask[80:90, 130:150] = False
    drawn = changed(ground, outline(ground, mask, colour=ORANGE, width_px=1, halo=None))
    assert drawn[79, 130:150].all()


@pytest.mark.parametrize("x_px", [100.5, 100.75, 101.0])
def test_a_line_lies_at_its_coordinates_to_a_part_of_a_pixel(ground: Pixels, x_px: float) -> None:
    path = [(x_px, 20.5), (x_px, 180.5)]
    after = draw_polylines(ground, [path], colours=WHITE, width_px=1, halo=None)
    weight = after[100, :, 0].astype(float) - GREY
    centre = np.sum(weight * (np.arange(300) + 0.5)) / weight.sum()
    assert centre == pytest.approx(x_px, abs=0.15)  # OpenCV's smoothing is a little uneven


def test_a_dot_lies_at_its_coordinates(ground: Pixels) -> None:
    after = draw_dots(ground, [(150.5, 70.5)], colours=WHITE, radius_px=5, halo=None)
    rows, columns = np.nonzero(changed(ground, after))
    assert rows.mean() + 0.5 == pytest.approx(70.5, abs=0.05)
    assert columns.mean() + 0.5 == pytest.approx(150.5, abs=0.05)
    area_px = (after[..., 0].astype(float) - GREY).sum() / (255 - GREY)
    assert area_px == pytest.approx(math.pi * 25, rel=0.3)  # OpenCV draws half a pixel too wide


def test_a_ring_leaves_its_middle_visible(ground: Pixels) -> None:
    after = draw_dots(ground, [(150.5, 70.5)], colours=WHITE, radius_px=9, is_filled=False)
    assert (after[70, 150] == GREY).all()
    assert changed(ground, after)[70, 159]


def test_a_halo_separates_a_line_from_a_ground_of_its_own_colour() -> None:
    white = np.full((100, 100, 3), 255, np.uint8)
    path = [[(10, 50), (90, 50)]]
    assert not changed(white, draw_polylines(white, path, colours=WHITE, halo=None)).any()
    assert changed(white, draw_polylines(white, path, colours=WHITE, halo=BLACK)).any()


def test_each_path_and_each_dot_can_have_its_own_colour(ground: Pixels) -> None:
    paths = [[(10.5, 50.5), (90.5, 50.5)], [(10.5, 90.5), (90.5, 90.5)]]
    after = draw_polylines(ground, paths, colours=[ORANGE, SKY_BLUE], width_px=3)
    assert tuple(after[50, 50]) == ORANGE
    assert tuple(after[90, 50]) == SKY_BLUE
    dots = draw_dots(ground, [(50, 50), (50, 90)], colours=[ORANGE, SKY_BLUE], radius_px=4)
    assert tuple(dots[50, 50]) == ORANGE
    assert tuple(dots[90, 50]) == SKY_BLUE


def test_dashes_cover_about_half_of_a_line(ground: Pixels) -> None:
    path = [[(10.5, 50.5), (90.5, 50.5), (290.5, 50.5)]]
    after = draw_polylines(ground, path, colours=WHITE, width_px=2, halo=None, is_dashed=True)
    # Round ends lengthen each dash of 10 px by its width.
    assert 0.4 < changed(ground, after)[50, 10:290].mean() < 0.75


def test_what_is_not_finite_or_outside_is_left_out(ground: Pixels) -> None:
    nan = math.nan
    after = draw_polylines(ground, [[(nan, 1), (5, nan)], [(3, 3)], []], colours=WHITE)
    np.testing.assert_array_equal(after, ground)
    np.testing.assert_array_equal(draw_dots(ground, [(nan, 5)], colours=WHITE), ground)
    np.testing.assert_array_equal(draw_dots(ground, np.empty((0, 2)), colours=WHITE), ground)
    np.testing.assert_array_equal(draw_dots(ground, [(1e12, -1e12)], colours=WHITE), ground)
    np.testing.assert_array_equal(draw_text(ground, "x", 5000, 5000), ground)
    np.testing.assert_array_equal(draw_text(ground, "x", -5000, 10), ground)


def test_text_stands_above_and_right_of_its_left_base_point(ground: Pixels) -> None:
    rows, columns = np.nonzero(changed(ground, draw_text(ground, "123", 100, 100, size_px=30)))
    assert rows.max() <= 105  # halo
    assert 70 <= rows.min() <= 85
    assert columns.min() >= 95


@pytest.mark.parametrize("sign", list("µ²Δ×±°≥–·ä"))
def test_the_signs_that_captions_need_have_a_glyph_of_their_own(ground: Pixels, sign: str) -> None:
    drawn = draw_text(ground, sign, 100, 100, size_px=40)
    missing = draw_text(ground, "\uffff", 100, 100, size_px=40)
    assert changed(ground, drawn).any()
    assert changed(drawn, missing).any()


@pytest.mark.parametrize(
    ("px_per_mm", "width_px", "length_mm"),
    [(100, 800, 2.0), (100, 799, 1.0), (179.5, 1280, 1.0), (10, 4000, 100.0), (2000, 640, 0.05)],
)
def test_a_scale_bar_has_a_round_length_of_at_most_a_quarter(
    px_per_mm: float, width_px: float, length_mm: float
) -> None:
    assert nice_length_mm(px_per_mm, width_px) == pytest.approx(length_mm)


def test_a_scale_bar_is_as_long_as_it_says(ground: Pixels) -> None:
    after = draw_scale_bar(ground, 100.0)  # 300 px wide: 0.5 mm = 50 px
    bar_row = np.argmax((after[100:] == 255).all(axis=2).sum(axis=1)) + 100
    columns = np.nonzero((after[bar_row] == 255).all(axis=1))[0]
    assert np.ptp(columns) + 1 == pytest.approx(50, abs=3)  # ends and ticks are a stroke wide


@pytest.mark.parametrize("px_per_mm", [math.nan, math.inf, 0.0])
def test_without_a_scale_there_is_no_bar(ground: Pixels, px_per_mm: float) -> None:
    np.testing.assert_array_equal(draw_scale_bar(ground, px_per_mm), ground)


@pytest.mark.parametrize("corner", ["top_left", "top_right", "bottom_left", "bottom_right"])
def test_a_panel_stands_in_its_corner(ground: Pixels, corner: overlay.Corner) -> None:
    rows, columns = np.nonzero(changed(ground, draw_panel(ground, ["126 hairs"], corner=corner)))
    assert (rows.mean() < 100) == corner.startswith("top")
    assert (columns.mean() < 150) == corner.endswith("left")


def test_a_panel_too_wide_for_the_photo_gets_smaller_text(ground: Pixels) -> None:
    line = "frame 0.41 cm² · 126 hairs"
    after = changed(ground, draw_panel(ground, [line], size_px=60))
    assert np.nonzero(after)[1].max() < 299
    assert after.any(axis=1).sum() < 60


@pytest.mark.parametrize("symbol", ["dot", "line", "dashes", "hatch", "box"])
def test_a_legend_shows_the_colour_of_each_entry(ground: Pixels, symbol: str) -> None:
    entry = LegendEntry("hair", SKY_BLUE, symbol)  # type: ignore[arg-type]
    after = draw_legend(ground, [entry], size_px=30)
    assert (after == SKY_BLUE).all(axis=2).any()


def test_no_panel_and_no_legend_without_lines(ground: Pixels) -> None:
    np.testing.assert_array_equal(draw_panel(ground, []), ground)
    np.testing.assert_array_equal(draw_legend(ground, []), ground)


def test_sizes_grow_with_the_photo() -> None:
    small, large = np.zeros((64, 80, 3), np.uint8), np.zeros((3000, 4000, 3), np.uint8)
    assert stroke_px(small) == 1
    assert stroke_px(large) == pytest.approx(5)
    assert text_px(small) == 11
    assert text_px(large) == 65


def test_neighbouring_numbers_have_different_colours() -> None:
    assert [cycle_colour(i) for i in range(len(CYCLE))] == list(CYCLE)
    assert cycle_colour(len(CYCLE)) == cycle_colour(0)


@pytest.mark.parametrize("symbol", ["dot", "line", "dashes", "hatch", "box"])
@pytest.mark.parametrize("shape", [(16, 16, 3), (16, 900, 3), (900, 16, 3)])
def test_tiny_and_narrow_pictures_are_drawn_on_without_error(
    shape: tuple[int, int, int], symbol: str
) -> None:
    tiny = np.full(shape, GREY, np.uint8)
    after = draw_panel(draw_scale_bar(tiny, 500.0), ["a line longer than the picture"] * 9)
    entry = LegendEntry("x", ORANGE, symbol)  # type: ignore[arg-type]
    assert draw_legend(after, [entry] * 5).shape == tiny.shape
