"""The local skin is that beside the hairs, and densities do not depend on the light's cast."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, neighbours, photograph
from scipy import ndimage

from imaging.hair.skin import (
    _percentile_around,
    linear_absorption,
    local_skin,
    optical_densities,
)


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (30, 21), (7, 40)])
@pytest.mark.parametrize("window", [3, 7, 11])
def test_ranks_around_a_pixel_are_those_of_scipy(shape: tuple[int, int], window: int) -> None:
    levels = np.random.default_rng(3).random(shape, np.float32)
    wanted = ndimage.percentile_filter(levels, 65, size=window, mode="nearest")
    assert np.array_equal(_percentile_around(levels, 65, window), wanted)


def everywhere(pixels: np.ndarray) -> np.ndarray:
    return np.ones(pixels.shape[:2], bool)


def test_flat_skin_is_its_own_skin() -> None:
    levels = np.full((150, 200), 140.0, np.float32)
    skin = local_skin(levels, valid=everywhere(levels), px_per_mm=PX_PER_MM)
    assert skin.shape == levels.shape
    assert skin == pytest.approx(140.0, abs=1e-3)


def test_the_skin_under_a_hair_is_as_bright_as_that_beside_it() -> None:
    pixels = photograph(neighbours(), noise=0.0)
    skin = local_skin(pixels.astype(np.float32), valid=everywhere(pixels), px_per_mm=PX_PER_MM)
    assert np.abs(skin / np.float32((205, 175, 155)) - 1).max() <= 0.02


def test_a_slow_fall_of_light_is_followed() -> None:
    fall = np.linspace(0.6, 1.0, 300, dtype=np.float32)[None] * np.ones((200, 1), np.float32)
    skin = local_skin(150 * fall, valid=everywhere(fall), px_per_mm=PX_PER_MM)
    # The brighter part of a window of 0.8 mm lies up to 0.12 mm off its middle: 2 % of this fall.
    inside = slice(40, -40)
    assert np.abs(skin[:, inside] / (150 * fall[:, inside]) - 1).max() <= 0.05


def test_what_is_not_valid_is_not_taken_for_skin() -> None:
    pixels = photograph([], noise=0.0)
    pixels[:, :90] = 0
    valid = everywhere(pixels)
    valid[:, :90] = False
    skin = local_skin(pixels.astype(np.float32), valid=valid, px_per_mm=PX_PER_MM)
    off = np.abs(skin / np.float32((205, 175, 155)) - 1)
    # The reduced pixel on the border is half black; its share reaches a smoothing length inwards.
    assert off[:, 90:].max() <= 0.10
    assert off[:, 140:].max() <= 0.01


def test_the_density_of_skin_is_zero_and_that_of_a_shaft_is_what_it_absorbs() -> None:
    pixels = photograph([], noise=0.0)
    pixels[80:100] = np.rint(pixels[80:100] * np.exp(-0.8)).astype(np.uint8)
    density = optical_densities(pixels, valid=everywhere(pixels), px_per_mm=PX_PER_MM)
    assert density[:60] == pytest.approx(0.0, abs=0.01)
    # One grey level is added before the logarithm.
    assert density[85:95] == pytest.approx(0.8, abs=0.02)


def test_the_cast_of_the_light_changes_no_density() -> None:
    pixels = photograph(neighbours(), noise=0.0)
    cast = np.rint(pixels * np.float32((0.95, 0.75, 0.6))).astype(np.uint8)
    plain, tinted = (
        optical_densities(image, valid=everywhere(image), px_per_mm=PX_PER_MM)
        for image in (pixels, cast)
    )
    # Rounding to whole levels: half a level of the darkest, about 24, is 2 %, and the level added.
    assert np.abs(tinted - plain).max() <= 0.06


def test_absorption_is_zero_on_skin_near_one_on_black_and_negative_on_light() -> None:
    pixels = np.full((200, 200, 3), 120, np.uint8)
    pixels[50:60], pixels[140:150] = 0, 240
    absorption = linear_absorption(pixels, valid=everywhere(pixels), px_per_mm=PX_PER_MM)
    assert absorption[95:105] == pytest.approx(0.0, abs=0.01)
    assert absorption[52:58] == pytest.approx(1.0, abs=0.01)
    assert (absorption[142:148] < -1.0).all()


def test_absorption_is_linear_in_light() -> None:
    light = np.ones((200, 200), np.float32)
    light[90:110] = 0.5
    coded = np.clip(255 * (1.055 * (0.5 * light) ** (1 / 2.4) - 0.055), 0, 255)
    pixels = cv2.merge([np.rint(coded).astype(np.uint8)] * 3)
    absorption = linear_absorption(pixels, valid=everywhere(pixels), px_per_mm=PX_PER_MM)
    assert absorption[95:105] == pytest.approx(0.5, abs=0.01)
