"""Outlines of the regions before anything is left out: mesh, real hairline, and region profile.

No source defines the borders of the MASI regions, so they are versioned: a profile's id stands in
every row.  Right and left are the patient's.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import SettingsError
from .geometry import REGION_LABELS, FaceLandmarks
from .hairline import Points
from .mesh_points import (
    BROW_LINE,
    CHIN,
    CHIN_TIP,
    EAR_TOP,
    FOREHEAD_TOP,
    LOWER_LID,
    MALAR,
    NOSE,
    NOSE_ROOT,
    NOSE_TIP,
    OVAL,
    UPPER_LIP,
    Corner,
    chain_points,
    mirrored_chain,
)

Labels = NDArray[np.int32]
Mask = NDArray[np.bool_]

Use = Literal["exclude", "own", "malar", "chin", "forehead"]

#: The mesh ends a little inside the visible edge of cheeks and jaw: its rim is moved outwards by
#: this share of the face's width.  What is not skin out there is left out by its pixels.
RIM_SHARE = 0.008

#: Where hair hides more than this share of a ray, the hairline cannot be seen: the forehead is
#: taken to reach nearly to the mesh's rim, and what hides it counts as not readable.
HIDDEN_SHARE, HIDDEN_REACH = 0.7, 0.85


@dataclass(frozen=True)
class RegionProfile:
    """Which parts of the face count to which region.

    Parameters
    ----------
    nose : {"exclude", "malar", "own"}
    upper_lip : {"exclude", "malar", "chin", "own"}
    temple : {"exclude", "forehead", "malar", "own"}
        ``"malar"`` gives each half to its own side; ``"exclude"`` leaves the part to reference
        skin ("other").
    """

    nose: Use = "exclude"
    upper_lip: Use = "exclude"
    temple: Use = "exclude"


#: The profiles by id.  A change of borders is a new id, never a new meaning of an old one.
PROFILES: dict[str, RegionProfile] = {
    "default-1": RegionProfile(),
    "nose-malar-1": RegionProfile(nose="malar"),
    "full-1": RegionProfile(nose="malar", upper_lip="chin", temple="forehead"),
    "parts-1": RegionProfile(nose="own", upper_lip="own", temple="own"),
}


def find_profile(name: str) -> RegionProfile:
    """Return the profile with this id, or raise `SettingsError` that lists the ids."""
    if name not in PROFILES:
        raise SettingsError(
            f"There is no region profile {name!r}.",
            remedy=f"Choose one of {', '.join(PROFILES)}.",
        )
    return PROFILES[name]


def upward(points_px: Points) -> Points:
    """Return the unit vector from the chin to the forehead."""
    vector = points_px[FOREHEAD_TOP] - points_px[CHIN_TIP]
    return np.asarray(vector / max(float(np.linalg.norm(vector)), 1e-6), np.float32)


def draw_outlines(
    shape: tuple[int, ...],
    landmarks: FaceLandmarks,
    hairline_px: Points,
    *,
    profile: RegionProfile,
    shift_px: tuple[int, int] = (0, 0),
) -> Labels:
    """Return the labels of all regions before exclusion, int32, of this shape.

    Parameters
    ----------
    shape : (height, width, ...)
    landmarks : FaceLandmarks
    hairline_px : ndarray of float32, shape (n, 2)
        From `hairline.find_hairline`.
    profile : RegionProfile
    shift_px : (x, y)
        Added to all points: a canvas with a border shows what the photo's edge cuts off.
    """
    points = landmarks.points_px + np.array(shift_px, np.float32)
    hairline = hairline_px + np.array(shift_px, np.float32)
    up = upward(points)
    face = _face_mask(shape, points, hairline, width_px=landmarks.face_width_px)
    right_half = _half_plane(shape, points[NOSE_ROOT], points[CHIN_TIP])
    forehead = _above_brows(shape, points, up, width_px=landmarks.face_width_px)
    rim = _moved_rim(points, width_px=landmarks.face_width_px)
    right_malar = _polygon(shape, rim, MALAR)
    left_malar = _polygon(shape, rim, mirrored_chain(MALAR))
    chin = _polygon(shape, rim, CHIN)
    nose = _polygon(shape, points, NOSE)
    upper_lip = _polygon(shape, points, UPPER_LIP)
    labels = np.where(face, REGION_LABELS["other"], 0).astype(np.int32)
    temple = face & ~forehead & _above(shape, points[EAR_TOP], points[LOWER_LID], up)
    parts: tuple[tuple[Mask, Use, str], ...] = (
        (temple, profile.temple, "temple"),
        (upper_lip, profile.upper_lip, "upper_lip"),
        (nose, profile.nose, "nose"),
    )
    for mask, use, own in parts:
        _assign(labels, mask & face, use, own=own, right_half=right_half)
    for mask, name in (
        (right_malar, "right_malar"),
        (left_malar, "left_malar"),
        (chin, "chin"),
        (forehead, "forehead"),
    ):
        labels[mask & face] = REGION_LABELS[name]
    near = {"front": (), "left45": ("left_malar",), "right45": ("right_malar",)}[landmarks.view]
    if near:
        # An oblique view is there for its near cheek; the front gives forehead and chin.
        seen = np.isin(labels, [REGION_LABELS[name] for name in near])
        labels[(labels > 0) & ~seen] = REGION_LABELS["other"]
        # The far half of the mesh lies on whatever is behind the face.
        labels[right_half if landmarks.view == "left45" else ~right_half] = 0
    return labels


def _assign(labels: Labels, mask: Mask, use: Use, *, own: str, right_half: Mask) -> None:
    if use == "exclude":
        return
    if use == "malar":
        labels[mask & right_half] = REGION_LABELS["right_malar"]
        labels[mask & ~right_half] = REGION_LABELS["left_malar"]
    else:
        labels[mask] = REGION_LABELS[own if use == "own" else use]


def _polygon(shape: tuple[int, ...], points: Points, chain: Sequence[Corner]) -> Mask:
    return fill_polygon(shape, chain_points(points, chain))


def fill_polygon(shape: tuple[int, ...], corners: NDArray[np.floating]) -> Mask:
    """Return the inside of a polygon with corners (x, y) as a mask of this shape."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(corners - 0.5).astype(np.int32)], 1)
    return mask.astype(bool)


def beyond_hairline(shape: tuple[int, ...], points: Points, hairline: Points) -> Mask:
    """Return the forehead that hair hides: past the hairline, where the face still reaches."""
    origin = points[NOSE_ROOT][None]
    reached = fill_polygon(shape, np.concatenate([origin, _reached(points, hairline)]))
    return reached & ~fill_polygon(shape, np.concatenate([origin, hairline]))


def _face_mask(
    shape: tuple[int, ...], points: Points, hairline: Points, *, width_px: float
) -> Mask:
    """Return the face up to the hairline, less its rim."""
    lower = [i for i in OVAL if i not in _OVAL_TOP]
    # Lower oval runs from the patient's left ear over the chin to the right ear.
    rim = _moved_rim(points, width_px=width_px)[lower]
    return fill_polygon(shape, np.concatenate([rim, _reached(points, hairline)]))


def _reached(points: Points, hairline: Points) -> Points:
    """Return the hairline, moved out to where the forehead is taken to end if hair hides it."""
    origin = points[NOSE_ROOT]
    oval = points[list(OVAL)] - origin
    angle = np.arctan2(oval[:, 1], oval[:, 0])
    ray = hairline - origin
    # The mesh's own rim in the direction of each hairline point.
    ray_angle = np.arctan2(ray[:, 1], ray[:, 0])
    apart = np.abs(np.angle(np.exp(1j * (ray_angle[:, None] - angle[None]))))
    rim = np.linalg.norm(oval, axis=1)[apart.argmin(axis=1)]
    length = np.maximum(np.linalg.norm(ray, axis=1), 1e-6)
    reach = np.where(length < HIDDEN_SHARE * rim, HIDDEN_REACH * rim, length)
    return np.asarray(origin + ray * (reach / length)[:, None], np.float32)


def _moved_rim(points: Points, *, width_px: float) -> Points:
    """Return the mesh with the rim of cheeks and jaw moved outwards by `RIM_SHARE`."""
    lower = [i for i in OVAL if i not in _OVAL_TOP]
    away = points[lower] - points[NOSE_TIP]
    away /= np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-6)
    moved = points.copy()
    moved[lower] += RIM_SHARE * width_px * away
    return moved


#: Points of the oval above the ears: the hairline stands for them.
_OVAL_TOP = (10, 338, 297, 332, 284, 251, 21, 54, 103, 67, 109)


def _above_brows(shape: tuple[int, ...], points: Points, up: Points, *, width_px: float) -> Mask:
    """Return what lies above the brows between the lines straight up from their tails."""
    line = chain_points(points, BROW_LINE)
    far = 2.0 * width_px * up
    return fill_polygon(shape, np.concatenate([line, [line[-1] + far], [line[0] + far]]))


def _half_plane(shape: tuple[int, ...], top: Points, bottom: Points) -> Mask:
    """Return the patient's right half: left of the line from nose root to chin in the image."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    run = bottom - top
    return np.asarray(run[0] * (y + 0.5 - top[1]) - run[1] * (x + 0.5 - top[0]) > 0)


def _above(shape: tuple[int, ...], one: Points, other: Points, up: Points) -> Mask:
    """Return what lies above the higher of two points, along `up`."""
    y, x = np.ogrid[: shape[0], : shape[1]]
    height = (x + 0.5) * up[0] + (y + 0.5) * up[1]
    return np.asarray(height > max(float(one @ up), float(other @ up)))
