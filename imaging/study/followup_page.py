"""What the report shows of a follow-up, built from rows of the ledger: pure, no disk, no clock."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from ..settings import Wing
from .figures import course
from .measures import Measure, Row, number
from .thumbnails import Picture

#: The figures of one pair, most asked for first.
PAIR_MEASURES: dict[Wing, tuple[Measure, ...]] = {
    "hair": (
        Measure("change_percent", "Change of count", "%", 1),
        Measure("kept", "Kept", "", 0),
        Measure("not_seen", "Not seen", "", 0),
        Measure("new", "New", "", 0),
        Measure("density_change_per_cm2", "Change of density", "1/cm²", 1),
        Measure(
            "survival_units_percent",
            "Survival of units",
            "%",
            1,
            "survival_units_low",
            "survival_units_high",
        ),
        Measure(
            "survival_hairs_percent",
            "Survival of hairs",
            "%",
            1,
            "survival_hairs_low",
            "survival_hairs_high",
        ),
        Measure("growth_um_per_day", "Growth", "µm/day", 0),
        Measure("anagen_percent", "Anagen", "%", 1),
        Measure("alignment_error_um", "Alignment error", "µm", 0),
    ),
    "face": (
        Measure("mmasi_change", "Change of mMASI", "", 1, "mmasi_low", "mmasi_high"),
        Measure("mmasi_change_percent", "of the baseline", "%", 0),
        Measure("masi_change", "Change of MASI", "", 1, "masi_low", "masi_high"),
        Measure(
            "pigmented_percent_change",
            "Change of pigmented share",
            "%",
            1,
            "pigmented_percent_low",
            "pigmented_percent_high",
        ),
        Measure("lightened_percent", "Lightened skin", "%", 1),
        Measure("darkened_percent", "Darkened skin", "%", 1),
        Measure("overlap_percent", "Skin seen again", "%", 0),
    ),
}

#: What makes pairs the course of one field.
_COURSE_KEY = ("subject", "site", "field", "view", "replicate")


def followup_context(
    wing: Wing,
    pairs: Sequence[Row],
    attrition: Sequence[Row],
    *,
    pictures: Mapping[str, Picture],
    labels: Mapping[str, str],
    is_blind: bool,
) -> dict[str, Any]:
    """Return what the section on follow-up shows.

    Parameters
    ----------
    wing : {"hair", "face"}
    pairs : sequence of rows of ``followup.csv``
    attrition : sequence of rows of ``attrition.csv``
    pictures : mapping of the follow-up's photo_id to Picture
    labels : mapping of photo_id to name
        Of a blinded page; without one the path is the name.
    is_blind : bool
        Then nothing tells subject, arm, visit or time: no curves, no arms.
    """
    courses: dict[tuple[str, ...], list[Row]] = {}
    for row in pairs:
        key: tuple[str, ...]
        if is_blind:
            key = (labels.get(str(row["followup_id"]), ""),)
        else:
            key = tuple(str(row.get(name) or "") for name in _COURSE_KEY)
            key = key if key[0] else (*key, str(row["followup_id"]))
        courses.setdefault(key, []).append(row)
    keys = sorted(courses) if is_blind else list(courses)
    return {
        "subjects": [
            {
                "name": _name(courses[key], labels, is_blind=is_blind),
                "figures": [] if is_blind else _figures(wing, courses[key]),
                "pairs": [
                    _pair(wing, row, pictures, labels, is_blind=is_blind) for row in courses[key]
                ],
            }
            for key in keys
        ],
        "attrition": [] if is_blind else list(attrition),
    }


def _name(rows: Sequence[Row], labels: Mapping[str, str], *, is_blind: bool) -> str:
    first = rows[0]
    if is_blind:
        return labels.get(str(first["followup_id"]), "")
    parts = [str(first.get(name) or "") for name in ("subject", "site", "field", "view")]
    replicate = str(first.get("replicate") or "")
    parts.append(f"replicate {replicate}" if replicate else "")
    return " · ".join(part for part in parts if part) or str(first["followup_id"])


def _pair(
    wing: Wing,
    row: Row,
    pictures: Mapping[str, Picture],
    labels: Mapping[str, str],
    *,
    is_blind: bool,
) -> dict[str, Any]:
    ids = [str(row[name]) for name in ("baseline_id", "followup_id")]
    if is_blind:
        label = " → ".join(labels.get(photo_id, "") for photo_id in ids)
    else:
        visits = f"{row['visit_baseline']} → {row['visit_followup']}"
        days = number(row.get("days"))
        label = f"{visits} ({days:.0f} days)" if math.isfinite(days) else visits
    verdict = ""
    if row.get("mmasi_exceeds_mdc"):
        word = "exceeds" if row["mmasi_exceeds_mdc"] == "yes" else "is within"
        limit = number(row.get("mmasi_mdc"))
        verdict = f"The change of mMASI {word} the minimal detectable change of {limit:.2f}."
    return {
        "label": label,
        "picture": pictures.get(ids[1], Picture()),
        "cells": [
            cell
            for cell in (_cell(row, measure) for measure in PAIR_MEASURES[wing])
            if math.isfinite(cell["value"])
        ],
        "verdict": verdict,
        "flags": [name for name in str(row.get("flags") or "").split(";") if name],
    }


def _cell(row: Row, measure: Measure) -> dict[str, Any]:
    return {
        "measure": measure,
        "value": number(row.get(measure.name)),
        "low": number(row.get(measure.low)) if measure.low else math.nan,
        "high": number(row.get(measure.high)) if measure.high else math.nan,
    }


def _figures(wing: Wing, rows: Sequence[Row]) -> list[dict[str, Any]]:
    """Return the curves of one field over its visits, the baseline first."""
    labels = [str(rows[0]["visit_baseline"]), *(str(row["visit_followup"]) for row in rows)]
    days = [0.0, *(number(row.get("days")) for row in rows)]
    is_timed = all(math.isfinite(day) for day in days)
    places = days if is_timed else [float(k) for k in range(len(days))]
    order = sorted(range(len(places)), key=lambda k: places[k])

    def curve(title: str, caption: str, points: Sequence[tuple[float, float, float]]) -> Any:
        svg = course(
            [places[k] for k in order],
            [labels[k] for k in order],
            [points[k] for k in order],
            title=title,
        )
        return {"title": title, "svg": svg, "caption": caption}

    if wing == "face":
        start = number(rows[0].get("mmasi_baseline"))
        points = [(start, math.nan, math.nan)]
        for row in rows:
            base = number(row.get("mmasi_baseline"))
            values = (number(row.get(f"mmasi_{name}")) for name in ("change", "low", "high"))
            change, low, high = values
            points.append((base + change, base + low, base + high))
        return [curve("mMASI", "Bars: range of the change over the thresholds.", points)]
    counts = [(100.0, math.nan, math.nan)]
    for row in rows:
        counts.append((100.0 + number(row.get("change_percent")), math.nan, math.nan))
    figures = [curve("Hairs, % of the baseline", "Hairs of the common field.", counts)]
    survival = [(100.0, math.nan, math.nan)]
    for row in rows:
        names = ("survival_units_percent", "survival_units_low", "survival_units_high")
        percent, low, high = (number(row.get(name)) for name in names)
        survival.append((percent, low, high))
    if any(math.isfinite(point[0]) for point in survival[1:]):
        figures.append(curve("Survival of units, %", "Bars: 95 % interval.", survival))
    return figures
