"""Diameter of a hair from edge profiles at native resolution, corrected for blur.

Across the shaft, on many sections, light absorption 1 − I/skin (linear light) is read from the
original pixels and averaged over short stretches.  Its full width at half maximum is measured from
the middle to each side; a side where a neighbour touches does not fall and is left out.  Blur
widens a thin line: the width of a bar of width w, blurred by a Gaussian of standard deviation s, is
a known function f(w, s), and is inverted.  The blur s is the photo's own, from the steepness of its
clearest edges.  One value per hair: the median over its stretches, never one per pixel.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import erf

from ..settings import HairSettings
from .evidence import Map, read_at

Floats = NDArray[np.float64]

#: Samples per photo pixel across the shaft.
_OVERSAMPLING = 4
#: Profiles reach this many shaft widths to each side of the centre line.
_REACH_WIDTHS = 1.6
#: A side is measured when darkness falls below this share of the middle's.
_MUST_FALL_TO = 0.4
#: Both ends of a shaft are left out: the root is veiled by skin, the tip is cut at a slant.
_END_SHARE = 0.12
#: Sections per averaged stretch.
_STRETCH = 4
#: Gaussian blur of a straight edge: its steepest slope is 1 / (s sqrt(2 pi)).
_SLOPE_TO_SIGMA = 1.0 / np.sqrt(2.0 * np.pi)
#: A photo's blur is the clearest quarter of its edges, within these limits (px).
_CLEAREST_QUANTILE = 0.25
_LEAST_BLUR_PX, _MOST_BLUR_PX = 0.35, 6.0
_EDGES_FOR_BLUR = 8


@dataclass(frozen=True, eq=False)
class CentreLine:
    """One hair's centre line in photo array indices and its first guess of width (px)."""

    points: NDArray[np.floating]
    width_px: float


def measure_widths(
    absorption: Map, lines: list[CentreLine], settings: HairSettings
) -> tuple[Floats, float]:
    """Return the blur-corrected width of each hair (px; NaN where no section is clean), and blur.

    Parameters
    ----------
    absorption : ndarray of float32, shape (height, width)
        1 − I / local skin in linear light at native resolution, 0 on skin, 1 on black.
    lines : list of CentreLine
    settings : HairSettings

    Returns
    -------
    widths : ndarray of float, shape (hairs,)
    blur_px : float
        Standard deviation of the photo's blur.
    """
    raw = [_section_widths(absorption, line) for line in lines]
    slopes = np.concatenate([slope for _, slope in raw]) if raw else np.zeros(0)
    slopes = slopes[np.isfinite(slopes)]
    if len(slopes) >= _EDGES_FOR_BLUR:
        blur = float(np.quantile(_SLOPE_TO_SIGMA / slopes, _CLEAREST_QUANTILE))
    else:
        blur = settings.usual_blur_px
    blur = float(np.clip(blur, _LEAST_BLUR_PX, _MOST_BLUR_PX))
    measured = np.array([_median(widths) for widths, _ in raw])
    return unblurred_width(measured, blur), blur


def unblurred_width(measured: Floats, blur_px: float) -> Floats:
    """Invert the half-maximum width of a Gaussian-blurred bar; NaN stays NaN, units as given."""
    true = np.linspace(0.05, 12.0, 240) * blur_px
    seen = blurred_width(true, blur_px)
    corrected = np.interp(measured, seen, true)
    # Far above the blur the bar's half-maximum width is its width.
    result: Floats = np.where(measured > seen[-1], measured, corrected)
    return np.where(np.isfinite(measured), result, np.nan)


def blurred_width(true: Floats, blur_px: float) -> Floats:
    """Full width at half maximum of a bar of each true width after Gaussian blur (same units)."""
    low, high = np.zeros_like(true), true / 2 + 4 * blur_px
    root = np.sqrt(2.0) * blur_px

    def level(x: Floats) -> Floats:
        value: Floats = erf((x + true / 2) / root) - erf((x - true / 2) / root)
        return value

    half = 0.5 * level(np.zeros_like(true))
    for _ in range(40):
        middle = 0.5 * (low + high)
        is_above = level(middle) > half
        low, high = np.where(is_above, middle, low), np.where(is_above, high, middle)
    return low + high


def _section_widths(absorption: Map, line: CentreLine) -> tuple[Floats, Floats]:
    """Return half-maximum widths of one hair's stretches (px) and the slopes of its edges (1/px).

    NaN where a stretch has no clean side.
    """
    points = np.asarray(line.points, np.float64)
    skip = int(_END_SHARE * len(points))
    points = points[skip : len(points) - skip]
    if len(points) < _STRETCH:
        return np.full(1, np.nan), np.full(1, np.nan)
    tangent = np.gradient(points, axis=0)
    tangent /= np.maximum(np.linalg.norm(tangent, axis=1), 1e-9)[:, None]
    reach = max(6, round(_REACH_WIDTHS * line.width_px * _OVERSAMPLING))
    offset = np.arange(-reach, reach + 1) / _OVERSAMPLING
    x = points[:, 0, None] - tangent[:, 1, None] * offset
    y = points[:, 1, None] + tangent[:, 0, None] * offset
    profiles = read_at(absorption, x, y)
    rows = len(profiles) // _STRETCH
    profiles = profiles[: rows * _STRETCH].reshape(rows, _STRETCH, -1).mean(axis=1)
    core = max(1, round(0.15 * line.width_px * _OVERSAMPLING))
    plateau = np.median(profiles[:, reach - core : reach + core + 1], axis=1)
    left, left_slope = _half_fall(profiles[:, reach::-1], plateau)
    right, right_slope = _half_fall(profiles[:, reach:], plateau)
    # The centre line may lie a little off: both sides together when clean, else twice one side.
    both = left + right
    width = np.where(np.isfinite(both), both, np.nan)
    return width, np.concatenate([left_slope, right_slope])


def _half_fall(side: Map, plateau: NDArray[np.floating]) -> tuple[Floats, Floats]:
    """Return where each half profile falls to half its plateau (px), and its steepest fall."""
    level = side / np.maximum(plateau, 1e-3)[:, None]
    is_below = level <= 0.5
    first = is_below.argmax(axis=1)
    clean = is_below.any(axis=1) & (first > 0) & (level.min(axis=1) <= _MUST_FALL_TO)
    clean &= plateau > 0.02
    at = np.maximum(first, 1)
    row = np.arange(len(level))
    above, below = level[row, at - 1], level[row, at]
    place = (at - 1 + (above - 0.5) / np.maximum(above - below, 1e-6)) / _OVERSAMPLING
    steepest = np.maximum(-np.diff(level, axis=1).min(axis=1), 1e-6) * _OVERSAMPLING
    return np.where(clean, place, np.nan), np.where(clean, steepest, np.nan)


def _median(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.median(finite)) if len(finite) else float("nan")
