"""What belongs to a root and lies under the skin: the buried shaft, the follicle's mouth, halos.

Strengths that stand beside what they draw were set by eye, side by side with photographs, and by
the figures in `presets`; they are the drawing itself, not thresholds of a measurement.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from .skin import BLOOD, MELANIN, blur_wide
from .spec import HairColourName, ScalpSpec, TrueHair

Floats = NDArray[np.float32]

#: Optical depth per channel of a dark shaft seen through little and through more skin: short
#: wavelengths are scattered back before they reach it, so it looks blue-grey, then blue.
BURIED = np.array([1.0, 0.64, 0.42], np.float32)
BURIED_DEEP = np.array([1.0, 0.45, -0.05], np.float32)
#: How much of that a shaft of each colour shows.
DARKNESS: dict[HairColourName, float] = {
    "black": 1.0,
    "brown": 0.7,
    "blond": 0.25,
    "grey": 0.2,
    "white": 0.05,
}
#: Pieces of a buried shaft, each fainter and wider than the one before.
PIECES = 5


def bury_shafts(spec: ScalpSpec, hairs: list[TrueHair], *, rng: np.random.Generator) -> Floats:
    """Return the factor of light, shape (height, width, 3), of all that belongs to the roots.

    The shaft's faint, blurred, blue-grey continuation under the skin; the dark mouth of the
    follicle; a brownish halo; and the soft shadow of the shaft itself.
    """
    skin, scale = spec.skin, spec.px_per_mm
    shape = (spec.height_px, spec.width_px)
    near, deep, mouth, shade = (np.zeros(shape, np.float32) for _ in range(4))
    for hair in hairs:
        root, ahead = hair.path_px[0], hair.path_px[min(8, len(hair.path_px) - 1)]
        back = (root - ahead) / max(float(np.hypot(*(root - ahead))), 1e-6)
        weight = min(1.0, hair.diameter_um / 60.0) * DARKNESS[hair.colour]
        wide = max(1, round(hair.diameter_um / 1000.0 * scale))
        length = skin.subsurface_length_mm * rng.uniform(0.6, 1.3) * scale
        for layer, reach, level in ((near, 0.45 * length, 0.8), (deep, length, 1.0)):
            knots = root + back * np.linspace(0.0, reach, PIECES + 1)[:, None]
            ends = np.rint(knots * 8).astype(int).tolist()
            for k in range(PIECES):
                fade = level * weight * (1.0 - k / PIECES)
                cv2.line(layer, ends[k], ends[k + 1], fade, wide + k // 2, cv2.LINE_AA, 3)
        spot, radius = (
            np.rint(root * 8).astype(int).tolist(),
            round((0.6 * wide + 0.01 * scale) * 8),
        )
        cv2.circle(mouth, spot, radius, weight, -1, cv2.LINE_AA, 3)
        line = np.rint(hair.path_px[::6] * 8).astype(np.int32)
        cv2.polylines(shade, [line], False, weight, wide, cv2.LINE_AA, 3)
    buried = 1.1 * cv2.GaussianBlur(near, (0, 0), 0.018 * scale)[..., None] * BURIED
    buried = buried + 0.95 * blur_wide(deep, 0.045 * scale)[..., None] * BURIED_DEEP
    soft = blur_wide(mouth, 0.03 * scale)
    halo = blur_wide(mouth, 0.10 * scale)
    brown = (
        0.5 * skin.ostium * soft + 0.4 * skin.halo * halo + 0.5 * blur_wide(shade, 0.035 * scale)
    )
    depth = skin.subsurface * buried + brown[..., None] * (0.7 * MELANIN + 0.3 * BLOOD)
    return np.asarray(np.exp(-depth), np.float32)
