"""The training of hair-2 runs from scene to the model's folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load

from hair_training import model_folder
from hair_training.model_folder import EndMoves, choose_moves, write_model
from hair_training.random_scenes import FIELD_MM, random_scene
from hair_training.samples import crowded_scene, sample_scene
from imaging.hair.segmenter import learned_model
from models.end_network import EndNet
from train_hair import draw_samples, train

SAMPLE = Path(__file__).parents[2] / "sample_images" / "hair" / "s01_baseline.jpg"


@pytest.mark.slow
def test_two_steps_on_one_scene_give_weights_that_fit_the_network() -> None:
    samples = draw_samples(2, seed=2, told=lambda line: None)
    assert len(samples.windows) == len(samples.moves) > 0
    weights, curve = train(samples, steps=2, seed=1, told=lambda line: None)
    assert [step for step, _ in curve] == [1, 2]
    assert set(EndNet().state_dict()) | {"values.mean", "values.spread"} == set(load(weights))
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


def test_a_scene_shows_a_few_units_whatever_its_scale() -> None:
    for seed in range(20):
        spec = random_scene(np.random.default_rng(seed))
        # A whole number of pixels.
        assert abs(spec.width_px / spec.px_per_mm - FIELD_MM[0]) < 0.02


def test_the_folder_names_the_digest_of_its_weights(tmp_path: Path) -> None:
    write_model(tmp_path / "hair-3", b"weights", EndMoves(), {"seed": 1})
    record = json.loads((tmp_path / "hair-3" / "model.json").read_text())
    assert record["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert record["name"] == "hair-3"
    assert {"share", "root_mm", "tip_mm", "reason"} == set(record["end_moves"])


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
    chosen = choose_moves(learned_model("hair-2").weights, tmp_path)
    assert chosen.share == 0.75
    assert "before number 20" in chosen.reason
