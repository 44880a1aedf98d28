"""Burnt-in text is found however a photo was stored, and gives a scale only when that is sure."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.bar_checks import has_like_ticks, is_alike_from_all_sides
from imaging.photo.bar_lines import find_bar_lines
from imaging.photo.graphics import find_graphics
from imaging.photo.turns import OTHER_TURNS, Turn
from imaging.synthetic.scalp import PRESETS, make_scalp


@pytest.fixture(scope="module")
def burnt_in() -> NDArray[np.uint8]:
    """A generated photo with banner, scale bar, circle and text box."""
    return make_scalp(PRESETS["with_graphics"], rng=np.random.default_rng(11)).pixels


@pytest.mark.parametrize("turn", OTHER_TURNS)
def test_a_turned_or_mirrored_photo_has_the_same_mask(
    burnt_in: NDArray[np.uint8], turn: Turn
) -> None:
    upright = find_graphics(burnt_in)
    turned = find_graphics(np.ascontiguousarray(turn.apply(burnt_in)))
    assert upright.text.any()
    assert (turn.undo(turned.text) == upright.text).all()
    assert (turn.undo(turned.masked) == upright.masked).all()


@pytest.mark.parametrize("turn", OTHER_TURNS)
def test_a_banner_that_says_how_it_lies_gives_the_scale_beside_it(
    burnt_in: NDArray[np.uint8], turn: Turn
) -> None:
    upright = find_graphics(burnt_in)
    turned = find_graphics(np.ascontiguousarray(turn.apply(burnt_in)))
    assert [bar.length_mm for bar in upright.bars] == [1.0]
    assert [bar.length_mm for bar in turned.bars] == [1.0]
    assert turned.bars[0].length_px == pytest.approx(upright.bars[0].length_px)


@pytest.mark.parametrize("turn", OTHER_TURNS)
def test_a_lone_label_that_is_not_upright_gives_no_scale(turn: Turn) -> None:
    skin = np.full((400, 600, 3), (190, 150, 130), np.uint8)
    skin[340:344, 60:260] = 255
    cv2.putText(skin, "1.0 mm", (110, 325), 0, 0.7, (255, 255, 255), 2, cv2.LINE_AA)
    upright = find_graphics(skin)
    turned = find_graphics(np.ascontiguousarray(turn.apply(skin)))
    assert [bar.length_mm for bar in upright.bars] == [1.0]
    assert not any(bar.is_read for bar in turned.bars)


@pytest.mark.parametrize("preset", ["curly", "long_crossing"])
def test_hair_is_no_text_and_no_bar_however_it_lies(preset: str) -> None:
    pixels = make_scalp(PRESETS[preset], rng=np.random.default_rng(12)).pixels
    for turn in OTHER_TURNS:
        found = find_graphics(np.ascontiguousarray(turn.apply(pixels)))
        assert (found.bars, found.lines) == ((), ())


def test_a_drawn_bar_is_the_same_from_all_sides_and_a_piece_of_it_is_not() -> None:
    rng = np.random.default_rng(3)
    skin = np.clip(rng.normal(150, 4, (200, 400, 1)) + np.zeros(3), 0, 255).astype(np.uint8)
    skin[90:95, 80:280] = 20
    (bar,) = find_bar_lines(skin)
    assert is_alike_from_all_sides(skin, bar)
    assert not is_alike_from_all_sides(skin, replace(bar, start=bar.start + 20))


def test_ticks_that_reach_to_either_side_are_none() -> None:
    rng = np.random.default_rng(3)
    pixels = np.clip(rng.normal(150, 4, (200, 400, 1)) + np.zeros(3), 0, 255).astype(np.uint8)
    pixels[90:95, 80:280] = 20
    bent = pixels.copy()
    for image, (first, last) in ((pixels, (82, 82)), (bent, (82, 95))):
        image[first : first + 8, 80:84] = 20
        image[last : last + 8, 276:280] = 20
    assert has_like_ticks(find_bar_lines(pixels)[0])
    assert not has_like_ticks(find_bar_lines(bent)[0])
