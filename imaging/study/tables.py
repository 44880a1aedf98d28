"""The tables of an output folder, rebuilt from its ledger alone: CSV for all, one XLSX for some.

A table is its columns in contract order and a stream of rows sorted by `photo_id`; writing is the
same for all.  The same ledger gives the same bytes.
"""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ..records import columns_of, row_of
from ..records.outcome import Failure, FailureRow, Measured, PhotoRow, photo_row
from .pair_tables import (
    attrition_columns,
    attrition_rows,
    followup_columns,
    followup_rows,
    pair_failure_rows,
    stored_pair_rows,
)
from .pair_wings import PAIR_RECORDS
from .store import Ledger
from .store_pairs import earlier_pairs, last_request
from .visits import POOLERS, group_visits, pool_visit, visit_columns
from .wings import Wing
from .writing import remove_file, whole_file

Row = Mapping[str, object]

#: Digits of a number in a table: far below any measurement's error, and free of the noise of
#: binary fractions (0.30000000000000004).  The ledger keeps all digits.
_FLOAT_FORMAT = ".10g"
#: A spreadsheet takes text that starts so for a formula and would run it.
_FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Table:
    """One table: name, columns in order, and a function that streams its rows."""

    name: str
    columns: tuple[str, ...]
    rows: Callable[[], Iterator[Row]]


def result_columns(wing: Wing) -> tuple[str, ...]:
    """Return the columns of ``results.csv`` before the manifest's."""
    return tuple(c.name for c in (*columns_of(PhotoRow), *columns_of(wing.score_type)))


def result_rows(ledger: Ledger) -> Iterator[Row]:
    """Yield a row per scored photo of the last run: shared, wing's and manifest's columns."""
    manifest = ledger.manifest()
    for outcome in ledger.outcomes():
        if isinstance(outcome.result, Measured):
            own = row_of(photo_row(outcome, outcome.result)) | dict(outcome.result.values)
            yield {**manifest.get(outcome.photo_id, {}), **own}


def failure_rows(ledger: Ledger) -> Iterator[Row]:
    """Yield a row per failed photo of the last run, then one per pair that could not be had."""
    for outcome in ledger.outcomes():
        if isinstance(outcome.result, Failure):
            failure = outcome.result
            yield row_of(
                FailureRow(outcome.photo_id, failure.code, failure.message, failure.remedy)
            )
    for row in pair_failure_rows(ledger):
        yield row_of(row)


def tables_of(ledger: Ledger, wing: Wing) -> list[Table]:
    """Return every table of an output folder."""
    own = result_columns(wing)
    carried = tuple(c for c in ledger.last_run().manifest_columns if c not in own)
    tables = [
        Table("results", own + carried, lambda: result_rows(ledger)),
        Table("failures", _names(FailureRow), lambda: failure_rows(ledger)),
    ]
    for name, record in wing.tables.items():
        columns = ("photo_id", *_names(record))
        tables.append(Table(name, columns, lambda name=name: _stored_rows(ledger, name)))  # type: ignore[misc]
    if wing.name in POOLERS and "subject" in carried and "visit" in carried:
        columns = visit_columns(wing.name)
        tables.append(Table("visits", columns, lambda: visit_rows(ledger, wing.name)))
    if last_request(ledger) is not None:
        tables += _pair_tables(ledger, wing.name)
    return tables


def _pair_tables(ledger: Ledger, wing: str) -> list[Table]:
    columns = followup_columns(wing)
    tables = [Table("followup", columns, lambda: followup_rows(ledger, wing))]
    for name, record in PAIR_RECORDS[wing][1].items():
        rows = lambda name=name: stored_pair_rows(ledger, name)  # noqa: E731
        tables.append(Table(name, _names(record), rows))
    if "matches" in PAIR_RECORDS[wing][1]:
        tables.append(Table("attrition", attrition_columns(), lambda: attrition_rows(ledger)))
    return tables


def visit_rows(ledger: Ledger, wing: str) -> Iterator[Row]:
    """Yield a row per subject, visit and site."""
    table = POOLERS[wing].table
    rows = dict(ledger.table_rows(table)) if table else {}
    manifest = ledger.manifest()
    for cells, outcomes in group_visits(ledger.outcomes(), manifest):
        yield pool_visit(outcomes, cells, rows, wing=wing, manifest=manifest)


def write_tables(out_dir: Path, ledger: Ledger, wing: Wing) -> list[Path]:
    """Write every table as CSV (UTF-8, comma, point); return the files."""
    paths = []
    for table in tables_of(ledger, wing):
        path = out_dir / f"{table.name}.csv"
        with whole_file(path) as file:
            text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
            writer = csv.writer(text, lineterminator="\n")
            # Columns of the manifest are text of strangers as its cells are.
            writer.writerow(map(guarded, table.columns))
            writer.writerows(cells_of(row, table.columns) for row in table.rows())
            text.detach()
        paths.append(path)
    if last_request(ledger) is None and earlier_pairs(ledger):
        # Tables of an earlier comparison tell of another run: the ledger keeps what they told.
        for table in _pair_tables(ledger, wing.name):
            remove_file(out_dir / f"{table.name}.csv")
    return paths


def cells_of(row: Row, columns: Iterable[str]) -> list[str]:
    """Return a row as text in the order of the columns; NaN and absent cells are empty."""
    return [cell_text(row.get(name, "")) for name in columns]


def cell_text(value: object) -> str:
    """Return one cell as text."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return "" if math.isnan(value) else format(value, _FLOAT_FORMAT)
    if isinstance(value, str):
        return guarded(value)
    return str(value)


def guarded(text: str) -> str:
    """Return text that no spreadsheet takes for a formula: an apostrophe before ``= + - @``.

    Text that spells a number is left alone.
    """
    if not text.startswith(_FORMULA_STARTS):
        return text
    try:
        float(text)
    except ValueError:
        return f"'{text}"
    return text


def unguarded(text: str) -> str:
    """Return text as it was before `guarded`."""
    return text[1:] if text.startswith(tuple(f"'{start}" for start in _FORMULA_STARTS)) else text


def _names(record: type) -> tuple[str, ...]:
    return tuple(column.name for column in columns_of(record))


def _stored_rows(ledger: Ledger, name: str) -> Iterator[Row]:
    for photo_id, rows in ledger.table_rows(name):
        for row in rows:
            yield {"photo_id": photo_id, **row}
