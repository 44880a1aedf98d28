"""White hair among dark: lines paler than the skin that have all that a hair has.

A photo with dark and white hairs is traced twice: for what is darker than the skin, and for what is
paler.  Pale lines are not only hairs.  Skin mirrors the lamp in grains and ridges, wet dark hair
mirrors it along its own middle, scale has pale rims, and skin between dark hairs is paler than they
are.  None of these has everything that a white hair has, so each line is judged by itself, against
its own two sides and the noise of its own photo: it is as long and as wide as a hair, it is pale
from end to end, it has two sharp edges, it stands out from both sides, and skin lies beside it.

Paleness is told by green and blue.  Skin returns red nearly as well as white hair does, and a grey
shaft is paler than skin in blue alone: such hair is not found.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.symmetry import disc, every
from ..settings import HairSettings
from .evidence import Map, ShaftEvidence, read_at
from .strips import Strip

Bools = NDArray[np.bool_]

#: Paleness is cut off here: beyond, it is reflection on the one side and black hair on the other.
_MOST_PALENESS, _LEAST_PALENESS = 1.0, -1.7
#: The noise of a photo is told by every so many rows and columns; in 8-bit values there is this
#: much always.
_NOISE_STRIDE, _LEAST_NOISE = 3, 0.005
_MAD_TO_SIGMA = 1.4826
#: Narrow pale patches are looked for on a copy of so many pixels per mm: hairs are 2 to 6 px wide.
_LOOK_PX_PER_MM = 55.0
#: Beside a dark shaft, skin would stand out; what is darker than skin by more than this is no skin.
_SHAFT_DENSITY = 0.1
#: A patch is at least this many times as long as it is wide, and fills this much of such a bar.
_LEAST_SLENDERNESS, _LEAST_FILL = 4.0, 0.75
#: Where across a line, in half widths, its paleness is read, and how far beyond its edges the skin.
_ACROSS = (-0.4, 0.0, 0.4)
_BEYOND_MM = (0.025, 0.04, 0.055)
#: Paleness, amplified or not, of what cannot be read: more than any that can.
_UNREAD = 10.0
#: Skin is no paler or darker than this share of the line's own paleness.
_SKIN_SHARE = 0.3


def paleness(densities: Map, valid: Bools) -> Map:
    """Return how much paler than the local skin each pixel is, float32 (h, w), 0 on skin.

    ``densities`` are those of `skin.optical_densities`.
    """
    pale: Map = densities[..., 1] + densities[..., 2]
    pale *= np.float32(-0.5)
    np.clip(pale, _LEAST_PALENESS, _MOST_PALENESS, out=pale)
    pale[~valid] = 0.0
    return pale


def has_pale_lines(pale: Map, valid: Bools, px_per_mm: float, settings: HairSettings) -> bool:
    """Whether any pale patch is as narrow, as long and as distinct as a white hair.

    A quick look at the shapes of patches, which spares other photos the search for lines.
    """
    shrink = _LOOK_PX_PER_MM / px_per_mm
    height, width = (max(1, round(length * shrink)) for length in pale.shape)
    small = cv2.resize(pale, (width, height), interpolation=cv2.INTER_AREA)
    small = np.maximum(small, np.float32(-_SHAFT_DENSITY))
    # What is left of the paleness when all that is wider than a hair is taken off.
    most_px = settings.most_white_width_um * 1e-3 * _LOOK_PX_PER_MM
    narrow = cv2.morphologyEx(small, cv2.MORPH_TOPHAT, disc(2 * round(0.5 * most_px) + 1))
    limit = settings.white_contrast_to_noise * skin_noise(pale, valid, px_per_mm, settings)
    patches = (narrow >= settings.end_fraction * limit).astype(np.uint8)
    count, labels, _, _ = cv2.connectedComponentsWithStats(patches, connectivity=8)
    if count == 1:
        return False
    area_px, contrast, length_px, width_px = _shapes(labels, narrow)
    is_hair = (
        (length_px >= settings.least_white_length_mm * _LOOK_PX_PER_MM)
        & (length_px >= _LEAST_SLENDERNESS * width_px)
        & (width_px >= settings.least_white_width_um * 1e-3 * _LOOK_PX_PER_MM)
        & (width_px <= most_px)
        & (area_px >= _LEAST_FILL * length_px * width_px)
        & (contrast >= limit)
    )
    return bool(is_hair.any())


def _shapes(labels: NDArray[Any], image: NDArray[Any]) -> NDArray[np.float64]:
    """Return of each patch its area, mean of the image, length and width, shape (4, patches).

    Length and width are those of the bar with the same second moments: the variance of a bar of
    length l is l²/12.
    """
    row, column = np.nonzero(labels)
    owner = labels[row, column] - 1
    area = np.bincount(owner).astype(np.float64)

    def mean(values: NDArray[Any]) -> NDArray[np.float64]:
        return np.asarray(np.bincount(owner, values) / area, np.float64)

    x, y = column - mean(column)[owner], row - mean(row)[owner]
    # A pixel is a square of variance 1/12 itself.
    xx, yy, xy = mean(x * x) + 1 / 12, mean(y * y) + 1 / 12, mean(x * y)
    half, root = 0.5 * (xx + yy), np.hypot(0.5 * (xx - yy), xy)
    length, width = (np.sqrt(12.0 * np.maximum(half + k * root, 0.0)) for k in (1, -1))
    return np.stack([area, mean(image[row, column]), length, width])


def skin_noise(pale: Map, valid: Bools, px_per_mm: float, settings: HairSettings) -> float:
    """Return the standard deviation of paleness against its surroundings of a hair's width.

    The median tells it, so that few hairs do not matter.  Where dark hair covers much of the skin
    it is large, and only what outshines all is found.
    """
    side = 2 * round(0.5e-3 * settings.most_white_width_um * px_per_mm) + 1
    rows, columns = (every(_NOISE_STRIDE, length) for length in pale.shape)
    some = (pale - cv2.blur(pale, (side, side)))[rows, columns][valid[rows, columns]]
    if not some.size:
        return np.inf
    return max(_MAD_TO_SIGMA * float(np.median(np.abs(some - np.median(some)))), _LEAST_NOISE)


def choose_white_hairs(
    strips: list[Strip], pale: ShaftEvidence, settings: HairSettings
) -> list[Strip]:
    """Return the strips that are white hairs.

    Parameters
    ----------
    strips : list of Strip
        Lines in the evidence `pale`.
    pale : ShaftEvidence
        Its darkness is the paleness.
    settings : HairSettings
    """
    noise = skin_noise(pale.darkness, pale.valid, pale.px_per_mm, settings)
    # What cannot be read is no skin: most often it is burnt out, and this line its rim.
    seen = replace(pale, darkness=np.where(pale.valid, pale.darkness, np.float32(_UNREAD)))
    return [strip for strip in strips if _is_white_hair(strip, seen, noise, settings)]


def _is_white_hair(strip: Strip, pale: ShaftEvidence, noise: float, settings: HairSettings) -> bool:
    length_mm = len(strip.points) * strip.step_px / pale.px_per_mm
    if (
        length_mm < settings.least_white_length_mm
        or not settings.least_white_width_um <= 1e3 * strip.width_mm <= settings.most_white_width_um
        or strip.quality < settings.least_white_quality
    ):
        return False
    half = 0.5 * strip.width_mm
    inside = _mean_beside(strip, pale, [share * half for share in _ACROSS])
    left, right = (
        _mean_beside(strip, pale, [sign * (half + beyond) for beyond in _BEYOND_MM])
        for sign in (-1.0, 1.0)
    )
    # The paler side counts: the rim of a pale patch is no hair.
    contrast = float(np.median(inside - np.maximum(np.maximum(left, right), 0.0)))
    beside_skin = np.minimum(np.abs(left), np.abs(right)) <= _SKIN_SHARE * np.median(inside)
    return bool(
        contrast >= settings.white_contrast_to_noise * noise
        and inside.std() <= settings.most_white_unevenness * inside.mean()
        and beside_skin.mean() >= settings.least_beside_skin
    )


def _mean_beside(strip: Strip, pale: ShaftEvidence, offsets_mm: list[float]) -> Map:
    """Return the mean paleness so far to the side of each point of a strip, shape (points,)."""
    offsets = np.array(offsets_mm, np.float32) * np.float32(pale.px_per_mm)
    x = strip.points[:, :1] - np.sin(strip.angles)[:, None] * offsets
    y = strip.points[:, 1:] + np.cos(strip.angles)[:, None] * offsets
    mean: Map = read_at(pale.darkness, x, y).mean(axis=1)
    return mean
