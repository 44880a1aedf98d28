"""Find a burnt-in measuring circle: one thin ring of one colour, mostly unbroken."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

#: Colour of a line over that of its surroundings, grey levels of (greatest − least channel); a line
#: of one pixel keeps a third of it after JPEG has halved the colour's resolution.
_COLOUR_LEVELS = 40

#: Contrast of a white or black ring, grey levels.
_GREY_LEVELS = 60

#: Thickest ring, px.
_THICK_PX = 7

#: Radius as a share of the photo's shorter side.
_LEAST_RADIUS, _MOST_RADIUS = 0.12, 0.75

#: Share of the ring inside the photo on which the line must be seen, coloured or grey: hairs and
#: vessels give pieces of arcs.
_SEEN_COLOURED, _SEEN_GREY = 0.55, 0.75

#: Share of the whole ring that must lie inside the photo.
_LEAST_INSIDE = 0.5

#: Distance from the ring at which a point belongs to it, px.
_NEAR_PX = 2.0

_TRIALS = 400
_MOST_POINTS = 4000
_LEAST_POINTS = 60


@dataclass(frozen=True)
class Circle:
    """A measuring circle: its centre and the radius of the middle of its line, px."""

    x_px: float
    y_px: float
    radius_px: float


@dataclass(frozen=True)
class FoundCircle:
    """A circle and the pixels (bool, (h, w)) of its line and of lines that join it."""

    circle: Circle
    line: NDArray[np.bool_]


def find_circle(pixels: NDArray[np.uint8]) -> FoundCircle | None:
    """Return the measuring circle burnt into a photo, or None.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    """
    red, green, blue = cv2.split(pixels)
    least = cv2.min(cv2.min(red, green), blue)
    greatest = cv2.max(cv2.max(red, green), blue)
    kernel = np.ones((_THICK_PX, _THICK_PX), np.uint8)
    colour = cv2.morphologyEx(cv2.subtract(greatest, least), cv2.MORPH_TOPHAT, kernel)
    shape = red.shape[0], red.shape[1]
    places = _places(colour >= _COLOUR_LEVELS)
    # One ring has one hue; which of six sectors is told by the order of the channels.
    strongest = pixels.reshape(-1, 3)[places].argmax(axis=1)
    for hue in range(3):
        found = _ring(places[strongest == hue], shape, _SEEN_COLOURED, joins_lines=True)
        if found is not None:
            return found
    for grey, way in ((least, cv2.MORPH_TOPHAT), (greatest, cv2.MORPH_BLACKHAT)):
        hat = cv2.morphologyEx(grey, way, kernel)
        found = _ring(_places(hat >= _GREY_LEVELS), shape, _SEEN_GREY, joins_lines=False)
        if found is not None:
            return found
    return None


def _places(mask: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Where a mask (h, w) holds, as places in its rows put end to end."""
    # A flat array takes a tenth of the time of one of two axes.
    return np.flatnonzero(mask)


def _ring(
    places: NDArray[np.intp], shape: tuple[int, int], least_seen: float, *, joins_lines: bool
) -> FoundCircle | None:
    """The circle that most stroke points lie on, if it is seen along enough of its length."""
    if len(places) < _LEAST_POINTS:
        return None
    rows, columns = np.divmod(places, shape[1])
    # The same points are drawn for the same photo: a result must not depend on the run.
    rng = np.random.default_rng(len(rows))
    if len(rows) > _MOST_POINTS:
        drawn = np.sort(rng.choice(len(rows), _MOST_POINTS, replace=False))
        rows, columns = rows[drawn], columns[drawn]
    points = np.stack([columns + 0.5, rows + 0.5], axis=1).astype(np.float64)
    height, width = shape
    low, high = (share * min(height, width) for share in (_LEAST_RADIUS, _MOST_RADIUS))
    picks = points[rng.integers(0, len(points), (_TRIALS, 3))]
    circles = _through(picks)
    fits = (
        np.isfinite(circles).all(axis=1)
        & (circles[:, 2] >= low)
        & (circles[:, 2] <= high)
        & (circles[:, 0] > -0.2 * width)
        & (circles[:, 0] < 1.2 * width)
        & (circles[:, 1] > -0.2 * height)
        & (circles[:, 1] < 1.2 * height)
    )
    circles = circles[fits]
    if not len(circles):
        return None
    sample = points[:: max(1, len(points) // 800)]
    away = np.abs(
        np.hypot(sample[None, :, 0] - circles[:, None, 0], sample[None, :, 1] - circles[:, None, 1])
        - circles[:, None, 2]
    )
    best = circles[(away <= 2 * _NEAR_PX).sum(axis=1).argmax()]
    for _ in range(5):
        off = np.abs(np.hypot(points[:, 0] - best[0], points[:, 1] - best[1]) - best[2])
        near = points[off <= 2 * _NEAR_PX]
        if len(near) < _LEAST_POINTS:
            return None
        best = _fitted(near)
    x, y, radius = (float(value) for value in best)
    strokes = np.zeros(shape, bool)
    strokes.ravel()[places] = True
    if not low <= radius <= high or _seen(strokes, x, y, radius) < least_seen:
        return None
    line = np.zeros(strokes.shape, np.uint8)
    centre = (round(16 * (x - 0.5)), round(16 * (y - 0.5)))
    cv2.circle(line, centre, round(16 * radius), 1, 5, shift=4)
    if joins_lines:
        line |= _joined(strokes, np.asarray(line, bool), x, y, radius)
    return FoundCircle(Circle(x, y, radius), np.asarray(line, bool))


def _through(triples: NDArray[np.float64]) -> NDArray[np.float64]:
    """Circles (x, y, radius) through triples of points, shape (n, 3, 2); NaN where on one line."""
    a, b, c = triples[:, 0], triples[:, 1], triples[:, 2]
    ab, ac = b - a, c - a
    cross = 2 * (ab[:, 0] * ac[:, 1] - ab[:, 1] * ac[:, 0])
    cross = np.where(np.abs(cross) < 1e-6, np.nan, cross)
    square_ab, square_ac = (ab**2).sum(axis=1), (ac**2).sum(axis=1)
    x = (ac[:, 1] * square_ab - ab[:, 1] * square_ac) / cross
    y = (ab[:, 0] * square_ac - ac[:, 0] * square_ab) / cross
    return np.stack([a[:, 0] + x, a[:, 1] + y, np.hypot(x, y)], axis=1)


def _fitted(points: NDArray[np.float64]) -> NDArray[np.float64]:
    """Least-squares circle (Kåsa, 10.1109/TIM.1976.6312298)."""
    design = np.column_stack([2 * points, np.ones(len(points))])
    solution, *_ = np.linalg.lstsq(design, (points**2).sum(axis=1), rcond=None)
    x, y = solution[:2]
    return np.array([x, y, np.sqrt(max(0.0, solution[2] + x * x + y * y))])


def _seen(strokes: NDArray[np.bool_], x: float, y: float, radius: float) -> float:
    """Share of the ring inside the photo with a stroke within reach, 0 if too little is inside."""
    height, width = strokes.shape
    angles = np.linspace(0, 2 * np.pi, max(64, int(2 * np.pi * radius / 2)), endpoint=False)
    seen = np.zeros(len(angles), bool)
    inside = np.zeros(len(angles), bool)
    for off in np.arange(-_NEAR_PX, _NEAR_PX + 0.5):
        columns = np.floor(x + (radius + off) * np.cos(angles)).astype(int)
        rows = np.floor(y + (radius + off) * np.sin(angles)).astype(int)
        within = (columns >= 0) & (columns < width) & (rows >= 0) & (rows < height)
        inside |= within
        seen[within] |= strokes[rows[within], columns[within]]
    return float(seen[inside].mean()) if inside.mean() >= _LEAST_INSIDE else 0.0


def _joined(
    strokes: NDArray[np.bool_], ring: NDArray[np.bool_], x: float, y: float, radius: float
) -> NDArray[np.uint8]:
    """A drawn radius or diameter: the straight line of the ring's colour through its centre."""
    drawn = np.zeros(strokes.shape, np.uint8)
    rows, columns = np.nonzero(strokes & ~ring)
    angles = np.arctan2(rows + 0.5 - y, columns + 0.5 - x)
    away = np.hypot(columns + 0.5 - x, rows + 0.5 - y)
    inside = (away < radius) & (away > 0.1 * radius)
    counts, edges = np.histogram(angles[inside], bins=720, range=(-np.pi, np.pi))
    for index in np.flatnonzero(counts >= 0.5 * radius):
        middle = float(edges[index : index + 2].mean())
        near = inside & (np.abs(angles - middle) < np.pi / 360)
        angle = float(np.median(angles[near]))
        tip = (round(x + radius * np.cos(angle)), round(y + radius * np.sin(angle)))
        cv2.line(drawn, (round(x), round(y)), tip, 1, 5)
    if drawn.any():
        cv2.circle(drawn, (round(x), round(y)), 5, 1, -1)
    return drawn
