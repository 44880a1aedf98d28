"""What of a photo can be read, and the counting frame inside it.

The **field** is what the device shows and a person could read: inside the pillar-boxes, off
burnt-in banners and text, off burnt-out, black and out-of-focus areas.  Thin burnt-in lines (a
measuring circle) cross it without hiding a hair; they stay in the field and are painted over for
the tracing.  The **counting frame** is the field less a guard margin, because the field's edge cuts
hairs and units (domain: van Neste and Trüeb 2006, doi:10.1111/j.1468-3083.2006.01568.x).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImplausibleScaleError, NothingReadableError
from ..photo.graphics import Graphics
from ..photo.quality import Quality
from ..photo.symmetry import disc
from ..settings import HairSettings

Map = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Burnt-in lines up to this many pixels wide are painted over instead of taken off the field.
_THIN_LINE_PX = 9
#: Unreadable patches smaller than this share of the field's area are no loss to a count.
_SMALL_PATCH_SHARE = 2e-4
#: Below this share of the imaged area the field counts as reduced.
_REDUCED_SHARE = 0.8


@dataclass(frozen=True, eq=False)
class Field:
    """The readable field and the thin lines in it.

    ``readable`` (bool, photo shape) holds the thin lines; ``lines`` marks them.  ``share`` is the
    readable share of the imaged area, 0 to 1.
    """

    readable: Mask
    lines: Mask
    share: float
    flags: tuple[str, ...]


def check_field(shape: tuple[int, int], px_per_mm: float, settings: HairSettings) -> None:
    """Refuse a scale with which a photo shows more scalp than hairs are traced on.

    Raises
    ------
    ImplausibleScaleError
        The photo spans more than ``most_field_cm2``.
    """
    # Compared as sides: the area of a photo at 1e-300 px/mm is no number.
    height_cm, width_cm = (side / (10 * px_per_mm) for side in shape)
    if height_cm > settings.most_field_cm2 / width_cm:
        raise ImplausibleScaleError(
            f"At {px_per_mm:.4g} px/mm the photo shows {width_cm:.3g} × {height_cm:.3g} cm of "
            f"scalp; hairs are traced on up to {settings.most_field_cm2:g} cm²."
        )


def find_field(
    shape: tuple[int, int], graphics: Graphics, quality: Quality, settings: HairSettings
) -> Field:
    """Return the readable field of a photo of this (height, width)."""
    flags: list[str] = []
    row0, row1, col0, col1 = graphics.content
    imaged = np.zeros(shape, bool)
    imaged[row0:row1, col0:col1] = True
    opaque = graphics.opaque
    thick = _opened(opaque & imaged, _THIN_LINE_PX)
    lines = (opaque | graphics.panel_text) & imaged & ~thick
    readable = imaged & ~thick
    if settings.field != "full":
        hidden = quality.glare | quality.dark | quality.blurred
        readable &= ~_without_small_patches(hidden, _SMALL_PATCH_SHARE * imaged.sum())
    share = float(readable.sum() / max(1, imaged.sum()))
    if settings.field == "circle":
        if graphics.circle is None:
            flags.append("no_circle")
        else:
            circle = graphics.circle
            y, x = np.ogrid[: shape[0], : shape[1]]
            inside = (x + 0.5 - circle.x_px) ** 2 + (y + 0.5 - circle.y_px) ** 2
            readable &= inside <= circle.radius_px**2
    if share < _REDUCED_SHARE:
        flags.append("field_reduced")
    return Field(readable, lines & readable, share, tuple(flags))


def counting_frame(field: Field, margin_px: float) -> Mask:
    """Return the field less a margin (px) along its edge; the photo's own edge is one.

    Raises
    ------
    NothingReadableError
        Nothing is left: on no area no hair can be counted, nor told to be none.
    """
    # A pixel's centre lies half a pixel inside the border of its own pixel.
    frame: Mask = distance_inside(field.readable, reach_px=margin_px + 0.5) - 0.5 >= margin_px
    if not frame.any():
        raise NothingReadableError(
            f"The guard margin of {margin_px:.0f} px leaves nothing of the field to count in.",
            remedy="Check the scale, or use a photo of a larger field.",
        )
    return frame


def distance_inside(mask: Mask, *, reach_px: float) -> Map:
    """Return how far each pixel of a mask lies from the nearest one that is not in it, px.

    Beyond the picture's edge nothing is in it.  Distances are exact up to `reach_px`, what lies
    farther inside has some distance beyond that: holes are looked at only where they are near.
    """
    height, width = mask.shape
    down, across = (
        np.minimum(np.arange(1, side + 1), np.arange(side, 0, -1)).astype(np.float32)
        for side in mask.shape
    )
    distance = np.minimum(down[:, None], across)
    reach = math.ceil(reach_px) + 1
    outlines, _ = cv2.findContours(
        np.asarray(~mask, np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    boxes = [cv2.boundingRect(outline) for outline in outlines]
    around = sum((wide + 2 * reach) * (high + 2 * reach) for _, _, wide, high in boxes)
    for left, top, wide, high in boxes if around < mask.size else [(0, 0, width, height)]:
        near = (
            slice(max(0, top - reach), top + high + reach),
            slice(max(0, left - reach), left + wide + reach),
        )
        holes = cv2.distanceTransform(
            mask[near].astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE
        )
        np.minimum(distance[near], holes, out=distance[near])
    return distance


def _opened(mask: Mask, width_px: int) -> Mask:
    """Return the parts of a mask that are at least this wide, with their full outline."""
    if not mask.any():
        return mask
    core = cv2.erode(mask.astype(np.uint8), disc(width_px), borderValue=1)
    grown = cv2.dilate(core, disc(width_px + 4))
    opened: Mask = mask & grown.astype(bool)
    return opened


def _without_small_patches(mask: Mask, least_px: float) -> Mask:
    if not mask.any():
        return mask
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    is_large = stats[:, cv2.CC_STAT_AREA] >= least_px
    is_large[0] = False
    kept: Mask = is_large[labels]
    return kept
