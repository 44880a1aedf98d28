"""Melasma with exact truth, painted on a given face by optical density.

A lesion multiplies linear light by ``10^(−density · direction)``; its truth is the density map:
lesion where the density is at least half its peak.  The face and its region labels are given, so
that nothing here depends on what is to be tested.  Figures of real melasma (54 faces): density
0.05 to 0.25, direction about (0.73, 1.00, 1.15), mottle about 0.08 and border ramp about 0.04 face
widths; the contrast is about half on dark skin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import MELASMA_DIRECTION, lab_of, linear_light, srgb_pixels

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Region labels, as in the ``_regions.png`` masks; 5 is face skin of no scored region.
REGIONS: dict[str, int] = {"forehead": 1, "right_malar": 2, "left_malar": 3, "chin": 4}
OTHER_SKIN = 5

#: Pigmented share of each region, in percent, of the patterns that melasma follows.
PATTERNS: dict[str, dict[str, float]] = {
    "centrofacial": {"forehead": 35.0, "right_malar": 35.0, "left_malar": 30.0, "chin": 15.0},
    "malar": {"forehead": 0.0, "right_malar": 40.0, "left_malar": 45.0, "chin": 0.0},
    "mandibular": {"forehead": 0.0, "right_malar": 12.0, "left_malar": 10.0, "chin": 45.0},
    "confluent": {"forehead": 85.0, "right_malar": 88.0, "left_malar": 85.0, "chin": 75.0},
    "clear": {"forehead": 0.0, "right_malar": 0.0, "left_malar": 0.0, "chin": 0.0},
}


@dataclass(frozen=True)
class MelasmaSpec:
    """What is painted.

    Parameters
    ----------
    percents : mapping of region name to percent
        Wanted pigmented share of each region; what was reached stands in the scene.
    density : float
        Peak optical density in green, 0.05 to 0.25.
    direction : three floats
        Optical density in R, G, B per unit of density.
    mottle_share, border_share : float
        Patch length and border ramp as shares of the face width.
    mottle_depth : float
        Share of the density that varies inside a patch, 0 to 0.5.
    symmetry : float
        0 independent sides, 1 mirror images about the face's middle.
    """

    percents: Mapping[str, float] = field(default_factory=lambda: PATTERNS["centrofacial"])
    density: float = 0.12
    direction: tuple[float, float, float] = MELASMA_DIRECTION
    mottle_share: float = 0.08
    border_share: float = 0.04
    mottle_depth: float = 0.25
    symmetry: float = 0.7


@dataclass(frozen=True, eq=False)
class MelasmaScene:
    """A painted face and its truth.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    density : ndarray of float32, shape (h, w)
        Optical density in green that was added.
    lesion : ndarray of bool, shape (h, w)
        Where the density is at least half its peak.
    percents : dict
        Pigmented share of each region that the labels hold, in percent.
    delta_l : dict
        Mean L* before − after painting over the lesion of each region; 0 where there is none.
    """

    pixels: Pixels
    density: Floats
    lesion: Mask
    percents: dict[str, float]
    delta_l: dict[str, float]


def paint_melasma(
    pixels: Pixels,
    labels: NDArray[np.int32],
    spec: MelasmaSpec,
    *,
    face_width_px: float,
    rng: np.random.Generator,
) -> MelasmaScene:
    """Paint melasma of known area, darkness and patchiness on a face.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    labels : ndarray of int32, shape (h, w)
        Regions 1 to 4, other face skin 5, 0 elsewhere: nothing is painted on 0.
    spec : MelasmaSpec
    face_width_px : float
        From in front of one ear to the other; the shares of `spec` are of this length.
    rng : numpy.random.Generator

    Notes
    -----
    A smooth random field is cut at the level that covers the wanted share of each region; the level
    runs smoothly from region to region, so that lesions cross borders as real ones do.
    """
    shape = labels.shape
    patches = random_field(shape, spec.mottle_share * face_width_px, rng)
    middle = _middle_column(labels)
    patches = (1 - spec.symmetry) * patches + spec.symmetry * _mirrored(patches, middle)
    levels = _level_map(patches, labels, spec.percents, spread_px=0.04 * face_width_px)
    slope = _slope_at(patches, levels)
    ramp_px = max(spec.border_share * face_width_px, 1.0)
    profile = _smooth_step(0.5 + (patches - levels) / (slope * ramp_px))
    texture = random_field(shape, 0.25 * spec.mottle_share * face_width_px, rng)
    profile = profile * (1 - spec.mottle_depth * np.clip(0.5 + 0.5 * texture, 0, 1))
    density = (spec.density * profile * _soft_mask(labels > 0, face_width_px)).astype(np.float32)
    return apply_density(pixels, labels, density, direction=spec.direction, peak=spec.density)


def apply_density(
    pixels: Pixels,
    labels: NDArray[np.int32],
    density: Floats,
    *,
    direction: tuple[float, float, float],
    peak: float,
) -> MelasmaScene:
    """Return the face under a density map, with the truth that follows from the map.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w)
        Optical density in green.
    peak : float
        Density of the fully pigmented parts; the lesion is where the map reaches half of it.
    """
    light = linear_light(pixels)
    painted = srgb_pixels(
        light * np.power(np.float32(10), -density[..., None] * np.array(direction, np.float32))
    )
    lesion = (density >= 0.5 * peak) & (labels > 0) & (peak > 0)
    drop = lab_of(light)[..., 0] - lab_of(linear_light(painted))[..., 0]
    percents: dict[str, float] = {}
    delta_l: dict[str, float] = {}
    for name, label in REGIONS.items():
        region = labels == label
        if region.any():
            inside = region & lesion
            percents[name] = 100.0 * float(inside.sum()) / float(region.sum())
            delta_l[name] = float(drop[inside].mean()) if inside.any() else 0.0
    return MelasmaScene(painted, density, np.asarray(lesion, np.bool_), percents, delta_l)


def random_field(shape: tuple[int, ...], length_px: float, rng: np.random.Generator) -> Floats:
    """Return a smooth random field of unit variance whose patches are about `length_px` long."""
    step = max(int(length_px / 6), 1)
    small = (shape[0] // step + 3, shape[1] // step + 3)
    noise = rng.standard_normal(small).astype(np.float32)
    sigma = 0.5 * length_px / step
    coarse = cv2.GaussianBlur(noise, (0, 0), sigma)
    coarse = coarse + 0.35 * cv2.GaussianBlur(
        rng.standard_normal(small).astype(np.float32), (0, 0), sigma / 2
    )
    large = cv2.resize(coarse, (shape[1], shape[0]), interpolation=cv2.INTER_CUBIC)
    return np.asarray((large - large.mean()) / max(float(large.std()), 1e-9), np.float32)


def _middle_column(labels: NDArray[np.int32]) -> float:
    cols = np.flatnonzero((labels > 0).any(axis=0))
    return float(cols.mean()) if cols.size else labels.shape[1] / 2


def _mirrored(values: Floats, middle: float) -> Floats:
    mirrored = np.array([[-1, 0, 2 * middle], [0, 1, 0]], np.float32)
    other = cv2.warpAffine(values, mirrored, values.shape[::-1], borderMode=cv2.BORDER_REFLECT)
    both = (values + other) / np.sqrt(np.float32(2))
    return np.asarray(both, np.float32)


def _level_map(
    patches: Floats,
    labels: NDArray[np.int32],
    percents: Mapping[str, float],
    *,
    spread_px: float,
) -> Floats:
    """Return the cutting level: per region the quantile of its share, smoothed over borders."""
    never = float(patches.max()) + 2.0
    weight = np.zeros(labels.shape, np.float32)
    level = np.zeros(labels.shape, np.float32)
    for name, label in REGIONS.items():
        region = labels == label
        share = percents.get(name, 0.0)
        if not region.any():
            continue
        quantile = float(np.quantile(patches[region], 1 - share / 100)) if share > 0 else never
        level[region] = quantile
        weight[region] = 1.0
    others = labels == OTHER_SKIN
    level[others] = never
    weight[others] = 0.15  # lesions fade out over the skin around the regions
    blurred = cv2.GaussianBlur(level * weight, (0, 0), spread_px)
    total = cv2.GaussianBlur(weight, (0, 0), spread_px)
    return np.asarray(np.where(total > 1e-3, blurred / np.maximum(total, 1e-3), never), np.float32)


def _slope_at(patches: Floats, levels: Floats) -> float:
    """Return the mean gradient of the field near its cutting level, per pixel."""
    dy, dx = np.gradient(patches)
    near = np.abs(patches - levels) < 0.3
    steep = np.hypot(dx, dy)
    return max(float(steep[near].mean()) if near.any() else float(steep.mean()), 1e-6)


def _smooth_step(value: Floats) -> Floats:
    clipped = np.clip(value, 0, 1)
    return np.asarray(clipped * clipped * (3 - 2 * clipped), np.float32)


def _soft_mask(skin: Mask, face_width_px: float) -> Floats:
    """Return 1 on skin, falling to 0 at its border: paint must not end in a hard line."""
    inside = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, 3)
    return np.asarray(np.clip(inside / max(0.01 * face_width_px, 1.0), 0, 1), np.float32)
