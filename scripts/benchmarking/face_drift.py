"""How far mMASI of one painted face moves when only the photograph changes."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import cv2
import numpy as np

from imaging.face.landmarks import find_landmarks
from imaging.settings import Settings
from imaging.synthetic.blemishes import change_light, compress, cover_eyes

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


def _bar(pixels: np.ndarray, _: ClearFace) -> np.ndarray:
    points = find_landmarks(pixels, settings=Settings().face).points_px
    eyes = points[[33, 133, 362, 263]]
    x0, x1 = points[:, 0].min(), points[:, 0].max()
    width = x1 - x0
    y = float(eyes[:, 1].mean())
    row0, row1 = max(int(y - 0.11 * width), 0), int(y + 0.11 * width)
    col0, col1 = max(int(x0 - 0.02 * width), 0), int(x1 + 0.02 * width)
    return cover_eyes(pixels, (row0, row1, col0, col1), colour=(0, 0, 0))


def _resize(factor: float) -> Callable[[np.ndarray, ClearFace], np.ndarray]:
    kind = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return lambda pixels, _: cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=kind)


CHANGES: dict[str, Callable[[np.ndarray, ClearFace], np.ndarray]] = {
    "mirror": lambda pixels, _: np.ascontiguousarray(pixels[:, ::-1]),
    "exposure +25 %": lambda pixels, _: change_light(pixels, (1.25, 1.25, 1.25)),
    "exposure -25 %": lambda pixels, _: change_light(pixels, (0.75, 0.75, 0.75)),
    "cast": lambda pixels, _: change_light(pixels, (1.08, 1.0, 0.85)),
    "JPEG 60": lambda pixels, _: compress(pixels, quality=60),
    "bar": _bar,
    "border": lambda pixels, _: np.pad(
        pixels, (*((side // 10,) * 2 for side in pixels.shape[:2]), (0, 0)), constant_values=200
    ),
    "crop": lambda pixels, _: np.ascontiguousarray(pixels[7:-8, 6:-7]),
    "half size": _resize(0.5),
    "double size": _resize(2.0),
}
