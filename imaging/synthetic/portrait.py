"""Clear synthetic faces and skin: what light, shape, camera and blemishes do to normal skin.

For training and for sample patches.  No photograph goes in: a face is a height map under lamps, its
skin a mixture of melanin and haemoglobin, its camera a curve and noise.  It need not please the
eye; it has to hold every smooth, sharp, dark or red thing on clear skin that is not melasma.
Lengths are shares of the face width.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.colour import MELASMA_DIRECTION
from .face import random_field

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

HAEMOGLOBIN = np.array([0.26, 1.0, 0.88], np.float32)
#: Soft shadow: nearly grey, a little stronger in blue where the lamp is warm.
NEUTRAL = np.array([1.0, 1.0, 1.0], np.float32)
BEARD = np.array([1.05, 1.0, 0.85], np.float32)

#: Where faces are hollow and dark: distance from the middle, height, half width and half height.
#: Under the lip, beside the nose, inner eye, under the eye, cheek, jaw, root of the nose,
#: temple, round the mouth, the nose itself.
HOLLOWS = (
    (0.0, 0.98, 0.3, 0.07),
    (0.22, 0.42, 0.08, 0.15),
    (0.22, -0.12, 0.08, 0.1),
    (0.42, -0.02, 0.2, 0.06),
    (0.7, 0.5, 0.2, 0.3),
    (0.5, 1.05, 0.3, 0.12),
    (0.0, -0.45, 0.12, 0.12),
    (0.85, -0.1, 0.1, 0.4),
    (0.0, 0.75, 0.5, 0.3),
    (0.0, 0.15, 0.2, 0.35),
)


@dataclass(frozen=True, eq=False)
class Portrait:
    """A clear face.

    Parameters
    ----------
    density : ndarray of float32, shape (h, w, 3)
        Optical density of linear R, G, B as the camera gives it.
    skin : ndarray of bool, shape (h, w)
        Skin that a region finder would call readable.
    u, v : ndarray of float32, shape (h, w)
        Face coordinates: u runs −1 to 1 from ear to ear, v downwards in the same unit.
    face_width_px : float
    """

    density: Floats
    skin: Mask
    u: Floats
    v: Floats
    face_width_px: float


def make_portrait(
    shape: tuple[int, int],
    *,
    face_width_px: float,
    rng: np.random.Generator,
    is_patch: bool = False,
) -> Portrait:
    """Return a clear face, or (``is_patch``) an even field of skin that fills the picture."""
    height, width = shape
    rows, cols = np.mgrid[:height, :width].astype(np.float32)
    half = face_width_px / 2
    u = (cols - width * (0.5 + 0.04 * rng.standard_normal())) / half
    v = (rows - height * (0.47 + 0.04 * rng.standard_normal())) / half
    if is_patch:
        # A crop shows a part of the face, and never runs beyond it.
        u = np.float32(0.6) * u + np.float32(rng.uniform(-0.35, 0.35))
        v = np.float32(0.6) * v + np.float32(rng.uniform(-0.4, 0.5))
    tilt = rng.normal(0, 0.06)
    u, v = u + tilt * v, v - tilt * u
    skin = _skin_mask(u, v, rng) if not is_patch else np.ones(shape, bool)
    density = _skin_density(shape, face_width_px, u, v, rng)
    light, shine = _light(u, v, face_width_px, rng)
    seen = light * np.power(np.float32(10), -density) + shine
    seen = np.clip(seen / np.quantile(seen, 0.99), 0.004, 1.2).astype(np.float32)
    density = _camera(-np.log10(seen), face_width_px, rng)
    density += _blemishes(shape, u, v, face_width_px, rng)
    if not is_patch:
        density += _rim(skin, face_width_px, rng)
    density += _mottle(shape, face_width_px, rng)
    # From portraits that were smoothed, or reduced from 12 MP, to coarse skin in poor light.
    texture = random_field(shape, 0.02 * face_width_px, rng)
    texture = texture * np.exp(rng.uniform(np.log(0.0005), np.log(0.02)))
    grain = rng.standard_normal((*shape, 3)) * np.exp(rng.uniform(np.log(0.0002), np.log(0.008)))
    density = (density + texture[..., None] + grain).astype(np.float32)
    return Portrait(density, skin, u, v, face_width_px)


def _skin_mask(u: Floats, v: Floats, rng: np.random.Generator) -> Mask:
    wide, high = rng.uniform(0.88, 1.02), rng.uniform(1.2, 1.5)
    mask = (np.abs(u / wide) ** 2.3 + np.abs((v - 0.05) / high) ** 2.5) < 1
    mask &= v > -rng.uniform(0.75, 1.3) + 0.3 * u * u
    gap = rng.uniform(0.05, 0.14)
    for side in (-1, 1):
        x = side * rng.uniform(0.38, 0.48)
        mask &= ((u - x) / (0.2 + gap)) ** 2 + ((v + 0.22) / (0.07 + gap)) ** 2 > 1
        brow = (np.abs(u - x) < 0.28 + gap / 2) & (np.abs(v + 0.42 - 0.1 * (u - x) ** 2) < gap)
        mask &= ~brow
        nostril = ((u - side * 0.11) / 0.1) ** 2 + ((v - 0.42) / 0.06) ** 2 > 1
        mask &= nostril
    if rng.random() < 0.3:
        mask &= ~((np.abs(u) < 0.75) & (np.abs(v + 0.25) < rng.uniform(0.15, 0.3)))  # eye bar
    mouth = (u / rng.uniform(0.33, 0.42)) ** 2 + ((v - 0.78) / rng.uniform(0.1, 0.17)) ** 2 > 1
    mask &= mouth
    if rng.random() < 0.3:
        mask &= u < rng.uniform(0.5, 1.0)  # hair over one side, or a turned head
        if rng.random() < 0.5:
            mask = mask[:, ::-1].copy()
    return np.asarray(mask, np.bool_)


def _skin_density(
    shape: tuple[int, int], face_px: float, u: Floats, v: Floats, rng: np.random.Generator
) -> Floats:
    melanin = rng.uniform(0.05, 0.7)
    base = melanin * np.array(MELASMA_DIRECTION, np.float32) + 0.12 * HAEMOGLOBIN
    density = np.broadcast_to(base, (*shape, 3)).copy()
    tan = random_field(shape, face_px * rng.uniform(0.4, 1.0), rng) * rng.uniform(0, 0.02)
    density += tan[..., None] * np.array(MELASMA_DIRECTION, np.float32)
    flush = random_field(shape, face_px * rng.uniform(0.1, 0.5), rng) * rng.uniform(0, 0.04)
    cheeks = np.exp(-((np.abs(u) - 0.5) ** 2 + (v - 0.3) ** 2) / 0.08) * rng.uniform(0, 0.09)
    nose = np.exp(-(u**2 / 0.03 + (v - 0.25) ** 2 / 0.06)) * rng.uniform(0, 0.08)
    density += (flush + cheeks + nose)[..., None] * HAEMOGLOBIN
    lids = np.exp(-((np.abs(u) - 0.42) ** 2 / 0.05 + (v + 0.08) ** 2 / 0.012))
    density += (lids * rng.uniform(0, 0.15))[..., None] * np.array([0.8, 1.0, 0.95], np.float32)
    return density.astype(np.float32)


def _height(u: Floats, v: Floats, rng: np.random.Generator) -> Floats:
    def bump(x: float, y: float, a: float, b: float, h: float) -> Floats:
        h = h * rng.uniform(0.6, 1.4)
        return np.asarray(h * np.exp(-((u - x) ** 2 / a**2 + (v - y) ** 2 / b**2)), np.float32)

    z = rng.uniform(0.7, 1.1) * np.sqrt(np.clip(1.15 - 0.95 * u**2 - (v / 1.55) ** 2, 0.02, None))
    z = z + bump(0, 0.3, 0.16, 0.2, 0.3) + bump(0, -0.05, 0.11, 0.3, 0.16)
    z = z + bump(0, 0.75, 0.28, 0.13, 0.07) + bump(0, 1.12, 0.25, 0.16, 0.1)
    for side in (-1, 1):
        z = z - bump(side * 0.42, -0.2, 0.24, 0.13, 0.12) + bump(side * 0.5, 0.22, 0.25, 0.22, 0.09)
        z = z + bump(side * 0.4, -0.48, 0.3, 0.1, 0.06) + bump(side * 0.14, 0.4, 0.08, 0.08, 0.07)
    return np.asarray(z, np.float32)


def _light(u: Floats, v: Floats, face_px: float, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return the light that falls on the skin, and the white shine on it, shape (h, w, 3).

    Lamps on the face's shape, hollows, the soft or hard edge of a cast shadow.  Shine is white: it
    pales bright skin, which is why shaded skin looks more coloured.
    """
    z = cv2.GaussianBlur(_height(u, v, rng), (0, 0), max(0.012 * face_px, 0.5))
    dy, dx = np.gradient(z, 2 / face_px)
    norm = np.sqrt(dx * dx + dy * dy + 1)
    light = np.zeros((*u.shape, 3), np.float32)
    shine = np.zeros((*u.shape, 3), np.float32)
    gloss, haze = rng.uniform(0, 0.15), rng.uniform(0, 0.12)
    for strength in (1.0, rng.uniform(0, 0.7)):
        azimuth, elevation = rng.normal(0, 0.7), rng.uniform(-0.1, 1.1)
        lamp = np.array(
            [np.sin(azimuth) * np.cos(elevation), -np.sin(elevation), np.cos(azimuth)], np.float32
        )
        lamp /= np.linalg.norm(lamp)
        facing = np.clip((-dx * lamp[0] - dy * lamp[1] + lamp[2]) / norm, 0, None)
        half = lamp + np.array([0, 0, 1], np.float32)
        half /= np.linalg.norm(half)
        glance = np.clip((-dx * half[0] - dy * half[1] + half[2]) / norm, 0, 1)
        tint = 1 + 0.06 * rng.standard_normal(3).astype(np.float32)
        light += strength * facing[..., None].astype(np.float32) * tint
        lobe = gloss * glance ** rng.uniform(8, 40) + haze * facing
        shine += strength * lobe[..., None].astype(np.float32) * tint
    if rng.random() < 0.5:  # the edge of a cast shadow
        t = rng.uniform(0, 2 * np.pi)
        edge = np.cos(t) * u + np.sin(t) * v - rng.uniform(-0.9, 0.9)
        bend = 0.2 * random_field(u.shape, rng.uniform(0.2, 0.6) * face_px, rng)
        fall = 1 / (1 + np.exp(-(edge + bend) / np.exp(rng.uniform(np.log(0.02), np.log(0.3)))))
        kept = (1 - rng.uniform(0.05, 0.7) * fall)[..., None].astype(np.float32)
        light, shine = light * kept, shine * kept
    hollow = cv2.GaussianBlur(z, (0, 0), 0.06 * face_px) - z
    ambient = rng.uniform(0.08, 0.8) * np.exp(-rng.uniform(0, 8) * np.clip(hollow, -0.1, 0.2))
    light += ambient[..., None] * (1 + 0.1 * rng.standard_normal(3).astype(np.float32))
    sway = random_field(u.shape, face_px * rng.uniform(0.25, 0.8), rng) * rng.uniform(0, 0.1)
    light *= np.power(np.float32(10), -sway)[..., None]
    return np.maximum(light, 0.01).astype(np.float32), shine.astype(np.float32)


def _camera(density: Floats, face_px: float, rng: np.random.Generator) -> Floats:
    """Return the density after a tone curve on each channel and a change of saturation."""
    contrast, bend = rng.uniform(0.8, 1.3), rng.uniform(-0.25, 0.5)
    bent = contrast * (density + bend * density**2)
    grey = bent.mean(axis=-1, keepdims=True)
    seen = grey + rng.uniform(0.75, 1.3) * (bent - grey)
    # Clear skin in real photos: where light falls off, blue falls off faster than red (0.25 to 0.9
    # of the luminance step), by light that passes through skin, shine, and the tone curve.
    slope = rng.uniform(0.0, 1.05) * np.array([-0.5, -0.05, 0.5], np.float32)
    seen = seen + (grey - np.median(grey)) * slope
    # What is left of blue against red then still varies by 0.03 to 0.06 over a fifth of the face.
    yellow = random_field(seen.shape[:2], face_px * np.exp(rng.uniform(-2.5, -0.5)), rng)
    yellow = yellow * rng.uniform(0.005, 0.05)
    seen = seen + yellow[..., None] * np.array([-0.5, 0.0, 0.5], np.float32)
    return np.asarray(seen, np.float32)


def _mottle(shape: tuple[int, int], face_px: float, rng: np.random.Generator) -> Floats:
    """Return the colour mottle of clear skin and of JPEG, from 3 to 40 mm, without lightness.

    Set to what clear faces show: green against red and blue varies by 0.004 to 0.006 at every
    scale, blue against red by 0.01 to 0.02.
    """
    total = np.zeros((*shape, 3), np.float32)
    smoothed = np.exp(rng.uniform(np.log(0.08), np.log(1.1)))  # portraits are often retouched
    for share in (0.02, 0.05, 0.12, 0.3):
        yellow = random_field(shape, share * face_px, rng) * rng.uniform(0.003, 0.022)
        pink = random_field(shape, share * face_px, rng) * rng.uniform(0.002, 0.012)
        total += yellow[..., None] * np.array([-0.5, 0.0, 0.5], np.float32)
        total += pink[..., None] * np.array([-0.33, 0.67, -0.33], np.float32)
    return np.asarray(total * smoothed, np.float32)


def _blemishes(
    shape: tuple[int, int], u: Floats, v: Floats, face_px: float, rng: np.random.Generator
) -> Floats:
    """Return what clear skin carries: folds, wrinkles, beard, freckles, moles, red spots, hairs."""
    scale = 4 if face_px < 200 else 1
    lines = np.zeros((shape[0] * scale, shape[1] * scale), np.float32)
    line_px = face_px * scale

    def place(x: float, y: float) -> tuple[int, int]:
        row = int(np.interp(y, v[:, shape[1] // 2], np.arange(shape[0])) * scale)
        return int(np.interp(x, u[shape[0] // 2], np.arange(shape[1])) * scale), row

    for side in (-1, 1):  # nasolabial folds
        if rng.random() < 0.6:
            out = np.array([0.2, 0.32, 0.42, 0.46]) + rng.normal(0, 0.03, 4)
            deep = np.array([0.35, 0.5, 0.7, 0.9]) + rng.normal(0, 0.03, 4)
            path = np.array([place(side * a, b) for a, b in zip(out, deep, strict=True)], np.int32)
            cv2.polylines(lines, [path], False, rng.uniform(0.05, 0.25), int(line_px * 0.03) + 1)
    for _ in range(int(rng.integers(0, 4))):  # forehead lines
        y = -rng.uniform(0.55, 1.1)
        heights = [float(y + rng.normal(0, 0.02)) for _ in range(4)]
        level = list(zip((-0.5, -0.2, 0.2, 0.5), heights, strict=True))
        path = np.array([place(across, down) for across, down in level], np.int32)
        cv2.polylines(lines, [path], False, rng.uniform(0.02, 0.12), int(line_px * 0.012) + 1)
    lines = _blurred(lines, line_px * rng.uniform(0.01, 0.025))
    hairs = np.zeros_like(lines)
    for _ in range(int(rng.integers(0, 5)) if rng.random() < 0.3 else 0):
        ends = [place(*rng.uniform(-1, 1, 2)), place(*rng.uniform(-1, 1, 2))]
        cv2.line(hairs, ends[0], ends[1], rng.uniform(0.1, 0.5), max(int(line_px * 0.006), 1))
    spots = np.zeros_like(lines)
    freckles = int(rng.integers(0, 120)) if rng.random() < 0.4 else int(rng.integers(0, 8))
    for _ in range(freckles):
        centre = place(rng.uniform(-0.9, 0.9), rng.uniform(-1.1, 1.2))
        radius = max(int(line_px * rng.uniform(0.003, 0.011)), 1)
        cv2.circle(spots, centre, radius, rng.uniform(0.03, 0.3), -1)
    for _ in range(int(rng.integers(0, 6))):
        centre = place(rng.uniform(-0.9, 0.9), rng.uniform(-1.1, 1.2))
        cv2.circle(
            spots, centre, int(line_px * rng.uniform(0.006, 0.02)) + 1, rng.uniform(0.1, 0.6), -1
        )
    red = np.zeros_like(lines)
    for _ in range(int(rng.integers(0, 15))):
        centre = place(rng.uniform(-0.9, 0.9), rng.uniform(-1.1, 1.2))
        cv2.circle(
            red, centre, int(line_px * rng.uniform(0.006, 0.05)) + 1, rng.uniform(0.02, 0.08), -1
        )
    red = _blurred(red, line_px * rng.uniform(0.006, 0.02))

    def reduce(image: Floats) -> Floats:
        small = cv2.resize(image, shape[::-1], interpolation=cv2.INTER_AREA)
        return np.asarray(small[..., None], np.float32)

    brown = np.array(MELASMA_DIRECTION, np.float32)
    total = reduce(lines + hairs) * NEUTRAL + reduce(spots) * brown + reduce(red) * HAEMOGLOBIN
    if rng.random() < 0.3:  # beard shadow
        jaw = np.clip((v - 0.55 + 0.25 * np.abs(u)) * 4, 0, 1) + np.exp(
            -(u**2 / 0.1 + (v - 0.6) ** 2 / 0.01)
        )
        stubble = 1 + 0.3 * random_field(shape, 0.02 * face_px, rng)
        total += (np.clip(jaw, 0, 1) * stubble * rng.uniform(0.02, 0.15))[..., None] * BEARD
    for across, down, wide, high in HOLLOWS:
        strength = max(0.0, rng.uniform(-0.05, 0.14))
        spans = wide * rng.uniform(0.6, 1.5), high * rng.uniform(0.6, 1.5)
        dark = np.exp(-(((np.abs(u) - across) / spans[0]) ** 2) - ((v - down) / spans[1]) ** 2)
        tint = rng.uniform(-0.1, 0.35) * np.array([-1.0, 0.0, 1.0], np.float32)
        total += (strength * dark)[..., None] * (NEUTRAL + tint)
    if rng.random() < 0.4:  # shine
        for _ in range(int(rng.integers(1, 5))):
            across, down = rng.uniform(-0.7, 0.7), rng.uniform(-1.0, 1.1)
            a, b = rng.uniform(0.05, 0.25, 2)
            shine = np.exp(-(((u - across) / a) ** 2 + ((v - down) / b) ** 2))
            total -= (shine * rng.uniform(0.02, 0.12))[..., None] * np.array(
                [0.9, 1, 1.1], np.float32
            )
    return np.asarray(total, np.float32)


def _rim(skin: Mask, face_px: float, rng: np.random.Generator) -> Floats:
    """Return the dark leak of hair, brows and lips just inside the edge of the skin mask."""
    inside = cv2.distanceTransform(skin.astype(np.uint8), cv2.DIST_L2, 3) / face_px
    patchy = np.clip(0.3 + random_field(skin.shape, 0.15 * face_px, rng), 0, 1.5)
    leak = patchy * np.exp(-inside / rng.uniform(0.005, 0.03)) * rng.uniform(0, 0.3)
    return np.asarray(leak[..., None] * NEUTRAL, np.float32)


def _blurred(image: Floats, sigma_px: float) -> Floats:
    return np.asarray(cv2.GaussianBlur(image, (0, 0), sigma_px), np.float32)
