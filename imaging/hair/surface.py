"""What lies between the hairs: one lit surface of skin, or a scene.

No scale is needed, and hairs hardly matter: the field is parted into cells, and of each only its
paler part is looked at.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import linear_light, optical_density
from ..photo.ranks import MAD_TO_SIGMA

Floats = NDArray[np.float64]

#: Cells along the longer side of the photo, and samples along each cell.
_CELLS, _SAMPLES = 24, 8
#: The samples of a cell between these shares, palest first, are skin: neither glare nor hair.
_PALE_SHARES = (0.10, 0.45)
#: Cells of which less can be read are left out; with fewer cells nothing is judged.
_READABLE_SHARE, _LEAST_CELLS = 0.6, 20
#: A sample counts when more of it than this can be read.
_SEEN_SHARE = 0.5
#: Rounds in which cells that differ weigh less in the fit of the light, at this many deviations.
_ROUNDS, _DEVIATIONS = 5, 2.0
_LEAST_DEVIATION = 1e-3
#: The spread of colour is this quantile of the cells: a rim of another colour does not matter.
_SPREAD_QUANTILE = 0.9


@dataclass(frozen=True)
class Surface:
    """How even the ground of a photo is, in optical density (log10); NaN where nothing tells.

    Parameters
    ----------
    unevenness : float
        Median difference of a cell from a smooth fall-off of light.
    colour_spread : float
        How far the colours of cells lie from a smooth change of colour; 0 without colour.
    """

    unevenness: float
    colour_spread: float


def measure_surface(pixels: NDArray[np.uint8], readable: NDArray[np.bool_]) -> Surface:
    """Return how even the ground is.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        sRGB.
    readable : ndarray of bool, shape (h, w)
    """
    cells, places = _cells(pixels, readable)
    if len(cells) < _LEAST_CELLS:
        return Surface(*[float("nan")] * 2)
    x, y = places.T
    light = np.column_stack([np.ones_like(x), x, y, x * x, y * y, x * y])
    level: Floats = cells.mean(axis=1)
    weight = np.ones_like(level)
    for _ in range(_ROUNDS):
        apart: Floats = np.abs(level - light @ _fit(light, level, weight))
        deviation = max(MAD_TO_SIGMA * float(np.median(apart)), _LEAST_DEVIATION)
        weight = np.asarray(1 / (1 + (apart / (_DEVIATIONS * deviation)) ** 2), np.float64)
    colour: Floats = cells[:, [0, 2]] - cells[:, [1]]
    stray = np.hypot(*(colour - light @ _fit(light, colour, np.ones_like(level))).T)
    return Surface(
        unevenness=float(np.median(apart)),
        colour_spread=float(np.quantile(stray, _SPREAD_QUANTILE)),
    )


def _fit(columns: Floats, values: Floats, weight: Floats) -> Floats:
    rows = values * (weight if values.ndim == 1 else weight[:, None])
    found = np.linalg.lstsq(columns * weight[:, None], rows, rcond=None)[0]
    return np.asarray(found, np.float64)


def _cells(pixels: NDArray[np.uint8], readable: NDArray[np.bool_]) -> tuple[Floats, Floats]:
    """Return density (n, 3) of the paler part and place (n, 2; -0.5 to 0.5) of each cell."""
    height, width = readable.shape
    step = _SAMPLES * _CELLS / max(height, width)
    rows, cols = (round(side * step) // _SAMPLES for side in (height, width))
    if min(rows, cols) < 1:
        return np.zeros((0, 3)), np.zeros((0, 2))
    size = (cols * _SAMPLES, rows * _SAMPLES)
    small = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    seen = np.asarray(
        cv2.resize(readable.astype(np.float32), size, interpolation=cv2.INTER_AREA), np.float32
    )
    density = optical_density(linear_light(np.asarray(small, np.uint8)))

    def parted(layer: NDArray[np.float32]) -> Floats:
        blocks = layer.reshape(rows, _SAMPLES, cols, _SAMPLES, -1).swapaxes(1, 2)
        return blocks.reshape(rows * cols, _SAMPLES**2, -1).astype(np.float64)

    samples, is_seen = parted(density), parted(seen)[..., 0] > _SEEN_SHARE
    counts = is_seen.sum(axis=1)
    used = counts >= _READABLE_SHARE * _SAMPLES**2
    samples, is_seen, counts = samples[used], is_seen[used], counts[used]
    order = np.argsort(np.where(is_seen, samples.mean(axis=2), np.inf), axis=1, kind="stable")
    rank = np.arange(_SAMPLES**2)
    first, last = (share * counts[:, None] for share in _PALE_SHARES)
    pale = ((rank >= first) & (rank < last)).astype(np.float64)
    ordered = np.take_along_axis(samples, order[..., None], axis=1)
    means: Floats = np.einsum("cs,csk->ck", pale, ordered) / pale.sum(axis=1)[:, None]
    row, col = np.divmod(np.flatnonzero(used), cols)
    places = np.column_stack([(col + 0.5) / cols - 0.5, (row + 0.5) / rows - 0.5])
    return means, places
