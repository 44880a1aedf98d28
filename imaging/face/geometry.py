"""What the geometry of a face is: its landmarks, its working frame, and its regions.

The wing measures a *working image*: the part of the photo that holds the face, in steps of 90
degrees upright, and reduced so that the face is at most ``face.working_width_px`` wide.  The order
of work is::

    landmarks = find_landmarks(photo.pixels, settings=settings.face)   # any size; reduces by itself
    frame = working_frame(landmarks, photo.pixels.shape, settings=settings.face)
    pixels = frame.cut(photo.pixels)                                  # uint8 (h, w, 3)
    regions = find_regions(pixels, frame.place(landmarks), profile="default-1", settings=...)
    mask_in_photo = frame.spread(regions.labels, photo.pixels.shape)  # back to photo pixels

Coordinates follow the house: x right, y down, element [r, c] has its centre at (c + 0.5, r + 0.5).
Right and left are the patient's.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .mesh_points import LEFT_EYE_CORNER, MOUTH_CORNERS, RIGHT_EYE_CORNER

Array = NDArray[np.generic]

#: Labels of `FaceRegions.outline` and `FaceRegions.labels`, and of the ``_regions.png`` masks.
#: 6 to 8 occur only in profiles that give those parts a region of their own.
REGION_LABELS: dict[str, int] = {
    "forehead": 1,
    "right_malar": 2,
    "left_malar": 3,
    "chin": 4,
    "other": 5,
    "nose": 6,
    "upper_lip": 7,
    "temple": 8,
}

#: Codes of `FaceRegions.excluded`: why a pixel of the face is not measured (0: it is measured, or
#: lies outside the face).
EXCLUSION_CODES: dict[str, int] = {
    "brow": 1,
    "eye": 2,
    "lip": 3,
    "nostril": 4,
    "hair": 5,
    "beard": 6,
    "glasses": 7,
    "glare": 8,
    "shadow": 9,
    "text": 10,
    "eye_cover": 11,
}

#: Of these, parts of the face that have no skin to read: they belong to no region.  Everything else
#: hides skin of the region that it lies over.
PARTS_WITHOUT_SKIN = ("brow", "eye", "lip", "nostril")

#: Where eyes and mouth lie in face coordinates: as on the synthetic faces that the pigment network
#: was trained on (`synthetic.portrait`).
EYES_DOWN, MOUTH_DOWN = -0.2, 0.78


@dataclass(frozen=True, eq=False)
class FaceLandmarks:
    """Where the face is.

    Parameters
    ----------
    points_px : ndarray of float32, shape (468, 2)
        The face mesh, x right and y down, in pixels of the image that it belongs to.
    confidence : float
        Face score of the mesh model, 0 to 1.
    view : str
        ``"front"``, ``"left45"`` or ``"right45"``: the patient's cheek that is seen.
    yaw_deg : float
        Turn of the head; positive shows the patient's left cheek, 0 is frontal.
    roll_deg : float
        How far the face is tipped in the image, clockwise as seen, -180 to 180.
    face_width_px : float
        From in front of one ear to in front of the other, in space: it does not shrink as the head
        turns.  About 13.5 cm on an adult.
    eye_cover_px : tuple of ndarray of float32, shape (n, 2)
        Polygons of bars, boxes, blurred or pixelated areas over the eyes; empty when the eyes
        are clear.
    flags : tuple of str
    """

    points_px: NDArray[np.float32]
    confidence: float
    view: str
    yaw_deg: float
    roll_deg: float
    face_width_px: float
    eye_cover_px: tuple[NDArray[np.float32], ...] = ()
    flags: tuple[str, ...] = ()

    def eye_cover(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return the covered eye area as a mask of an image of this shape."""
        mask = np.zeros(shape[:2], np.uint8)
        for polygon in self.eye_cover_px:
            cv2.fillPoly(mask, [np.round(polygon - 0.5).astype(np.int32)], 1)
        return mask.astype(bool)

    def coordinates(self) -> NDArray[np.float64]:
        """Return the matrix, shape (2, 3), from (x, y, 1) in pixels to face coordinates.

        Across runs from -1 to 1 between the ears, to the right of the picture; down is in the same
        unit, with the eyes at `EYES_DOWN` and the mouth at `MOUTH_DOWN` on every face.
        """
        points = self.points_px.astype(np.float64)
        eyes, mouth = (
            points[[RIGHT_EYE_CORNER, LEFT_EYE_CORNER]].mean(axis=0),
            points[list(MOUTH_CORNERS)].mean(axis=0),
        )
        down = (mouth - eyes) / (MOUTH_DOWN - EYES_DOWN)
        across = np.array([down[1], -down[0]]) / np.linalg.norm(down) * self.face_width_px / 2
        origin = eyes - EYES_DOWN * down
        turn = np.linalg.inv(np.stack([across, down], axis=1))
        return np.column_stack([turn, -turn @ origin])


@dataclass(frozen=True)
class WorkingFrame:
    """Which part of the photo is measured, and at which size.

    The rectangle ``[row0, row1) x [col0, col1)`` of the photo is turned by ``quarter_turns`` steps
    of 90 degrees (counter-clockwise, as `numpy.rot90`) and then resized by ``scale`` (<= 1) to
    ``height_px`` x ``width_px``.
    """

    row0: int
    row1: int
    col0: int
    col1: int
    quarter_turns: int
    scale: float
    height_px: int
    width_px: int

    def cut(self, pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the working image of a photo, uint8, 2 or 3 dimensions."""
        part = np.rot90(pixels[self.row0 : self.row1, self.col0 : self.col1], self.quarter_turns)
        part = np.ascontiguousarray(part)
        if part.shape[:2] == (self.height_px, self.width_px):
            return part
        size = (self.width_px, self.height_px)
        return cv2.resize(part, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)

    def cut_mask(self, mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Return the pixels of the working image that lie mostly in a mask of the photo."""
        # Most photos carry neither text nor bars, and to reduce nothing takes as long.
        if not mask.any():
            return np.zeros((self.height_px, self.width_px), np.bool_)
        return self.cut(mask.astype(np.uint8)) > 0

    def place_points(self, points_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return photo points, shape (n, 2), in pixels of the working image."""
        x = points_px[:, 0] - self.col0
        y = points_px[:, 1] - self.row0
        width, height = self.col1 - self.col0, self.row1 - self.row0
        for _ in range(self.quarter_turns % 4):
            x, y, width, height = y, width - x, height, width
        placed = np.stack([x * self.width_px / width, y * self.height_px / height], axis=1)
        return placed.astype(np.float32)

    def spread_points(self, points_px: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return working points, shape (n, 2), in pixels of the photo."""
        width, height = self.col1 - self.col0, self.row1 - self.row0
        if self.quarter_turns % 2:
            width, height = height, width
        x = points_px[:, 0] * width / self.width_px
        y = points_px[:, 1] * height / self.height_px
        for _ in range(self.quarter_turns % 4):
            x, y, width, height = height - y, x, height, width
        return np.stack([x + self.col0, y + self.row0], axis=1).astype(np.float32)

    def place(self, landmarks: FaceLandmarks) -> FaceLandmarks:
        """Return the landmarks of the photo in pixels of the working image."""
        roll_deg = landmarks.roll_deg - 90.0 * self.quarter_turns
        return dataclasses.replace(
            landmarks,
            points_px=self.place_points(landmarks.points_px),
            face_width_px=landmarks.face_width_px * self.scale,
            roll_deg=(roll_deg + 180.0) % 360.0 - 180.0,
            eye_cover_px=tuple(self.place_points(p) for p in landmarks.eye_cover_px),
        )

    def spread(self, labels: Array, photo_shape: tuple[int, ...]) -> Array:
        """Return a mask or label map of the working image in photo pixels (nearest; 0 outside).

        Parameters
        ----------
        labels : ndarray of bool, uint8 or int32, shape (height_px, width_px)
        photo_shape : (height, width, ...)
        """
        width, height = self.col1 - self.col0, self.row1 - self.row0
        if self.quarter_turns % 2:
            width, height = height, width
        small = labels.astype(np.uint8)
        large = cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST)
        whole = np.zeros(photo_shape[:2], labels.dtype)
        whole[self.row0 : self.row1, self.col0 : self.col1] = np.rot90(large, -self.quarter_turns)
        return whole


@dataclass(frozen=True, eq=False)
class FaceRegions:
    """The regions of one face in the pixels of the working image.

    Parameters
    ----------
    labels : ndarray of int32, shape (height, width)
        `REGION_LABELS` of every pixel that is measured: the outline where it is readable.
        5 ("other") is face skin of no region: reference skin (temple, in front of the ear, nose).
    outline : ndarray of int32, shape (height, width)
        The same before anything is excluded.
    readable : ndarray of bool, shape (height, width)
        Skin of the face that can be measured; ``labels == where(readable, outline, 0)``.
    excluded : ndarray of uint8, shape (height, width)
        `EXCLUSION_CODES`: why a pixel of the outline is not readable; 0 elsewhere.
    readable_percent : dict of str to float
        Readable share of each scored region (0 to 100), by region name: of its outline less brows,
        eyes, nostrils and lips, which are never skin, with what hair or the photo's edge hides.
        A region that this view does not show is absent.
    profile : str
        Id of the region profile, e.g. ``"default-1"``.
    flags : tuple of str
    """

    labels: NDArray[np.int32]
    outline: NDArray[np.int32]
    readable: NDArray[np.bool_]
    excluded: NDArray[np.uint8]
    readable_percent: dict[str, float]
    profile: str
    flags: tuple[str, ...] = ()

    def region(self, name: str) -> NDArray[np.bool_]:
        """Return the readable pixels of one region."""
        return np.asarray(self.labels == REGION_LABELS[name], dtype=np.bool_)

    def is_excluded(self, name: str) -> NDArray[np.bool_]:
        """Return the pixels that were left out for this reason."""
        return np.asarray(self.excluded == EXCLUSION_CODES[name], dtype=np.bool_)
