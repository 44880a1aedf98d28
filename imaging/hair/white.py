"""White and grey hair among dark: lines paler or greyer than skin that have all that a hair has.

A photo with dark and white hairs is traced again: besides what is darker than the skin, for what is
paler.  Pale lines are not only hairs.  Skin mirrors the lamp in grains and ridges, wet dark hair
mirrors it along its own middle, scale has pale rims, and skin between dark hairs is paler than they
are.  None of these has everything that a white hair has, so each line is judged by itself, against
its own two sides and the noise of its own photo: it is as long and as wide as a hair, it is pale
from end to end, it has two sharp edges, it stands out from both sides, and skin lies beside it.

Paleness is told by green and blue: skin returns red nearly as well as white hair does.  A grey
shaft that is as bright as skin is darker than it in red and paler in blue.  So it is traced a third
time, in what has less colour than skin and about its brightness, and judged in the same way.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.ranks import MAD_TO_SIGMA
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
#: Blue light may exceed red by this in ln: grey hair in a bluish light.  What is bluer is ink or a
#: textile fibre, and loses so many times the excess.
_MOST_BLUE, _BLUE_COST = 0.25, 2.0
#: What grey loses by being darker than the skin, per unit of density; for being paler it loses one.
#: Less would let in the shadows of shafts under the skin.
_DARKER_COST = 0.6


class Limits(NamedTuple):
    """What is asked of a line of one kind.

    ``contrast_to_noise``: how far it stands out from the skin; ``beside_skin``: the share of its
    length with skin on one side.
    """

    contrast_to_noise: float
    beside_skin: float


def white_limits(settings: HairSettings) -> Limits:
    """Return what is asked of white hairs."""
    return Limits(settings.white_contrast_to_noise, settings.least_beside_skin)


def grey_limits(settings: HairSettings) -> Limits:
    """Return what is asked of grey hairs."""
    return Limits(settings.grey_contrast_to_noise, settings.least_grey_beside_skin)


def paleness(densities: Map, valid: Bools) -> Map:
    """Return how much paler than the local skin each pixel is, float32 (h, w), 0 on skin.

    ``densities`` are those of `skin.optical_densities`.
    """
    pale: Map = densities[..., 1] + densities[..., 2]
    pale *= np.float32(-0.5)
    np.clip(pale, _LEAST_PALENESS, _MOST_PALENESS, out=pale)
    pale[~valid] = 0.0
    return pale


def greyness(densities: Map, valid: Bools, pixels: Map) -> Map:
    """Return how much less colour than the local skin each pixel has, float32 (h, w), 0 on skin.

    Any colourless thing returns less red against blue than skin does.  What is also much darker or
    paler than skin is dark or white hair, or the lamp, and is not meant.  Nor are ink and textile
    fibres, which are blue themselves.
    """
    red, green, blue = cv2.split(densities)
    grey: Map = red - blue
    mean = (red + green + blue) * np.float32(1 / 3)
    grey -= np.maximum(np.float32(_DARKER_COST) * mean, -mean)
    is_blue = pixels[..., 2] > np.exp(_MOST_BLUE) * pixels[..., 0]
    blueness = np.log(pixels[is_blue, 2] + 1.0) - np.log(pixels[is_blue, 0] + 1.0)
    grey[is_blue] -= np.float32(_BLUE_COST) * np.maximum(blueness - np.float32(_MOST_BLUE), 0.0)
    np.clip(grey, _LEAST_PALENESS, _MOST_PALENESS, out=grey)
    grey[~valid] = 0.0
    return grey


def has_pale_lines(
    pale: Map, px_per_mm: float, least_contrast: float, settings: HairSettings
) -> bool:
    """Whether any patch is as narrow, as long and as distinct (`least_contrast`) as a hair.

    A quick look at the shapes of patches of paleness or greyness, which spares other photos the
    search for lines.
    """
    shrink = _LOOK_PX_PER_MM / px_per_mm
    height, width = (max(1, round(length * shrink)) for length in pale.shape)
    small = cv2.resize(pale, (width, height), interpolation=cv2.INTER_AREA)
    small = np.maximum(small, np.float32(-_SHAFT_DENSITY))
    # What is left of the paleness when all that is wider than a hair is taken off.
    most_px = settings.most_white_width_um * 1e-3 * _LOOK_PX_PER_MM
    narrow = cv2.morphologyEx(small, cv2.MORPH_TOPHAT, disc(2 * round(0.5 * most_px) + 1))
    patches = (narrow >= settings.end_fraction * least_contrast).astype(np.uint8)
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
        & (contrast >= least_contrast)
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
    """Return the standard deviation of paleness, or greyness, within a hair's width.

    The median tells it, so that few hairs do not matter.  Where dark hair covers much of the skin
    it is large, and only what outshines all is found.
    """
    side = 2 * round(0.5e-3 * settings.most_white_width_um * px_per_mm) + 1
    rows, columns = (every(_NOISE_STRIDE, length) for length in pale.shape)
    some = (pale - cv2.blur(pale, (side, side)))[rows, columns][valid[rows, columns]]
    if not some.size:
        return np.inf
    return max(MAD_TO_SIGMA * float(np.median(np.abs(some - np.median(some)))), _LEAST_NOISE)


def choose_pale_hairs(
    strips: list[Strip], pale: ShaftEvidence, limits: Limits, settings: HairSettings
) -> list[Strip]:
    """Return the strips that are white or grey hairs.

    Parameters
    ----------
    strips : list of Strip
        Lines in the evidence `pale`.
    pale : ShaftEvidence
        Its darkness is the paleness or greyness.
    limits : Limits
    settings : HairSettings
    """
    noise = skin_noise(pale.darkness, pale.valid, pale.px_per_mm, settings)
    # What cannot be read is no skin: most often it is burnt out, and this line its rim.
    seen = replace(pale, darkness=np.where(pale.valid, pale.darkness, np.float32(_UNREAD)))
    least_contrast = limits.contrast_to_noise * noise
    return [
        strip
        for strip in strips
        if _is_hair(strip, seen, least_contrast, limits.beside_skin, settings)
    ]


def _is_hair(
    strip: Strip,
    pale: ShaftEvidence,
    least_contrast: float,
    least_beside_skin: float,
    settings: HairSettings,
) -> bool:
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
        contrast >= least_contrast
        and inside.std() <= settings.most_white_unevenness * inside.mean()
        and beside_skin.mean() >= least_beside_skin
    )


def _mean_beside(strip: Strip, pale: ShaftEvidence, offsets_mm: list[float]) -> Map:
    """Return the mean paleness so far to the side of each point of a strip, shape (points,)."""
    offsets = np.array(offsets_mm, np.float32) * np.float32(pale.px_per_mm)
    x = strip.points[:, :1] - np.sin(strip.angles)[:, None] * offsets
    y = strip.points[:, 1:] + np.cos(strip.angles)[:, None] * offsets
    mean: Map = read_at(pale.darkness, x, y).mean(axis=1)
    return mean
