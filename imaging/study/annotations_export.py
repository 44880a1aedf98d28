"""Results as annotations that drawing programs open: COCO for a folder, GeoJSON for each photo.

Hairs are lines from root to tip, follicular units points, regions and lesions of faces areas; these
come from the masks that a run with ``--masks`` has written.  Names and classes are those that
QuPath, napari and CVAT show, and the shapes are such as all of them read: QuPath takes numbers
alone for measurements and texts for metadata; napari's reader knows single polygons only, and
measurements only as a list, of the same names for all shapes.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.measure import find_contours

from .. import __version__
from ..errors import LedgerError
from ..records.outcome import Measured
from .annotations import Floats
from .pictures import picture_path
from .store import Ledger
from .writing import whole_file

COCO_NAME = "coco.json"
GEOJSON_FOLDER = "geojson"

#: Labels of the region mask (`imaging.face.geometry.REGION_LABELS`); patch mode has label 1 alone.
_REGIONS = {1: "forehead", 2: "right_malar", 3: "left_malar", 4: "chin", 5: "other"}
_PATCH = {1: "patch"}
_HAIR, _UNIT, _LESION = "hair", "follicular unit", "pigment"
#: Colours of the classes in QuPath.
_COLOURS = {_HAIR: (0, 114, 178), _UNIT: (213, 94, 0), _LESION: (160, 82, 45)}
_OTHER_COLOUR = (86, 180, 233)
#: Width at which a shaft of unknown diameter is drawn.
_UNKNOWN_WIDTH_PX = 2.0
#: Corners of a pixel about its centre.
_PIXEL = np.array([(-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5)])
#: Visibility of a COCO key point that is labelled and seen.
_SEEN = 2


@dataclass(frozen=True, eq=False)
class PhotoResult:
    """What the ledger holds of one photo: its size, hairs, units, and masks by class."""

    photo_id: str
    width_px: int
    height_px: int
    px_per_mm: float
    hairs: Sequence[Mapping[str, Any]]
    units: Sequence[Mapping[str, Any]]
    masks: Mapping[str, NDArray[np.bool_]]


def export_coco(out_dir: Path, ledger: Ledger) -> Path:
    """Write ``coco.json`` with all photos of the last run, and return its path."""
    names = [_HAIR, _UNIT, *_REGIONS.values(), "patch", _LESION]
    ids = {name: number for number, name in enumerate(names, 1)}
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    for number, photo in enumerate(_photos(out_dir, ledger), 1):
        images.append(
            {
                "id": number,
                "file_name": photo.photo_id,
                "width": photo.width_px,
                "height": photo.height_px,
            }
        )
        for name, body in _coco_bodies(photo):
            head = {"id": len(annotations) + 1, "image_id": number, "category_id": ids[name]}
            annotations.append({**head, **body})
    document = {
        "info": {"description": f"Dermetry {__version__}"},
        "images": images,
        "categories": [_category(name, number) for name, number in ids.items()],
        "annotations": annotations,
    }
    path = out_dir / COCO_NAME
    _write_json(path, document)
    return path


def export_geojson(out_dir: Path, ledger: Ledger) -> list[Path]:
    """Write a GeoJSON file for each photo of the last run, and return their paths."""
    paths = []
    for photo in _photos(out_dir, ledger):
        path = out_dir / picture_path(GEOJSON_FOLDER, photo.photo_id, ".geojson")
        document = {
            "type": "FeatureCollection",
            "photo_id": photo.photo_id,
            "size_px": [photo.width_px, photo.height_px],
            "features": list(_features(photo)),
        }
        _write_json(path, document)
        paths.append(path)
    return paths


def _photos(out_dir: Path, ledger: Ledger) -> Iterator[PhotoResult]:
    hairs, units = dict(ledger.table_rows("hairs")), dict(ledger.table_rows("units"))
    for outcome in ledger.outcomes():
        result = outcome.result
        if not isinstance(result, Measured):
            continue
        kept = [h for h in hairs.get(outcome.photo_id, ()) if h.get("status") != "deleted"]
        yield PhotoResult(
            photo_id=outcome.photo_id,
            width_px=result.width_px,
            height_px=result.height_px,
            px_per_mm=_number(result.values.get("px_per_mm")),
            hairs=kept,
            units=units.get(outcome.photo_id, ()),
            masks=_masks(out_dir, outcome.photo_id, result),
        )


def _masks(out_dir: Path, photo_id: str, result: Measured) -> dict[str, NDArray[np.bool_]]:
    if "view" not in result.values:
        return {}
    found: dict[str, NDArray[np.bool_]] = {}
    is_patch = result.values["view"] == "patch"
    for ending in ("_regions.png", "_pigment.png"):
        name = next((p for p in result.pictures if p.endswith(f"{photo_id}{ending}")), None)
        pixels = None if name is None else cv2.imread(str(out_dir / name), cv2.IMREAD_UNCHANGED)
        if pixels is None:
            raise LedgerError(
                f"{out_dir} holds no masks of {photo_id!r}: regions and lesions cannot be drawn.",
                remedy="Score the photos again with --masks.",
            )
        if ending == "_pigment.png":
            found[_LESION] = np.asarray(pixels > 0)
        else:
            names = _PATCH if is_patch else _REGIONS
            found |= {n: np.asarray(pixels == k) for k, n in names.items() if (pixels == k).any()}
    return found


# --- COCO ----------------------------------------------------------------------------------------


def _category(name: str, number: int) -> dict[str, Any]:
    category: dict[str, Any] = {"id": number, "name": name, "supercategory": "dermetry"}
    if name == _HAIR:
        category |= {"keypoints": ["root", "tip"], "skeleton": [[1, 2]]}
    elif name == _UNIT:
        category |= {"keypoints": ["unit"], "skeleton": []}
    return category


def _coco_bodies(photo: PhotoResult) -> Iterator[tuple[str, dict[str, Any]]]:
    for hair in photo.hairs:
        path, width_px = _path(hair), _width_px(hair, photo)
        outline = _outline(path, width_px)
        (root_x, root_y), (tip_x, tip_y) = path[0], path[-1]
        length = float(np.hypot(*np.diff(path, axis=0).T).sum())
        yield (
            _HAIR,
            {
                "keypoints": [root_x, root_y, _SEEN, tip_x, tip_y, _SEEN],
                "num_keypoints": 2,
                "segmentation": [[round(float(v), 2) for v in outline.ravel()]],
                "bbox": _box(outline),
                "area": round(length * width_px, 2),
                "iscrowd": 0,
                "attributes": {k: _plain(v) for k, v in _hair_facts(hair).items() if _is_finite(v)},
            },
        )
    for unit in photo.units:
        x, y = float(unit["x_px"]), float(unit["y_px"])
        yield (
            _UNIT,
            {
                "keypoints": [x, y, _SEEN],
                "num_keypoints": 1,
                # A square of one pixel: readers of instances want an area of everything.
                "segmentation": [(np.array([x, y]) + _PIXEL).ravel().tolist()],
                "bbox": [x - 0.5, y - 0.5, 1.0, 1.0],
                "area": 1.0,
                "iscrowd": 0,
                "attributes": {"unit_id": unit["unit_id"], "hairs": unit["hairs"]},
            },
        )
    for name, mask in photo.masks.items():
        if mask.any():
            rows, columns = np.nonzero(mask)
            corners = np.array([(columns.min(), rows.min()), (columns.max() + 1, rows.max() + 1)])
            yield (
                name,
                {
                    "segmentation": {"size": list(mask.shape), "counts": _run_lengths(mask)},
                    "bbox": _box(corners.astype(np.float64)),
                    "area": float(mask.sum()),
                    # COCO's mark of a mask in run lengths.
                    "iscrowd": 1,
                },
            )


def _run_lengths(mask: NDArray[np.bool_]) -> list[int]:
    """Return COCO's run lengths: columns first, the ground first."""
    flat = np.concatenate([[False], mask.T.ravel(), [not mask[-1, -1]]])
    edges = np.flatnonzero(flat[1:] != flat[:-1])
    return [int(n) for n in np.diff(np.concatenate([[0], edges]))]


def _box(points: Floats) -> list[float]:
    low, high = points.min(axis=0), points.max(axis=0)
    return [round(float(v), 2) for v in (*low, *(high - low))]


# --- GeoJSON -------------------------------------------------------------------------------------


def _features(photo: PhotoResult) -> Iterator[dict[str, Any]]:
    for hair in photo.hairs:
        geometry = {"type": "LineString", "coordinates": _path(hair).tolist()}
        yield _feature(_HAIR, f"hair {hair['hair_id']}", geometry, _hair_facts(hair))
    for unit in photo.units:
        geometry = {"type": "Point", "coordinates": [float(unit["x_px"]), float(unit["y_px"])]}
        facts = {"unit_id": unit["unit_id"], "hairs": unit["hairs"]}
        yield _feature(_UNIT, f"unit {unit['unit_id']}", geometry, facts)
    for name, mask in photo.masks.items():
        for number, (rings, area_px) in enumerate(_polygons(mask), 1):
            geometry = {"type": "Polygon", "coordinates": rings}
            yield _feature(name, f"{name} {number}", geometry, {"area_px": area_px})


def _feature(
    kind: str, name: str, geometry: Mapping[str, Any], facts: Mapping[str, Any]
) -> dict[str, Any]:
    numbers: dict[str, Any] = {}
    texts: dict[str, Any] = {}
    for key, value in facts.items():
        (texts if isinstance(value, (str, bool, np.bool_)) else numbers)[key] = value
    return {
        "type": "Feature",
        "geometry": dict(geometry),
        "properties": {
            "objectType": "annotation",
            "name": name,
            "classification": {"name": kind, "color": list(_COLOURS.get(kind, _OTHER_COLOUR))},
            "measurements": [{"name": k, "value": _as_json(v)} for k, v in numbers.items()],
            "metadata": {k: str(v) for k, v in texts.items()},
        },
    }


def _as_json(value: Any) -> Any:
    """Return a number as JSON has it; one that cannot be told as the text that QuPath reads so."""
    return _plain(value) if _is_finite(value) else "NaN"


def _polygons(mask: NDArray[np.bool_]) -> Iterator[tuple[list[list[list[float]]], int]]:
    """Yield each connected part as its outer ring and its holes, with its pixels.

    Rings run half-way between pixel centres: a pixel lies inside exactly when its centre does.
    """
    labels, count = ndimage.label(mask)
    for number, place in enumerate(ndimage.find_objects(labels, count), 1):
        part = np.pad(labels[place] == number, 1)
        # The outer ring is the one that reaches farthest; a hole may be longer than it.
        rings = sorted(find_contours(part.astype(np.float64), 0.5), key=lambda r: r[:, 0].min())
        # The padding moves indices by one, and the centre of a pixel lies half a one on.
        shift = np.array([place[1].start, place[0].start]) - 0.5
        yield [(ring[:, ::-1] + shift).tolist() for ring in rings], int(part.sum())


def _path(hair: Mapping[str, Any]) -> Floats:
    path = hair["path_px"]
    points = json.loads(path) if isinstance(path, str) else path
    return np.asarray(points, np.float64).reshape(-1, 2)


def _width_px(hair: Mapping[str, Any], photo: PhotoResult) -> float:
    width = _number(hair.get("diameter_um")) * 1e-3 * photo.px_per_mm
    return width if math.isfinite(width) else _UNKNOWN_WIDTH_PX


def _outline(path: Floats, width_px: float) -> Floats:
    run = np.gradient(path, axis=0) if len(path) > 1 else np.ones_like(path)
    length = np.maximum(np.hypot(run[:, 0], run[:, 1]), 1e-9)
    normal = np.column_stack([-run[:, 1], run[:, 0]]) / length[:, None] * width_px / 2
    return np.vstack([path - normal, (path + normal)[::-1]])


def _hair_facts(hair: Mapping[str, Any]) -> dict[str, Any]:
    names = ("hair_id", "unit_id", "length_mm", "diameter_um", "kind", "counted", "confidence")
    return {name: hair.get(name) for name in names}


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _is_finite(value: Any) -> bool:
    return value is not None and not (isinstance(value, float) and not math.isfinite(value))


def _number(value: Any) -> float:
    return float(value) if isinstance(value, (int, float)) else math.nan


def _write_json(path: Path, document: Mapping[str, Any]) -> None:
    text = json.dumps(document, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    with whole_file(path) as file:
        file.write(text.encode())
