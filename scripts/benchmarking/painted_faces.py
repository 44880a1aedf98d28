"""Clear faces to paint on, and lesions from two models that no segmenter was trained on.

`paint_cells`, which nothing else here uses: clusters of Voronoi cells with a blurred edge and a
net-like texture; their optical-density direction is drawn within 15 degrees of the melanin
direction.  `paint_fields`: the mottled patches of ``dermetry synth face`` in the direction of real
melasma.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from imaging.errors import DermetryError
from imaging.face.landmarks import find_landmarks, working_frame
from imaging.face.masi import mmasi
from imaging.face.regions import find_regions
from imaging.face.truth import true_grades
from imaging.photo.colour import MELASMA_DIRECTION, lab_of, linear_light
from imaging.photo.reading import find_photos, read_photo
from imaging.settings import Settings
from imaging.synthetic.face import (
    REGIONS,
    MelasmaScene,
    MelasmaSpec,
    apply_density,
    paint_melasma,
)

CONE_DEG = 15.0
#: Skin darker than this (median L*) counts as dark: lesions stand out half as much on it.
DARK_L = 42.0
CHEEKS = ("right_malar", "left_malar")


@dataclass(frozen=True, eq=False)
class ClearFace:
    """A clear face with its region labels in photo pixels."""

    name: str
    pixels: np.ndarray
    labels: np.ndarray
    face_width_px: float
    is_dark: bool


@dataclass(frozen=True, eq=False)
class Painted:
    """A painted face, its truth, and its true mMASI."""

    face: ClearFace
    scene: MelasmaScene
    mmasi: float


def load_faces(folder: Path, settings: Settings) -> list[ClearFace]:
    """Return the clear frontal faces of a folder, with their region labels."""
    faces = []
    for found in find_photos([folder]):
        try:
            photo = read_photo(found.path, photo_id=found.photo_id, settings=settings.photo)
            if "lesion" in found.photo_id or "parts" in found.photo_id:
                continue
            landmarks = find_landmarks(photo.pixels, settings=settings.face)
            if landmarks.view != "front":
                continue
            frame = working_frame(landmarks, photo.pixels.shape, settings=settings.face)
            regions = find_regions(
                frame.cut(photo.pixels), frame.place(landmarks), settings=settings.face
            )
        except DermetryError as err:
            print(f"{found.photo_id}: {err.message}")
            continue
        labels = frame.spread(regions.labels, photo.pixels.shape).astype(np.int32)
        lightness = lab_of(linear_light(photo.pixels))[..., 0]
        is_dark = float(np.median(lightness[labels > 0])) < DARK_L
        faces.append(
            ClearFace(found.photo_id, photo.pixels, labels, landmarks.face_width_px, is_dark)
        )
    return faces


def paint_cells(
    face: ClearFace, wanted: float, density: float, rng: np.random.Generator, settings: Settings
) -> Painted:
    """Paint clusters of Voronoi cells that cover about `wanted` percent of each region."""
    peak = density * (0.5 if face.is_dark else 1.0)
    shape, width = face.labels.shape, face.face_width_px
    rows, cols = np.nonzero(face.labels > 0)
    row0, row1, col0, col1 = rows.min(), rows.max() + 1, cols.min(), cols.max() + 1
    part = face.labels[row0:row1, col0:col1]
    cell_px = width * rng.uniform(0.02, 0.05)
    count = max(int(part.size / cell_px**2), 30)
    seeds = np.stack(
        [rng.uniform(0, part.shape[1], count), rng.uniform(0, part.shape[0], count)], 1
    )
    cells, edges = _voronoi(part.shape, seeds)
    # Cells near a few random foci are lesions first: clusters with ragged, angular borders.
    foci = np.stack([rng.uniform(0, part.shape[1], 14), rng.uniform(0, part.shape[0], 14)], 1)
    reach = np.abs(seeds[:, None] - foci[None]).astype(float)
    order = np.hypot(reach[..., 0], reach[..., 1]).min(axis=1) / width + 0.05 * rng.random(count)
    rank = order[cells]
    lesion = np.zeros(part.shape, bool)
    for label in REGIONS.values():
        region = part == label
        if region.any():
            lesion |= region & (rank <= np.quantile(rank[region], wanted / 100))
    others = part == 5
    if others.any():
        lesion |= others & (rank <= np.quantile(rank, wanted / 300))
    edge_px = width * rng.uniform(0.008, 0.025)
    profile = cv2.GaussianBlur(lesion.astype(np.float32), (0, 0), edge_px)
    net = cv2.GaussianBlur(edges.astype(np.float32), (0, 0), max(0.15 * cell_px, 0.6))
    profile *= 1 - rng.uniform(0.0, 0.35) * np.clip(net / max(net.max(), 1e-6), 0, 1)
    added = np.zeros(shape, np.float32)
    added[row0:row1, col0:col1] = peak * profile
    scene = apply_density(face.pixels, face.labels, added, direction=_direction(rng), peak=peak)
    return _painted(face, scene, settings)


def paint_fields(
    face: ClearFace, wanted: float, density: float, rng: np.random.Generator, settings: Settings
) -> Painted:
    """Paint mottled patches that cover about `wanted` percent of each region."""
    return _paint_mottled(face, dict.fromkeys(REGIONS, wanted), density, rng, settings)


def paint_cheeks(
    face: ClearFace, wanted: float, density: float, rng: np.random.Generator, settings: Settings
) -> Painted:
    """Paint mottled patches on about `wanted` percent of each cheek, none on forehead and chin."""
    percents = {name: wanted if name in CHEEKS else 0.0 for name in REGIONS}
    return _paint_mottled(face, percents, density, rng, settings)


def _paint_mottled(
    face: ClearFace,
    percents: dict[str, float],
    density: float,
    rng: np.random.Generator,
    settings: Settings,
) -> Painted:
    spec = MelasmaSpec(
        percents=percents,
        density=density * (0.5 if face.is_dark else 1.0),
        mottle_share=rng.uniform(0.06, 0.2),
        border_share=rng.uniform(0.02, 0.06),
        mottle_depth=rng.uniform(0.0, 0.35),
        symmetry=rng.uniform(0.0, 1.0),
    )
    width = face.face_width_px
    scene = paint_melasma(face.pixels, face.labels, spec, face_width_px=width, rng=rng)
    return _painted(face, scene, settings)


def _painted(face: ClearFace, scene: MelasmaScene, settings: Settings) -> Painted:
    grades = true_grades(scene.percents, scene.delta_l, settings=settings.face)
    return Painted(face, scene, mmasi(grades))


def _direction(rng: np.random.Generator) -> tuple[float, float, float]:
    axis = np.array(MELASMA_DIRECTION) / np.linalg.norm(MELASMA_DIRECTION)
    side = rng.standard_normal(3)
    side -= side @ axis * axis
    side /= np.linalg.norm(side)
    angle = np.radians(CONE_DEG) * math.sqrt(rng.random())
    turned = np.cos(angle) * axis + np.sin(angle) * side
    return tuple(float(v) for v in turned / turned[1])  # type: ignore[return-value]


def _voronoi(shape: tuple[int, ...], seeds: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the number of the cell of each pixel, and the borders between cells."""
    away = np.ones(shape, np.uint8)
    cols = np.clip(seeds[:, 0].astype(int), 0, shape[1] - 1)
    rows = np.clip(seeds[:, 1].astype(int), 0, shape[0] - 1)
    away[rows, cols] = 0
    _, near = cv2.distanceTransformWithLabels(away, cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL)
    owner = np.zeros(int(near.max()) + 1, int)
    owner[near[rows, cols]] = np.arange(len(seeds))
    cells = owner[near]
    edges = np.zeros(shape, bool)
    edges[:, 1:] |= cells[:, 1:] != cells[:, :-1]
    edges[1:] |= cells[1:] != cells[:-1]
    return cells, edges
