from __future__ import annotations

import numpy as np
import pytest
import torch

from models.inference import LEAST_DENSITY, MOST_DENSITY, HairMaps, limit_density, predict
from models.networks import REACH_MM, STRIDE, HairNet
from models.training import as_file

NAMES = ("core", "ends", "root_heat", "tip_heat", "width_mm")


@pytest.fixture(scope="module")
def weights() -> bytes:
    torch.manual_seed(3)
    return as_file(HairNet().eval())


@pytest.fixture(scope="module")
def density() -> np.ndarray:
    rng = np.random.default_rng(4)
    return rng.uniform(-0.2, 1.5, (470, 610, 3)).astype(np.float32)


@pytest.fixture(scope="module")
def whole(weights: bytes, density: np.ndarray) -> HairMaps:
    return predict(weights, density)


def test_maps_have_one_pixel_for_every_two_by_two(whole: HairMaps) -> None:
    assert whole.core.shape == (235, 305)
    assert whole.ends.shape == (4, 235, 305)
    assert whole.stride == STRIDE
    assert whole.reach_mm == REACH_MM


def test_probabilities_lie_between_zero_and_one(whole: HairMaps) -> None:
    for values in (whole.core, whole.root_heat, whole.tip_heat):
        assert values.min() >= 0.0
        assert values.max() <= 1.0


def test_root_and_tip_lie_on_opposite_sides(whole: HairMaps) -> None:
    root, tip = whole.ends[:2], whole.ends[2:]
    dot = (root * tip).sum(axis=0)
    size = np.hypot(*root) * np.hypot(*tip)
    assert np.all(dot <= -0.999 * size + 1e-6)


def test_tiles_give_what_the_whole_gives(
    weights: bytes, density: np.ndarray, whole: HairMaps
) -> None:
    tiled = predict(weights, density, tile_px=160)
    for name in NAMES:
        # Sums of float32 in another order.
        np.testing.assert_allclose(getattr(tiled, name), getattr(whole, name), atol=2e-4)


def test_the_same_photo_gives_the_same_maps(
    weights: bytes, density: np.ndarray, whole: HairMaps
) -> None:
    again = predict(weights, density)
    for name in NAMES:
        np.testing.assert_array_equal(getattr(again, name), getattr(whole, name))


def test_density_is_limited_and_empty_where_not_valid() -> None:
    density = np.array([[[-5.0, 0.5, 9.0], [1.0, 1.0, 1.0]]], np.float32)
    limited = limit_density(density, np.array([[True, False]]))
    np.testing.assert_allclose(limited[0, 0], [LEAST_DENSITY, 0.5, MOST_DENSITY])
    np.testing.assert_array_equal(limited[0, 1], 0.0)
