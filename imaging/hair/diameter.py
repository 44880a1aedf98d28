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

import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths, points_along
from ..photo.ranks import MAD_TO_SIGMA, median, percentile
from ..settings import HairSettings
from .drawn_lines import number_lines
from .edge_fit import (
    LEAST_BLUR_PX,
    LEAST_CONTRAST,
    Edges,
    Expected,
    Profiles,
    fit_edges,
    shared_blur,
)
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
#: coded picture (0.45).  Which it was cannot be seen, for the pale rims of a round shaft bend its
#: edges as well; in between, the worst error is least (docs/hair-accuracy.md).
_TONE_EXPONENT = 0.85
#: Light is never less than this share of the skin's, so that its power is defined.
_LEAST_LIGHT = 1e-3
#: The rims of a round shaft are thin and let light pass: half its darkness is reached inside its
#: true edge, at sqrt(1 - (ln 2 / depth)^2) of the radius, 2 % for brown hair; the exponent above
#: draws edges that the lens alone has blurred in by 1 % more.
_ROUNDNESS = 1.03
#: Half width of the middle of the shaft that tells its level, in first-guess widths.
_CORE_WIDTHS = 0.2
#: On a clean side darkness falls below this share of the shaft's.
_MUST_FALL_TO = 0.55
#: What rises again by this share of the shaft's darkness is something else: fitted up to there.
_RISE = 0.12
#: A stretch is one shaft when its line lies in the middle between the edges, but for this much.
_OFF_CENTRE_WIDTHS, _OFF_CENTRE_PX = 0.12, 0.8
#: No other hair's line may lie between the edges, but for this many widths at each.
_INSET_WIDTHS = 0.1
#: Misfit (share of the shaft's darkness) from which the three levels do not describe a stretch.
_WORST_MISFIT = 0.08
#: Widths of one hair agree when they are within this factor and length (px) of the lower ones.
_LOW_QUANTILE, _AGREE, _AGREE_PX = 0.15, 1.1, 0.8
#: A shaft this many blurs wide shows the blur by its edges alone, and its full darkness.
_CLEAR_WIDTHS = 2.9
#: One this many blurs wide surely does: of thin shafts some are fitted with too little blur.
_WIDE_WIDTHS = 4.0
#: Least share of the stretches that must be wide or clear to speak for the others.
_CLEAR_SHARE = 0.1
#: Fewer hairs than this do not tell the blur by fitting best with it.
_HAIRS_FOR_BLUR = 6
#: Fewer clear stretches than this do not tell a photo's blur.
_EDGES_FOR_BLUR = 8
#: Blur of one stretch around the photo's, as standard deviation of its logarithm.
_BLUR_SPREAD_FIRST, _BLUR_SPREAD = 1.0, 0.15
#: Darkness of a thin shaft around that of the clear ones, as least standard deviation.
_DARKNESS_SPREAD = 0.12
#: The same where all shafts are thin: hairs of one photo differ, and nothing shows by how much.
_DARKNESS_SPREAD_THIN = 0.35
#: Optical depth of a photo's clear shafts: thinner ones are paler. Of brown hair in 25 µm.
_USUAL_DEPTH = 4.0


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
    profiles = profiles.chosen(clean)
    start, weights, neighbours = start[clean], weights[clean], neighbours[clean]
    usual = max(settings.usual_blur_px, LEAST_BLUR_PX)
    edges = fit_edges(profiles, weights, start, Expected(usual, _BLUR_SPREAD_FIRST))
    alone = _is_alone(edges, profiles, neighbours)
    blur = _photo_blur(edges, alone, profiles, weights, start, usual)
    clear = edges.width_px > _CLEAR_WIDTHS * np.maximum(edges.blur_px, blur)
    edges = _refit_unclear(edges, clear, alone, profiles, weights, start, blur)
    alone = _is_alone(edges, profiles, neighbours)
    for hair in np.unique(profiles.owner[alone]):
        widths[hair] = _ROUNDNESS * _common(edges.width_px[alone & (profiles.owner == hair)])
    return widths, blur


def _photo_blur(
    edges: Edges, alone: Flags, profiles: Profiles, weights: Floats, start: Floats, usual_px: float
) -> float:
    """Return the photo's blur (px): of its wide shafts, or else the one that fits all best.

    Wide is said with care: of thin shafts those look wide whose blur was taken for too little.
    """
    count = np.count_nonzero(alone)
    wide = alone & (edges.width_px > _WIDE_WIDTHS * edges.blur_px)
    if wide.sum() >= max(_EDGES_FOR_BLUR, _CLEAR_SHARE * count):
        return float(np.median(edges.blur_px[wide]))
    if not _are_many(profiles, alone):
        clear = alone & (edges.width_px > _CLEAR_WIDTHS * edges.blur_px)
        tells = clear.sum() >= _EDGES_FOR_BLUR
        return float(np.median(edges.blur_px[clear])) if tells else usual_px
    return shared_blur(profiles.chosen(alone), weights[alone], start[alone])


def _are_many(profiles: Profiles, which: Flags) -> bool:
    """Return whether stretches come from enough hairs to tell one blur from their widths."""
    return len(np.unique(profiles.owner[which])) >= _HAIRS_FOR_BLUR


def _refit_unclear(
    first: Edges,
    clear: Flags,
    alone: Flags,
    profiles: Profiles,
    weights: Floats,
    start: Floats,
    blur_px: float,
) -> Edges:
    """Fit stretches as thin as the blur again, near the photo's blur and a likely darkness.

    The darkness is that of the clear shafts; where all are thin, that which they show on the whole
    once the blur is held.
    """
    edges = first
    for is_light in (False, True):
        # Dark and light hairs of one photo have a darkness each.
        alike = (start[:, 3] < 0) == is_light
        known, unclear = alike & clear & alone, alike & ~(clear & alone)
        few = known.sum() < max(_EDGES_FOR_BLUR, _CLEAR_SHARE * np.count_nonzero(alike & alone))
        are_all_thin = bool(few) and _are_many(profiles, alike & alone)
        if are_all_thin:
            known, unclear = alike & alone, alike
            held = fit_edges(
                profiles.chosen(alike),
                weights[alike],
                start[alike],
                Expected(blur_px, _BLUR_SPREAD),
            )
            edges = edges.replaced(alike, held)
        if known.sum() < _EDGES_FOR_BLUR or not unclear.any():
            continue
        darkness = float(np.median(edges.levels[known, 1]))
        if are_all_thin:
            # Their scatter is that of the fit.
            spread = _DARKNESS_SPREAD_THIN * abs(darkness)
        else:
            scatter = float(np.median(np.abs(edges.levels[known, 1] - darkness)))
            spread = max(MAD_TO_SIGMA * scatter, _DARKNESS_SPREAD * abs(darkness))
        expected = Expected(
            blur_px,
            _BLUR_SPREAD,
            darkness / (1 - np.exp(-_USUAL_DEPTH)),
            spread,
            _USUAL_DEPTH / float(np.median(edges.width_px[known])),
        )
        again = fit_edges(profiles.chosen(unclear), weights[unclear], start[unclear], expected)
        edges = edges.replaced(unclear, again)
    return edges


def _is_alone(edges: Edges, profiles: Profiles, neighbours: Flags) -> Flags:
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


def _read_profiles(absorption: Map, lines: list[CentreLine]) -> tuple[Profiles, Flags]:
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
        return Profiles(empty, empty, np.zeros(0, np.intp), np.zeros(0)), empty > 0
    owner, guess = np.concatenate(owners), np.concatenate(guesses)
    unit = np.arange(-_HALF_SAMPLES, _HALF_SAMPLES + 1) / _HALF_SAMPLES
    across = (_REACH_WIDTHS * guess + _REACH_PX)[:, None] * unit
    place, normal = np.concatenate(places), np.concatenate(normals)
    spread = np.repeat(across, _SECTIONS, axis=0)
    x = place[:, 0, None] + normal[:, 0, None] * spread
    y = place[:, 1, None] + normal[:, 1, None] * spread
    light = np.maximum(1.0 - read_at(absorption, x, y), _LEAST_LIGHT)
    values = (1.0 - light**_TONE_EXPONENT).reshape(len(owner), _SECTIONS, -1)
    columns = np.clip(np.rint(x), 0, absorption.shape[1] - 1).astype(np.intp)
    rows = np.clip(np.rint(y), 0, absorption.shape[0] - 1).astype(np.intp)
    own = owner[:, None, None] + 1
    other = np.zeros((len(owner), x.shape[1]), bool)
    for drawn in number_lines([line.points for line in lines], absorption.shape):
        met = drawn[rows, columns].reshape(values.shape)
        other |= ((met > 0) & (met != own)).any(axis=1)
    profiles = Profiles(values.mean(axis=1, dtype=np.float64), across, owner.astype(np.intp), guess)
    return profiles, other


def _find_edges(profiles: Profiles) -> tuple[Floats, Floats, Flags]:
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
    clean &= np.abs(plateau) >= LEAST_CONTRAST
    (left, left_level), (right, right_level) = sides
    start = np.column_stack([left, right, left_level, plateau, right_level])
    return start, weights, clean
