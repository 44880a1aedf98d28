"""What ``--anonymise`` covers in pictures: the eyes of every face in view.

A crop seldom holds a whole face, and its upper half without a chin is one that the mesh often gives
up.  So the detector's own eyes are covered as well where it is sure of a face: a strip of skin that
is covered for nothing costs a picture little, an eye left open names the patient.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from ..settings import FaceSettings
from .geometry import FaceLandmarks, WorkingFrame
from .landmarks import find_every_face, search_copy, with_border
from .mesh import FaceBox, FaceModels, detect_faces, drop_repeats, load_face_models

Mask = NDArray[np.bool_]
Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

#: Radius of what hides an eye, as a share of the face width.
HIDDEN_SHARE = 0.11
#: Mesh points of the corners of each eye.
EYE_CORNERS = ((33, 133), (362, 263))

#: From this score on a box without a mesh is a face: boxes on 22 crops of skin without an open eye
#: reached 0.55, the best one on 20 crops with an eye 0.66 and more.
SURE_BOX = 0.6
#: Distance between the eyes as a share of the face width; 62 of 135 mm on adults.
EYES_APART = 0.46


def hide_eyes(landmarks: FaceLandmarks, shape: tuple[int, ...]) -> Mask:
    """Return a band over both eyes of a face, and whatever covers them already."""
    points = landmarks.points_px
    eyes = np.array([points[list(pair)].mean(axis=0) for pair in EYE_CORNERS])
    return _band(eyes, shape, width_px=landmarks.face_width_px) | landmarks.eye_cover(shape)


def hide_every_eye(pixels: Pixels, frame: WorkingFrame, *, settings: FaceSettings) -> Mask:
    """Return bands over the eyes of every face in a photo.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
        The photo, sRGB.
    frame : WorkingFrame
    settings : FaceSettings

    Returns
    -------
    ndarray of bool, shape (h, w)
        Of the working image; nothing where no face is seen.

    Raises
    ------
    ModelMissingError, ModelTamperedError
        The face models are not there, or are not the expected files.
    """
    models = load_face_models()
    shape = (frame.height_px, frame.width_px)
    mask = np.zeros(shape, np.bool_)
    faces = find_every_face(pixels, settings=settings, models=models)
    for face in faces:
        mask |= hide_eyes(frame.place(face), shape)
    image, scale = search_copy(pixels)
    for box in _sure_boxes(image, models):
        eyes = (box.keypoints_px[:2] * scale).astype(np.float32)
        if not any(_is_of(eyes.mean(axis=0), face) for face in faces):
            placed = frame.place_points(eyes)
            apart = float(np.linalg.norm(placed[1] - placed[0]))
            mask |= _band(placed, shape, width_px=apart / EYES_APART)
    return mask


def _band(eyes: Points, shape: tuple[int, ...], *, width_px: float) -> Mask:
    """Return a band over two eyes, (x, y) each, of a face of this width."""
    along = eyes[1] - eyes[0]
    length = max(float(np.hypot(*along)), 1.0)
    along = along / length
    reach = HIDDEN_SHARE * width_px
    rows, cols = np.ogrid[: shape[0], : shape[1]]
    x, y = cols + 0.5 - eyes[0, 0], rows + 0.5 - eyes[0, 1]
    on_line, off_line = x * along[0] + y * along[1], y * along[0] - x * along[1]
    band = (np.abs(off_line) <= reach) & (on_line >= -2 * reach) & (on_line <= length + 2 * reach)
    return np.asarray(band, np.bool_)


def _sure_boxes(image: Pixels, models: FaceModels) -> list[FaceBox]:
    """Return where the detector alone is sure of a face, whichever way up, whole or cut."""
    found = []
    for view, back in ((image, np.zeros(2, np.float32)), with_border(image)):
        for turns in range(4):
            for box in detect_faces(view, models, confidence=SURE_BOX, quarter_turns=turns):
                found.append(
                    dataclasses.replace(
                        box,
                        x_px=box.x_px + float(back[0]),
                        y_px=box.y_px + float(back[1]),
                        keypoints_px=box.keypoints_px + back,
                    )
                )
    return drop_repeats(sorted(found, key=lambda box: -box.score))


def _is_of(place: Points, face: FaceLandmarks) -> bool:
    """Tell whether a place lies on a face that is known."""
    away = np.linalg.norm(place - face.points_px.mean(axis=0))
    return bool(away < face.face_width_px / 2)
