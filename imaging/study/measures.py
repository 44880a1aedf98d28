"""Which figures of each wing the report shows, and how table values become numbers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..settings import Wing

Row = Mapping[str, Any]


@dataclass(frozen=True)
class Measure:
    """One figure in the table of photos: its column, heading, unit, decimals and interval."""

    name: str
    heading: str
    unit: str
    decimals: int
    low: str = ""
    high: str = ""


#: The measures in the table of photos; the first is the wing's headline.
MEASURES: dict[Wing, tuple[Measure, ...]] = {
    "hair": (
        Measure(
            "hair_density_per_cm2",
            "Hair density",
            "1/cm²",
            0,
            "hair_density_low",
            "hair_density_high",
        ),
        Measure("hair_count", "Hairs", "", 0, "hair_count_low", "hair_count_high"),
        Measure("frame_area_cm2", "Frame", "cm²", 2),
        Measure("follicular_unit_density_per_cm2", "Unit density", "1/cm²", 0),
        Measure("hairs_per_unit", "Hairs per unit", "", 2),
        Measure("median_diameter_um", "Median diameter", "µm", 0),
        Measure("vellus_percent", "Vellus", "%", 0),
    ),
    "face": (
        Measure("mmasi", "mMASI", "0–24", 1, "mmasi_low", "mmasi_high"),
        Measure("masi", "MASI", "0–48", 1, "masi_low", "masi_high"),
        Measure("hemi_masi_right", "Hemi-MASI right", "0–24", 1),
        Measure("hemi_masi_left", "Hemi-MASI left", "0–24", 1),
        Measure("pigmented_percent", "Pigmented", "%", 1),
        Measure("melanin_index", "Melanin index", "", 1),
        Measure("erythema_index", "Erythema index", "", 1),
    ),
}

#: The measures of one facial region.
REGION_MEASURES = (
    Measure(
        "pigmented_percent",
        "Pigmented",
        "%",
        1,
        "pigmented_percent_low",
        "pigmented_percent_high",
    ),
    Measure("area_score", "Area A", "0–6", 0),
    Measure("darkness", "Darkness D", "0–4", 0),
    Measure("homogeneity", "Homogeneity H", "0–4", 0),
    Measure("weighted_score", "w·A·(D+H)", "", 2),
    Measure("delta_l", "ΔL*", "", 1),
    Measure("readable_percent", "Readable", "%", 0),
)


def measure_named(wing: Wing, name: str) -> Measure:
    return next(measure for measure in MEASURES[wing] if measure.name == name)


def number(value: object) -> float:
    """Return a table value as a float; NaN for nothing."""
    try:
        return math.nan if value is None or value == "" else float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return math.nan


def values_of(rows: Sequence[Row], name: str) -> NDArray[np.float64]:
    """Return one column of some rows; NaN where there is nothing."""
    return np.array([number(row.get(name)) for row in rows], dtype=np.float64)


def is_true(value: object) -> bool:
    """Tell whether a table value says yes, as bool, number or text."""
    return value is True or value == 1 or str(value).lower() == "true"
