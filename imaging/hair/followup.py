"""Two hair scores of one field compared, hair by hair; no disk."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from ..errors import PairRefusedError
from ..photo.alignment import (
    Alignment,
    View,
    align_photos,
    assumed_px_per_mm,
    common_field,
)
from ..records import Hair, HairScore, Photo, join_flags
from ..records.followup import HairComparison, HairMatch, PairPlan
from ..settings import FollowupSettings, Settings
from .followup_hairs import follow_hairs, is_clipped_between, readable_in, width_mm
from .followup_survival import graft_figures
from .second_look import cover_shafts

#: Goes up whenever a number of a hair comparison changes.
ALGORITHM_VERSION = "hair-followup-5"

#: Scales that disagree by more than this with the alignment are flagged, as in a single photo.
_SCALE_CONFLICT = 0.02
_SMALL_OVERLAP_PERCENT = 50.0


def compare_scores(
    baseline: HairScore,
    followup: HairScore,
    *,
    baseline_photo: Photo,
    followup_photo: Photo,
    plan: PairPlan,
    settings: Settings,
) -> HairComparison:
    """Return what became of every hair of the common field.

    A hair that was traced in one photo only is looked for in the pixels of the other.  Where its
    shaft is seen it is kept: the number of the photo without a line is 0, its place is where the
    alignment puts the root, its length and diameter are NaN.  Where others hide it, the light that
    its crowd absorbs tells (`crowds`).  Of what cannot be told there is no row.

    Raises
    ------
    PairRefusedError
        The photos do not show the same skin, as far as can be told.
    """
    chosen = settings.followup
    scores, photos = (baseline, followup), (baseline_photo, followup_photo)
    hairs = [[h for h in s.hairs if h.has_root and h.status == "kept"] for s in scores]
    views = [_view(*parts) for parts in zip(photos, scores, hairs, strict=True)]
    alignment = align_photos(views[0], views[1], settings=chosen)
    if alignment is None or alignment.chance_log10 > chosen.most_chance_log10:
        raise PairRefusedError(
            "The pattern of roots and the skin of the two photos do not agree better than those "
            "of two photos of different places."
        )
    if alignment.overlap_percent < chosen.least_overlap_percent:
        raise PairRefusedError(
            f"The photos have only {alignment.overlap_percent:.0f} % of the baseline in common."
        )
    fields = [_counted_field(*parts) for parts in zip(scores, photos, strict=True)]
    common = common_field(alignment, fields[0], fields[1])
    matches = follow_hairs(alignment, photos, scores, hairs, common, plan, settings)
    return _figures(alignment, scores, photos, common, matches, plan, settings)


def _counted_field(score: HairScore, photo: Photo) -> NDArray[np.bool_]:
    return readable_in(score, photo) if score.frame is None else score.frame


def _view(photo: Photo, score: HairScore, hairs: Sequence[Hair]) -> View:
    roots = np.array([(h.root_x_px, h.root_y_px) for h in hairs]).reshape(-1, 2)
    tips = np.array([(h.tip_x_px, h.tip_y_px) for h in hairs]).reshape(-1, 2)
    run = tips - roots
    scale = score.px_per_mm if math.isfinite(score.px_per_mm) else assumed_px_per_mm(photo.width_px)
    return View(
        photo.pixels,
        roots,
        np.arctan2(run[:, 1], run[:, 0]),
        readable_in(score, photo),
        cover_shafts(
            photo.pixels.shape[:2],
            [np.asarray(hair.path_px, float) for hair in score.hairs],
            [scale * width_mm(hair) for hair in score.hairs],
        ),
        score.px_per_mm,
    )


def _figures(
    alignment: Alignment,
    scores: tuple[HairScore, HairScore],
    photos: tuple[Photo, Photo],
    common: NDArray[np.bool_],
    rows: list[HairMatch],
    plan: PairPlan,
    settings: Settings,
) -> HairComparison:
    hairs = [row for row in rows if row.kind == "hair"]
    kept = [row for row in hairs if row.state == "kept"]
    not_seen = sum(row.state == "not_seen" for row in hairs)
    new = sum(row.state == "new" for row in hairs)
    before = len(kept) + not_seen
    scale = alignment.baseline_px_per_mm
    area = float(common.sum()) / (10 * scale) ** 2
    phases = [row.phase for row in rows]
    growing, resting = phases.count("growing"), phases.count("not_growing")
    told = growing + resting
    open_ = phases.count("undetermined")
    speeds = [
        row.growth_um_per_day
        for row in rows
        if row.phase == "growing" and math.isfinite(row.growth_um_per_day)
    ]
    cutoff = settings.hair.terminal_cutoff_um
    thick = np.array(
        [(row.baseline_diameter_um, row.followup_diameter_um) for row in kept]
    ).reshape(-1, 2)
    thick = thick[np.isfinite(thick).all(axis=1)]
    field = int(_counted_field(scores[0], photos[0]).sum())
    grafts = graft_figures(
        rows,
        plan,
        common_share=float(common.sum()) / max(field, 1),
        settings=settings.followup,
    )
    return HairComparison(
        common_area_cm2=area,
        hairs_baseline=before,
        hairs_followup=len(kept) + new,
        kept=len(kept),
        not_seen=not_seen,
        new=new,
        change_percent=100.0 * (new - not_seen) / before if before else math.nan,
        density_change_per_cm2=(new - not_seen) / area if area > 0 else math.nan,
        # The median: a line with the ends of no hair seems to grow twice as fast as hair does.
        growth_um_per_day=float(np.median(speeds)) if speeds else math.nan,
        anagen_percent=100.0 * growing / told if told else math.nan,
        telogen_percent=100.0 * resting / told if told else math.nan,
        undetermined_percent=100.0 * open_ / (told + open_) if told + open_ else math.nan,
        alignment_error_um=alignment.residual_um,
        overlap_percent=alignment.overlap_percent,
        diameter_change_um=float(np.diff(thick, axis=1).mean()) if len(thick) else math.nan,
        terminal_to_vellus=float(((thick[:, 0] >= cutoff) & (thick[:, 1] < cutoff)).sum()),
        vellus_to_terminal=float(((thick[:, 0] < cutoff) & (thick[:, 1] >= cutoff)).sum()),
        flags=join_flags(_pair_flags(alignment, scores, plan, settings.followup), grafts.flags),
        matches=tuple(rows),
        transform=alignment.warp.matrix,
        texts=(scores[0].text, scores[1].text),
        **grafts.columns,
    )


def _pair_flags(
    alignment: Alignment,
    scores: tuple[HairScore, HairScore],
    plan: PairPlan,
    settings: FollowupSettings,
) -> list[str]:
    known = [math.isfinite(score.px_per_mm) for score in scores]
    flags = []
    if not any(known):
        flags.append("no_scale")
    elif not all(known):
        flags.append("scale_from_pair")
    elif abs(alignment.zoom - 1.0) > _SCALE_CONFLICT:
        flags.append("pair_scale_conflict")
    if alignment.method == "texture":
        flags.append("aligned_by_texture")
    if alignment.overlap_percent < _SMALL_OVERLAP_PERCENT:
        flags.append("small_overlap")
    if 0 < plan.days <= settings.growth_days and is_clipped_between(plan):
        flags.append("clipped_between")
    return flags
