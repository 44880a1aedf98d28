"""What the network should say of a generated scene."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import gaussian_filter1d
from scipy.spatial import cKDTree

from imaging.hair.skin import optical_densities
from imaging.photo.polylines import arc_lengths
from imaging.synthetic.scalp import ScalpScene
from models.inference import limit_density
from models.networks import GRAIN, REACH_MM, STRIDE

Map = NDArray[np.float32]

#: The middle part of a shaft: this share of its width, so that touching shafts stay apart, and at
#: least so many output pixels to either side of the centre line.
CORE_SHARE, LEAST_CORE_PX = 0.6, 0.75
#: Ends are marked by Gaussians of this standard deviation.
HEAT_MM = 0.035
#: The way of growth is that over this much of the shaft.
GROWTH_MM = 0.05
#: A shaft of which less is seen than this share lies under others: nothing is asked of it.
LEAST_SEEN = 0.15
#: Subpixel bits of OpenCV's polygons.
SHIFT = 4


@dataclass(frozen=True, eq=False)
class Sample:
    """One scene at the working scale.

    ``density`` has shape (3, h, w); ``core``, ``root_heat``, ``tip_heat``, ``width`` (mm) and
    ``weight`` shape (h / 2, w / 2); ``way`` and ``away`` shape (2, h / 2, w / 2): unit vector of
    growth, and lengths of shaft to root and tip in mm.  ``weight`` is 0 where nothing can be asked;
    ``share`` weighs each pixel of a shaft so that a thin hair counts as much as a coarse one.  All
    float16.
    """

    density: NDArray[np.float16]
    core: NDArray[np.float16]
    way: NDArray[np.float16]
    away: NDArray[np.float16]
    root_heat: NDArray[np.float16]
    tip_heat: NDArray[np.float16]
    width: NDArray[np.float16]
    weight: NDArray[np.float16]
    share: NDArray[np.float16]


def make_sample(scene: ScalpScene, *, working_px_per_mm: float) -> Sample:
    """Return the network's input and the truth of one scene."""
    zoom = working_px_per_mm / scene.px_per_mm
    height = int(scene.pixels.shape[0] * zoom) // GRAIN * GRAIN
    width = int(scene.pixels.shape[1] * zoom) // GRAIN * GRAIN
    size = (round(scene.pixels.shape[1] * zoom), round(scene.pixels.shape[0] * zoom))
    how = cv2.INTER_AREA if zoom < 1 else cv2.INTER_CUBIC
    pixels = cv2.resize(scene.pixels, size, interpolation=how)[:height, :width]
    hidden = cv2.resize(scene.hidden.astype(np.float32), size, interpolation=cv2.INTER_AREA)
    valid = hidden[:height, :width] < 0.5
    density = optical_densities(pixels, valid=valid, px_per_mm=working_px_per_mm)
    density = limit_density(density, valid)
    maps = _draw(scene, (height // STRIDE, width // STRIDE), zoom / STRIDE)
    seen = cv2.resize(valid.astype(np.float32), (width // STRIDE, height // STRIDE))
    maps["weight"] *= seen >= 0.5
    return Sample(
        density=density.transpose(2, 0, 1).astype(np.float16),
        **{name: values.astype(np.float16) for name, values in maps.items()},
    )


def _draw(scene: ScalpScene, shape: tuple[int, int], zoom: float) -> dict[str, Map]:
    """Return the maps; `zoom` is output pixels per photo pixel."""
    px_per_mm = scene.px_per_mm * zoom
    owner = np.zeros(shape, np.int32)
    paths, core_half = [], []
    for number, hair in enumerate(scene.hairs, start=1):
        path = hair.path_px * zoom
        half = hair.diameter_um / 2000.0 * px_per_mm
        paths.append(path)
        core_half.append(max(CORE_SHARE * half, LEAST_CORE_PX))
        # What a later hair covers is no middle of an earlier one.
        _fill(owner, path, half, 0)
        _fill(owner, path, core_half[-1], number)
    rows, columns = np.nonzero(owner)
    who = owner[rows, columns]
    way, away = np.zeros((2, *shape), np.float32), np.zeros((2, *shape), np.float32)
    width, share = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    core, weight = np.zeros(shape, np.float32), np.ones(shape, np.float32)
    root_heat, tip_heat = np.zeros(shape, np.float32), np.zeros(shape, np.float32)
    for number, (hair, path) in enumerate(zip(scene.hairs, paths, strict=True), start=1):
        mine = who == number
        r, c = rows[mine], columns[mine]
        inside = _inside(path, shape)
        if not len(r) or inside is None:
            continue
        if hair.uncovered < LEAST_SEEN:
            weight[r, c] = 0.0
            continue
        seen_path = path[inside]
        arc_mm = arc_lengths(seen_path) / px_per_mm
        points = np.column_stack([c + 0.5, r + 0.5])
        nearest = cKDTree(seen_path).query(points)[1]
        growth = np.gradient(_smooth(seen_path, GROWTH_MM * px_per_mm), axis=0)
        growth /= np.maximum(np.linalg.norm(growth, axis=1), 1e-9)[:, None]
        way[:, r, c] = growth[nearest].T
        away[0, r, c] = np.minimum(arc_mm[nearest], REACH_MM)
        away[1, r, c] = np.minimum(arc_mm[-1] - arc_mm[nearest], REACH_MM)
        core[r, c] = 1.0
        width[r, c] = hair.diameter_um * 1e-3
        share[r, c] = 1.0 / math.sqrt(2.0 * core_half[number - 1])
        if inside.start == 0:
            _mark(root_heat, seen_path[0], HEAT_MM * px_per_mm)
        if inside.stop == len(path):
            _mark(tip_heat, seen_path[-1], HEAT_MM * px_per_mm)
    return {
        "core": core,
        "way": way,
        "away": away,
        "root_heat": root_heat,
        "tip_heat": tip_heat,
        "width": width,
        "weight": weight,
        "share": share,
    }


def _fill(owner: NDArray[np.int32], path: NDArray[np.float64], half: float, number: int) -> None:
    step = np.gradient(path, axis=0)
    step /= np.maximum(np.linalg.norm(step, axis=1), 1e-9)[:, None]
    normal = np.column_stack([-step[:, 1], step[:, 0]]) * half
    # Quads one by one: an outline that crosses itself in a tight curl would leave holes.
    left, right = path - normal - 0.5, path + normal - 0.5
    every = max(1, len(path) // 60)
    marks = np.unique(np.r_[np.arange(0, len(path), every), len(path) - 1])
    for a, b in itertools.pairwise(marks):
        quad = np.array([left[a], left[b], right[b], right[a]])
        cv2.fillConvexPoly(owner, np.rint(quad * 2**SHIFT).astype(np.int32), number, shift=SHIFT)


def _inside(path: NDArray[np.float64], shape: tuple[int, int]) -> slice | None:
    """Return the longest run of a path inside the picture, or None when it is under 2 points."""
    height, width = shape
    is_in = (path >= 0).all(axis=1) & (path[:, 0] < width) & (path[:, 1] < height)
    edges = np.flatnonzero(np.diff(np.r_[0, is_in.astype(np.int8), 0]))
    runs = [slice(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
    longest = max(runs, key=lambda run: run.stop - run.start, default=slice(0, 0))
    return longest if longest.stop - longest.start >= 2 else None


def _smooth(path: NDArray[np.float64], over_px: float) -> NDArray[np.float64]:
    step = max(float(np.linalg.norm(np.diff(path, axis=0), axis=1).mean()), 1e-6)
    smooth: NDArray[np.float64] = gaussian_filter1d(path, over_px / step, axis=0, mode="nearest")
    return smooth


def _mark(heat: Map, place: NDArray[np.float64], sigma: float) -> None:
    reach = math.ceil(3 * sigma)
    column, row = math.floor(place[0]), math.floor(place[1])
    rows = slice(max(row - reach, 0), min(row + reach + 1, heat.shape[0]))
    columns = slice(max(column - reach, 0), min(column + reach + 1, heat.shape[1]))
    y = np.arange(rows.start, rows.stop)[:, None] + 0.5 - place[1]
    x = np.arange(columns.start, columns.stop)[None] + 0.5 - place[0]
    bump = np.exp(-0.5 * (x**2 + y**2) / sigma**2)
    heat[rows, columns] = np.maximum(heat[rows, columns], bump)
