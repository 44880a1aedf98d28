"""Photos of something else than scalp are told from scalp by what lies between the hairs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from skimage import data

from imaging.hair.plausibility import judge_surface
from imaging.hair.score import extract_evidence, score_photo
from imaging.hair.surface import Surface, measure_surface
from imaging.records import Photo, PhotoInputs
from imaging.settings import HairSettings, Settings
from imaging.synthetic.scalp import PRESETS, make_scalp

SETTINGS = HairSettings(most_surface_unevenness=0.2, most_colour_spread=0.3)


def surface_of(pixels: np.ndarray) -> Surface:
    return measure_surface(np.ascontiguousarray(pixels), np.ones(pixels.shape[:2], bool))


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_generated_scalps_are_scalp(preset: str) -> None:
    scene = make_scalp(PRESETS[preset], rng=np.random.default_rng(7))
    photo = Photo("a.png", scene.pixels, "0" * 64, inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    assert judge_surface(extract_evidence(photo, Settings()).surface, HairSettings()) == ()


@pytest.mark.parametrize("name", ["astronaut", "coffee", "coins"])
def test_scenes_are_no_scalp(name: str) -> None:
    picture = getattr(data, name)()
    pixels = picture if picture.ndim == 3 else np.dstack([picture] * 3)
    assert judge_surface(surface_of(pixels), HairSettings()) == ("no_scalp",)


def test_the_flag_is_in_the_score() -> None:
    pixels = np.ascontiguousarray(data.astronaut())
    assert "no_scalp" in score_photo(Photo("a.png", pixels, "0" * 64), Settings()).flags


def test_figures_of_a_known_ground() -> None:
    # Half the cells are 10^0.4 darker than the others, at random: half of that lies to either side.
    rng = np.random.default_rng(2)
    dark = rng.permutation(np.repeat([False, True], 288)).reshape(24, 24)
    level = np.where(cv2.resize(dark.astype(np.uint8), (240, 240), interpolation=0), 98, 156)
    surface = surface_of(np.dstack([level] * 3).astype(np.uint8))
    # sRGB 156 and 98 are 0.332 and 0.122 in linear light.
    assert surface.unevenness == pytest.approx(0.5 * np.log10(0.332 / 0.122), abs=0.02)
    assert surface.colour_spread == pytest.approx(0, abs=1e-6)


def test_a_vignette_and_a_tinted_side_are_the_lamp() -> None:
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    linear = (
        0.5 * 10 ** -(0.3 * (x * x + y * y))[..., None] * 10 ** -(0.1 * x[..., None] * [1, 0, 0])
    )
    encoded = 255 * np.where(
        linear > 0.0031308, 1.055 * linear ** (1 / 2.4) - 0.055, 12.92 * linear
    )
    surface = surface_of(encoded.round().astype(np.uint8))
    assert surface.unevenness < 0.01
    assert surface.colour_spread < 0.02


def test_limits_are_those_of_the_settings() -> None:
    skin = Surface(0.05, 0.1)
    assert judge_surface(skin, SETTINGS) == ()
    for scene in (
        Surface(0.21, 0.1),
        Surface(0.05, 0.31),
    ):
        assert judge_surface(scene, SETTINGS) == ("no_scalp",)


def test_too_little_to_see_is_not_judged() -> None:
    readable = np.zeros((200, 200), bool)
    readable[:30, :30] = True
    surface = measure_surface(np.zeros((200, 200, 3), np.uint8), readable)
    assert np.isnan(surface.unevenness)
    assert judge_surface(surface, SETTINGS) == ()
