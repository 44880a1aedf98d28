"""Visits of a study paired: the reference visit of each field with every later one."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from ..records.outcome import FailureRow
from .pairs import Cells, GraftMaps, Pair, PairList, Shot, make_pair, natural_key

#: What two photos must have in common to be of one field.
_FIELD_KEY = ("field", "view")
#: In this order a visit of this role is the reference when none is named.
_REFERENCE_ROLES = ("baseline", "postop")
#: What a visit of each role comes before and after.
_STEPS = {"preop": 0, "postop": 1, "baseline": 1, "followup": 2}
#: A visit of this name comes first.
_FIRST_NAME = "baseline"


@dataclass(frozen=True)
class _Visit:
    """One visit of a subject and site; ``day`` is empty when no photo of it has a date."""

    name: str
    day: str
    roles: frozenset[str]


def pair_visits(
    listed: Mapping[str, Cells], *, baseline: str = "", graft_maps: GraftMaps | None = None
) -> PairList:
    """Pair the reference visit of each subject and site with every other visit of it.

    Parameters
    ----------
    listed : mapping of photo_id to manifest cells
    baseline : str
        Name of the reference visit.  When empty: the visit of role ``baseline``, else of role
        ``postop``, else the first by date, else the only one that is no follow-up by role, else the
        first by name where names tell an order (see Notes).
    graft_maps : mapping of photo_id to points, optional

    Notes
    -----
    Photos are paired when subject, site, field and view are equal; of replicates those of one name,
    and where no name is common the first of each.  A pre-operative visit before the reference is no
    follow-up: it tells what was there before.

    Names tell an order where they differ in a number alone ("week 0", "week 12"); one that is
    called "baseline" comes before the others.  "before" and "after" tell none: without dates, roles
    or `baseline` such visits are refused, because the wrong one as reference turns every change
    round.
    """
    shots = [Shot(photo_id, cells) for photo_id, cells in listed.items()]
    nameless = [s for s in shots if not s.cell("subject") or not s.cell("visit")]
    refusals = [
        FailureRow(
            s.photo_id,
            "visit_unknown",
            "Its manifest row names no subject or no visit: it cannot be paired.",
            "Fill in the columns subject and visit.",
        )
        for s in nameless
    ]
    sites: dict[tuple[str, str], list[Shot]] = {}
    for shot in shots:
        if shot not in nameless:
            sites.setdefault((shot.cell("subject"), shot.cell("site")), []).append(shot)
    pairs: list[Pair] = []
    for key in sorted(sites, key=lambda key: tuple(map(natural_key, key))):
        made, refused = _pair_site(sites[key], baseline=baseline, graft_maps=graft_maps or {})
        pairs += made
        refusals += refused
    return PairList(
        pairs=tuple(pairs),
        refusals=tuple(sorted(refusals, key=lambda r: (r.photo_id, r.code, r.message))),
        visits=_common_order(pairs),
    )


def _pair_site(
    shots: Sequence[Shot], *, baseline: str, graft_maps: GraftMaps
) -> tuple[list[Pair], list[FailureRow]]:
    problem = _order_problem(shots)
    if problem is not None:
        return [], [_refusal(s, "visits_out_of_order", *problem) for s in shots]
    visits = _visits_of(shots)
    names = [visit.name for visit in visits]
    if baseline and baseline not in names:
        remedy = "Name another visit with --baseline, or add the photo of that visit."
        told = f"There is no visit {baseline!r} of this subject and site."
        return [], [_refusal(s, "no_baseline", told, remedy) for s in shots]
    if len(names) == 1:
        told = f"Only one visit ({names[0]!r}) of this subject and site is listed."
        return [], [
            _refusal(s, "one_visit", told, "Add the photos of another visit.") for s in shots
        ]
    reference = baseline or _reference_visit(visits)
    if reference is None:
        listed = ", ".join(map(repr, names))
        told = f"Neither date nor role nor name tells which of the visits {listed} is the first."
        remedy = "Fill in visit_date or visit_role, or name the reference visit with --baseline."
        return [], [_refusal(s, "visit_order_unknown", told, remedy) for s in shots]
    order, before = _visit_order(visits, reference)
    repeated = _repeated(shots)
    refusals = [
        _refusal(
            shot,
            "repeated_visit",
            f"Visit {shot.cell('visit')!r} has several photos of this field without a replicate.",
            "Fill in the column replicate, or leave one of the photos out.",
        )
        for shot in repeated
    ]
    usable = [shot for shot in shots if shot not in repeated]
    base = [shot for shot in usable if shot.cell("visit") == reference]
    residents = [s for s in usable if s.cell("visit") in before and s.cell("visit_role") == "preop"]
    pairs: list[Pair] = []
    for visit in order:
        later = [shot for shot in usable if shot.cell("visit") == visit]
        if visit == reference or not later:
            continue
        if visit in before:
            refusals += [
                _refusal(
                    shot,
                    "before_baseline",
                    f"Visit {visit!r} lies before the reference visit {reference!r}.",
                    "Name an earlier visit with --baseline; give a pre-operative visit its role.",
                )
                for shot in later
                if shot not in residents
            ]
            continue
        made, refused = _pair_visit(base, later, residents, graft_maps)
        pairs += made
        refusals += refused
    return pairs, refusals


def _pair_visit(
    base: Sequence[Shot],
    later: Sequence[Shot],
    residents: Sequence[Shot],
    graft_maps: GraftMaps,
) -> tuple[list[Pair], list[FailureRow]]:
    pairs: list[Pair] = []
    refusals: list[FailureRow] = []
    groups: dict[tuple[str, ...], list[Shot]] = {}
    for shot in later:
        groups.setdefault(_field_of(shot), []).append(shot)
    for key in sorted(groups):
        shots = groups[key]
        partners = [shot for shot in base if _field_of(shot) == key]
        if not partners:
            named = ", ".join(f"{n} {v!r}" for n, v in zip(_FIELD_KEY, key, strict=True) if v)
            told = f"The reference visit has no photo of the same {named or 'field'}."
            remedy = "Give photos of one field the same field and view at every visit."
            refusals += [_refusal(shot, "no_common_field", told, remedy) for shot in shots]
            continue
        for modality in sorted({shot.cell("modality") for shot in shots}):
            alike = [shot for shot in shots if shot.cell("modality") == modality]
            mates = [shot for shot in partners if shot.cell("modality") == modality]
            if not mates:
                seen = ", ".join(sorted({repr(s.cell("modality")) for s in partners}))
                refusals += [
                    _refusal(
                        shot,
                        "unlike_modality",
                        f"Its modality is {modality!r}; the reference visit has {seen} only.",
                        "Only photos under one kind of light are compared.",
                    )
                    for shot in alike
                ]
                continue
            for first, second in _pair_replicates(mates, alike):
                resident = next((r.photo_id for r in residents if _field_of(r) == key), "")
                pairs.append(make_pair(first, second, graft_maps=graft_maps, resident_id=resident))
    return pairs, refusals


def _pair_replicates(mates: Sequence[Shot], alike: Sequence[Shot]) -> list[tuple[Shot, Shot]]:
    first = {shot.cell("replicate"): shot for shot in mates}
    second = {shot.cell("replicate"): shot for shot in alike}
    shared = sorted(first.keys() & second.keys(), key=natural_key)
    if shared:
        return [(first[name], second[name]) for name in shared]
    return [
        (first[min(first, key=natural_key)], second[min(second, key=natural_key)]),
    ]


def _visits_of(shots: Sequence[Shot]) -> list[_Visit]:
    """Return the visits, by name."""
    groups: dict[str, list[Shot]] = {}
    for shot in shots:
        groups.setdefault(shot.cell("visit"), []).append(shot)
    return [
        _Visit(
            name,
            next((s.cell("visit_date") for s in groups[name] if s.cell("visit_date")), ""),
            frozenset(s.cell("visit_role") for s in groups[name] if s.cell("visit_role")),
        )
        for name in sorted(groups, key=_name_key)
    ]


def _reference_visit(visits: Sequence[_Visit]) -> str | None:
    """Return the visit that the others are compared with; None when nothing tells which."""
    for role in _REFERENCE_ROLES:
        named = [visit for visit in visits if role in visit.roles]
        if named:
            return _first_visit(named)
    if all(visit.day for visit in visits):
        return _first_visit(visits)
    return _first_visit([v for v in visits if "followup" not in v.roles] or visits)


def _first_visit(visits: Sequence[_Visit]) -> str | None:
    if all(visit.day for visit in visits):
        first_day = min(visit.day for visit in visits)
        visits = [visit for visit in visits if visit.day == first_day]
    names = [visit.name for visit in visits]
    return min(names, key=_name_key) if len(names) == 1 or _tell_order(names) else None


def _visit_order(visits: Sequence[_Visit], reference: str) -> tuple[list[str], list[str]]:
    """Return all visits in order, by date where all have one, and those before the reference."""
    base = next(visit for visit in visits if visit.name == reference)
    before = [v.name for v in visits if v.name != reference and _is_before(v, base)]
    is_dated = all(visit.day for visit in visits)

    def place(visit: _Visit) -> tuple[bool, bool, str, object]:
        is_after = visit.name != reference and visit.name not in before
        day = visit.day if is_dated else ""
        return visit.name not in before, is_after, day, _name_key(visit.name)

    return [visit.name for visit in sorted(visits, key=place)], before


def _is_before(visit: _Visit, base: _Visit) -> bool:
    if visit.day and base.day and visit.day != base.day:
        return visit.day < base.day
    if visit.roles and base.roles:
        steps = [min(_STEPS[role] for role in one.roles) for one in (visit, base)]
        if steps[0] != steps[1]:
            return steps[0] < steps[1]
    names = [visit.name, base.name]
    is_earlier = _tell_order(names) and min(names, key=_name_key) == visit.name
    return is_earlier or "preop" in visit.roles - base.roles


def _name_key(name: str) -> tuple[bool, tuple[tuple[int, int, str], ...]]:
    return name.casefold() != _FIRST_NAME, natural_key(name)


def _tell_order(names: Sequence[str]) -> bool:
    """Tell whether names differ in a number alone, but for one that is called "baseline"."""
    keys = [natural_key(name) for name in names if name.casefold() != _FIRST_NAME]
    if len(keys) < len(names) - 1 or len({len(key) for key in keys}) != 1:
        return False
    if len(keys) == 1:
        return True
    differing = [set(parts) for parts in zip(*keys, strict=True) if len(set(parts)) > 1]
    return (
        len(differing) == 1
        and len(differing[0]) == len(keys)
        and all(kind == 0 for kind, _, _ in differing[0])
    )


def _common_order(pairs: Sequence[Pair]) -> tuple[str, ...]:
    """Return the visits of all subjects in order.

    By the median of the days since each subject's own reference visit where every visit has days,
    else those that are nothing but references first, and naturally by name.  Dates alone would not
    do: subjects enter a study one after the other.
    """
    days: dict[str, list[float]] = {}
    for pair in pairs:
        days.setdefault(pair.row.visit_baseline, []).append(0.0)
        days.setdefault(pair.row.visit_followup, []).append(pair.row.days)
    known = {visit: [day for day in all_ if math.isfinite(day)] for visit, all_ in days.items()}
    if all(known.values()):
        return tuple(sorted(days, key=lambda visit: (median(known[visit]), natural_key(visit))))
    later = {pair.row.visit_followup for pair in pairs}
    return tuple(sorted(days, key=lambda visit: (visit in later, _name_key(visit))))


def _order_problem(shots: Sequence[Shot]) -> tuple[str, str] | None:
    """Return what is wrong with dates and roles of one subject and site, and what to do."""
    dates: dict[str, set[str]] = {}
    for shot in shots:
        if shot.cell("visit_date"):
            dates.setdefault(shot.cell("visit"), set()).add(shot.cell("visit_date"))
    torn = sorted(visit for visit, days in dates.items() if len(days) > 1)
    if torn:
        days = ", ".join(sorted(dates[torn[0]]))
        return f"Visit {torn[0]!r} has several dates: {days}.", "Give a visit one date per subject."
    steps = {"preop": 0, "postop": 1, "baseline": 1, "followup": 2}
    dated = [s for s in shots if s.cell("visit_date") and s.cell("visit_role")]
    for one in dated:
        for other in dated:
            is_earlier = one.cell("visit_date") < other.cell("visit_date")
            if is_earlier and steps[one.cell("visit_role")] > steps[other.cell("visit_role")]:
                return (
                    f"Visit {one.cell('visit')!r} ({one.cell('visit_role')}) is dated before visit "
                    f"{other.cell('visit')!r} ({other.cell('visit_role')}).",
                    "Mend visit_date or visit_role.",
                )
    return None


def _repeated(shots: Sequence[Shot]) -> list[Shot]:
    groups: dict[tuple[str, ...], list[Shot]] = {}
    for shot in shots:
        key = (shot.cell("visit"), *_field_of(shot), shot.cell("modality"), shot.cell("replicate"))
        groups.setdefault(key, []).append(shot)
    return [shot for group in groups.values() if len(group) > 1 for shot in group]


def _field_of(shot: Shot) -> tuple[str, ...]:
    return tuple(shot.cell(name) for name in _FIELD_KEY)


def _refusal(shot: Shot, code: str, message: str, remedy: str) -> FailureRow:
    return FailureRow(shot.photo_id, code, message, remedy)
