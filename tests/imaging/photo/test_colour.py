"""Colour of skin against values worked by hand and against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from skimage.color import rgb2lab

from imaging.photo.colour import (
    OD_VECTORS,
    erythema_index,
    lab_of,
    lightness_of_density,
    linear_light,
    melanin_index,
    optical_density,
    srgb_pixels,
    typology_angle_deg,
    unmix,
)

EVERY_GREY = np.repeat(np.arange(256, dtype=np.uint8)[:, None], 3, axis=1).reshape(1, 256, 3)


def test_linear_light_and_back_is_the_same_pixel() -> None:
    assert np.array_equal(srgb_pixels(linear_light(EVERY_GREY)), EVERY_GREY)


def test_lab_agrees_with_scikit_image_within_a_tenth() -> None:
    pixels = np.random.default_rng(1).integers(0, 256, (40, 40, 3), dtype=np.uint8)
    # OpenCV rounds the D65 white point differently, at most some hundredths of a unit.
    np.testing.assert_allclose(lab_of(linear_light(pixels)), rgb2lab(pixels), atol=0.1)


def test_half_the_light_is_an_optical_density_of_0_301() -> None:
    np.testing.assert_allclose(optical_density(np.full(3, 0.5, np.float32)), 0.30103, atol=1e-5)
    assert np.isfinite(optical_density(np.zeros(3, np.float32))).all()


def test_the_indices_are_those_of_the_formulas() -> None:
    density = optical_density(np.array([[0.5, 0.25, 0.2]], np.float32))
    assert melanin_index(density)[0] == pytest.approx(30.103, abs=1e-3)
    assert erythema_index(density)[0] == pytest.approx(30.103, abs=1e-3)


@pytest.mark.parametrize(
    ("lab", "angle_deg"), [((70, 0, 20), 45.0), ((50, 5, 12), 0.0), ((30, 9, 20), -45.0)]
)
def test_the_typology_angle_is_that_of_the_formula(
    lab: tuple[float, float, float], angle_deg: float
) -> None:
    assert typology_angle_deg(np.array(lab, np.float32)) == pytest.approx(angle_deg, abs=1e-4)


def test_unmixing_gives_back_the_amounts_that_were_mixed() -> None:
    amounts = np.array([[2.0, 0.5, 0.1], [0.0, 1.0, -0.2]])
    np.testing.assert_allclose(unmix((amounts @ OD_VECTORS).astype(np.float32)), amounts, atol=1e-3)


def test_lightness_of_a_density_is_the_lightness_of_its_light() -> None:
    linear = linear_light(np.random.default_rng(2).integers(20, 256, (9, 9, 3), dtype=np.uint8))
    lightness = lightness_of_density(optical_density(linear))
    np.testing.assert_allclose(lightness, lab_of(linear)[..., 0], atol=0.1)
