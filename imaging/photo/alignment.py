"""One photo laid over another of the same skin: where each point lies, how sure, and how much.

The pattern of roots is what stays in skin over months (`alignment_roots`); where too few agree, the
texture and the vessels of the skin without its hairs are tried (`alignment_texture`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ..settings import FollowupSettings
from .alignment_roots import Constellation, find_fit
from .alignment_texture import find_texture_fit
from .alignment_warp import Points, Warp

Mask = NDArray[np.bool_]

#: Without any scale a photo is taken to be this wide.
_ASSUMED_WIDTH_MM = 8.0
#: The common field is read on every so many pixels: its edges are straight.
_AREA_STRIDE = 4


@dataclass(frozen=True, eq=False)
class View:
    """One photo as it is aligned.

    Parameters
    ----------
    pixels : ndarray of uint8, shape (h, w, 3)
    roots_px : ndarray, shape (n, 2)
        Where shafts leave the skin, or any marks that stay.
    directions_rad : ndarray, shape (n,)
        Where the shafts run, from the x axis towards y; NaN for marks without a direction.
    readable : ndarray of bool, shape (h, w)
    is_hair : ndarray of bool, shape (h, w)
        What covers the skin and does not stay.
    px_per_mm : float
        NaN when unknown.
    """

    pixels: NDArray[np.uint8]
    roots_px: Points
    directions_rad: Points
    readable: Mask
    is_hair: Mask
    px_per_mm: float

    @property
    def size_px(self) -> tuple[int, int]:
        return self.pixels.shape[1], self.pixels.shape[0]


@dataclass(frozen=True, eq=False)
class Alignment:
    """How the follow-up lies on the baseline.

    Parameters
    ----------
    warp : Warp
        Pixels of the baseline to pixels of the follow-up.
    pairs : ndarray of int, shape (k, 2)
        Roots that agree, as indices into the two views.
    residual_um : float
        Root mean square distance of these, on the baseline's scale; NaN without any scale.
    overlap_percent : float
        Share of the baseline's readable field that the follow-up reads too.
    chance_log10 : float
        Decimal logarithm of the number of alignments as good as this one that chance would give.
    method : {"roots", "texture"}
    baseline_px_per_mm, followup_px_per_mm : float
        The scales that the residual and the pairing used; a missing one is solved from the other.
    zoom : float
        Follow-up magnification over what the two scales say; 1 where they agree.
    """

    warp: Warp
    pairs: NDArray[np.intp]
    residual_um: float
    overlap_percent: float
    chance_log10: float
    method: Literal["roots", "texture"]
    baseline_px_per_mm: float
    followup_px_per_mm: float
    zoom: float

    @property
    def score(self) -> float:
        """−log10 of the number of equally good alignments by chance: the higher, the surer."""
        return -self.chance_log10


def align_photos(baseline: View, followup: View, *, settings: FollowupSettings) -> Alignment | None:
    """Return how the follow-up lies on the baseline, or None where nothing agrees.

    The answer may still be a chance one: the caller holds ``chance_log10`` against its limit.

    Parameters
    ----------
    baseline, followup : View
    settings : FollowupSettings
    """
    first_scale, second_scale = _scales(baseline, followup)
    both_known = math.isfinite(baseline.px_per_mm) and math.isfinite(followup.px_per_mm)
    most_zoom = settings.most_zoom if both_known else settings.most_zoom_without_scale
    first = _constellation(baseline, first_scale)
    second = _constellation(followup, second_scale)
    fit = find_fit(first, second, most_zoom=most_zoom, settings=settings)
    found: Alignment | None = None
    if fit is not None:
        warp = fit.warp.rescaled(baseline=first_scale, followup=second_scale)
        found = _alignment(baseline, followup, warp, fit.pairs, fit.chance_log10, "roots", settings)
        if fit.chance_log10 <= settings.most_chance_log10:
            return found
    texture = find_texture_fit(
        (baseline.pixels, baseline.readable & ~baseline.is_hair, first_scale),
        (followup.pixels, followup.readable & ~followup.is_hair, second_scale),
        most_zoom=most_zoom,
        settings=settings,
    )
    if texture is None or (found is not None and found.chance_log10 <= texture.chance_log10):
        return found
    warp = texture.warp.rescaled(baseline=first_scale, followup=second_scale)
    pairs = _mutual(baseline, followup, warp, settings.root_tolerance_mm * second_scale)
    return _alignment(baseline, followup, warp, pairs, texture.chance_log10, "texture", settings)


def assumed_px_per_mm(width_px: int) -> float:
    """Return what to compute with where a photo has no scale; never a result."""
    return width_px / _ASSUMED_WIDTH_MM


def common_field(alignment: Alignment, baseline: Mask, followup: Mask) -> Mask:
    """Return where both masks hold, in the baseline photo, shape of `baseline`."""
    rows, columns = np.nonzero(baseline)
    points = np.column_stack([columns, rows]).astype(np.float64) + 0.5
    x, y = np.floor(alignment.warp.forward(points)).astype(int).T
    height, width = followup.shape
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    inside[inside] = followup[y[inside], x[inside]]
    common = np.zeros_like(baseline)
    common[rows[inside], columns[inside]] = True
    return common


def _scales(baseline: View, followup: View) -> tuple[float, float]:
    first, second = baseline.px_per_mm, followup.px_per_mm
    if math.isfinite(first):
        return first, second if math.isfinite(second) else first
    if math.isfinite(second):
        return second, second
    assumed = assumed_px_per_mm(baseline.size_px[0])
    return assumed, assumed


def _constellation(view: View, scale: float) -> Constellation:
    width, height = view.size_px
    return Constellation(
        view.roots_px / scale, view.directions_rad, (width / scale, height / scale)
    )


def _mutual(baseline: View, followup: View, warp: Warp, within_px: float) -> NDArray[np.intp]:
    if not len(baseline.roots_px) or not len(followup.roots_px):
        return np.zeros((0, 2), np.intp)
    between = warp.forward(baseline.roots_px)[:, None] - followup.roots_px[None]
    distance = np.hypot(between[..., 0], between[..., 1])
    nearest, back = distance.argmin(axis=1), distance.argmin(axis=0)
    mine = np.arange(len(nearest))
    is_pair = (back[nearest] == mine) & (distance[mine, nearest] <= within_px)
    return np.column_stack([mine[is_pair], nearest[is_pair]]).astype(np.intp)


def _alignment(
    baseline: View,
    followup: View,
    warp: Warp,
    pairs: NDArray[np.intp],
    chance_log10: float,
    method: Literal["roots", "texture"],
    settings: FollowupSettings,
) -> Alignment:
    zoom_px = warp.zoom
    first, second = baseline.px_per_mm, followup.px_per_mm
    if not math.isfinite(first):
        first = second / zoom_px
    elif not math.isfinite(second):
        second = first * zoom_px
    residual_um = math.nan
    if len(pairs) and math.isfinite(first):
        left = warp.forward(baseline.roots_px[pairs[:, 0]]) - followup.roots_px[pairs[:, 1]]
        residual_um = 1e3 * float(np.sqrt((left**2).sum(axis=1).mean())) / (first * zoom_px)
    return Alignment(
        warp=warp,
        pairs=pairs,
        residual_um=residual_um,
        overlap_percent=100 * _overlap(baseline, followup, warp),
        chance_log10=chance_log10,
        method=method,
        baseline_px_per_mm=first,
        followup_px_per_mm=second,
        zoom=zoom_px * first / second if math.isfinite(first) else zoom_px,
    )


def _overlap(baseline: View, followup: View, warp: Warp) -> float:
    thin = baseline.readable[::_AREA_STRIDE, ::_AREA_STRIDE]
    rows, columns = np.nonzero(thin)
    if not len(rows):
        return 0.0
    points = np.column_stack([columns, rows]).astype(np.float64) * _AREA_STRIDE + 0.5
    x, y = np.floor(warp.forward(points)).astype(int).T
    width, height = followup.size_px
    inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
    return float(followup.readable[y[inside], x[inside]].sum() / len(rows))
