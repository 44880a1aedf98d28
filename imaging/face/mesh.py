"""The two face models: boxes of faces, and the mesh of one face, run by OpenCV's own reader.

Both are Apache-2.0 files of mediapipe 0.10.21, got by ``dermetry models fetch``.  Scoring never
downloads: without them `load_face_models` says which command to run.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ModelMissingError, ModelTamperedError
from .mesh_points import LEFT_EYE_CORNER, MIRRORED, RIGHT_EYE_CORNER

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]

#: Side of the square images that the models take.
DETECTOR_SIDE_PX = 128
MESH_SIDE_PX = 192

#: The square that the mesh model was trained on is half as large again as the face.
MESH_MARGIN = 1.5

#: Passes of the mesh: the first from the detector's box, the others from the mesh before.
MESH_PASSES = 3

#: Boxes that overlap more than this share of their union are one face.
SAME_FACE_OVERLAP = 0.3


@dataclass(frozen=True)
class FaceModels:
    """The two networks, loaded."""

    detector: Any
    mesh: Any


@dataclass(frozen=True, eq=False)
class FaceBox:
    """A face that the detector found.

    ``keypoints_px`` has shape (6, 2): the patient's right eye, left eye, nose tip, mouth, right
    and left tragus.
    """

    score: float
    x_px: float
    y_px: float
    side_px: float
    keypoints_px: Points

    @property
    def roll_rad(self) -> float:
        """Tilt of the line through the eyes, clockwise as seen."""
        across = self.keypoints_px[1] - self.keypoints_px[0]
        return float(np.arctan2(across[1], across[0]))


@dataclass(frozen=True, eq=False)
class Mesh:
    """One pass of the mesh model: points (468, 3), the face score, and how far it still moved.

    ``moved`` is the mean distance between the last two passes as a share of the face's width;
    on real faces it is under 0.02, on skin without a face mostly larger.
    """

    points: Points
    score: float
    moved: float


def load_face_models() -> FaceModels:
    """Return the two networks.

    Raises
    ------
    ModelMissingError
        A file is missing, or the installed ``models`` package is another project's.
    ModelTamperedError
        A file is not the expected one.
    """
    # `models` is imported here, so that `import imaging` stays light.
    import models  # noqa: PLC0415

    if not getattr(models, "DERMETRY_MODELS", False):
        raise ModelMissingError(
            "The Python package 'models' that was found is not Dermetry's: "
            f"{getattr(models, '__file__', 'unknown place')}.",
            remedy="Remove it from the Python path, or run dermetry from another folder.",
        )
    from models import registry  # noqa: PLC0415

    try:
        contents = [
            registry.read_component(name)
            for name in ("face_detection_short_range", "face_landmark")
        ]
    except registry.ModelFileTamperedError as err:
        raise ModelTamperedError(
            str(err), remedy="Run dermetry models fetch; it gets the face models again."
        ) from err
    except registry.ModelFileMissingError as err:
        raise ModelMissingError(
            str(err),
            remedy=(
                "Run dermetry models fetch once, or score partial crops with --patch and without "
                "--anonymise."
            ),
        ) from err
    detector, mesh = (
        cv2.dnn.readNetFromTFLite(np.frombuffer(content, np.uint8)) for content in contents
    )
    return FaceModels(detector, mesh)


def models_digest() -> str:
    """Return 16 hex digits that stand for the two model files (``weights_digest``)."""
    from models import registry  # noqa: PLC0415

    return registry.components_digest()


def detect_faces(
    pixels: Pixels, models: FaceModels, *, confidence: float, quarter_turns: int = 0
) -> list[FaceBox]:
    """Return the faces in an image, best first.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    models : FaceModels
    confidence : float
        Boxes that score less are dropped.
    quarter_turns : int
        Steps of 90 degrees (as `numpy.rot90`) by which the detector sees the image turned; the
        boxes are given in pixels of the image as it came.
    """
    height, width = pixels.shape[:2]
    side = max(height, width)
    top, left = (side - height) // 2, (side - width) // 2
    scale = DETECTOR_SIDE_PX / side
    small_size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = cv2.resize(pixels, small_size, interpolation=cv2.INTER_AREA)
    square = np.zeros((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX, 3), np.float32)
    row, col = (DETECTOR_SIDE_PX - small_size[1]) // 2, (DETECTOR_SIDE_PX - small_size[0]) // 2
    square[row : row + small_size[1], col : col + small_size[0]] = small
    turned = np.rot90(square, quarter_turns)
    models.detector.setInput((turned / 127.5 - 1.0).transpose(2, 0, 1)[None])
    # OpenCV 5.0 gives one output a call; a list of names is refused.
    scores = _logistic(models.detector.forward("classificators").reshape(-1))
    keep = np.flatnonzero(scores >= confidence)
    if not keep.size:
        return []
    regressors = models.detector.forward("regressors").reshape(-1, 8, 2) / DETECTOR_SIDE_PX
    centres = regressors + _anchors()[:, None]
    boxes = []
    for index in keep[np.argsort(-scores[keep], kind="stable")]:
        points = np.concatenate([centres[index, :1], centres[index, 2:]])
        upright = _turn_back(points, quarter_turns) * side - (left, top)
        boxes.append(
            FaceBox(
                score=float(scores[index]),
                x_px=float(upright[0, 0]),
                y_px=float(upright[0, 1]),
                side_px=float(np.abs(regressors[index, 1]).max() * side),
                keypoints_px=upright[1:].astype(np.float32),
            )
        )
    return drop_repeats(boxes)


def fit_mesh(pixels: Pixels, box: FaceBox, models: FaceModels) -> Mesh:
    """Return the mesh of the face in this box.

    Every pass also looks at the mirrored image and the two are averaged, so that a mirrored photo
    gives the mirrored mesh.
    """
    centre = np.array([box.x_px, box.y_px])
    side_px, roll_rad = MESH_MARGIN * box.side_px, box.roll_rad
    points: Points | None = None
    moved = np.inf
    score = 0.0
    for number in range(MESH_PASSES):
        before = points
        # Each output is a run of its own: only the last pass is asked for the score.
        points, score = _run_mesh(
            pixels,
            models,
            centre=centre,
            side_px=side_px,
            roll=roll_rad,
            is_last=number + 1 == MESH_PASSES,
        )
        centre, side_px, roll_rad = _square_around(points)
        if before is not None:
            step = np.hypot(*(points - before)[:, :2].T).mean()
            moved = float(step * MESH_MARGIN / max(side_px, 1.0))
    assert points is not None  # noqa: S101 - MESH_PASSES > 0
    return Mesh(points, score, moved)


def _run_mesh(
    pixels: Pixels,
    models: FaceModels,
    *,
    centre: NDArray[Any],
    side_px: float,
    roll: float,
    is_last: bool,
) -> tuple[Points, float]:
    zoom = MESH_SIDE_PX / max(side_px, 1.0)
    cos, sin = zoom * np.cos(roll), zoom * np.sin(roll)
    linear = np.array([[cos, sin], [-sin, cos]])
    shift = MESH_SIDE_PX / 2 - linear @ centre
    # warpAffine counts from pixel centres; the house counts from pixel corners.
    centred_shift = shift + linear @ [0.5, 0.5] - 0.5
    matrix = np.concatenate([linear, centred_shift[:, None]], axis=1)
    source = pixels
    if zoom < 0.5:  # Reducing by more than two needs smoothing, or the warp aliases.
        matrix, source = _halve(matrix, pixels, zoom)
    square = cv2.warpAffine(
        source,
        matrix,
        (MESH_SIDE_PX, MESH_SIDE_PX),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_REPLICATE,
    )
    points = np.zeros((len(MIRRORED), 3))
    score = 0.0
    for is_mirrored in (False, True):
        seen = square[:, ::-1] if is_mirrored else square
        models.mesh.setInput((seen.astype(np.float32) / 255.0).transpose(2, 0, 1)[None])
        found = models.mesh.forward("conv2d_21").reshape(-1, 3).astype(np.float64)
        if is_last:
            score += float(_logistic(models.mesh.forward("conv2d_31").ravel()[:1])[0]) / 2
        if is_mirrored:
            found[:, 0] = MESH_SIDE_PX - found[:, 0]
            found = found[MIRRORED]
        points += found / 2
    plane = (points[:, :2] - shift) @ np.linalg.inv(linear).T
    return np.concatenate([plane, points[:, 2:] / zoom], axis=1).astype(np.float32), score


def _halve(matrix: NDArray[Any], pixels: Pixels, zoom: float) -> tuple[NDArray[Any], Pixels]:
    """Return an image reduced to about twice the warp's own reduction, and the warp from it."""
    height, width = pixels.shape[:2]
    size = (max(1, round(width * zoom * 2)), max(1, round(height * zoom * 2)))
    reduced = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    ratio = np.array([width / size[0], height / size[1]])
    scaled = matrix.copy()
    scaled[:, :2] = matrix[:, :2] * ratio
    scaled[:, 2] = matrix[:, 2] + matrix[:, :2] @ (ratio * 0.5 - 0.5)
    return scaled, reduced.astype(np.uint8, copy=False)


def _square_around(points: Points) -> tuple[NDArray[Any], float, float]:
    across = points[LEFT_EYE_CORNER, :2] - points[RIGHT_EYE_CORNER, :2]
    roll = float(np.arctan2(across[1], across[0]))
    turn = np.array([[np.cos(roll), np.sin(roll)], [-np.sin(roll), np.cos(roll)]])
    upright = points[:, :2] @ turn.T
    low, high = upright.min(axis=0), upright.max(axis=0)
    return turn.T @ ((low + high) / 2), float(MESH_MARGIN * (high - low).max()), roll


def _logistic(values: NDArray[np.float32]) -> NDArray[np.float32]:
    # Beyond 80 the logistic is 0 or 1 in float32 and the exponential overflows.
    return np.asarray(1.0 / (1.0 + np.exp(-np.clip(values, -80.0, 80.0))), np.float32)


def _anchors() -> NDArray[np.float64]:
    """Return the centres of the detector's 896 anchors (2 in 16 x 16 cells, 6 in 8 x 8), 0 to 1."""
    layers = []
    for cells, repeats in ((16, 2), (8, 6)):
        steps = (np.arange(cells) + 0.5) / cells
        y, x = np.meshgrid(steps, steps, indexing="ij")
        layers.append(np.repeat(np.stack([x.ravel(), y.ravel()], axis=1), repeats, axis=0))
    return np.concatenate(layers)


def _turn_back(points: NDArray[Any], quarter_turns: int) -> NDArray[Any]:
    """Return points of the turned unit square in the unit square before `numpy.rot90`."""
    x, y = points[:, 0], points[:, 1]
    for _ in range(quarter_turns % 4):
        x, y = 1.0 - y, x
    return np.stack([x, y], axis=1)


def drop_repeats(boxes: list[FaceBox]) -> list[FaceBox]:
    """Return the boxes, which come best first, without those that overlap a better one."""
    kept: list[FaceBox] = []
    for box in boxes:
        if all(_overlap(box, other) < SAME_FACE_OVERLAP for other in kept):
            kept.append(box)
    return kept


def _overlap(one: FaceBox, other: FaceBox) -> float:
    reach = (one.side_px + other.side_px) / 2
    limit = min(one.side_px, other.side_px)
    width = min(max(reach - abs(one.x_px - other.x_px), 0.0), limit)
    height = min(max(reach - abs(one.y_px - other.y_px), 0.0), limit)
    shared = width * height
    return shared / max(one.side_px**2 + other.side_px**2 - shared, 1e-9)
