"""Both visits of a face as evidence of one kind: the follow-up is the baseline and what changed.

Two photos of unchanged skin, segmented apart, differ by whatever the segmenter makes of noise.  So
the follow-up's evidence is the baseline's, moved by the measured difference of optical density:
what did not change stays as it was judged, and the baseline's reference skin stays the reference.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from scipy.special import expit, logit

from ..photo.colour import lab_of, lightness_of_density, typology_angle_deg
from ..records import FaceScore
from ..settings import Settings
from .laying import LaidFace, label_of
from .pigment import FACE_WIDTH_MM, MELANIN_SLOPE, RED_GAIN
from .region_change import smooth_step
from .score import FaceEvidence, score_evidence

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Differences are averaged over this length: what the warp does not place better.
STEP_BLUR_MM = 2.0

#: Log odds of pigment for a rise of 1 ΔL*: lesions start near 0.045 of optical density with a step
#: of 0.012, and 1 ΔL* of facial skin is about 0.016.
ODDS_PER_DELTA_L = 1.3

#: Log odds beyond this are a segmenter's certainty, not a distance: 3 ΔL* overturn them.
MOST_ODDS = 4.0


def score_both(
    baseline: FaceEvidence, laid: LaidFace, *, regions: tuple[str, ...], settings: Settings
) -> tuple[FaceScore, FaceScore]:
    """Score baseline and follow-up on the skin that both show.

    Parameters
    ----------
    baseline : FaceEvidence
    laid : LaidFace
    regions : tuple of str
        Regions of the baseline's score.
    settings : Settings

    Returns
    -------
    (FaceScore, FaceScore)
    """
    labels = np.where(laid.common, baseline.labels, 0).astype(np.int32)
    readable = {name: _readable(baseline, labels, name, settings) for name in regions}
    before = replace(baseline, labels=labels, readable_percent=readable)
    return score_evidence(before, settings), score_evidence(
        _moved(before, laid, settings), settings
    )


def _readable(
    evidence: FaceEvidence, labels: NDArray[np.int32], name: str, settings: Settings
) -> float:
    """Return the readable share of a region: as at baseline where enough of it is seen again."""
    label = label_of(name)
    whole = float((evidence.labels == label).sum())
    seen = 100.0 * float((labels == label).sum()) / max(whole, 1.0)
    least = settings.face.min_readable_percent
    return evidence.readable_percent[name] if seen >= least else min(seen, least / 2)


def _moved(evidence: FaceEvidence, laid: LaidFace, settings: Settings) -> FaceEvidence:
    skin = laid.common
    blur = STEP_BLUR_MM * laid.face_width_px / FACE_WIDTH_MM
    step = smooth_step(laid.density_step, skin, sigma_px=blur)
    base = smooth_step(evidence.density, skin, sigma_px=blur)
    step = _without_noise(step, base, settings.followup.face_noise_delta_l)
    density = evidence.density + step
    darker = lightness_of_density(base) - lightness_of_density(base + step)
    darker = np.where(skin, darker, 0).astype(np.float32)
    red = (step[..., 1] - step[..., 0]) - MELANIN_SLOPE * (step[..., 2] - step[..., 0])
    pigment = evidence.pigment
    edge = expit(-MOST_ODDS)
    odds = logit(np.clip(pigment.probability.astype(np.float64), edge, 1 - edge))
    probability = expit(odds + ODDS_PER_DELTA_L * darker)
    return replace(
        evidence,
        pigment=replace(
            pigment,
            probability=np.where(skin, probability, 0).astype(np.float32),
            contrast=np.where(skin, pigment.contrast + darker, 0).astype(np.float32),
            redness=np.where(skin, pigment.redness + 100 * RED_GAIN * red, 0).astype(np.float32),
        ),
        density=density,
        ita_deg=typology_angle_deg(lab_of(np.power(np.float32(10), -density))),
    )


def _without_noise(step: Floats, base: Floats, noise_delta_l: float) -> Floats:
    """Return the step shrunk to 0 where it is within the noise, and hardly at all far above it.

    Notes
    -----
    The factor is max(0, 1 − (noise / change)²): a change of five times the noise loses 4 %.
    """
    change = np.abs(lightness_of_density(base) - lightness_of_density(base + step))
    factor = np.clip(1 - (noise_delta_l / np.maximum(change, 1e-6)) ** 2, 0, 1)
    return np.asarray(step * factor[..., None], np.float32)
