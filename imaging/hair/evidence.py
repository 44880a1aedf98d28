"""What a segmenter gives: evidence for hairs on a grid of fixed pixels per millimetre."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Map = NDArray[np.float32]

#: OpenCV's remap refuses longer sides, of images and of tables of points.
MOST_REMAPPED = 32_766


@dataclass(frozen=True)
class LineJudge:
    """What tells hairs among traced lines, from a learned segmenter.

    Parameters
    ----------
    look : callable
        Says for windows (n, 2, planes, along, across) and values (n, k) of lines how far both ends
        of each are to be moved outwards and sideways, mm, shape (n, 2, 2), and the log-odds that a
        hair is there, shape (n,).
    least_log_odds : float
        Lines from here on are chosen.
    root_mm, tip_mm : float
        How much further outwards roots and tips lie than ``look`` says.
    intercept, coefficients : float, tuple of float
        Of the log-odds that a chosen line is a rooted hair: see `confidence.JUDGED_FEATURES`.
    """

    look: Callable[[Map, Map], tuple[Map, Map]]
    least_log_odds: float
    root_mm: float
    tip_mm: float
    intercept: float
    coefficients: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class ShaftEvidence:
    """Evidence for shafts; everything after it is shared by all segmenters.

    Parameters
    ----------
    darkness : ndarray of float32, shape (h, w)
        How much a pixel looks like shaft: optical density over the local skin of the least
        absorbed colour channel, 0 on skin, about 0.2 on a fine fair hair, above 1 on black hair.
    shade : ndarray of float32, shape (h, w)
        Mean optical density over the channels: shafts and their blue-grey part under the skin.
    responses : tuple of ndarray of float32, each of shape (angles, h, w)
        For every filter width the evidence that a centre line passes through a pixel at angle
        k·π/angles from the x axis (x right, y down).
    valid : ndarray of bool, shape (h, w)
        Where hairs may be traced.
    px_per_mm : float
        Working pixels per millimetre (per assumed millimetre when the photo has no scale).
    zoom : float
        Working pixels per photo pixel.
    pale, grey : ShaftEvidence or None
        Evidence for white and for grey hairs among the dark ones: its darkness is paleness, or
        greyness (`white`).
    judge : LineJudge or None
        What chooses among traced lines and sets their ends, from a learned segmenter.
    stretch : tuple of float
        By how much more a photo pixel is enlarged along x and y: a whole number of working pixels
        spans the photo, so that a turned photo has the turned grid.
    """

    darkness: Map
    shade: Map
    responses: tuple[Map, ...]
    valid: NDArray[np.bool_]
    px_per_mm: float
    zoom: float
    judge: LineJudge | None = None
    pale: ShaftEvidence | None = None
    grey: ShaftEvidence | None = None
    stretch: tuple[float, float] = (1.0, 1.0)

    @property
    def centre(self) -> NDArray[np.float32]:
        """The middle (x, y) in array indices: grids laid from here turn with the photo."""
        height, width = self.valid.shape
        return np.array([(width - 1) / 2, (height - 1) / 2], np.float32)

    def in_photo(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return working pixels (array indices), shape (..., 2), in coordinates of the photo."""
        photo: NDArray[np.float64] = (np.asarray(points, np.float64) + 0.5) / (
            self.zoom * np.array(self.stretch)
        )
        return photo

    def from_photo(self, points: NDArray[np.floating]) -> NDArray[np.float64]:
        """Return coordinates of the photo, shape (..., 2), in working pixels (array indices)."""
        working: NDArray[np.float64] = (
            np.asarray(points, np.float64) * (self.zoom * np.array(self.stretch)) - 0.5
        )
        return working


def read_at(image: Map, x: NDArray[np.floating], y: NDArray[np.floating]) -> Map:
    """Return `image` at the points x, y (array indices, any shape), bilinear, edges repeated."""
    columns = np.ascontiguousarray(x, np.float32).reshape(1, -1)
    rows = np.ascontiguousarray(y, np.float32).reshape(1, -1)
    if not columns.size:
        return np.zeros(x.shape, np.float32)
    # Rows of points: read in a half of the time that a table of few columns takes.
    parts = [
        cv2.remap(
            image,
            columns[:, start : start + MOST_REMAPPED],
            rows[:, start : start + MOST_REMAPPED],
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        for start in range(0, columns.size, MOST_REMAPPED)
    ]
    found = parts[0] if len(parts) == 1 else np.concatenate(parts, axis=1)
    return np.asarray(found, np.float32).reshape(x.shape)
