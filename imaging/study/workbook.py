"""The tables as one XLSX file, for people who open nothing else."""

from __future__ import annotations

import math
from pathlib import Path

import openpyxl
from openpyxl.styles import Font

from .manifest import MAX_SHEET_ROWS
from .store import Ledger
from .tables import Table, guarded, tables_of
from .wings import Wing
from .writing import whole_file

#: What a cell holds at most.
_MAX_CELL_CHARACTERS = 32_767
#: Paths of hairs are for programs: they fill cells that nobody can read.
_LEFT_OUT = frozenset({"path_px"})


def write_workbook(path: Path, ledger: Ledger, wing: Wing) -> Path:
    """Write all tables as sheets of one workbook; a table longer than a sheet goes on in another.

    Raises
    ------
    OutputError
    """
    book = openpyxl.Workbook(write_only=True)
    for table in tables_of(ledger, wing):
        _add_sheets(book, table)
    with whole_file(path) as file:
        book.save(file)
    return path


def _add_sheets(book: openpyxl.Workbook, table: Table) -> None:
    columns = [name for name in table.columns if name not in _LEFT_OUT]
    sheet, used, parts = _new_sheet(book, table.name, columns), 1, 1
    for row in table.rows():
        if used == MAX_SHEET_ROWS:
            parts += 1
            sheet, used = _new_sheet(book, f"{table.name}_{parts}", columns), 1
        sheet.append([_cell(row.get(name, "")) for name in columns])
        used += 1


def _new_sheet(
    book: openpyxl.Workbook, title: str, columns: list[str]
) -> openpyxl.worksheet._write_only.WriteOnlyWorksheet:
    sheet = book.create_sheet(title)
    sheet.freeze_panes = "B2"
    header = []
    for name in columns:
        cell = openpyxl.cell.WriteOnlyCell(sheet, value=_cell(name))
        cell.font = Font(bold=True)
        header.append(cell)
    sheet.append(header)
    return sheet


def _cell(value: object) -> object:
    if isinstance(value, float) and math.isnan(value):
        return None
    if isinstance(value, str):
        # The format has no room for control characters, and none for texts of any length.
        text = openpyxl.cell.cell.ILLEGAL_CHARACTERS_RE.sub("\N{REPLACEMENT CHARACTER}", value)
        return guarded(text)[:_MAX_CELL_CHARACTERS] or None
    return value
