"""Pillar-boxes are found; a dermoscope's black corners are none."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from imaging.photo.borders import find_content


def texture(height: int = 200, width: int = 300) -> NDArray[np.uint8]:
    return np.random.default_rng(5).integers(90, 200, (height, width, 3)).astype(np.uint8)


def test_strips_of_any_colour_are_taken_off_each_side() -> None:
    pixels = texture()
    pixels[:12], pixels[-7:] = 0, 220
    pixels[:, :30], pixels[:, -20:] = 255, 0
    # The first row and column beyond a strip are taken with it: they mix with it after JPEG.
    assert find_content(pixels) == (13, 192, 31, 279)


def test_a_photo_without_borders_is_all_content() -> None:
    assert find_content(texture()) == (0, 200, 0, 300)


def test_the_black_corners_of_a_dermoscope_are_content() -> None:
    pixels = texture(300, 300)
    rows, columns = np.indices((300, 300))
    pixels[np.hypot(rows - 150, columns - 150) > 140] = 0
    assert find_content(pixels) == (0, 300, 0, 300)


def test_an_empty_picture_has_no_borders() -> None:
    assert find_content(np.zeros((50, 60, 3), np.uint8)) == (0, 50, 0, 60)
