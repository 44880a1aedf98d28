"""How sure it is that a traced line is a rooted hair."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from .evidence import LineJudge
from .roots import Rooting
from .strips import Strip

Floats = NDArray[np.float64]

#: Coefficients of the logistic confidence: fitted by scripts/fit_confidence.py on synthetic scenes
#: with clippings and fibres; the features are those of `features`, in this order.
_INTERCEPT = -3.01
_COEFFICIENTS = np.array([5.13, 1.42, 0.02, 1.02, 0.58, 0.05, 0.83, 1.06])

#: Features besides the log-odds that a judge's lines are told by: a judge sees two ends, not which
#: way hair grows around them; what it sees already is not told twice.
JUDGED_FEATURES = (
    "log-odds",
    "lean",
    "shadow",
    "log plateau over the photo's",
    "log length over the photo's",
)
_TOLD_WITH_JUDGE = [0, 1, 6, 7]

#: No clipping is this long and no fibre casts a shadow below the skin: such a line is a hair,
#: however it leans.  The fit knows clipped hair only.
_SURE_LENGTH_MM, _SURE_SHADOW, _SURE = 1.0, 0.05, 0.8
#: What is around a hair counts with a Gaussian weight of this standard deviation.
_AROUND_MM = 1.5


def confidence(strips: list[Strip], rooting: Rooting, px_per_mm: float) -> Floats:
    """Return for each strip the probability that it is a rooted hair, shape (strips,)."""
    if not strips:
        return np.zeros(0)
    probability = logistic(_INTERCEPT + features(strips, rooting) @ _COEFFICIENTS)
    length_mm = np.array([len(s.points) * s.step_px for s in strips]) / px_per_mm
    is_sure = (length_mm >= _SURE_LENGTH_MM) & (rooting.shadow > _SURE_SHADOW)
    probability[is_sure] = np.maximum(probability[is_sure], _SURE)
    return probability


def judged_confidence(log_odds: NDArray[np.floating], told: Floats, judge: LineJudge) -> Floats:
    """Return the same of lines that a judge chose, from its log-odds (n,) and their `features`."""
    return logistic(judge.intercept + judged_features(log_odds, told) @ judge.coefficients)


def judged_features(log_odds: NDArray[np.floating], told: Floats) -> Floats:
    """Return what speaks for a rooted hair where a judge chose, shape (n, `JUDGED_FEATURES`)."""
    return np.column_stack([log_odds, told[:, _TOLD_WITH_JUDGE]])


def logistic(log_odds: NDArray[np.floating]) -> Floats:
    """Return probabilities from log-odds."""
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(np.asarray(log_odds, np.float64), -30, 30)))
    return probability


def local_clarity(strips: list[Strip], confidences: Floats, px_per_mm: float) -> Floats:
    """Return the mean quality of each strip and the strips around it, shape (strips,), 0 to 1.

    Each neighbour counts by its nearness and by how sure it is.  The grain of a mole or of cloth
    gives lines that agree in direction, but none of them has clear edges; among hairs a poor one
    has clear neighbours.
    """
    if not strips:
        return np.zeros(0)
    middles = np.array([0.5 * (s.points[0] + s.points[-1]) for s in strips], np.float64)
    apart_mm2 = ((middles[:, None] - middles[None]) ** 2).sum(axis=2) / px_per_mm**2
    weight = np.exp(-0.5 * apart_mm2 / _AROUND_MM**2) * np.maximum(confidences, 1e-6)
    clarity: Floats = weight @ np.array([s.quality for s in strips]) / weight.sum(axis=1)
    return clarity


def features(strips: list[Strip], rooting: Rooting) -> Floats:
    """Return what speaks for a rooted hair, shape (strips, features); see the code for each."""
    if not strips:
        return np.zeros((0, len(_COEFFICIENTS)))
    plateau = np.log(np.array([s.plateau for s in strips]))
    worth = np.log(np.array([s.worth_mm for s in strips]))
    length = np.array([len(s.points) * s.step_px for s in strips])
    return np.column_stack(
        [
            np.minimum(rooting.lean, 0.9),
            np.clip(rooting.shadow, -0.3, 0.3),
            worth,
            np.array([s.support for s in strips]),
            np.array([s.quality for s in strips]),
            plateau,
            plateau - np.median(plateau),
            np.log(length / np.median(length)),
        ]
    )
