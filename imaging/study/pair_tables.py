"""The follow-up's tables, rebuilt from the ledger alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from ..records import AttritionRow, DetectableChange, LivingGrafts, PairRow, columns_of
from ..records.outcome import Failure, FailureRow, Measured
from .attrition import KINDS, FieldVisit, pool_attrition
from .comparing import Compared
from .detectable import judge_change, minimal_changes
from .living import living_survival, partner_visit
from .measures import number
from .packing import plain_row
from .pair_wings import PAIR_RECORDS
from .store import Ledger
from .store_pairs import last_request, pair_outcomes, pair_rows

Row = Mapping[str, object]

#: The wing whose follow-up says whether a change is beyond the noise of repeats.
_JUDGED = "face"


def followup_columns(wing: str) -> tuple[str, ...]:
    """Return the columns of ``followup.csv``."""
    records = [PairRow, PAIR_RECORDS[wing][0]]
    records.append(DetectableChange if wing == _JUDGED else LivingGrafts)
    return (*(c.name for record in records for c in columns_of(record)), "flags")


def followup_rows(ledger: Ledger, wing: str) -> Iterator[Row]:
    """Yield a row per pair that was compared, in the order of subjects, sites and visits."""
    limits = minimal_changes(_scored_rows(ledger)) if wing == _JUDGED else {}
    living = {} if wing == _JUDGED else _living_grafts(ledger)
    for outcome in pair_outcomes(ledger):
        if isinstance(outcome.result, Compared):
            values = dict(outcome.result.values)
            key = (outcome.row.baseline_id, outcome.row.followup_id)
            judged = plain_row(judge_change(values, limits)) if limits else {}
            judged |= plain_row(living[key]) if key in living else {}
            flags = ";".join(outcome.result.flags)
            yield {**plain_row(outcome.row), **values, **judged, "flags": flags}


def pair_failure_rows(ledger: Ledger) -> Iterator[FailureRow]:
    """Yield what could not be paired or compared, as rows of ``failures.csv``."""
    request = last_request(ledger)
    if request is None:
        return
    yield from request.refusals
    for outcome in pair_outcomes(ledger):
        if isinstance(outcome.result, Failure):
            failure = outcome.result
            told = f"Compared with {outcome.row.baseline_id!r}: {failure.message}"
            yield FailureRow(outcome.row.followup_id, failure.code, told, failure.remedy)


def stored_pair_rows(ledger: Ledger, name: str) -> Iterator[Row]:
    """Yield the rows of one further table of all pairs."""
    for _, _, rows in pair_rows(ledger, name):
        yield from rows


def attrition_rows(ledger: Ledger) -> Iterator[Row]:
    """Yield a row per arm and visit."""
    request = last_request(ledger)
    if request is None:
        return
    matches = {(b, f): rows for b, f, rows in pair_rows(ledger, "matches")}
    visits: dict[tuple[str, ...], FieldVisit] = {}
    for outcome in pair_outcomes(ledger):
        if isinstance(outcome.result, Compared):
            row = outcome.row
            found = matches.get((row.baseline_id, row.followup_id), [])
            # Of replicates the first: follicles must not be counted twice.
            key = (row.subject or row.baseline_id, row.site, row.field, row.visit_followup)
            visits.setdefault(key, _field_visit(row, outcome.result, found))
    early_days = float(request.settings["followup.early_days"])
    for pooled in pool_attrition(
        list(visits.values()), order=request.visits, early_days=early_days
    ):
        yield plain_row(pooled)


def _living_grafts(ledger: Ledger) -> dict[tuple[str, str], LivingGrafts]:
    """Return by both ids what two late visits tell of a field's grafts."""
    request = last_request(ledger)
    if request is None:
        return {}
    early_days = float(request.settings["followup.early_days"])
    error_share = float(request.settings["followup.survival_error_share"])
    matches = {(b, f): rows for b, f, rows in pair_rows(ledger, "matches")}
    manifest = ledger.manifest()
    # By kind too: numbers of a map's grafts and of units name different follicles.
    courses: dict[tuple[str, str], list[tuple[str, FieldVisit]]] = {}
    for outcome in pair_outcomes(ledger):
        row = outcome.row
        if isinstance(outcome.result, Compared) and math.isfinite(
            number(outcome.result.values.get("grafts"))
        ):
            found = matches.get((row.baseline_id, row.followup_id), [])
            visit = _field_visit(row, outcome.result, found)
            is_postop = manifest.get(row.baseline_id, {}).get("visit_role") == "postop"
            # Units of a photo before surgery are the residents alone.
            if visit.kind == "hair" or (visit.kind == "unit" and not is_postop):
                continue
            course = courses.setdefault((row.baseline_id, visit.kind), [])
            course.append((row.followup_id, visit))
    living = {}
    for (baseline_id, _), course in courses.items():
        days = [visit.days for _, visit in course]
        for k, (followup_id, visit) in enumerate(course):
            other = partner_visit(days, k, early_days=early_days)
            if other is not None:
                told = living_survival(
                    visit.seen,
                    course[other][1].seen,
                    residents=visit.residents,
                    error_share=error_share,
                )
                living[baseline_id, followup_id] = LivingGrafts(told.percent, told.low, told.high)
    return living


def _field_visit(row: PairRow, compared: Compared, matches: list[dict[str, Any]]) -> FieldVisit:
    kinds = {str(match["kind"]) for match in matches}
    kind = next((name for name in KINDS if name in kinds), "unit")
    seen = {
        int(match["baseline_hair_id"]): match["state"] == "kept"
        for match in matches
        if match["kind"] == kind and match["baseline_hair_id"]
    }
    grafts = number(compared.values.get("grafts"))
    is_mixed = kind == "unit" and grafts <= len(seen)
    return FieldVisit(
        subject=row.subject or row.baseline_id,
        arm=row.arm,
        visit=row.visit_followup,
        baseline_id=row.baseline_id,
        days=row.days,
        seen=seen,
        kind=kind,
        residents=len(seen) - grafts if is_mixed else 0.0,
        survival_units_percent=number(compared.values.get("survival_units_percent")),
        survival_hairs_percent=number(compared.values.get("survival_hairs_percent")),
    )


def _scored_rows(ledger: Ledger) -> Iterator[Row]:
    manifest = ledger.manifest()
    for outcome in ledger.outcomes():
        if isinstance(outcome.result, Measured):
            yield {**manifest.get(outcome.photo_id, {}), **outcome.result.values}


def attrition_columns() -> tuple[str, ...]:
    """Return the columns of ``attrition.csv``."""
    return tuple(column.name for column in columns_of(AttritionRow))
