"""The truth of a scene as table rows and counts, in the columns that a score has."""

from __future__ import annotations

import csv
import io
import json
import math
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.places import is_in_mask
from .layout import STEP_PX
from .spec import ScalpScene

#: Columns of a truth table: those of ``hairs.csv``, then what only the truth knows.
TRUTH_COLUMNS = (
    "photo_id",
    "hair_id",
    "unit_id",
    "root_x_px",
    "root_y_px",
    "tip_x_px",
    "tip_y_px",
    "path_px",
    "length_mm",
    "diameter_um",
    "kind",
    "counted",
    "confidence",
    "origin",
    "status",
    "has_root",
    "visible",
    "colour",
)
#: The path is written at points this far apart: straight lines between them stay within 0.02 px
#: of the drawn path, for tight curls within 0.2 px.
PATH_STEP_PX = 6.0
#: A hair of which less is uncovered lies under others, nearly whole: nobody could count it.
SEEN_SHARE = 0.3


def truth_csv(rows: list[dict[str, Any]]) -> str:
    """Return truth rows as CSV text with a header, also when there is no hair."""
    file = io.StringIO()
    writer = csv.DictWriter(file, TRUTH_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return file.getvalue()


def counting_frame(scene: ScalpScene, *, guard_mm: float) -> NDArray[np.bool_]:
    """Return where a root counts, shape (h, w): the field less a margin, and nothing hidden."""
    open_ = np.pad((~scene.outside).astype(np.uint8), 1)
    distance = cv2.distanceTransform(open_, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    return np.asarray((distance > guard_mm * scene.px_per_mm) & ~scene.hidden)


def truth_rows(scene: ScalpScene, *, photo_id: str, guard_mm: float = 0.2) -> list[dict[str, Any]]:
    """Return one row per hair, with `TRUTH_COLUMNS`, sorted by ``hair_id``.

    Parameters
    ----------
    scene : ScalpScene
    photo_id : str
    guard_mm : float
        Margin of the counting frame; the default is that of the setting
        ``hair.guard_margin_mm``.  ``counted`` tells whether the root lies in the frame.
    """
    frame = counting_frame(scene, guard_mm=guard_mm)
    every = max(1, round(PATH_STEP_PX / STEP_PX))
    rows = []
    for hair in scene.hairs:
        x, y = hair.root
        points = np.concatenate((hair.path_px[:-1:every], hair.path_px[-1:]))
        rows.append(
            {
                "photo_id": photo_id,
                "hair_id": hair.hair_id,
                "unit_id": hair.unit_id,
                "root_x_px": round(x, 2),
                "root_y_px": round(y, 2),
                "tip_x_px": round(hair.tip[0], 2),
                "tip_y_px": round(hair.tip[1], 2),
                "path_px": json.dumps(np.round(points, 2).tolist(), separators=(",", ":")),
                "length_mm": round(hair.length_mm, 4),
                "diameter_um": round(hair.diameter_um, 2),
                "kind": hair.kind,
                "counted": bool(hair.is_root_inside and frame[math.floor(y), math.floor(x)]),
                "confidence": 1.0,
                "origin": "auto",
                "status": "kept",
                "has_root": bool(hair.is_root_inside),
                "visible": round(hair.visible, 3),
                "colour": hair.colour,
            }
        )
    return rows


def truth_counts(scene: ScalpScene, *, guard_mm: float = 0.2) -> dict[str, Any]:
    """Return scale, size, and the counts and densities that a perfect score would have.

    As in a score, a hair counts when its root lies inside the counting frame, and a unit when the
    mean of all its roots does.  ``seen_count`` leaves out hairs that lie under others.
    """
    frame = counting_frame(scene, guard_mm=guard_mm)
    height, width = frame.shape
    area_cm2 = float(frame.sum()) / scene.px_per_mm**2 / 100.0

    counted = [hair for hair in scene.hairs if is_in_mask(frame, *hair.root)]
    units = [unit for unit in scene.units if is_in_mask(frame, unit.x_px, unit.y_px)]
    terminal = sum(hair.kind == "terminal" for hair in counted)
    return {
        "px_per_mm": scene.px_per_mm,
        "width_px": width,
        "height_px": height,
        "guard_mm": guard_mm,
        "frame_area_cm2": round(area_cm2, 6),
        "hair_count": len(counted),
        "seen_count": sum(hair.uncovered >= SEEN_SHARE for hair in counted),
        "terminal_count": terminal,
        "vellus_count": len(counted) - terminal,
        "hair_density_per_cm2": round(len(counted) / area_cm2, 3) if area_cm2 else None,
        "follicular_unit_count": len(units),
        "mean_diameter_um": (
            round(float(np.mean([hair.diameter_um for hair in counted])), 3) if counted else None
        ),
        "hairs_in_photo": len(scene.hairs),
        "roots_in_photo": sum(hair.is_root_inside for hair in scene.hairs),
        "debris": [
            {
                "kind": piece.kind,
                "diameter_um": round(piece.diameter_um, 2),
                "x0_px": round(float(piece.path_px[0, 0]), 2),
                "y0_px": round(float(piece.path_px[0, 1]), 2),
                "x1_px": round(float(piece.path_px[-1, 0]), 2),
                "y1_px": round(float(piece.path_px[-1, 1]), 2),
            }
            for piece in scene.debris
        ],
    }
