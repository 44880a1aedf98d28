"""Fit the logistic confidence of `imaging.hair.confidence` on synthetic scenes of known truth.

Every strip that is traced, before any is dropped, is a sample: its features are those of
`confidence.features`, and its label is 1 when it is matched one to one to a true hair.  Prints the
coefficients to paste into `imaging/hair/confidence.py`, and how well they tell hairs from the rest.
Synthetic scenes only, so that anybody can repeat it; the same seeds give the same digits.

    python scripts/fit_confidence.py [--seeds 101 102] [--presets shaved clipped_blond …]
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

# One thread: the sum of floats, and so the last digit, must not depend on the machine.
os.environ.setdefault("OMP_NUM_THREADS", "1")
sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from imaging.hair.confidence import features, logistic
from imaging.hair.roots import find_roots
from imaging.hair.score import extract_evidence
from imaging.hair.strips import choose_strips
from imaging.hair.tracing import join_strips
from imaging.hair.tracks import find_tracks, has_curly_hair
from imaging.records import Photo, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.scalp import PRESETS, ScalpScene, make_scalp

Floats = NDArray[np.float64]

#: Columns of `confidence.features`, in their order.
FEATURES = (
    "lean",
    "shadow",
    "log worth",
    "support",
    "quality",
    "log plateau",
    "log plateau over the photo's",
    "log length over the photo's",
)
#: Scenes that would teach something else: uncut hair has its roots among other hairs, grey hair
#: is mostly not seen, and an empty frame has nothing to trace.
LEFT_OUT = ("long_crossing", "grey_hair", "empty_frame")
#: Both ends of a strip lie this near those of its hair, on average.
MATCHED_MM = 0.17
#: Strips that end nearer to the photo's edge are cut by it and have no true end.
BORDER_MM = 0.17
#: Ridge penalty on all coefficients but the intercept: features go together.
PENALTY = 1.0
ROUNDS = 50
#: Thresholds of `min_confidence` that the report shows.
THRESHOLDS = (0.3, 0.4, 0.5, 0.6, 0.7)
#: Cost of a forbidden pair, far above any distance.
_FORBIDDEN = 1e3


@dataclass(frozen=True)
class Sample:
    """Strips of one or more scenes: features (n, k) and labels (n,), 1 for a hair."""

    features: Floats
    labels: Floats


@dataclass(frozen=True)
class Fit:
    """A logistic model: probability = 1 / (1 + exp(−intercept − features · coefficients))."""

    intercept: float
    coefficients: Floats

    def probability(self, values: Floats) -> Floats:
        """Return the probability of each row, shape (n,)."""
        return logistic(self.intercept + values @ self.coefficients)


def sample_scene(scene: ScalpScene, settings: Settings) -> Sample:
    """Return every strip of a scene that the photo's edge does not cut, and whether it is a hair.

    Parameters
    ----------
    scene : ScalpScene
    settings : Settings

    Returns
    -------
    Sample
    """
    inputs = PhotoInputs(px_per_mm=scene.px_per_mm)
    evidence = extract_evidence(Photo("scene", scene.pixels, "", inputs=inputs), settings)
    shafts = evidence.shafts
    is_curly = has_curly_hair(shafts, settings.hair)
    tracks = find_tracks(shafts, settings.hair, is_curly=is_curly)
    strips, _ = choose_strips(tracks, shafts, settings.hair)
    strips = join_strips(strips, shafts, settings.hair)
    if not strips:
        return Sample(np.zeros((0, len(FEATURES))), np.zeros(0))
    values = features(strips, find_roots(strips, shafts, settings.hair, is_curly=is_curly))
    ends = np.array([(strip.points[0], strip.points[-1]) for strip in strips], np.float64)
    ends = shafts.in_photo(ends)
    truth = np.array([(hair.root, hair.tip) for hair in scene.hairs]).reshape(-1, 2, 2)
    labels = match_ends(ends / scene.px_per_mm, truth / scene.px_per_mm).astype(np.float64)
    margin = BORDER_MM * scene.px_per_mm
    height, width = scene.pixels.shape[:2]
    is_whole = (
        (ends >= margin).all(axis=(1, 2))
        & (ends[..., 0] < width - margin).all(axis=1)
        & (ends[..., 1] < height - margin).all(axis=1)
    )
    return Sample(values[is_whole], labels[is_whole])


def match_ends(found_mm: Floats, true_mm: Floats) -> NDArray[np.bool_]:
    """Tell which found lines are matched one to one to a true one, shape (found,).

    Parameters
    ----------
    found_mm, true_mm : ndarray of float, shape (n, 2, 2)
        Both ends of each line; either end may come first.
    """
    is_matched = np.zeros(len(found_mm), bool)
    if not len(found_mm) or not len(true_mm):
        return is_matched

    def mean_distance(ends: Floats) -> Floats:
        apart: Floats = np.linalg.norm(found_mm[:, None] - ends[None], axis=3).mean(axis=2)
        return apart

    distance = np.minimum(mean_distance(true_mm), mean_distance(true_mm[:, ::-1]))
    cost = np.where(distance <= MATCHED_MM, distance, _FORBIDDEN)
    rows, columns = linear_sum_assignment(cost)
    is_matched[rows[distance[rows, columns] <= MATCHED_MM]] = True
    return is_matched


def fit_logistic(sample: Sample, *, penalty: float = PENALTY) -> Fit:
    """Fit a logistic model by iteratively re-weighted least squares with a ridge penalty.

    Parameters
    ----------
    sample : Sample
    penalty : float
        Weight of the sum of squared coefficients; the intercept is free.

    Notes
    -----
    Newton steps on −log-likelihood + penalty/2 · |β|²: β ← β + (XᵀWX + P)⁻¹ (Xᵀ(y − p) − Pβ).
    """
    design = np.column_stack([np.ones(len(sample.features)), sample.features])
    ridge = penalty * np.ones(design.shape[1])
    ridge[0] = 0.0
    beta = np.zeros(design.shape[1])
    for _ in range(ROUNDS):
        p = logistic(design @ beta)
        weight = p * (1 - p) + 1e-6
        hessian = (design * weight[:, None]).T @ design + np.diag(ridge)
        beta = beta + np.linalg.solve(hessian, design.T @ (sample.labels - p) - ridge * beta)
    return Fit(float(beta[0]), beta[1:])


def area_under_curve(probability: Floats, labels: Floats) -> float:
    """Return the chance that a hair has a higher probability than something else, 0 to 1."""
    hairs, others = probability[labels == 1], probability[labels == 0]
    if not len(hairs) or not len(others):
        return float("nan")
    ordered = np.sort(others)
    below = np.searchsorted(ordered, hairs, "left") + np.searchsorted(ordered, hairs, "right")
    return float(0.5 * below.mean() / len(others))


def report_lines(fit: Fit, sample: Sample, names: Sequence[str] = FEATURES) -> list[str]:
    """Return the report: what each named feature weighs, and what each threshold keeps."""
    probability, labels = fit.probability(sample.features), sample.labels
    lines = [
        f"{len(labels)} strips, {100 * labels.mean():.1f} % of them hairs; "
        f"area under the curve {area_under_curve(probability, labels):.4f}",
        *(f"  {c:+6.2f}  {n}" for n, c in zip(names, fit.coefficients, strict=True)),
        "threshold  kept strips that are hairs  hairs lost  mean confidence of the kept",
    ]
    for threshold in THRESHOLDS:
        kept = probability >= threshold
        if not kept.any():
            continue
        precision = 100 * labels[kept].mean()
        lost = 100 * labels[~kept].sum() / max(labels.sum(), 1)
        believed = 100 * probability[kept].mean()
        lines.append(f"{threshold:9.1f}  {precision:24.1f} %  {lost:8.1f} %  {believed:23.1f} %")
    return lines


def paste_lines(fit: Fit) -> list[str]:
    """Return the two lines of code for `imaging/hair/confidence.py`."""
    numbers = ", ".join(f"{value + 0.0:.2f}" for value in fit.coefficients)
    return [f"_INTERCEPT = {fit.intercept:.2f}", f"_COEFFICIENTS = np.array([{numbers}])"]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the fit; the exit code is 0."""
    names = [name for name in PRESETS if name not in LEFT_OUT]
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, nargs="+", default=[101, 102], metavar="N")
    parser.add_argument(
        "--presets", nargs="+", default=names, choices=sorted(PRESETS), metavar="NAME"
    )
    chosen = parser.parse_args(arguments)
    cv2.setNumThreads(1)
    samples = []
    for name in chosen.presets:
        for seed in chosen.seeds:
            scene = make_scalp(PRESETS[name], rng=np.random.default_rng(seed))
            sample = sample_scene(scene, Settings())
            samples.append(sample)
            print(
                f"{name} {seed}: {len(sample.labels)} strips, {sample.labels.sum():.0f} hairs",
                file=sys.stderr,
                flush=True,
            )
    whole = Sample(
        np.vstack([sample.features for sample in samples]),
        np.concatenate([sample.labels for sample in samples]),
    )
    if whole.labels.min(initial=1) == whole.labels.max(initial=0):
        parser.error("these scenes hold hairs only or none; add presets with clippings or fibres")
    fit = fit_logistic(whole)
    print("\n".join([*report_lines(fit, whole), *paste_lines(fit)]))
    return 0


if __name__ == "__main__":
    sys.exit(main())
