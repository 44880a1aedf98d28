"""What the report shows, built from rows of the ledger: pure, no disk and no clock.

`report` reads the ledger and writes the page; this module decides what stands on it.  Every text
that comes from outside (file names, manifest, messages) is left as plain text here and is escaped
by the template.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ..records import FLAGS, Column
from ..settings import Wing
from .distributions import Tables, wing_figures
from .figures import interval_cell
from .followup_page import followup_context
from .measures import MEASURES, REGION_MEASURES, Measure, Row, measure_named, number, values_of
from .pairs import natural_key
from .thumbnails import Picture

#: What makes photos one visit; the first four name it.
VISIT_KEY = ("subject", "visit", "site", "modality", "visit_date", "arm")

#: The order in which the views of one visit stand side by side: as a person sees the patient.
VIEW_ORDER = ("right45", "front", "left45")

#: Digits of the SHA-256 that name a photo in a blinded report: 2**32 codes, unique in any study.
CODE_DIGITS = 8


@dataclass(frozen=True)
class SettingLine:
    """One setting in force."""

    name: str
    value: str
    unit: str
    origin: str
    reason: str


@dataclass(frozen=True)
class Contents:
    """What the ledger says of one run.

    ``results`` are the rows of ``results.csv``; ``tables`` gives the wing's other tables as pairs
    of photo_id and that photo's rows; ``failures`` are the rows of ``failures.csv``; ``visits``
    those of ``visits.csv``; ``pairs`` and ``attrition`` those of the follow-up.
    ``manifest_columns`` names the columns of ``results`` that came from the manifest; ``columns``
    explains the others.  ``labels`` names every photo on the page.
    """

    wing: Wing
    results: Sequence[Row]
    tables: Tables
    failures: Sequence[Row]
    settings: Sequence[SettingLine]
    facts: Sequence[tuple[str, str]]
    visits: Sequence[Row] = ()
    remarks: Sequence[str] = ()
    columns: Sequence[Column] = ()
    manifest_columns: Sequence[str] = ()
    pictures: Mapping[str, Picture] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    cutoff_um: float = math.nan
    is_blind: bool = False
    pairs: Sequence[Row] = ()
    attrition: Sequence[Row] = ()
    pair_pictures: Mapping[str, Picture] = field(default_factory=dict)


def blind_labels(results: Sequence[Row], failures: Sequence[Row]) -> dict[str, str]:
    """Name every photo by its own bytes instead of by its path, which may tell the arm.

    Returns
    -------
    dict
        photo_id → ``photo-`` and the first digits of the SHA-256 (two equal files get a number
        more); a photo that failed has no digest: ``failed-1`` …  A pair that failed is told by its
        later photo, which keeps the label that it has.
    """
    labels: dict[str, str] = {}
    taken: Counter[str] = Counter()
    for row in results:
        code = f"photo-{str(row['sha256'])[:CODE_DIGITS]}"
        taken[code] += 1
        labels[str(row["photo_id"])] = code if taken[code] == 1 else f"{code}-{taken[code]}"
    for k, photo_id in enumerate(_failed_photos(results, failures), start=1):
        labels[photo_id] = f"failed-{k}"
    return labels


def count_photos(results: Sequence[Row], failures: Sequence[Row]) -> int:
    """Return how many photos have a score or failed; a failed pair is no further photo."""
    return len(results) + len(_failed_photos(results, failures))


def _failed_photos(results: Sequence[Row], failures: Sequence[Row]) -> list[str]:
    """Return the photos without a score, each once; ``failures`` tell of pairs as well."""
    scored = {str(row["photo_id"]) for row in results}
    failed = dict.fromkeys(str(row["photo_id"]) for row in failures)
    return [photo_id for photo_id in failed if photo_id not in scored]


def page_context(contents: Contents) -> dict[str, Any]:
    """Return what the template shows.

    Parameters
    ----------
    contents : Contents
    """
    measures = MEASURES[contents.wing]
    headline = measures[0]
    # A blinded page is ordered by code: the order of the paths would tell visits apart.
    results = sorted(contents.results, key=lambda row: natural_key(_label(contents, row)))
    axis_high = _axis_high(results, headline)
    regions = dict(contents.tables.get("regions", ()))
    extra = () if contents.is_blind else tuple(_in_use(results, contents.manifest_columns))
    photos = [
        _photo(
            contents,
            row,
            measures,
            axis_high=axis_high,
            extra=extra,
            regions=regions.get(str(row["photo_id"]), ()),
        )
        for row in results
    ]
    return {
        "wing": contents.wing,
        "is_blind": contents.is_blind,
        "measures": measures,
        "region_measures": REGION_MEASURES,
        "photos": photos,
        "cards": _cards(contents, results, headline),
        "notes": [*contents.remarks, *_notes(contents.wing, results)],
        "figures": wing_figures(
            contents.wing,
            results,
            {**contents.tables, "regions": list(regions.items())},
            cutoff_um=contents.cutoff_um,
        ),
        "visits": _visits(contents, results, photos),
        **followup_context(
            contents.wing,
            contents.pairs,
            contents.attrition,
            pictures=contents.pair_pictures,
            labels=contents.labels,
            is_blind=contents.is_blind,
        ),
        "columns": contents.columns,
        "flags": _flags(results, contents.visits, contents.pairs),
        "failures": _failures(contents),
        "changed_settings": [s for s in contents.settings if s.origin != "default"],
        "default_settings": [s for s in contents.settings if s.origin == "default"],
        "facts": [*contents.facts, *_result_facts(results)],
        "cutoff_um": contents.cutoff_um,
    }


def flag_names(row: Row) -> list[str]:
    """Return the flags of one row of results.csv."""
    return [name for name in str(row.get("flags") or "").split(";") if name]


def _label(contents: Contents, row: Row) -> str:
    photo_id = str(row["photo_id"])
    return contents.labels.get(photo_id, photo_id)


def _axis_high(rows: Sequence[Row], measure: Measure) -> float:
    limits = np.concatenate([values_of(rows, measure.high), values_of(rows, measure.name), [0.0]])
    return float(np.nanmax(limits))


def _in_use(rows: Sequence[Row], names: Sequence[str]) -> list[str]:
    return [name for name in names if any(str(row.get(name) or "") for row in rows)]


def _cell(row: Row, measure: Measure) -> dict[str, Any]:
    return {
        "measure": measure,
        "value": number(row.get(measure.name)),
        "low": number(row.get(measure.low)) if measure.low else math.nan,
        "high": number(row.get(measure.high)) if measure.high else math.nan,
    }


def _photo(
    contents: Contents,
    row: Row,
    measures: Sequence[Measure],
    *,
    axis_high: float,
    extra: Sequence[str],
    regions: Sequence[Row],
) -> dict[str, Any]:
    cells = [_cell(row, measure) for measure in measures]
    head = cells[0]
    return {
        "photo_id": str(row["photo_id"]),
        "label": _label(contents, row),
        "picture": contents.pictures.get(str(row["photo_id"]), Picture()),
        "cells": cells,
        "bar": interval_cell(head["value"], head["low"], head["high"], axis_high=axis_high),
        "flags": flag_names(row),
        "view": str(row.get("view") or ""),
        "extra": [
            (name.replace("_", " "), str(row[name])) for name in extra if str(row.get(name) or "")
        ],
        "regions": [
            {
                "region": str(region["region"]).replace("_", " "),
                "cells": [_cell(region, measure) for measure in REGION_MEASURES],
            }
            for region in regions
        ],
    }


def _cards(contents: Contents, rows: Sequence[Row], headline: Measure) -> list[dict[str, str]]:
    failed = len(_failed_photos(contents.results, contents.failures))
    flagged = sum(1 for row in rows if flag_names(row))
    cards = [
        _card("photos", f"{len(rows) + failed}"),
        _card("scored", f"{len(rows)}"),
        _card("failed", f"{failed}", note="reason and remedy below" if failed else ""),
        _card("flagged", f"{flagged}", note="look at these first" if flagged else ""),
    ]
    chosen = {
        "hair": (
            (headline, "median hair density"),
            (measure_named("hair", "median_diameter_um"), "median of median diameters"),
        ),
        "face": (
            (headline, "median mMASI"),
            (measure_named("face", "pigmented_percent"), "median pigmented skin"),
        ),
    }[contents.wing]
    for measure, name in chosen:
        values = values_of(rows, measure.name)
        values = values[np.isfinite(values)]
        if values.size:
            q1, median, q3 = np.percentile(values, [25, 50, 75])
            d = measure.decimals
            # Quartiles of fewer photos are no photo's value.
            middle = f"half of the photos {q1:.{d}f} to {q3:.{d}f}, " if values.size >= 4 else ""
            cards.append(
                _card(
                    name,
                    f"{median:.{d}f}",
                    unit=measure.unit,
                    note=f"{middle}all {values.min():.{d}f} to {values.max():.{d}f} "
                    f"(n = {values.size})",
                )
            )
    return cards


def _card(name: str, value: str, *, unit: str = "", note: str = "") -> dict[str, str]:
    return {"name": name, "value": value, "unit": unit, "note": note}


def _notes(wing: Wing, rows: Sequence[Row]) -> list[str]:
    """Sentences on what every figure below rests on."""
    notes = []
    if wing == "hair" and rows:
        sources = Counter(str(row.get("scale_source") or "none") for row in rows)
        told = ", ".join(
            f"{source.replace('_', ' ')} ({count})" for source, count in sorted(sources.items())
        )
        notes.append(f"Scale from: {told}.")
        if sources.get("none"):
            notes.append(
                f"{sources['none']} of {len(rows)} photos have no scale: they have a count, but "
                "no density and no diameter."
            )
    segmenters = sorted({str(row.get("segmenter") or "") for row in rows} - {""})
    if segmenters:
        notes.append(f"Segmenter: {', '.join(segmenters)}.")
    return notes


def _visits(
    contents: Contents, rows: Sequence[Row], photos: Sequence[dict[str, Any]]
) -> list[dict[str, Any]]:
    """Group photos of one visit, where it has several, views in the order of `VIEW_ORDER`."""
    shown = {str(photo["photo_id"]): photo for photo in photos}
    combined = {_visit_key(row): row for row in contents.visits}
    groups: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        if str(row.get("subject") or "") and str(row.get("visit") or ""):
            groups.setdefault(_visit_key(row), []).append(row)
    order = {view: k for k, view in enumerate(VIEW_ORDER)}
    visits = []
    # Blinded sets come in the order of their photos' codes, which tells nothing.
    several = [key for key, members in groups.items() if len(members) > 1]
    keys = several if contents.is_blind else sorted(several)
    for k, key in enumerate(keys, start=1):
        members = sorted(groups[key], key=lambda row: order.get(str(row.get("view") or ""), 9))
        name = " · ".join(part for part in key[:4] if part)
        visits.append(
            {
                "name": f"Visit {k}" if contents.is_blind else name,
                "photos": [shown[str(row["photo_id"])] for row in members],
                "cells": [
                    _cell(combined[key], measure)
                    for measure in MEASURES[contents.wing]
                    if key in combined and measure.name in combined[key]
                ],
                "flags": flag_names(combined[key]) if key in combined else [],
            }
        )
    return visits


def _visit_key(row: Row) -> tuple[str, ...]:
    return tuple(str(row.get(name) or "") for name in VISIT_KEY)


def _flags(
    rows: Sequence[Row], visits: Sequence[Row], pairs: Sequence[Row]
) -> list[dict[str, Any]]:
    """Explain the flags of all photos, and those that only a visit or a pair has."""
    photos = Counter(name for row in rows for name in flag_names(row))
    pooled = Counter(name for row in visits for name in flag_names(row) if name not in photos)
    told = [(name, f"{count}") for name, count in sorted(photos.items(), key=_commonest)]
    told += [
        (name, f"{count} visit{'' if count == 1 else 's'}")
        for name, count in sorted(pooled.items(), key=_commonest)
    ]
    named = {name for name, _ in told}
    paired = Counter(name for row in pairs for name in flag_names(row) if name not in named)
    told += [
        (name, f"{count} pair{'' if count == 1 else 's'}")
        for name, count in sorted(paired.items(), key=_commonest)
    ]
    return [
        {"name": name, "count": count, "meaning": flag.meaning, "remedy": flag.remedy}
        for name, count in told
        for flag in (FLAGS[name],)
    ]


def _commonest(pair: tuple[str, int]) -> tuple[int, str]:
    return -pair[1], pair[0]


def _failures(contents: Contents) -> list[dict[str, str]]:
    shown = []
    for row in contents.failures:
        photo_id, message = str(row["photo_id"]), str(row["message"])
        label = _label(contents, row)
        if contents.is_blind:
            # A message names the file it is about, and its folders may tell the arm or the visit.
            message = f"({row['code']})"
        shown.append(
            {
                "photo": label if contents.is_blind else photo_id,
                "code": str(row["code"]),
                "message": message,
                "remedy": str(row["remedy"]),
            }
        )
    return shown


def _result_facts(rows: Sequence[Row]) -> list[tuple[str, str]]:
    facts = []
    for name, heading in (
        ("algorithm_version", "Algorithm version"),
        ("settings_digest", "Settings digest"),
        ("weights_digest", "Weights digest"),
    ):
        found = sorted({str(row.get(name) or "") for row in rows} - {""})
        if found:
            facts.append((heading, ", ".join(found)))
    seconds = values_of(rows, "seconds")
    if np.isfinite(seconds).any():
        facts.append(("Time a photo (median)", f"{float(np.nanmedian(seconds)):.2f} s"))
    return facts
