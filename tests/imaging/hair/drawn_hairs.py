"""Small photographs of a few hairs drawn by hand, for tests of the tracing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.hair.evidence import ShaftEvidence
from imaging.hair.ridges import find_ridges
from imaging.hair.tracing import TracedHair, trace_hairs
from imaging.settings import HairSettings

Points = NDArray[np.float64]

PX_PER_MM = 110.0
SKIN = (205.0, 175.0, 155.0)
#: Optical density of a shaft in red, green and blue.
SHAFT = (1.4, 1.4, 1.4)
#: A vessel absorbs green and blue; ink of a skin marker absorbs red and green.
VESSEL = (0.15, 0.9, 0.7)
INK = (1.4, 0.9, 0.15)
#: The part under the skin: fainter, blue-grey, this long.
UNDER_SKIN = (0.45, 0.35, 0.20)
UNDER_SKIN_MM = 0.25
_FINE = 4


@dataclass(frozen=True, eq=False)
class Line:
    """One shaft in mm, root first; ``density`` per colour channel."""

    path_mm: Points
    width_um: float = 70.0
    density: tuple[float, float, float] = SHAFT
    is_rooted: bool = True

    @property
    def root_px(self) -> Points:
        return self.path_mm[0] * PX_PER_MM

    @property
    def tip_px(self) -> Points:
        return self.path_mm[-1] * PX_PER_MM

    @property
    def length_mm(self) -> float:
        return float(np.linalg.norm(np.diff(self.path_mm, axis=0), axis=1).sum())


def straight(
    x_mm: float,
    y_mm: float,
    *,
    angle_deg: float = 20.0,
    length_mm: float = 0.6,
    width_um: float = 70.0,
    density: tuple[float, float, float] = SHAFT,
    is_rooted: bool = True,
) -> Line:
    """Return a straight shaft from its root; 0° runs right, 90° down."""
    angle = np.deg2rad(angle_deg)
    steps = np.linspace(0.0, length_mm, 40)[:, None]
    path = np.array([x_mm, y_mm]) + steps * np.array([np.cos(angle), np.sin(angle)])
    return Line(path, width_um, density, is_rooted)


def curved(x_mm: float, y_mm: float, *, radius_mm: float, length_mm: float) -> Line:
    """Return a shaft that bends with one radius."""
    turn = np.linspace(0.0, length_mm / radius_mm, 60)
    path = radius_mm * np.column_stack([np.sin(turn), 1 - np.cos(turn)])
    return Line(path + np.array([x_mm, y_mm]))


def photograph(
    lines: Sequence[Line],
    *,
    size_mm: tuple[float, float] = (2.4, 2.0),
    skin: tuple[float, float, float] = SKIN,
    blur_px: float = 1.0,
    noise: float = 1.5,
    seed: int = 1,
    px_per_mm: float = PX_PER_MM,
) -> NDArray[np.uint8]:
    """Return skin with these shafts, uint8 RGB; light is taken off by density, then blurred."""
    width, height = (round(side * px_per_mm) for side in size_mm)
    density = np.zeros((height, width, 3), np.float32)
    for line in lines:
        start = line.path_mm[0]
        back = start - line.path_mm[1]
        below = start + back / np.linalg.norm(back) * UNDER_SKIN_MM
        if line.is_rooted:
            shadow = _cover(np.array([below, start]), line.width_um, (height, width), px_per_mm)
            shadow = cv2.GaussianBlur(shadow, (0, 0), 0.03 * px_per_mm)
            density = np.maximum(density, shadow[..., None] * np.float32(UNDER_SKIN))
        cover = _cover(line.path_mm, line.width_um, (height, width), px_per_mm)
        # Shafts that cross are as dark as one: the upper hides the lower.
        density += cover[..., None] * (np.float32(line.density) - density)
    light = cv2.GaussianBlur(np.float32(skin) * np.exp(-density), (0, 0), blur_px)
    grain = np.random.default_rng(seed).normal(0.0, noise, light.shape)
    return np.clip(np.rint(light + grain), 0, 255).astype(np.uint8)


def _cover(
    path_mm: Points, width_um: float, shape: tuple[int, int], px_per_mm: float
) -> NDArray[np.float32]:
    fine = np.zeros((shape[0] * _FINE, shape[1] * _FINE), np.uint8)
    unit = np.gradient(path_mm, axis=0)
    unit /= np.linalg.norm(unit, axis=1)[:, None]
    normal = np.column_stack([-unit[:, 1], unit[:, 0]]) * width_um / 2000.0
    outline = np.vstack([path_mm - normal, (path_mm + normal)[::-1]]) * px_per_mm * _FINE
    cv2.fillPoly(fine, [np.rint((outline - 0.5) * 16).astype(np.int32)], 255, shift=4)
    small = cv2.resize(fine, shape[::-1], interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32) / 255.0


def evidence_of(
    pixels: NDArray[np.uint8],
    settings: HairSettings | None = None,
    *,
    valid: NDArray[np.bool_] | None = None,
) -> ShaftEvidence:
    """Return the classical evidence at the working scale of 110 px/mm."""
    return find_ridges(
        pixels,
        valid=np.ones(pixels.shape[:2], bool) if valid is None else valid,
        px_per_mm=PX_PER_MM,
        zoom=1.0,
        settings=settings or HairSettings(),
    )


def traced(
    lines: Sequence[Line], settings: HairSettings | None = None, *, seed: int = 1
) -> list[TracedHair]:
    """Return the hairs traced on the photograph of these shafts."""
    chosen = settings or HairSettings()
    return trace_hairs(evidence_of(photograph(lines, seed=seed), chosen), chosen)


def neighbours(angle_deg: float = 20.0) -> list[Line]:
    """Return nine rooted hairs that lean alike, with room between them."""
    return [
        straight(0.35 + 0.7 * column, 0.35 + 0.55 * row, angle_deg=angle_deg, length_mm=0.4)
        for row in range(3)
        for column in range(3)
    ]
