"""Two photos to compare and what is known of them; pairs of two photos and of two folders.

Pure: manifest cells and photo ids in, pairs and refusals out.  A refusal is a row of
``failures.csv``: what was wanted, why it cannot be had, what to do.
"""

from __future__ import annotations

import datetime
import math
import re
import unicodedata
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from ..records import PairPlan, PairRow
from ..records.followup import VisitRole
from ..records.outcome import FailureRow

Cells = Mapping[str, str]
#: Points of a graft map by the photo whose manifest row names it.
GraftMaps = Mapping[str, tuple[tuple[float, float], ...]]


@dataclass(frozen=True)
class Pair:
    """Two photos to compare: the columns that name them, and what is known of them.

    ``resident_id`` is a pre-operative photo of the same field: its counts stand in for
    ``hairs_resident`` and ``units_resident`` where the manifest does not give them.
    """

    row: PairRow
    plan: PairPlan
    resident_id: str = ""

    @property
    def baseline_id(self) -> str:
        return self.row.baseline_id

    @property
    def followup_id(self) -> str:
        return self.row.followup_id


@dataclass(frozen=True)
class PairList:
    """All pairs of a study, sorted, and what could not be paired.

    ``visits`` is every visit that is in a pair, by name in its order, for tables and curves.
    """

    pairs: tuple[Pair, ...]
    refusals: tuple[FailureRow, ...] = ()
    visits: tuple[str, ...] = ()


@dataclass(frozen=True)
class Shot:
    """One listed photo."""

    photo_id: str
    cells: Cells = field(hash=False)

    def cell(self, name: str) -> str:
        return self.cells.get(name, "")


def pair_folders(
    before: Mapping[str, str],
    after: Mapping[str, str],
    *,
    listed: Mapping[str, Cells],
    days: float = math.nan,
    graft_maps: GraftMaps | None = None,
) -> PairList:
    """Pair the photos of two folders that have one path below them.

    Parameters
    ----------
    before, after : mapping of path below the folder to photo_id
    listed : mapping of photo_id to manifest cells
        May be empty.
    days : float
        Time between, where no dates are known.
    """
    refusals = [
        FailureRow(
            found[name],
            "no_partner",
            f"There is no photo {name!r} in the other folder.",
            "Give both photos of a field the same path below their folders.",
        )
        for found, other in ((before, after), (after, before))
        for name in sorted(found.keys() - other.keys())
    ]
    pairs = tuple(
        pair_photos(before[name], after[name], listed=listed, days=days, graft_maps=graft_maps)
        for name in sorted(before.keys() & after.keys(), key=natural_key)
    )
    pairs, refused = refuse_unlike(pairs, listed)
    return PairList(pairs, tuple(refusals + refused), ("baseline", "followup"))


def pair_photos(
    baseline_id: str,
    followup_id: str,
    *,
    listed: Mapping[str, Cells],
    days: float = math.nan,
    graft_maps: GraftMaps | None = None,
) -> Pair:
    """Return two photos that a person named as a pair."""
    first = Shot(baseline_id, listed.get(baseline_id, {}))
    second = Shot(followup_id, listed.get(followup_id, {}))
    return make_pair(
        first,
        second,
        days=days,
        graft_maps=graft_maps or {},
        names=("baseline", "followup"),
    )


def natural_key(text: str) -> tuple[tuple[int, int, str], ...]:
    """Sort key: ``week 2`` before ``week 10``, case set aside."""
    return tuple(
        _number_key(part) if part.isdecimal() else (1, 0, part)
        for part in re.split(r"(\d+)", text.casefold())
        if part
    )


def _number_key(digits: str) -> tuple[int, int, str]:
    """Sort key of a whole number of any length: Python makes none of over 4300 digits."""
    plain = "".join(str(unicodedata.decimal(digit)) for digit in digits).lstrip("0")
    return 0, len(plain), plain


def make_pair(
    first: Shot,
    second: Shot,
    *,
    graft_maps: GraftMaps,
    resident_id: str = "",
    days: float = math.nan,
    names: tuple[str, str] = ("", ""),
) -> Pair:
    dated = _days_between(first.cell("visit_date"), second.cell("visit_date"))
    days = days if math.isnan(dated) else dated

    def number(name: str) -> float:
        # What was placed and what was there before is the same at every visit.
        return _number(second.cell(name) or first.cell(name))

    plan = PairPlan(
        days=days,
        modality=first.cell("modality"),
        baseline_role=_role(first),
        followup_role=_role(second),
        grafts_in_field=number("grafts_in_field"),
        hairs_in_field=number("hairs_in_field"),
        hairs_resident=number("hairs_resident"),
        units_resident=number("units_resident"),
        graft_map=graft_maps.get(first.photo_id, ()),
        days_since_clip_baseline=_number(first.cell("days_since_clip")),
        days_since_clip_followup=_number(second.cell("days_since_clip")),
        days_since_treatment_baseline=_days_between(
            first.cell("treatment_date"), first.cell("visit_date")
        ),
        days_since_treatment_followup=_days_between(
            second.cell("treatment_date"), second.cell("visit_date")
        ),
    )
    row = PairRow(
        subject=second.cell("subject") or first.cell("subject"),
        site=first.cell("site"),
        field=first.cell("field"),
        replicate=second.cell("replicate"),
        view=first.cell("view"),
        modality=first.cell("modality"),
        arm=second.cell("arm") or first.cell("arm"),
        visit_baseline=first.cell("visit") or names[0],
        visit_followup=second.cell("visit") or names[1],
        days=days,
        baseline_id=first.photo_id,
        followup_id=second.photo_id,
    )
    return Pair(row, plan, resident_id)


def refuse_unlike(
    pairs: Sequence[Pair], listed: Mapping[str, Cells]
) -> tuple[tuple[Pair, ...], list[FailureRow]]:
    """Part pairs of one kind of light, in order, from what is never compared.

    That is two kinds of light, and a baseline that is dated after its follow-up.
    """
    kept, refusals = [], []
    for pair in pairs:
        first, second = (Shot(i, listed.get(i, {})) for i in (pair.baseline_id, pair.followup_id))
        kinds = first.cell("modality"), second.cell("modality")
        if kinds[0] != kinds[1]:
            told = f"Its modality is {kinds[1]!r}; that of {pair.baseline_id!r} is {kinds[0]!r}."
            remedy = "Only photos under one kind of light are compared."
            refusals.append(FailureRow(pair.followup_id, "unlike_modality", told, remedy))
        elif pair.row.days < 0:
            told = (
                f"Its visit_date {second.cell('visit_date')} lies before that of its baseline "
                f"{pair.baseline_id!r}, {first.cell('visit_date')}."
            )
            remedy = "Name the earlier photo or folder first, or mend visit_date."
            refusals.append(FailureRow(pair.followup_id, "visits_out_of_order", told, remedy))
        else:
            kept.append(pair)
    return tuple(kept), refusals


def _role(shot: Shot) -> VisitRole:
    role = shot.cell("visit_role")
    return role if role in ("preop", "postop", "baseline", "followup") else ""  # type: ignore[return-value]


def _number(text: str) -> float:
    return float(text) if text else math.nan


def _days_between(first: str, second: str) -> float:
    if not first or not second:
        return math.nan
    return float((datetime.date.fromisoformat(second) - datetime.date.fromisoformat(first)).days)
