"""Annotations in tables: hairs, points, counts and napari's exports as CSV (or XLSX)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import ManifestError, TableError
from .agreement_files import number_of
from .annotations import MAX_SHAPES, Drawing, Shape, as_points
from .manifest import read_lines
from .tables import unguarded

#: Names that programs give the columns, in the order in which they are looked for.
_PHOTO = ("photo_id", "photo", "image", "file", "filename", "file_name", "image_name")
#: ImageJ's results name the image here.
_IMAGEJ_PHOTO = "label"
_ENDS = ("root_x_px", "root_y_px", "tip_x_px", "tip_y_px")
_PLACES = (("x_px", "y_px"), ("x", "y"), ("axis_1", "axis_0"))


@dataclass(frozen=True)
class Lines:
    """A table as text: its columns in lower case with underscores, and its rows with lines.

    A row has no empty cells.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[tuple[int, Mapping[str, str]], ...]

    def photo_column(self) -> str | None:
        """Return the column that names the photo."""
        return next((name for name in _PHOTO if name in self.columns), None)


def read_table(path: Path) -> Lines:
    """Read a table; raises `TableError` when it is none."""
    header: tuple[str, ...] = ()
    rows: list[tuple[int, Mapping[str, str]]] = []
    try:
        for line, cells in read_lines(path):
            if not any(cell.strip() for cell in cells):
                continue
            if not header:
                header = tuple(re.sub(r"[\s\-]+", "_", cell.strip().casefold()) for cell in cells)
                continue
            # Without its empty cells a row is no larger than what stands in the file.
            named = dict(zip(header, cells, strict=False))
            rows.append((line, {name: cell for name, cell in named.items() if cell}))
            if len(rows) > MAX_SHAPES:
                raise TableError(f"{path} has over {MAX_SHAPES} rows.")
    except ManifestError as err:
        raise TableError(err.message) from err
    if not rows:
        raise TableError(f"{path} holds no rows.", remedy="Give a header and a row for each mark.")
    return Lines(path, header, tuple(rows))


def table_drawings(table: Lines) -> list[Drawing] | None:
    """Return hairs or points of a table; None when it has no places."""
    if set(_ENDS) <= set(table.columns):
        return _hairs(table)
    if {"shape_type", "vertex_index", "axis_0", "axis_1"} <= set(table.columns):
        return [_napari_shapes(table)]
    for x, y in _PLACES:
        if {x, y} <= set(table.columns):
            return _points(table, x, y)
    return None


def _hairs(table: Lines) -> list[Drawing]:
    found: dict[str, list[Shape]] = {}
    for line, row in table.rows:
        ends = [_number(table, line, row, name) for name in _ENDS]
        where = f"{table.path}, line {line}"
        points = as_points([ends[:2], ends[2:]], where=where)
        name = _photo_of(table, row, table.photo_column(), line)
        if not _is_deleted(row):
            found.setdefault(name, []).append(Shape(row.get("label", "").strip(), points))
    return [Drawing(photo=name, lines=tuple(shapes)) for name, shapes in found.items()]


def _points(table: Lines, x: str, y: str) -> list[Drawing]:
    column = table.photo_column()
    if column is None and _IMAGEJ_PHOTO in table.columns and "axis_0" not in table.columns:
        column = _IMAGEJ_PHOTO
    # napari counts from the middle of the first pixel.
    shift = 0.5 if x == "axis_1" else 0.0
    found: dict[str, list[Shape]] = {}
    for line, row in table.rows:
        place = [_number(table, line, row, x) + shift, _number(table, line, row, y) + shift]
        where = f"{table.path}, line {line}"
        label = row.get("label", "").strip() if column != _IMAGEJ_PHOTO else ""
        name = _photo_of(table, row, column, line)
        found.setdefault(name, []).append(Shape(label, as_points([place], where=where)))
    return [Drawing(photo=name, points=tuple(shapes)) for name, shapes in found.items()]


def _napari_shapes(table: Lines) -> Drawing:
    shapes: dict[str, list[tuple[str, list[float]]]] = {}
    for line, row in table.rows:
        place = [_number(table, line, row, name) + 0.5 for name in ("axis_1", "axis_0")]
        shapes.setdefault(row.get("index", ""), []).append(
            (row.get("shape_type", "").strip(), place)
        )
    lines, areas = [], []
    for vertices in shapes.values():
        points = as_points([place for _, place in vertices], where=str(table.path))
        kind = vertices[0][0]
        if kind in ("line", "path"):
            lines.append(Shape("", points))
        elif kind in ("polygon", "rectangle"):
            areas.append(Shape("", points))
        elif kind == "ellipse" and len(points) == 4:
            middle, turn = points.mean(axis=0), np.linspace(0, 2 * np.pi, 48, endpoint=False)
            first, second = (points[1] - points[0]) / 2, (points[3] - points[0]) / 2
            round_ = middle + np.cos(turn)[:, None] * first + np.sin(turn)[:, None] * second
            areas.append(Shape("", round_))
        else:
            raise TableError(f"{table.path}: a shape {kind!r} cannot be read.")
    name = table.path.with_suffix("").name
    return Drawing(photo=name, lines=tuple(lines), areas=tuple(areas))


def _number(table: Lines, line: int, row: Mapping[str, str], name: str) -> float:
    value = number_of(row.get(name, ""))
    if value is None or value != value:  # noqa: PLR0124 - NaN
        raise TableError(
            f"{table.path}, line {line}: {name} is {row.get(name, '')!r}, not a number.",
            remedy="Every mark needs both coordinates, in pixels of the upright photo.",
        )
    return value


def _photo_of(table: Lines, row: Mapping[str, str], column: str | None, line: int) -> str:
    if column is None:
        return table.path.with_suffix("").name
    name = row.get(column, "").strip().replace("\\", "/")
    if not name:
        raise TableError(f"{table.path}, line {line}: the photo has no name.")
    return unguarded(name)


def _is_deleted(row: Mapping[str, str]) -> bool:
    return row.get("status", "").strip() == "deleted"
