"""Draw rulers and burnt-in graticules into photos, with exact truth.

`draw_ruler` lays a `RulerSpec` over any picture; `random_ruler` makes up rulers of every kind.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from .graphics import Colour, TextStyle, render_text

Edge = Literal["top", "bottom", "left", "right"]
EDGES: tuple[Edge, ...] = ("top", "bottom", "left", "right")

#: Ticks are drawn this many times larger and averaged: they stand between pixels.
_FINE = 8

#: Room between a ruler and the picture's edge, px.
_GAP_PX = 6

#: Clockwise turn that points a ruler's base, drawn at its top, into the picture.
_TURN_DEG = {"bottom": 0.0, "top": 0.0, "left": 90.0, "right": -90.0}

#: Colours of printed and of burnt-in graduations, and of rulers.
_PRINTED: tuple[Colour, ...] = ((10, 10, 10), (25, 25, 60))
_BURNT: tuple[Colour, ...] = ((255, 255, 255), (0, 0, 0), (255, 255, 0), (0, 255, 0))
_BODIES: tuple[Colour, ...] = ((245, 245, 240), (190, 195, 200), (240, 215, 60))


@dataclass(frozen=True)
class RulerSpec:
    """A ruler along one edge of a picture.

    Parameters
    ----------
    edge : {"top", "bottom", "left", "right"}
        At the top and the bottom the base lies above the numbers; at the sides it points inwards.
    share : float
        Of the edge's length that the graduations take.
    numbers : {"cm", "mm"}
        Whether every tenth tick says 1, 2, 3 or 10, 20, 30.
    unit : str
        Written after the last number; nothing when empty.
    first : int
        Tick that the graduations begin with; tick 0 is the ruler's zero.
    tick_mm : float
        Distance of two ticks.
    tick_px : tuple of float
        Lengths of common, fifth and tenth ticks.
    thickness_px : float
        Of a tick.
    body : tuple of int or None
        Colour of the ruler itself; None for a burnt-in graticule.
    has_base : bool
        Whether a line joins the ticks.
    is_flipped : bool
        Base and numbers change sides.
    tilt_deg : float
    blur_px : float
        Standard deviation of the blur of a ruler that is out of focus.
    is_text_upright : bool
        Upright numbers on a ruler that stands: burnt-in scales have them.
    """

    edge: Edge = "bottom"
    share: float = 0.9
    numbers: Literal["cm", "mm"] = "mm"
    unit: str = ""
    first: int = 0
    tick_mm: float = 1.0
    tick_px: tuple[float, float, float] = (10.0, 15.0, 20.0)
    thickness_px: float = 2.0
    body: Colour | None = None
    has_base: bool = True
    is_flipped: bool = False
    tilt_deg: float = 0.0
    blur_px: float = 0.0
    is_text_upright: bool = True
    style: TextStyle = field(default_factory=TextStyle)


@dataclass(frozen=True, eq=False)
class RulerTruth:
    """What was drawn: pixels touched (bool, (h, w)), number of ticks, their distance in px."""

    drawn: NDArray[np.bool_]
    ticks: int
    pitch_px: float


def draw_ruler(
    pixels: NDArray[np.uint8], spec: RulerSpec, *, px_per_mm: float
) -> tuple[NDArray[np.uint8], RulerTruth]:
    """Return the picture with a ruler laid over it, and its truth.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
        Left unchanged.
    spec : RulerSpec
    px_per_mm : float
        Of the picture.
    """
    height, width = pixels.shape[:2]
    pitch = spec.tick_mm * px_per_mm
    ticks = int(spec.share * (width if spec.edge in ("top", "bottom") else height) / pitch) + 1
    ink = _strip(spec, ticks, pitch)
    deep, length = ink.shape
    lean = abs(math.sin(math.radians(spec.tilt_deg))) * length / 2
    away = deep / 2 + _GAP_PX + lean
    middle = {
        "bottom": (width / 2, height - away),
        "top": (width / 2, away),
        "left": (away, height / 2),
        "right": (width - away, height / 2),
    }[spec.edge]
    angle = math.radians(_TURN_DEG[spec.edge] + spec.tilt_deg)
    cos, sin = math.cos(angle), math.sin(angle)
    matrix = np.array([[cos, -sin, 0.0], [sin, cos, 0.0]])
    matrix[:, 2] = np.array(middle) - matrix[:, :2] @ np.array([length / 2, deep / 2])
    cover, body = (
        np.asarray(cv2.warpAffine(layer, matrix, (width, height), flags=cv2.INTER_LINEAR))
        for layer in (ink, np.ones_like(ink))
    )
    painted = pixels.astype(np.float32)
    drawn = cover > 0
    if spec.body is not None:
        painted += body[:, :, None] * (np.array(spec.body, np.float32) - painted)
        drawn = drawn | (body > 0)
    painted += cover[:, :, None] * (np.array(spec.style.colour, np.float32) - painted)
    if spec.blur_px > 0:
        # A ruler above or below the skin is out of focus; the skin is not.
        near = cv2.dilate(np.asarray(drawn, np.uint8), np.ones((9, 9), np.uint8)) > 0
        painted[near] = cv2.GaussianBlur(painted, (0, 0), spec.blur_px)[near]
    result = np.rint(painted).clip(0, 255).astype(np.uint8)
    return result, RulerTruth(np.asarray(drawn, bool), ticks, pitch)


def _strip(spec: RulerSpec, ticks: int, pitch: float) -> NDArray[np.float32]:
    """Coverage of the ink, 0 to 1, of a ruler that lies flat with its base above, or below."""
    cap, longest = spec.style.cap_px, math.ceil(max(spec.tick_px))
    every = 10 if spec.numbers == "cm" else 1
    labels = {
        index: str((spec.first + index) // every)
        for index in range(ticks)
        if (spec.first + index) % 10 == 0
    }
    if spec.unit and labels:
        labels[max(labels)] += f" {spec.unit}"
    masks = {index: render_text(text, spec.style) for index, text in labels.items()}
    turns = {"left": 1, "right": -1}.get(spec.edge, 0) if spec.is_text_upright else 0
    turned = {index: np.rot90(mask, turns) for index, mask in masks.items()}
    pad = max([cap, *(mask.shape[1] for mask in turned.values())])
    length = math.ceil((ticks - 1) * pitch) + 2 * pad
    deep = longest + cap + max([cap, *(mask.shape[0] for mask in turned.values())])
    fine = np.zeros((deep, length * _FINE), np.float32)
    wide = round(spec.thickness_px * _FINE)
    for index in range(ticks):
        kind = 2 if (spec.first + index) % 10 == 0 else int((spec.first + index) % 5 == 0)
        first = round((pad + index * pitch) * _FINE - wide / 2)
        fine[: round(spec.tick_px[kind]), first : first + wide] = 1
    ink = fine.reshape(deep, length, _FINE).mean(axis=2)
    if spec.has_base:
        ink[: max(1, round(spec.thickness_px)), pad : pad + round((ticks - 1) * pitch) + 1] = 1
    if spec.is_flipped:
        ink = ink[::-1].copy()
    for index, mask in turned.items():
        row = longest + cap // 2
        row = deep - row - mask.shape[0] if spec.is_flipped else row
        column = max(0, round(pad + index * pitch - mask.shape[1] / 2))
        area = ink[row : row + mask.shape[0], column : column + mask.shape[1]]
        np.maximum(area, mask[: area.shape[0], : area.shape[1]], out=area)
    return np.ascontiguousarray(ink, np.float32)


def random_ruler(
    rng: np.random.Generator, *, fonts: Sequence[str], px_per_mm: float, width_px: int
) -> RulerSpec:
    """Return a ruler or graticule of any look for a picture.

    Parameters
    ----------
    rng : Generator
    fonts : sequence of str
        To choose from.
    px_per_mm : float
    width_px : int
        Of the picture: at least three numbers stand on the ruler, or ticks of 0.1 mm were needed.
    """
    is_body = bool(rng.random() < 0.5)
    long_px = float(rng.uniform(12, 26))
    numbers: Literal["cm", "mm"] = "cm" if rng.random() < 0.5 else "mm"
    ink: Colour = _PRINTED[rng.integers(2)] if is_body else _BURNT[rng.integers(len(_BURNT))]
    cap = int(rng.integers(11, max(12, min(26, round(4.0 * px_per_mm)))))
    return RulerSpec(
        edge=EDGES[rng.integers(4)],
        share=float(rng.uniform(max(0.6, min(0.95, 36 * px_per_mm / width_px)), 0.96)),
        numbers=numbers,
        unit=numbers if numbers == "cm" or rng.random() < 0.5 else "",
        first=int(rng.integers(0, 40)) if rng.random() < 0.5 else 0,
        tick_px=(0.5 * long_px, float(rng.uniform(0.65, 0.8)) * long_px, long_px),
        thickness_px=min(float(rng.uniform(1.0, 4.0)), 0.35 * px_per_mm),
        body=_BODIES[rng.integers(len(_BODIES))] if is_body else None,
        has_base=bool(rng.random() < 0.5),
        is_flipped=bool(rng.random() < 0.4),
        tilt_deg=float(rng.uniform(-2.5, 2.5)) if is_body else 0.0,
        blur_px=float(rng.uniform(0.0, 0.9)) if is_body else 0.0,
        is_text_upright=not is_body and bool(rng.random() < 0.6),
        style=TextStyle(font=str(rng.choice(list(fonts))), cap_px=cap, colour=ink),
    )
