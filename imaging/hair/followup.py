"""Two hair scores of one field compared, hair by hair; no disk."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ..errors import PairRefusedError
from ..photo.alignment import Alignment, View, align_photos, common_field
from ..photo.places import is_in_mask
from ..records import Hair, HairScore, Photo, join_flags
from ..records.followup import HairComparison, HairMatch, PairPlan
from ..settings import FollowupSettings, Settings
from .followup_survival import graft_figures
from .followup_units import Fates, follow_grafts, follow_units, units_as_grafts
from .matching import Floats, HairPlaces, match_hairs, places_of
from .root_mark import root_marks
from .second_look import Sight, Traced, look_again, look_at
from .skin import optical_densities

#: Goes up whenever a number of a hair comparison changes.
ALGORITHM_VERSION = "hair-followup-4"

#: Scales that disagree by more than this with the alignment are flagged, as in a single photo.
_SCALE_CONFLICT = 0.02
_SMALL_OVERLAP_PERCENT = 50.0
#: Shafts of unknown diameter hide this much.
_USUAL_WIDTH_MM = 0.06
#: Two hairs seen at each other's places, without another partner, may differ by so much more.
_SEEN_COST_FACTOR = 3.0
#: Roots of dark hair leave marks of at least so many times the least one; fair hair's do not.
_MARKED_FACTOR = 3.0
#: Scalp hair grows by up to this; a tip goes on in the direction of so many points before it.
_FAST_GROWTH_MM_PER_DAY, _TIP_POINTS = 0.41, 4
#: Half the width of a 95 % interval in standard errors.
_Z = 1.96


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
    alignment puts the root, its length and diameter are NaN.  Where others hide it nothing can be
    told, and it has no row.

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
    frames = [s.readable if s.frame is None else s.frame for s in scores]
    common = common_field(alignment, _mask(frames[0], photos[0]), _mask(frames[1], photos[1]))
    matches = _hair_matches(alignment, photos, scores, hairs, common, plan, settings)
    return _figures(alignment, scores, photos, common, matches, plan, settings)


def _mask(mask: NDArray[np.bool_] | None, photo: Photo) -> NDArray[np.bool_]:
    return np.ones(photo.pixels.shape[:2], bool) if mask is None else mask


def _view(photo: Photo, score: HairScore, hairs: Sequence[Hair]) -> View:
    roots = np.array([(h.root_x_px, h.root_y_px) for h in hairs]).reshape(-1, 2)
    tips = np.array([(h.tip_x_px, h.tip_y_px) for h in hairs]).reshape(-1, 2)
    run = tips - roots
    covered = np.zeros(photo.pixels.shape[:2], bool)
    return View(
        photo.pixels,
        roots,
        np.arctan2(run[:, 1], run[:, 0]),
        _mask(score.readable, photo),
        covered,
        score.px_per_mm,
    )


def _hair_matches(
    alignment: Alignment,
    photos: tuple[Photo, Photo],
    scores: tuple[HairScore, HairScore],
    hairs: list[list[Hair]],
    common: NDArray[np.bool_],
    plan: PairPlan,
    settings: Settings,
) -> list[HairMatch]:
    """Return one row per hair of the common field of which something can be told."""
    warp, chosen = alignment.warp, settings.followup
    # Both on the baseline's scale: what zoom is left is the camera's, not the hair's.
    scale = alignment.baseline_px_per_mm
    unit = scale if math.isfinite(scale) else photos[0].width_px / 8.0
    later = unit * warp.zoom
    paths = [[np.asarray(h.path_px, float) for h in group] for group in hairs]
    moved = [[warp.forward(path) for path in paths[0]], [warp.inverse(path) for path in paths[1]]]
    places = (
        places_of([path / later for path in moved[0]], _diameters(hairs[0])),
        places_of([path / later for path in paths[1]], _diameters(hairs[1])),
    )
    partner = dict(match_hairs(*places, chosen).tolist())
    roots = ([path[0] for path in paths[0]], [path[0] for path in moved[1]])
    inside = [{i for i, (x, y) in enumerate(group) if is_in_mask(common, x, y)} for group in roots]
    alone = [sorted(inside[0] - set(partner)), sorted(inside[1] - set(partner.values()))]
    px_per_mm = (unit, later)
    readable = [_mask(scores[k].readable, photos[k]) for k in range(2)]
    densities = [
        optical_densities(photos[k].pixels, valid=readable[k], px_per_mm=px_per_mm[k])
        for k in range(2)
    ]
    traced = [
        Traced(
            look_at(
                densities[k],
                readable=readable[k],
                px_per_mm=px_per_mm[k],
                settings=settings.hair,
            ),
            paths[k],
            moved[k],
            [_width_mm(hair) for hair in hairs[k]],
        )
        for k in range(2)
    ]
    sights = [
        look_again(
            traced[0],
            traced[1],
            alone=alone[0],
            paired=list(partner.values()),
            share=chosen.sight_share,
        ),
        look_again(
            traced[1], traced[0], alone=alone[1], paired=list(partner), share=chosen.sight_share
        ),
    ]
    partner |= _pairs_of_seen(places, sights, chosen)
    rooted = [
        _has_mark(
            root_marks(densities[k], paths[k], px_per_mm=px_per_mm[k]),
            chosen.root_mark_density,
        )
        for k in range(2)
    ]
    correction = alignment.followup_px_per_mm / later if math.isfinite(scale) else math.nan

    def row(i: int | None, j: int | None, sight: str = "") -> HairMatch:
        first = None if i is None else hairs[0][i]
        second = None if j is None else hairs[1][j]
        made = _row(photos, first, second, correction, plan, chosen)
        if made.phase and i is not None and _may_leave(moved[0][i], readable[1], later, plan.days):
            # Told whether it grows or rests: else the resting ones at the edge would be too many.
            made = replace(made, phase="undetermined", growth_um_per_day=math.nan)
        if sight != "seen":
            return made
        x, y = moved[0][i][0] if i is not None else moved[1][j or 0][0]
        x, y = float(x), float(y)
        made = replace(made, state="kept", phase="")
        if i is None:
            return replace(made, baseline_x_px=x, baseline_y_px=y, baseline_hairs=1)
        return replace(made, followup_x_px=x, followup_y_px=y, followup_hairs=1)

    rows = [row(i, partner[i]) for i in sorted(inside[0]) if i in partner]
    taken = set(partner.values())
    for k, mates in enumerate((set(partner), taken)):
        for i in alone[k]:
            sight = sights[k][i]
            is_sure = hairs[k][i].confidence >= chosen.lone_confidence and rooted[k][i]
            if i not in mates and (sight == "seen" or (sight == "bare" and is_sure)):
                rows.append(row(i, None, sight) if k == 0 else row(None, i, sight))
    fates = Fates(
        (photos[0].photo_id, photos[1].photo_id),
        (hairs[0], hairs[1]),
        (np.array(roots[0]).reshape(-1, 2), np.array(roots[1]).reshape(-1, 2)),
        rows,
        warp.forward,
        lambda x, y: is_in_mask(common, x, y),
        chosen.unit_reach_mm * unit,
    )
    units = follow_units(fates)
    grafts: list[HairMatch] = []
    if plan.graft_map:
        grafts = follow_grafts(fates, plan.graft_map, is_fresh=plan.baseline_role != "preop")
    elif plan.baseline_role == "postop" and not plan.units_resident > 0:
        grafts = units_as_grafts(units)
    return [*rows, *units, *grafts]


def _may_leave(path: Floats, readable: NDArray[np.bool_], px_per_mm: float, days: float) -> bool:
    """Return whether a hair that grew as fast as hair can would end where nothing can be read."""
    run = path[-1] - path[max(-len(path), -_TIP_POINTS)]
    ahead = run / max(float(np.hypot(*run)), 1e-9)
    reach_px = _FAST_GROWTH_MM_PER_DAY * days * px_per_mm
    return not all(
        is_in_mask(readable, *(path[-1] + share * reach_px * ahead)) for share in (0.0, 0.5, 1.0)
    )


def _has_mark(marks: Floats, least: float) -> NDArray[np.bool_]:
    """Return which hairs show the mark of a root; all where hairs of this photo show none."""
    if not len(marks) or np.median(marks) < _MARKED_FACTOR * least:
        return np.ones(len(marks), bool)
    return np.asarray(marks >= least)


def _width_mm(hair: Hair) -> float:
    return 1e-3 * hair.diameter_um if math.isfinite(hair.diameter_um) else _USUAL_WIDTH_MM


def _pairs_of_seen(
    places: tuple[HairPlaces, HairPlaces],
    sights: Sequence[dict[int, Sight]],
    settings: FollowupSettings,
) -> dict[int, int]:
    """Pair hairs that were each seen at the other's place: one hair, traced badly once."""
    first, second = ([i for i, sight in s.items() if sight == "seen"] for s in sights)
    wide = replace(settings, most_match_cost=_SEEN_COST_FACTOR * settings.most_match_cost)
    found = match_hairs(places[0].some(first), places[1].some(second), wide)
    return {first[i]: second[j] for i, j in found.tolist()}


def _diameters(hairs: Sequence[Hair]) -> Floats:
    return np.array([hair.diameter_um for hair in hairs], np.float64)


def _row(
    photos: tuple[Photo, Photo],
    first: Hair | None,
    second: Hair | None,
    correction: float,
    plan: PairPlan,
    settings: FollowupSettings,
) -> HairMatch:
    state = "new" if first is None else "not_seen" if second is None else "kept"
    row = HairMatch(
        baseline_id=photos[0].photo_id,
        followup_id=photos[1].photo_id,
        kind="hair",
        baseline_hair_id=first.hair_id if first else 0,
        followup_hair_id=second.hair_id if second else 0,
        state=state,
        phase="",
        baseline_x_px=first.root_x_px if first else math.nan,
        baseline_y_px=first.root_y_px if first else math.nan,
        followup_x_px=second.root_x_px if second else math.nan,
        followup_y_px=second.root_y_px if second else math.nan,
        baseline_length_mm=first.length_mm if first else math.nan,
        followup_length_mm=second.length_mm * correction if second else math.nan,
        baseline_diameter_um=first.diameter_um if first else math.nan,
        followup_diameter_um=second.diameter_um * correction if second else math.nan,
        baseline_hairs=1 if first else 0,
        followup_hairs=1 if second else 0,
    )
    grown_mm = row.followup_length_mm - row.baseline_length_mm
    if state != "kept" or not _tells_growth(plan, settings) or not math.isfinite(grown_mm):
        return row
    least = settings.least_growth_mm_per_day * plan.days
    reach = _Z * math.sqrt(2.0) * settings.length_error_mm
    phase = "undetermined"
    if grown_mm - reach > least:
        phase = "growing"
    elif grown_mm + reach < least:
        phase = "not_growing"
    return replace(row, phase=phase, growth_um_per_day=1e3 * grown_mm / plan.days)


def _tells_growth(plan: PairPlan, settings: FollowupSettings) -> bool:
    return 0 < plan.days <= settings.growth_days and not _is_clipped_between(plan)


def _is_clipped_between(plan: PairPlan) -> bool:
    return plan.days_since_clip_followup < plan.days


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
    speeds = [row.growth_um_per_day for row in rows if row.phase == "growing"]
    cutoff = settings.hair.terminal_cutoff_um
    thick = np.array(
        [(row.baseline_diameter_um, row.followup_diameter_um) for row in kept]
    ).reshape(-1, 2)
    thick = thick[np.isfinite(thick).all(axis=1)]
    frame = scores[0].readable if scores[0].frame is None else scores[0].frame
    field = common.size if frame is None else int(frame.sum())
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
    if 0 < plan.days <= settings.growth_days and _is_clipped_between(plan):
        flags.append("clipped_between")
    return flags
