"""Melasma of many families of border and texture, for training.

A network finds best the lesions that it was trained on, so no single family may rule.  A family
gives a *score*: the higher, the sooner a pixel is a lesion.  The score is cut at the level that
covers the wanted share of the skin; borders, their softness and what varies inside are drawn
afresh for each lesion.  Lengths are shares of the face width.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from .face import random_field
from .lesions import confined_skin, drawn_direction, paint_blobs, zone_bias
from .portrait import Portrait

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]

#: A border's way from nothing to full density, in shares of the face width.
SHARPEST_BORDER, SOFTEST_BORDER = 0.01, 0.16


def paint_shapes(
    portrait: Portrait, *, amplitude: float, cover: float, rng: np.random.Generator
) -> tuple[Floats, Floats]:
    """Return a melasma density map (green) and its direction, of a family drawn by chance.

    Parameters
    ----------
    portrait : Portrait
    amplitude : float
        Peak density; the lesion is where the map reaches half of it.
    cover : float
        Wanted share of the skin, 0 to 1.
    rng : numpy.random.Generator
    """
    if rng.random() < 0.2:
        return paint_blobs(portrait, amplitude=amplitude, cover=cover, rng=rng)
    families = (_fractal, _islands, _heaps, _confetti, _streaks, _net)
    score = families[rng.integers(len(families))](portrait, rng)
    if rng.random() < 0.25:
        other = families[rng.integers(len(families))](portrait, rng)
        score = score + rng.uniform(0.3, 1.0) * other
    score = score / max(float(score.std()), 1e-6) + 0.8 * zone_bias(portrait, rng)
    if rng.random() < 0.5:
        score = score + rng.uniform(0.3, 1.0) * _flipped(score, portrait)
    place = np.ones(score.shape, bool)
    if rng.random() < 0.6:
        confined = confined_skin(portrait, rng)
        if (confined & portrait.skin).sum() >= 50:
            place = confined
    # Skin alone is ranked, but a lesion runs on under brows and hair: no border where skin ends.
    level = float(np.quantile(score[portrait.skin & place], 1 - cover))
    depth = _depth((score >= level) & place)
    profile = _border(depth, score - level, portrait, rng)
    return (amplitude * profile * _texture(portrait, rng)).astype(np.float32), drawn_direction(rng)


def _depth(lesion: Mask) -> Floats:
    """Return the distance to the border, in pixels: positive inside, negative outside."""
    inner = cv2.distanceTransform(lesion.astype(np.uint8), cv2.DIST_L2, 5)
    outer = cv2.distanceTransform((~lesion).astype(np.uint8), cv2.DIST_L2, 5)
    return np.asarray(np.where(lesion, inner - 0.5, 0.5 - outer), np.float32)


def _border(depth: Floats, rise: Floats, portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Return 0 to 1 across the border; 0.5 on it, so that softness moves no area."""
    width = portrait.face_width_px
    ramp = math.exp(rng.uniform(math.log(SHARPEST_BORDER), math.log(SOFTEST_BORDER))) * width
    sway: Floats | float = 0.0
    if rng.random() < 0.5:  # sharp here, soft there
        sway = rng.uniform(0.2, 0.9) * random_field(depth.shape, 0.4 * width, rng)
    ramp_px = np.maximum(ramp * np.exp(sway), 1.0)
    if rng.random() < 0.3:  # as steep as the score itself: wide slopes, thin bridges
        dy, dx = np.gradient(rise)
        slope = max(float(np.hypot(dx, dy)[portrait.skin].mean()), 1e-6)
        depth = np.asarray(rise / slope, np.float32)
    share = np.clip(0.5 + depth / ramp_px, 0, 1)
    if rng.random() < 0.5:
        share = share * share * (3 - 2 * share)
    return np.asarray(share, np.float32)


def _texture(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Return what varies inside a lesion, 0.5 to 1 nearly everywhere."""
    shape, width = portrait.skin.shape, portrait.face_width_px
    total = np.ones(shape, np.float32)
    for share, chance, most in ((0.015, 0.4, 0.35), (0.05, 0.5, 0.4), (0.4, 0.5, 0.45)):
        if rng.random() < chance:  # grain, mottle, one side paler than the other
            field = random_field(shape, share * width * rng.uniform(0.6, 1.6), rng)
            total *= 1 - rng.uniform(0, most) * np.clip(0.5 + 0.5 * field, 0, 1)
    if rng.random() < 0.15:  # pores and small spared points
        field = random_field(shape, 0.03 * width, rng)
        total *= 1 - rng.uniform(0.3, 0.9) * np.clip(field - rng.uniform(1, 2), 0, 1)
    return total


def _fractal(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Mottled at several scales at once."""
    width, length = portrait.face_width_px, math.exp(rng.uniform(math.log(0.2), math.log(0.8)))
    roughness = rng.uniform(0.3, 0.9)
    total = np.zeros(portrait.skin.shape, np.float32)
    for octave in range(5):
        field = random_field(total.shape, length * width / 2**octave, rng)
        total += roughness**octave * field
    return total


def _islands(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Sheets with round spared places."""
    u, v = _warped(portrait, rng)
    nearest = np.full(u.shape, 4.0, np.float32)
    for _ in range(int(rng.integers(3, 40))):
        x, y = rng.uniform(-0.95, 0.95), rng.uniform(-1.2, 1.3)
        radius = math.exp(rng.uniform(math.log(0.03), math.log(0.3)))
        stretch = math.exp(rng.uniform(-0.6, 0.6))
        nearest = np.minimum(
            nearest, np.hypot((u - x) * stretch, (v - y) / stretch) - np.float32(radius)
        )
    return nearest


def _heaps(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Stains that fade outwards, few and large."""
    u, v = _warped(portrait, rng)
    total = np.zeros(u.shape, np.float32)
    for _ in range(int(rng.integers(1, 9))):
        x, y = rng.uniform(-0.8, 0.8), rng.uniform(-1.1, 1.2)
        a, b = np.exp(rng.uniform(math.log(0.12), math.log(0.7), 2))
        t = rng.uniform(0, math.pi)
        p = ((u - x) * math.cos(t) + (v - y) * math.sin(t)) / a
        q = ((v - y) * math.cos(t) - (u - x) * math.sin(t)) / b
        total += rng.uniform(0.4, 1.0) * np.exp(-0.5 * (p * p + q * q)).astype(np.float32)
    return total


def _confetti(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Small pieces, from freckles to thumbnails, crowded in places until they merge."""
    u, v = _warped(portrait, rng, most=0.1)
    count = int(rng.integers(60, 250))
    crowds = np.stack([rng.uniform(-0.7, 0.7, 5), rng.uniform(-1, 1.1, 5)], axis=1)
    spread = rng.uniform(0.1, 0.6)
    places = crowds[rng.integers(5, size=count)] + spread * rng.standard_normal((count, 2))
    radii = np.exp(rng.normal(math.log(rng.uniform(0.03, 0.09)), 0.5, count))
    order = rng.random(count)
    total = -np.full(u.shape, 1.0, np.float32)
    step = 2 / portrait.face_width_px
    for (x, y), radius, rank in zip(places, radii, order, strict=True):
        # Only the box round a piece is touched: there are many of them.
        row, col = np.unravel_index(
            int(np.argmin(np.abs(portrait.u - x) + np.abs(portrait.v - y))), u.shape
        )
        reach = int((2.2 * radius + 0.2) / step) + 2
        box = (
            slice(max(int(row) - reach, 0), int(row) + reach),
            slice(max(int(col) - reach, 0), int(col) + reach),
        )
        near = 1 - np.hypot(u[box] - x, v[box] - y) / radius
        piece = np.where(near > -1, 0.6 * np.clip(near, -1, 0.3) + rank, -1.0)
        total[box] = np.maximum(total[box], piece.astype(np.float32))
    return total + 0.05 * random_field(u.shape, 0.2 * portrait.face_width_px, rng)


def _streaks(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Bands along a direction that turns over the face."""
    u, v = _warped(portrait, rng, most=0.12)
    t = rng.uniform(0, math.pi)
    long, short = rng.uniform(0.3, 1.0), rng.uniform(0.05, 0.2)
    along = ((u * math.cos(t) + v * math.sin(t)) / long).astype(np.float32)
    across = ((v * math.cos(t) - u * math.sin(t)) / short).astype(np.float32)
    # A field on a table of its own, read where the bent face coordinates point.
    table = random_field((160, 160), 6.0, rng)
    return np.asarray(
        cv2.remap(
            table, 80 + 6 * along, 80 + 6 * across, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REFLECT
        ),
        np.float32,
    )


def _net(portrait: Portrait, rng: np.random.Generator) -> Floats:
    """Ridges of a field: winding bands, and with more cover a sheet with gaps."""
    width = portrait.face_width_px
    field = random_field(portrait.skin.shape, rng.uniform(0.1, 0.5) * width, rng)
    other = random_field(portrait.skin.shape, rng.uniform(0.05, 0.2) * width, rng)
    return np.asarray(-np.abs(field) + rng.uniform(0, 0.4) * other, np.float32)


def _warped(
    portrait: Portrait, rng: np.random.Generator, *, most: float = 0.2
) -> tuple[Floats, Floats]:
    """Return face coordinates bent at two lengths: no border of a lesion is a circle."""
    u, v = portrait.u, portrait.v
    for share, strength in ((0.35, most), (0.08, 0.3 * most)):
        amount = rng.uniform(0, strength)
        u = u + amount * random_field(u.shape, share * portrait.face_width_px, rng)
        v = v + amount * random_field(u.shape, share * portrait.face_width_px, rng)
    return u, v


def _flipped(score: Floats, portrait: Portrait) -> Floats:
    rows, cols = score.shape
    middle = float(np.interp(0.0, portrait.u[rows // 2], np.arange(cols)))
    flip = np.array([[-1, 0, 2 * middle], [0, 1, 0]], np.float32)
    other = cv2.warpAffine(score, flip, (cols, rows), borderMode=cv2.BORDER_REFLECT)
    return np.asarray(other, np.float32)
