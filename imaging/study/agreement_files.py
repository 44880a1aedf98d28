"""Tables of ratings as people and programs write them: one rater a file, or a column `reader`.

A source is a CSV or XLSX file, or the output folder of a run.  Reading makes no assumption about
what was measured: every cell is kept as text, and `number_of` makes numbers of them.
"""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from ..errors import ManifestError, TableError
from .manifest import MAX_CELL_CHARACTERS, MAX_COLUMNS, MAX_ROWS, read_lines
from .manifest_columns import KNOWN_COLUMNS
from .store import open_for_reading
from .tables import cell_text, tables_of, unguarded
from .wings import load_wing

#: Names that readers give the column of the photo.
_PHOTO_NAMES = ("photo_id", "photo", "image", "file", "filename")
_READER_NAMES = ("reader", "rater", "observer", "assessor")
#: What stands for a missing rating.
_MISSING = {"", "na", "n/a", "nan", "null", "none", "-", ".", "?"}
#: Columns that only a run of this program writes.
_MACHINE_COLUMNS = {"settings_digest", "algorithm_version", "readable_percent"}
#: Digits with a comma between: how half of Europe writes decimals.
_DECIMAL_COMMA = re.compile(r"[+-]?\d+,\d+")

Row = Mapping[str, str]


@dataclass(frozen=True)
class RatingTable:
    """What one rater gave: rows of text by column name.

    Parameters
    ----------
    name : str
        The rater.
    columns : tuple of str
        In the file's order, in lower case with underscores, ``photo_id`` for the photo.
    rows : tuple of mapping
        Cells by column; empty ones left out.
    lines : tuple of int
        The line of each row in its file.
    is_machine : bool
        Written by this program.
    origin : str
        The file's name, for messages.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    lines: tuple[int, ...]
    is_machine: bool
    origin: str

    def has(self, column: str) -> bool:
        return column in self.columns


@dataclass(frozen=True)
class Source:
    """What the user named: a rater's name, empty for the file's own, and a path."""

    path: Path
    name: str = ""
    table: str = field(default="results")


def read_raters(sources: Sequence[Source]) -> list[RatingTable]:
    """Read all sources; a file with a column ``reader`` is one rater for each of its readers.

    A folder gives ``regions`` when every file beside it has a column ``region``, else ``results``.

    Raises
    ------
    TableError
        A file is unreadable, empty, or two raters have one name.
    """
    files = [source for source in sources if not source.path.is_dir()]
    tables = [table for source in files for table in split_readers(read_file(source))]
    wants_regions = bool(tables) and all(table.has("region") for table in tables)
    for source in sources:
        if source.path.is_dir():
            name = "regions" if wants_regions else source.table
            tables += split_readers(read_folder(source.path, table=name, name=source.name))
    order = {str(source.path): n for n, source in enumerate(sources)}
    tables.sort(key=lambda table: order.get(table.origin, 0))
    names = [table.name for table in tables]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise TableError(
            f"Two tables are of a rater named {twice[0]!r}.",
            remedy="Name the raters: dermetry agree anna=a/scores.csv ben=b/scores.csv",
        )
    return tables


def read_file(source: Source) -> RatingTable:
    """Read one CSV or XLSX file."""
    path = source.path
    if not path.exists():
        raise TableError(f"{path} does not exist.", remedy="Check the path.")
    try:
        return _as_table(path, source.name or path.stem, read_lines(path))
    except ManifestError as err:
        raise TableError(err.message, remedy=_reading_remedy(err)) from err


def read_folder(folder: Path, *, table: str, name: str = "") -> RatingTable:
    """Return a table of a scored folder, from its ledger, with the manifest's cells in every row.

    Raises
    ------
    LedgerError
        The folder holds no healthy ledger.
    TableError
        The wing has no such table.
    """
    with open_for_reading(folder) as ledger:
        found = {t.name: t for t in tables_of(ledger, load_wing(ledger.last_run().wing))}
        if table not in found:
            raise TableError(f"{folder} has no table {table!r}, only {', '.join(sorted(found))}.")
        manifest = ledger.manifest()
        rows = []
        for row in found[table].rows():
            # No spreadsheet opens these: text stands as in the manifest, without the guard.
            own = {k: v if isinstance(v, str) else cell_text(v) for k, v in row.items()}
            cells = {**manifest.get(str(row["photo_id"]), {}), **own}
            rows.append({key: value for key, value in cells.items() if value})
        carried = tuple(c for c in ledger.last_run().manifest_columns if c != "photo")
    columns = dict.fromkeys((*found[table].columns, *carried))
    return RatingTable(
        name=name or folder.resolve().name,
        columns=tuple(columns),
        rows=tuple(rows),
        lines=tuple(range(2, len(rows) + 2)),
        is_machine=True,
        origin=str(folder),
    )


def split_readers(table: RatingTable) -> list[RatingTable]:
    """Return one table a reader when a column names the readers, else the table itself."""
    column = next((name for name in _READER_NAMES if table.has(name)), None)
    if column is None:
        return [table]
    readers: dict[str, list[int]] = {}
    for number, row in enumerate(table.rows):
        if column not in row:
            raise TableError(
                f"{table.origin}, line {table.lines[number]}: the column {column!r} is empty.",
                remedy="Say who gave each row.",
            )
        readers.setdefault(row[column], []).append(number)
    return [
        RatingTable(
            name=reader,
            columns=tuple(name for name in table.columns if name != column),
            rows=tuple(table.rows[n] for n in numbers),
            lines=tuple(table.lines[n] for n in numbers),
            is_machine=table.is_machine,
            origin=table.origin,
        )
        for reader, numbers in sorted(readers.items())
    ]


def number_of(text: str) -> float | None:
    """Return a cell as a number, NaN for a missing one, None for text that is no number.

    A decimal comma is taken for a point; "inf" is no rating.
    """
    if text.strip().casefold() in _MISSING:
        return math.nan
    plain = text.strip()
    if _DECIMAL_COMMA.fullmatch(plain):
        plain = plain.replace(",", ".")
    try:
        value = float(plain)
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def _as_table(path: Path, name: str, lines: Iterable[tuple[int, list[str]]]) -> RatingTable:
    header: list[str] | None = None
    rows: list[Row] = []
    numbers: list[int] = []
    for line, raw in lines:
        cells = [unguarded(unicodedata.normalize("NFC", cell.strip())) for cell in raw]
        if not any(cells):
            continue
        if header is None:
            header = _header(path, cells)
            continue
        if any(cells[len(header) :]):
            raise TableError(
                f"{path}, line {line}: {len(cells)} cells under {len(header)} columns.",
                remedy="Put quotes around cells that hold the separator, also decimal commas.",
            )
        if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
            raise TableError(
                f"{path}, line {line}: a cell holds over {MAX_CELL_CHARACTERS} characters."
            )
        named = {key: cell for key, cell in zip(header, cells, strict=False) if key and cell}
        if "photo_id" in named:
            named["photo_id"] = named["photo_id"].replace("\\", "/")
        rows.append(named)
        numbers.append(line)
        if len(rows) > MAX_ROWS:
            raise TableError(f"{path} has over {MAX_ROWS} rows.")
    if header is None or not rows:
        raise TableError(f"{path} holds no rows.", remedy="Give a header and a row per photo.")
    return RatingTable(
        name=name,
        columns=tuple(column for column in header if column),
        rows=tuple(rows),
        lines=tuple(numbers),
        is_machine=bool(_MACHINE_COLUMNS & set(header)),
        origin=str(path),
    )


def _header(path: Path, cells: list[str]) -> list[str]:
    """Return column names in lower case with underscores; columns without a name stay empty."""
    if len(cells) > MAX_COLUMNS:
        raise TableError(f"{path} has {len(cells)} columns; {MAX_COLUMNS} is the limit.")
    names = [re.sub(r"[\s\-]+", "_", cell.casefold()) for cell in cells]
    if "photo_id" not in names:
        photo = next((name for name in _PHOTO_NAMES if name in names), None)
        names = ["photo_id" if name == photo and photo else name for name in names]
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise TableError(f"{path} names the column {twice[0]!r} twice.", remedy="Rename one.")
    if not {"photo_id", "subject"} & set(names):
        raise TableError(
            f"{path} has neither a column 'photo_id' nor 'subject'; its columns are "
            f"{', '.join(name for name in names if name)}.",
            remedy="Say which photo, or which subject and visit, each row is about.",
        )
    return names


def _reading_remedy(err: ManifestError) -> str:
    is_own = err.remedy != ManifestError.default_remedy
    return err.remedy if is_own else TableError.default_remedy


#: Columns of a manifest that say what a row is about, not what was measured.
DESCRIPTIVE = frozenset(KNOWN_COLUMNS) | {"photo_id", "region", "reader", "rater"}
