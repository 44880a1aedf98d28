"""A second look: is there a shaft in a photo's pixels where a hair of the other visit should be?

A hair that was traced at one visit and not at the other is more often overlooked than gone.  So its
centre line is laid on the other photo, and its darkness against both sides is compared with that in
its own photo, where the hair is known to be.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths, points_along
from ..settings import HairSettings
from .evidence import Map
from .ridges import shaft_density

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: A shaft is compared over this length from its root: what is clipped short is as long as this.
_LENGTH_MM = 0.6
_STEP_MM = 0.02
#: Steps across the shaft, and where its middle and the skin on both sides of it are read.
_ACROSS_MM = 0.01
_MIDDLE_MM, _SIDE_FROM_MM, _SIDE_TO_MM = 0.02, 0.07, 0.11
#: The other visit's shaft may lie this much beside, before or behind, and be turned by this much.
_SHIFTS_MM = (-0.06, -0.03, 0.0, 0.03, 0.06)
_ALONG_MM = (-0.06, 0.0, 0.06)
_TURNS_DEG = (-16.0, -8.0, 0.0, 8.0, 16.0)
#: So much of a shaft must be free of other shafts to tell.
_LEAST_FREE_MM = 0.14
#: Of the places that are tried at least this share must be free to tell that there is nothing.
_LEAST_FREE_SHARE = 0.4

#: A line whose start, over this length, lies by this share on other shafts or so near beside them
#: may be part of what was traced as one of them.
_OVERLAP_MM, _OVERLAP_SHARE, _BESIDE_MM = 0.3, 0.5, 0.02


@dataclass(frozen=True, eq=False)
class Look:
    """One photo as it is looked at again.

    Parameters
    ----------
    darkness : ndarray of float32, shape (h, w)
        Density of the least absorbed channel, as in `ShaftEvidence`.
    hidden : ndarray of bool, shape (h, w)
        Unreadable, or covered by the shafts of other hairs.
    px_per_mm : float
    """

    darkness: Map
    hidden: Bools
    px_per_mm: float


@dataclass(frozen=True, eq=False)
class Traced:
    """One photo and the hairs traced in it.

    Parameters
    ----------
    look : Look
        Of the photo, without hidden shafts.
    paths : sequence of ndarray, each of shape (k, 2)
        Centre lines in px, root first.
    moved : sequence of ndarray
        The same lines in the pixels of the other photo.
    widths_mm : sequence of float
    """

    look: Look
    paths: Sequence[Floats]
    moved: Sequence[Floats]
    widths_mm: Sequence[float]


Sight = Literal["seen", "bare", "hidden"]


def look_again(
    own: Traced, other: Traced, *, alone: Sequence[int], paired: Sequence[int], share: float
) -> dict[int, Sight]:
    """Say of hairs that were traced in one photo only whether the other shows them.

    Parameters
    ----------
    own, other : Traced
    alone : sequence of int
        Hairs of `own` without a partner.
    paired : sequence of int
        Hairs of `other` with a partner: theirs is no shaft of another hair.  A place that they
        cover is hidden: two touching hairs are often traced as one.
    share : float
        Least contrast over that at its own visit, 0 to 1.  What is darker than its inverse is
        another hair, and the place is hidden by it.

    Returns
    -------
    dict of int to {"seen", "bare", "hidden"}
    """
    hidden = hide_shafts(
        other.look, [other.paths[j] for j in paired], [other.widths_mm[j] for j in paired]
    )
    wide = hide_shafts(
        other.look,
        [other.paths[j] for j in paired],
        [other.widths_mm[j] + 2 * _BESIDE_MM for j in paired],
    )
    sights: dict[int, Sight] = {}
    for i in alone:
        there = shaft_contrast(hidden, own.moved[i], is_known=False)
        rest = [k for k in range(len(own.paths)) if k != i]
        here = shaft_contrast(
            hide_shafts(own.look, [own.paths[k] for k in rest], [own.widths_mm[k] for k in rest]),
            own.paths[i],
            is_known=True,
        )
        sights[i] = _sight(there, here, share)
        if sights[i] == "bare" and _is_covered(wide, own.moved[i]):
            sights[i] = "hidden"
    return sights


def _is_covered(look: Look, path: Floats) -> bool:
    """Return whether shafts lie on so much of the start of a line that its hair may be theirs."""
    line = _start_of(path, _OVERLAP_MM * look.px_per_mm, _STEP_MM * look.px_per_mm)
    x, y = np.floor(line).astype(int).T
    height, width = look.hidden.shape
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    is_hidden = look.hidden[y[inside], x[inside]]
    return not len(is_hidden) or bool(is_hidden.mean() >= _OVERLAP_SHARE)


def _sight(there: float, here: float, share: float) -> Sight:
    if not (math.isfinite(there) and math.isfinite(here)) or here <= 0:
        return "hidden"
    if there < share * here:
        return "bare"
    return "seen" if share * there <= here else "hidden"


def look_at(densities: Map, *, readable: Bools, px_per_mm: float, settings: HairSettings) -> Look:
    """Return a photo, given by its `optical_densities`, prepared for looking at places in it.

    No shaft hides another yet.
    """
    darkness, _ = shaft_density(densities, readable, px_per_mm, settings)
    return Look(darkness, ~readable, px_per_mm)


def hide_shafts(look: Look, paths: Sequence[Floats], widths_mm: Sequence[float]) -> Look:
    """Return the look with these shafts (centre lines in px, and widths) hidden."""
    widths_px = [width * look.px_per_mm for width in widths_mm]
    covered = cover_shafts(look.hidden.shape, paths, widths_px)
    return Look(look.darkness, look.hidden | covered, look.px_per_mm)


def cover_shafts(
    shape: tuple[int, ...], paths: Sequence[Floats], widths_px: Sequence[float]
) -> Bools:
    """Return where shafts lie (centre lines in px, and widths), bool of this shape (h, w)."""
    covered = np.zeros(shape, np.uint8)
    for path, width in zip(paths, widths_px, strict=True):
        cv2.polylines(covered, [np.round(path).astype(np.int32)], False, 1, max(1, round(width)))
    return covered > 0


def shaft_contrast(look: Look, path: Floats, *, is_known: bool) -> float:
    """Return the contrast of a shaft over the skin beside it; NaN where it cannot be seen.

    Parameters
    ----------
    look : Look
    path : ndarray, shape (k, 2)
        Centre line in px, root first.
    is_known : bool
        The line is that of this photo: nothing is looked for beside it.
    """
    line = _start_of(path, _LENGTH_MM * look.px_per_mm, _STEP_MM * look.px_per_mm)
    if len(line) < 2:
        return math.nan
    if is_known:
        return float(_contrasts(look, line[None])[0])
    found = _contrasts(look, _moved(line, look.px_per_mm))
    seen = found[np.isfinite(found)]
    # Where most places are hidden, the few that are left tell of a neighbour.
    if len(seen) < _LEAST_FREE_SHARE * len(found):
        return math.nan
    return float(seen.max())


def _start_of(path: Floats, length: float, step: float) -> Floats:
    arc = arc_lengths(path)
    wanted = np.arange(0.0, min(length, float(arc[-1])) + 1e-9, step)
    return points_along(path, wanted, arc=arc)


def _moved(line: Floats, px_per_mm: float) -> Floats:
    """Return the line shifted and turned in every way that is tried, shape (n, k, 2)."""
    run = line[-1] - line[0]
    along = run / max(float(np.hypot(*run)), 1e-9)
    across = np.array([-along[1], along[0]])
    ways = []
    for turn in np.radians(_TURNS_DEG):
        cos, sin = math.cos(turn), math.sin(turn)
        turned = (line - line[0]) @ np.array([[cos, sin], [-sin, cos]]) + line[0]
        ways += [
            turned + px_per_mm * (beside * across + before * along)
            for beside in _SHIFTS_MM
            for before in _ALONG_MM
        ]
    return np.array(ways)


def _contrasts(look: Look, lines: Floats) -> Floats:
    """Return the contrast of each line, shape (n,); NaN where too much of it is hidden."""
    run = np.gradient(lines, axis=1)
    run /= np.maximum(np.linalg.norm(run, axis=2, keepdims=True), 1e-9)
    normal = np.stack([-run[..., 1], run[..., 0]], axis=-1)
    offsets = np.arange(-_SIDE_TO_MM, _SIDE_TO_MM + 1e-9, _ACROSS_MM)
    places = lines[:, :, None] + normal[:, :, None] * (offsets * look.px_per_mm)[:, None]
    # Pixel (0, 0) has its middle at (0.5, 0.5).
    x, y = (np.ascontiguousarray(places[..., k] - 0.5, np.float32) for k in range(2))
    shape = x.shape
    flat = (x.reshape(-1, shape[-1]), y.reshape(-1, shape[-1]))
    dark = cv2.remap(look.darkness, *flat, cv2.INTER_LINEAR, borderValue=math.nan).reshape(shape)
    free = cv2.remap(
        (~look.hidden).astype(np.uint8), *flat, cv2.INTER_NEAREST, borderValue=0
    ).reshape(shape)
    dark = np.where(free > 0, dark, np.nan)
    middle = np.abs(offsets) <= _MIDDLE_MM + 1e-9
    left, right = offsets <= -_SIDE_FROM_MM + 1e-9, offsets >= _SIDE_FROM_MM - 1e-9
    centre = _mean(dark[..., middle])
    sides = np.stack([_mean(dark[..., left]), _mean(dark[..., right])])
    # The darker side counts: the border of a mole or of a wide shaft is no shaft.
    side = np.where(np.isnan(sides).all(axis=0), 0.0, np.fmax(sides[0], sides[1]))
    steps = centre - side
    known = np.isfinite(steps)
    contrast = np.full(len(lines), np.nan)
    enough = known.sum(axis=1) >= min(_LEAST_FREE_MM / _STEP_MM, lines.shape[1])
    if enough.any():
        contrast[enough] = np.nanmedian(steps[enough], axis=1)
    return contrast


def _mean(values: NDArray[Any]) -> Floats:
    known = np.isfinite(values)
    count = known.sum(axis=-1)
    total = np.where(known, values, 0.0).sum(axis=-1)
    # Half of a strip is enough to know it.
    return np.where(2 * count >= values.shape[-1], total / np.maximum(count, 1), np.nan)
