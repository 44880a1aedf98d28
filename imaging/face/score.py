"""One facial photo in, one frozen score out; nothing here touches a disk."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..photo.colour import (
    erythema_index,
    lab_of,
    linear_light,
    melanin_index,
    optical_density,
    typology_angle_deg,
)
from ..photo.colour_chart import ColourChart, correct_colour, find_chart
from ..photo.graphics import find_graphics
from ..photo.scale import find_scale
from ..photo.text_lines import grey_maps
from ..records import FaceMaps, FaceScore, Photo, RegionScore, join_flags
from ..settings import FaceSettings, Settings, digest, recall
from .exposure import exposure_flags
from .eye_hiding import hide_every_eye, hide_eyes
from .geometry import REGION_LABELS, FaceLandmarks, WorkingFrame
from .landmarks import find_landmarks, working_frame
from .masi import area_score, grade_of, hemi_masi, total_scores
from .measure import FaceMasks, find_masks, measure_region, unreadable_region
from .mesh import load_face_models
from .patch import PATCH_LABEL, check_patch_length, patch_frame, patch_outline, patch_skin
from .pigment import FACE_WIDTH_MM, PigmentEvidence, find_pigment
from .regions import find_regions
from .segmenter import face_models_digest
from .segmenter import weights_digest as segmenter_digest
from .spots import SpotEvidence, find_spots

ALGORITHM_VERSION = "face-5"

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Mesh points of the middle line: top of the forehead and tip of the chin.
MIDDLE_TOP, MIDDLE_BOTTOM = 10, 152

#: Skin whose channels differ by less than this (8-bit steps, median) has no colour.
MIN_COLOUR = 4.0
#: Without colour brown cannot be told from red, nor melanin from shade: nothing is scored.
GREY_FLAG = "grey_photo"

#: Probability under which skin is taken as normal, and drawn as reference.
NORMAL_PROBABILITY = 0.2


@dataclass(frozen=True, eq=False)
class FaceEvidence:
    """All that costs time, before any threshold of the measuring stage.

    Maps are those of the working image; ``halves`` says on which side of the face's middle line a
    pixel lies (True: the patient's right), or is None in patch mode.
    """

    view: str
    frame: WorkingFrame
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    outline: NDArray[np.int32]
    hidden: Mask
    halves: Mask | None
    readable_percent: dict[str, float]
    pigment: PigmentEvidence
    spots: SpotEvidence
    ita_deg: Floats
    density: Floats
    px_per_mm: float
    chart: ColourChart
    text: Mask
    flags: tuple[str, ...]


def score_photo(photo: Photo, settings: Settings) -> FaceScore:
    """Measure pigment on one facial photo.

    Raises
    ------
    NoFaceError, NothingReadableError, PhotoTooSmallError
        The photo cannot be measured.
    ModelError
        Face models or weights are missing or tampered with.
    """
    return score_evidence(recall(extract_evidence, photo, settings), settings)


def weights_digest(settings: Settings) -> str:
    """Return the digest of the face models and weights in use, after checking that they load."""
    face_models = ""
    if not settings.face.patch_mode:
        load_face_models()
        face_models = face_models_digest()
    elif settings.face.anonymise:
        # They find the eyes to be covered and change no number.
        load_face_models()
    return digest([face_models, segmenter_digest(settings.face.segmenter)])


def extract_evidence(photo: Photo, settings: Settings) -> FaceEvidence:
    """Find face, regions and light; compare every pixel of skin with normal skin."""
    face = settings.face
    graphics = recall(find_graphics, photo.pixels)
    chart = recall(find_chart, photo.pixels, settings=settings.photo)
    scale, scale_flags = find_scale(photo, graphics, settings.photo)
    if face.patch_mode:
        part = recall(_patch_part, photo, graphics.masked, face)
    else:
        part = recall(_face_part, photo, graphics.masked, face)
    pixels = correct_colour(part.pixels, chart)
    px_per_mm = scale.px_per_mm * part.frame.scale
    flags = [*part.flags, *chart.flags, *(f for f in scale_flags if f != "no_scale")]
    face_width_px = part.face_width_px
    if not math.isfinite(px_per_mm):
        if face.patch_mode:
            flags.append("no_scale")
        else:
            px_per_mm = face_width_px / FACE_WIDTH_MM
            flags.append("assumed_face_width")
    elif face.patch_mode:
        check_patch_length(photo.pixels.shape, scale.px_per_mm, settings=face)
        face_width_px = px_per_mm * FACE_WIDTH_MM
    linear = linear_light(pixels)
    skin = part.labels > 0
    least, greatest = grey_maps(pixels)
    if skin.any() and float(np.median((greatest - least)[skin])) < MIN_COLOUR:
        flags.append(GREY_FLAG)
    flags += exposure_flags(part.pixels, skin, settings=settings.photo)
    return FaceEvidence(
        view=part.view,
        frame=part.frame,
        pixels=part.pixels,
        labels=part.labels,
        outline=part.outline,
        hidden=part.hidden,
        halves=part.halves,
        readable_percent=part.readable_percent,
        pigment=find_pigment(
            linear,
            skin,
            face_width_px=face_width_px,
            settings=face,
            coordinates=part.coordinates,
        ),
        spots=find_spots(linear, skin, px_per_mm=face_width_px / FACE_WIDTH_MM, settings=face),
        ita_deg=typology_angle_deg(lab_of(linear)),
        density=optical_density(linear),
        px_per_mm=px_per_mm,
        chart=chart,
        text=graphics.text,
        flags=join_flags(flags),
    )


def score_evidence(evidence: FaceEvidence, settings: Settings) -> FaceScore:
    """Apply thresholds and arithmetic to the evidence of one photo."""
    face = settings.face
    names = _scored_labels(evidence)
    skin = np.isin(evidence.labels, list(names.values()))
    # Without a scale a patch's spots are still judged by the assumed width of the crop.
    spot_scale = evidence.px_per_mm
    if not math.isfinite(spot_scale):
        spot_scale = evidence.labels.shape[1] / (face.patch_width_share * FACE_WIDTH_MM)
    is_grey = GREY_FLAG in evidence.flags
    masks = find_masks(
        evidence.pigment,
        evidence.spots,
        skin if not is_grey else np.zeros_like(skin),
        px_per_mm=spot_scale,
        settings=face,
    )

    def row(name: str, region: Mask, readable_percent: float) -> RegionScore:
        if is_grey:
            return unreadable_region(name, readable_percent)
        return measure_region(
            name,
            region,
            readable_percent=readable_percent,
            masks=masks,
            pigment=evidence.pigment,
            spots=evidence.spots,
            ita_deg=evidence.ita_deg,
            px_per_mm=evidence.px_per_mm,
            photo_px_per_px=1.0 / evidence.frame.scale**2,
            settings=face,
        )

    rows = tuple(
        row(name, evidence.labels == label, evidence.readable_percent[name])
        for name, label in names.items()
    )
    # What all regions have in common is over those that could be scored, as in `combine_views`.
    scored = [r for r in rows if not math.isnan(r.pigmented_percent)]
    skin = np.isin(evidence.labels, [names[r.region] for r in scored])
    skin_area_px = math.fsum(r.skin_area_px for r in scored) if scored else math.nan
    pigmented_px = math.fsum(r.pigmented_percent * r.skin_area_px for r in scored)
    hemi = {
        side: _hemi(evidence, rows, row, is_right=side == "right") for side in ("right", "left")
    }
    return FaceScore(
        view=evidence.view,
        **total_scores(rows),
        hemi_masi_right=hemi["right"],
        hemi_masi_left=hemi["left"],
        msi=math.nan,
        skin_area_px=skin_area_px,
        pigmented_percent=pigmented_px / skin_area_px,
        mean_ita_deg=_mean(evidence.ita_deg, skin),
        melanin_index=_mean(melanin_index(evidence.density), skin),
        erythema_index=_mean(erythema_index(evidence.density), skin),
        calibrated_colour=evidence.chart.status == "verified",
        calibrated_scores=face.scores_calibrated,
        flags=join_flags(evidence.flags, _score_flags(evidence, rows, face)),
        segmenter=face.segmenter,
        regions=rows,
        maps=_maps(evidence, masks),
        frame=evidence.frame,
        anonymise=face.anonymise,
        text=evidence.text,
    )


@dataclass(frozen=True, eq=False)
class _Part:
    """What is measured of a photo, whichever way it was found."""

    view: str
    frame: WorkingFrame
    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    outline: NDArray[np.int32]
    hidden: Mask
    halves: Mask | None
    readable_percent: dict[str, float]
    face_width_px: float
    coordinates: NDArray[np.float64] | None
    flags: tuple[str, ...]


def _face_part(photo: Photo, masked: Mask, settings: FaceSettings) -> _Part:
    landmarks = find_landmarks(photo.pixels, settings=settings, expected_view=photo.inputs.view)
    frame = working_frame(landmarks, photo.pixels.shape, settings=settings)
    placed = frame.place(landmarks)
    pixels = frame.cut(photo.pixels)
    covered = frame.cut_mask(masked)
    regions = find_regions(pixels, placed, settings=settings, masked=covered)
    hidden = hide_eyes(placed, pixels.shape)
    if settings.anonymise:
        hidden |= hide_every_eye(photo.pixels, frame, settings=settings)
    flags = [*landmarks.flags, *regions.flags]
    if landmarks.view != "front":
        flags.append("single_oblique_view")
    return _Part(
        view=landmarks.view,
        frame=frame,
        pixels=pixels,
        labels=regions.labels,
        outline=regions.outline,
        hidden=hidden,
        halves=_patients_right(placed, pixels.shape),
        readable_percent=regions.readable_percent,
        face_width_px=placed.face_width_px,
        coordinates=placed.coordinates(),
        flags=join_flags(flags),
    )


def _patch_part(photo: Photo, masked: Mask, settings: FaceSettings) -> _Part:
    frame = patch_frame(photo.pixels.shape, settings=settings)
    pixels = frame.cut(photo.pixels)
    covered = frame.cut_mask(masked)
    outline = patch_outline(pixels.shape, frame, photo.inputs.polygon_px)
    face_width_px = pixels.shape[1] / settings.patch_width_share
    skin = patch_skin(pixels, outline, covered, face_width_px=face_width_px)
    hidden = np.zeros(skin.shape, np.bool_)
    if settings.anonymise:
        hidden = hide_every_eye(photo.pixels, frame, settings=settings)
    return _Part(
        view="patch",
        frame=frame,
        pixels=pixels,
        labels=np.where(skin, PATCH_LABEL, 0).astype(np.int32),
        outline=np.where(outline, PATCH_LABEL, 0).astype(np.int32),
        hidden=hidden,
        halves=None,
        # A crop's background is no part of the region: all of its skin is what there is to read.
        readable_percent={"patch": 100.0},
        face_width_px=face_width_px,
        coordinates=None,
        flags=("patch_mode",),
    )


def _scored_labels(evidence: FaceEvidence) -> dict[str, int]:
    """Return name and label of each region that has a row, in the order of the tables."""
    if evidence.view == "patch":
        return {"patch": PATCH_LABEL}
    hidden = {
        "left45": {"forehead", "chin", "right_malar"},
        "right45": {"forehead", "chin", "left_malar"},
    }
    left_out = hidden.get(evidence.view, set())
    return {
        name: label
        for name, label in REGION_LABELS.items()
        if name != "other" and name in evidence.readable_percent and name not in left_out
    }


def _hemi(
    evidence: FaceEvidence,
    rows: tuple[RegionScore, ...],
    row: Callable[[str, Mask, float], RegionScore],
    *,
    is_right: bool,
) -> float:
    """Return hemi-MASI of one side: its malar region, and its halves of forehead and chin."""
    by_name = {r.region: r for r in rows}
    malar = by_name.get("right_malar" if is_right else "left_malar")
    if evidence.halves is None or malar is None or not {"forehead", "chin"} <= set(by_name):
        return math.nan
    side = evidence.halves if is_right else ~evidence.halves
    halves = [
        row(name, (evidence.labels == REGION_LABELS[name]) & side, by_name[name].readable_percent)
        for name in ("forehead", "chin")
    ]
    return hemi_masi(grade_of(halves[0]), grade_of(malar), grade_of(halves[1]))


def _score_flags(
    evidence: FaceEvidence, rows: tuple[RegionScore, ...], settings: FaceSettings
) -> list[str]:
    if GREY_FLAG in evidence.flags:
        return []
    flags: list[str] = []
    for row in rows:
        if math.isnan(row.pigmented_percent):
            flags.append("region_unreadable")
            continue
        if 100 - row.pigmented_percent < settings.min_normal_percent:
            flags.append("borrowed_reference")
        low, high = area_score(row.pigmented_percent_low), area_score(row.pigmented_percent_high)
        if low != high:
            flags.append("area_score_near_edge")
    skin = evidence.labels > 0
    normal = evidence.pigment.probability[skin] < NORMAL_PROBABILITY
    if not normal.any() or 100 * normal.mean() < settings.min_normal_percent / 4:
        flags.append("no_reference")
    return flags


def _maps(evidence: FaceEvidence, masks: FaceMasks) -> FaceMaps:
    skin = evidence.labels > 0
    known = skin if GREY_FLAG not in evidence.flags else np.zeros_like(skin)
    return FaceMaps(
        pixels=evidence.pixels,
        labels=evidence.labels,
        outline=evidence.outline,
        pigment=masks.pigment,
        spots=masks.spots & ~masks.pigment,
        red=masks.red,
        reference=known & (evidence.pigment.probability < NORMAL_PROBABILITY),
        excluded=(evidence.outline > 0) & ~skin,
        hidden=evidence.hidden,
        contrast=np.where(known, evidence.pigment.contrast, np.nan).astype(np.float16),
        redness=np.where(known, evidence.pigment.redness, np.nan).astype(np.float16),
    )


def _patients_right(landmarks: FaceLandmarks, shape: tuple[int, ...]) -> Mask:
    """Return the pixels on the patient's right of the line from forehead to chin."""
    top, bottom = landmarks.points_px[MIDDLE_TOP], landmarks.points_px[MIDDLE_BOTTOM]
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    down = bottom - top
    cross = down[0] * (rows + 0.5 - top[1]) - down[1] * (cols + 0.5 - top[0])
    return np.asarray(cross > 0, np.bool_)


def _mean(values: Floats, skin: Mask) -> float:
    return float(values[skin].mean()) if skin.any() else math.nan
