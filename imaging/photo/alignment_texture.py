"""Two photos laid over each other by the skin between the hairs: vessels, marks, relief.

Hairs are painted over, light is taken out, and distinctive points of what is left are compared
(SIFT: Lowe 2004, doi:10.1023/B:VISI.0000029664.99615.94).  Points that agree on one similarity are
counted by random sampling with a fixed seed.  This holds for photos of one session, and over months
where vessels or tattoo dots stay; it is the second choice, for skin with too few roots.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import binom

from ..settings import FollowupSettings
from .alignment_warp import Points, Warp, gentle, similarity

#: The photo, where skin can be seen in it, and its scale.
SkinView = tuple[NDArray[np.uint8], NDArray[np.bool_], float]

#: Light and shadow wider than this are taken out.
_LIGHT_MM = 1.0
#: Hairs leave a rim that is no skin.
_RIM_MM = 0.06
_MOST_POINTS = 1500
#: Lowe's ratio: the second-best description must be this much worse.
_RATIO = 0.8
_SAMPLES, _SEED = 4000, 0
_TOLERANCE_MM = 0.08
_LEAST_INLIERS = 8


@dataclass(frozen=True, eq=False)
class TextureFit:
    """A map in mm and the log10 number of equals by chance."""

    warp: Warp
    chance_log10: float


def find_texture_fit(
    baseline: SkinView, followup: SkinView, *, most_zoom: float, settings: FollowupSettings
) -> TextureFit | None:
    """Return the similarity that most distinctive points of the skin agree on, or None.

    Parameters
    ----------
    baseline, followup : (pixels, skin, px_per_mm)
        uint8 (h, w, 3), bool (h, w) where skin is seen, and the scale.
    most_zoom : float
    settings : FollowupSettings
    """
    first, first_words = _distinctive(baseline, settings.texture_px_per_mm)
    second, second_words = _distinctive(followup, settings.texture_px_per_mm)
    if min(len(first), len(second)) < _LEAST_INLIERS:
        return None
    a, b = _alike(first, first_words, second, second_words)
    if len(a) < _LEAST_INLIERS:
        return None
    return _agree(a, b, most_zoom, followup, settings)


def _distinctive(view: SkinView, px_per_mm: float) -> tuple[Points, NDArray[np.float32]]:
    pixels, skin, scale = view
    zoom = px_per_mm / scale
    size = (max(8, round(pixels.shape[1] * zoom)), max(8, round(pixels.shape[0] * zoom)))
    # Haemoglobin and melanin both absorb green.
    green = np.log(
        cv2.resize(pixels[..., 1], size, interpolation=cv2.INTER_AREA).astype(np.float32) + 1.0
    )
    seen = cv2.resize(skin.astype(np.float32), size, interpolation=cv2.INTER_AREA) >= 0.99
    rim = 2 * max(1, round(_RIM_MM * px_per_mm)) + 1
    seen = cv2.erode(seen.astype(np.uint8), np.ones((rim, rim), np.uint8)).astype(bool)
    sigma = _LIGHT_MM * px_per_mm
    weight = cv2.GaussianBlur(seen.astype(np.float32), (0, 0), sigma) + 1e-3
    light = cv2.GaussianBlur(np.where(seen, green, 0.0), (0, 0), sigma) / weight
    flat = np.where(seen, green - light, 0.0)
    spread = math.sqrt(float((flat[seen] ** 2).mean())) if seen.any() else 1.0
    levels = np.clip(128 + 40 * flat / max(spread, 1e-6), 0, 255).astype(np.uint8)
    # The stubs of OpenCV 5 lack it.
    detector = cv2.SIFT_create(  # type: ignore[attr-defined]
        nfeatures=_MOST_POINTS, contrastThreshold=0.02
    )
    keys, words = detector.detectAndCompute(levels, seen.astype(np.uint8))
    if words is None or not keys:
        return np.zeros((0, 2)), np.zeros((0, 128), np.float32)
    points = (np.array([key.pt for key in keys]) + 0.5) / px_per_mm
    return points, np.asarray(words, np.float32)


def _alike(
    first: Points,
    first_words: NDArray[np.float32],
    second: Points,
    second_words: NDArray[np.float32],
) -> tuple[Points, Points]:
    """Return the points whose descriptions are each other's best, with a clear lead."""
    # Descriptions have one length: the dot product orders as the distance does.
    alike = (first_words / np.linalg.norm(first_words, axis=1, keepdims=True)) @ (
        second_words / np.linalg.norm(second_words, axis=1, keepdims=True)
    ).T
    distance = np.sqrt(np.maximum(2.0 - 2.0 * alike, 0.0))
    nearest, back = distance.argmin(axis=1), distance.argmin(axis=0)
    best_two = np.partition(distance, 1, axis=1)[:, :2]
    mine = np.arange(len(first))
    is_clear = (best_two[:, 0] <= _RATIO * best_two[:, 1]) & (back[nearest] == mine)
    return first[is_clear], second[nearest[is_clear]]


def _agree(
    a: Points, b: Points, most_zoom: float, followup: SkinView, settings: FollowupSettings
) -> TextureFit | None:
    rng = np.random.default_rng(_SEED)
    picks = np.array([rng.choice(len(a), 2, replace=False) for _ in range(_SAMPLES)])
    z, w = a @ np.array([1.0, 1.0j]), b @ np.array([1.0, 1.0j])
    run = z[picks[:, 1]] - z[picks[:, 0]]
    with np.errstate(divide="ignore", invalid="ignore"):
        turn = (w[picks[:, 1]] - w[picks[:, 0]]) / run
    allowed = (np.abs(run) > 0.5) & (np.abs(np.log(np.abs(turn) + 1e-12)) <= math.log(most_zoom))
    allowed &= np.abs(np.angle(turn, deg=True)) <= settings.most_turn_deg
    turn, origin = turn[allowed], picks[allowed, 0]
    if not len(turn):
        return None
    left = np.abs(turn[:, None] * (z[None] - z[origin, None]) + w[origin, None] - w[None])
    best = int((left <= _TOLERANCE_MM).sum(axis=1).argmax())
    inlier = left[best] <= _TOLERANCE_MM
    for _ in range(3):
        if inlier.sum() < _LEAST_INLIERS:
            return None
        warp = similarity(a[inlier], b[inlier])
        warp = gentle(a[inlier], b[inlier], warp, has_bend=bool(inlier.sum() >= 20))
        inlier = np.linalg.norm(warp.forward(a) - b, axis=1) <= _TOLERANCE_MM
    pixels, _, scale = followup
    area = pixels.shape[0] * pixels.shape[1] / scale**2
    chance = math.pi * _TOLERANCE_MM**2 / area
    # Two points made the hypothesis; every pair of them was one.
    tail = float(binom.logsf(inlier.sum() - 3, len(a) - 2, chance)) / math.log(10)
    return TextureFit(warp, tail + 2 * math.log10(len(a)))
