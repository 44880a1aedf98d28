"""Blurred and pixelated eyes: recognised once the face is found, and left out.

Neither misleads the landmarks as a bar does, so nothing is filled.  Blur takes the fine detail out
of the eyes, which have more of it than any other part of a face; a mosaic has all its change on a
few rows and columns.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .mesh_points import BROW, EYE, LIPS, NOSTRIL, ORBIT, chain_points, mirrored_chain

Pixels = NDArray[np.uint8]
Points = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Width of the face at which detail is judged.
JUDGED_WIDTH_PX = 260.0

#: Detail between the lids over that of mouth and nostrils: clear eyes have 0.9 to 3, blurred ones
#: under 0.15.
BLURRED_DETAIL = 0.5

#: Share of all change around an eye that lies on the strongest quarter of the columns (and rows):
#: 0.3 to 0.5 on eyes, 0.72 and more on a mosaic.
MOSAIC_SHARE, STRONGEST = 0.62, 0.25

#: An eye is judged with this much around it, in face widths.
EYE_MARGIN = 0.02

#: A row or column still belongs to the covered area while this share of it is as smooth.
SMOOTH_SHARE = 0.6

#: A blur mixes in its surroundings, and fades out over about this (face widths).
BLUR_MARGIN = 0.03

#: The covered area reaches at most this far beyond eyes and brows, in face widths.
REACH = 0.12


def find_blurred_eyes(pixels: Pixels, points_px: Points, *, width_px: float) -> Points | None:
    """Return the corners of the blurred or pixelated area over the eyes, shape (4, 2), or None.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (height, width, 3)
    points_px : ndarray of float32, shape (468, 2)
        Mesh in pixels of that image.
    width_px : float
        Width of the face.
    """
    both = (*ORBIT, *mirrored_chain(ORBIT), *BROW, *mirrored_chain(BROW))
    area = chain_points(points_px, both)
    margin = REACH * width_px
    low = np.floor(area.min(axis=0) - margin).astype(int)
    high = np.ceil(area.max(axis=0) + margin).astype(int)
    col0, row0 = np.maximum(low, 0)
    col1, row1 = np.minimum(high, pixels.shape[1::-1])
    if col1 - col0 < 8 or row1 - row0 < 8:
        return None
    grey = np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY), np.float32)
    cut = grey[row0:row1, col0:col1]
    inner = chain_points(points_px, (*ORBIT, *mirrored_chain(ORBIT)))
    first = np.clip(np.floor(inner.min(axis=0)).astype(int) - (col0, row0), 0, None)
    last = np.ceil(inner.max(axis=0)).astype(int) - (col0, row0)
    sides = (EYE, mirrored_chain(EYE))
    margin_px = 0
    if any(_is_mosaic(grey, chain_points(points_px, s), width_px=width_px) for s in sides):
        # Inside a block neighbours are equal; the lines between blocks are bridged.
        steps = np.maximum(
            np.abs(np.diff(cut, axis=1, append=cut[:, -1:])),
            np.abs(np.diff(cut, axis=0, append=cut[-1:])),
        )
        smooth = cv2.medianBlur(np.clip(steps * 8, 0, 255).astype(np.uint8), 5) <= 8
    elif _is_blurred(grey, points_px, width_px=width_px):
        noise = cv2.boxFilter(np.abs(cv2.Laplacian(cut, cv2.CV_32F)), -1, (7, 7))
        outside = cv2.boxFilter(np.abs(cv2.Laplacian(grey, cv2.CV_32F)), -1, (7, 7))
        x, y = chain_points(points_px, range(468)).T.round().astype(int)
        inside = (x >= 0) & (y >= 0) & (x < grey.shape[1]) & (y < grey.shape[0])
        margin_px = round(BLUR_MARGIN * width_px)
        smooth = np.asarray(noise <= 0.6 * np.median(outside[y[inside], x[inside]]))
    else:
        return None
    rows = _grown_run(smooth[:, first[0] : last[0]].mean(axis=1), first[1], last[1])
    cols = _grown_run(smooth[rows[0] : rows[1]].mean(axis=0), first[0], last[0])
    left, right = cols[0] + col0 - margin_px, cols[1] + col0 + margin_px
    top, bottom = rows[0] + row0 - margin_px, rows[1] + row0 + margin_px
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], np.float32)


def _is_mosaic(grey: NDArray[np.float32], eye_px: Points, *, width_px: float) -> bool:
    low = np.maximum(np.floor(eye_px.min(axis=0) - EYE_MARGIN * width_px).astype(int), 0)
    high = np.maximum(np.ceil(eye_px.max(axis=0) + EYE_MARGIN * width_px).astype(int), 0)
    eye = grey[low[1] : high[1], low[0] : high[0]]
    if min(eye.shape) < 8:
        return False
    shares = []
    for axis in (0, 1):
        change = np.sort(np.abs(np.diff(eye, axis=1 - axis)).sum(axis=axis))[::-1]
        strongest = max(1, round(STRONGEST * len(change)))
        shares.append(float(change[:strongest].sum() / max(change.sum(), 1.0)))
    return min(shares) >= MOSAIC_SHARE


def _is_blurred(grey: NDArray[np.float32], points_px: Points, *, width_px: float) -> bool:
    scale = min(1.0, JUDGED_WIDTH_PX / width_px)
    small = cv2.resize(grey, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    points = (points_px * scale).astype(np.float32)
    detail = np.abs(small - cv2.GaussianBlur(small, (0, 0), 3.0))

    def level(chains: tuple[tuple[object, ...], ...]) -> float:
        mask = np.zeros(small.shape, np.uint8)
        for chain in chains:
            corners = chain_points(points, chain)  # type: ignore[arg-type]
            cv2.fillPoly(mask, [np.round(corners - 0.5).astype(np.int32)], 1)
        return float(np.percentile(detail[mask > 0], 90)) if mask.any() else 0.0

    lower = level((LIPS, NOSTRIL, mirrored_chain(NOSTRIL)))
    eyes = max(level((EYE,)), level((mirrored_chain(EYE),)))
    return 0.0 < eyes <= BLURRED_DETAIL * lower


def _grown_run(share: NDArray[np.float64], first: int, last: int) -> tuple[int, int]:
    """Return the run around ``[first, last)`` while the share of smooth pixels is high enough."""
    start, stop = int(first), int(min(last, len(share)))
    while start > 0 and share[start - 1] >= SMOOTH_SHARE:
        start -= 1
    while stop < len(share) and share[stop] >= SMOOTH_SHARE:
        stop += 1
    return start, stop
