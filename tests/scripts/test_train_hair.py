"""The training of hair-3 runs from scene to the model's folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load

from hair_training import model_folder
from hair_training.model_folder import Judging, choose_judging, write_model
from hair_training.random_scenes import FIELD_MM, random_scene
from hair_training.samples import _partners, crowded_scene, sample_scene
from imaging.hair.segmenter import learned_model
from imaging.synthetic.scalp import PRESETS
from models.line_network import LineNet
from train_hair import draw_samples, train

SAMPLE = Path(__file__).parents[2] / "sample_images" / "hair" / "s01_baseline.jpg"


@pytest.mark.slow
def test_two_steps_on_one_scene_give_weights_that_fit_the_network() -> None:
    samples = draw_samples(2, seed=2, told=lambda line: None)
    assert len(samples.windows) == len(samples.moves) > 0
    weights, curve = train(samples, steps=2, seed=1, told=lambda line: None)
    assert [step for step, _ in curve] == [1, 2]
    assert set(LineNet().state_dict()) | {"values.mean", "values.spread"} == set(load(weights))
    again, _ = train(samples, steps=2, seed=1, told=lambda line: None)
    assert again == weights


def test_the_same_seed_draws_the_same_samples() -> None:
    first, second = (
        sample_scene(crowded_scene(rng), rng)
        for rng in (np.random.default_rng(2), np.random.default_rng(2))
    )
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.windows, second.windows)
    np.testing.assert_array_equal(first.moves, second.moves)


def test_a_line_is_of_a_hair_that_can_be_seen_before_one_that_is_covered() -> None:
    lines = np.array([[[0.0, 0], [50, 0]], [[0, 9], [50, 9]], [[0, 200], [50, 200]]])
    truth = lines[[0, 1]] + (0, 4)
    partner = _partners(lines, truth, np.array([False, True]), tolerance_px=20.0)
    np.testing.assert_array_equal(partner, [0, 1, -1])
    # Alone, the first line lies on the covered hair, but goes to the one that is seen.
    is_seen = np.array([False, True])
    partner = _partners(lines[:1], truth - (0, 4), is_seen, tolerance_px=20.0)
    np.testing.assert_array_equal(partner, [1])


@pytest.mark.slow
def test_clippings_on_bare_skin_are_samples_of_no_hair() -> None:
    clipped = PRESETS["clipped_light_skin"]
    spec = replace(
        clipped,
        width_px=480,
        height_px=360,
        units=replace(clipped.units, density_per_cm2=0.0),
        surface=replace(clipped.surface, clippings_per_cm2=40.0),
    )
    samples = sample_scene(spec, np.random.default_rng(4))
    assert samples is not None
    assert not samples.is_hair.any()


def test_a_scene_shows_a_few_units_whatever_its_scale() -> None:
    for seed in range(20):
        spec = random_scene(np.random.default_rng(seed))
        # A whole number of pixels.
        assert abs(spec.width_px / spec.px_per_mm - FIELD_MM[0]) < 0.02


def test_the_folder_names_the_digest_of_its_weights(tmp_path: Path) -> None:
    write_model(tmp_path / "hair-3", b"weights", Judging(), {"seed": 1})
    record = json.loads((tmp_path / "hair-3" / "model.json").read_text())
    assert record["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert record["name"] == "hair-3"
    assert {"share", "root_mm", "tip_mm", "log_odds", "reason"} == set(record["judging"])


@pytest.mark.slow
def test_the_numbers_are_chosen_on_the_first_labelled_frames_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_folder, "SHARES", (0.75,))
    shutil.copy(SAMPLE, tmp_path / "frame_03.jpg")
    rows = ["photo,label,root_x_px,root_y_px,tip_x_px,tip_y_px"]
    rows += [f"frame_{number}.jpg,single,100,100,150,150" for number in ("03", "20")]
    (tmp_path / "hairs.csv").write_text("\n".join(rows) + "\n")
    # There is no picture of frame 20: it is not looked at.
    chosen = choose_judging(learned_model("hair-3").weights, tmp_path)
    assert chosen.share == 0.75
    assert "before number 20" in chosen.reason
