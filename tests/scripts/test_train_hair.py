"""The training of hair-2 runs from scene to weights."""

from __future__ import annotations

import numpy as np
from safetensors.torch import load
from train_hair import train

from hair_training.samples import crowded_scene, sample_scene
from models.end_network import EndNet


def test_two_steps_on_one_scene_give_weights_that_fit_the_network() -> None:
    rng = np.random.default_rng(2)
    samples = sample_scene(crowded_scene(rng), rng)
    assert samples is not None
    assert len(samples.windows) == len(samples.moves) > 0
    weights, curve = train(samples, steps=2, seed=1, told=lambda line: None)
    assert [step for step, _ in curve] == [1, 2]
    arrays = load(weights)
    assert set(EndNet().state_dict()) | {"values.mean", "values.spread"} == set(arrays)
