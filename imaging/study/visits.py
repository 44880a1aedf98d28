"""Photos of one visit pooled: several fields of one site count as one larger field."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ..records import join_flags
from ..records.outcome import Measured, Outcome
from ..records.visit import HairVisit

Cells = Mapping[str, str]
Pooler = Callable[[Sequence[Outcome], Cells], object]

#: What makes photos one row; photos without subject and visit are in none.
_KEY = ("subject", "visit", "visit_date", "site", "arm")


def group_visits(
    outcomes: Iterable[Outcome], manifest: Mapping[str, Cells]
) -> list[tuple[Cells, list[Outcome]]]:
    """Return the outcomes of each subject, visit and site, sorted; others are left out."""
    groups: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        cells = manifest.get(outcome.photo_id, {})
        if "subject" in cells and "visit" in cells:
            groups.setdefault(tuple(cells.get(name, "") for name in _KEY), []).append(outcome)
    return [(dict(zip(_KEY, key, strict=True)), groups[key]) for key in sorted(groups)]


def pool_fields(outcomes: Sequence[Outcome], cells: Cells) -> HairVisit:
    """Return the fields of one site taken together; each quantity is a ratio of sums.

    A quantity that one scored field lacks (no scale) is NaN: a sum over fewer fields would be the
    density of another area than the count's.
    """
    scored = [o.result for o in outcomes if isinstance(o.result, Measured)]
    area = _sum(scored, "frame_area_cm2")
    hairs = _sum(scored, "hair_count")
    terminal, vellus = _sum(scored, "terminal_count"), _sum(scored, "vellus_count")
    units = _sum(scored, "follicular_unit_count")
    return HairVisit(
        **{name: cells.get(name, "") for name in _KEY},
        fields=len(scored),
        fields_failed=len(outcomes) - len(scored),
        photo_ids=";".join(o.photo_id for o in outcomes if o.is_scored),
        flags=";".join(join_flags(*(result.flags for result in scored))),
        frame_area_cm2=area,
        hair_count=int(hairs),
        hair_count_low=_sum(scored, "hair_count_low"),
        hair_count_high=_sum(scored, "hair_count_high"),
        hair_density_per_cm2=_ratio(hairs, area),
        terminal_count=terminal,
        vellus_count=vellus,
        vellus_percent=100.0 * _ratio(vellus, vellus + terminal),
        terminal_vellus_ratio=_ratio(terminal, vellus),
        mean_diameter_um=_mean_diameter(scored),
        cumulative_thickness_mm_per_cm2=_ratio(
            _sum(scored, "cumulative_thickness_mm_per_cm2", "frame_area_cm2"), area
        ),
        hair_mass_index=_ratio(_sum(scored, "hair_mass_index", "frame_area_cm2"), area),
        follicular_unit_count=int(units),
        follicular_unit_density_per_cm2=_ratio(units, area),
        hairs_per_unit=_mean_per_unit(scored),
    )


#: How each wing pools a visit, and the record that it makes.
POOLERS: dict[str, tuple[type, Pooler]] = {"hair": (HairVisit, pool_fields)}


def _number(result: Measured, name: str) -> float:
    value: Any = result.values[name]
    return float(value)


def _sum(results: Sequence[Measured], name: str, weight: str | None = None) -> float:
    return math.fsum(
        _number(r, name) * (1.0 if weight is None else _number(r, weight)) for r in results
    )


def _ratio(top: float, bottom: float) -> float:
    return top / bottom if bottom > 0 else math.nan


def _mean_diameter(results: Sequence[Measured]) -> float:
    # Hairs are split into terminal and vellus exactly when they have a diameter.
    total = hairs = 0.0
    for result in results:
        measured = _number(result, "terminal_count") + _number(result, "vellus_count")
        if measured != 0:
            total += measured * _number(result, "mean_diameter_um")
            hairs += measured
    return _ratio(total, hairs) if not math.isnan(total) else math.nan


def _mean_per_unit(results: Sequence[Measured]) -> float:
    total = units = 0.0
    for result in results:
        counted = _number(result, "follicular_unit_count")
        if counted != 0:
            total += counted * _number(result, "hairs_per_unit")
            units += counted
    return _ratio(total, units)
