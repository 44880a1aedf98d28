"""What a poor photograph does to skin: a veil of stray light, low contrast, noise, eight bits.

For training: lesions are painted on skin, then the whole is photographed.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import linear_light, srgb_pixels

Floats = NDArray[np.float32]

#: Least linear light that a dim picture of eight bits holds.
DARKEST = 1e-4


def develop(
    density: Floats, added: Floats, direction: Floats, *, rng: np.random.Generator
) -> tuple[Floats, Floats, float]:
    """Return what a poor photograph shows of a lesion and of all, and the contrast that is left.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of the painted skin.
    added : ndarray of float32, shape (h, w)
        What the lesion adds to it in green.
    direction : ndarray of float32, shape (3,)
        Of the lesion's colour, green 1.
    rng : numpy.random.Generator

    Returns
    -------
    added : ndarray of float32, shape (h, w)
        What the lesion adds in green to the photograph.
    density : ndarray of float32, shape (h, w, 3)
        Of the photograph, noise and all.
    contrast : float
        Density of the photograph per density of the skin where it is as dark as in the middle.
    """
    middle = np.median(density, axis=(0, 1)).astype(np.float32)
    contrast = math.exp(rng.uniform(math.log(0.6), math.log(1.15)))
    veil = rng.uniform(0, 0.25) if rng.random() < 0.5 else 0.0

    def curve(skin: Floats) -> Floats:
        light = np.power(np.float32(10), -contrast * skin)
        return np.asarray(-np.log10((light + veil) / (1 + veil)), np.float32)

    painted = density - middle
    seen = curve(painted)
    added = seen[..., 1] - curve(painted[..., 1] - added * direction[1])
    noise = math.exp(rng.uniform(math.log(0.001), math.log(0.012)))
    grain = rng.standard_normal(seen.shape).astype(np.float32)
    if rng.random() < 0.5:  # noise that a camera smoothed, or JPEG made coarse
        grain = np.asarray(cv2.GaussianBlur(grain, (0, 0), rng.uniform(0.5, 1.5)), np.float32)
        grain /= max(float(grain.std()), 1e-6)
    seen = seen + np.float32(noise) * grain
    if rng.random() < 0.3:  # eight bits of a dim picture, made coarse by smoothing
        level = math.exp(rng.uniform(math.log(0.03), math.log(0.3)))
        pixels = srgb_pixels(np.float32(level) * np.power(np.float32(10), -seen))
        light = np.maximum(linear_light(pixels), DARKEST)
        seen = np.asarray(-np.log10(light / level), np.float32)
    return np.asarray(added, np.float32), seen, contrast / (1 + veil)
