"""Melasma on a synthetic face, from several models of border, texture and place.

For training: no single model of what a lesion looks like is to be learned.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import MELASMA_DIRECTION
from .face import random_field
from .portrait import Portrait

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def paint_blobs(
    portrait: Portrait,
    *,
    amplitude: float,
    cover: float,
    rng: np.random.Generator,
) -> tuple[Floats, Floats]:
    """Return a melasma density map (green) and its direction for a portrait.

    Patches come from a field, from ellipses with wandering borders, or from both, so that no
    single model of border and texture is learned.
    """
    shape = portrait.skin.shape
    width = portrait.face_width_px
    symmetric = rng.random() < 0.6
    zones = zone_bias(portrait, rng)
    length = width * np.exp(rng.uniform(np.log(0.07), np.log(0.3)))
    patches = random_field(shape, length, rng)
    if rng.random() < 0.5:
        patches = 0.5 * patches + _ellipses(portrait, int(rng.integers(2, 14)), rng)
    patches = patches + random_field(shape, 0.35 * length, rng) * rng.uniform(0, 0.35)
    if symmetric:
        middle = float(np.interp(0.0, portrait.u[shape[0] // 2], np.arange(shape[1])))
        flip = np.array([[-1, 0, 2 * middle], [0, 1, 0]], np.float32)
        other = cv2.warpAffine(patches, flip, shape[::-1], borderMode=cv2.BORDER_REFLECT)
        patches = patches + rng.uniform(0.4, 1.0) * other
    patches = patches / max(float(patches.std()), 1e-6) + zones
    inside = portrait.skin
    if rng.random() < 0.6:
        inside = inside & confined_skin(portrait, rng)
        if inside.sum() < 50:
            inside = portrait.skin
        patches = np.where(inside, patches, patches.min()).astype(np.float32)
        patches = np.asarray(cv2.GaussianBlur(patches, (0, 0), 0.01 * width), np.float32)
    level = float(np.quantile(patches[inside], 1 - cover))
    dy, dx = np.gradient(patches)
    near = (np.abs(patches - level) < 0.4) & inside
    slope = float(np.hypot(dx, dy)[near].mean()) if near.any() else 0.05
    ramp = max(width * rng.uniform(0.01, 0.07), 1.0)
    profile = np.clip(0.5 + (patches - level) / max(slope * ramp, 1e-6), 0, 1)
    profile = profile * profile * (3 - 2 * profile)
    grain = random_field(shape, width * rng.uniform(0.01, 0.06), rng)
    profile = profile * (1 - rng.uniform(0, 0.45) * np.clip(0.5 + 0.5 * grain, 0, 1))
    return (amplitude * profile).astype(np.float32), drawn_direction(rng)


def drawn_direction(rng: np.random.Generator, *, cone_deg: float = 17.0) -> Floats:
    """Return a direction within the cone around the melasma vector, green 1."""
    axis = np.array(MELASMA_DIRECTION) / np.linalg.norm(MELASMA_DIRECTION)
    side = rng.standard_normal(3)
    side -= side @ axis * axis
    side /= np.linalg.norm(side)
    angle = np.radians(rng.uniform(0, cone_deg))
    turned = np.cos(angle) * axis + np.sin(angle) * side
    return np.asarray(turned / turned[1], np.float32)


def zone_bias(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Return a bias that draws patches to forehead, cheeks, chin, or nowhere in particular."""
    u, v = portrait.u, portrait.v
    centres = {"forehead": (0, -0.85), "right": (-0.5, 0.3), "left": (0.5, 0.3), "chin": (0, 1.1)}
    bias = np.zeros(u.shape, np.float32)
    for x, y in centres.values():
        weight = rng.choice([-1.5, 0.0, 1.0, 2.0])
        spread = rng.uniform(0.25, 0.5)
        bias += weight * np.exp(-((u - x) ** 2 + (v - y) ** 2) / (2 * spread**2))
    return bias * np.float32(rng.random() < 0.75)


def confined_skin(portrait: Portrait, rng: np.random.Generator) -> Mask:
    """Return some of forehead, cheeks and chin: melasma often spares what lies between them."""
    # No border of a real zone is straight.
    wander = rng.uniform(0.0, 0.15)
    length = 0.3 * portrait.face_width_px
    u = portrait.u + wander * random_field(portrait.u.shape, length, rng)
    v = portrait.v + wander * random_field(portrait.u.shape, length, rng)
    parts = (
        v < -rng.uniform(0.45, 0.6),
        (np.abs(u) > rng.uniform(0.2, 0.4)) & (v > -0.1) & (v < rng.uniform(0.6, 1.0)),
        (v > rng.uniform(0.85, 1.0)) & (np.abs(u) < rng.uniform(0.3, 0.5)),
    )
    chosen = rng.random(3) < 0.75
    mask = np.zeros(u.shape, bool)
    for part, is_chosen in zip(parts, chosen, strict=True):
        if is_chosen:
            mask |= part
    return mask


def _ellipses(portrait: Portrait, count: int, rng: np.random.Generator) -> Floats:
    u, v = portrait.u, portrait.v
    wander = random_field(u.shape, 0.1 * portrait.face_width_px, rng)
    total = np.full(u.shape, -2.0, np.float32)
    for _ in range(count):
        x, y = rng.uniform(-0.85, 0.85), rng.uniform(-1.1, 1.2)
        a, b = np.exp(rng.uniform(np.log(0.06), np.log(0.5), 2))
        t = rng.uniform(0, np.pi)
        p = ((u - x) * np.cos(t) + (v - y) * np.sin(t)) / a
        q = ((v - y) * np.cos(t) - (u - x) * np.sin(t)) / b
        total = np.maximum(total, 1 - np.hypot(p, q) + 0.25 * wander)
    return total * 1.5
