"""Where no roots agree, photos are laid over each other by the skin between the hairs."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.alignment import View, align_photos
from imaging.settings import FollowupSettings
from imaging.synthetic.scalp import PRESETS, make_scalp

Pixels = NDArray[np.uint8]

SETTINGS = FollowupSettings()
PX_PER_MM = PRESETS["vessels_and_moles"].px_per_mm
TURN_DEG, SHIFT_PX = 8.0, (40.0, -25.0)


@cache
def skin(seed: int) -> Pixels:
    scene = make_scalp(PRESETS["vessels_and_moles"], rng=np.random.default_rng(seed))
    return scene.pixels


def move(pixels: Pixels) -> tuple[Pixels, NDArray[np.float64]]:
    """Return the photo turned and shifted, and the matrix that does it, shape (2, 3)."""
    height, width = pixels.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), TURN_DEG, 1.0)
    matrix[:, 2] += SHIFT_PX
    moved = cv2.warpAffine(pixels, matrix, (width, height), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(moved, np.uint8), np.asarray(matrix, np.float64)


def view(pixels: Pixels, *, hairs: int = 0, seed: int = 0, is_covered: bool = True) -> View:
    """Return a photo without roots, crossed by so many long dark hairs."""
    rng = np.random.default_rng(seed)
    height, width = pixels.shape[:2]
    drawn, is_hair = pixels.copy(), np.zeros((height, width), np.uint8)
    thick = round(0.07 * PX_PER_MM)
    for _ in range(hairs):
        ends = [tuple(int(v) for v in rng.uniform(0, 1, 2) * (width, height)) for _ in range(2)]
        cv2.line(drawn, *ends, (40, 30, 28), thick, cv2.LINE_AA)
        cv2.line(is_hair, *ends, 1, thick)
    nothing = np.zeros((0, 2))
    readable = np.ones((height, width), bool)
    mask = is_hair > 0 if is_covered else np.zeros_like(readable)
    return View(drawn, nothing, np.zeros(0), readable, mask, PX_PER_MM)


@pytest.mark.parametrize("hairs", [0, 40])
def test_the_same_skin_is_laid_rightly_though_its_hairs_are_others(hairs: int) -> None:
    moved, matrix = move(skin(3))
    found = align_photos(
        view(skin(3), hairs=hairs, seed=1), view(moved, hairs=hairs, seed=2), settings=SETTINGS
    )
    assert found is not None and found.method == "texture"
    assert found.chance_log10 <= SETTINGS.most_chance_log10
    places = np.array([[300.0, 300.0], [800.0, 500.0], [600.0, 800.0]])
    # OpenCV counts from the middle of a pixel.
    true = (places - 0.5) @ matrix[:, :2].T + matrix[:, 2] + 0.5
    assert np.abs(found.warp.forward(places) - true).max() <= 0.05 * PX_PER_MM


def test_hair_that_was_moved_as_a_whole_does_not_lay_other_skin() -> None:
    """The same wig over two skins: covered, nothing of it is compared."""
    first, second = view(skin(3), hairs=40, seed=1), view(skin(4), hairs=40, seed=1)
    found = align_photos(first, second, settings=SETTINGS)
    assert found is None or found.chance_log10 > SETTINGS.most_chance_log10
    bare = [view(skin(k), hairs=40, seed=1, is_covered=False) for k in (3, 4)]
    lured = align_photos(bare[0], bare[1], settings=SETTINGS)
    assert lured is not None and lured.chance_log10 <= SETTINGS.most_chance_log10
