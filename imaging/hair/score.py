"""One trichoscopy photo in, one frozen score out; no disk."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NothingReadableError
from ..photo.graphics import find_graphics
from ..photo.painting import painted_over
from ..photo.panels import seen_through
from ..photo.places import is_in_mask
from ..photo.quality import assess_quality
from ..photo.scale import find_scale
from ..records import CutoffSplit, Hair, HairScore, Panel, Photo, Scale, Unit, join_flags
from ..settings import HairSettings, Settings, recall
from . import follicles
from .diameter import CentreLine, measure_widths
from .evidence import Map, ShaftEvidence
from .field import Field, check_field, counting_frame, find_field
from .plausibility import judge_surface, judge_traces
from .segmenter import find_segmenter
from .skin import linear_absorption
from .surface import Surface, measure_surface
from .tracing import TracedHair, trace_hairs
from .unseen import expected_unseen
from .working_scale import estimate_zoom, resize_whole

#: Goes up whenever a number of the hair wing changes.
ALGORITHM_VERSION = "12"

#: A photo is refused when less than this share of it can be read.
_LEAST_READABLE_SHARE = 0.02
#: Path points kept per hair, mm apart: enough for a drawing, small enough for a table.
_PATH_STEP_MM = 0.05
#: Diameters are told to this many decimals of a µm, places of a px.
_DECIMALS = 3


@dataclass(frozen=True, eq=False)
class Ground:
    """What of a photo can be read and how large it is: all that is known before the first hair.

    ``zoom`` is in working pixels per photo pixel; ``pixels`` are the photo's as they are measured,
    seen through translucent graphics.
    """

    pixels: NDArray[np.uint8]
    scale: Scale
    field: Field
    text: NDArray[np.bool_]
    panels: tuple[Panel, ...]
    zoom: float
    flags: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class HairEvidence(Ground):
    """The same, and the evidence for hairs."""

    shafts: ShaftEvidence
    surface: Surface

    @property
    def working_px_per_mm(self) -> float:
        """Photo pixels per millimetre for the tracing: the scale, or the assumed one."""
        return self.shafts.px_per_mm / self.shafts.zoom


def score_photo(photo: Photo, settings: Settings) -> HairScore:
    """Count and measure the hairs of one photo.

    Parameters
    ----------
    photo : Photo
    settings : Settings

    Returns
    -------
    HairScore

    Raises
    ------
    NothingReadableError
        Nearly all of the photo is glare, black, out of focus or covered by graphics, or the field
        is no wider than its margin.
    ImplausibleScaleError
        With the scale told it shows more scalp than hairs are traced on.
    """
    return score_evidence(recall(extract_evidence, photo, settings), settings)


def restore_masks(photo: Photo, score: HairScore, settings: Settings) -> HairScore:
    """Return a score that was read from its tables with scale and masks, found again in the photo.

    No hair is traced: what tables hold of hairs is what the comparison of two scores asks for.

    Parameters
    ----------
    photo, settings
        Those that the score was made from.
    score : HairScore

    Returns
    -------
    HairScore
        What `score_photo` gives, to the last digit.
    """
    ground = _find_ground(photo, settings)
    working_px_per_mm = settings.hair.working_px_per_mm / ground.zoom
    return replace(
        score,
        scale=ground.scale,
        readable=ground.field.readable,
        frame=counting_frame(ground.field, settings.hair.guard_margin_mm * working_px_per_mm),
        text=ground.text,
        panels=ground.panels,
    )


def extract_evidence(photo: Photo, settings: Settings) -> HairEvidence:
    """Return everything that depends on the pixels and on settings of the evidence stage only."""
    ground = _find_ground(photo, settings)
    shafts = recall(_find_shafts, ground.pixels, ground.field, ground.zoom, settings.hair)
    surface = recall(measure_surface, ground.pixels, ground.field.readable)
    return HairEvidence(**vars(ground), shafts=shafts, surface=surface)


def _find_ground(photo: Photo, settings: Settings) -> Ground:
    graphics = recall(find_graphics, photo.pixels)
    scale, scale_flags = find_scale(photo, graphics, settings.photo)
    quality = recall(assess_quality, photo.pixels, masked=graphics.masked, settings=settings.photo)
    shape = (photo.height_px, photo.width_px)
    field = recall(find_field, shape, graphics, quality, settings.hair)
    if field.share < _LEAST_READABLE_SHARE:
        raise NothingReadableError(
            f"Only {100 * field.share:.1f} % of the photo can be read: the rest is glare, black, "
            "out of focus or covered by graphics."
        )
    if scale.is_known:
        check_field(shape, scale.px_per_mm, settings.hair)
        zoom = settings.hair.working_px_per_mm / scale.px_per_mm
    else:
        zoom = recall(estimate_zoom, photo.pixels, valid=field.readable, settings=settings.hair)
    flags = join_flags(photo.flags, scale_flags, quality.flags, field.flags)
    pixels = recall(seen_through, photo.pixels, graphics.panels)
    return Ground(pixels, scale, field, graphics.text, graphics.panels, zoom, flags)


def score_evidence(evidence: HairEvidence, settings: Settings) -> HairScore:
    """Trace, measure and count the hairs of the evidence."""
    traced = recall(trace_hairs, evidence.shafts, settings.hair)
    margin_px = settings.hair.guard_margin_mm * evidence.working_px_per_mm
    frame = recall(counting_frame, evidence.field, margin_px)
    diameters_um = _diameters_um(evidence, traced, settings.hair)
    hairs, units, unit_flags = _hairs_and_units(
        evidence, traced, diameters_um, frame, settings.hair
    )
    flags = join_flags(
        evidence.flags,
        unit_flags,
        judge_surface(evidence.surface, settings.hair),
        judge_traces(traced, diameters_um, evidence.shafts, evidence.scale, settings.hair),
    )
    counted = np.array([hair.counted for hair in hairs], bool)
    unseen = float(expected_unseen(traced, diameters_um, evidence.shafts)[counted].sum())
    return _figures(evidence, hairs, units, frame, unseen, flags, settings.hair)


def _find_shafts(
    pixels: NDArray[np.uint8], field: Field, zoom: float, settings: HairSettings
) -> ShaftEvidence:
    working = resize_whole(pixels, zoom)
    size = (working.shape[1], working.shape[0])
    # A working pixel is valid when most of it is readable; lines are painted over, then valid.
    readable = cv2.resize(field.readable.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    if field.lines.any():
        lines = cv2.resize(field.lines.astype(np.float32), size, interpolation=cv2.INTER_AREA)
        working = painted_over(working, lines > 0)
    shafts = find_segmenter(settings.segmenter)(
        working,
        valid=readable >= 0.5,
        px_per_mm=settings.working_px_per_mm,
        zoom=zoom,
        settings=settings,
    )
    height, width = pixels.shape[:2]
    return replace(shafts, stretch=(size[0] / (width * zoom), size[1] / (height * zoom)))


def _diameters_um(
    evidence: HairEvidence, traced: list[TracedHair], settings: HairSettings
) -> NDArray[np.float64]:
    """Return the diameter of every traced hair, NaN without a scale."""
    if not evidence.scale.is_known or not traced:
        return np.full(len(traced), np.nan)
    absorption = recall(
        linear_absorption,
        evidence.pixels,
        valid=evidence.field.readable,
        px_per_mm=evidence.scale.px_per_mm,
    )
    widths_px = recall(_widths_px, absorption, traced, settings)
    measured_um = widths_px / evidence.scale.px_per_mm * 1e3
    diameters_um = settings.diameter_slope * measured_um + settings.diameter_offset_um
    # Nothing or less lies beyond what a calibration was fitted to: it cannot be told.
    return np.where(diameters_um > 0, diameters_um, np.nan)


def _widths_px(
    absorption: Map, traced: list[TracedHair], settings: HairSettings
) -> NDArray[np.float64]:
    lines = [CentreLine(hair.path_px - 0.5, hair.width_px) for hair in traced]
    return measure_widths(absorption, lines, settings)[0]


def _hairs_and_units(
    evidence: HairEvidence,
    traced: list[TracedHair],
    diameters_um: NDArray[np.float64],
    frame: NDArray[np.bool_],
    settings: HairSettings,
) -> tuple[tuple[Hair, ...], tuple[Unit, ...], tuple[str, ...]]:
    px_per_mm = evidence.scale.px_per_mm
    rooted = [i for i, hair in enumerate(traced) if hair.has_root]
    unit_of = np.zeros(len(traced), np.int64)
    is_cut = False
    if evidence.scale.is_known and rooted:
        roots = np.array([traced[i].path_px[0] for i in rooted]) / px_per_mm
        runs = np.array([traced[i].path_px[-1] - traced[i].path_px[0] for i in rooted])
        directions = runs / np.maximum(np.linalg.norm(runs, axis=1), 1e-6)[:, None]
        unit_of[rooted], is_cut = follicles.group_roots(roots, directions, settings)
    units = []
    for unit in range(1, int(unit_of.max(initial=0)) + 1):
        roots = np.array([traced[i].path_px[0] for i in np.flatnonzero(unit_of == unit)])
        x, y = roots.mean(axis=0)
        units.append(Unit(unit, _rounded(x), _rounded(y), len(roots), is_in_mask(frame, x, y)))
    hairs = tuple(
        _hair_record(
            i + 1, hair, float(diameters_um[i]), int(unit_of[i]), frame, evidence, settings
        )
        for i, hair in enumerate(traced)
    )
    return hairs, tuple(units), ("crowded_unit",) if is_cut else ()


def _hair_record(
    hair_id: int,
    hair: TracedHair,
    diameter_um: float,
    unit_id: int,
    frame: NDArray[np.bool_],
    evidence: HairEvidence,
    settings: HairSettings,
) -> Hair:
    path = hair.path_px
    step = max(1, round(_PATH_STEP_MM / hair.length_mm * len(path)))
    kept = np.unique(np.r_[np.arange(0, len(path), step), len(path) - 1])
    (root_x, root_y), (tip_x, tip_y) = path[0], path[-1]
    kind = ""
    if math.isfinite(diameter_um):
        kind = "terminal" if diameter_um >= settings.terminal_cutoff_um else "vellus"
    return Hair(
        hair_id=hair_id,
        unit_id=unit_id,
        root_x_px=_rounded(root_x),
        root_y_px=_rounded(root_y),
        tip_x_px=_rounded(tip_x),
        tip_y_px=_rounded(tip_y),
        path_px=tuple((_rounded(x), _rounded(y)) for x, y in path[kept]),
        length_mm=_rounded(hair.length_mm) if evidence.scale.is_known else math.nan,
        diameter_um=_rounded(diameter_um),
        kind=kind,
        counted=hair.has_root and is_in_mask(frame, root_x, root_y),
        confidence=_rounded(hair.confidence),
        has_root=hair.has_root,
    )


def _figures(
    evidence: HairEvidence,
    hairs: tuple[Hair, ...],
    units: tuple[Unit, ...],
    frame: NDArray[np.bool_],
    unseen: float,
    flags: tuple[str, ...],
    settings: HairSettings,
) -> HairScore:
    """Return the score: every figure is over counted hairs and the frame's area."""
    scale = evidence.scale
    counted = [hair for hair in hairs if hair.counted]
    diameters = np.array([hair.diameter_um for hair in counted], np.float64)
    counted_units = [unit for unit in units if unit.counted]
    sizes = np.array([unit.hairs for unit in counted_units], np.int64)
    confidences = np.array([hair.confidence for hair in counted], np.float64)
    hides_roots = bool({"too_dense", "long_hair"} & set(flags))
    count, error = follicles.count_interval(confidences, unseen, settings, hides_roots=hides_roots)
    area_cm2 = float(frame.sum()) / (scale.px_per_mm * 10) ** 2
    field_density, site_density = follicles.density_intervals(
        len(counted), error, _hairs_by_unit(counted), area_cm2, scale.relative_error
    )
    split, split_flags = _split(diameters, scale, settings)
    known = diameters[np.isfinite(diameters)]
    places = np.array([(u.x_px, u.y_px) for u in counted_units]) / scale.px_per_mm
    among = np.array([(u.x_px, u.y_px) for u in units]) / scale.px_per_mm
    has_area = scale.is_known and area_cm2 > 0
    is_few = len(counted) < settings.few_hairs
    width = count.high - count.low
    is_wide = not is_few and width > 2 * settings.wide_interval_share * len(counted)
    flags = join_flags(
        flags,
        split_flags,
        ["few_hairs"] if is_few else [],
        ["low_confidence"] if is_wide or hides_roots else [],
    )
    return HairScore(
        px_per_mm=scale.px_per_mm,
        scale_source=scale.source,
        scale_relative_error=scale.relative_error,
        frame_area_cm2=area_cm2,
        hair_count=len(counted),
        hair_count_low=count.low,
        hair_count_high=count.high,
        hair_density_per_cm2=field_density.value,
        hair_density_low=field_density.low,
        hair_density_high=field_density.high,
        site_density_low=site_density.low,
        site_density_high=site_density.high,
        terminal_count=split.terminal_count if split else math.nan,
        vellus_count=split.vellus_count if split else math.nan,
        vellus_percent=split.vellus_percent if split else math.nan,
        terminal_vellus_ratio=(
            split.terminal_count / split.vellus_count if split and split.vellus_count else math.nan
        ),
        mean_diameter_um=float(known.mean()) if len(known) else math.nan,
        median_diameter_um=float(np.median(known)) if len(known) else math.nan,
        sd_diameter_um=float(known.std(ddof=1)) if len(known) > 1 else math.nan,
        cumulative_thickness_mm_per_cm2=follicles.cumulative_thickness(
            diameters, len(counted), area_cm2
        ),
        hair_mass_index=follicles.hair_mass_index(diameters, len(counted), area_cm2),
        follicular_unit_count=len(counted_units) if scale.is_known else math.nan,
        follicular_unit_density_per_cm2=(len(counted_units) / area_cm2 if has_area else math.nan),
        hairs_per_unit=float(sizes.mean()) if len(sizes) else math.nan,
        single_unit_percent=100.0 * float((sizes == 1).mean()) if len(sizes) else math.nan,
        mean_unit_spacing_mm=(
            follicles.mean_nearest_distance(places, among=among) if scale.is_known else math.nan
        ),
        mean_length_mm=_mean([hair.length_mm for hair in counted]),
        calibrated_diameter=bool(settings.calibration_data),
        flags=flags,
        segmenter=settings.segmenter,
        scale=scale,
        hairs=hairs,
        units=units,
        cutoffs=(
            tuple(follicles.split_at(diameters, cutoff) for cutoff in follicles.CUTOFFS_UM)
            if split
            else ()
        ),
        readable=evidence.field.readable,
        frame=frame,
        text=evidence.text,
        panels=evidence.panels,
    )


def _split(
    diameters_um: NDArray[np.float64], scale: Scale, settings: HairSettings
) -> tuple[CutoffSplit | None, tuple[str, ...]]:
    """Return the terminal/vellus split, or None where pixels are too coarse for one."""
    if not scale.is_known:
        return None, ()
    cutoff_px = settings.terminal_cutoff_um * 1e-3 * scale.px_per_mm
    if cutoff_px < settings.least_cutoff_px:
        return None, ("diameter_below_resolution",)
    flags = ("cutoff_below_resolution",) if cutoff_px < settings.safe_cutoff_px else ()
    return follicles.split_at(diameters_um, settings.terminal_cutoff_um), flags


def _hairs_by_unit(counted: list[Hair]) -> NDArray[np.int64]:
    """Counted hairs per unit; a hair without unit (no scale) stands alone."""
    ids = np.array([hair.unit_id or -hair.hair_id for hair in counted], np.int64)
    return np.unique(ids, return_counts=True)[1].astype(np.int64)


def _mean(values: list[float]) -> float:
    known = [value for value in values if math.isfinite(value)]
    return float(np.mean(known)) if known else math.nan


def _rounded(value: float) -> float:
    return round(float(value), _DECIMALS)
