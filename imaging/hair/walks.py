"""From every pixel of a shaft to both of its ends, along the way that the shaft grows.

A learned segmenter says of each pixel which way its hair grows and how much shaft is left either
way.  What it says of an end is the more exact the nearer the end is, and of a long or curly hair it
sees only a part.  So each vote walks: a step along the shaft, then it listens to the pixel that it
came to, unless that one belongs to a hair that crosses.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .evidence import EndVotes

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Length of a step, and of the longest walk.
STEP_MM, _MOST_MM = 0.06, 6.0
#: A pixel is listened to when it shows this much of a shaft that turns no more than this (cosine).
_LEAST_CORE, _LEAST_COSINE = 0.15, 0.82
#: Weight of what the new pixel says of the length that is left.
_NEW_LENGTH, _NEW_WAY = 0.7, 0.5
#: What is said to be farther than this share of the reach may be any distance away.
_REACHED_SHARE = 0.9
#: A walk that no pixel guides for this long, with no end in reach, is lost.
_LOST_MM = 0.25


@dataclass(frozen=True, eq=False)
class Walk:
    """Walks of n votes to one end: where they came to, how far that was, and whether it is an end.

    ``trail`` has shape (steps, n, 2): where each was after every step, repeated after its end.
    """

    end: Floats
    length: Floats
    is_end: Bools
    trail: Floats


def walk_to_end(votes: EndVotes, place: Floats, *, to_tip: bool, pixel_mm: float) -> Walk:
    """Walk from places on shafts to their tips or roots.

    Parameters
    ----------
    votes : EndVotes
    place : ndarray of float, shape (n, 2)
        In mm from the photo's corner.
    to_tip : bool
    pixel_mm : float
        Size of the votes' pixels.
    """
    sign = 1.0 if to_tip else -1.0
    point = place.copy()
    core, way, left = _listen(votes, point, to_tip, pixel_mm)
    way = way * sign
    travelled, unguided = np.zeros(len(point)), np.zeros(len(point))
    is_live, is_end = np.ones(len(point), bool), np.zeros(len(point), bool)
    far = _REACHED_SHARE * votes.reach_mm
    trail = [point.copy()]
    for _ in range(round(_MOST_MM / STEP_MM)):
        live = np.flatnonzero(is_live)
        if not len(live):
            break
        step = np.minimum(STEP_MM, left[live])
        point[live] += way[live] * step[:, None]
        travelled[live] += step
        left[live] -= step
        trail.append(point.copy())
        core, there, remaining = _listen(votes, point[live], to_tip, pixel_mm)
        there = there * sign
        hears = (core >= _LEAST_CORE) & ((there * way[live]).sum(axis=1) >= _LEAST_COSINE)
        own = left[live]
        is_unsure = own + step >= far
        mixed = np.where(is_unsure, remaining, _NEW_LENGTH * remaining + (1.0 - _NEW_LENGTH) * own)
        # A reach that was never seen to end stays open while nothing guides the walk.
        own = np.where(is_unsure, np.maximum(own, far), own)
        left[live] = np.where(hears, mixed, own)
        turned = (1.0 - _NEW_WAY) * way[live] + _NEW_WAY * there
        turned /= np.maximum(np.linalg.norm(turned, axis=1), 1e-6)[:, None]
        way[live] = np.where(hears[:, None], turned, way[live])
        unguided[live] = np.where(hears, 0.0, unguided[live] + step)
        arrived = left[live] <= 0.5 * pixel_mm
        # The last bit is walked at once.
        last = live[arrived]
        point[last] += way[last] * left[last, None]
        travelled[last] += left[last]
        is_end[last] = True
        lost = (unguided[live] > _LOST_MM) & (left[live] >= far)
        is_live[live[arrived | lost]] = False
    trail.append(point.copy())
    return Walk(point, travelled, is_end, np.array(trail))


def _listen(
    votes: EndVotes, point: Floats, to_tip: bool, pixel_mm: float
) -> tuple[Floats, Floats, Floats]:
    """Return core, unit vector of growth and length left of the pixels at these points."""
    height, width = votes.core.shape
    column = np.floor(point[:, 0] / pixel_mm).astype(np.intp)
    row = np.floor(point[:, 1] / pixel_mm).astype(np.intp)
    inside = (row >= 0) & (row < height) & (column >= 0) & (column < width)
    row, column = np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)
    ends = votes.ends[:, row, column].astype(np.float64)
    way = (ends[2:] - ends[:2]).T
    way /= np.maximum(np.linalg.norm(way, axis=1), 1e-6)[:, None]
    left = np.hypot(*(ends[2:] if to_tip else ends[:2]))
    core = np.where(inside, votes.core[row, column], 0.0)
    return core, way, left
