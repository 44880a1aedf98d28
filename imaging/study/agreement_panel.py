"""Ratings of several raters laid side by side: one row a photo, or a subject's visit."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from .agreement_files import DESCRIPTIVE, RatingTable, Row, number_of
from .agreement_outcomes import choose_outcomes
from .agreement_strata import DENSITY_EDGES, find_strata

Floats = NDArray[np.float64]
Key = tuple[str, ...]

#: More raters make more pairs than anybody reads; a column of readers was likely mistaken.
MOST_RATERS = 30
#: What tells rows of one photo apart, as far as all tables have it.
_PARTS_OF_PHOTO = ("region", "cutoff_um")
#: What tells rows of one visit apart, as far as all tables have it.
_PARTS_OF_VISIT = ("site", "field", "view", *_PARTS_OF_PHOTO)


@dataclass(frozen=True, eq=False)
class Panel:
    """Ratings side by side.

    Parameters
    ----------
    raters : tuple of str
    machines : tuple of bool
        Whether each rater is this program.
    key_columns : tuple of str
        What a row is: ``photo_id`` …, or ``subject``, ``visit`` ….
    keys : tuple of tuple of str
        Sorted.
    subjects : ndarray of str, shape (n,)
        The subject of each row; its photo where no table says the subject.
    has_subjects : bool
    strata : dict of str to ndarray of str, shape (n,)
        ``""`` where a row's level is unknown.
    values : dict of str to ndarray of float, shape (n, raters)
        Ratings by outcome; NaN where a rater gave none.
    notes : tuple of str
        What a reader of the figures should know of the pairing.
    """

    raters: tuple[str, ...]
    machines: tuple[bool, ...]
    key_columns: tuple[str, ...]
    keys: tuple[Key, ...]
    subjects: NDArray[Any]
    has_subjects: bool
    strata: dict[str, NDArray[Any]]
    values: dict[str, Floats]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class PanelOptions:
    """How tables are laid side by side.

    ``by`` is ``"auto"``, ``"photo"`` or ``"visit"``; empty ``outcomes`` and ``strata`` take the
    usual ones; ``ordinal`` are outcomes in steps, compared in any case; ``machine`` names the one
    rater that is the machine, and all others are readers; empty, those are machines whose files
    tell it.
    """

    by: str = "auto"
    outcomes: tuple[str, ...] = ()
    ordinal: tuple[str, ...] = ()
    strata: tuple[str, ...] = ()
    machine: str = ""
    density_edges: tuple[float, ...] = DENSITY_EDGES


def build_panel(
    tables: Sequence[RatingTable],
    options: PanelOptions,
    *,
    manifest: Mapping[str, Row] | None = None,
) -> Panel:
    """Lay the tables of two or more raters side by side.

    Parameters
    ----------
    tables : sequence of RatingTable
    options : PanelOptions
    manifest : mapping of photo_id to cells, optional
        Subject, visit and strata where the tables do not say them.

    Raises
    ------
    TableError
        Fewer than two raters; nothing in common; two rows for one photo; no common outcome.
    """
    if len(tables) > MOST_RATERS:
        raise TableError(f"There are {len(tables)} raters; {MOST_RATERS} is the limit.")
    if len(tables) < 2:
        raise TableError(
            f"There is one rater only, {tables[0].name!r}." if tables else "There is no rater.",
            remedy="Give the tables of two raters, or --replicates for repeat photos in one.",
        )
    tables = [with_manifest(table, manifest or {}) for table in tables]
    key_columns = _choose_key(tables, options.by)
    indexed = [_index(table, key_columns) for table in tables]
    keys = _common_keys(tables, indexed, key_columns)
    outcomes = choose_outcomes(tables, options.outcomes, also=options.ordinal)
    values = {
        outcome: np.array(
            [
                [
                    _rating(table, rows.get(key), outcome)
                    for table, rows in zip(tables, indexed, strict=True)
                ]
                for key in keys
            ],
            np.float64,
        ).reshape(len(keys), len(tables))
        for outcome in outcomes
    }
    cells = [_first_cells(key, indexed, options.strata) for key in keys]
    subjects = [cell.get("subject", "") for cell in cells]
    has_subjects = all(subjects)
    notes = [_pairing_note(tables, indexed, keys, key_columns)]
    if not has_subjects:
        notes.append(
            "No table says the subject of every row: rows are taken as independent. Where subjects "
            "repeat, intervals are then too narrow; add a column subject, or --manifest."
        )
        subjects = ["/".join(key) for key in keys]
    if options.machine and options.machine not in {table.name for table in tables}:
        raise TableError(
            f"--machine {options.machine!r} is none of the raters "
            f"{', '.join(table.name for table in tables)}."
        )
    return Panel(
        raters=tuple(table.name for table in tables),
        machines=tuple(
            table.name == options.machine if options.machine else table.is_machine
            for table in tables
        ),
        key_columns=key_columns,
        keys=tuple(keys),
        subjects=np.array(subjects),
        has_subjects=has_subjects,
        strata=find_strata(
            tables,
            cells,
            values,
            wanted=options.strata,
            density_edges=options.density_edges,
        ),
        values=values,
        notes=tuple(notes),
    )


def with_manifest(table: RatingTable, manifest: Mapping[str, Row]) -> RatingTable:
    """Return a table with a manifest's cells in every row; the table's own cells go before them."""
    if not manifest or not table.has("photo_id"):
        return table
    rows = [{**manifest.get(row.get("photo_id", ""), {}), **row} for row in table.rows]
    added = {name for cells in manifest.values() for name in cells} - set(table.columns)
    return RatingTable(
        name=table.name,
        columns=(*table.columns, *sorted(added)),
        rows=tuple(rows),
        lines=table.lines,
        is_machine=table.is_machine,
        origin=table.origin,
    )


def _choose_key(tables: Sequence[RatingTable], by: str) -> tuple[str, ...]:
    """Return the columns that make a row: by photo where ids overlap, else by visit."""
    can_photo = all(table.has("photo_id") for table in tables)
    can_visit = all(table.has("subject") and table.has("visit") for table in tables)
    photo = ("photo_id", *_shared(tables, _PARTS_OF_PHOTO))
    visit = ("subject", "visit", *_shared(tables, _PARTS_OF_VISIT))
    if by == "photo" and not can_photo:
        raise TableError("--by photo: not every table has a column photo_id.")
    if by == "visit" and not can_visit:
        raise TableError("--by visit: not every table has the columns subject and visit.")
    if by == "photo" or (by == "auto" and can_photo and (not can_visit or _overlap(tables))):
        return photo
    if can_visit:
        return visit
    if all(table.has("subject") for table in tables):
        return ("subject", *_shared(tables, ("visit", *_PARTS_OF_VISIT)))
    raise TableError(
        "Some tables say the photo of a row, others the subject: rows cannot be paired.",
        remedy="Give every table a column photo_id, or subject and visit; --manifest can add them.",
    )


def _shared(tables: Sequence[RatingTable], names: Sequence[str]) -> list[str]:
    return [name for name in names if all(table.has(name) for table in tables)]


def _overlap(tables: Sequence[RatingTable]) -> bool:
    ids = [{row.get("photo_id", "") for row in table.rows} for table in tables]
    return any(a & b - {""} for a, b in combinations(ids, 2))


def _index(table: RatingTable, key_columns: Sequence[str]) -> dict[Key, Row]:
    """Return the rows by key; a row without a key, or a key twice, is an error."""
    index: dict[Key, Row] = {}
    lines: dict[Key, int] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        key = tuple(row.get(name, "") for name in key_columns)
        if not key[0]:
            raise TableError(f"{table.origin}, line {line}: {key_columns[0]} is empty.")
        if key in index:
            told = ", ".join(f"{n} {v!r}" for n, v in zip(key_columns, key, strict=True))
            raise TableError(
                f"{table.origin}: {told} stands in line {lines[key]} and in line {line}.",
                remedy=_duplicate_remedy(table, key_columns),
            )
        index[key], lines[key] = row, line
    return index


def _duplicate_remedy(table: RatingTable, key_columns: Sequence[str]) -> str:
    apart = [n for n in (*_PARTS_OF_VISIT, "replicate") if table.has(n) and n not in key_columns]
    if apart:
        return (
            f"The column {apart[0]!r} may tell the rows apart, but the other tables do not have "
            "it: add it there, or keep one row. Repeat photos go through --replicates."
        )
    return "Keep one row, or name the readers in a column 'reader'."


def _common_keys(
    tables: Sequence[RatingTable], indexed: Sequence[Mapping[Key, Row]], key_columns: Sequence[str]
) -> list[Key]:
    """Return the keys that two raters or more have, sorted."""
    counts: dict[Key, int] = {}
    for rows in indexed:
        for key in rows:
            counts[key] = counts.get(key, 0) + 1
    keys = sorted(key for key, count in counts.items() if count > 1)
    if keys:
        return keys
    shown = [
        f"{table.name} has {', '.join(repr('/'.join(key)) for key in list(rows)[:2])}"
        for table, rows in zip(tables, indexed, strict=True)
    ]
    raise TableError(
        f"The tables have no {' and '.join(key_columns)} in common: {'; '.join(shown[:4])}.",
        remedy=_overlap_remedy(indexed, key_columns),
    )


def _overlap_remedy(indexed: Sequence[Mapping[Key, Row]], key_columns: Sequence[str]) -> str:
    if key_columns[0] == "photo_id":
        for a, b in combinations(indexed, 2):
            names = {_bare(key[0]): key[0] for key in a}
            for key in b:
                if _bare(key[0]) in names:
                    return (
                        f"{names[_bare(key[0])]!r} and {key[0]!r} may be one photo: write the ids "
                        "alike, with folder, case and extension as in results.csv."
                    )
        return (
            "Write the photo ids as results.csv does, or pair by subject and visit with --by visit."
        )
    return "Write subjects and visits alike in all tables."


def _bare(photo_id: str) -> str:
    """Return the name of a photo without folder, case and extension."""
    return photo_id.rpartition("/")[2].casefold().rpartition(".")[0] or photo_id.casefold()


def _rating(table: RatingTable, row: Row | None, outcome: str) -> float:
    text = "" if row is None else row.get(outcome, "")
    value = number_of(text)
    if value is None and row is not None:
        line = table.lines[next(n for n, other in enumerate(table.rows) if other is row)]
        raise TableError(
            f"{table.origin}, line {line}: {outcome} {text[:40]!r} is not a number.",
            remedy="Leave the cell empty where there is no rating.",
        )
    return math.nan if value is None else value


def _first_cells(
    key: Key, indexed: Sequence[Mapping[Key, Row]], strata: Sequence[str]
) -> dict[str, str]:
    """Return what the tables say of a row besides ratings; of two answers the first counts."""
    cells: dict[str, str] = {}
    kept = {*DESCRIPTIVE, *strata}
    for rows in reversed(indexed):
        cells |= {k: v for k, v in rows.get(key, {}).items() if k in kept}
    return cells


def _pairing_note(
    tables: Sequence[RatingTable],
    indexed: Sequence[Mapping[Key, Row]],
    keys: Sequence[Key],
    key_columns: Sequence[str],
) -> str:
    known = set(keys)
    left = [
        f"{sum(key not in known for key in rows)} of {table.name}"
        for table, rows in zip(tables, indexed, strict=True)
        if any(key not in known for key in rows)
    ]
    text = f"Rows are paired by {', '.join(key_columns)}: {len(keys)} are in two tables or more."
    return text + (
        f" Left out, because only one table has them: {', '.join(left)}." if left else ""
    )
