"""Photos of one visit pooled: fields of one site as one larger field, views of a face as one."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ..face.masi import combine_views
from ..records import columns_of, join_flags
from ..records.face import FaceScore, RegionScore
from ..records.outcome import Measured, Outcome
from ..records.visit import HairVisit, VisitRow
from .packing import plain_row

Cells = Mapping[str, str]
Rows = Sequence[Mapping[str, Any]]
#: Rows of one table by `photo_id`.
TableRows = Mapping[str, Rows]


@dataclass(frozen=True)
class Pooler:
    """How a wing makes one row of the photos of one visit.

    Parameters
    ----------
    record : type
        Its columns are the wing's part of ``visits.csv``.
    pool : callable (scored outcomes, rows of `table`) -> record or None
        A record with ``flags`` has all flags of the visit, and those of the photos are in it;
        None when these photos cannot be taken together.
    table : str
        The one table that it needs besides the results; empty for none.
    """

    record: type
    pool: Callable[[Sequence[Outcome], TableRows], Any]
    table: str = ""


#: What stands in the column ``view`` of a crop.
PATCH_VIEW = "patch"

#: What makes photos one row; photos without subject and visit are in none.  Each kind of light
#: shows other pigment; an empty cell is a kind of its own, as where visits are paired.
_KEY = ("subject", "visit", "visit_date", "site", "modality", "arm")


def group_visits(
    outcomes: Iterable[Outcome], manifest: Mapping[str, Cells]
) -> list[tuple[Cells, list[Outcome]]]:
    """Return the outcomes of each subject, visit, site and light, sorted; others are left out."""
    groups: dict[tuple[str, ...], list[Outcome]] = {}
    for outcome in outcomes:
        cells = manifest.get(outcome.photo_id, {})
        if "subject" in cells and "visit" in cells:
            groups.setdefault(tuple(cells.get(name, "") for name in _KEY), []).append(outcome)
    return [(dict(zip(_KEY, key, strict=True)), groups[key]) for key in sorted(groups)]


def visit_columns(wing: str) -> tuple[str, ...]:
    """Return the columns of a wing's ``visits.csv``."""
    return tuple(c.name for c in (*columns_of(VisitRow), *columns_of(POOLERS[wing].record)))


def pool_visit(
    outcomes: Sequence[Outcome],
    cells: Cells,
    rows: TableRows,
    *,
    wing: str,
    manifest: Mapping[str, Cells],
) -> dict[str, object]:
    """Return the row of one visit; without any scored photo it has the shared columns only.

    Of replicates, which show the same skin again, the first that was scored is taken.
    """
    every = [outcome for outcome in outcomes if outcome.is_scored]
    scored = _without_replicates(every, manifest)
    pooled = POOLERS[wing].pool(scored, rows) if scored else None
    own = getattr(pooled, "flags", None)
    flags = join_flags(
        *((o.flags for o in scored) if own is None else [own]),
        ["repeated_view"] if len(scored) < len(every) else [],
    )
    shared = VisitRow(
        **{name: cells.get(name, "") for name in _KEY},
        photos=len(scored),
        photos_failed=len(outcomes) - len(every),
        photo_ids=";".join(outcome.photo_id for outcome in scored),
        flags=";".join(flags),
    )
    return plain_row(shared) | ({} if pooled is None else plain_row(pooled))


def _without_replicates(
    outcomes: Sequence[Outcome], manifest: Mapping[str, Cells]
) -> list[Outcome]:
    """Return the outcomes less those of a field and view that another replicate shows."""
    kept: list[Outcome] = []
    shown: set[tuple[str, str]] = set()
    for outcome in outcomes:
        cells = manifest.get(outcome.photo_id, {})
        place = cells.get("field", ""), cells.get("view", "")
        if "replicate" not in cells:
            kept.append(outcome)
        elif place not in shown:
            shown.add(place)
            kept.append(outcome)
    return kept


def pool_fields(outcomes: Sequence[Outcome], rows: TableRows) -> HairVisit:
    """Return the fields of one site taken together; each quantity is a ratio of sums.

    A quantity that one scored field lacks (no scale) is NaN: a sum over fewer fields would be the
    density of another area than the count's.
    """
    del rows
    scored = [o.result for o in outcomes if isinstance(o.result, Measured)]
    area = _sum(scored, "frame_area_cm2")
    hairs = _sum(scored, "hair_count")
    terminal, vellus = _sum(scored, "terminal_count"), _sum(scored, "vellus_count")
    units = _sum(scored, "follicular_unit_count")
    return HairVisit(
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
        follicular_unit_count=units,
        follicular_unit_density_per_cm2=_ratio(units, area),
        hairs_per_unit=_mean_per_unit(scored),
    )


def pool_views(outcomes: Sequence[Outcome], rows: TableRows) -> FaceScore | None:
    """Return the views of one face as one score, no skin counted twice (`masi.combine_views`).

    Crops scored in patch mode are no views: nothing says how they lie beside each other, and
    without any view there is no common score.
    """
    scores = []
    for outcome in outcomes:
        if isinstance(outcome.result, Measured) and outcome.result.values["view"] != PATCH_VIEW:
            values: dict[str, Any] = dict(outcome.result.values)
            regions = tuple(RegionScore(**row) for row in rows.get(outcome.photo_id, ()))
            scores.append(
                FaceScore(
                    **values,
                    flags=outcome.flags,
                    segmenter=outcome.result.segmenter,
                    regions=regions,
                )
            )
    return combine_views(scores) if scores else None


POOLERS: dict[str, Pooler] = {
    "hair": Pooler(HairVisit, pool_fields),
    "face": Pooler(FaceScore, pool_views, table="regions"),
}


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
