"""Candidate lines along the outer edges of dark bands that are too wide for one hair.

Hairs of one follicular unit touch, and where no gap shows between them only the band's outer edges
tell where they lie.  Along every candidate line the band's left and right edge are followed; where
the band is wider than a hair can be, two lines are added, each half a usual width inside one edge.
Edges that drift apart give lines that drift apart: a V of two hairs.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from ..settings import HairSettings
from .evidence import Map, ShaftEvidence, read_at
from .tracks import Track, cut_to_shaft, smoothed

#: Edges are looked for this far to both sides, in steps of `_SAMPLE_MM`.
_REACH_MM, _SAMPLE_MM = 0.20, 0.005
#: A band ends where darkness falls below this share of the line's plateau.
_EDGE_SHARE = 0.5
#: Sections are averaged over this length before edges are read.
_SMOOTHING_MM = 0.05
#: Lines are prolonged by this much before they are cut to the shaft: a neighbour may be longer.
_PROLONG_MM = 0.25
#: Lines that agree in middle and direction to this precision show the same band.
_SAME_PLACE_MM = 0.025
_SAME_ANGLE = math.radians(6.0)


def lanes_of_bands(
    tracks: list[Track], evidence: ShaftEvidence, usual_mm: float, settings: HairSettings
) -> list[Track]:
    """Return the lines to add for bands of more than one hair.

    Parameters
    ----------
    tracks : list of Track
    evidence : ShaftEvidence
    usual_mm : float
        The photo's usual hair width at the working scale.
    settings : HairSettings
    """
    smooth = smoothed(evidence.darkness, 0.5 * _SAMPLE_MM * evidence.px_per_mm)
    added = []
    for track in _one_per_place(tracks, evidence.px_per_mm):
        left, right = _band_edges(track, smooth, evidence.px_per_mm)
        width = np.median(left + right)
        if width < settings.band_ratio * usual_mm or width > 2 * _REACH_MM - 4 * _SAMPLE_MM:
            continue
        half = usual_mm / 2
        for offset in (half - left, right - half):
            lane = _lane(track, _straightened(offset), smooth, evidence, settings)
            if lane is not None:
                added.append(lane)
    return added


def _one_per_place(tracks: list[Track], px_per_mm: float) -> list[Track]:
    """Return the longest line of each place and direction: copies have the same band."""
    longest: dict[tuple[int, int, int], Track] = {}
    for track in tracks:
        x, y = track.points[len(track.points) // 2] / (_SAME_PLACE_MM * px_per_mm)
        run = track.points[-1] - track.points[0]
        turn = round(math.atan2(run[1], run[0]) / _SAME_ANGLE) % round(math.pi / _SAME_ANGLE)
        key = (round(float(x)), round(float(y)), turn)
        if key not in longest or len(longest[key].points) < len(track.points):
            longest[key] = track
    return list(longest.values())


def _band_edges(
    track: Track, smooth: Map, px_per_mm: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Distance (mm) of the band's edges left and right of each point of a line."""
    reach = round(_REACH_MM / _SAMPLE_MM)
    offset = np.arange(-reach, reach + 1, dtype=np.float32) * np.float32(_SAMPLE_MM * px_per_mm)
    sin, cos = np.sin(track.angles)[:, None], np.cos(track.angles)[:, None]
    profiles = read_at(
        smooth, track.points[:, :1] - sin * offset, track.points[:, 1:] + cos * offset
    )
    window = max(1, round(_SMOOTHING_MM * px_per_mm / track.step_px))
    profiles = ndimage.uniform_filter1d(profiles, window, axis=0, mode="nearest")
    is_bare = profiles < _EDGE_SHARE * track.plateau
    left = _first(is_bare[:, reach::-1])
    right = _first(is_bare[:, reach:])
    return left * _SAMPLE_MM, right * _SAMPLE_MM


def _first(is_bare: NDArray[np.bool_]) -> NDArray[np.float64]:
    first = is_bare.argmax(axis=1)
    found: NDArray[np.float64] = np.where(is_bare.any(axis=1), first, is_bare.shape[1] - 1.0)
    return found


def _straightened(offset: NDArray[np.float64]) -> NDArray[np.float64]:
    """Robust straight fit of an edge's distance along a line: two rounds, worst third left out."""
    place = np.linspace(-1.0, 1.0, len(offset))
    straight = _line_through(place, offset, place)
    residual = np.abs(offset - straight)
    near = residual <= np.partition(residual, 2 * len(offset) // 3)[2 * len(offset) // 3]
    return _line_through(place[near], offset[near], place)


def _line_through(
    x: NDArray[np.float64], y: NDArray[np.float64], at: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Least-squares line through x, y, read at other places."""
    centred = x - x.mean()
    slope = float(centred @ y) / max(float(centred @ centred), 1e-12)
    line: NDArray[np.float64] = y.mean() + slope * (at - x.mean())
    return line


def _lane(
    track: Track,
    offset_mm: NDArray[np.float64],
    smooth: Map,
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> Track | None:
    """Shift a line sideways, prolong both ends, and cut it to where the shaft is dark."""
    shift = offset_mm[:, None] * evidence.px_per_mm
    normal = np.column_stack([-np.sin(track.angles), np.cos(track.angles)])
    moved = track.points + shift * normal
    count = round(_PROLONG_MM * evidence.px_per_mm / track.step_px)
    steps = np.arange(1, count + 1)[:, None]
    end = (moved[-1] - moved[0]) / max(len(moved) - 1, 1)
    whole = np.vstack([moved[0] - end * steps[::-1], moved, moved[-1] + end * steps])
    height, width = evidence.valid.shape
    column, row = np.rint(whole).astype(int).T
    inside = (column >= 0) & (row >= 0) & (column < width) & (row < height)
    inside &= evidence.valid[np.clip(row, 0, height - 1), np.clip(column, 0, width - 1)]
    if inside.sum() < 3:
        return None
    points = np.asarray(whole[inside], np.float32)
    run = np.gradient(points, axis=0)
    angles = np.unwrap(np.arctan2(run[:, 1], run[:, 0])).astype(np.float32)
    darkness = read_at(smooth, points[:, 0], points[:, 1])
    found = cut_to_shaft(points, angles, darkness, evidence, settings, plateau=track.plateau)
    return None if found is None else found[0]
