"""Visits of a study paired: the reference visit of each field with every later one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..records.outcome import FailureRow
from .pairs import Cells, GraftMaps, Pair, PairList, Shot, make_pair, natural_key

#: What two photos must have in common to be of one field.
_FIELD_KEY = ("field", "view")
#: In this order a visit of this role is the reference when none is named.
_REFERENCE_ROLES = ("baseline", "postop")


def pair_visits(
    listed: Mapping[str, Cells], *, baseline: str = "", graft_maps: GraftMaps | None = None
) -> PairList:
    """Pair the reference visit of each subject and site with every other visit of it.

    Parameters
    ----------
    listed : mapping of photo_id to manifest cells
    baseline : str
        Name of the reference visit.  When empty: the visit of role ``baseline``, else of role
        ``postop``, else the first by date (naturally by name without dates).
    graft_maps : mapping of photo_id to points, optional

    Notes
    -----
    Photos are paired when subject, site, field and view are equal; of replicates those of one name,
    and where no name is common the first of each.  A pre-operative visit before the reference is no
    follow-up: it tells what was there before.
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
        visits=tuple(_visit_order([s for s in shots if s not in nameless])),
    )


def _pair_site(
    shots: Sequence[Shot], *, baseline: str, graft_maps: GraftMaps
) -> tuple[list[Pair], list[FailureRow]]:
    order = _visit_order(shots)
    problem = _order_problem(shots)
    if problem is not None:
        return [], [_refusal(s, "visits_out_of_order", *problem) for s in shots]
    reference = _reference_visit(shots, order, baseline)
    if reference is None:
        remedy = "Name another visit with --baseline, or add the photo of that visit."
        told = f"There is no visit {baseline!r} of this subject and site."
        return [], [_refusal(s, "no_baseline", told, remedy) for s in shots]
    if len(order) == 1:
        told = f"Only one visit ({order[0]!r}) of this subject and site is listed."
        return [], [
            _refusal(s, "one_visit", told, "Add the photos of another visit.") for s in shots
        ]
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
    before = order[: order.index(reference)]
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


def _reference_visit(shots: Sequence[Shot], order: Sequence[str], wanted: str) -> str | None:
    if wanted:
        return wanted if wanted in order else None
    for role in _REFERENCE_ROLES:
        for visit in order:
            if any(s.cell("visit") == visit and s.cell("visit_role") == role for s in shots):
                return visit
    return order[0]


def _visit_order(shots: Sequence[Shot]) -> list[str]:
    """Return the visits by date where all have one, else naturally by name."""
    dates: dict[str, str] = {}
    for shot in shots:
        day = shot.cell("visit_date")
        known = dates.setdefault(shot.cell("visit"), day)
        if day and (not known or day < known):
            dates[shot.cell("visit")] = day
    if all(dates.values()):
        return sorted(dates, key=lambda visit: (dates[visit], natural_key(visit)))
    return sorted(dates, key=natural_key)


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
