"""What became of every hair, unit and graft of the common field of two photos."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from ..photo.alignment import Alignment, assumed_px_per_mm
from ..photo.places import is_in_mask
from ..records import Hair, HairScore, Photo
from ..records.followup import HairMatch, PairPlan
from ..settings import FollowupSettings, Settings
from .crowds import judge_sights, missing_shares
from .followup_units import Fates, follow_grafts, follow_units, units_as_grafts
from .matching import Floats, HairPlaces, match_hairs, places_of
from .root_mark import root_marks
from .second_look import Sight, Traced, look_again, look_at
from .skin import optical_densities

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


def follow_hairs(
    alignment: Alignment,
    photos: tuple[Photo, Photo],
    scores: tuple[HairScore, HairScore],
    hairs: list[list[Hair]],
    common: NDArray[np.bool_],
    plan: PairPlan,
    settings: Settings,
) -> list[HairMatch]:
    """Return one row per hair of the common field of which something can be told.

    Parameters
    ----------
    alignment : Alignment
    photos : (Photo, Photo)
        Baseline and follow-up.
    scores : (HairScore, HairScore)
    hairs : two lists of Hair
        Those with a root that nobody deleted.
    common : ndarray of bool, shape (h, w)
        The common field in the baseline photo.
    plan : PairPlan
    settings : Settings

    Returns
    -------
    list of HairMatch
        Hairs, then units, then grafts.
    """
    warp, chosen = alignment.warp, settings.followup
    # Both on the baseline's scale: what zoom is left is the camera's, not the hair's.
    scale = alignment.baseline_px_per_mm
    unit = scale if math.isfinite(scale) else assumed_px_per_mm(photos[0].width_px)
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
    readable = [readable_in(scores[k], photos[k]) for k in range(2)]
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
            [width_mm(hair) for hair in hairs[k]],
        )
        for k in range(2)
    ]
    back = {j: i for i, j in partner.items()}
    sights = [
        _sights(traced[0], traced[1], alone[0], partner, chosen),
        _sights(traced[1], traced[0], alone[1], back, chosen),
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
        if made.phase and i is not None:
            ahead = partial(_has_room, moved[0][i], readable[1], later)
            # Where growth could not show, resting hairs have no phase either: they alone would.
            if not ahead(chosen.least_growth_mm_per_day * plan.days + _reach_mm(chosen)):
                made = replace(made, phase="undetermined")
            if not ahead(_FAST_GROWTH_MM_PER_DAY * plan.days):
                made = replace(made, growth_um_per_day=math.nan)
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


def _sights(
    own: Traced,
    other: Traced,
    alone: Sequence[int],
    partner: Mapping[int, int],
    settings: FollowupSettings,
) -> dict[int, Sight]:
    """Say of hairs that were traced in one photo only whether the other shows them."""
    paired = list(partner.values())
    seen = look_again(own, other, alone=alone, paired=paired, share=settings.sight_share)
    missing = missing_shares(own, other, alone=alone, pairs=partner)
    return judge_sights(seen, missing, missing_share=settings.missing_share)


def _has_room(path: Floats, readable: NDArray[np.bool_], px_per_mm: float, grown_mm: float) -> bool:
    """Return whether a hair that grew by so much would still end where it can be read."""
    run = path[-1] - path[max(-len(path), -_TIP_POINTS)]
    ahead = run / max(float(np.hypot(*run)), 1e-9)
    return all(
        is_in_mask(readable, *(path[-1] + share * grown_mm * px_per_mm * ahead))
        for share in (0.0, 0.5, 1.0)
    )


def _reach_mm(settings: FollowupSettings) -> float:
    """Return half the 95 % interval of the difference of two lengths."""
    return _Z * math.sqrt(2.0) * settings.length_error_mm


def _has_mark(marks: Floats, least: float) -> NDArray[np.bool_]:
    """Return which hairs show the mark of a root; all where hairs of this photo show none."""
    if not len(marks) or np.median(marks) < _MARKED_FACTOR * least:
        return np.ones(len(marks), bool)
    return np.asarray(marks >= least)


def width_mm(hair: Hair) -> float:
    """Return the width of a shaft, a usual one where its diameter is unknown."""
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
    reach = _reach_mm(settings)
    phase = "undetermined"
    if grown_mm - reach > least:
        phase = "growing"
    elif grown_mm + reach < least:
        phase = "not_growing"
    return replace(row, phase=phase, growth_um_per_day=1e3 * grown_mm / plan.days)


def _tells_growth(plan: PairPlan, settings: FollowupSettings) -> bool:
    """Return whether lengths tell growth: visits days apart, and no clipping between them."""
    return 0 < plan.days <= settings.growth_days and not is_clipped_between(plan)


def is_clipped_between(plan: PairPlan) -> bool:
    """Return whether the hair was clipped after the baseline photo."""
    return plan.days_since_clip_followup < plan.days


def readable_in(score: HairScore, photo: Photo) -> NDArray[np.bool_]:
    """Return the readable field of a photo, shape (h, w); all of it where none was told."""
    if score.readable is None:
        return np.ones(photo.pixels.shape[:2], bool)
    return score.readable
