"""Annotations in JSON: COCO, LabelMe and GeoJSON files as drawings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ..errors import TableError
from .annotations import (
    MAX_POINTS,
    MAX_SHAPES,
    Drawing,
    Floats,
    Mask,
    Shape,
    as_points,
    as_size,
    box_points,
    circle_points,
    read_json,
)

#: A COCO key point with this visibility was not labelled.
_NOT_LABELLED = 0


def read_drawings(path: Path) -> list[Drawing]:
    """Return the drawings of one JSON file, of whichever of the three kinds it is.

    Raises
    ------
    TableError
        It is none of them, is broken, or holds what cannot be placed.
    """
    document = read_json(path)
    if "annotations" in document and "images" in document:
        return _coco(path, document)
    if "shapes" in document:
        return [_labelme(path, document)]
    if document.get("type") == "FeatureCollection":
        return [_geojson(path, document)]
    raise TableError(
        f"{path} is neither COCO nor LabelMe nor GeoJSON.",
        remedy="Export from the drawing program in one of these.",
    )


# --- COCO ----------------------------------------------------------------------------------------


def _coco(path: Path, document: Mapping[str, Any]) -> list[Drawing]:
    images = {_id(path, i, "id"): i for i in _records(path, document, "images")}
    categories = _records(path, document, "categories")
    names = {_id(path, c, "id"): str(c.get("name", "")) for c in categories}
    found: dict[object, list[Mapping[str, Any]]] = {key: [] for key in images}
    for annotation in _records(path, document, "annotations"):
        key = _id(path, annotation, "image_id")
        if key not in found:
            raise TableError(f"{path}: an annotation belongs to image {key!r}, which is not there.")
        found[key].append(annotation)
    return [_coco_image(path, images[key], found[key], names) for key in images]


def _coco_image(
    path: Path,
    image: Mapping[str, Any],
    annotations: Sequence[Mapping[str, Any]],
    names: Mapping[object, str],
) -> Drawing:
    lines: list[Shape] = []
    points: list[Shape] = []
    areas: list[Shape] = []
    masks: list[tuple[str, Mask]] = []
    for annotation in annotations:
        where = f"{path}, annotation {annotation.get('id')!r}"
        label = names.get(_id(path, annotation, "category_id"), "")
        keys = annotation.get("keypoints")
        if isinstance(keys, list) and keys:
            placed = _key_points(keys, where)
            if len(placed):
                (lines if len(placed) > 1 else points).append(Shape(label, placed))
            continue
        segments = annotation.get("segmentation")
        if isinstance(segments, dict):
            masks.append((label, _run_lengths(segments, where)))
        elif isinstance(segments, list) and segments:
            for segment in segments:
                flat = as_points(_pairs(segment, where), where=where)
                areas.append(Shape(label, flat))
        else:
            raise TableError(
                f"{where} has a box and no outline.",
                remedy="Draw polygons, or root and tip of each hair as key points.",
            )
    return Drawing(
        photo=str(image.get("file_name", "")),
        size_px=as_size(image.get("width"), image.get("height")),
        lines=tuple(lines),
        points=tuple(points),
        areas=tuple(areas),
        masks=tuple(masks),
    )


def _id(path: Path, record: Mapping[str, Any], name: str) -> object:
    value = record.get(name)
    if isinstance(value, (list, dict)):
        raise TableError(f"{path}: {name} is {str(value)[:60]}, neither a number nor text.")
    return value


def _key_points(keys: list[Any], where: str) -> Floats:
    if len(keys) % 3:
        raise TableError(f"{where}: key points are not x, y, visibility.")
    triples = [keys[at : at + 3] for at in range(0, len(keys), 3)]
    seen = [triple[:2] for triple in triples if triple[2] != _NOT_LABELLED]
    return as_points(seen, where=where) if seen else np.zeros((0, 2))


def _pairs(flat: object, where: str) -> list[object]:
    if not isinstance(flat, list) or len(flat) < 6 or len(flat) % 2:
        raise TableError(f"{where}: an outline needs three points or more.")
    return [flat[at : at + 2] for at in range(0, len(flat), 2)]


def _run_lengths(segment: Mapping[str, Any], where: str) -> Mask:
    """Return the mask of COCO's run lengths, plain or packed: columns first, ground first."""
    size, counts = segment.get("size"), segment.get("counts")
    if not (isinstance(size, list) and len(size) == 2 and as_size(size[0], size[1])):
        raise TableError(f"{where}: a mask without its size.")
    if isinstance(counts, str):
        counts = _unpacked(counts)
    height, width = int(size[0]), int(size[1])
    if height * width > 200_000_000 or not isinstance(counts, list) or len(counts) > MAX_POINTS:
        raise TableError(f"{where}: a mask of {width} by {height} pixels cannot be read.")
    if not all(isinstance(c, int) and c >= 0 for c in counts) or sum(counts) != height * width:
        raise TableError(f"{where}: the runs of the mask do not fill its {width} by {height}.")
    values = np.arange(len(counts)) % 2 == 1
    return np.repeat(values, counts).reshape(width, height).T


def _unpacked(text: str) -> list[int]:
    """Return run lengths from COCO's text: six bits a character, each the step from two before."""
    counts: list[int] = []
    value = shift = 0
    for character in text:
        code = ord(character) - 48
        value |= (code & 0x1F) << shift
        shift += 5
        if code & 0x20 and shift < 60:
            continue
        if code & 0x10:
            value |= -1 << shift
        counts.append(value + (counts[-2] if len(counts) > 2 else 0))
        value = shift = 0
    return counts


# --- LabelMe -------------------------------------------------------------------------------------


def _labelme(path: Path, document: Mapping[str, Any]) -> Drawing:
    kinds: dict[str, list[Shape]] = {"lines": [], "points": [], "areas": []}
    for number, shape in enumerate(_records(path, document, "shapes"), 1):
        where = f"{path}, shape {number}"
        label, kind = str(shape.get("label", "")), str(shape.get("shape_type", "polygon"))
        points = as_points(shape.get("points"), where=where)
        if kind in ("line", "linestrip") and len(points) > 1:
            kinds["lines"].append(Shape(label, points))
        elif kind in ("point", "points"):
            kinds["points"] += [Shape(label, point[None]) for point in points]
        elif kind == "polygon" and len(points) > 2:
            kinds["areas"].append(Shape(label, points))
        elif kind == "rectangle" and len(points) == 2:
            kinds["areas"].append(Shape(label, box_points(points[0], points[1])))
        elif kind == "circle" and len(points) == 2:
            kinds["areas"].append(Shape(label, circle_points(points[0], points[1])))
        else:
            raise TableError(
                f"{where} is a {kind} of {len(points)} points, which cannot be read.",
                remedy="Draw polygons, lines or points.",
            )
    name = str(document.get("imagePath") or path.with_suffix("").name)
    return Drawing(
        photo=name.replace("\\", "/"),
        size_px=as_size(document.get("imageWidth"), document.get("imageHeight")),
        **{kind: tuple(shapes) for kind, shapes in kinds.items()},  # type: ignore[arg-type]
    )


# --- GeoJSON -------------------------------------------------------------------------------------


def _geojson(path: Path, document: Mapping[str, Any]) -> Drawing:
    kinds: dict[str, list[Shape]] = {"lines": [], "points": [], "areas": []}
    for number, feature in enumerate(_records(path, document, "features"), 1):
        where = f"{path}, feature {number}"
        geometry = feature.get("geometry")
        if not isinstance(geometry, dict):
            continue
        label = _feature_label(feature)
        kind, places = str(geometry.get("type")), geometry.get("coordinates")
        _add_geometry(kinds, label, kind, places, where)
    size = document.get("size_px")
    width, height = size if isinstance(size, list) and len(size) == 2 else (None, None)
    return Drawing(
        photo=str(document.get("photo_id") or path.with_suffix("").name),
        size_px=as_size(width, height),
        **{kind: tuple(shapes) for kind, shapes in kinds.items()},  # type: ignore[arg-type]
    )


def _add_geometry(
    kinds: dict[str, list[Shape]], label: str, kind: str, places: Any, where: str
) -> None:
    if kind.startswith("Multi") and isinstance(places, list):
        for part in places:
            _add_geometry(kinds, label, kind.removeprefix("Multi"), part, where)
    elif kind == "Point":
        kinds["points"].append(Shape(label, as_points([places], where=where)))
    elif kind == "LineString":
        kinds["lines"].append(Shape(label, as_points(places, where=where)))
    elif kind == "Polygon" and isinstance(places, list) and places:
        outer, *holes = (as_points(ring, where=where) for ring in places)
        kinds["areas"].append(Shape(label, outer, tuple(holes)))
    else:
        raise TableError(f"{where}: a geometry {kind!r} cannot be read.")


def _feature_label(feature: Mapping[str, Any]) -> str:
    properties = feature.get("properties")
    if not isinstance(properties, dict):
        return ""
    # QuPath keeps the class of an object here.
    classification = properties.get("classification")
    if isinstance(classification, dict):
        return str(classification.get("name", ""))
    return str(properties.get("label") or properties.get("name") or "")


def _records(path: Path, document: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    records = document.get(name, [])
    if not isinstance(records, list) or not all(isinstance(r, dict) for r in records):
        raise TableError(f"{path}: {name!r} is no list of objects.")
    if len(records) > MAX_SHAPES:
        raise TableError(f"{path} holds {len(records)} {name}; {MAX_SHAPES} is the limit.")
    return records
