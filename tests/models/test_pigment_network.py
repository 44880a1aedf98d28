"""The pigment network says the same in numpy as in torch, on a face as in its mirror."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from safetensors.torch import save

from models.pigment_inference import DENSITY_UNIT, predict
from models.pigment_inputs import ACROSS_PLANE, PLANES, input_planes
from models.pigment_network import PigmentNet, folded_arrays, unfold

SHAPE = (96, 80)
RNG = np.random.default_rng(4)
DENSITY = RNG.uniform(0.1, 0.6, (*SHAPE, 3)).astype(np.float32)
SKIN = np.zeros(SHAPE, bool)
SKIN[10:90, 12:70] = True
ACROSS, DOWN = np.meshgrid(np.linspace(-1.2, 1.2, SHAPE[1]), np.linspace(-1.3, 1.4, SHAPE[0]))
POSITION = np.stack([ACROSS, DOWN], axis=-1).astype(np.float32)


@pytest.fixture(scope="module")
def network() -> PigmentNet:
    """Return a network whose normalisations have seen something, ready for use."""
    torch.manual_seed(3)
    found = PigmentNet()
    for _ in range(3):
        found(torch.randn(2, PLANES, 32, 32))
    return found.eval()


def test_folded_weights_in_numpy_say_what_the_network_says_in_torch(network: PigmentNet) -> None:
    planes = input_planes(DENSITY, SKIN, POSITION)
    mirrored = planes[..., ::-1].copy()
    mirrored[ACROSS_PLANE] *= -1
    with torch.no_grad():
        one, other = (network(torch.from_numpy(p[None]))[0].numpy() for p in (planes, mirrored))
    logit, added = 0.5 * (one + other[..., ::-1])
    probability, density = predict(save(folded_arrays(network)), DENSITY, SKIN, POSITION)
    assert probability[SKIN] == pytest.approx(1 / (1 + np.exp(-logit[SKIN])), abs=1e-4)
    assert density[SKIN] == pytest.approx(DENSITY_UNIT * np.maximum(added[SKIN], 0), abs=1e-4)


def test_a_deeper_network_begins_where_a_shallower_one_ended() -> None:
    torch.manual_seed(5)
    shallow, deep = PigmentNet((1, 1, 1, 1, 1), (1, 1, 1, 1)).eval(), PigmentNet().eval()
    unfold(deep, folded_arrays(shallow))
    planes = torch.from_numpy(input_planes(DENSITY, SKIN, POSITION)[None])
    with torch.no_grad():
        assert torch.allclose(deep(planes), shallow(planes), atol=1e-4)


def test_a_mirrored_face_has_the_mirrored_result(network: PigmentNet) -> None:
    weights = save(folded_arrays(network))
    flipped = POSITION[:, ::-1] * np.array([-1, 1], np.float32)
    for one, other in zip(
        predict(weights, DENSITY, SKIN, POSITION),
        predict(weights, DENSITY[:, ::-1], SKIN[:, ::-1], flipped),
        strict=True,
    ):
        assert other == pytest.approx(one[:, ::-1], abs=1e-5)


def test_there_is_nothing_off_the_skin_and_nothing_without_skin(network: PigmentNet) -> None:
    weights = save(folded_arrays(network))
    for found in predict(weights, DENSITY, SKIN, None):
        assert found[SKIN].any()
        assert not found[~SKIN].any()
    for found in predict(weights, DENSITY, np.zeros(SHAPE, bool), None):
        assert found.shape == SHAPE
        assert not found.any()


def test_brightness_and_tint_of_the_whole_photograph_change_no_plane() -> None:
    darker = DENSITY + np.array([0.2, 0.25, 0.3], np.float32)
    assert input_planes(darker, SKIN, POSITION) == pytest.approx(
        input_planes(DENSITY, SKIN, POSITION), abs=1e-4
    )


def test_a_crop_is_told_from_a_face_by_the_planes_of_position() -> None:
    assert not input_planes(DENSITY, SKIN, None)[4:7].any()
    assert (input_planes(DENSITY, SKIN, POSITION)[6] == 1).all()
