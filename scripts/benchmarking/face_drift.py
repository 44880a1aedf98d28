"""How far mMASI of one painted face moves when only the photograph changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from imaging.face.landmarks import find_landmarks
from imaging.photo.colour import linear_light, srgb_pixels
from imaging.settings import Settings

from .face_scoring import at_most, mmasi_of, score
from .painted_faces import ClearFace, paint_cells
from .results import FaceRow


def measure_drift(faces: Sequence[ClearFace], settings: Settings, *, quick: bool) -> list[FaceRow]:
    rng = np.random.default_rng(23)
    drift: dict[str, list[float]] = {name: [] for name in CHANGES}
    count = 1 if quick else max(1, math.ceil(40 / max(len(faces), 1)))
    for face in faces:
        for _ in range(count):
            wanted = float(rng.choice([10, 25, 45, 70]))
            painted = paint_cells(face, wanted, rng.uniform(0.08, 0.22), rng, settings)
            before = mmasi_of(score(painted.scene.pixels, settings))
            for name, change in CHANGES.items():
                after = mmasi_of(score(change(painted.scene.pixels, face), settings))
                if math.isfinite(before) and math.isfinite(after):
                    drift[name].append(abs(after - before))
    bars = {"mirror": 0.3, "exposure +25 %": 0.6, "exposure -25 %": 0.6, "cast": 0.6, "bar": 1.0}
    return [
        (
            f"mMASI drift under {name}, {len(values)} paintings",
            *at_most(np.mean(values), bars[name]),
        )
        if name in bars
        else (f"mMASI drift under {name}", f"{np.mean(values):.2f}", "", None)
        for name, values in drift.items()
        if values
    ]


def _expose(factor: float) -> Callable[[np.ndarray, ClearFace], np.ndarray]:
    return lambda pixels, _: srgb_pixels(linear_light(pixels) * np.float32(factor))


def _cast(pixels: np.ndarray, _: ClearFace) -> np.ndarray:
    return srgb_pixels(linear_light(pixels) * np.array([1.08, 1.0, 0.85], np.float32))


def _jpeg(pixels: np.ndarray, _: ClearFace) -> np.ndarray:
    code = cv2.imencode(".jpg", pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 60])[1]
    return np.ascontiguousarray(cv2.imdecode(code, cv2.IMREAD_COLOR)[..., ::-1])


def _bar(pixels: np.ndarray, _: ClearFace) -> np.ndarray:
    points = find_landmarks(pixels, settings=Settings().face).points_px
    eyes = points[[33, 133, 362, 263]]
    x0, x1 = points[:, 0].min(), points[:, 0].max()
    width = x1 - x0
    y = float(eyes[:, 1].mean())
    out = pixels.copy()
    row0, row1 = int(y - 0.11 * width), int(y + 0.11 * width)
    out[max(row0, 0) : row1, max(int(x0 - 0.02 * width), 0) : int(x1 + 0.02 * width)] = 0
    return out


def _resize(factor: float) -> Callable[[np.ndarray, ClearFace], np.ndarray]:
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda pixels, _: cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=kind)


CHANGES: dict[str, Callable[[np.ndarray, ClearFace], np.ndarray]] = {
    "mirror": lambda pixels, _: np.ascontiguousarray(pixels[:, ::-1]),
    "exposure +25 %": _expose(1.25),
    "exposure -25 %": _expose(0.75),
    "cast": _cast,
    "JPEG 60": _jpeg,
    "bar": _bar,
    "border": lambda pixels, _: np.pad(
        pixels, (*((side // 10,) * 2 for side in pixels.shape[:2]), (0, 0)), constant_values=200
    ),
    "crop": lambda pixels, _: np.ascontiguousarray(pixels[7:-8, 6:-7]),
    "half size": _resize(0.5),
    "double size": _resize(2.0),
}
