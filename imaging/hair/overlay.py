"""A hair score drawn over its photo, so that a person can check every hair.

The photo stays visible: a shaft is drawn as a thin outline just outside its measured width, not as
a line over it, and all text stands in a strip below the photo.  Rows and columns of the photo are
rows and columns of the overlay.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.spatial import KDTree

from ..photo import overlay as draw
from ..photo.canvas import Colour, Pixels
from ..photo.panels import shown_below
from ..records import Hair, HairScore, Photo, Unit
from .caption import NOT_COUNTED, add_caption

#: Units are told apart by these; blue and purple of the set drown in violet vignettes and shadow.
UNIT_COLOURS = (
    draw.ORANGE,
    draw.SKY_BLUE,
    draw.YELLOW,
    draw.BLUISH_GREEN,
    draw.VERMILLION,
)

#: A counted hair that is less certain than this gets a ring: at least one in five is wrong.
UNCERTAIN_BELOW = 0.8

#: Units among so many nearest ones get different colours where the set allows.
NEIGHBOURS = 8

#: Width of a shaft whose diameter is unknown, in strokes.
UNKNOWN_WIDTH_STROKES = 5.0

#: Clear space between the measured edge of a shaft and its outline, in strokes.
SHAFT_GAP_STROKES = 0.8

#: OpenCV draws in fixed point with so many bits after the point.
_SHIFT_BITS = 4


def draw_overlay(photo: Photo, score: HairScore) -> Pixels:
    """Return the photo with everything that was measured on it, and a strip of text below.

    Parameters
    ----------
    photo : Photo
    score : HairScore

    Returns
    -------
    ndarray of uint8, shape (h + strip, w, 3)
        The first h rows are the photo's.  Counted hairs have the colour of their unit and a dot at
        the root; other hairs are grey; a white ring marks an uncertain hair; what could not be read
        is hatched; the counting frame is outlined; burnt-in text is black.  What was seen through
        a translucent box stands there coarsely, without the text.
    """
    pixels = photo.pixels if score.text is None else draw.black_out(photo.pixels, score.text)
    for panel in score.panels:
        row0, row1, col0, col1 = panel.box
        pixels[row0:row1, col0:col1] = shown_below(photo.pixels, panel)
    stroke = draw.stroke_px(pixels)
    if score.readable is not None:
        pixels = draw.hatch(pixels, ~score.readable, opacity=0.6)
    if score.frame is not None:
        pixels = draw.outline(pixels, score.frame, colour=draw.WHITE, width_px=1.0)
    marks = _marks(score, stroke)
    pixels = _draw_shafts(pixels, marks, stroke)
    pixels = _draw_roots(pixels, marks, stroke)
    return add_caption(pixels, score, colours=UNIT_COLOURS)


def draw_masks(photo: Photo, score: HairScore) -> dict[str, NDArray[np.int32]]:
    """Return the traced hairs as labels.

    Returns
    -------
    dict
        ``"hairs"``: ndarray of int32, shape (h, w), the ``hair_id`` on every pixel of a hair, 0
        elsewhere; where hairs cross the one with the larger number.
    """
    labels = np.zeros(photo.pixels.shape[:2], dtype=np.int32)
    for hair in _kept(score):
        width = _width_px(hair, score, fallback_px=1.0)
        cv2.polylines(
            labels,
            [_fixed(hair.path_px)],
            False,
            int(hair.hair_id),
            max(1, round(width)),
            cv2.LINE_8,
            _SHIFT_BITS,
        )
    return {"hairs": labels}


@dataclass(frozen=True)
class _Mark:
    """One hair as it is drawn."""

    hair: Hair
    colour: Colour
    width_px: float


def unit_colours(units: Sequence[Unit]) -> dict[int, Colour]:
    """Return a colour for every unit, different from its nearest neighbours' where possible.

    Units take their turn from left to right and choose the colour whose nearest bearer is
    farthest; among colours that no near neighbour bears, the one least used so far.
    """
    if not units:
        return {}
    places = np.array([(unit.x_px, unit.y_px) for unit in units], dtype=np.float64)
    _, near = KDTree(places).query(places, k=min(NEIGHBOURS + 1, len(units)))
    near = near.reshape(len(units), -1)
    chosen: dict[int, int] = {}
    used = [0] * len(UNIT_COLOURS)
    for index in np.lexsort((places[:, 1], places[:, 0])):
        # Nearest first: the colour that is met last, or not at all, is the best.
        met = [chosen[int(k)] for k in near[index] if int(k) in chosen]
        free = [colour for colour in range(len(UNIT_COLOURS)) if colour not in met]
        best = (
            min(free, key=lambda colour: used[colour])
            if free
            else max(range(len(UNIT_COLOURS)), key=met.index)
        )
        chosen[int(index)] = best
        used[best] += 1
    return {unit.unit_id: UNIT_COLOURS[chosen[k]] for k, unit in enumerate(units)}


def _kept(score: HairScore) -> list[Hair]:
    return [hair for hair in score.hairs if hair.status == "kept" and len(hair.path_px) >= 2]


def _width_px(hair: Hair, score: HairScore, *, fallback_px: float) -> float:
    width = hair.diameter_um / 1000.0 * score.px_per_mm
    return width if math.isfinite(width) else fallback_px


def _marks(score: HairScore, stroke: float) -> list[_Mark]:
    """Return the hairs in drawing order: grey ones first, so that they hide no other."""
    colours = unit_colours(score.units)
    marks = [
        _Mark(
            hair,
            colours.get(hair.unit_id, UNIT_COLOURS[0]) if hair.counted else NOT_COUNTED,
            _width_px(hair, score, fallback_px=UNKNOWN_WIDTH_STROKES * stroke),
        )
        for hair in _kept(score)
    ]
    return sorted(marks, key=lambda mark: mark.hair.counted)


def _fixed(path_px: ArrayLike) -> NDArray[np.int32]:
    """Return a path in OpenCV's fixed point, where the centre of a pixel is a whole number."""
    points = np.asarray(path_px, dtype=np.float64) - 0.5
    return np.rint(points * (1 << _SHIFT_BITS)).astype(np.int32)


def _draw_shafts(pixels: Pixels, marks: Sequence[_Mark], stroke: float) -> Pixels:
    """Draw each shaft's outline: a wide line less a narrower one, so that crossing hairs both show.

    Each is blended within its own bounding box: the cost goes with the hairs, not with the photo.
    """
    out = pixels.copy()
    for mark in marks:
        inner = max(1, round(mark.width_px + 2 * SHAFT_GAP_STROKES * stroke))
        outer = inner + 2 * max(1, round(stroke))
        path = np.asarray(mark.hair.path_px, dtype=np.float64)
        x0, y0 = np.maximum(np.floor(path.min(axis=0)).astype(int) - outer, 0)
        x1, y1 = np.ceil(path.max(axis=0)).astype(int) + outer
        part = out[y0:y1, x0:x1]
        if not part.size:
            continue
        ring = np.zeros(part.shape[:2], dtype=np.uint8)
        points = [_fixed(path - (x0, y0))]
        cv2.polylines(ring, points, False, 255, outer, cv2.LINE_AA, _SHIFT_BITS)
        cv2.polylines(ring, points, False, 0, inner, cv2.LINE_AA, _SHIFT_BITS)
        rows, columns = np.nonzero(ring)
        share = ring[rows, columns, None] / np.float32(255)
        ground = part[rows, columns]
        colour = np.array(mark.colour, dtype=np.float32)
        part[rows, columns] = np.rint(ground + (colour - ground) * share)
    return out


def _draw_roots(pixels: Pixels, marks: Sequence[_Mark], stroke: float) -> Pixels:
    def points(chosen: Sequence[_Mark]) -> NDArray[np.float64]:
        return np.array([(m.hair.root_x_px, m.hair.root_y_px) for m in chosen]).reshape(-1, 2)

    counted = [mark for mark in marks if mark.hair.counted]
    outside = [mark for mark in marks if not mark.hair.counted and mark.hair.has_root]
    uncertain = [mark for mark in counted if mark.hair.confidence < UNCERTAIN_BELOW]
    out = draw.draw_dots(
        pixels, points(outside), colours=NOT_COUNTED, radius_px=2.0 * stroke, is_filled=False
    )
    out = draw.draw_dots(
        out, points(counted), colours=[m.colour for m in counted], radius_px=2.2 * stroke
    )
    return draw.draw_dots(
        out, points(uncertain), colours=draw.WHITE, radius_px=6.0 * stroke, is_filled=False
    )
