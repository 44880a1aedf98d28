"""Glasses: recognised by a straight line over the nose and one to an ear; their frames left out.

A frame is thin, dark or bright, and nearly straight where it crosses the bridge of the nose and
the temple.  Lids, crow's feet and hair are lines as well, but not straight ones over both.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .geometry import FaceLandmarks
from .mesh_points import CHEEK_SEED, chain_points, mirrored_chain

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Widest frame that is told from skin, in face widths; the lines of wider ones still are.
FRAME_WIDTH = 0.02

#: A line is followed in a strip of this half-width (face widths), sampled along and across in this
#: many steps; it may drift across by so many steps.
STRIP_HALF, ALONG, ACROSS, DRIFT = 0.07, 64, 41, 12

#: Least contrast of the line over the nose and of the one to an ear (optical density, lower
#: quartile along the line), and the least multiple of the cheeks' own.
BRIDGE_CONTRAST, ARM_CONTRAST, OVER_SKIN = 0.07, 0.055, 2.5

#: Mesh points between which a frame crosses: inner corners of the eyes; outer corner and ear.
BRIDGE = (133, 362, 0.3, 0.7)
ARMS = ((130, 127, 0.3, 0.9), (359, 356, 0.3, 0.9))

#: Pixels of a frame: contrast (optical density), reach around the eyes (face widths), least length
#: of a piece (face widths).
PIXEL_CONTRAST, REACH, PIECE = 0.05, 0.17, 0.04


def line_response(density: Floats, width_px: float) -> Floats:
    """Return by how much each pixel is part of a thin dark or bright line (optical density)."""
    side = max(3, 2 * round((FRAME_WIDTH * width_px - 1) / 2) + 1)
    kernel = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (side, side))
    dark = density - cv2.morphologyEx(density, cv2.MORPH_OPEN, kernel)
    bright = cv2.morphologyEx(density, cv2.MORPH_CLOSE, kernel) - density
    return np.asarray(np.maximum(dark, bright), np.float32)


def find_frames(density: Floats, landmarks: FaceLandmarks, eyes: Mask) -> Mask:
    """Return the frames of glasses; nothing when there are none.

    Parameters
    ----------
    density : ndarray of float32, shape (height, width)
        Optical density of the working image.
    landmarks : FaceLandmarks
    eyes : ndarray of bool, shape (height, width)
        Eyes, lids and brows: no frame is looked for there, they are left out anyway.
    """
    width_px, points = landmarks.face_width_px, landmarks.points_px
    response = line_response(density, width_px)
    wide = np.asarray(cv2.dilate(response, np.ones((3, 3), np.uint8)), np.float32)
    cheeks = np.zeros(density.shape, np.uint8)
    for chain in (CHEEK_SEED, mirrored_chain(CHEEK_SEED)):
        corners = np.round(chain_points(points, chain) - 0.5).astype(np.int32)
        cv2.fillPoly(cheeks, [corners], 1)
    if not cheeks.any():
        return np.zeros(density.shape, bool)
    skin = float(np.median(wide[cheeks > 0]))
    bridge = _straight_line(wide, points, BRIDGE, width_px)
    arm = max(_straight_line(wide, points, ends, width_px) for ends in ARMS)
    if bridge < max(BRIDGE_CONTRAST, OVER_SKIN * skin) or arm < max(ARM_CONTRAST, OVER_SKIN * skin):
        return np.zeros(density.shape, bool)
    far = cv2.distanceTransform((~eyes).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    level = max(PIXEL_CONTRAST, OVER_SKIN * skin)
    found = (response >= level) & (far > 0) & (far <= REACH * width_px)
    _, labels, stats, _ = cv2.connectedComponentsWithStats(found.astype(np.uint8), connectivity=8)
    length = np.hypot(stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT])
    is_piece = length >= PIECE * width_px
    is_piece[0] = False
    return np.asarray(is_piece[labels])


def _straight_line(
    response: Floats,
    points: NDArray[np.float32],
    ends: tuple[int, int, float, float],
    width_px: float,
) -> float:
    """Return the strongest straight line between two mesh points: its lower quartile."""
    one, other, start, stop = ends
    run = (points[other] - points[one]).astype(np.float64)
    length = max(float(np.linalg.norm(run)), 1e-6)
    across = np.array([-run[1], run[0]]) / length
    along = points[one] + np.linspace(start, stop, ALONG)[:, None] * run
    offsets = np.linspace(-STRIP_HALF, STRIP_HALF, ACROSS) * width_px
    grid = along[None] + offsets[:, None, None] * across
    strip = cv2.remap(
        response,
        (grid[..., 0] - 0.5).astype(np.float32),
        (grid[..., 1] - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
    )
    first, last = (axis.ravel() for axis in np.meshgrid(np.arange(ACROSS), np.arange(ACROSS)))
    is_near = np.abs(first - last) <= DRIFT
    first, last = first[is_near, None], last[is_near, None]
    steps = np.arange(ALONG)[None]
    rows = np.round(first + (last - first) * steps / (ALONG - 1)).astype(np.intp)
    lines = np.partition(strip[rows, steps], ALONG // 4, axis=1)[:, ALONG // 4]
    return float(lines.max())
