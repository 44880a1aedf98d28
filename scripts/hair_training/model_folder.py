"""Set how a trained network judges, and write the folder of the model.

Its confidence is fitted on generated scalps that it was not trained on.  Two lengths and the level
from which a line is a hair are chosen on labelled photographs, if there are any.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from benchmarking.labelled_frames import (
    TOLERANCES_PX,
    Accuracy,
    Ends,
    as_ends,
    frame_number,
    pool,
    read_labels,
)
from fit_confidence import Sample, fit_logistic, match_ends
from imaging.errors import DermetryError
from imaging.hair.confidence import JUDGED_FEATURES, features, judged_features
from imaging.hair.evidence import LineJudge
from imaging.hair.roots import find_roots
from imaging.hair.score import extract_evidence
from imaging.hair.segmenter import line_judge
from imaging.hair.tracing import TracedHair, find_strips, trace_hairs
from imaging.hair.tracks import has_curly_hair
from imaging.photo.reading import read_photo
from imaging.records import PhotoInputs
from imaging.settings import HairSettings
from imaging.synthetic.scalp import make_scalp
from models.line_network import LineNet

from .samples import (
    crowded_scene,
    evidence_of,
    evidence_settings,
    processes,
    true_ends_px,
)

#: Lines are chosen from here on: fewer than half of those this unlikely are hairs.
LEAST_LOG_ODDS = -1.5
#: Scale of the labelled photographs, px/mm.
LABELLED_PX_PER_MM = 179.5
#: Labelled photographs that may be chosen on end before this one.
FIRST_REPORTED = 20
#: Moves outwards of roots and tips, mm, among which is chosen by F1 at the narrow tolerance.
ROOTS_MM = (0.0, -0.01, -0.02, -0.03)
TIPS_MM = (-0.01, -0.02, -0.03, -0.04)
#: What is added to the log-odds, among which is chosen by the count's bias.
ADDED_LOG_ODDS = tuple(float(v) for v in np.round(np.arange(-1.5, 1.51, 0.1), 1))


@dataclass(frozen=True)
class Judging:
    """Numbers of the contract, those of `LineJudge`, and why they are these."""

    intercept: float
    coefficients: tuple[float, ...]
    least_log_odds: float = LEAST_LOG_ODDS
    root_mm: float = -0.02
    tip_mm: float = -0.03
    reason: str = "fitted on generated scalps; no photograph was looked at"

    def judge(self, weights: bytes) -> LineJudge:
        """Return the judge with these weights."""
        numbers = {name: value for name, value in vars(self).items() if name != "reason"}
        return line_judge(weights, **numbers)


def fit_judging(
    weights: bytes, scenes: range, *, seed: int, workers: int, told: Callable[[str], None]
) -> Judging:
    """Return the judging whose confidence is fitted on these scenes; they must be new to it."""
    with processes(workers) as pool:
        samples = list(pool.map(partial(_chosen_lines, weights, seed), scenes, chunksize=8))
    whole = Sample(
        np.vstack([sample.features for sample in samples]),
        np.concatenate([sample.labels for sample in samples]),
    )
    fit = fit_logistic(whole)
    told(f"{len(whole.labels)} chosen lines, {100 * whole.labels.mean():.1f} % of them hairs")
    return Judging(
        round(fit.intercept, 3), tuple(round(float(value), 3) for value in fit.coefficients)
    )


def _chosen_lines(weights: bytes, seed: int, scene_number: int) -> Sample:
    """Return every chosen line of a scene, and whether it is a hair."""
    nothing = Sample(np.zeros((0, len(JUDGED_FEATURES))), np.zeros(0))
    rng = np.random.default_rng([seed, scene_number])
    judge = Judging(0.0, (0.0,) * len(JUDGED_FEATURES)).judge(weights)
    try:
        scene = make_scalp(crowded_scene(rng), rng=rng)
        shafts = replace(evidence_of(scene), judge=judge)
    except DermetryError:
        return nothing  # Nothing of this scene can be read.
    settings = evidence_settings().hair
    is_curly = has_curly_hair(shafts, settings)
    strips, judged = find_strips(shafts, settings, is_curly=is_curly)
    if judged is None or not judged.strips:
        return nothing
    count = len(judged.strips)
    rooting = find_roots(strips, shafts, settings, is_curly=is_curly, judged=count)
    told = features(strips, rooting)[:count]
    ends = np.array([strip.points[[0, -1]] for strip in judged.strips], np.float64)
    truth, is_seen = true_ends_px(scene, shafts)
    mm = 1 / shafts.px_per_mm
    is_hair = match_ends(ends * mm, truth * mm)
    # Whether a line on a hair that others cover is a hair, nobody can tell.
    is_told = is_hair == match_ends(ends * mm, truth[is_seen] * mm)
    return Sample(judged_features(judged.log_odds, told)[is_told], is_hair[is_told].astype(float))


def choose_judging(weights: bytes, fitted: Judging, folder: Path) -> Judging:
    """Return the judging that does best on the first labelled frames.

    Parameters
    ----------
    weights : bytes
    fitted : Judging
        From `fit_judging`.
    folder : Path
        Photographs at `LABELLED_PX_PER_MM` and their ``hairs.csv``; those from `FIRST_REPORTED`
        on are not looked at.
    """
    labels = {
        photo: of
        for photo, of in read_labels(folder / "hairs.csv").items()
        if (frame_number(photo) or 0) < FIRST_REPORTED
    }
    judge = replace(fitted, root_mm=0.0, tip_mm=0.0).judge(weights)
    traced = {photo: _trace(folder / photo, judge) for photo in labels}
    level = HairSettings().min_confidence

    def accuracy(root_mm: float, tip_mm: float, added: float = 0.0) -> Accuracy:
        least = level / (level + (1 - level) * np.exp(added))
        return pool(
            {
                photo: _drawn([hair for hair in hairs if hair.confidence >= least], root_mm, tip_mm)
                for photo, hairs in traced.items()
            },
            labels,
        )

    narrow = min(TOLERANCES_PX)
    ends = {pair: accuracy(*pair).f1[narrow] for pair in itertools.product(ROOTS_MM, TIPS_MM)}
    best = max(ends, key=lambda pair: ends[pair])
    biases = {added: accuracy(*best, added).count_bias for added in ADDED_LOG_ODDS}
    added = min(biases, key=lambda value: abs(biases[value]))
    return replace(
        fitted,
        root_mm=best[0],
        tip_mm=best[1],
        intercept=round(fitted.intercept + added, 3),
        reason=(
            "confidence fitted on generated scalps; on the labelled frames before number "
            f"{FIRST_REPORTED} the ends are the best of {len(ends)} pairs by F1 at the narrow "
            f"tolerance ({ends[best]:.4f}: real shafts fade faster), and with {added} added to the "
            f"log-odds the count has the least bias ({100 * biases[added]:.1f} %)"
        ),
    )


def _trace(path: Path, judge: LineJudge) -> list[TracedHair]:
    """Return all lines of a labelled frame, however unlikely."""
    settings = evidence_settings()
    inputs = PhotoInputs(px_per_mm=LABELLED_PX_PER_MM)
    photo = read_photo(path, photo_id=path.name, settings=settings.photo, inputs=inputs)
    shafts = replace(extract_evidence(photo, settings).shafts, judge=judge)
    return trace_hairs(shafts, replace(settings.hair, min_confidence=0.0))


def _drawn(hairs: list[TracedHair], root_mm: float, tip_mm: float) -> Ends:
    """Return the ends of hairs in pixels, moved outwards by so much."""
    ends = np.array([hair.path_px[[0, -1]] for hair in hairs]).reshape(-1, 2, 2)
    run = ends[:, 1] - ends[:, 0]
    run /= np.maximum(np.linalg.norm(run, axis=1, keepdims=True), 1e-6)
    outwards_px = LABELLED_PX_PER_MM * np.stack([-root_mm * run, tip_mm * run], axis=1)
    return as_ends((ends + outwards_px).reshape(-1, 4))


def write_model(folder: Path, weights: bytes, judging: Judging, training: dict[str, Any]) -> None:
    """Write ``weights.safetensors`` and ``model.json``."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "weights.safetensors").write_bytes(weights)
    record = {
        "name": folder.name,
        "architecture": "LineNet of models/line_network.py, "
        f"{sum(p.numel() for p in LineNet().parameters())} parameters",
        "sha256": hashlib.sha256(weights).hexdigest(),
        "licence": "Apache-2.0",
        "px_per_mm": HairSettings().working_px_per_mm,
        "input": "windows and values of imaging/hair/line_judging.py, values over their mean and "
        "spread, which lie beside the weights",
        "output": "moves of both ends in mm, and the logit of a hair that is not chosen yet",
        "judging": vars(judging),
        "training_data": "generated scalps alone (scripts/hair_training/samples.py); no photograph",
        "training": training,
    }
    (folder / "model.json").write_text(json.dumps(record, indent=1) + "\n")
