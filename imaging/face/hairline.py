"""The real hairline: how far up the forehead is skin, ray by ray, as one smooth line.

The mesh ends below the hairline, and lies in the hair where the hairline is low.  Rays fan out
from between the eyes.  Along each ray every step speaks for skin or against it; the hairline is
the line across the rays that has most skin below it and does not jump (dynamic programming).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .mesh_points import NOSE_ROOT, OVAL
from .skin import AGAINST_SKIN, FOR_SKIN

Points = NDArray[np.float32]
Floats = NDArray[np.float32]

#: Half-opening of the fan and its step: beyond 80 degrees the ray meets the ear, not hair.
FAN_DEG, FAN_STEP_DEG = 80.0, 2.0

#: Reach and step of the rays in face widths; the highest foreheads end at 0.8.
REACH, RAY_STEP = 0.95, 0.01

#: Skin is looked for from here on (face widths); brows and lids lie nearer.
FIRST_STEP = 0.2

#: The hairline lies within these multiples of the mesh's rim, above the nose and at the temples;
#: a background as grey as the skin would let it run on.
FARTHEST_MIDDLE, FARTHEST_SIDE = 1.75, 1.3

#: Hair this broad along a ray ends the forehead (face widths); a strand over it does not.  Hair is
#: what speaks against skin by so much on average.
BAND, BAND_EVIDENCE = 0.04, -1.7

#: Price of moving the line by one step between neighbouring rays, and the largest move in steps.
JUMP_PRICE, MAX_JUMP = 0.3, 6


def find_hairline(evidence: Floats, points_px: Points, *, up: Points, width_px: float) -> Points:
    """Return the hairline as points in the image, from the patient's right to the left.

    Parameters
    ----------
    evidence : ndarray of float32, shape (height, width)
        Of `skin.SkinMaps`.
    points_px : ndarray of float32, shape (468, 2)
        Face mesh in pixels of that image.
    up : ndarray of float32, shape (2,)
        Unit vector from chin to forehead.
    width_px : float
        Width of the face.
    """
    angles = np.radians(np.arange(-FAN_DEG, FAN_DEG + FAN_STEP_DEG / 2, FAN_STEP_DEG))
    radii = np.arange(FIRST_STEP, REACH, RAY_STEP) * width_px
    origin = points_px[NOSE_ROOT]
    right = np.array([-up[1], up[0]])
    rays = np.cos(angles)[:, None] * up + np.sin(angles)[:, None] * right
    x = origin[0] + rays[:, :1] * radii
    y = origin[1] + rays[:, 1:] * radii
    # OpenCV counts from pixel centres.
    sampled = cv2.remap(
        evidence,
        (x - 0.5).astype(np.float32),
        (y - 0.5).astype(np.float32),
        cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=-AGAINST_SKIN,
    )
    # Well below the mesh's rim skin is likely, whatever a fringe or a brow says.
    rim = _rim(points_px, origin, rays)
    near = radii[None, :] < 0.55 * rim[:, None]
    farthest = FARTHEST_SIDE + (FARTHEST_MIDDLE - FARTHEST_SIDE) * np.cos(angles) ** 2
    beyond = radii[None, :] > (farthest * rim)[:, None]
    gains = np.where(near, FOR_SKIN, sampled)
    gains[beyond | _behind_hair(gains)] = -AGAINST_SKIN
    ends = _best_line(np.cumsum(gains, axis=1))
    # The hairline itself fades over about a step: the line ends before the last one.
    reach = radii[ends]
    return np.asarray(origin + rays * reach[:, None], np.float32)


def _behind_hair(gains: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return the steps of each ray that come after a band of hair: fair hair may look like skin."""
    band = round(BAND / RAY_STEP)
    totals = np.cumsum(gains, axis=1)
    is_hair = np.zeros(gains.shape, bool)
    is_hair[:, band:] = totals[:, band:] - totals[:, :-band] <= BAND_EVIDENCE * band
    return np.asarray(np.logical_or.accumulate(is_hair, axis=1))


def _rim(points_px: Points, origin: Points, rays: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return how far each ray runs to the rim of the mesh."""
    rim = points_px[list(OVAL)].astype(np.float64) - origin
    offset = rim / np.maximum(np.linalg.norm(rim, axis=1, keepdims=True), 1e-6)
    nearest = (rays @ offset.T).argmax(axis=1)
    return np.asarray(np.linalg.norm(rim, axis=1)[nearest], np.float64)


def _best_line(totals: NDArray[np.float64]) -> NDArray[np.intp]:
    """Return the step at which the line crosses each ray, so that the sum of totals is highest.

    Every ray's best score so far is the best of its neighbour's within `MAX_JUMP` steps, less the
    price of the move; the line is then read back from the last ray.
    """
    rays, steps = totals.shape
    moves = range(-MAX_JUMP, MAX_JUMP + 1)
    best = totals[0].copy()
    came_from = np.zeros((rays, steps), np.intp)
    index = np.arange(steps)
    for ray in range(1, rays):
        options = np.full((len(moves), steps), -np.inf)
        for row, move in enumerate(moves):
            source = index + move
            valid = (source >= 0) & (source < steps)
            options[row, valid] = best[source[valid]] - JUMP_PRICE * abs(move)
        choice = options.argmax(axis=0)
        came_from[ray] = index + choice - MAX_JUMP
        best = options[choice, index] + totals[ray]
    line = np.zeros(rays, np.intp)
    line[-1] = int(best.argmax())
    for ray in range(rays - 1, 0, -1):
        line[ray - 1] = came_from[ray, line[ray]]
    return line
