"""Diameter of a hair from its edges at native resolution, corrected for blur.

Light absorption 1 − I/skin (linear light) is read across the shaft on short stretches all along it.
On each stretch three levels (skin on one side, shaft, skin on the other) with two edges, blurred by
a Gaussian, are fitted; the distance of the edges is the width before blur.  A side on which a
neighbour touches shows no skin; such a stretch does not count.  Where a shaft is about as thin as
the blur, width and darkness cannot be told apart by shape alone: blur and darkness are then held
near those of the photo's clear shafts.  One value per hair, from its clean stretches.

Strategy: the sections of all hairs are one table, read with one call and fitted at once by damped
Gauss-Newton steps with the six unknowns of every stretch side by side.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

from ..photo.polylines import arc_lengths, points_along
from ..photo.ranks import MAD_TO_SIGMA, median, percentile
from ..settings import HairSettings
from .evidence import Map, read_at

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: Both ends of a shaft are left out: the root is veiled by skin, the tip is cut at a slant.
_ROOT_SHARE, _TIP_SHARE = 0.25, 0.12
#: Stretches per hair at most, sections averaged in each, and how long one is in shaft widths.
_MOST_STRETCHES = 8
_SECTIONS = 5
_STRETCH_WIDTHS = 0.6
_LEAST_STRETCH_PX = 3.0
#: A section reaches this many first-guess widths and pixels to each side, in this many samples.
_REACH_WIDTHS, _REACH_PX = 1.2, 5.0
_HALF_SAMPLES = 20
#: The lens blurs linear light (exponent 1), but sharpening, resampling and compression soften the
#: coded picture (0.45).  Which it was cannot be seen; in between, the worst error is least.
_TONE_EXPONENT = 0.75
#: Light is never less than this share of the skin's, so that its power is defined.
_LEAST_LIGHT = 1e-3
#: The rims of a round shaft are thin and let light pass: half its darkness is reached inside its
#: true edge, at sqrt(1 - (ln 2 / depth)^2) of the radius, 2 % for brown hair; the exponent above
#: draws edges that the lens alone has blurred in by 1 to 2 % more.
_ROUNDNESS = 1.035
#: Half width of the middle of the shaft that tells its level, in first-guess widths.
_CORE_WIDTHS = 0.2
#: On a clean side darkness falls below this share of the shaft's.
_MUST_FALL_TO = 0.55
#: What rises again by this share of the shaft's darkness is something else: fitted up to there.
_RISE = 0.12
#: A shaft paler than this against its skin has no edges to measure.
_LEAST_CONTRAST = 0.02
#: Damped steps of the fit.
_STEPS = 11
#: A stretch is one shaft when its line lies in the middle between the edges, but for this much.
_OFF_CENTRE_WIDTHS, _OFF_CENTRE_PX = 0.12, 0.8
#: No other hair's line may lie between the edges, but for this many widths at each.
_INSET_WIDTHS = 0.1
#: Lines are drawn thick enough that a section cannot slip between two of their pixels.
_LINE_PX = 2
#: Misfit (share of the shaft's darkness) from which the three levels do not describe a stretch.
_WORST_MISFIT = 0.08
#: Widths of one hair agree when they are within this factor and length (px) of the lower ones.
_LOW_QUANTILE, _AGREE, _AGREE_PX = 0.15, 1.1, 0.8
#: Limits of blur (px, standard deviation; sampling alone gives the lower).
_LEAST_BLUR_PX, _MOST_BLUR_PX = 0.35, 8.0
#: A shaft this many blurs wide shows the blur by its edges alone, and its full darkness.
_CLEAR_WIDTHS = 3.0
#: Fewer clear stretches than this do not tell a photo's blur.
_EDGES_FOR_BLUR = 8
#: Misfit of real profiles, as share of the shaft's darkness, over which unknowns are weighed.
_MISFIT = 0.06
#: Blur of one stretch around the photo's, as standard deviation of its logarithm.
_BLUR_SPREAD_FIRST, _BLUR_SPREAD = 1.0, 0.15
#: Darkness of a thin shaft around that of the clear ones, as least standard deviation.
_DARKNESS_SPREAD = 0.12
#: Optical depth of a photo's clear shafts: thinner ones are paler. Of brown hair in 25 µm.
_USUAL_DEPTH = 4.0
#: First damping of the fit, and the least width it tries (px).
_DAMPING, _LEAST_WIDTH_PX = 1e-3, 0.3


@dataclass(frozen=True, eq=False)
class CentreLine:
    """One hair's centre line in photo array indices and its first guess of width (px)."""

    points: NDArray[np.floating]
    width_px: float


@dataclass(frozen=True, eq=False)
class _Profiles:
    """Mean sections of stretches: values (n, k), places across (n, k; px), and owner (n)."""

    values: Floats
    across_px: Floats
    owner: NDArray[np.intp]
    guess_px: Floats


@dataclass(frozen=True, eq=False)
class _Edges:
    """Fitted stretches: both edges (px from the line), blur (px), levels (n, 3), misfit."""

    left_px: Floats
    right_px: Floats
    blur_px: Floats
    levels: Floats
    misfit: Floats

    @property
    def width_px(self) -> Floats:
        return self.right_px - self.left_px

    def replaced(self, which: Flags, other: _Edges) -> _Edges:
        """Return these with the chosen ones replaced by those of `other`, in order."""
        parts = []
        for name in ("left_px", "right_px", "blur_px", "levels", "misfit"):
            values = getattr(self, name).copy()
            values[which] = getattr(other, name)
            parts.append(values)
        return _Edges(*parts)


@dataclass(frozen=True)
class _Expected:
    """What blur (px; spread of its logarithm) and darkness of a shaft are likely.

    A shaft of width w has the darkness ``darkness · (1 − exp(−depth_per_px · w))``: what passes
    through a thin one lights it up (Beer-Lambert).
    """

    blur_px: float
    blur_spread: float
    darkness: float = 0.0
    darkness_spread: float = np.inf
    depth_per_px: float = 0.0


def measure_widths(
    absorption: Map, lines: list[CentreLine], settings: HairSettings
) -> tuple[Floats, float]:
    """Return the blur-corrected width of each hair (px; NaN where no section is clean), and blur.

    Parameters
    ----------
    absorption : ndarray of float32, shape (height, width)
        1 − I / local skin in linear light at native resolution: 0 on skin, 1 on black, negative
        on hair lighter than the skin.
    lines : list of CentreLine
    settings : HairSettings

    Returns
    -------
    widths : ndarray of float, shape (hairs,)
    blur_px : float
        Standard deviation of the photo's blur.
    """
    widths = np.full(len(lines), np.nan)
    profiles, neighbours = _read_profiles(absorption, lines)
    start, weights, clean = _find_edges(profiles)
    if not clean.any():
        return widths, settings.usual_blur_px
    profiles = _chosen(profiles, clean)
    start, weights, neighbours = start[clean], weights[clean], neighbours[clean]
    usual = max(settings.usual_blur_px, _LEAST_BLUR_PX)
    edges = _fit(profiles, weights, start, _Expected(usual, _BLUR_SPREAD_FIRST))
    alone = _is_alone(edges, profiles, neighbours)
    clear = (edges.width_px > _CLEAR_WIDTHS * edges.blur_px) & alone
    blur = usual
    if clear.sum() >= _EDGES_FOR_BLUR:
        blur = float(np.median(edges.blur_px[clear]))
    edges = _refit_unclear(edges, clear, profiles, weights, start, blur)
    alone = _is_alone(edges, profiles, neighbours)
    for hair in np.unique(profiles.owner[alone]):
        widths[hair] = _ROUNDNESS * _common(edges.width_px[alone & (profiles.owner == hair)])
    return widths, blur


def _refit_unclear(
    first: _Edges,
    clear: Flags,
    profiles: _Profiles,
    weights: Floats,
    start: Floats,
    blur_px: float,
) -> _Edges:
    """Fit stretches as thin as the blur again, near the blur and darkness of the clear ones."""
    edges = first
    for is_light in (False, True):
        # Dark and light hairs of one photo have a darkness each.
        alike = (start[:, 3] < 0) == is_light
        known, unclear = alike & clear, alike & ~clear
        if known.sum() < _EDGES_FOR_BLUR or not unclear.any():
            continue
        darkness = float(np.median(first.levels[known, 1]))
        spread = float(np.median(np.abs(first.levels[known, 1] - darkness)))
        expected = _Expected(
            blur_px,
            _BLUR_SPREAD,
            darkness / (1 - np.exp(-_USUAL_DEPTH)),
            max(MAD_TO_SIGMA * spread, _DARKNESS_SPREAD * abs(darkness)),
            _USUAL_DEPTH / float(np.median(first.width_px[known])),
        )
        again = _fit(_chosen(profiles, unclear), weights[unclear], start[unclear], expected)
        edges = edges.replaced(unclear, again)
    return edges


def _chosen(profiles: _Profiles, which: Flags) -> _Profiles:
    return _Profiles(
        profiles.values[which],
        profiles.across_px[which],
        profiles.owner[which],
        profiles.guess_px[which],
    )


def _is_alone(edges: _Edges, profiles: _Profiles, neighbours: Flags) -> Flags:
    """Return which stretches hold one shaft: in the middle, no other line between the edges."""
    inset = _INSET_WIDTHS * edges.width_px
    between = profiles.across_px >= (edges.left_px + inset)[:, None]
    between &= profiles.across_px <= (edges.right_px - inset)[:, None]
    off = np.abs(edges.left_px + edges.right_px) / 2
    centred = off <= _OFF_CENTRE_WIDTHS * edges.width_px + _OFF_CENTRE_PX
    fits = edges.misfit <= _WORST_MISFIT
    result: Flags = centred & fits & ~(between & neighbours).any(axis=1)
    return result


def _common(widths: Floats) -> float:
    """Return the median of the widths that agree with the lower ones: neighbours only add."""
    low = percentile(widths, 100 * _LOW_QUANTILE)
    return median(widths[widths <= _AGREE * low + _AGREE_PX])


def _read_profiles(absorption: Map, lines: list[CentreLine]) -> tuple[_Profiles, Flags]:
    """Return the mean section of every stretch of every hair, and where it meets another line."""
    places, normals, owners, guesses = [], [], [], []
    for index, line in enumerate(lines):
        points = np.asarray(line.points, np.float64)
        along = arc_lengths(points)
        low, high = _ROOT_SHARE * along[-1], (1 - _TIP_SHARE) * along[-1]
        step = max(_LEAST_STRETCH_PX, _STRETCH_WIDTHS * line.width_px)
        count = int(np.clip((high - low) / step, 1, _MOST_STRETCHES))
        middles = low + (np.arange(count) + 0.5) * (high - low) / count
        offsets = (np.arange(_SECTIONS) / (_SECTIONS - 1) - 0.5) * min(step, (high - low) / count)
        at = (middles[:, None] + offsets).ravel()
        # The direction is that of a chord as long as the shaft is wide: single points jitter.
        chord = max(_LEAST_STRETCH_PX, 0.5 * line.width_px)
        before, after = (points_along(points, at + way, arc=along) for way in (-chord, chord))
        dx, dy = (after - before).T
        norm = np.maximum(np.hypot(dx, dy), 1e-9)
        places.append(points_along(points, at, arc=along))
        normals.append(np.column_stack([-dy / norm, dx / norm]))
        owners.append(np.full(count, index))
        guesses.append(np.full(count, line.width_px))
    if not lines:
        empty = np.zeros((0, 2 * _HALF_SAMPLES + 1))
        return _Profiles(empty, empty, np.zeros(0, np.intp), np.zeros(0)), empty > 0
    owner, guess = np.concatenate(owners), np.concatenate(guesses)
    unit = np.arange(-_HALF_SAMPLES, _HALF_SAMPLES + 1) / _HALF_SAMPLES
    across = (_REACH_WIDTHS * guess + _REACH_PX)[:, None] * unit
    place, normal = np.concatenate(places), np.concatenate(normals)
    spread = np.repeat(across, _SECTIONS, axis=0)
    x = place[:, 0, None] + normal[:, 0, None] * spread
    y = place[:, 1, None] + normal[:, 1, None] * spread
    light = np.maximum(1.0 - read_at(absorption, x, y), _LEAST_LIGHT)
    values = (1.0 - light**_TONE_EXPONENT).reshape(len(owner), _SECTIONS, -1)
    drawn = _draw_lines(lines, absorption.shape)
    columns = np.clip(np.rint(x), 0, absorption.shape[1] - 1).astype(np.intp)
    rows = np.clip(np.rint(y), 0, absorption.shape[0] - 1).astype(np.intp)
    met = drawn[rows, columns].reshape(values.shape)
    other = ((met > 0) & (met != owner[:, None, None] + 1)).any(axis=1)
    profiles = _Profiles(
        values.mean(axis=1, dtype=np.float64), across, owner.astype(np.intp), guess
    )
    return profiles, other


def _draw_lines(lines: list[CentreLine], shape: tuple[int, ...]) -> NDArray[np.int32]:
    """Return a map of the centre lines: the number of the hair from 1, 0 elsewhere."""
    drawn = np.zeros(shape, np.int32)
    for index, line in enumerate(lines):
        points = np.rint(line.points).astype(np.int32).reshape(-1, 1, 2)
        cv2.polylines(drawn, [points], isClosed=False, color=index + 1, thickness=_LINE_PX)
    return drawn


def _find_edges(profiles: _Profiles) -> tuple[Floats, Floats, Flags]:
    """Return first edges and levels (n, 5), weights of samples (n, k), and which are clean."""
    values, across = profiles.values, profiles.across_px
    n, k = values.shape
    middle = k // 2
    core = np.abs(across) <= np.maximum(_CORE_WIDTHS * profiles.guess_px, 0.6)[:, None]
    plateau = np.nanmedian(np.where(core, values, np.nan), axis=1) if n else np.zeros(0)
    sign = np.where(plateau < 0, -1.0, 1.0)
    sides, weights, clean = [], np.zeros((n, k)), np.ones(n, bool)
    row = np.arange(n)
    for direction in (-1, 1):
        side = (values * sign[:, None])[:, middle::direction]
        place = np.abs(across[:, middle::direction])
        lowest = np.minimum.accumulate(side, axis=1)
        rise = side - lowest > (_RISE * np.abs(plateau))[:, None]
        # Unevenness of the shaft itself is no neighbour: only what rises from a valley counts.
        rise &= lowest < (_MUST_FALL_TO * np.abs(plateau))[:, None]
        end = np.where(rise.any(axis=1), rise.argmax(axis=1), side.shape[1])
        seen = np.arange(side.shape[1]) < end[:, None]
        floor = np.where(seen, lowest, np.inf).min(axis=1, initial=np.inf)
        clean &= floor <= _MUST_FALL_TO * np.abs(plateau)
        # Fitted up to the deepest place before the rise.
        deepest = np.where(seen, side, np.inf).argmin(axis=1)
        stop = np.where(rise.any(axis=1), deepest, side.shape[1] - 1)
        weights[:, middle::direction] = np.arange(side.shape[1]) <= stop[:, None]
        level = 0.5 * (np.abs(plateau) + floor)
        below = side <= level[:, None]
        first = np.maximum(below.argmax(axis=1), 1)
        above, under = side[row, first - 1], side[row, first]
        share = (above - level) / np.maximum(above - under, 1e-9)
        step = place[:, 1] - place[:, 0] if n else np.zeros(0)
        sides.append((direction * (first - 1 + np.clip(share, 0, 1)) * step, sign * floor))
        clean &= below.any(axis=1)
    clean &= np.abs(plateau) >= _LEAST_CONTRAST
    (left, left_level), (right, right_level) = sides
    start = np.column_stack([left, right, left_level, plateau, right_level])
    return start, weights, clean


def _fit(profiles: _Profiles, weights: Floats, start: Floats, expected: _Expected) -> _Edges:
    """Fit three levels with two blurred edges to every profile.

    What is expected of blur and darkness stands beside the samples as two more of them.
    """
    x, y = profiles.across_px, profiles.values
    n, k = y.shape
    scale = np.maximum(np.abs(start[:, 3]), _LEAST_CONTRAST)
    precision = np.empty((n, k + 2))
    precision[:, :k] = weights / (_MISFIT * scale[:, None]) ** 2
    precision[:, k:] = expected.blur_spread**-2.0, expected.darkness_spread**-2.0
    unknowns = np.column_stack([start, np.full(n, np.log(expected.blur_px))])
    low, high = np.log(_LEAST_BLUR_PX), np.log(_MOST_BLUR_PX)
    damping, best = np.full(n, _DAMPING), np.full(n, np.inf)
    kept, jacobian, residual = unknowns.copy(), np.zeros((n, 6, k + 2)), np.zeros((n, k + 2))
    diagonal = np.arange(6)
    for _ in range(_STEPS):
        fresh_jacobian, fresh_residual = _model(unknowns, x, y, expected)
        cost = (precision * fresh_residual**2).sum(axis=1)
        better = cost <= best
        best[better], kept[better] = cost[better], unknowns[better]
        jacobian[better], residual[better] = fresh_jacobian[better], fresh_residual[better]
        damping = np.where(better, damping * 0.3, damping * 8)
        scaled = jacobian * precision[:, None, :]
        normal = scaled @ jacobian.transpose(0, 2, 1)
        normal[:, diagonal, diagonal] *= 1 + damping[:, None]
        # A level that no sample shows (an edge at the window's end) must not make it singular.
        normal[:, diagonal, diagonal] += 1e-6
        unknowns = kept + np.linalg.solve(normal, scaled @ residual[:, :, None])[:, :, 0]
        unknowns[:, 5] = np.clip(unknowns[:, 5], low, high)
        unknowns[:, 1] = np.maximum(unknowns[:, 1], unknowns[:, 0] + _LEAST_WIDTH_PX)
    square = (weights * residual[:, :k] ** 2).sum(axis=1) / weights.sum(axis=1)
    return _Edges(kept[:, 0], kept[:, 1], np.exp(kept[:, 5]), kept[:, 2:5], np.sqrt(square) / scale)


def _model(unknowns: Floats, x: Floats, y: Floats, expected: _Expected) -> tuple[Floats, Floats]:
    """Return derivatives (n, 6, k + 2) and residuals (n, k + 2): samples, blur, darkness."""
    n, k = y.shape
    left, right, a, b, c, log_blur = (unknowns[:, i, None] for i in range(6))
    blur = np.exp(log_blur)
    u, v = (x - left) / blur, (x - right) / blur
    entered, gone = ndtr(u), ndtr(v)
    p = (b - a) * np.exp(-0.5 * u * u) / np.sqrt(2 * np.pi)
    q = (c - b) * np.exp(-0.5 * v * v) / np.sqrt(2 * np.pi)
    slopes = np.zeros((n, 6, k + 2))
    slopes[:, 0, :k], slopes[:, 1, :k] = -p / blur, -q / blur
    slopes[:, 2, :k], slopes[:, 3, :k], slopes[:, 4, :k] = 1 - entered, entered - gone, gone
    slopes[:, 5, :k] = -(p * u + q * v)
    passed = np.exp(-expected.depth_per_px * (right - left))[:, 0]
    change = expected.darkness * expected.depth_per_px * passed
    slopes[:, 5, k] = 1.0
    slopes[:, 0, k + 1], slopes[:, 1, k + 1], slopes[:, 3, k + 1] = change, -change, 1.0
    residuals = np.empty((n, k + 2))
    residuals[:, :k] = y - (a * (1 - entered) + b * (entered - gone) + c * gone)
    residuals[:, k] = np.log(expected.blur_px) - log_blur[:, 0]
    residuals[:, k + 1] = expected.darkness * (1 - passed) - b[:, 0]
    return slopes, residuals
