"""ImageJ's selections: `.roi` files, and `.zip` files of them, as a drawing.

References
----------
The format as ImageJ's own ``ij.io.RoiDecoder`` documents it: a header of 64 bytes, big-endian.
"""

from __future__ import annotations

import io
import lzma
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np

from ..errors import TableError
from .annotations import MAX_BYTES, MAX_SHAPES, Drawing, Floats, Shape, box_points, read_limited

_HEADER_BYTES = 64
_POLYGON, _BOX, _OVAL, _LINE, _FREE_LINE, _POLYLINE = 0, 1, 2, 3, 4, 5
_FREEHAND, _TRACED, _POINT = 7, 8, 10
#: Option bit: the vertices are stored once more as 32-bit floats.
_SUB_PIXEL = 128
#: What damaged archives make `zipfile` and its four ways of compressing raise.
_UNPACKING_ERRORS = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    OSError,
    EOFError,
    ValueError,
    RuntimeError,
)


def read_selections(path: Path) -> Drawing:
    """Return the selections of a `.roi` or a `.zip` file; the photo's name is the file's.

    Raises
    ------
    TableError
    """
    content = read_limited(path)
    if not content.startswith(b"PK\x03\x04"):
        return _drawing(path, [_selection(content, str(path))])
    shapes = []
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [e for e in archive.infolist() if e.filename.lower().endswith(".roi")]
            if len(entries) > MAX_SHAPES or sum(e.file_size for e in entries) > MAX_BYTES:
                raise TableError(f"{path} unpacks to more than selections by hand can be.")
            for entry in entries:
                # Nothing is written to the disk, so that no name can lead anywhere.
                with archive.open(entry) as file:
                    shapes.append(_selection(file.read(entry.file_size), f"{path}, {entry}"))
    except _UNPACKING_ERRORS as err:
        raise TableError(f"{path} cannot be unpacked: {err}.") from err
    if not shapes:
        raise TableError(f"{path} holds no .roi file.", remedy="Save from ImageJ's ROI manager.")
    return _drawing(path, shapes)


def _drawing(path: Path, shapes: list[tuple[int, Floats]]) -> Drawing:
    lines, points, areas = [], [], []
    for kind, vertices in shapes:
        if kind == _POINT:
            points += [Shape("", vertex[None]) for vertex in vertices]
        elif kind in (_LINE, _FREE_LINE, _POLYLINE):
            lines.append(Shape("", vertices))
        else:
            areas.append(Shape("", vertices))
    return Drawing(
        photo=path.with_suffix("").name,
        lines=tuple(lines),
        points=tuple(points),
        areas=tuple(areas),
    )


def _selection(content: bytes, where: str) -> tuple[int, Floats]:
    """Return kind and vertices of one selection."""
    if len(content) < _HEADER_BYTES or content[:4] != b"Iout":
        raise TableError(f"{where} is no ImageJ selection.")
    kind = content[6]
    top, left, bottom, right = struct.unpack_from(">4h", content, 8)
    if kind == _LINE:
        ends = struct.unpack_from(">4f", content, 18)
        return kind, _checked(np.array(ends, np.float64).reshape(2, 2), where)
    if kind == _BOX:
        return kind, box_points((left, top), (right, bottom))
    if kind == _OVAL:
        turn = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
        x = (left + right) / 2 + (right - left) / 2 * np.cos(turn)
        y = (top + bottom) / 2 + (bottom - top) / 2 * np.sin(turn)
        return kind, np.column_stack([x, y])
    if kind not in (_POLYGON, _FREE_LINE, _POLYLINE, _FREEHAND, _TRACED, _POINT):
        raise TableError(
            f"{where} is a selection of kind {kind}, which cannot be read.",
            remedy="Save points, lines or polygons.",
        )
    count = struct.unpack_from(">H", content, 16)[0]
    options = struct.unpack_from(">h", content, 50)[0]
    is_fine = bool(options & _SUB_PIXEL)
    start = _HEADER_BYTES + (4 * count if is_fine else 0)
    size = (4 if is_fine else 2) * 2 * count
    if not count or len(content) < start + size:
        raise TableError(f"{where} ends before its last point.")
    if is_fine:
        values = np.frombuffer(content, ">f4", 2 * count, start).astype(np.float64)
        return kind, _checked(values.reshape(2, count).T, where)
    values = np.frombuffer(content, ">i2", 2 * count, start).astype(np.float64)
    vertices = values.reshape(2, count).T + np.array([left, top], np.float64)
    # Whole numbers name a pixel; a point means its middle, an outline its corner.
    return kind, vertices + 0.5 if kind == _POINT else vertices


def _checked(vertices: Floats, where: str) -> Floats:
    if not np.isfinite(vertices).all():
        raise TableError(f"{where} has points that are no numbers.")
    return vertices
