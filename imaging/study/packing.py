"""The rows of one photo's table as one compressed block of bytes.

A study of thousands of photos has millions of hairs.  No query ever asks for one hair: a table is
written with its photo and read with its photo.  So a photo's rows are kept as columns of JSON,
compressed: one insert per photo and table, about a tenth of the size, and no second schema that
has to follow the column contract.
"""

from __future__ import annotations

import json
import math
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

from ..errors import LedgerError
from ..records import row_of


def plain_value(value: object) -> object:
    """Return a table cell as bool, int, float or str; numpy scalars are unwrapped."""
    item = getattr(value, "item", None)
    if callable(item):
        value = item()
    if value is None or not isinstance(value, (bool, int, float, str)):
        raise TypeError(f"a table cell holds {value!r} of type {type(value).__name__}")
    return value


def plain_row(record: object) -> dict[str, object]:
    """Return the columns of one record as plain values."""
    return {name: plain_value(value) for name, value in row_of(record).items()}


def encode_values(values: Mapping[str, object]) -> str:
    """Return a row as JSON; NaN becomes null."""
    return json.dumps({name: _to_json(v) for name, v in values.items()}, ensure_ascii=False)


def decode_values(text: str) -> dict[str, object]:
    """Return the row that `encode_values` encoded; null becomes NaN."""
    return {name: _from_json(value) for name, value in json.loads(text).items()}


def pack_rows(records: Sequence[object]) -> bytes:
    """Return the rows of one photo's table as compressed columns."""
    rows = [plain_row(record) for record in records]
    names = list(rows[0]) if rows else []
    columns = {name: [_to_json(row[name]) for row in rows] for name in names}
    return zlib.compress(json.dumps(columns, ensure_ascii=False).encode(), level=6)


def unpack_rows(packed: bytes) -> list[dict[str, object]]:
    """Return the rows that `pack_rows` packed.

    Raises
    ------
    LedgerError
        The bytes are not what it packed.
    """
    try:
        columns: dict[str, list[Any]] = json.loads(zlib.decompress(packed))
        names = list(columns)
        return [
            {name: _from_json(value) for name, value in zip(names, cells, strict=True)}
            for cells in zip(*columns.values(), strict=True)
        ]
    except (zlib.error, ValueError, TypeError, AttributeError) as err:
        raise LedgerError(
            f"A table in the ledger is damaged: {err}.",
            remedy="Restore the ledger from a copy, or score again with --fresh.",
        ) from err


def _to_json(value: object) -> object:
    if isinstance(value, float) and not math.isfinite(value):
        if math.isnan(value):
            return None
        raise ValueError(f"a table cell holds {value}; a result is finite or NaN")
    return value


def _from_json(value: object) -> object:
    return math.nan if value is None else value
