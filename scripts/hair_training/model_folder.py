"""Choose among checkpoints, fit the confidence, and write the folder of the model."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from benchmarking.labelled_frames import as_ends, frame_number, pool, read_labels
from fit_confidence import BORDER_MM, LEFT_OUT, Sample, fit_logistic, match_ends, report_lines
from imaging.hair.score import extract_evidence
from imaging.hair.voted_hair import FEATURES, features
from imaging.hair.votes import collect_hairs
from imaging.photo.reading import read_photo
from imaging.records import Photo, PhotoInputs
from imaging.settings import HairSettings, Settings
from imaging.synthetic.scalp import PRESETS, ScalpScene, make_scalp
from models import registry
from models.networks import REACH_MM, STRIDE, HairNet

#: The confidence is fitted on whole photographs, since it compares each hair with the others: the
#: named presets with these seeds, of which nothing is trained on.
FITTED_SEEDS = (301, 302)
#: Confidence before one is fitted: cover and core alone.
PLAIN = (-4.0, 1.5, 3.0, 0.5, 0.5, 0.0, 0.0, 0.5, 0.0, 0.0, 3.0, 0.5)
#: Labelled photographs that may be chosen on end before this one.
FIRST_REPORTED = 20

Told = Callable[[str], None]


def write_model(
    folder: Path, weights: bytes, training: dict[str, Any], *, logistic: tuple[float, ...]
) -> None:
    """Write ``weights.safetensors`` and ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(weights)
    record = {
        "name": folder.name,
        "architecture": "HairNet of models/networks.py, "
        f"{sum(p.numel() for p in HairNet().parameters())} parameters",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "licence": "Apache-2.0",
        "px_per_mm": HairSettings().working_px_per_mm,
        "input": "ln(local skin / pixel) per channel, limited by models.inference.limit_density",
        "output": f"maps of ShaftMaps, one pixel for {STRIDE} x {STRIDE}; reach {REACH_MM} mm",
        "logistic": [round(value, 4) for value in logistic],
        "logistic_features": ["intercept", *FEATURES],
        "logistic_reason": f"fitted on the presets of imaging.synthetic, seeds {FITTED_SEEDS}",
        "training_data": "generated scalps alone (scripts/hair_training/random_scenes.py)",
        "training": training,
    }
    (folder / "model.json").write_text(json.dumps(record, indent=1) + "\n")


def fit_model_confidence(name: str, *, told: Told) -> tuple[float, ...]:
    """Return intercept and coefficients of the confidence of an installed model."""
    rows = [
        _sample(make_scalp(PRESETS[preset], rng=np.random.default_rng(seed)), name)
        for preset in PRESETS
        if preset not in LEFT_OUT
        for seed in FITTED_SEEDS
    ]
    whole = Sample(
        np.vstack([row.features for row in rows]), np.concatenate([row.labels for row in rows])
    )
    fit = fit_logistic(whole)
    for line in report_lines(fit, whole, FEATURES):
        told(line)
    return (fit.intercept, *(float(value) for value in fit.coefficients))


def score_labelled(name: str, folder: Path, *, px_per_mm: float) -> float:
    """Return F1 at the narrow tolerance on the first frames of a folder of labelled photographs."""
    labels = {
        photo: of
        for photo, of in read_labels(folder / "hairs.csv").items()
        if (frame_number(photo) or 0) < FIRST_REPORTED
    }
    settings = _settings(name)
    traced = {}
    for photo in labels:
        inputs = PhotoInputs(px_per_mm=px_per_mm)
        read = read_photo(folder / photo, photo_id=photo, settings=settings.photo, inputs=inputs)
        shafts = extract_evidence(read, settings).shafts
        traced[photo] = as_ends(
            [
                tuple(shafts.in_photo(hair.points[[0, -1]]).ravel())
                for hair in collect_hairs(shafts, settings.hair)
                if hair.confidence >= settings.hair.min_vote_confidence
            ]
        )
    accuracy = pool(traced, labels)
    return accuracy.f1[min(accuracy.f1)]


def _sample(scene: ScalpScene, name: str) -> Sample:
    """Return the features of every line of a scene that no edge cuts, and whether it is a hair."""
    settings = _settings(name)
    inputs = PhotoInputs(px_per_mm=scene.px_per_mm)
    shafts = extract_evidence(Photo("scene", scene.pixels, "", inputs=inputs), settings).shafts
    hairs = collect_hairs(shafts, settings.hair)
    if not hairs:
        return Sample(np.zeros((0, len(FEATURES))), np.zeros(0))
    ends = np.array([hair.points[[0, -1]] for hair in hairs])
    ends_mm = shafts.in_photo(ends) / scene.px_per_mm
    truth = np.array([(hair.root, hair.tip) for hair in scene.hairs]).reshape(-1, 2, 2)
    labels = match_ends(ends_mm, truth / scene.px_per_mm).astype(np.float64)
    far = np.array(scene.pixels.shape[1::-1]) / scene.px_per_mm - BORDER_MM
    is_whole = ((ends_mm >= BORDER_MM) & (ends_mm <= far)).all(axis=(1, 2))
    return Sample(features(hairs)[is_whole], labels[is_whole])


def _settings(name: str) -> Settings:
    defaults = Settings()
    return dataclasses.replace(defaults, hair=dataclasses.replace(defaults.hair, segmenter=name))


def forget_model() -> None:
    """Let the next use of a model read its files again."""
    from imaging.hair import segmenter

    segmenter.learned_model.cache_clear()


def model_folder(name: str) -> Path:
    """Return where an installed model of this name lies."""
    return registry.WEIGHTS_FOLDER / name
