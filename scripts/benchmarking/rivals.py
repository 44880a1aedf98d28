"""Two plain ways to count hairs, to compare with: a dark threshold, and Sato's ridge filter.

Each takes what this tool takes, the upright pixels, their scale, and the mask of burnt-in graphics,
and returns the two ends of every hair.  Their parameters are in millimetres and were chosen on
labelled frames 00-19 for the best F1, as this tool's were.
"""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from skimage.filters import apply_hysteresis_threshold, sato, threshold_otsu
from skimage.morphology import skeletonize

from .labelled_frames import Ends, as_ends

Rival = Callable[[NDArray[np.uint8], float, NDArray[np.bool_]], Ends]

#: Skin between hairs is taken from this neighbourhood.
GROUND_MM = 0.15

#: Dark is what reaches this share of Otsu's threshold on the local darkness.
DARK_SHARE = 1.15

#: A component is a hair when it is no shorter than this, and this many times longer than wide.
MIN_COMPONENT_MM = 0.10
MIN_ELONGATION = 1.5

#: Half-widths of hairs that the ridge filter looks for.
RIDGE_SIGMAS_MM = (0.014, 0.020, 0.030)

#: Hysteresis of the ridge response, as shares of its 99th percentile in this photo.
RIDGE_LOW, RIDGE_HIGH = 0.35, 0.60

#: A branch of the skeleton is a hair when it is no shorter than this.
MIN_BRANCH_MM = 0.18

EIGHT_NEIGHBOURS = np.ones((3, 3), int)


def dark_components(pixels: NDArray[np.uint8], px_per_mm: float, masked: NDArray[np.bool_]) -> Ends:
    """Threshold what is darker than the skin around it; every long component is one hair.

    The threshold is Otsu's on the local darkness.  The ends are those of the component along its
    main axis; the root is the wider one.
    """
    darkness = _local_darkness(pixels, px_per_mm)
    is_dark = (darkness >= DARK_SHARE * threshold_otsu(darkness[~masked])) & ~masked
    is_dark = cv2.morphologyEx(is_dark.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    labels, _ = ndimage.label(is_dark, EIGHT_NEIGHBOURS)
    half_width = cv2.distanceTransform(is_dark, cv2.DIST_L2, 3)
    hairs = []
    for label, box in enumerate(ndimage.find_objects(labels), start=1):
        rows, columns = np.nonzero(labels[box] == label)
        points = np.column_stack([columns, rows]) + 0.5
        ends, length, width = _main_axis(points)
        if length < MIN_COMPONENT_MM * px_per_mm or length < MIN_ELONGATION * max(width, 1.0):
            continue
        offset = np.array([box[1].start, box[0].start])
        hairs.append(_root_first(ends + offset, half_width))
    return as_ends(hairs)


def sato_branches(pixels: NDArray[np.uint8], px_per_mm: float, masked: NDArray[np.bool_]) -> Ends:
    """Sato's ridge filter, hysteresis, skeleton cut at its junctions; every long branch is a hair.

    The root is the end at which the ridge is wider.
    """
    darkness = _local_darkness(pixels, px_per_mm)
    sigmas = [max(1.0, sigma * px_per_mm) for sigma in RIDGE_SIGMAS_MM]
    ridge = sato(darkness, sigmas=sigmas, black_ridges=False, mode="reflect")
    ridge[masked] = 0.0
    strong = float(np.percentile(ridge[~masked], 99))
    is_ridge = apply_hysteresis_threshold(ridge, RIDGE_LOW * strong, RIDGE_HIGH * strong)
    half_width = cv2.distanceTransform(is_ridge.astype(np.uint8), cv2.DIST_L2, 3)
    line = skeletonize(is_ridge)
    neighbours = ndimage.convolve(line.astype(np.uint8), EIGHT_NEIGHBOURS, mode="constant") - 1
    branches, _ = ndimage.label(line & (neighbours <= 2), EIGHT_NEIGHBOURS)
    hairs = []
    for label, box in enumerate(ndimage.find_objects(branches), start=1):
        rows, columns = np.nonzero(branches[box] == label)
        if len(rows) < MIN_BRANCH_MM * px_per_mm:
            continue
        ends, _, _ = _main_axis(np.column_stack([columns, rows]) + 0.5)
        hairs.append(_root_first(ends + np.array([box[1].start, box[0].start]), half_width))
    return as_ends(hairs)


RIVALS: dict[str, Rival] = {
    "dark threshold + components": dark_components,
    "sato + skeleton + branches": sato_branches,
}


def _local_darkness(pixels: NDArray[np.uint8], px_per_mm: float) -> NDArray[np.float32]:
    """Return how much darker than its neighbourhood each pixel is, in grey levels."""
    grey = cv2.GaussianBlur(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY).astype(np.float32), (0, 0), 1)
    ground = cv2.GaussianBlur(grey, (0, 0), GROUND_MM * px_per_mm)
    return np.asarray(ground - grey, np.float32)


def _main_axis(points: NDArray[np.float64]) -> tuple[NDArray[np.float64], float, float]:
    """Return both ends (2, 2) of points along their main axis, their length and their width."""
    centred = points - points.mean(axis=0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    along, across = centred @ axes[:, 1], centred @ axes[:, 0]
    ends = points[[int(along.argmin()), int(along.argmax())]]
    return ends, float(np.ptp(along)), float(np.ptp(across))


def _root_first(ends: NDArray[np.float64], half_width: NDArray[np.float32]) -> list[float]:
    """Return root x, root y, tip x, tip y: the root is where the shaft is wider, a third in."""
    first, second = ends
    third = (second - first) / 3
    widths = [half_width[tuple((at[::-1]).astype(int))] for at in (first + third, second - third)]
    root, tip = (first, second) if widths[0] >= widths[1] else (second, first)
    return [*root, *tip]
