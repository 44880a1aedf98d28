"""A follow-up face laid over its baseline: a smooth warp through the landmarks of both.

The warp goes from pixels of the baseline's working image to those of the follow-up's, so that every
baseline pixel fetches what stands there at follow-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.interpolate import RBFInterpolator

from .geometry import FaceLandmarks

Floats = NDArray[np.float32]

#: Bending of the warp against distance from the landmarks (both in face widths): landmarks jitter
#: by about a hundredth of the face's width from photo to photo, and the warp does not follow that.
SMOOTHING = 0.002

#: The warp is worked out on every so many pixels; it is smooth, and costs a hundredth.
GRID_STEP_PX = 12


@dataclass(frozen=True, eq=False)
class FaceWarp:
    """Where each pixel of the baseline's working image lies in the follow-up's.

    Parameters
    ----------
    x_px, y_px : ndarray of float32, shape (h, w)
        Element [r, c] is the place of the centre of baseline pixel [r, c], as `cv2.remap` wants it.
    residual_percent : float
        Root mean square distance of the warped landmarks from the follow-up's, of the face's width.
    """

    x_px: Floats
    y_px: Floats
    residual_percent: float

    def fetch(self, image: NDArray[Any], *, is_label: bool = False) -> NDArray[Any]:
        """Return an image or mask of the follow-up at the baseline's pixels; 0 outside."""
        kind = cv2.INTER_NEAREST if is_label else cv2.INTER_LINEAR
        source = image.astype(np.uint8) if image.dtype == np.bool_ else image
        taken = cv2.remap(source, self.x_px, self.y_px, kind, borderMode=cv2.BORDER_CONSTANT)
        return np.asarray(taken, image.dtype)

    def inside(self, shape: tuple[int, ...]) -> NDArray[np.bool_]:
        """Return the baseline pixels whose place lies inside a follow-up image of this shape."""
        return np.asarray(
            (self.x_px >= 0)
            & (self.y_px >= 0)
            & (self.x_px <= shape[1] - 1)
            & (self.y_px <= shape[0] - 1),
            np.bool_,
        )


def warp_between(
    baseline: FaceLandmarks, followup: FaceLandmarks, shape: tuple[int, ...]
) -> FaceWarp:
    """Return the warp between two faces.

    Parameters
    ----------
    baseline, followup : FaceLandmarks
        Each in pixels of its own working image.
    shape : (height, width, ...)
        Of the baseline's working image.

    Notes
    -----
    A smoothing thin-plate spline through the 468 mesh points.
    """
    width = baseline.face_width_px
    source = baseline.points_px.astype(np.float64) / width
    target = followup.points_px.astype(np.float64) / width
    spline = RBFInterpolator(source, target, kernel="thin_plate_spline", smoothing=SMOOTHING)
    rows = np.linspace(0.5, shape[0] - 0.5, max(shape[0] // GRID_STEP_PX, 2) + 1)
    cols = np.linspace(0.5, shape[1] - 0.5, max(shape[1] // GRID_STEP_PX, 2) + 1)
    x, y = np.meshgrid(cols, rows)
    places = spline(np.stack([x.ravel(), y.ravel()], axis=1) / width) * width
    coarse = places.reshape(*x.shape, 2).astype(np.float32)
    # `cv2.remap` would round its places to 1/32 of a grid step, a third of a pixel.
    full = np.einsum(
        "rg,ghk,ch->rck",
        _between(shape[0], rows),
        coarse,
        _between(shape[1], cols),
        optimize=True,
    ).astype(np.float32)
    # The centre of element [r, c] is at (c + 0.5, r + 0.5); `cv2.remap` counts elements.
    own_width = max(followup.face_width_px, 1.0)
    off = (spline(source) - target) * width / own_width
    return FaceWarp(
        x_px=np.ascontiguousarray(full[..., 0] - 0.5),
        y_px=np.ascontiguousarray(full[..., 1] - 0.5),
        residual_percent=100.0 * float(np.sqrt((off**2).sum(axis=1).mean())),
    )


def _between(count: int, grid: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the weights (count, len(grid)) that interpolate grid values at pixel centres."""
    place = (np.arange(count) + 0.5 - grid[0]) / (grid[1] - grid[0])
    left = np.clip(np.floor(place), 0, len(grid) - 2).astype(int)
    share = place - left
    weights = np.zeros((count, len(grid)))
    weights[np.arange(count), left] = 1 - share
    weights[np.arange(count), left + 1] = share
    return weights
