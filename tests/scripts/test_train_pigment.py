"""Training the pigment network writes weights that score a face as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

import train_pigment
from models.pigment_inference import predict


@pytest.fixture
def few_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("FIRST_FACES", 3), ("POOL", 4), ("BATCH", 2), ("REFIT_FACES", 3)):
        monkeypatch.setattr(train_pigment, name, value)


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr("sys.argv", ["train_pigment.py", *arguments])
    train_pigment.main()


@pytest.mark.slow
@pytest.mark.usefixtures("few_faces")
def test_three_stages_write_a_model_and_the_last_can_begin_from_the_others(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    run(monkeypatch, "--out", first, "--steps", "2", "--refine", "1", "--vary", "0")
    run(monkeypatch, "--out", second, "--start", first, "--vary", "1")
    contract = json.loads((tmp_path / "second" / "model.json").read_text(encoding="utf-8"))
    steps = [row[0] for row in contract["training"]["curve_of_step_entropy_density_error"]]
    assert steps == [2, 3, 4]
    face, _ = train_pigment.make_face(np.random.default_rng(1))
    weights = [Path(f, "weights.safetensors").read_bytes() for f in (first, second)]
    assert weights[0] != weights[1]
    for content in weights:
        probability, added = predict(content, face.density, face.skin, None)
        assert ((probability >= 0) & (probability <= 1)).all()
        assert np.isfinite(added).all()


def test_the_area_is_wrong_by_the_share_that_is_too_much() -> None:
    lesion, skin, zone = torch.zeros(1, 16, 16), torch.ones(1, 16, 16), torch.ones(1, 16, 16)
    logit = torch.full((1, 16, 16), -20.0)
    logit[:, :4] = 20.0
    assert float(train_pigment.area_error(logit, lesion, skin, zone)) == pytest.approx(0.25)
    lesion[:, 12:] = 1  # as much elsewhere: the area is right
    assert float(train_pigment.area_error(logit, lesion, skin, zone)) == pytest.approx(
        0.0, abs=1e-6
    )


@pytest.mark.parametrize("make", [train_pigment.make_sample, train_pigment.make_varied_sample])
def test_samples_hold_lesions_on_skin_alone_and_some_hold_none(
    make: train_pigment.Sampler,
) -> None:
    rng = np.random.default_rng(8)
    face, is_crop = train_pigment.make_face(rng)
    truths = [make(face, is_crop, rng)[1] for _ in range(30)]
    assert any(not truth[1].any() for truth in truths)
    assert any(truth[0].any() for truth in truths)
    for lesion, added, *_ in truths:
        assert (added[lesion > 0] > 0).all()
