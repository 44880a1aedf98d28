"""Follicular units and grafts from one visit to the next; all places in the baseline photo.

A unit is kept when any of its hairs is, or when another unit stands at its place: which hair of a
unit shows differs from visit to visit, and detectors take two touching hairs for one.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.optimize import linear_sum_assignment

from ..records import Hair
from ..records.followup import HairMatch, MatchKind, MatchState
from .matching import Floats

#: At the place of a graft a line that is as likely a hair as not is its hair.
_LEAST_CONFIDENCE = 0.5


@dataclass(frozen=True, eq=False)
class Fates:
    """What became of the hairs of two photos.

    Parameters
    ----------
    ids : (str, str)
        ``photo_id`` of baseline and follow-up.
    hairs : (sequence of Hair, sequence of Hair)
        Of the baseline and of the follow-up.
    roots_px : (ndarray, ndarray), each of shape (n, 2)
        Their roots in the baseline photo.
    rows : sequence of HairMatch
        What is known of each hair of the common field.
    to_followup : callable (ndarray of shape (n, 2)) -> ndarray
        Takes places of the baseline photo to the follow-up photo.
    is_inside : callable (x, y) -> bool
        Whether a place of the baseline photo lies in the common field.
    reach_px : float
        So near to a place a unit is that place's.
    """

    ids: tuple[str, str]
    hairs: tuple[Sequence[Hair], Sequence[Hair]]
    roots_px: tuple[Floats, Floats]
    rows: Sequence[HairMatch]
    to_followup: Callable[[Floats], Floats]
    is_inside: Callable[[float, float], bool]
    reach_px: float

    def units(
        self, side: int, among: Callable[[Hair], bool] = lambda _: True
    ) -> dict[int, list[int]]:
        """Return the places in ``hairs`` of the members of each unit by its number, sorted.

        Without a scale there are no units: every hair stands for itself.
        """
        members: dict[int, list[int]] = {}
        for k, hair in enumerate(self.hairs[side]):
            if among(hair):
                members.setdefault(hair.unit_id or hair.hair_id, []).append(k)
        return dict(sorted(members.items()))

    def centres_px(self, side: int, units: Mapping[int, Sequence[int]]) -> Floats:
        """Return the mean root of each unit, shape (n, 2)."""
        roots = self.roots_px[side]
        return np.array([roots[list(own)].mean(axis=0) for own in units.values()]).reshape(-1, 2)

    def row(
        self,
        kind: MatchKind,
        state: MatchState,
        place: Floats,
        *,
        numbers: tuple[int, int],
        hairs: tuple[int, int],
    ) -> HairMatch:
        """Return the row of a unit or graft at a place of the baseline photo."""
        x, y = (float(value) for value in place)
        later_x, later_y = (float(value) for value in self.to_followup(place[None])[0])
        unknown = (math.nan, math.nan)
        return HairMatch(
            *self.ids,
            kind,
            *numbers,
            state,
            "",
            *(unknown if state == "new" else (x, y)),
            *(unknown if state == "not_seen" else (later_x, later_y)),
            baseline_hairs=hairs[0],
            followup_hairs=hairs[1],
        )


def follow_units(fates: Fates) -> list[HairMatch]:
    """Return a row per follicular unit of the common field of which something can be told."""
    first, second = fates.units(0), fates.units(1)
    before, after = fates.centres_px(0, first), fates.centres_px(1, second)
    of_first = {row.baseline_hair_id: row for row in fates.rows if row.baseline_hair_id}
    of_second = {row.followup_hair_id: row for row in fates.rows if row.followup_hair_id}
    place_of = {fates.hairs[0][k].hair_id: u for u, own in enumerate(first.values()) for k in own}
    links = np.zeros((len(first), len(second)))
    for column, own in enumerate(second.values()):
        for k in own:
            row = of_second.get(fates.hairs[1][k].hair_id)
            if row is not None and row.baseline_hair_id in place_of:
                links[place_of[row.baseline_hair_id], column] += 1
    partner = _assign(before, after, fates.reach_px, links)
    rows = []
    second_numbers = list(second)
    for u, (number, own) in enumerate(first.items()):
        if not fates.is_inside(*before[u]):
            continue
        told = [of_first.get(fates.hairs[0][k].hair_id) for k in own]
        kept = sum(row is not None and row.state == "kept" for row in told)
        v = partner.get(u)
        if v is None and not kept and not any(told):
            continue
        there = kept if v is None else max(kept, len(second[second_numbers[v]]))
        numbers = (number, 0 if v is None else second_numbers[v])
        state: MatchState = "kept" if there else "not_seen"
        rows.append(fates.row("unit", state, before[u], numbers=numbers, hairs=(len(own), there)))
    taken = set(partner.values())
    for place, (number, own) in enumerate(second.items()):
        told = [of_second.get(fates.hairs[1][k].hair_id) for k in own]
        states = {row.state for row in told if row is not None}
        if place not in taken and states == {"new"} and fates.is_inside(*after[place]):
            rows.append(
                fates.row("unit", "new", after[place], numbers=(0, number), hairs=(0, len(own)))
            )
    return rows


def follow_grafts(
    fates: Fates, graft_map: Sequence[tuple[float, float]], *, is_fresh: bool
) -> list[HairMatch]:
    """Return a row per graft of a map that lies in the common field; it is kept or not seen.

    Parameters
    ----------
    fates : Fates
    graft_map : sequence of (x_px, y_px)
        Places in the baseline photo; a graft's number is its place in this list, from 1.
    is_fresh : bool
        The baseline shows the grafts: its hairs at their places are theirs.  Else all its hairs
        were there before, and what stands at a graft's place later is its own.
    """
    points = np.asarray(graft_map, np.float64).reshape(-1, 2)
    own = _nearest(fates.roots_px[0], points, fates.reach_px) if is_fresh else {}
    resident = {h.hair_id for k, h in enumerate(fates.hairs[0]) if k not in own}
    taken = {
        row.followup_hair_id
        for row in fates.rows
        if row.followup_hair_id and row.baseline_hair_id in resident
    }
    seen_again = {
        row.baseline_hair_id for row in fates.rows if row.baseline_hair_id and row.state == "kept"
    }
    later = fates.units(
        1, lambda hair: hair.hair_id not in taken and hair.confidence >= _LEAST_CONFIDENCE
    )
    places = fates.centres_px(1, later)
    partner = _assign(points, places, fates.reach_px, np.zeros((len(points), len(places))))
    numbers = list(later)
    rows = []
    for g, point in enumerate(points):
        if not fates.is_inside(*point):
            continue
        mine = [fates.hairs[0][k].hair_id for k, graft in own.items() if graft == g]
        kept = sum(hair_id in seen_again for hair_id in mine)
        v = partner.get(g)
        there = kept if v is None else max(kept, len(later[numbers[v]]))
        rows.append(
            fates.row(
                "graft",
                "kept" if there else "not_seen",
                point,
                numbers=(g + 1, 0 if v is None else numbers[v]),
                hairs=(len(mine), there),
            )
        )
    return rows


def units_as_grafts(units: Sequence[HairMatch]) -> list[HairMatch]:
    """Return the baseline's units as grafts: of a photo after surgery that shows nothing else."""
    return [replace(row, kind="graft") for row in units if row.state != "new"]


def _nearest(roots_px: Floats, points: Floats, reach_px: float) -> dict[int, int]:
    """Return the nearest point of every root that has one in reach."""
    if not len(roots_px) or not len(points):
        return {}
    apart = np.linalg.norm(roots_px[:, None] - points[None], axis=2)
    return {k: int(apart[k].argmin()) for k in range(len(roots_px)) if apart[k].min() <= reach_px}


def _assign(before: Floats, after: Floats, reach_px: float, links: Floats) -> dict[int, int]:
    """Pair places one to one: most hairs in common first, then the least distance within reach."""
    if not len(before) or not len(after):
        return {}
    nearness = 1.0 - np.linalg.norm(before[:, None] - after[None], axis=2) / reach_px
    worth = np.where(links > 0, 2.0 * links + np.clip(nearness, 0.0, 1.0), nearness)
    rows, columns = linear_sum_assignment(np.maximum(worth, 0.0), maximize=True)
    return {int(u): int(v) for u, v in zip(rows, columns, strict=True) if worth[u, v] > 0}
