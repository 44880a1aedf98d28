"""Bars and boxes over the eyes of anonymised photos: found, filled with skin, eyes painted in.

The face models place the face badly when a bar hides the eyes (the forehead moves by 5 % of the
face's width).  For the landmark step only, the bar is filled smoothly from above and below and two
dark ellipses stand for the eyes; whatever was covered is never measured.  Blurred and pixelated
eyes need no filling: see `eye_blur`.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from .mesh import FaceBox

Pixels = NDArray[np.uint8]
Mask = NDArray[np.bool_]

#: The search runs in an upright cut-out, this many pixels for one side of the detector's box:
#: mosaic blocks and bar edges are a few pixels then, and the cost does not depend on the photo.
BOX_SIDE_PX = 200

#: Reach of the cut-out in box sides: bars run past the ears, and over the brows.
HALF_WIDTH, HALF_HEIGHT = 0.95, 0.55

#: A bar's colour is constant but for compression noise, in grey levels.
SAME_COLOUR = 6

#: Share of the pixels of a row or column that must look covered.
FILLED_SHARE = 0.9

#: Least and largest height of a cover in box sides; lower is an eyelid or glasses, higher is no
#: cover of the eyes.
MIN_HEIGHT, MAX_HEIGHT = 0.07, 0.6

#: Half of the distance between the eyes as a share of the half-length of a usual bar (measured).
EYES_ON_BAR = 0.52

#: Bars between these lengths (box sides) were cut to the face, and the eyes stand at
#: `EYES_ON_BAR`; outside, the detector's own eyes are nearer.
USUAL_BAR = (0.55, 1.15)

#: Half-axes of a painted eye in box sides, and its brightness as a share of the skin around it.
PAINTED_EYE = (0.075, 0.03)
PAINTED_BRIGHTNESS = 0.3

#: Largest tilt of a bar against the photo's edge.
MAX_BAR_TILT_DEG = 30.0

#: The nose stands off the middle of the eyes by this share of their distance in turned heads; the
#: far eye is nearer to it then, and the detector's eyes are the better guess.
TURNED_NOSE = 0.25

#: Compression smears the edge of a cover over this many pixels of the cut-out.
EDGE_PX = 2

Box = tuple[int, int, int, int]


@dataclass(frozen=True, eq=False)
class EyeCover:
    """Covers over the eyes of one face.

    Parameters
    ----------
    kind : str
        ``"bar"`` or ``"boxes"``.
    polygons_px : tuple of ndarray of float32, shape (4, 2)
        Corners in pixels of the image that was searched.
    filled : ndarray of uint8, shape (height, width, 3)
        The image with the covers filled and eyes painted in: for landmarks only.
    """

    kind: str
    polygons_px: tuple[NDArray[np.float32], ...]
    filled: Pixels


def find_eye_cover(pixels: Pixels, box: FaceBox) -> EyeCover | None:
    """Return what covers the eyes of this face, or None when they are clear.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    box : FaceBox
        The face in pixels of that image.
    """
    roll_deg = float(np.degrees(box.roll_rad))
    straight_deg = 90.0 * round(roll_deg / 90.0)
    best: tuple[float, str, list[Box], NDArray[np.float64]] | None = None
    # Bars are drawn along the photo's edge or along the eyes, or by hand somewhere in between.
    drawn_deg = _drawn_angle_deg(pixels, box, straight_deg)
    for angle_deg in dict.fromkeys((straight_deg, roll_deg, drawn_deg)):
        matrix = _cut_matrix(box, np.radians(angle_deg))
        cut = _cut(pixels, matrix)
        kind, boxes = _find_boxes(cut, _eyes_in_cut(box, matrix))
        area = float(sum((b[1] - b[0]) * (b[3] - b[2]) for b in boxes))
        if boxes and (best is None or area > best[0]):
            best = (area, kind, boxes, matrix)
    if best is None:
        return None
    _, kind, boxes, matrix = best
    cut = _cut(pixels, matrix)
    filled_cut = _paint_eyes(_fill(cut, boxes), boxes, _eyes_in_cut(box, matrix))
    return EyeCover(
        kind,
        tuple(_corners(b, matrix) for b in boxes),
        _paste(pixels, filled_cut, boxes, matrix),
    )


def _drawn_angle_deg(pixels: Pixels, box: FaceBox, straight_deg: float) -> float:
    """Return the angle of the bar's own long edge; `straight_deg` where no bar is seen."""
    matrix = _cut_matrix(box, np.radians(straight_deg))
    cut = _cut(pixels, matrix)
    eyes = _eyes_in_cut(box, matrix)
    solid = _solid_mask(cut, eyes)
    # What hangs on the bar by a thread (hair as dark) would turn its box.
    opened = cv2.morphologyEx(solid.astype(np.uint8), cv2.MORPH_OPEN, np.ones((9, 9), np.uint8))
    _, labels = cv2.connectedComponents(opened)
    height, width = labels.shape
    columns = np.clip(eyes[:2, 0].astype(int), 0, width - 1)
    rows = np.clip(eyes[:2, 1].astype(int), 0, height - 1)
    at_eyes = labels[rows, columns]
    if at_eyes[0] == 0 or at_eyes[0] != at_eyes[1]:
        return straight_deg
    row, col = np.nonzero(labels == at_eyes[0])
    _, (wide, high), angle_deg = cv2.minAreaRect(np.stack([col, row], axis=1).astype(np.float32))
    if wide < high:
        angle_deg -= 90.0
    if abs(angle_deg) > MAX_BAR_TILT_DEG:
        return straight_deg
    return straight_deg + float(angle_deg)


def _cut_matrix(box: FaceBox, angle_rad: float) -> NDArray[np.float64]:
    """Return the affine map (2, 3) from the image to the cut-out around the eyes."""
    zoom = BOX_SIDE_PX / box.side_px
    cos, sin = zoom * np.cos(angle_rad), zoom * np.sin(angle_rad)
    linear = np.array([[cos, sin], [-sin, cos]])
    middle = box.keypoints_px[:2].astype(np.float64).mean(axis=0)
    centre = np.array([HALF_WIDTH, HALF_HEIGHT]) * BOX_SIDE_PX
    return np.concatenate([linear, (centre - linear @ middle)[:, None]], axis=1)


def _cut(pixels: Pixels, matrix: NDArray[np.float64]) -> Pixels:
    size = (round(2 * HALF_WIDTH * BOX_SIDE_PX), round(2 * HALF_HEIGHT * BOX_SIDE_PX))
    found = cv2.warpAffine(
        pixels,
        _between_centres(matrix),
        size,
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return found.astype(np.uint8, copy=False)


def _between_centres(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the map for OpenCV, which counts from pixel centres."""
    shifted = matrix.copy()
    shifted[:, 2] += matrix[:, :2] @ [0.5, 0.5] - 0.5
    return shifted


def _eyes_in_cut(box: FaceBox, matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the eyes and nose of the box in the cut-out, shape (3, 2), right eye first."""
    points = box.keypoints_px[:3].astype(np.float64)
    return points @ matrix[:, :2].T + matrix[:, 2]


def _find_boxes(cut: Pixels, eyes: NDArray[np.float64]) -> tuple[str, list[Box]]:
    """Return the kind of cover and its boxes (row0, row1, col0, col1), none when eyes are clear.

    Every kind gives a mask of pixels that look covered; a bar is where the rows between the eyes,
    and then the columns across those rows, are filled with them.
    """
    both = (eyes[0, 0], eyes[1, 0])
    row = float(eyes[:2, 1].mean())
    solid = _solid_mask(cut, eyes)
    bar = _extent(solid, both, row)
    if bar is not None:
        return "bar", [bar]
    single = [
        _extent(_solid_mask(cut, eyes[i : i + 1]), (eyes[i, 0], eyes[i, 0]), float(eyes[i, 1]))
        for i in range(2)
    ]
    if all(single):
        return "boxes", [found for found in single if found is not None]
    return "", []


def _disc(shape: tuple[int, ...], centre: NDArray[np.float64], radius: float) -> Mask:
    y, x = np.ogrid[: shape[0], : shape[1]]
    return np.asarray((x + 0.5 - centre[0]) ** 2 + (y + 0.5 - centre[1]) ** 2 <= radius**2)


def _solid_mask(cut: Pixels, eyes: NDArray[np.float64]) -> Mask:
    """Return the pixels that have the colour found at the eyes."""
    at_eyes = np.zeros(cut.shape[:2], bool)
    for eye in eyes[:2]:
        at_eyes |= _disc(cut.shape, eye, 0.06 * BOX_SIDE_PX)
    if not at_eyes.any():
        return at_eyes
    colour = np.median(cut[at_eyes], axis=0)
    return np.asarray(np.abs(cut - colour).max(axis=2) <= SAME_COLOUR)


def _extent(mask: Mask, columns: tuple[float, float], row: float) -> Box | None:
    """Return the box of filled rows around `row` and of filled columns around `columns`."""
    reach = 0.05 * BOX_SIDE_PX
    first = max(0, int(min(columns) - reach))
    last = min(mask.shape[1], int(max(columns) + reach) + 1)
    if last - first < 2:
        return None
    rows = _run(mask[:, first:last].mean(axis=1) >= FILLED_SHARE, row, slack=0.12 * BOX_SIDE_PX)
    if rows is None:
        return None
    height = (rows[1] - rows[0]) / BOX_SIDE_PX
    if not MIN_HEIGHT <= height <= MAX_HEIGHT:
        return None
    filled = mask[rows[0] : rows[1]].mean(axis=0) >= FILLED_SHARE
    cols = _run(filled, (first + last) / 2, slack=reach)
    if cols is None or cols[1] - cols[0] < last - first:
        return None
    return rows[0], rows[1], cols[0], cols[1]


def _run(filled: Mask, near: float, *, slack: float) -> tuple[int, int] | None:
    """Return the longest run of True that comes within `slack` of `near`."""
    edges = np.flatnonzero(np.diff(np.concatenate([[0], filled.astype(np.int8), [0]])))
    runs = [
        (int(start), int(stop))
        for start, stop in zip(edges[::2], edges[1::2], strict=True)
        if start - slack <= near <= stop + slack
    ]
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def _grown(box: Box, shape: tuple[int, ...]) -> Box:
    row0, row1, col0, col1 = box
    return (
        max(row0 - EDGE_PX, 0),
        min(row1 + EDGE_PX, shape[0]),
        max(col0 - EDGE_PX, 0),
        min(col1 + EDGE_PX, shape[1]),
    )


def _fill(cut: Pixels, boxes: list[Box]) -> Pixels:
    """Return the cut-out with each box blended from the rows above it to the rows below it."""
    filled = cut.astype(np.float32)
    for box in boxes:
        row0, row1, col0, col1 = _grown(box, cut.shape)
        band = 3
        above = filled[max(row0 - band, 0) : max(row0, 1), col0:col1].mean(axis=0)
        below = filled[min(row1, cut.shape[0] - 1) : row1 + band, col0:col1].mean(axis=0)
        # Hair or a brow above the cover must not run down through it as a stripe.
        above = cv2.GaussianBlur(above[None], (0, 0), 8.0)[0]
        below = cv2.GaussianBlur(below[None], (0, 0), 8.0)[0]
        share = ((np.arange(row1 - row0) + 0.5) / (row1 - row0))[:, None, None]
        filled[row0:row1, col0:col1] = (1 - share) * above + share * below
    return np.clip(np.round(filled), 0, 255).astype(np.uint8)


def _paint_eyes(cut: Pixels, boxes: list[Box], eyes: NDArray[np.float64]) -> Pixels:
    """Return the cut-out with a dark ellipse where each eye should be."""
    if len(boxes) > 1:
        centres = [((b[2] + b[3]) / 2, (b[0] + b[1]) / 2) for b in boxes]
    else:
        row0, row1, col0, col1 = boxes[0]
        length = (col1 - col0) / BOX_SIDE_PX
        middle, half = (col0 + col1) / 2, (col1 - col0) / 2
        row = (row0 + row1) / 2
        apart = max(float(eyes[1, 0] - eyes[0, 0]), 1.0)
        is_turned = abs(float(eyes[2, 0] - eyes[:2, 0].mean())) >= TURNED_NOSE * apart
        if USUAL_BAR[0] <= length <= USUAL_BAR[1] and not is_turned:
            centres = [(middle - EYES_ON_BAR * half, row), (middle + EYES_ON_BAR * half, row)]
        else:
            centres = [(float(eye[0]), row) for eye in eyes[:2]]
    drawn = np.zeros(cut.shape[:2], np.float32)
    axes = (round(PAINTED_EYE[0] * BOX_SIDE_PX), round(PAINTED_EYE[1] * BOX_SIDE_PX))
    for x, y in centres:
        cv2.ellipse(drawn, (round(x - 0.5), round(y - 0.5)), axes, 0, 0, 360, 1.0, -1)
    strength = np.asarray(cv2.GaussianBlur(drawn, (0, 0), 2.0))[..., None]
    painted = cut * (1.0 - (1.0 - PAINTED_BRIGHTNESS) * strength)
    return np.clip(np.round(painted), 0, 255).astype(np.uint8)


def _corners(box: Box, matrix: NDArray[np.float64]) -> NDArray[np.float32]:
    row0, row1, col0, col1 = box
    corners = np.array([[col0, row0], [col1, row0], [col1, row1], [col0, row1]], np.float64)
    back = (corners - matrix[:, 2]) @ np.linalg.inv(matrix[:, :2]).T
    return back.astype(np.float32)


def _paste(pixels: Pixels, cut: Pixels, boxes: list[Box], matrix: NDArray[np.float64]) -> Pixels:
    """Return the image with the boxes of the cut-out laid over it."""
    inside = np.zeros(cut.shape[:2], np.float32)
    for box in boxes:
        row0, row1, col0, col1 = _grown(box, cut.shape)
        inside[row0:row1, col0:col1] = 1.0
    size = (pixels.shape[1], pixels.shape[0])
    centred = _between_centres(matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    weight = np.asarray(cv2.warpAffine(inside, centred, size, flags=flags))[..., None]
    laid = np.asarray(
        cv2.warpAffine(cut, centred, size, flags=flags, borderMode=cv2.BORDER_REPLICATE)
    )
    mixed = np.round(pixels * (1.0 - weight) + laid * weight)
    return np.asarray(np.clip(mixed, 0, 255), np.uint8)
