"""References that are numbers: a count per photo, or the scores that readers gave."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal

from ..errors import TableError
from ..records import columns_of
from ..records.face import FaceScore, RegionScore
from ..records.hair import HairScore
from .agreement_files import number_of
from .annotations_tables import Lines

_READER = ("reader", "rater", "observer", "assessor")
#: What people call a plain count.
_COUNT = ("hair_count", "count", "hairs", "n", "hairs_in_field", "number")
#: Columns of results that say what was measured with, not what was found.
_NO_OUTCOMES = frozenset(
    ("px_per_mm", "scale_relative_error", "frame_area_cm2", "readable_percent", "skin_area_px")
)


@dataclass(frozen=True, order=True)
class Rating:
    """One number that one reader gave one photo, or one region of it."""

    outcome: str
    region: str
    reader: str
    value: float


def outcome_names() -> tuple[str, ...]:
    """Return the columns of results and regions that readers may score: those of numbers."""
    names: list[str] = []
    for record in (HairScore, FaceScore, RegionScore):
        types = {field.name: field.type for field in fields(record)}
        names += [c.name for c in columns_of(record) if types[c.name] in ("int", "float")]
    return tuple(dict.fromkeys(name for name in names if name not in _NO_OUTCOMES))


def read_numbers(table: Lines) -> tuple[Literal["count", "scores"], dict[str, list[Rating]]]:
    """Return the ratings of every photo named in a table, and which kind they are.

    Raises
    ------
    TableError
        No column names the photo, none is a known outcome, a cell is no number, a count is below
        0, or one reader gives one thing two numbers.
    """
    photo = table.photo_column()
    reader = next((name for name in _READER if name in table.columns), None)
    known = set(outcome_names())
    outcomes = [name for name in table.columns if name in known]
    kind: Literal["count", "scores"] = "scores"
    named = {name: name for name in outcomes}
    if not outcomes or outcomes == ["hair_count"]:
        count = next((name for name in _COUNT if name in table.columns), None)
        if count is not None:
            named = {count: "hair_count"}
            kind = "scores" if reader else "count"
    if photo is None or not named:
        raise TableError(
            f"{table.path} has the columns {', '.join(table.columns)}: no reference is among them.",
            remedy="Give photo and root_x_px, root_y_px, tip_x_px, tip_y_px; or photo, x_px, y_px; "
            "or photo and hairs; or photo, reader and a column of results.csv.",
        )
    found: dict[str, list[Rating]] = {}
    lines: dict[tuple[str, ...], int] = {}
    for line, row in table.rows:
        name = row.get(photo, "").strip().replace("\\", "/")
        for column, outcome in named.items():
            value = number_of(row.get(column, ""))
            if value is None:
                raise TableError(
                    f"{table.path}, line {line}: {column} is {row[column]!r}, not a number."
                )
            if value != value:  # noqa: PLR0124 - NaN: this reader did not rate this one
                continue
            if value < 0 and outcome.endswith("_count"):
                raise TableError(
                    f"{table.path}, line {line}: {column} is {value:g}; a count is 0 or more.",
                    remedy="Mend it; leave the cell empty where nobody counted.",
                )
            who = row.get(reader, "").strip() if reader else ""
            region = row.get("region", "").strip()
            earlier = lines.setdefault((name, outcome, region, who), line)
            if earlier != line:
                raise TableError(
                    f"{table.path}, lines {earlier} and {line} both give {column} of {name!r}"
                    f"{', ' + region if region else ''}{' by ' + who if who else ''}.",
                    remedy="Leave one out, or tell readers apart in the column reader.",
                )
            rating = Rating(outcome, region, who, value)
            found.setdefault(name, []).append(rating)
    if not found:
        raise TableError(f"{table.path} has no number in {', '.join(named)}.")
    return kind, found
