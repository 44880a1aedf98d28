"""The column contract: a record's fields declare the columns of its table, once.

A record is a frozen dataclass.  A field made by `column` is a column of that record's table, with
its unit and meaning; any other field travels with the record but stands in no table.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

Record = TypeVar("Record")


@dataclass(frozen=True)
class Column:
    """One column: its name, its unit (``""`` for none) and what it means."""

    name: str
    unit: str
    meaning: str


def column(meaning: str, *, unit: str = "", default: Any = dataclasses.MISSING) -> Any:
    """Declare a dataclass field that is a column of the record's table."""
    metadata = {"unit": unit, "meaning": meaning}
    if default is dataclasses.MISSING:
        return dataclasses.field(metadata=metadata)
    return dataclasses.field(default=default, metadata=metadata)


def columns_of(record: type | object) -> tuple[Column, ...]:
    """Return the columns that a record type declares, in order."""
    return tuple(
        Column(field.name, field.metadata["unit"], field.metadata["meaning"])
        for field in dataclasses.fields(record)  # type: ignore[arg-type]
        if "meaning" in field.metadata
    )


def row_of(record: object) -> dict[str, Any]:
    """Return one record as a table row; a tuple (a path) becomes compact JSON."""
    return {
        name: json.dumps(value, separators=(",", ":")) if isinstance(value, tuple) else value
        for name, value in ((c.name, getattr(record, c.name)) for c in columns_of(record))
    }


def records_of(record_type: type[Record], rows: Iterable[Mapping[str, Any]]) -> tuple[Record, ...]:
    """Return the records that `row_of` told as rows; a field without a column has its default.

    Raises
    ------
    KeyError
        A row lacks a column.
    """
    names = [column.name for column in columns_of(record_type)]
    types = {field.name: str(field.type) for field in dataclasses.fields(record_type)}  # type: ignore[arg-type]
    tuples = {name for name in names if types[name].startswith("tuple")}
    return tuple(
        record_type(
            **{name: _tuple_of(row[name]) if name in tuples else row[name] for name in names}
        )
        for row in rows
    )


def _tuple_of(cell: str) -> tuple[Any, ...]:
    def nested(value: Any) -> Any:
        return tuple(nested(part) for part in value) if isinstance(value, list) else value

    made: tuple[Any, ...] = nested(json.loads(cell))
    return made
