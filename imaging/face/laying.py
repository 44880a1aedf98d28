"""A follow-up face laid over its baseline, in its place and light, and scored in its regions."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NoFaceError, NothingReadableError, PairRefusedError
from ..photo.colour import linear_light
from ..photo.colour_chart import correct_colour, find_chart
from ..records import FaceMaps, FaceScore, Photo, PhotoInputs
from ..settings import FollowupSettings, Settings
from .geometry import REGION_LABELS, FaceLandmarks, WorkingFrame
from .landmarks import find_landmarks
from .patch import PATCH_LABEL
from .score import extract_evidence, score_evidence
from .tone import ToneMatch, match_tone
from .warp import FaceWarp, cut_labels, spread_values, warp_between

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

#: Width of the seam between the follow-up's face and the baseline's surroundings, face widths.
SEAM_SHARE = 0.02
#: Scale of skin's fine contrast, face widths (about 0.7 mm).
GRAIN_SHARE = 0.005


@dataclass(frozen=True, eq=False)
class LaidFace:
    """The follow-up in the baseline's working image, shape (h, w).

    Parameters
    ----------
    warp : FaceWarp
    tone : ToneMatch
        Its pixels, in the baseline's light.
    baseline_pixels : ndarray of uint8, shape (h, w, 3)
    common : ndarray of bool
        Skin that both photos show, readable in both.
    shown : ndarray of bool
        What lies inside the follow-up photo.
    face_width_px : float
    flags : tuple of str
    """

    warp: FaceWarp
    tone: ToneMatch
    baseline_pixels: Pixels
    common: Mask
    shown: Mask
    face_width_px: float
    flags: tuple[str, ...]


def lay_over(
    baseline: FaceScore,
    followup: FaceScore,
    baseline_photo: Photo,
    followup_photo: Photo,
    settings: Settings,
) -> LaidFace:
    """Lay the follow-up over the baseline and match its tone on stable normal skin.

    Raises
    ------
    PairRefusedError
        The two show no skin in common.
    """
    maps, frame = score_parts(baseline)
    later_maps, later_frame = score_parts(followup)
    both_verified = baseline.calibrated_colour and followup.calibrated_colour
    before, after = (
        _corrected(photo, settings) if both_verified else photo.pixels
        for photo in (baseline_photo, followup_photo)
    )
    marks = [
        find_landmarks(photo.pixels, settings=settings.face)
        for photo in (baseline_photo, followup_photo)
    ]
    placed = (frame.place(marks[0]), later_frame.place(marks[1]))
    first, second = frame.cut(before), later_frame.cut(after)
    warp = warp_between(placed[0], placed[1], first.shape)
    readable = warp.fetch(later_maps.labels > 0, is_label=True)
    shown = warp.inside(second.shape)
    common = (maps.labels > 0) & readable & shown
    if not common.any():
        raise PairRefusedError("The follow-up shows none of the skin that the baseline shows.")
    stable = common & maps.reference & warp.fetch(later_maps.reference, is_label=True)
    tone = match_tone(
        first,
        warp.fetch(second),
        common,
        stable,
        face_width_px=placed[0].face_width_px,
        keep_level=both_verified,
    )
    sharp = [
        _grain(pixels, part.labels > 0, width_px=face.face_width_px)
        for pixels, part, face in zip((first, second), (maps, later_maps), placed, strict=True)
    ]
    flags = _pair_flags(marks, sharp, tone, settings.followup, is_card=both_verified)
    return LaidFace(warp, tone, first, common, shown, placed[0].face_width_px, flags)


def _pair_flags(
    marks: list[FaceLandmarks],
    sharp: list[float],
    tone: ToneMatch,
    settings: FollowupSettings,
    *,
    is_card: bool,
) -> tuple[str, ...]:
    flags = []
    if abs(marks[0].yaw_deg - marks[1].yaw_deg) >= settings.face_max_yaw_change_deg:
        flags.append("pose_differs")
    if _ratio(*(face.face_width_px for face in marks)) >= settings.face_max_scale_ratio:
        flags.append("size_differs")
    if _ratio(*sharp) >= settings.face_max_sharpness_ratio:
        flags.append("sharpness_differs")
    if tone.light_density >= settings.face_max_light_density:
        flags.append("light_differs")
    if tone.shift >= settings.face_max_tone_shift and not is_card:
        flags.append("tone_differs")
    if tone.reference_percent < settings.face_min_reference_percent:
        flags.append("few_reference_sites")
    return tuple(flags)


def _ratio(one: float, other: float) -> float:
    return max(one, other) / max(min(one, other), 1e-6)


def _grain(pixels: Pixels, skin: Mask, *, width_px: float) -> float:
    """Return the fine contrast of skin: robust spread of log10 luminance below its blur."""
    logs = np.log10(np.maximum(linear_light(pixels)[..., 1], 0.002))
    fine = logs - cv2.GaussianBlur(logs, (0, 0), max(GRAIN_SHARE * width_px, 0.5))
    return 1.4826 * float(np.median(np.abs(fine[skin]))) if skin.any() else math.nan


def _corrected(photo: Photo, settings: Settings) -> Pixels:
    return correct_colour(photo.pixels, find_chart(photo.pixels, settings=settings.photo))


def measure_laid(
    baseline: FaceScore, laid: LaidFace, baseline_photo: Photo, settings: Settings
) -> tuple[FaceScore, Floats, Mask]:
    """Score the laid follow-up in the baseline's regions.

    Returns
    -------
    score : FaceScore
    contrast : ndarray of float32, shape (h, w)
        ΔL* of the follow-up in the baseline's working image; NaN where unknown.
    pigment : ndarray of bool, shape (h, w)
    """
    maps, frame = score_parts(baseline)
    shape = maps.labels.shape
    photo = Photo(
        photo_id=baseline_photo.photo_id,
        pixels=_composite(laid, maps),
        sha256="",
        inputs=_inputs(baseline_photo.inputs, frame),
    )
    try:
        evidence = extract_evidence(photo, settings)
    except (NoFaceError, NothingReadableError) as err:
        raise PairRefusedError(
            f"The follow-up could not be laid over the baseline: {err.message}"
        ) from err
    own = cut_labels(evidence.frame, np.where(laid.common, maps.labels, 0).astype(np.int32))
    labels = np.where(evidence.labels > 0, own, 0).astype(np.int32)
    known = cut_labels(evidence.frame, maps.labels)
    # A region is measured again where enough of what was measured at baseline is seen again.
    seen = {
        row.region: 100.0
        * float((labels == label_of(row.region)).sum())
        / max(_count(known, row.region), 1.0)
        for row in baseline.regions
    }
    least = settings.face.min_readable_percent
    readable = {
        row.region: row.readable_percent if seen[row.region] >= least else seen[row.region]
        for row in baseline.regions
    }
    score = score_evidence(
        replace(evidence, labels=labels, readable_percent=readable, view=baseline.view), settings
    )
    found = score.maps
    assert found is not None  # noqa: S101 - a new score has maps
    contrast = spread_values(evidence.frame, found.contrast, shape)
    pigment = evidence.frame.spread(found.pigment, shape)
    return score, contrast, np.asarray(pigment, np.bool_)


def _composite(laid: LaidFace, maps: FaceMaps) -> Pixels:
    """Return the baseline's working image with the follow-up's face in place of its own."""
    inside = (maps.outline > 0) & laid.shown
    face = inside.astype(np.uint8)
    seam = max(round(SEAM_SHARE * face.shape[1]), 1)
    weight = cv2.GaussianBlur(cv2.dilate(face, np.ones((seam, seam), np.uint8)), (0, 0), 1)
    soft = cv2.GaussianBlur(weight.astype(np.float32), (0, 0), seam / 2)[..., None]
    mixed = laid.tone.pixels * soft + laid.baseline_pixels * (1 - soft)
    return np.clip(np.round(mixed), 0, 255).astype(np.uint8)


def _inputs(inputs: PhotoInputs, frame: WorkingFrame) -> PhotoInputs:
    if inputs.px_per_mm is None:
        return PhotoInputs()
    return PhotoInputs(px_per_mm=inputs.px_per_mm * frame.scale, scale_origin=inputs.scale_origin)


def score_parts(score: FaceScore) -> tuple[FaceMaps, WorkingFrame]:
    """Return the maps of a fresh score and their frame; raises `ValueError` without."""
    if score.maps is None or not isinstance(score.frame, WorkingFrame):
        raise ValueError("the score carries no maps: it was rebuilt from tables")
    return score.maps, score.frame


def label_of(region: str) -> int:
    """Return the label of a region in the maps of a score."""
    return PATCH_LABEL if region == "patch" else REGION_LABELS[region]


def _count(labels: NDArray[np.int32], name: str) -> float:
    return float((labels == label_of(name)).sum())
