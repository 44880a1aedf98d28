"""What the learned pigment segmenter looks at: a bank of filters on a small face.

A first classifier sees each pixel against its surroundings at six scales.  Later ones also see what
the classifier before them found: how a pixel differs from the normal skin near it and far from it,
and from the lesions.  So a patch is compared with this person's own normal skin, and the
comparison is repeated with a better idea of which skin is normal.
"""

from __future__ import annotations

import itertools

import cv2
import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

#: Density beyond which the rest of brows and deep shadow is clipped.
CLIP = 0.5
#: Inputs are scaled so that a strong lesion is about 1.
GAIN = 5.0
#: Luminance of linear sRGB (IEC 61966-2-1).
LUMINANCE = np.array([0.2126, 0.7152, 0.0722], dtype=np.float32)

#: Scales of the filters in pixels of a face 64 pixels wide: 1.3 to 40 mm.
SCALES = (0.6, 1.2, 2.4, 4.8, 9.6, 19.0)
#: Radii in which the lightest and the darkest skin is looked for.
RADII = (3, 6, 10, 16)
#: Scales at which normal skin and lesions are averaged; the last one is the whole face.
NORMAL_SCALES = (4.8, 9.6, 19.0, 40.0)


def prepare(density: Floats, skin: NDArray[np.bool_]) -> Floats:
    """Return a face as features see it, shape (h, w, 4).

    A quadratic surface is fitted to each channel over the skin and taken off: the brightness and
    colour of the photo, and light that falls across the face, tell nothing of pigment.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of R, G, B.
    skin : ndarray of bool, shape (h, w)

    Returns
    -------
    ndarray of float32
        Luminance, blue − red, green − (red + blue) / 2, each scaled by `GAIN`; the skin as 0 or 1.
    """
    rows, cols = np.nonzero(skin)
    spread = max(float(rows.std() + cols.std()), 1.0)
    grid_rows, grid_cols = np.mgrid[: skin.shape[0], : skin.shape[1]]
    y, x = (grid_rows - rows.mean()) / spread, (grid_cols - cols.mean()) / spread
    basis = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=-1)
    inside = basis[skin]
    # A breath of ridge on the slopes keeps a narrow strip of skin from bending the surface.
    normal = inside.T @ inside + 1e-3 * len(inside) * np.diag([0.0, 1, 1, 1, 1, 1])
    surface = basis @ np.linalg.solve(normal, inside.T @ density[skin].astype(np.float64))
    flat = GAIN * np.clip(density - surface, -CLIP, CLIP)
    flat[~skin] = 0
    red, green, blue = flat[..., 0], flat[..., 1], flat[..., 2]
    planes = [flat @ LUMINANCE, blue - red, green - 0.5 * (red + blue), skin]
    return np.stack(planes, axis=-1).astype(np.float32)


def local_features(face: Floats) -> Floats:
    """Return each pixel against its surroundings, shape (h, w, n); `face` is from `prepare`."""
    skin = np.ascontiguousarray(face[..., 3])
    cover = {scale: np.maximum(_blur(skin, scale), 1e-3) for scale in (*SCALES, 6.0)}
    planes: list[Floats] = []
    for channel in range(3):
        values = np.ascontiguousarray(face[..., channel])
        smooth = [np.asarray(_blur(values, s) / cover[s], np.float32) for s in SCALES]
        planes += [a - b for a, b in itertools.pairwise(smooth)]
        planes += [smooth[-1], smooth[1]]
        if channel == 2:
            continue
        for scale, plane in zip(SCALES[:3], smooth, strict=False):
            down, across = np.gradient(plane)
            planes.append(np.hypot(down, across) * scale)
        rough = (values - smooth[2]) ** 2 * skin
        planes += [np.sqrt(_blur(rough, scale) / cover[scale]) for scale in (2.4, 6.0)]
    planes += [_blur(skin, scale) for scale in SCALES[::2]]
    planes += _envelopes(np.asarray(_blur(face[..., 0] * skin, 1.0)), skin)
    return np.stack(planes, axis=-1).astype(np.float32)


def context_features(face: Floats, probability: Floats) -> Floats:
    """Return each pixel against normal skin and lesions as they were last found, (h, w, n)."""
    skin = np.ascontiguousarray(face[..., 3])
    lesion = probability * skin
    normal = (1 - probability) ** 2 * skin
    planes = [probability, *(_blur(lesion, scale) for scale in SCALES[1:])]
    fine = [_blur(face[..., c] * skin, 1.2) / np.maximum(_blur(skin, 1.2), 1e-3) for c in range(3)]
    for weight, scales in ((normal, NORMAL_SCALES), (lesion, NORMAL_SCALES[1:])):
        for scale in scales:
            total = _blur(weight, scale)
            planes.append(total)
            for channel in range(3):
                mean = _blur(face[..., channel] * weight, scale) / np.maximum(total, 1e-3)
                planes.append(np.clip(fine[channel] - mean, -4, 4))
    area = max(float(skin.sum()), 1.0)
    planes.append(np.full(skin.shape, float(lesion.sum()) / area, np.float32))
    for channel in range(3):
        values = face[..., channel]
        dark = float((values * lesion).sum()) / max(float(lesion.sum()), 1.0)
        light = float((values * normal).sum()) / max(float(normal.sum()), 1.0)
        planes.append(np.full(skin.shape, dark - light, np.float32))
    return np.stack(planes, axis=-1).astype(np.float32)


def _envelopes(luminance: Floats, skin: Floats) -> list[Floats]:
    """Return how far each pixel is from the lightest and the darkest skin around it."""
    light = np.where(skin > 0, luminance, 9.0).astype(np.float32)
    dark = np.where(skin > 0, luminance, -9.0).astype(np.float32)
    planes: list[Floats] = []
    for radius in RADII:
        disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
        least, most = cv2.erode(light, disc), cv2.dilate(dark, disc)
        planes += [np.clip(luminance - least, -1, 4), np.clip(most - luminance, -1, 4)]
        opened = _blur(np.clip(cv2.dilate(least, disc), -4, 4), radius / 2)
        planes.append(np.clip(luminance - opened, -2, 4))
    return [np.asarray(plane, np.float32) for plane in planes]


def _blur(values: NDArray[np.generic], sigma: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(np.asarray(values, np.float32), (0, 0), sigma), np.float32)
