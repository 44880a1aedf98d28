"""Follicles followed over several visits, and pooled over subjects and arms.

Every visit was compared with one baseline, so a follicle keeps its number in the baseline and its
fate is the row of its states.  Absent once is "not seen": 10 to 15 % of living follicles are empty
at any visit.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

from ..records import AttritionRow
from .living import estimate_living, partner_visit

#: Stands for all arms together; brackets, so that it is no arm's own name by accident.
ALL_ARMS = "(all)"

#: What may be followed, best first.
KINDS = ("graft", "unit", "hair")

#: Absences at late visits, without a later sighting, that make a follicle lost.
_ABSENCES_TO_LOSE = 2

#: Share of the follicles not seen that live, where no shared one tells it: in simulated courses the
#: least biased.
_UNTOLD_SHARE = 0.5

PRESENT, RESTING, NOT_SEEN, LOST, OUTSIDE = "present", "resting", "not_seen", "lost", ""


@dataclass(frozen=True)
class FieldVisit:
    """One comparison of one field with its baseline.

    Parameters
    ----------
    subject, arm, visit : str
    baseline_id : str
        Photo whose numbers the follicles have.
    days : float
    seen : mapping of follicle number to bool
        Of every follicle in the common field.
    kind : {"graft", "unit", "hair"}
    residents : float
        How many of the follicles were there before the grafts: they are taken off percentages.
    survival_units_percent, survival_hairs_percent : float
        Of the comparison; NaN when it knows no grafts.
    """

    subject: str
    arm: str
    visit: str
    baseline_id: str
    days: float
    seen: Mapping[int, bool]
    kind: str = "unit"
    residents: float = 0.0
    survival_units_percent: float = math.nan
    survival_hairs_percent: float = math.nan


def follow_follicle(seen: Sequence[bool | None], is_late: Sequence[bool]) -> list[str]:
    """Return what one follicle is at each visit, in order.

    Parameters
    ----------
    seen : sequence of bool or None
        None where the visit's photo does not show its place.
    is_late : sequence of bool
        Whether a visit is late enough for an absence to count: grafts shed first.
    """
    last = max((k for k, state in enumerate(seen) if state), default=-1)
    gone = [k for k, state in enumerate(seen) if state is False and k > last]
    late = [k for k in gone if is_late[k]]
    is_lost = len(late) >= _ABSENCES_TO_LOSE
    states = []
    for k, state in enumerate(seen):
        if state is None:
            states.append(OUTSIDE)
        elif state:
            states.append(PRESENT)
        elif k < last:
            states.append(RESTING)
        else:
            states.append(LOST if is_lost and is_late[k] else NOT_SEEN)
    return states


def mean_with_interval(
    values: Sequence[float], *, most: float = 100.0
) -> tuple[float, float, float]:
    """Return the mean of one percentage per subject and its 95 % t interval; NaN is left out.

    The limits are cut off at 0 and at `most`: a t interval over few subjects reaches beyond.
    """
    finite = np.array([value for value in values if math.isfinite(value)])
    if not len(finite):
        return math.nan, math.nan, math.nan
    mean = float(finite.mean())
    if len(finite) == 1:
        return mean, math.nan, math.nan
    half = float(student.ppf(0.975, len(finite) - 1) * finite.std(ddof=1) / math.sqrt(len(finite)))
    return mean, max(mean - half, min(0.0, mean)), min(mean + half, most)


def pool_attrition(
    visits: Sequence[FieldVisit], *, order: Sequence[str], early_days: float
) -> list[AttritionRow]:
    """Return a row per arm and visit, and one for all arms together where there are several.

    Parameters
    ----------
    visits : sequence of FieldVisit
    order : sequence of str
        The visits' names in order: that of the rows.  A field's own visits are in the order of
        their days, where all have them.
    early_days : float
        An absence before this is no sign of loss.
    """
    fates = _fates(visits, order=order, early_days=early_days)
    arms = sorted({visit.arm for visit in visits})
    groups = [(arm, [v for v in visits if v.arm == arm]) for arm in arms]
    if len(arms) > 1:
        groups.append((ALL_ARMS, list(visits)))
    rows = []
    for arm, members in groups:
        for name in order:
            for kind in KINDS:
                here = [v for v in members if v.visit == name and v.kind == kind]
                if here:
                    rows.append(_row(arm, name, here, fates, early_days=early_days))
    return rows


@dataclass(frozen=True)
class _Fate:
    """What became of one field's follicles by one visit."""

    states: Counter[str]
    living: float


def _fates(
    visits: Sequence[FieldVisit], *, order: Sequence[str], early_days: float
) -> dict[tuple[str, str], _Fate]:
    """Return the fates by baseline photo and visit."""
    rank = {name: k for k, name in enumerate(order)}
    courses: dict[str, list[FieldVisit]] = {}
    for visit in sorted(visits, key=lambda v: (v.baseline_id, rank[v.visit])):
        courses.setdefault(visit.baseline_id, []).append(visit)
    fates: dict[tuple[str, str], _Fate] = {}
    for baseline_id, course in courses.items():
        if all(math.isfinite(visit.days) for visit in course):
            course.sort(key=lambda visit: visit.days)
        late = [not v.days < early_days for v in course]
        counts: list[Counter[str]] = [Counter() for _ in course]
        for follicle in sorted({number for v in course for number in v.seen}):
            seen = [v.seen.get(follicle) for v in course]
            for k, state in enumerate(follow_follicle(seen, late)):
                counts[k][state] += 1
        for k, visit in enumerate(course):
            other = partner_visit([v.days for v in course], k, early_days=early_days)
            seen_since = counts[k][PRESENT] + counts[k][RESTING]
            living = math.nan if other is None else _living(visit, course[other], seen_since)
            fates[baseline_id, visit.visit] = _Fate(counts[k], living)
    return fates


def _living(visit: FieldVisit, other: FieldVisit, seen_since: int) -> float:
    """Return how many of the follicles that a visit shows live.

    Parameters
    ----------
    visit, other : FieldVisit
        Two late visits.
    seen_since : int
        How many were seen at `visit` or at a later one: no fewer live.

    Notes
    -----
    Of the follicles that both visits show, by `estimate_living`.  Of those that `visit` alone shows
    the seen ones live, and of the others the same share as of the shared ones that `visit` missed.
    """
    shared = sorted(visit.seen.keys() & other.seen.keys())
    if not shared:
        return math.nan
    one = [visit.seen[number] for number in shared]
    two = [other.seen[number] for number in shared]
    living = estimate_living(one, two)[0]
    missed = len(one) - sum(one)
    share = (living - sum(one)) / missed if missed else _UNTOLD_SHARE
    alone = [is_seen for number, is_seen in visit.seen.items() if number not in other.seen]
    living += sum(alone) + share * (len(alone) - sum(alone))
    return max(living, float(seen_since))


def _row(
    arm: str,
    name: str,
    here: Sequence[FieldVisit],
    fates: Mapping[tuple[str, str], _Fate],
    *,
    early_days: float,
) -> AttritionRow:
    total: Counter[str] = Counter()
    missing, present, living, units, hairs = [], [], [], [], []
    subjects = sorted({visit.subject for visit in here})
    for subject in subjects:
        own = [visit for visit in here if visit.subject == subject]
        states: Counter[str] = Counter()
        alive = 0.0
        for visit in own:
            fate = fates[visit.baseline_id, name]
            states += Counter({k: n for k, n in fate.states.items() if k != OUTSIDE})
            alive += fate.living
        total += states
        before = math.fsum(visit.residents for visit in own)
        placed = states.total() - before
        if placed > 0:
            seen = states[PRESENT] + states[RESTING] - before
            present.append(100.0 * seen / placed)
            missing.append(100.0 * (placed - seen) / placed)
            living.append(100.0 * (alive - before) / placed)
        units.append(_mean([v.survival_units_percent for v in own]))
        hairs.append(_mean([v.survival_hairs_percent for v in own]))
    days = [visit.days for visit in here if math.isfinite(visit.days)]
    is_early = here[0].kind == "graft" and any(day < early_days for day in days)
    return AttritionRow(
        arm,
        name,
        float(np.median(days)) if days else math.nan,
        len(subjects),
        here[0].kind,
        total.total(),
        total[PRESENT],
        total[RESTING],
        total[NOT_SEEN],
        total[LOST],
        _mean(missing),
        *mean_with_interval(present),
        *mean_with_interval(living),
        # Resident hair that was counted may lift survival over 100 %.
        *mean_with_interval(units, most=math.inf),
        *mean_with_interval(hairs, most=math.inf),
        flags="survival_early" if is_early else "",
    )


def _mean(values: Sequence[float]) -> float:
    finite = [value for value in values if math.isfinite(value)]
    return math.fsum(finite) / len(finite) if finite else math.nan
