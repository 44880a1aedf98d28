"""What a person drew on a photo, whatever program it was drawn with, and the limits of its files.

Coordinates are pixels of the upright photo, x right, y down, the centre of the first pixel at
(0.5, 0.5).  Names of photos in a file are only compared, never opened.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from skimage.draw import polygon

from ..errors import TableError

Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]

#: A larger file is no list of what was drawn by hand, and would fill the memory.
MAX_BYTES = 50_000_000
MAX_SHAPES = 200_000
MAX_POINTS = 2_000_000
#: No photo is larger; what lies beyond is no place in one.
MAX_PX = 1_000_000.0


@dataclass(frozen=True, eq=False)
class Shape:
    """One thing drawn: its label, its vertices, shape (n, 2), and the holes of an area."""

    label: str
    points: Floats
    holes: tuple[Floats, ...] = ()


@dataclass(frozen=True, eq=False)
class Drawing:
    """All that was drawn on one photo.

    Parameters
    ----------
    photo : str
        Its name in the file.
    size_px : (int, int) or None
        Width and height, where the file says them.
    lines, points, areas : tuple of Shape
        Lines run from root to tip; a point has one vertex; an area is a polygon.
    masks : tuple of (str, ndarray of bool)
        Areas that came as pixels, with their labels.
    """

    photo: str
    size_px: tuple[int, int] | None = None
    lines: tuple[Shape, ...] = ()
    points: tuple[Shape, ...] = ()
    areas: tuple[Shape, ...] = ()
    masks: tuple[tuple[str, Mask], ...] = field(default=(), repr=False)

    def labels(self) -> set[str]:
        """Return every label in use."""
        shapes = (*self.lines, *self.points, *self.areas)
        return {shape.label for shape in shapes} | {label for label, _ in self.masks}


def read_limited(path: Path) -> bytes:
    """Return the bytes of a file of annotations; raises `TableError` when it is too large."""
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
    except OSError as err:
        raise TableError(f"{path} cannot be read: {err.strerror or err}.") from err
    if len(content) > MAX_BYTES:
        raise TableError(
            f"{path} holds over {MAX_BYTES // 1_000_000} MB; annotations are smaller.",
            remedy="Export without the image data.",
        )
    return content


def read_json(path: Path) -> Mapping[str, Any]:
    """Return the object in a JSON file."""
    try:
        document = json.loads(read_limited(path).decode("utf-8-sig"))
    except (UnicodeDecodeError, ValueError, RecursionError) as err:
        raise TableError(f"{path} is not valid JSON: {str(err)[:200]}.") from err
    if not isinstance(document, dict):
        raise TableError(f"{path} holds no JSON object.", remedy="Export COCO, LabelMe or GeoJSON.")
    return document


def as_points(values: object, *, where: str) -> Floats:
    """Return a list of [x, y] as an array, shape (n, 2); raises `TableError` for anything else."""
    try:
        points = np.asarray(values, np.float64)
    except (TypeError, ValueError) as err:
        raise TableError(f"{where} is no list of points.") from err
    except OverflowError as err:
        raise TableError(f"{where} has points that lie in no photo.") from err
    if points.ndim != 2 or points.shape[1] < 2 or not len(points):
        raise TableError(f"{where} is no list of points [x, y].")
    points = points[:, :2]
    if len(points) > MAX_POINTS or not (np.abs(points) <= MAX_PX).all():
        raise TableError(f"{where} has points that lie in no photo.")
    return points


def as_size(width: object, height: object) -> tuple[int, int] | None:
    """Return width and height where both are said."""
    if isinstance(width, int) and isinstance(height, int) and width > 0 and height > 0:
        return width, height
    return None


def circle_points(centre: Sequence[float], edge: Sequence[float]) -> Floats:
    """Return a circle through a point as a polygon."""
    radius = math.dist(centre[:2], edge[:2])
    turn = np.linspace(0.0, 2 * np.pi, 48, endpoint=False)
    return np.column_stack(
        [centre[0] + radius * np.cos(turn), centre[1] + radius * np.sin(turn)]
    ).astype(np.float64)


def box_points(first: Sequence[float], second: Sequence[float]) -> Floats:
    """Return the box between two corners as a polygon."""
    (x0, y0), (x1, y1) = first[:2], second[:2]
    return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float64)


def filled(areas: Sequence[Shape], shape: tuple[int, int]) -> Mask:
    """Return the pixels whose centre lies inside a polygon, ndarray of bool of (height, width)."""
    mask = np.zeros(shape, bool)
    for area in areas:
        inside = np.zeros(shape, bool)
        for ring in (area.points, *area.holes):
            # What an odd number of rings encloses is inside.
            inside[polygon(ring[:, 1] - 0.5, ring[:, 0] - 0.5, shape)] ^= True
        mask |= inside
    return mask
