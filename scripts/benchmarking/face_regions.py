"""Regions against faces whose parts were outlined by hand, clear and with a painted forehead.

Beside `NAME.jpg` lies `NAME_parts.png`: skin yellow, nose cyan, other parts in other colours.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from imaging.errors import DermetryError
from imaging.face.geometry import REGION_LABELS, FaceLandmarks
from imaging.face.landmarks import find_landmarks, working_frame
from imaging.face.outlines import upward
from imaging.face.regions import find_regions
from imaging.photo.reading import find_photos, read_photo
from imaging.settings import Settings
from imaging.synthetic.face import MelasmaSpec, paint_melasma

from .results import FaceRow

#: Share of the forehead that is painted, and peak densities: faint, usual, strong.
PAINTED_PERCENT, DENSITIES = 60.0, (0.1, 0.18, 0.25)
FOREHEAD = REGION_LABELS["forehead"]


def measure_regions(folder: Path, settings: Settings) -> list[FaceRow]:
    """Return the rows of the section *regions*; one row that says so where no parts are known."""
    on_skin: list[float] = []
    forehead: list[float] = []
    covered: list[float] = []
    kept: dict[float, list[float]] = {density: [] for density in DENSITIES}
    grown: list[float] = []
    for found in find_photos([folder]):
        path = found.path.with_name(f"{found.path.stem}_parts.png")
        if not path.exists():
            continue
        parts = np.asarray(cv2.imread(str(path)))
        try:
            photo = read_photo(found.path, photo_id=found.photo_id, settings=settings.photo)
            landmarks = find_landmarks(photo.pixels, settings=settings.face)
        except DermetryError as err:
            print(f"{found.photo_id}: {err.message}")
            continue
        height, width = photo.pixels.shape[:2]
        parts = cv2.resize(parts, (width, height), interpolation=cv2.INTER_NEAREST)[..., ::-1]
        skin = _is_colour(parts, (255, 255, 0))
        allowed = skin | _is_colour(parts, (0, 255, 255))
        labels = _labels(photo.pixels, landmarks, settings)
        on_skin.append(100 * float(allowed[labels > 0].mean()))
        if landmarks.view != "front":
            continue
        is_forehead = labels == FOREHEAD
        forehead.append(100 * float(allowed[is_forehead].mean()))
        true_forehead = skin & _above_eyes(landmarks, skin.shape)
        covered.append(100 * float(is_forehead[true_forehead].mean()))
        for density in DENSITIES:
            scene = paint_melasma(
                photo.pixels,
                np.where(true_forehead, FOREHEAD, 0).astype(np.int32),
                MelasmaSpec(percents={"forehead": PAINTED_PERCENT}, density=density),
                face_width_px=landmarks.face_width_px,
                rng=np.random.default_rng(7),
            )
            after = _labels(scene.pixels, landmarks, settings) == FOREHEAD
            kept[density].append(100 * float(after[scene.lesion & is_forehead].mean()))
            grown.append(100 * float((after & ~is_forehead).sum() / is_forehead.sum()))
    if not forehead:
        return [("regions: no face of this folder has an outline of its parts", "none", "", None)]
    mean = float(np.mean(on_skin))
    rows: list[FaceRow] = [
        (f"on skin, {len(on_skin)} faces, %", f"{mean:.1f}", ">= 97", mean >= 97),
        (f"forehead on skin, {len(forehead)} faces, mean, %", *_value(np.mean(forehead))),
        ("forehead on skin, worst face, %", *_value(np.min(forehead))),
        ("skin above the eyes that is forehead, %", *_value(np.mean(covered))),
    ]
    rows += [
        (f"of painted forehead ({density:g}) kept, mean, %", *_value(np.mean(values)))
        for density, values in kept.items()
    ]
    rows.append(("forehead grown by painting it, mean, %", *_value(np.mean(grown))))
    rows.append(("forehead grown by painting it, worst, %", *_value(np.max(grown))))
    return rows


def _labels(pixels: np.ndarray, landmarks: FaceLandmarks, settings: Settings) -> np.ndarray:
    frame = working_frame(landmarks, pixels.shape, settings=settings.face)
    regions = find_regions(frame.cut(pixels), frame.place(landmarks), settings=settings.face)
    return frame.spread(regions.labels, pixels.shape)


def _is_colour(parts: np.ndarray, colour: tuple[int, int, int]) -> np.ndarray:
    return (np.abs(parts.astype(int) - colour) < 90).all(axis=-1)


def _above_eyes(landmarks: FaceLandmarks, shape: tuple[int, ...]) -> np.ndarray:
    """Return what lies above the tails of both brows, along the face's own upright."""
    up = upward(landmarks.points_px)
    y, x = np.ogrid[: shape[0], : shape[1]]
    tails = landmarks.points_px[[70, 300]] @ up
    return (x + 0.5) * up[0] + (y + 0.5) * up[1] > float(tails.max())


def _value(value: float) -> tuple[str, str, None]:
    return f"{value:.1f}", "", None
