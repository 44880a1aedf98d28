"""A colour chart is found at any rotation, corrected, and refused when half hidden."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.colour import linear_light, srgb_pixels
from imaging.photo.colour_chart import REFERENCE_SRGB, correct_colour, find_chart
from imaging.settings import PhotoSettings

#: A warm, dim light: factors of linear red, green and blue.
CAST = np.array([0.9, 0.7, 0.5], np.float32)


def draw_chart(*, angle_deg: float = 0.0, cover: float = 0.0) -> NDArray[np.uint8]:
    """Return a photo, 600 × 800 px, of a chart under a cast, turned, its left part covered."""
    chart = np.full((270, 390, 3), 25, np.uint8)
    for i, colour in enumerate(REFERENCE_SRGB):
        row, col = divmod(i, 6)
        chart[18 + 60 * row : 68 + 60 * row, 20 + 60 * col : 70 + 60 * col] = colour
    chart[:, : int(390 * cover)] = (90, 140, 60)
    photo = np.full((600, 800, 3), 180, np.uint8)
    photo[165:435, 205:595] = chart
    turn = cv2.getRotationMatrix2D((400, 300), angle_deg, 1.0)
    photo = cv2.warpAffine(photo, turn, (800, 600), borderValue=(180, 180, 180)).astype(np.uint8)
    return srgb_pixels(linear_light(photo) * CAST)


@pytest.mark.parametrize("angle_deg", [0, 30, 90, 140, 180, 270])
def test_a_whole_chart_is_verified_at_any_rotation(angle_deg: float) -> None:
    chart = find_chart(draw_chart(angle_deg=angle_deg), settings=PhotoSettings())
    assert chart.status == "verified"
    assert chart.flags == ()
    # Interpolation and rounding to 8 bits leave about one unit.
    assert chart.delta_e_after < 2.0 < chart.delta_e_before


def test_the_correction_takes_the_cast_out() -> None:
    photo = draw_chart()
    corrected = correct_colour(photo, find_chart(photo, settings=PhotoSettings()))
    background = corrected[20, 20].astype(int)
    assert np.ptp(background) <= 6
    assert np.ptp(photo[20, 20].astype(int)) > 30


def test_a_half_hidden_chart_is_refused_and_changes_nothing() -> None:
    photo = draw_chart(cover=0.45)
    chart = find_chart(photo, settings=PhotoSettings())
    assert chart.status != "verified"
    assert "uncalibrated_colour" in chart.flags
    assert correct_colour(photo, chart) is photo


def test_a_photo_without_a_chart_says_so() -> None:
    plain = np.random.default_rng(3).normal(150, 8, (300, 400, 3)).clip(0, 255).astype(np.uint8)
    assert find_chart(plain, settings=PhotoSettings()).status == "none"
