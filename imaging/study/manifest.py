"""The manifest: which photo shows which subject, visit, site and view, and at what scale.

Reading and checking are apart: `read_manifest` makes rows of a file, `check_manifest` holds them
against the photos and the column contract and tells every problem at once.
"""

from __future__ import annotations

import csv
import datetime
import difflib
import io
import unicodedata
import warnings
import zipfile
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from ..errors import ManifestError
from ..records import PhotoInputs
from ..settings import Settings, Wing
from .manifest_columns import KNOWN_COLUMNS, nearest_known, polygon_of

#: A larger file is not a list of photos, and would fill the memory.
MAX_BYTES = 50_000_000
MAX_UNPACKED_BYTES = 300_000_000
MAX_ROWS = 500_000
MAX_COLUMNS = 200
MAX_CELL_CHARACTERS = 10_000
#: What a sheet of a workbook holds at most, empty rows among them.
MAX_SHEET_ROWS = 1_048_576
#: So many problems are told one by one; the rest is counted.
_TOLD_PROBLEMS = 20


@dataclass(frozen=True)
class ManifestRow:
    """One row: its line in the file, its photo, and its other cells by column; empty ones left out.

    Text is stripped; a date or a number of a workbook is text in ISO or shortest form.
    """

    line: int
    photo_id: str
    cells: Mapping[str, str]


@dataclass(frozen=True)
class Manifest:
    """A manifest as read: ``columns`` are those besides ``photo``, in the file's order."""

    name: str
    columns: tuple[str, ...]
    rows: tuple[ManifestRow, ...]

    def by_photo(self) -> dict[str, Mapping[str, str]]:
        """Return the cells of every listed photo."""
        return {row.photo_id: row.cells for row in self.rows}


def read_manifest(path: Path) -> Manifest:
    """Read a CSV (UTF-8; comma, semicolon or tab) or XLSX file.

    Raises
    ------
    ManifestError
        It cannot be read, is too large, has no column ``photo``, or names a column twice.
    """
    return _as_manifest(path, read_lines(path))


def read_lines(path: Path) -> Iterable[tuple[int, list[str]]]:
    """Return the line number and the cells of every line of a CSV or XLSX file, as text.

    Raises
    ------
    ManifestError
        It cannot be read, is too large, or is neither a workbook nor UTF-8 text.
    """
    try:
        size = path.stat().st_size
        if size > MAX_BYTES:
            raise ManifestError(f"{path} holds {size} bytes; a table has under {MAX_BYTES}.")
        content = path.read_bytes()
    except OSError as err:
        raise ManifestError(f"{path} cannot be read: {err.strerror or err}.") from err
    is_workbook = content.startswith(b"PK\x03\x04")
    return _workbook_lines(path, content) if is_workbook else _csv_lines(path, content)


def check_manifest(
    manifest: Manifest, photo_ids: Collection[str], *, result_columns: Collection[str]
) -> None:
    """Check columns, values and photos of a manifest.

    Raises
    ------
    ManifestError
        With all problems in one message, each with its line and value.
    """
    problems = [
        *_column_problems(manifest.columns, result_columns),
        *_value_problems(manifest.rows),
        *_photo_problems(manifest.rows, photo_ids),
    ]
    if problems:
        told = "\n".join(f"  - {problem}" for problem in problems[:_TOLD_PROBLEMS])
        more = len(problems) - _TOLD_PROBLEMS
        rest = f"\n  and {more} more of the kind" if more > 0 else ""
        count = "one problem" if len(problems) == 1 else f"{len(problems)} problems"
        raise ManifestError(f"The manifest {manifest.name} has {count}:\n{told}{rest}")


def refuse_polygons(manifest: Manifest, settings: Settings, *, wing: Wing) -> None:
    """Refuse a part to be scored where no crops are: the score would be of another area.

    Raises
    ------
    ManifestError
    """
    if wing == "face" and settings.face.patch_mode:
        return
    for row in manifest.rows:
        if "polygon_px" in row.cells:
            raise ManifestError(
                f"The manifest {manifest.name}, line {row.line}: polygon_px is a part of a crop, "
                "and no crops are scored.",
                remedy="Add --patch to a face command, or take the column out.",
            )


def inputs_of(cells: Mapping[str, str] | None, command_line: PhotoInputs) -> PhotoInputs:
    """Return what is known of one photo: its manifest row, else the command line.

    A row with either kind of scale beats both kinds of the command line.
    """
    if cells is None:
        return command_line
    scale = {name: float(cells[name]) for name in ("px_per_mm", "field_width_mm") if name in cells}
    return PhotoInputs(
        px_per_mm=scale.get("px_per_mm") if scale else command_line.px_per_mm,
        field_width_mm=scale.get("field_width_mm") if scale else command_line.field_width_mm,
        scale_origin="manifest" if scale else command_line.scale_origin,
        view=cells.get("view", command_line.view),
        modality=cells.get("modality", command_line.modality),
        polygon_px=(
            polygon_of(cells["polygon_px"]) if "polygon_px" in cells else command_line.polygon_px
        ),
    )


# --- Reading -------------------------------------------------------------------------------------


def _csv_lines(path: Path, content: bytes) -> Iterable[tuple[int, list[str]]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise ManifestError(
            f"{path} is neither a workbook nor UTF-8 text (byte {err.start}).",
            remedy="Save it as 'CSV UTF-8' or as .xlsx.",
        ) from err
    if "\0" in text:
        raise ManifestError(f"{path} is not a CSV file: it holds zero bytes.")
    header = text.lstrip("\r\n").partition("\n")[0]
    delimiter = max(",;\t", key=header.count)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        for cells in reader:
            yield reader.line_num, cells
    except csv.Error as err:
        raise ManifestError(f"{path}, line {reader.line_num}: {err}.") from err


def _workbook_lines(path: Path, content: bytes) -> Iterable[tuple[int, list[str]]]:
    # openpyxl takes a third of a second to load, and most manifests are CSV.
    import openpyxl  # noqa: PLC0415

    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            unpacked = sum(entry.file_size for entry in archive.infolist())
        if unpacked > MAX_UNPACKED_BYTES:
            raise ManifestError(f"{path} unpacks to {unpacked} bytes: no manifest is that large.")
        with warnings.catch_warnings():
            # Styles and validations that openpyxl does not know are none of our business.
            warnings.simplefilter("ignore")
            book = openpyxl.load_workbook(io.BytesIO(content), read_only=True, data_only=True)
        with closing(book):
            sheet = book.worksheets[0]
            # Every row would be filled up to the size that the sheet declares, whatever it holds.
            sheet.reset_dimensions()
            for number, row in enumerate(_quietly(sheet.iter_rows(values_only=True)), 1):
                if number > MAX_SHEET_ROWS:
                    raise ManifestError(f"{path} has over {MAX_SHEET_ROWS} rows.")
                values = list(row)
                while values and values[-1] is None:
                    values.pop()
                if values:
                    yield number, [_cell_text(value) for value in values]
    except ManifestError:
        raise
    except Exception as err:
        # Damaged workbooks make openpyxl raise nearly anything.
        raise ManifestError(
            f"{path} is not a workbook that can be read ({err}).",
            remedy="Save it again as .xlsx or as 'CSV UTF-8'.",
        ) from err


def _quietly(rows: Iterator[tuple[object, ...]]) -> Iterator[tuple[object, ...]]:
    """Yield the rows of a workbook without its warnings, and leave all other warnings alone."""
    while True:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            row = next(rows, None)
        if row is None:
            return
        yield row


def _cell_text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime.datetime):
        is_day = value.time() == datetime.time()
        return value.date().isoformat() if is_day else value.isoformat(sep=" ")
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def _as_manifest(path: Path, lines: Iterable[tuple[int, list[str]]]) -> Manifest:
    header: list[str] | None = None
    rows: list[ManifestRow] = []
    for line, raw in lines:
        cells = [unicodedata.normalize("NFC", cell.strip()) for cell in raw]
        if not any(cells):
            continue
        if header is None:
            header = _header(path, cells)
            continue
        while len(cells) > len(header) and not cells[-1]:
            cells.pop()
        if len(cells) > len(header):
            raise ManifestError(
                f"{path}, line {line}: {len(cells)} cells under {len(header)} columns.",
                remedy="Put quotes around cells that hold the separator.",
            )
        if any(len(cell) > MAX_CELL_CHARACTERS for cell in cells):
            raise ManifestError(
                f"{path}, line {line}: a cell holds over {MAX_CELL_CHARACTERS} characters."
            )
        named = {name: cell for name, cell in zip(header, cells, strict=False) if cell}
        rows.append(ManifestRow(line, named.pop("photo", ""), named))
        if len(rows) > MAX_ROWS:
            raise ManifestError(f"{path} has over {MAX_ROWS} rows.")
    if header is None:
        raise ManifestError(f"{path} is empty.")
    return Manifest(path.name, tuple(name for name in header if name != "photo"), tuple(rows))


def _header(path: Path, cells: list[str]) -> list[str]:
    header = list(cells)
    while header and not header[-1]:
        header.pop()
    if len(header) > MAX_COLUMNS:
        raise ManifestError(f"{path} has {len(header)} columns; {MAX_COLUMNS} is the limit.")
    if "" in header:
        raise ManifestError(f"{path}: column {header.index('') + 1} has no name.")
    twice = sorted({name for name in header if header.count(name) > 1})
    if twice:
        raise ManifestError(f"{path} names the column {twice[0]!r} twice.")
    if "photo" not in header:
        raise ManifestError(
            f"{path} has no column 'photo'; its columns are {', '.join(header)}.",
            remedy="Name the column that holds the photo ids 'photo'.",
        )
    return header


# --- Checking ------------------------------------------------------------------------------------


def _column_problems(columns: Iterable[str], result_columns: Collection[str]) -> Iterable[str]:
    taken = {name.casefold() for name in result_columns}
    for name in columns:
        if name in KNOWN_COLUMNS:
            continue
        known = nearest_known(name)
        if known is not None:
            yield f"column {name!r}: did you mean {known!r}?"
        elif name.casefold() in taken:
            yield f"column {name!r} has the name of a result; rename it"


def _value_problems(rows: Iterable[ManifestRow]) -> Iterable[str]:
    for row in rows:
        for name, cell in row.cells.items():
            wrong = KNOWN_COLUMNS[name].check(cell) if name in KNOWN_COLUMNS else None
            if wrong is not None:
                yield f"line {row.line}: {name} {cell!r} {wrong}"
        if "px_per_mm" in row.cells and "field_width_mm" in row.cells:
            yield f"line {row.line}: px_per_mm and field_width_mm are both given; give one"


def _photo_problems(rows: Iterable[ManifestRow], photo_ids: Collection[str]) -> Iterable[str]:
    known = set(photo_ids)
    folded = {photo_id.casefold(): photo_id for photo_id in photo_ids}
    first_line: dict[str, int] = {}
    for row in rows:
        if not row.photo_id:
            yield f"line {row.line}: photo is empty"
        elif row.photo_id in first_line:
            yield f"line {row.line}: photo {row.photo_id!r} already stands in line " + str(
                first_line[row.photo_id]
            )
        elif row.photo_id not in known:
            hint = _nearest_photo(row.photo_id, folded)
            yield f"line {row.line}: there is no photo {row.photo_id!r}{hint}"
        first_line.setdefault(row.photo_id, row.line)


def _nearest_photo(name: str, folded: Mapping[str, str]) -> str:
    wanted = name.casefold().replace("\\", "/")
    if wanted in folded:
        return f"; did you mean {folded[wanted]!r}?"
    # Comparing with each of many thousand names would take minutes.
    near = difflib.get_close_matches(wanted, folded, n=1, cutoff=0.8) if len(folded) < 2000 else []
    return f"; did you mean {folded[near[0]]!r}?" if near else ""
