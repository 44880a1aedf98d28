"""Skin maps: hair stands out, shading and colour of the light do not."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imaging.face.skin import fit_skin, grain
from imaging.photo.colour import MELASMA_DIRECTION

SKIN = np.array([190, 140, 115], np.float64)


def face_like(*, shading: float = 0.0):
    """Return a plain skin square with a shading from left to right (optical density) and seeds."""
    x = np.linspace(0, 1, 120)
    light = 10 ** (-shading * x)[None, :, None] * np.ones((120, 1, 1))
    pixels = np.round(255 * ((SKIN / 255) ** 2.2 * light) ** (1 / 2.2)).astype(np.uint8)
    seeds = np.zeros((120, 120), bool)
    seeds[40:80, 30:90] = True
    return pixels, seeds


def darkened(pixels, density, direction):
    """Return the pixels under this optical density, its edges softened over 2 px."""
    soft = cv2.GaussianBlur(density, (0, 0), 2.0)[..., None]
    linear = (pixels / 255.0) ** 2.2 * 10 ** (-soft * np.array(direction))
    return np.round(255 * linear ** (1 / 2.2)).astype(np.uint8)


def test_even_skin_is_neither_darker_nor_of_another_colour():
    pixels, seeds = face_like()
    maps = fit_skin(pixels, seeds, width_px=100)
    assert np.abs(maps.darker).max() < 0.01
    assert maps.colour.max() < 1


def test_shading_across_the_face_is_followed():
    pixels, seeds = face_like(shading=0.5)
    maps = fit_skin(pixels, seeds, width_px=100)
    assert np.abs(maps.darker[20:100, 20:100]).max() < 0.06


@pytest.mark.parametrize("density", [0.6, 0.9])
def test_hair_is_darker_by_about_its_density(density):
    pixels, seeds = face_like()
    hair = 255 * ((SKIN / 255) ** 2.2 * 10**-density) ** (1 / 2.2)
    pixels[:25] = np.round(hair)
    maps = fit_skin(pixels, seeds, width_px=100)
    # The skin around is known but for what the wide blur takes in of the hair.
    assert maps.darker[:20].mean() == pytest.approx(density, abs=0.15)
    assert (maps.evidence[:20] < 0).all()
    assert (maps.evidence[60:] > 0).all()


def test_a_lesion_does_not_speak_against_skin():
    pixels, seeds = face_like()
    lesion = np.zeros(seeds.shape, np.float32)
    lesion[50:75, 40:80] = 0.2
    maps = fit_skin(darkened(pixels, lesion, MELASMA_DIRECTION), seeds, width_px=100)
    assert (maps.evidence[50:75, 40:80] > 0).all()


@pytest.mark.parametrize("density", [0.15, 0.22, 0.3])
def test_a_lesion_that_reaches_up_to_the_hair_is_skin_and_the_hair_is_not(density):
    pixels, seeds = face_like()
    added = np.zeros(seeds.shape, np.float32)
    added[25:38] = density
    pixels = darkened(pixels, added, MELASMA_DIRECTION)
    pixels[:25] = np.round(255 * ((SKIN / 255) ** 2.2 * 10**-0.8) ** (1 / 2.2))
    maps = fit_skin(pixels, seeds, width_px=100)
    assert (maps.evidence[28:, 5:-5] > 0).all()
    assert (maps.evidence[:22] < 0).all()


def test_fair_hair_all_of_one_colour_does_not_become_skin():
    pixels, seeds = face_like()
    hair = np.zeros(seeds.shape, np.float32)
    hair[:25] = 0.3
    # Blond: yellower than a lesion as dark.
    maps = fit_skin(darkened(pixels, hair, (0.75, 1.0, 1.55)), seeds, width_px=100)
    assert (maps.evidence[:20] < 0).all()


def test_strands_are_coarser_than_skin():
    rng = np.random.default_rng(2)
    brightness = np.full((80, 80), 0.3, np.float32)
    brightness *= 1 + 0.005 * rng.standard_normal((80, 80)).astype(np.float32)
    brightness[:, 40::3] *= 0.5
    found = grain(brightness, sigma_px=1.2)
    assert found[:, 50:].mean() > 4 * found[:, :30].mean()
