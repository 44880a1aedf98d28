"""What VISIA users expect beside melasma: brown spots, red areas, evenness."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import LUMINANCE, lightness_of_luminance
from ..settings import FaceSettings
from .pigment import drop_small, smooth_skin

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: A spot is round: its area fills at least this share of the box around it; hairs and folds do not.
MIN_FILL = 0.4
#: Longest side of that box over its shortest.
MAX_STRETCH = 2.5


@dataclass(frozen=True, eq=False)
class SpotEvidence:
    """Small sharp dark things on the skin: ΔL* against the skin round them, shape (h, w)."""

    depth: Floats


def find_spots(
    linear: Floats, skin: Mask, *, px_per_mm: float, settings: FaceSettings
) -> SpotEvidence:
    """Return how much darker each pixel is than the skin within ``spot_max_mm`` round it.

    A morphological closing fills everything narrower than a spot may be; what it filled is the
    spot.  Broad patches and shading are the same before and after.
    """
    smooth = smooth_skin(linear, skin, 0.15 * px_per_mm)
    lightness = lightness_of_luminance(np.asarray(smooth @ LUMINANCE, np.float32))
    level = float(np.median(lightness[skin])) if skin.any() else 0.0
    filled = np.where(skin, lightness, level).astype(np.float32)
    size = max(round(settings.spot_max_mm * px_per_mm) | 1, 3)
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    closed = cv2.morphologyEx(filled, cv2.MORPH_CLOSE, disc)
    # Half the disc away from the rim: brows, lips and hair leak in as dark dots.
    inner = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, 3) >= size / 4
    return SpotEvidence(np.where(inner, closed - filled, 0).astype(np.float32))


def spot_mask(
    evidence: SpotEvidence, skin: Mask, *, px_per_mm: float, settings: FaceSettings
) -> Mask:
    """Return the brown spots: sharp, dark, round, ``spot_min_mm`` to ``spot_max_mm`` wide."""
    deep = (evidence.depth >= settings.spot_delta_l) & skin
    count, labels, stats, _ = cv2.connectedComponentsWithStats(deep.astype(np.uint8))
    keep = np.zeros(count, bool)
    for i in range(1, count):
        width, height, area = (
            int(stats[i, key]) for key in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA)
        )
        diameter_mm = 2 * np.sqrt(area / np.pi) / px_per_mm
        keep[i] = (
            settings.spot_min_mm <= diameter_mm <= settings.spot_max_mm
            and area >= MIN_FILL * width * height
            and max(width, height) <= MAX_STRETCH * min(width, height) + 1
        )
    return np.asarray(keep[labels], np.bool_)


def red_mask(redness: Floats, skin: Mask, *, px_per_mm: float, settings: FaceSettings) -> Mask:
    """Return the red areas: an erythema index at least ``red_delta_erythema`` above normal skin."""
    smallest_px = np.pi / 4 * (settings.smallest_red_mm * px_per_mm) ** 2
    return drop_small(skin & (redness >= settings.red_delta_erythema), float(smallest_px))


def evenness(contrast: Floats, region: Mask) -> float:
    """Return 100 − spread of lightness (half the 10–90 % range, ΔL*) with the light taken out.

    100 is perfectly even; each unit is one ΔL*; never under 0.
    """
    if not region.any():
        return float("nan")
    low, high = np.quantile(contrast[region], (0.1, 0.9))
    return float(max(0.0, 100.0 - (high - low) / 2))


def count_parts(mask: Mask, region: Mask) -> int:
    """Return the number of connected parts whose centre lies in the region."""
    count, _, _, centres = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    inside = 0
    for x, y in centres[1:count]:
        inside += bool(region[min(int(y), region.shape[0] - 1), min(int(x), region.shape[1] - 1)])
    return inside
