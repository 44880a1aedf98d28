"""What is measured on one region: its row of ``regions.csv``."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ..records.face import RegionScore
from ..settings import FaceSettings
from .masi import (
    RegionGrade,
    apply_floor,
    area_score,
    darkness_score,
    homogeneity_score,
    weighted_score,
)
from .pigment import PigmentEvidence, largest_patch_px, pigment_mask
from .spots import SpotEvidence, count_parts, evenness, red_mask, spot_mask

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class FaceMasks:
    """Masks of one face at the settings' thresholds, and at stricter and looser ones."""

    pigment: Mask
    strict: Mask
    loose: Mask
    spots: Mask
    red: Mask


Layers = TypeVar("Layers", FaceMasks, PigmentEvidence, SpotEvidence)


def find_masks(
    pigment: PigmentEvidence,
    spots: SpotEvidence,
    skin: Mask,
    *,
    px_per_mm: float,
    settings: FaceSettings,
) -> FaceMasks:
    """Apply the thresholds to the evidence; the three pigment masks are nested.

    Parameters
    ----------
    skin : ndarray of bool, shape (h, w)
        Readable skin of the scored regions.
    px_per_mm : float
    """
    smallest_px = math.pi / 4 * (settings.smallest_patch_mm * px_per_mm) ** 2
    half = settings.sensitivity_probability

    def mask_at(shift: float) -> Mask:
        return pigment_mask(
            pigment,
            skin,
            probability=min(max(settings.pigment_probability + shift, 0.01), 0.99),
            delta_l=settings.pigment_delta_l * (1 + shift),
            red_share=settings.pigment_red_share,
            smallest_px=smallest_px,
        )

    return FaceMasks(
        pigment=mask_at(0.0),
        strict=mask_at(half),
        loose=mask_at(-half),
        spots=spot_mask(spots, skin, px_per_mm=px_per_mm, settings=settings),
        red=red_mask(pigment.redness, skin, px_per_mm=px_per_mm, settings=settings),
    )


def measure_region(
    name: str,
    region: Mask,
    *,
    readable_percent: float,
    masks: FaceMasks,
    pigment: PigmentEvidence,
    spots: SpotEvidence,
    ita_deg: Floats,
    px_per_mm: float,
    photo_px_per_px: float,
    settings: FaceSettings,
) -> RegionScore:
    """Return the row of one region.

    Parameters
    ----------
    region : ndarray of bool, shape (h, w)
        Its readable skin.
    readable_percent : float
        Under ``min_readable_percent`` the row is NaN but for this share.
    px_per_mm : float
        Of the working image; NaN when unknown: then patch size and homogeneity are NaN.
    photo_px_per_px : float
        Photo pixels in one pixel of the working image.
    """
    if readable_percent < settings.min_readable_percent or not region.any():
        return unreadable_region(name, readable_percent)
    # Nothing outside the region counts: a photo has eight rows, and most of it lies in none.
    box = _box_around(region)
    region, ita_deg = region[box], ita_deg[box]
    masks, pigment, spots = _cut(masks, box), _cut(pigment, box), _cut(spots, box)
    area = float(region.sum())
    lesion = masks.pigment & region
    floor = settings.area_floor_percent
    percent, low, high = (
        apply_floor(100 * float((mask & region).sum()) / area, floor_percent=floor)
        for mask in (masks.pigment, masks.strict, masks.loose)
    )
    is_clear = percent == 0
    delta_l = 0.0 if is_clear else float(pigment.contrast[lesion].mean())
    patch_mm = 0.0 if is_clear else largest_patch_px(lesion) / px_per_mm
    grade = RegionGrade(
        area=area_score(percent),
        darkness=score_darkness(delta_l, percent, settings),
        homogeneity=homogeneity_score(
            percent,
            patch_mm,
            speck_mm=settings.homogeneity_speck_mm,
            patch_mm=settings.homogeneity_patch_mm,
            uniform_percent=settings.homogeneity_uniform_percent,
        ),
    )
    spot, red = masks.spots & region & ~lesion, masks.red & region
    return RegionScore(
        region=name,
        readable_percent=readable_percent,
        pigmented_percent=percent,
        pigmented_percent_low=low,
        pigmented_percent_high=high,
        area_score=grade.area,
        delta_l=delta_l,
        darkness=grade.darkness,
        largest_patch_mm=patch_mm,
        homogeneity=grade.homogeneity,
        weighted_score=weighted_score(name, grade),
        mean_ita_deg=float(ita_deg[region].mean()),
        evenness=evenness(pigment.contrast, region),
        brown_spot_count=float(count_parts(spot, region)),
        brown_spot_percent=100 * float(spot.sum()) / area,
        red_percent=100 * float(red.sum()) / area,
        mean_redness=float(pigment.redness[red].mean()) if red.any() else 0.0,
        brown_spot_delta_l=float(spots.depth[spot].mean()) if spot.any() else 0.0,
        red_area_count=float(count_parts(red, region)),
        skin_area_px=area * photo_px_per_px,
    )


def _box_around(region: Mask) -> tuple[slice, slice]:
    left, top, width, height = cv2.boundingRect(region.view(np.uint8))
    return slice(top, top + height), slice(left, left + width)


def _cut(layers: Layers, box: tuple[slice, slice]) -> Layers:
    """Return a record of layers, shape (h, w) each, within a box."""
    parts = {field.name: getattr(layers, field.name)[box] for field in fields(layers)}
    return replace(layers, **parts)


def unreadable_region(name: str, readable_percent: float) -> RegionScore:
    """Return the row of a region that cannot be told: NaN, never 0."""
    nan = math.nan
    return RegionScore(
        region=name,
        readable_percent=readable_percent,
        pigmented_percent=nan,
        pigmented_percent_low=nan,
        pigmented_percent_high=nan,
        area_score=nan,
        delta_l=nan,
        darkness=nan,
        largest_patch_mm=nan,
        homogeneity=nan,
        weighted_score=nan,
        mean_ita_deg=nan,
        evenness=nan,
        brown_spot_count=nan,
        brown_spot_percent=nan,
        red_percent=nan,
        mean_redness=nan,
    )


def score_darkness(delta_l: float, percent: float, settings: FaceSettings) -> float:
    """Return darkness D (0 to 4) of a region from its ΔL* and its pigmented share.

    Skin that counts as pigmented is at least barely darker: D is 0 on clear skin alone.
    """
    if percent == 0:
        return 0.0
    return max(1.0, darkness_score(delta_l, cuts=darkness_cuts(settings)))


def darkness_cuts(settings: FaceSettings) -> tuple[float, float, float, float]:
    """Return the four cut-points of darkness, in order."""
    return (
        settings.darkness_1_delta_l,
        settings.darkness_2_delta_l,
        settings.darkness_3_delta_l,
        settings.darkness_4_delta_l,
    )
