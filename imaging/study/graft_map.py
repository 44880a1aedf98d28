"""Graft maps: CSV files with the places of the grafts in the baseline photo."""

from __future__ import annotations

import csv
import io
import math
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from ..errors import ManifestError

#: A field holds some hundred grafts; a larger file is none of ours.
MAX_BYTES = 1_000_000
MAX_GRAFTS = 10_000
#: No photo has so many pixels along a side.
MAX_COORDINATE_PX = 100_000.0

_COLUMNS = ("x_px", "y_px")

Points = tuple[tuple[float, float], ...]


def read_graft_maps(listed: Mapping[str, Mapping[str, str]], *, folder: Path) -> dict[str, Points]:
    """Return the points of the map that each photo's manifest row names.

    Parameters
    ----------
    listed : mapping of photo_id to manifest cells
    folder : Path
        Of the manifest: maps are named relative to it and lie below it.

    Raises
    ------
    ManifestError
        A map lies elsewhere, cannot be read, or is no list of points.
    """
    named = {
        photo_id: cells["graft_map"] for photo_id, cells in listed.items() if cells.get("graft_map")
    }
    read = {name: read_graft_map(_inside(folder, name)) for name in sorted(set(named.values()))}
    return {photo_id: read[name] for photo_id, name in named.items()}


def read_graft_map(path: Path) -> Points:
    """Return the points of one CSV file with the columns ``x_px`` and ``y_px``.

    Raises
    ------
    ManifestError
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise _error(path, f"cannot be read: {err.strerror or err}") from err
    if len(content) > MAX_BYTES:
        raise _error(path, f"holds more than {MAX_BYTES} bytes")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as err:
        raise _error(path, f"is not UTF-8 text (byte {err.start})") from err
    if "\0" in text:
        raise _error(path, "holds zero bytes")
    delimiter = max(",;\t", key=text.partition("\n")[0].count)
    reader = csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    try:
        heads = [(name or "").strip() for name in reader.fieldnames or ()]
        if not set(_COLUMNS) <= set(heads) or len(heads) != len(set(heads)):
            raise _error(path, f"needs the columns x_px and y_px; it has {', '.join(heads)}")
        reader.fieldnames = heads
        points = []
        for row in reader:
            points.append(tuple(_coordinate(path, reader.line_num, row[n]) for n in _COLUMNS))
            if len(points) > MAX_GRAFTS:
                raise _error(path, f"holds more than {MAX_GRAFTS} points")
    except csv.Error as err:
        raise _error(path, f"line {reader.line_num}: {err}") from err
    if not points:
        raise _error(path, "holds no point")
    return tuple((x, y) for x, y in points)


def _inside(folder: Path, name: str) -> Path:
    parts = PurePosixPath(name.replace("\\", "/"))
    if parts.is_absolute() or ".." in parts.parts or ":" in name:
        raise ManifestError(
            f"The graft map {name!r} lies outside the manifest's folder.",
            remedy="Put graft maps beside the manifest and name them relative to it.",
        )
    path = folder.joinpath(*parts.parts)
    if not path.resolve().is_relative_to(folder.resolve()):
        raise ManifestError(
            f"The graft map {name!r} is a link that leads out of the manifest's folder.",
            remedy="Put the file itself beside the manifest.",
        )
    return path


def _coordinate(path: Path, line: int, cell: str | None) -> float:
    try:
        value = float(cell or "")
    except ValueError:
        raise _error(path, f"line {line}: {cell!r} is not a number") from None
    if not math.isfinite(value) or abs(value) > MAX_COORDINATE_PX:
        raise _error(path, f"line {line}: {cell!r} is no place in a photo")
    return value


def _error(path: Path, what: str) -> ManifestError:
    return ManifestError(
        f"The graft map {path.name} {what}.",
        remedy="A graft map is a CSV file with the columns x_px and y_px, in pixels of the photo.",
    )
