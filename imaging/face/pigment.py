"""From the probability of melasma to what is measured: contrast with normal skin, mask, redness.

Every threshold is in physical units, and each is applied to a map that does not depend on it: a
stricter threshold always gives a subset.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import MELASMA_DIRECTION, lightness_of_density, optical_density
from ..photo.symmetry import disc
from ..settings import FaceSettings
from .illumination import RIM_SHARE, NormalSkin, normal_density
from .segmenter import segment_pigment

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]
Matrix = NDArray[np.float64]

#: Ear to ear of an adult; without a scale, millimetres on a face rest on it.
FACE_WIDTH_MM = 135.0

#: Pores and fine hairs are smoothed away over this length before colours are compared.
TEXTURE_MM = 0.6

#: Haemoglobin raises G − R and B − R of optical density by 0.74 and 0.62 for each unit in green,
#: melanin by 0.27 and 0.42.  This combination is blind to melanin and to shading.
MELANIN_SLOPE = 0.27 / 0.42
RED_GAIN = 0.74 / (0.74 - MELANIN_SLOPE * 0.62)

#: Weight of what a segmenter tells of contrast against what normal skin nearby shows, as an area of
#: lesions (share of the squared face width): with few lesions there is little to compare.
TOLD_SHARE = 0.005
#: Limits of the factor between the two.
GAIN_LIMITS = (0.5, 3.0)


@dataclass(frozen=True, eq=False)
class PigmentEvidence:
    """Maps of one face, shape (h, w); NaN-free, 0 off the skin.

    Parameters
    ----------
    probability : ndarray of float32
        Of melasma, 0 to 1.
    contrast : ndarray of float32
        ΔL*: normal skin under the same light − this skin; positive is darker.
    redness : ndarray of float32
        Rise of the erythema index over normal skin that melanin does not explain.
    """

    probability: Floats
    contrast: Floats
    redness: Floats


def find_pigment(
    linear: Floats,
    skin: Mask,
    *,
    face_width_px: float,
    settings: FaceSettings,
    coordinates: Matrix | None = None,
) -> PigmentEvidence:
    """Compare every pixel with the person's own normal skin under the same light.

    Parameters
    ----------
    linear : ndarray of float32, shape (h, w, 3)
        Linear RGB of the working image.
    skin : ndarray of bool, shape (h, w)
        Readable skin, of the scored regions and of the rest of the face.
    face_width_px : float
    settings : FaceSettings
        ``segmenter``.
    coordinates : ndarray of float64, shape (2, 3), optional
        From pixels to face coordinates (`FaceLandmarks.coordinates`); None on a crop.
    """
    if not skin.any():
        empty = np.zeros(skin.shape, np.float32)
        return PigmentEvidence(empty, empty, empty)
    density = optical_density(smooth_skin(linear, skin, TEXTURE_MM * face_width_px / FACE_WIDTH_MM))
    found = segment_pigment(
        density,
        skin,
        face_width_px=face_width_px,
        segmenter=settings.segmenter,
        coordinates=coordinates,
    )
    normal = normal_density(density, skin, found.probability, face_width_px=face_width_px)
    step = density - normal.density
    red = (step[..., 1] - step[..., 0]) - MELANIN_SLOPE * (step[..., 2] - step[..., 0])
    lightness = lightness_of_density(density)
    if found.added is None:
        contrast = lightness_of_density(normal.density) - lightness
    else:
        # Where normal skin is scarce a model of it follows the lesions; the segmenter does not, but
        # tells too little.  So it says where skin is darker, and normal skin nearby by how much.
        unpigmented = density - found.added[..., None] * np.array(MELASMA_DIRECTION, np.float32)
        told = lightness_of_density(unpigmented) - lightness
        contrast = told * _contrast_gain(told, lightness, normal, found.probability, face_width_px)
    return PigmentEvidence(
        probability=found.probability,
        contrast=np.where(skin, contrast, 0).astype(np.float32),
        redness=np.where(skin, 100 * RED_GAIN * red, 0).astype(np.float32),
    )


def _contrast_gain(
    told: Floats, lightness: Floats, normal: NormalSkin, probability: Floats, face_width_px: float
) -> float:
    """Return by how much the lesions of a photo are darker than a segmenter tells.

    Parameters
    ----------
    told : ndarray of float32, shape (h, w)
        Contrast by the segmenter.
    lightness : ndarray of float32, shape (h, w)
        L* of the skin.
    normal : NormalSkin
        Says how far it rests on skin nearby: there it is right.
    probability : ndarray of float32, shape (h, w)
    face_width_px : float
    """
    lesion = probability >= 0.5
    usual = float(told[lesion].mean()) if lesion.any() else 0.0
    if usual <= 0:
        return 1.0
    # Half of the rim that is half pigmented lies within.
    rim = disc(2 * round(0.5 * RIM_SHARE * face_width_px) + 1)
    inner = cv2.erode(lesion.astype(np.uint8), rim) > 0
    weight = normal.support[inner]
    compared = lightness_of_density(normal.density[inner]) - lightness[inner]
    doubt = TOLD_SHARE * face_width_px**2 * usual
    gain = (float(weight @ compared) + doubt) / (float(weight @ told[inner]) + doubt)
    return float(np.clip(gain, *GAIN_LIMITS))


def smooth_skin(linear: Floats, skin: Mask, sigma_px: float) -> Floats:
    """Return linear light averaged over neighbouring skin alone: hair and lips do not leak in."""
    if sigma_px < 0.3:
        return linear
    mask = skin.astype(np.uint8)
    total = np.maximum(cv2.GaussianBlur(mask.astype(np.float32), (0, 0), sigma_px), 1e-3)
    on_skin = np.asarray(cv2.copyTo(linear, mask), np.float32)
    light = cv2.GaussianBlur(on_skin, (0, 0), sigma_px)
    # Three equal channels: spread by numpy over so short an axis, it takes four times as long.
    smooth = np.asarray(light / cv2.merge([total, total, total]), np.float32)
    return np.asarray(cv2.copyTo(smooth, mask, linear.copy()), np.float32)


def pigment_mask(
    evidence: PigmentEvidence,
    skin: Mask,
    *,
    probability: float,
    delta_l: float,
    red_share: float,
    smallest_px: float,
) -> Mask:
    """Return pigmented skin.

    Parameters
    ----------
    evidence : PigmentEvidence
    skin : ndarray of bool, shape (h, w)
        Where it may lie.
    probability : float
        Least probability of melasma; higher is stricter.
    delta_l : float
        Least ΔL* below normal skin; higher is stricter.
    red_share : float
        Most redness, as a share of the contrast; lower is stricter.
    smallest_px : float
        Patches of fewer pixels are left out.
    """
    mask = (
        skin
        & (evidence.probability >= probability)
        & (evidence.contrast >= delta_l)
        & (evidence.redness <= red_share * np.maximum(evidence.contrast, 0))
    )
    return drop_small(mask, smallest_px)


def drop_small(mask: Mask, smallest_px: float) -> Mask:
    """Return the mask without connected parts of fewer pixels; monotone in the mask."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    keep = np.zeros(count, bool)
    keep[1:] = stats[1:, cv2.CC_STAT_AREA] >= smallest_px
    return np.asarray(keep[labels], np.bool_)


def largest_patch_px(mask: Mask) -> float:
    """Return the equivalent diameter, in pixels, of the largest connected part; 0 when empty."""
    stats = cv2.connectedComponentsWithStats(mask.astype(np.uint8))[2]
    area = float(stats[1:, cv2.CC_STAT_AREA].max()) if len(stats) > 1 else 0.0
    return float(2 * np.sqrt(area / np.pi))
