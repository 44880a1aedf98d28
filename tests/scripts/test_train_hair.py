"""The training of hair-5 runs from scene to the model's folder."""

from __future__ import annotations

import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from safetensors.torch import load

from hair_training import samples as samples_module
from hair_training.model_folder import Judging, choose_judging, fit_judging, write_model
from hair_training.random_scenes import FIELD_MM, random_scene
from hair_training.samples import (
    FAR_MM,
    LEAST_IN_FIELD_MM,
    LEVELS,
    Samples,
    crowded_scene,
    evidence_of,
    sample_scene,
    true_ends_px,
)
from imaging.hair.confidence import JUDGED_FEATURES
from imaging.hair.segmenter import learned_model
from imaging.synthetic.scalp import PRESETS, make_scalp
from models.line_network import LineNet
from train_hair import draw_samples, train

SAMPLE = Path(__file__).parents[2] / "sample_images" / "hair" / "s01_baseline.jpg"
PLAIN = Judging(0.0, (1.0, 0.0, 0.0, 0.0, 0.0))


def silent(line: str) -> None:
    """Tell nobody."""


@pytest.mark.slow
def test_two_steps_on_two_scenes_give_weights_that_fit_the_network() -> None:
    samples = draw_samples(2, seed=2, workers=1, told=silent)
    assert len(samples.windows) == len(samples.moves) == len(samples.away_mm) > 0
    weights, curve = train(samples, steps=2, seed=1, told=silent)
    assert [step for step, _ in curve] == [1, 2]
    assert set(LineNet().state_dict()) | {"values.mean", "values.spread"} == set(load(weights))
    again, _ = train(samples, steps=2, seed=1, told=silent)
    assert again == weights


@pytest.mark.slow
def test_the_number_of_workers_does_not_change_the_samples() -> None:
    one, two = (draw_samples(3, seed=5, workers=workers, told=silent) for workers in (1, 2))
    np.testing.assert_array_equal(one.windows, two.windows)
    np.testing.assert_array_equal(one.moves, two.moves)


def test_the_same_seed_draws_the_same_samples() -> None:
    first, second = (
        sample_scene(crowded_scene(rng), rng)
        for rng in (np.random.default_rng(2), np.random.default_rng(2))
    )
    assert first is not None
    assert second is not None
    np.testing.assert_array_equal(first.windows, second.windows)
    np.testing.assert_array_equal(first.away_mm, second.away_mm)


def clipped_scene(monkeypatch: pytest.MonkeyPatch, *, nothing_chosen: float) -> Samples:
    """Return samples of one scene with all hairs chosen, or none."""
    monkeypatch.setattr(samples_module, "NOTHING_CHOSEN", nothing_chosen)
    monkeypatch.setattr(samples_module, "LEAST_CHOSEN", 1.0)
    spec = replace(PRESETS["clipped_light_skin"], width_px=480, height_px=360)
    samples = sample_scene(spec, np.random.default_rng(4))
    assert samples is not None
    return samples


@pytest.mark.slow
def test_a_hair_that_is_chosen_is_nobodys_aim(monkeypatch: pytest.MonkeyPatch) -> None:
    before = clipped_scene(monkeypatch, nothing_chosen=1.0)
    # Nothing is there: 0, kept as a whole number.
    assert (before.windows[:, :, 3] == LEVELS).all()
    # Some lines can reach a hair.
    near = before.away_mm < 0.08
    assert near.sum() >= 10
    after = clipped_scene(monkeypatch, nothing_chosen=0.0)
    assert (after.windows[:, :, 3] > LEVELS).any()
    # One that no line comes near stays free.
    assert (after.away_mm < 0.08).mean() < 0.1 * near.mean()


@pytest.mark.slow
def test_a_hair_that_leaves_the_field_ends_where_it_does() -> None:
    spec = replace(PRESETS["clipped_light_skin"], width_px=480, height_px=360)
    scene = make_scalp(spec, rng=np.random.default_rng(4))
    shafts = evidence_of(scene)
    ends, is_seen = true_ends_px(scene, shafts)
    size = np.array(shafts.valid.shape[::-1])
    assert ((ends[is_seen] >= -0.5) & (ends[is_seen] <= size - 0.5)).all()
    whole = np.array([(hair.root, hair.tip) for hair in scene.hairs]) * shafts.zoom - 0.5
    is_cut = np.abs(ends - whole).max(axis=(1, 2)) > 1.0
    assert 3 <= (is_cut & is_seen).sum() < is_seen.sum() - 3
    length_mm = np.linalg.norm(ends[:, 1] - ends[:, 0], axis=1) / shafts.px_per_mm
    assert length_mm[is_cut & is_seen].min() > 0.8 * LEAST_IN_FIELD_MM


@pytest.mark.slow
def test_moves_lead_from_the_line_to_its_hair(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = clipped_scene(monkeypatch, nothing_chosen=1.0)
    near = samples.away_mm < FAR_MM
    lengths = np.linalg.norm(samples.moves[near], axis=-1).mean(axis=1)
    np.testing.assert_allclose(lengths, samples.away_mm[near], atol=1e-4)


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
    assert (samples.away_mm > FAR_MM).all()


def test_a_scene_shows_a_few_units_whatever_its_scale() -> None:
    for seed in range(20):
        spec = random_scene(np.random.default_rng(seed))
        # A whole number of pixels.
        assert abs(spec.width_px / spec.px_per_mm - FIELD_MM[0]) < 0.02


def test_the_folder_names_the_digest_of_its_weights(tmp_path: Path) -> None:
    write_model(tmp_path / "hair-5", b"weights", PLAIN, {"seed": 1})
    record = json.loads((tmp_path / "hair-5" / "model.json").read_text())
    assert record["sha256"] == hashlib.sha256(b"weights").hexdigest()
    assert record["name"] == "hair-5"
    assert set(record["judging"]) == {
        "least_log_odds",
        "root_mm",
        "tip_mm",
        "intercept",
        "coefficients",
        "reason",
    }


@pytest.mark.slow
def test_the_confidence_is_fitted_on_scenes() -> None:
    weights = learned_model("hair-5").weights
    told: list[str] = []
    judging = fit_judging(weights, range(70_000, 70_006), seed=3, workers=1, told=told.append)
    assert len(judging.coefficients) == len(JUDGED_FEATURES)
    # The likelier the network calls a line, the likelier it is a hair.
    assert judging.coefficients[0] > 0
    assert "of them hairs" in told[0]


@pytest.mark.slow
def test_the_numbers_are_chosen_on_the_first_labelled_frames_alone(tmp_path: Path) -> None:
    shutil.copy(SAMPLE, tmp_path / "frame_03.jpg")
    rows = ["photo,label,root_x_px,root_y_px,tip_x_px,tip_y_px"]
    rows += [f"frame_{number}.jpg,single,100,100,150,150" for number in ("03", "20")]
    (tmp_path / "hairs.csv").write_text("\n".join(rows) + "\n")
    # There is no picture of frame 20: it is not looked at.
    chosen = choose_judging(learned_model("hair-5").weights, PLAIN, tmp_path)
    assert chosen.coefficients == PLAIN.coefficients
    # With one label fewer hairs are too many: the strictest level has the least bias.
    assert chosen.intercept == -1.5
    assert "before number 20" in chosen.reason
