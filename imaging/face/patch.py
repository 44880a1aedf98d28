"""Patch mode: a crop of skin, or a polygon in it, as one region."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..errors import ImplausibleScaleError, NothingReadableError
from ..settings import FaceSettings
from .geometry import WorkingFrame
from .outlines import fill_polygon
from .skin import fit_skin

Mask = NDArray[np.bool_]

#: Label of the one region in masks.
PATCH_LABEL = 1

#: Darker (optical density) or farther in colour (spreads) than this is hair, brow, cloth or
#: background; the strongest lesions reach 0.25 and lie within 4 spreads.
MAX_DARKER, MIN_DARKER, MAX_COLOUR = 0.33, -0.3, 6.0
#: Luminance under this is a black background.
MIN_BRIGHTNESS = 0.01
#: Reach, as a share of the picture's side, by which the rim of what is no skin is left out.
RIM_SHARE = 0.01
#: Least share of the crop, or of its polygon, that must be skin.
MIN_SKIN_SHARE = 0.02


def patch_frame(photo_shape: tuple[int, ...], *, settings: FaceSettings) -> WorkingFrame:
    """Return the whole photo as working image, its longest side at most ``working_width_px``."""
    height, width = photo_shape[:2]
    scale = min(1.0, settings.working_width_px / max(height, width))
    rows, cols = max(1, round(height * scale)), max(1, round(width * scale))
    return WorkingFrame(0, height, 0, width, 0, scale, rows, cols)


def check_patch_length(
    photo_shape: tuple[int, ...], px_per_mm: float, *, settings: FaceSettings
) -> None:
    """Refuse a scale with which a crop is no larger than a lesion, and a face endless.

    Raises
    ------
    ImplausibleScaleError
        The longer side is shorter than ``least_patch_mm``.
    """
    longer_mm = max(photo_shape[:2]) / px_per_mm
    if longer_mm < settings.least_patch_mm:
        raise ImplausibleScaleError(
            f"At {px_per_mm:.4g} px/mm the crop is {longer_mm:.3g} mm long; one of "
            f"{settings.least_patch_mm:g} mm or more can be scored."
        )


def patch_outline(
    shape: tuple[int, ...], frame: WorkingFrame, polygon_px: tuple[tuple[float, float], ...]
) -> Mask:
    """Return the polygon (photo pixels) as a mask of the working image; all of it without one.

    Raises
    ------
    NothingReadableError
        The polygon lies outside the photo.
    """
    if len(polygon_px) < 3:
        return np.ones(shape[:2], np.bool_)
    points = frame.place_points(np.array(polygon_px, np.float32))
    mask = fill_polygon(shape, points)
    if not mask.any():
        raise NothingReadableError(
            f"The polygon lies outside the photo of {frame.col1} x {frame.row1} pixels.",
            remedy="Give polygon_px in pixels of the upright photo.",
        )
    return mask


def patch_skin(
    pixels: NDArray[np.uint8], outline: Mask, masked: Mask, *, face_width_px: float
) -> Mask:
    """Return the skin of a crop: no background, hair, brow, lip or burnt-in text.

    Raises
    ------
    NothingReadableError
        There is no skin in it.
    """
    allowed = outline & ~masked
    brightness = pixels.max(axis=2)
    lit = allowed & (brightness > 40)
    if lit.sum() < 64:
        raise NothingReadableError(
            "No skin was found in the crop, or in its polygon: it is black, masked or too small."
        )
    # Skin is what most of the lit middle is made of: seeds lie within its middle brightness.
    low, high = np.quantile(brightness[lit], (0.35, 0.95))
    seeds = lit & (brightness >= low) & (brightness <= high)
    maps = fit_skin(pixels, seeds, width_px=face_width_px)
    skin = (
        allowed
        & (maps.darker < MAX_DARKER)
        & (maps.darker > MIN_DARKER)
        & (maps.colour < MAX_COLOUR)
        & (maps.brightness > MIN_BRIGHTNESS)
    )
    size = max(round(RIM_SHARE * max(skin.shape)), 1) * 2 + 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    solid = cv2.morphologyEx(skin.astype(np.uint8), cv2.MORPH_CLOSE, disc)
    solid = cv2.erode(cv2.morphologyEx(solid, cv2.MORPH_OPEN, disc), disc, borderValue=1)
    result = (solid > 0) & allowed
    if result.sum() < MIN_SKIN_SHARE * outline.sum():
        raise NothingReadableError("Hardly any skin was found in the crop.")
    return np.asarray(result, np.bool_)
