"""What spoils a facial photo or looks like melasma and is not: added with a known strength.

Every function takes and returns upright sRGB, uint8, shape (h, w, 3); the input is unchanged.
Lengths are shares of the face width.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import MELASMA_DIRECTION, linear_light, srgb_pixels
from .face import random_field

Pixels = NDArray[np.uint8]
Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: Optical density of R, G, B per unit of haemoglobin, green 1.
HAEMOGLOBIN_DIRECTION = (0.26, 1.0, 0.88)

#: A freckle is 1 to 3 mm wide, a mole 2 to 6 mm, on a face of 135 mm.
FRECKLE_SHARES, MOLE_SHARES = (0.004, 0.011), (0.008, 0.022)


def add_freckles(
    pixels: Pixels, skin: Mask, *, count: int, face_width_px: float, rng: np.random.Generator
) -> Pixels:
    """Add sharp light-brown spots of 1 to 3 mm."""
    spots = _discs(skin, count, FRECKLE_SHARES, (0.06, 0.2), face_width_px, rng)
    return _darken(pixels, spots, MELASMA_DIRECTION)


def add_moles(
    pixels: Pixels, skin: Mask, *, count: int, face_width_px: float, rng: np.random.Generator
) -> Pixels:
    """Add sharp dark spots of 2 to 6 mm, more than 15 units of L* darker."""
    spots = _discs(skin, count, MOLE_SHARES, (0.35, 0.6), face_width_px, rng)
    return _darken(pixels, spots, MELASMA_DIRECTION)


def add_redness(
    pixels: Pixels,
    skin: Mask,
    *,
    density: float,
    face_width_px: float,
    rng: np.random.Generator,
) -> Pixels:
    """Add a blush of haemoglobin in soft patches; `density` is its optical density in green."""
    field = random_field(skin.shape, 0.2 * face_width_px, rng)
    patches = np.clip(field, 0, 1.5) / 1.5 * density
    return _darken(pixels, np.where(skin, patches, 0).astype(np.float32), HAEMOGLOBIN_DIRECTION)


def add_shadow(pixels: Pixels, *, density: float, from_left: bool, ramp_share: float) -> Pixels:
    """Add a neutral shadow on one side; `ramp_share` is its ramp as a share of the width."""
    cols = np.linspace(0, 1, pixels.shape[1], dtype=np.float32)
    place = cols if from_left else 1 - cols
    fall = 1 / (1 + np.exp((place - 0.35) / max(ramp_share, 1e-3) * 4))
    shadow = np.broadcast_to(density * fall, pixels.shape[:2])
    return _darken(pixels, np.asarray(shadow, np.float32), (1.0, 1.0, 1.0))


def add_glare(
    pixels: Pixels, skin: Mask, *, count: int, face_width_px: float, rng: np.random.Generator
) -> Pixels:
    """Add white reflections about 5 mm wide."""
    discs = _discs(skin, count, (0.02, 0.05), (0.5, 1.0), face_width_px, rng)
    shine = cv2.GaussianBlur(discs, (0, 0), max(0.01 * face_width_px, 0.5))
    return srgb_pixels((linear_light(pixels) + shine[..., None]).astype(np.float32))


def cover_eyes(
    pixels: Pixels, box: tuple[int, int, int, int], *, colour: tuple[int, int, int]
) -> Pixels:
    """Cover the box (row0, row1, col0, col1) with a plain bar."""
    out = pixels.copy()
    row0, row1, col0, col1 = box
    out[row0:row1, col0:col1] = colour
    return out


def change_light(pixels: Pixels, factors: tuple[float, float, float]) -> Pixels:
    """Multiply linear R, G, B: exposure when equal, a colour cast when not."""
    return srgb_pixels(linear_light(pixels) * np.array(factors, np.float32))


def compress(pixels: Pixels, *, quality: int) -> Pixels:
    """Return the photo after a JPEG of this quality (1 to 100)."""
    bgr = np.ascontiguousarray(pixels[..., ::-1])
    code = cv2.imencode(".jpg", bgr, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
    decoded = cv2.imdecode(code, cv2.IMREAD_COLOR)
    if decoded is None:
        raise ValueError("the JPEG that was just written cannot be read")
    return np.ascontiguousarray(decoded[..., ::-1], np.uint8)


def _discs(
    skin: Mask,
    count: int,
    shares: tuple[float, float],
    strengths: tuple[float, float],
    face_width_px: float,
    rng: np.random.Generator,
) -> Floats:
    """Return discs of random place, diameter and strength on the skin, drawn to 1/16 px."""
    out = np.zeros(skin.shape, np.float32)
    rows, cols = np.nonzero(skin)
    for _ in range(count if len(rows) else 0):
        i = int(rng.integers(len(rows)))
        radius = 0.5 * face_width_px * rng.uniform(*shares)
        layer = np.zeros(skin.shape, np.uint8)
        centre = (int(cols[i]) * 16, int(rows[i]) * 16)
        cv2.circle(layer, centre, round(radius * 16), 255, -1, cv2.LINE_AA, 4)
        out = np.maximum(out, layer.astype(np.float32) / 255 * np.float32(rng.uniform(*strengths)))
    return np.where(skin, out, 0).astype(np.float32)


def _darken(pixels: Pixels, density: Floats, direction: tuple[float, float, float]) -> Pixels:
    factor = np.power(np.float32(10), -density[..., None] * np.array(direction, np.float32))
    return srgb_pixels(linear_light(pixels) * factor)
