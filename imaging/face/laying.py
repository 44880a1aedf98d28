"""A follow-up face laid over its baseline: in its place, and in its light."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import PairRefusedError
from ..photo.colour import linear_light, optical_density
from ..photo.colour_chart import correct_colour, find_chart
from ..photo.overlay import black_out
from ..photo.ranks import MAD_TO_SIGMA
from ..records import FaceMaps, FaceScore, Photo
from ..settings import FollowupSettings, Settings
from .geometry import REGION_LABELS, FaceLandmarks, WorkingFrame
from .landmarks import find_landmarks
from .patch import PATCH_LABEL
from .tone import ToneMatch, match_tone
from .warp import FaceWarp, warp_between

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]
Floats = NDArray[np.float32]

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
    first, second : ndarray of uint8, shape (h, w, 3)
        Baseline and laid follow-up for pictures: burnt-in text is black.
    hidden : ndarray of bool, shape (h, w)
        Eyes to be covered in anonymised pictures, of either photo.
    density_step : ndarray of float32, shape (h, w, 3)
        Optical density of linear R, G, B: follow-up in the baseline's light − baseline.
    common : ndarray of bool
        Skin that both photos show, readable in both.
    face_width_px : float
    flags : tuple of str
    """

    warp: FaceWarp
    tone: ToneMatch
    first: Pixels
    second: Pixels
    hidden: Mask
    density_step: Floats
    common: Mask
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
    common = (maps.labels > 0) & readable & warp.inside(second.shape)
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
    step = optical_density(linear_light(tone.pixels)) - optical_density(linear_light(first))
    return LaidFace(
        warp=warp,
        tone=tone,
        first=_without_text(first, frame, baseline),
        second=_covered(tone.pixels, warp, later_frame, followup),
        hidden=maps.hidden | warp.fetch(later_maps.hidden, is_label=True),
        density_step=step,
        common=common,
        face_width_px=placed[0].face_width_px,
        flags=flags,
    )


def _without_text(pixels: Pixels, frame: WorkingFrame, score: FaceScore) -> Pixels:
    if score.text is None:
        return pixels
    return black_out(pixels, frame.cut_mask(score.text))


def _covered(pixels: Pixels, warp: FaceWarp, frame: WorkingFrame, score: FaceScore) -> Pixels:
    """Return the laid follow-up with its burnt-in text, and what it does not show, blacked out."""
    shown = warp.inside((frame.height_px, frame.width_px))
    out = black_out(pixels, ~shown)
    if score.text is None:
        return out
    text = frame.cut_mask(score.text)
    return black_out(out, warp.fetch(text, is_label=True))


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
    return MAD_TO_SIGMA * float(np.median(np.abs(fine[skin]))) if skin.any() else math.nan


def _corrected(photo: Photo, settings: Settings) -> Pixels:
    return correct_colour(photo.pixels, find_chart(photo.pixels, settings=settings.photo))


def score_parts(score: FaceScore) -> tuple[FaceMaps, WorkingFrame]:
    """Return the maps of a fresh score and their frame; raises `ValueError` without."""
    if score.maps is None or not isinstance(score.frame, WorkingFrame):
        raise ValueError("the score carries no maps: it was rebuilt from tables")
    return score.maps, score.frame


def label_of(region: str) -> int:
    """Return the label of a region in the maps of a score."""
    return PATCH_LABEL if region == "patch" else REGION_LABELS[region]
