"""Colour of skin: linear light, CIELAB, typology angle, melanin and erythema index, chromophores.

Every function takes upright sRGB pixels or linear RGB of shape (h, w, 3) (or any leading shape) and
returns float32.  Optical density is log10(1 / linear light), one number per channel.

References
----------
Chardon 1991, 10.1111/j.1467-2494.1991.tb00561.x (ITA); Takiwaki 2002 (melanin and erythema index
of a camera).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Optical density per unit of melanin, of haemoglobin and of shading in R, G, B of linear sRGB.
#: Fixed: an independent-component analysis of each image is ambiguous in sign and order.
OD_VECTORS = np.array(
    [[0.0246, 0.0316, 0.0394], [0.0193, 0.0755, 0.0666], [1.0, 1.0, 1.0]], dtype=np.float64
)

#: Optical density that melasma adds in R, G, B per unit in green, as measured on 54 faces.
MELASMA_DIRECTION = (0.73, 1.00, 1.15)

#: Least linear light that is told from black: half a step of 8 bits at the dark end.
MIN_LINEAR = 0.5 / 255 / 12.92

#: Luminance of linear sRGB (IEC 61966-2-1).
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)


def _linear_table() -> Floats:
    value = np.arange(256, dtype=np.float64) / 255
    curve = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    return curve.astype(np.float32)


_LINEAR = _linear_table()


def linear_light(pixels: NDArray[np.uint8]) -> Floats:
    """Return linear RGB in 0..1 of 8-bit sRGB (IEC 61966-2-1)."""
    # OpenCV's look-up takes a quarter of the time of an index array.
    light = cv2.LUT(np.ascontiguousarray(pixels).reshape(1, -1), _LINEAR[None])
    return np.asarray(light, dtype=np.float32).reshape(pixels.shape)


def srgb_pixels(linear: Floats) -> NDArray[np.uint8]:
    """Return 8-bit sRGB of linear RGB; light outside 0..1 is clipped."""
    value = np.clip(linear, 0.0, 1.0)
    curve = np.where(value <= 0.0031308, value * 12.92, 1.055 * value ** (1 / 2.4) - 0.055)
    return np.asarray(np.round(curve * 255), dtype=np.uint8)


def lab_of(linear: Floats) -> Floats:
    """Return CIELAB (D65, 2°) of linear RGB, shape (h, w, 3): L* 0..100, a*, b*."""
    return np.asarray(cv2.cvtColor(linear, cv2.COLOR_LRGB2Lab), dtype=np.float32)


def typology_angle_deg(lab: Floats) -> Floats:
    """Return the individual typology angle, atan2(L* − 50, b*)·180/π, last axis L*, a*, b*.

    Absolute values mean something only under a verified colour chart.
    """
    angle = np.degrees(np.arctan2(lab[..., 0] - 50.0, lab[..., 2]))
    return np.asarray(angle, dtype=np.float32)


def optical_density(linear: Floats) -> Floats:
    """Return log10(1 / light) of each channel; light is floored at half an 8-bit step."""
    return np.asarray(-np.log10(np.maximum(linear, MIN_LINEAR)), dtype=np.float32)


def melanin_index(density: Floats) -> Floats:
    """Return 100·log10(1/R) of optical density, last axis R, G, B."""
    return np.asarray(100.0 * density[..., 0], dtype=np.float32)


def erythema_index(density: Floats) -> Floats:
    """Return 100·(log10(1/G) − log10(1/R)) of optical density, last axis R, G, B."""
    return np.asarray(100.0 * (density[..., 1] - density[..., 0]), dtype=np.float32)


def unmix(density: Floats) -> Floats:
    """Return amounts of melanin, haemoglobin and shading, last axis in that order.

    The melanin vector lies 10° from shading, so the two trade noise against each other: their sum
    is far better known than either.  Amounts are relative; only differences on one face mean
    anything.
    """
    inverse = np.linalg.inv(OD_VECTORS).astype(np.float32)
    return np.asarray(density @ inverse, dtype=np.float32)


def lightness_of_density(density: Floats) -> Floats:
    """Return L* of optical density, last axis R, G, B (the L* of the same light)."""
    light = np.power(np.float32(10.0), -density) @ LUMINANCE
    return lightness_of_luminance(np.asarray(light, dtype=np.float32))


def lightness_of_luminance(luminance: Floats) -> Floats:
    """Return L* (0..100) of relative luminance (0..1)."""
    cube = np.cbrt(np.maximum(luminance, 0.0))
    low = luminance * (29 / 3) ** 3 / 116 + 4 / 29
    scale = np.where(luminance > (6 / 29) ** 3, cube, low)
    return np.asarray(116.0 * scale - 16.0, dtype=np.float32)
