"""Plain methods on L* that published tools use, fed the same regions of a face."""

from __future__ import annotations

import cv2
import numpy as np


def _by_otsu(pixels: np.ndarray, skin: np.ndarray) -> np.ndarray:
    lightness = _lightness(pixels)
    level, _ = cv2.threshold(
        lightness[skin].reshape(-1, 1), 0, 255, cv2.THRESH_BINARY + cv2.THRESH_OTSU
    )
    return (lightness <= level) & skin


def _by_adaptive(pixels: np.ndarray, skin: np.ndarray) -> np.ndarray:
    lightness = _lightness(pixels)
    block = max(int(np.sqrt(skin.sum()) / 4) | 1, 3)
    mask = cv2.adaptiveThreshold(
        lightness, 1, cv2.ADAPTIVE_THRESH_GAUSSIAN_C, cv2.THRESH_BINARY_INV, block, 4
    )
    return (mask > 0) & skin


def _lightness(pixels: np.ndarray) -> np.ndarray:
    return np.asarray(cv2.cvtColor(pixels, cv2.COLOR_RGB2Lab)[..., 0])


RIVALS = {"otsu": _by_otsu, "adaptive": _by_adaptive}
