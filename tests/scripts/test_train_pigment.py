"""Training the pigment network writes weights that score a face as they stand."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

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
def test_both_stages_write_a_model_and_the_second_can_begin_from_the_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = str(tmp_path / "first"), str(tmp_path / "second")
    run(monkeypatch, "--out", first, "--steps", "2", "--refine", "0")
    run(monkeypatch, "--out", second, "--start", first, "--refine", "1")
    contract = json.loads((tmp_path / "second" / "model.json").read_text(encoding="utf-8"))
    steps = [row[0] for row in contract["training"]["curve_of_step_entropy_density_error"]]
    assert steps == [2, 3]
    face, _ = train_pigment.make_face(np.random.default_rng(1))
    weights = [Path(f, "weights.safetensors").read_bytes() for f in (first, second)]
    assert weights[0] != weights[1]
    for content in weights:
        probability, added = predict(content, face.density, face.skin, None)
        assert ((probability >= 0) & (probability <= 1)).all()
        assert np.isfinite(added).all()


def test_samples_hold_lesions_on_skin_alone_and_some_hold_none() -> None:
    rng = np.random.default_rng(8)
    face, is_crop = train_pigment.make_face(rng)
    truths = [train_pigment.make_sample(face, is_crop, rng)[1] for _ in range(30)]
    assert any(not truth[1].any() for truth in truths)
    assert any(truth[0].any() for truth in truths)
    for lesion, added, _ in truths:
        assert (added[lesion > 0] > 0).all()
