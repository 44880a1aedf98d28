"""Where the face is in a photo: 468 points, its view, its turn, and covers over its eyes.

Everything runs on a copy of the photo that is at most `SEARCH_SIDE_PX` long, so a photo of any
size costs about the same; the points are in pixels of the photo that came.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import NoFaceError, PhotoTooSmallError
from ..records import join_flags
from ..settings import FaceSettings
from .eye_bars import EyeCover, find_eye_cover
from .eye_blur import find_blurred_eyes
from .geometry import FaceLandmarks, WorkingFrame
from .mesh import FaceBox, FaceModels, Mesh, detect_faces, fit_mesh, load_face_models
from .mesh_points import (
    LEFT_EAR,
    LEFT_EYE_CORNER,
    RIGHT_EAR,
    RIGHT_EYE_CORNER,
)

Pixels = NDArray[np.uint8]

#: The mesh model sees 192 pixels; a face that fills a sixth of this still gives it as many.
SEARCH_SIDE_PX = 1280

#: Replicated border of the second try, as a share of the photo: faces cut by the edge are found.
PADDING = 1 / 3

#: The detector sees 128 pixels: a face that is small in the photo is looked for again in parts of
#: it, half as large, where a box needs this score: there are many parts to be wrong in.
PART_CONFIDENCE = 0.5

#: From this score on the detector is sure which way up a face is; of faces under an eighth of the
#: photo it is not.
SURE_SCORE = 0.5

#: Candidate boxes of one try that the mesh is fitted to; the right one is nearly always the first.
MAX_CANDIDATES = 6

#: Another face counts as a face of this photo when it is at least this wide, as a share of the
#: largest one: patients in the background of a waiting room do not.
OTHER_FACE_SHARE = 0.35

#: Face score asked of a face whose eyes were painted in: two dark ellipses make a face of much;
#: covered faces reach 0.97.
COVERED_CONFIDENCE = 0.9

#: Beside a face whose mesh lies as still as this (`Mesh.moved`) and scores as covered faces must,
#: what does not is a fold of cloth, however large: true faces, barred, turned and in coloured
#: light, moved by 0.008 at most, what was none by 0.024 and more.  The detector's own score is no
#: use here: it is low for patients with covered eyes as well.
STILL_MESH = 0.02

#: What the working image shows around the mesh, as shares of the face's width: above for the
#: hairline, which the mesh does not reach, beside and below for ears, jaw and neck.
MARGIN_ABOVE, MARGIN_BESIDE, MARGIN_BELOW = 0.5, 0.25, 0.2


def find_landmarks(
    pixels: Pixels,
    *,
    settings: FaceSettings,
    expected_view: str | None = None,
    models: FaceModels | None = None,
) -> FaceLandmarks:
    """Find the face (the largest one) in a photo and say how it is seen.

    Photos that lie on their side or stand on their head are found as well.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        sRGB.
    settings : FaceSettings
    expected_view : str, optional
        The manifest's ``view``; another one that is seen is flagged, and what is seen is used.
    models : FaceModels, optional
        Loaded from the user's data folder when left out.

    Returns
    -------
    FaceLandmarks
        Flags: ``several_faces``, ``turned_photo``, ``eyes_covered``, ``view_mismatch``,
        ``extreme_view``, ``face_cut``, ``low_resolution``.

    Raises
    ------
    NoFaceError
        No whole face is in the photo; the remedy names patch mode.
    PhotoTooSmallError
        The photo, or the face in it, has too few pixels.
    ModelMissingError, ModelTamperedError
        The face models are not there, or are not the expected files.
    """
    height, width = pixels.shape[:2]
    if min(height, width) < settings.min_face_width_px:
        raise PhotoTooSmallError(
            f"The photo is {width} x {height} pixels; a face needs a width of at least "
            f"{settings.min_face_width_px} pixels."
        )
    models = load_face_models() if models is None else models
    image, scale = search_copy(pixels)
    faces = _sure_ones(_find_faces(image, models, settings))
    if not faces:
        raise NoFaceError("No whole face was found in the photo.")
    widths = [_face_width(mesh.points) for mesh, _ in faces]
    largest = int(np.argmax(widths))
    mesh, cover = faces[largest]
    covers = () if cover is None else cover.polygons_px
    if cover is None:
        blurred = find_blurred_eyes(image, mesh.points[:, :2], width_px=_face_width(mesh.points))
        covers = () if blurred is None else (blurred,)
    found = _describe(mesh, covers, scale, pixels.shape)
    if found.face_width_px < settings.min_face_width_px:
        raise PhotoTooSmallError(
            f"The face is {found.face_width_px:.0f} pixels wide; at least "
            f"{settings.min_face_width_px} are needed."
        )
    found = dataclasses.replace(found, view=_view(found.yaw_deg, settings))
    flags = list(found.flags)
    others = [w for i, w in enumerate(widths) if i != largest]
    if any(w >= OTHER_FACE_SHARE * widths[largest] for w in others):
        flags.append("several_faces")
    if expected_view is not None and expected_view != found.view:
        flags.append("view_mismatch")
    if abs(found.yaw_deg) >= settings.extreme_yaw_deg:
        flags.append("extreme_view")
    if found.face_width_px < settings.good_face_width_px:
        flags.append("low_resolution")
    return dataclasses.replace(found, flags=join_flags(flags))


def find_every_face(
    pixels: Pixels, *, settings: FaceSettings, models: FaceModels
) -> list[FaceLandmarks]:
    """Return all faces in a photo, small ones and those cut by its edge among them.

    Nothing is measured on them, so the mesh need not lie in the photo.
    """
    image, scale = search_copy(pixels)
    confidence = settings.detector_confidence
    faces = [
        *_try_faces(image, models, settings, confidence=confidence),
        *_faces_in_parts(image, models, settings),
        *_faces_beyond_edge(image, models, settings),
    ]
    return [
        _describe(mesh, () if cover is None else cover.polygons_px, scale, pixels.shape)
        for mesh, cover in _without_repeats(faces)
    ]


def search_copy(pixels: Pixels) -> tuple[Pixels, NDArray[np.float64]]:
    """Return the photo at most `SEARCH_SIDE_PX` long, and its own pixels per pixel across, down."""
    height, width = pixels.shape[:2]
    ratio = min(1.0, SEARCH_SIDE_PX / max(height, width))
    size = (max(1, round(width * ratio)), max(1, round(height * ratio)))
    reduced = pixels if ratio == 1.0 else cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    image = np.ascontiguousarray(reduced, np.uint8)
    return image, np.array([width / size[0], height / size[1]])


def with_border(image: Pixels) -> tuple[Pixels, NDArray[np.float32]]:
    """Return the image with its edges drawn out, and what takes places in it back to the image."""
    top, left = (int(side * PADDING) for side in image.shape[:2])
    padded = cv2.copyMakeBorder(image, top, top, left, left, cv2.BORDER_REPLICATE)
    return np.asarray(padded, np.uint8), np.array([-left, -top], np.float32)


def working_frame(
    landmarks: FaceLandmarks, photo_shape: tuple[int, ...], *, settings: FaceSettings
) -> WorkingFrame:
    """Return which part of the photo is measured and at which size (see `geometry`).

    The part holds the face with its hairline, ears and jaw; it is turned by steps of 90 degrees
    so that the face stands within 45 degrees of upright, and reduced, never enlarged.
    """
    height, width = photo_shape[:2]
    face_px = landmarks.face_width_px
    up = np.array([np.sin(np.radians(landmarks.roll_deg)), -np.cos(np.radians(landmarks.roll_deg))])
    points = landmarks.points_px.astype(np.float64)
    reach = np.concatenate(
        [
            points - MARGIN_BESIDE * face_px,
            points + MARGIN_BESIDE * face_px,
            points + MARGIN_ABOVE * face_px * up,
            points - MARGIN_BELOW * face_px * up,
        ]
    )
    low, high = reach.min(axis=0), reach.max(axis=0)
    col0, row0 = (max(0, int(np.floor(v))) for v in low)
    col1, row1 = min(width, int(np.ceil(high[0]))), min(height, int(np.ceil(high[1])))
    quarter_turns = round(landmarks.roll_deg / 90.0) % 4
    scale = min(1.0, settings.working_width_px / face_px)
    rows, cols = max(1, round((row1 - row0) * scale)), max(1, round((col1 - col0) * scale))
    if quarter_turns % 2:
        rows, cols = cols, rows
    return WorkingFrame(row0, row1, col0, col1, quarter_turns, scale, rows, cols)


def _find_faces(
    image: Pixels, models: FaceModels, settings: FaceSettings
) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the faces in an image: in the whole, else in its parts, else with a border added."""
    faces = _try_faces(image, models, settings, confidence=settings.detector_confidence)
    if faces:
        return faces
    faces = _without_repeats(_faces_in_parts(image, models, settings))
    if faces:
        return faces
    faces = _faces_beyond_edge(image, models, settings)
    return [face for face in faces if _is_face(face[0], image.shape, settings)]


def _faces_in_parts(
    image: Pixels, models: FaceModels, settings: FaceSettings
) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the faces in overlapping parts of half the image's length; one may come twice."""
    faces: list[tuple[Mesh, EyeCover | None]] = []
    height, width = image.shape[:2]
    side = max(height, width) // 2
    step = max(1, side // 2)
    for row in range(0, max(1, height - step), step):
        for col in range(0, max(1, width - step), step):
            part = np.ascontiguousarray(image[row : row + side, col : col + side])
            if min(part.shape[:2]) >= settings.min_face_width_px:
                found = _try_faces(part, models, settings, confidence=PART_CONFIDENCE)
                faces += _moved(found, np.array([col, row], np.float32))
    return faces


def _faces_beyond_edge(
    image: Pixels, models: FaceModels, settings: FaceSettings
) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the faces that are found when the image's edges are drawn out."""
    padded, back = with_border(image)
    confidence = settings.detector_confidence
    return _moved(_try_faces(padded, models, settings, confidence=confidence), back)


def _sure_ones(faces: list[tuple[Mesh, EyeCover | None]]) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the faces that the mesh is sure of; all of them where it is sure of none."""
    sure = [
        (mesh, cover)
        for mesh, cover in faces
        if mesh.score >= COVERED_CONFIDENCE and mesh.moved <= STILL_MESH
    ]
    return sure or faces


def _moved(
    faces: list[tuple[Mesh, EyeCover | None]], shift: NDArray[np.float32]
) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the faces of a part of an image in pixels of the image."""
    return [
        (
            dataclasses.replace(mesh, points=mesh.points + np.array([*shift, 0], np.float32)),
            None
            if cover is None
            else dataclasses.replace(
                cover, polygons_px=tuple(polygon + shift for polygon in cover.polygons_px)
            ),
        )
        for mesh, cover in faces
    ]


def _without_repeats(
    faces: list[tuple[Mesh, EyeCover | None]],
) -> list[tuple[Mesh, EyeCover | None]]:
    kept: list[tuple[Mesh, EyeCover | None]] = []
    for mesh, cover in sorted(faces, key=lambda face: -face[0].score):
        if not _is_known(mesh, kept):
            kept.append((mesh, cover))
    return kept


def _try_faces(
    image: Pixels, models: FaceModels, settings: FaceSettings, *, confidence: float
) -> list[tuple[Mesh, EyeCover | None]]:
    found = [
        detect_faces(image, models, confidence=confidence, quarter_turns=turns)
        for turns in range(4)
    ]
    # The detector scores a face highest when it is upright, whatever the mesh makes of it.
    boxes = max(found, key=lambda turned: turned[0].score if turned else 0.0)
    if not boxes or boxes[0].score >= SURE_SCORE:
        return _fit_faces(image, boxes, models, settings)
    # What is small in the photo scores low in every direction: there the mesh knows better.
    turns = [_fit_faces(image, turned, models, settings) for turned in found]
    return max(turns, key=lambda faces: max((mesh.score for mesh, _ in faces), default=0.0))


def _fit_faces(
    image: Pixels, boxes: Sequence[FaceBox], models: FaceModels, settings: FaceSettings
) -> list[tuple[Mesh, EyeCover | None]]:
    """Return the boxes that the mesh finds a face in."""
    faces: list[tuple[Mesh, EyeCover | None]] = []
    for box in boxes[:MAX_CANDIDATES]:
        cover = find_eye_cover(image, box)
        mesh = fit_mesh(image, box, models)
        if cover is not None:
            mesh = fit_mesh(cover.filled, _box_after_filling(cover, box, models), models)
        if cover is not None and mesh.score < COVERED_CONFIDENCE:
            continue
        if _is_face(mesh, image.shape, settings) and not _is_known(mesh, faces):
            faces.append((mesh, cover))
    return faces


def _box_after_filling(cover: EyeCover, box: FaceBox, models: FaceModels) -> FaceBox:
    """Return the detector's box of the same face once its eyes are painted in."""
    near = box.side_px / 2
    turns = round(np.degrees(box.roll_rad) / 90.0) % 4
    again = detect_faces(cover.filled, models, confidence=box.score, quarter_turns=turns)
    for other in again:
        if np.hypot(other.x_px - box.x_px, other.y_px - box.y_px) < near:
            return other
    return box


def _is_face(mesh: Mesh, shape: tuple[int, ...], settings: FaceSettings) -> bool:
    x, y = mesh.points[:, 0], mesh.points[:, 1]
    inside = (x >= 0) & (x <= shape[1]) & (y >= 0) & (y <= shape[0])
    return (
        mesh.score >= settings.mesh_confidence
        and mesh.moved <= settings.mesh_moved_share
        and float(inside.mean()) >= settings.face_inside_share
    )


def _is_known(mesh: Mesh, faces: list[tuple[Mesh, EyeCover | None]]) -> bool:
    centre, width = mesh.points[:, :2].mean(axis=0), _face_width(mesh.points)
    return any(
        np.hypot(*(centre - other.points[:, :2].mean(axis=0))) < width / 2 for other, _ in faces
    )


def _face_width(points: NDArray[np.float32]) -> float:
    return float(np.linalg.norm(points[LEFT_EAR] - points[RIGHT_EAR]))


def _describe(
    mesh: Mesh,
    covers: tuple[NDArray[np.float32], ...],
    scale: NDArray[np.float64],
    shape: tuple[int, ...],
) -> FaceLandmarks:
    points = (mesh.points[:, :2] * scale).astype(np.float32)
    across = mesh.points[LEFT_EAR] - mesh.points[RIGHT_EAR]
    # The model's depth grows away from the camera.
    yaw_deg = -np.degrees(np.arctan2(across[2], np.hypot(across[0], across[1])))
    eyes = points[LEFT_EYE_CORNER] - points[RIGHT_EYE_CORNER]
    roll_deg = float(np.degrees(np.arctan2(eyes[1], eyes[0])))
    flags = []
    if abs(roll_deg) > 45.0:
        flags.append("turned_photo")
    if covers:
        flags.append("eyes_covered")
    x, y = points[:, 0], points[:, 1]
    height, width = shape[:2]
    if ((x < 0) | (x > width) | (y < 0) | (y > height)).any():
        flags.append("face_cut")
    return FaceLandmarks(
        points_px=points,
        confidence=mesh.score,
        view="front",
        yaw_deg=float(yaw_deg),
        roll_deg=roll_deg,
        face_width_px=_face_width(mesh.points) * float(scale.mean()),
        eye_cover_px=tuple((polygon * scale).astype(np.float32) for polygon in covers),
        flags=tuple(flags),
    )


def _view(yaw_deg: float, settings: FaceSettings) -> str:
    if yaw_deg >= settings.oblique_yaw_deg:
        return "left45"
    if yaw_deg <= -settings.oblique_yaw_deg:
        return "right45"
    return "front"
