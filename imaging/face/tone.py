"""The tone of a follow-up matched to its baseline on skin that is normal at both visits.

Lesions never take part: what is pigmented at either visit is left out, so that a change of pigment
is not matched away.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import lab_of, linear_light, optical_density, srgb_pixels

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Degree of the light difference in the position, by the least share (percent of the skin) of
#: normal skin that carries it: light moves slowly over a face, and little skin tells little.
DEGREES: tuple[tuple[float, int], ...] = ((30.0, 3), (12.0, 2), (5.0, 1), (0.0, 0))

#: Face width in pixels at which the difference is fitted.
FIT_WIDTH_PX = 120.0
FIT_ROUNDS = 6
#: Robust deviations from which a pixel pulls less.
FIT_REACH = 2.0


@dataclass(frozen=True, eq=False)
class ToneMatch:
    """A follow-up in the light of its baseline.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    shift : float
        CIELAB distance between the mean normal skin of both photos before matching.
    light_density : float
        Standard deviation over the face of the light difference that was taken out, optical
        density in green, its mean left aside.
    reference_percent : float
        Share of the skin that is normal at both visits.
    """

    pixels: Pixels
    shift: float
    light_density: float
    reference_percent: float


def match_tone(
    baseline: Pixels,
    followup: Pixels,
    skin: Mask,
    stable: Mask,
    *,
    face_width_px: float,
    keep_level: bool = False,
) -> ToneMatch:
    """Return the follow-up, laid over its baseline, in the baseline's light.

    Parameters
    ----------
    baseline, followup : ndarray of uint8, shape (h, w, 3)
    skin : ndarray of bool, shape (h, w)
        Skin that both show.
    stable : ndarray of bool, shape (h, w)
        The part of it that is normal at both visits.
    face_width_px : float
    keep_level : bool
        Leave the mean tone as it is (both photos were corrected by a verified colour card) and
        match only how the light falls.

    Notes
    -----
    The difference of optical density is a polynomial of the position in each channel, fitted
    robustly on stable skin: a multiplicative light becomes a sum.
    """
    share = 100.0 * float(stable.sum()) / max(float(skin.sum()), 1.0)
    if not stable.any():
        return ToneMatch(followup, float("nan"), float("nan"), 0.0)
    linear = linear_light(baseline), linear_light(followup)
    before, after = (optical_density(light) for light in linear)
    degree = next(d for least, d in DEGREES if share >= least)
    scale = min(1.0, FIT_WIDTH_PX / face_width_px)
    size = (max(int(skin.shape[1] * scale), 8), max(int(skin.shape[0] * scale), 8))
    weight = cv2.resize(stable.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    step = np.where(stable[..., None], after - before, 0).astype(np.float32)
    sums = cv2.resize(step, size, interpolation=cv2.INTER_AREA)
    small = sums / np.maximum(weight, 1e-3)[..., None]
    fitted = _fit(np.asarray(small, np.float32), np.asarray(weight, np.float32), degree)
    full = cv2.resize(fitted, (skin.shape[1], skin.shape[0]), interpolation=cv2.INTER_LINEAR)
    level = full[skin].mean(axis=0)
    light = float((full[skin] - level)[:, 1].std())
    if keep_level:
        full = full - level
    matched = srgb_pixels(linear[1] * np.power(np.float32(10), full.astype(np.float32)))
    means = [lab_of(part[stable].mean(axis=0)[None, None, :].astype(np.float32)) for part in linear]
    shift = float(np.linalg.norm(means[0] - means[1]))
    return ToneMatch(matched, shift, light, share)


def _fit(difference: NDArray[np.float32], weight: Floats, degree: int) -> Floats:
    height, width = weight.shape
    rows, cols = np.mgrid[:height, :width]
    used = weight > 0.05
    if not used.any():
        used = weight >= weight.max()
    x = (cols - cols[used].mean()) / max(float(cols[used].std()), 1.0) / 2
    y = (rows - rows[used].mean()) / max(float(rows[used].std()), 1.0) / 2
    # Beyond the skin that it was fitted on a polynomial runs away.
    across = np.clip(x, x[used].min(), x[used].max())
    down = np.clip(y, y[used].min(), y[used].max())
    terms = [across**i * down**j for i in range(degree + 1) for j in range(degree + 1 - i)]
    basis = np.stack(terms, axis=-1).astype(np.float64)
    design, target = basis[used], difference[used].astype(np.float64)
    trust = weight[used].astype(np.float64)
    robust = np.ones(len(trust))
    coefficients: NDArray[np.float64] = np.zeros((len(terms), 3))
    for _ in range(FIT_ROUNDS):
        root = np.sqrt(trust * robust)[:, None]
        left = np.vstack([design * root, 0.05 * np.eye(len(terms)) * (np.arange(len(terms)) > 0)])
        right = np.vstack([target * root, np.zeros((len(terms), 3))])
        coefficients = np.asarray(np.linalg.lstsq(left, right, rcond=None)[0], np.float64)
        off = np.abs(target - design @ coefficients).mean(axis=1)
        spread = 1.48 * float(np.median(off)) + 1e-4
        robust = 1 / (1 + (off / (FIT_REACH * spread)) ** 2)
    return np.asarray(basis @ coefficients, np.float32)
