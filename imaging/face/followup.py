"""Two face scores compared: the follow-up measured in the baseline's place, light and regions.

Scoring two photos apart and subtracting would take a turned head or another lamp for a change.  So
the follow-up is laid over the baseline by its landmarks, its tone is matched on skin that is normal
at both visits, and both are measured on the skin that both show (`paired`).
"""

from __future__ import annotations

import dataclasses
import math

import numpy as np
from numpy.typing import NDArray

from ..errors import PairRefusedError
from ..records import (
    ChangeMaps,
    FaceComparison,
    FaceScore,
    PairPlan,
    Photo,
    RegionChange,
    join_flags,
)
from ..settings import FollowupSettings, Settings
from .laying import label_of, lay_over, score_parts
from .paired import score_both
from .pigment import FACE_WIDTH_MM
from .region_change import SkinChange, region_change, step_between, threshold_range
from .score import extract_evidence

#: Goes up whenever a number of a face comparison changes.
ALGORITHM_VERSION = "face-followup-2"

Mask = NDArray[np.bool_]


def compare_scores(
    baseline: FaceScore,
    followup: FaceScore,
    *,
    baseline_photo: Photo,
    followup_photo: Photo,
    plan: PairPlan,
    settings: Settings,
) -> FaceComparison:
    """Measure what has changed between two photos of one face.

    Parameters
    ----------
    baseline, followup : FaceScore
        With maps.
    baseline_photo, followup_photo : Photo
    plan : PairPlan
    settings : Settings

    Returns
    -------
    FaceComparison
        Flags: ``pose_differs``, ``size_differs``, ``sharpness_differs``, ``light_differs``,
        ``tone_differs``, ``recent_treatment``, ``small_overlap``, ``few_reference_sites``,
        ``not_aligned``, ``region_unreadable``.

    Raises
    ------
    PairRefusedError
        Unlike views or modalities, or two photos that cannot be laid over each other.
    """
    _refuse_unlike(baseline, followup, baseline_photo, followup_photo)
    flags = list(_treatment_flags(plan, settings.followup))
    if baseline.view == "patch":
        return dataclasses.replace(
            _compare_apart(baseline, followup, flags=(*flags, "not_aligned")),
            covered=(_covered(baseline, baseline_photo), _covered(followup, followup_photo)),
        )
    maps, _ = score_parts(baseline)
    laid = lay_over(baseline, followup, baseline_photo, followup_photo, settings)
    evidence = extract_evidence(baseline_photo, settings)
    before, after = score_both(
        evidence,
        laid,
        regions=tuple(row.region for row in baseline.regions),
        settings=settings,
    )
    change = SkinChange(
        before=score_parts(before)[0],
        after=score_parts(after)[0],
        outline=maps.labels,
        common=laid.common,
        px_per_mm=laid.face_width_px / FACE_WIDTH_MM,
    )
    change_maps = change.maps(
        laid.first, laid.second, laid.hidden, settings.followup.face_change_delta_l
    )
    names = (baseline_photo.photo_id, followup_photo.photo_id)
    rows = tuple(
        region_change(row, later, change, change_maps, names)
        for row, later in zip(before.regions, after.regions, strict=True)
    )
    scored = np.isin(maps.labels, [label_of(row.region) for row in baseline.regions])
    overlap = 100.0 * float((laid.common & scored).sum()) / max(float(scored.sum()), 1.0)
    if overlap < settings.followup.face_min_overlap_percent:
        flags.append("small_overlap")
    flags += [flag for flag in after.flags if flag == "region_unreadable"]
    return _comparison(
        before,
        after,
        regions=rows,
        maps=change_maps,
        area=laid.common & scored,
        overlap_percent=overlap,
        alignment_error_percent=laid.warp.residual_percent,
        tone_shift=laid.tone.shift,
        flags=join_flags(flags, laid.flags),
    )


def _comparison(
    before: FaceScore,
    after: FaceScore,
    *,
    regions: tuple[RegionChange, ...],
    maps: ChangeMaps | None,
    area: Mask | None,
    overlap_percent: float,
    alignment_error_percent: float,
    tone_shift: float,
    flags: tuple[str, ...],
) -> FaceComparison:
    masi_low, masi_high = threshold_range(before, after, "masi")
    mmasi_low, mmasi_high = threshold_range(before, after, "mmasi")
    percent = [_percent_range(score) for score in (before, after)]
    steps = [step_between(*pair) for pair in zip(percent[0], percent[1], strict=True)]
    change = step_between(before.mmasi, after.mmasi)

    def share(name: str) -> float:
        if maps is None or area is None or not area.any():
            return math.nan
        return 100.0 * float((getattr(maps, name) & area).sum()) / float(area.sum())

    return FaceComparison(
        masi_baseline=before.masi,
        masi_followup=after.masi,
        masi_change=step_between(before.masi, after.masi),
        masi_low=masi_low,
        masi_high=masi_high,
        mmasi_baseline=before.mmasi,
        mmasi_followup=after.mmasi,
        mmasi_change=change,
        mmasi_low=mmasi_low,
        mmasi_high=mmasi_high,
        masi_continuous_baseline=before.masi_continuous,
        masi_continuous_followup=after.masi_continuous,
        masi_continuous_change=step_between(before.masi_continuous, after.masi_continuous),
        hemi_masi_right_baseline=before.hemi_masi_right,
        hemi_masi_right_followup=after.hemi_masi_right,
        hemi_masi_right_change=step_between(before.hemi_masi_right, after.hemi_masi_right),
        hemi_masi_left_baseline=before.hemi_masi_left,
        hemi_masi_left_followup=after.hemi_masi_left,
        hemi_masi_left_change=step_between(before.hemi_masi_left, after.hemi_masi_left),
        pigmented_percent_baseline=before.pigmented_percent,
        pigmented_percent_followup=after.pigmented_percent,
        pigmented_percent_change=step_between(before.pigmented_percent, after.pigmented_percent),
        pigmented_percent_low=min(steps),
        pigmented_percent_high=max(steps),
        mmasi_change_percent=100.0 * change / before.mmasi if before.mmasi > 0 else math.nan,
        lightened_percent=share("lightened"),
        darkened_percent=share("darkened"),
        overlap_percent=overlap_percent,
        alignment_error_percent=alignment_error_percent,
        tone_shift=tone_shift,
        flags=join_flags(flags),
        regions=regions,
        maps=maps,
        anonymise=before.anonymise,
    )


def _percent_range(score: FaceScore) -> tuple[float, float, float]:
    """Return the pigmented share of all scored skin, at stricter and at looser thresholds."""
    rows = [row for row in score.regions if not math.isnan(row.pigmented_percent)]
    area = math.fsum(row.skin_area_px for row in rows)
    if not rows or not area > 0:
        return math.nan, math.nan, math.nan

    def pooled(name: str) -> float:
        return math.fsum(getattr(row, name) * row.skin_area_px for row in rows) / area

    return (
        score.pigmented_percent,
        pooled("pigmented_percent_low"),
        pooled("pigmented_percent_high"),
    )


def _compare_apart(
    before: FaceScore, after: FaceScore, *, flags: tuple[str, ...]
) -> FaceComparison:
    """Compare the scores of two crops: nothing says how their pixels lie over each other."""
    nan = math.nan
    return _comparison(
        before,
        after,
        regions=(),
        maps=None,
        area=None,
        overlap_percent=nan,
        alignment_error_percent=nan,
        tone_shift=nan,
        flags=flags,
    )


def _covered(score: FaceScore, photo: Photo) -> Mask:
    """Return what pictures of a photo black out: burnt-in text, and the eyes with anonymise."""
    maps, frame = score_parts(score)
    covered = np.zeros(photo.pixels.shape[:2], np.bool_) if score.text is None else score.text
    if score.anonymise:
        covered = covered | np.asarray(frame.spread(maps.hidden, photo.pixels.shape), np.bool_)
    return covered


def _refuse_unlike(
    baseline: FaceScore, followup: FaceScore, baseline_photo: Photo, followup_photo: Photo
) -> None:
    if baseline.view != followup.view:
        raise PairRefusedError(
            f"The baseline is seen as {baseline.view!r}, the follow-up as {followup.view!r}.",
            remedy="Compare photos of one view; give the column view in the manifest.",
        )
    kinds = [photo.inputs.modality or "" for photo in (baseline_photo, followup_photo)]
    if kinds[0] != kinds[1]:
        raise PairRefusedError(
            f"The baseline's modality is {kinds[0]!r}, that of the follow-up {kinds[1]!r}.",
            remedy="Only photos under one kind of light are compared.",
        )


def _treatment_flags(plan: PairPlan, settings: FollowupSettings) -> tuple[str, ...]:
    since = (plan.days_since_treatment_baseline, plan.days_since_treatment_followup)
    is_recent = any(0 <= days < settings.face_laser_days for days in since)
    return ("recent_treatment",) if is_recent else ()
