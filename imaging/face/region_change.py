"""What became of the skin of two visits that lie over each other: maps, and a row per region."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..records import ChangeMaps, FaceMaps, RegionChange, RegionScore
from .laying import label_of

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

#: The border of pigment is moved by this much inwards and outwards for the range of its darkness.
BORDER_MM = 1.0
#: Differences of lightness are looked at over this length: pores and stray hairs do not count.
CHANGE_BLUR_MM = 1.5


@dataclass(frozen=True, eq=False)
class SkinChange:
    """Both visits in the baseline's working image."""

    before: FaceMaps
    after: FaceMaps
    outline: NDArray[np.int32]
    common: Mask
    px_per_mm: float

    def maps(self, first: Pixels, warped: Pixels, hidden: Mask, delta_l: float) -> ChangeMaps:
        """Part pigmented skin by what became of it."""
        either = (self.before.pigment | self.after.pigment) & self.common
        contrast = [part.contrast.astype(np.float32) for part in (self.after, self.before)]
        smooth = smooth_step(
            contrast[0] - contrast[1], self.common, sigma_px=CHANGE_BLUR_MM * self.px_per_mm
        )
        lightened = either & (smooth <= -delta_l)
        darkened = either & (smooth >= delta_l)
        return ChangeMaps(
            lightened=lightened,
            unchanged=either & ~lightened & ~darkened,
            darkened=darkened,
            common=self.common,
            before=first,
            warped=warped,
            hidden=hidden,
        )

    def delta_l(self, region: Mask, *, border_mm: float) -> tuple[float, float]:
        """Return ΔL* of the pigment at both visits with its border moved outwards.

        Notes
        -----
        Clear skin has 0.  Pigment that vanishes when its border is moved inwards has NaN: how dark
        it is there cannot be told.
        """
        before, after = (
            _delta_l(part, region, border_mm * self.px_per_mm) for part in (self.before, self.after)
        )
        return before, after


def smooth_step(step: Floats, skin: Mask, *, sigma_px: float) -> Floats:
    """Return a map of differences, shape (h, w) or (h, w, 3), averaged over nearby skin alone."""
    sigma = max(sigma_px, 0.5)
    inside = skin if step.ndim == 2 else skin[..., None]
    sums = cv2.GaussianBlur(
        np.nan_to_num(np.where(inside, step, 0)).astype(np.float32), (0, 0), sigma
    )
    total = np.maximum(cv2.GaussianBlur(skin.astype(np.float32), (0, 0), sigma), 1e-3)
    return np.asarray(sums / (total if step.ndim == 2 else total[..., None]), np.float32)


def _delta_l(part: FaceMaps, region: Mask, distance_px: float) -> float:
    inside = part.contrast[_moved(part.pigment, distance_px) & region].astype(np.float32)
    inside = inside[np.isfinite(inside)]
    if len(inside):
        return float(inside.mean())
    return math.nan if (part.pigment & region).any() else 0.0


def _moved(mask: Mask, distance_px: float) -> Mask:
    side = 2 * max(round(abs(distance_px)), 1) + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    move = cv2.dilate if distance_px > 0 else cv2.erode
    return np.asarray(move(mask.astype(np.uint8), disc) > 0, np.bool_)


def region_change(
    row: RegionScore,
    after: RegionScore,
    change: SkinChange,
    maps: ChangeMaps,
    names: tuple[str, str],
) -> RegionChange:
    """Return the row of one region.

    Parameters
    ----------
    row, after : RegionScore
        Of the baseline and of the laid follow-up.
    change : SkinChange
    maps : ChangeMaps
    names : (str, str)
        photo_id of baseline and follow-up.
    """
    region = change.outline == label_of(row.region)
    area = region & change.common
    steps = [step_between(*change.delta_l(area, border_mm=mm)) for mm in (-BORDER_MM, BORDER_MM)]
    low, high = threshold_range(row, after, "pigmented_percent")
    own = step_between(row.delta_l, after.delta_l)
    darker = [step for step in (own, *steps) if math.isfinite(step)]

    def share(mask: Mask) -> float:
        return 100.0 * float((mask & area).sum()) / float(area.sum()) if area.any() else math.nan

    return RegionChange(
        baseline_id=names[0],
        followup_id=names[1],
        region=row.region,
        common_percent=100.0 * float(area.sum()) / max(float(region.sum()), 1.0),
        pigmented_percent_baseline=row.pigmented_percent,
        pigmented_percent_followup=after.pigmented_percent,
        pigmented_percent_change=step_between(row.pigmented_percent, after.pigmented_percent),
        pigmented_percent_low=low,
        pigmented_percent_high=high,
        area_score_baseline=row.area_score,
        area_score_followup=after.area_score,
        area_score_change=step_between(row.area_score, after.area_score),
        delta_l_baseline=row.delta_l,
        delta_l_followup=after.delta_l,
        delta_l_change=own,
        delta_l_low=min(darker) if math.isfinite(own) else math.nan,
        delta_l_high=max(darker) if math.isfinite(own) else math.nan,
        darkness_baseline=row.darkness,
        darkness_followup=after.darkness,
        darkness_change=step_between(row.darkness, after.darkness),
        homogeneity_baseline=row.homogeneity,
        homogeneity_followup=after.homogeneity,
        homogeneity_change=step_between(row.homogeneity, after.homogeneity),
        lightened_percent=share(maps.lightened),
        darkened_percent=share(maps.darkened),
        unchanged_percent=share(maps.unchanged),
    )


def threshold_range(before: object, after: object, name: str) -> tuple[float, float]:
    """Return the least and the largest change over the thresholds, moved together."""
    names = (name, f"{name}_low", f"{name}_high")
    steps = [step_between(getattr(before, n), getattr(after, n)) for n in names]
    if any(math.isnan(step) for step in steps):
        return math.nan, math.nan
    return min(steps), max(steps)


def step_between(before: float, after: float) -> float:
    """Return the change from one visit to the other; NaN when either is."""
    return after - before
