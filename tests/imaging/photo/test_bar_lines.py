"""Bar-like lines: exact ends, also behind hair, and no hair among them."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.bar_lines import find_bar_lines


def ground(seed: int = 0) -> NDArray[np.uint8]:
    rng = np.random.default_rng(seed)
    return np.clip(rng.normal(150, 6, (160, 400, 1)) + np.zeros(3), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("thickness", [1, 2, 5, 12])
@pytest.mark.parametrize("level", [0, 255])
def test_a_bar_is_measured_to_the_pixel(thickness: int, level: int) -> None:
    pixels = ground()
    pixels[80 : 80 + thickness, 60:260] = level
    (line,) = find_bar_lines(pixels)
    assert (line.row0, line.row1) == (80, 80 + thickness)
    assert line.start == pytest.approx(60, abs=0.3)
    assert line.end == pytest.approx(260, abs=0.3)


def test_ticks_are_counted_from_middle_to_middle() -> None:
    pixels = ground()
    pixels[80:82, 60:260] = 255
    for column in (60, 260):
        pixels[70:92, column - 2 : column + 2] = 255
    line = find_bar_lines(pixels)[0]
    assert line.has_ticks
    assert line.length == pytest.approx(200, abs=0.5)


def test_a_bar_goes_on_behind_a_hair_of_its_colour() -> None:
    pixels = ground()
    cv2.line(pixels, (150, 20), (170, 140), (20, 20, 20), 14, cv2.LINE_AA)
    pixels[80:82, 60:260] = 10
    line = find_bar_lines(pixels)[0]
    assert line.length == pytest.approx(200, abs=0.6)


def test_an_end_hidden_by_hair_has_a_large_error() -> None:
    pixels = ground()
    cv2.line(pixels, (255, 20), (262, 140), (10, 10, 10), 24, cv2.LINE_AA)
    pixels[80:82, 60:260] = 10
    lines = [line for line in find_bar_lines(pixels) if line.row0 == 80]
    assert all(line.error_px > 3 for line in lines)


def test_a_slanted_hair_is_no_bar() -> None:
    pixels = ground()
    cv2.line(pixels, (40, 60), (340, 75), (20, 20, 20), 5, cv2.LINE_AA)
    assert find_bar_lines(pixels) == []
