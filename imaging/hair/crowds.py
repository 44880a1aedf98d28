"""Crowds: is a hair among others gone, or do they only hide it?

Two touching hairs are often traced as one.  Then a hair that was traced at one visit has no line of
its own at the other, and its neighbours lie on its place: nothing can be seen beside them.  But
light that is not absorbed tells: where a hair is gone, its crowd absorbs less by as much as that
hair did.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.polylines import arc_lengths
from .matching import Floats, point_along
from .second_look import Look, Sight, Traced, hide_shafts

#: Hairs are weighed over this length from their root; the veiled skin before it belongs to it.
_LENGTH_MM, _BEFORE_MM = 0.3, 0.02
#: Hairs whose lines come this near to a hair's are its crowd; darkness is summed so far to both
#: sides of each of their lines: half a thick shaft, blur and misplacement.
_NEAR_MM = 0.09
#: Skin so far from all lines is bare.
_SKIN_MM = 0.14
#: With more of the crowd's place unreadable its darkness is unknown.
_MOST_HIDDEN = 0.2
#: Fewer hairs that stand apart at both visits do not tell how much darker one photo is.
_LEAST_APART = 4
#: Places are drawn in sixteenths of a pixel.
_SHIFT = 4


def missing_shares(
    own: Traced, other: Traced, *, alone: Sequence[int], pairs: Mapping[int, int]
) -> dict[int, float]:
    """Return how much of each hair the other photo's crowd at its place lacks.

    Parameters
    ----------
    own, other : Traced
    alone : sequence of int
        Hairs of `own` without a partner.
    pairs : mapping of int to int
        Hairs of `own` to their partners in `other`.

    Returns
    -------
    dict of int to float
        About 0 when the crowd is as dark as in `own`, about 1 when it lacks as much as this hair's
        part of it (by its width); NaN where that cannot be told.

    Notes
    -----
    With the absorption A summed over the same bands in both photos, the hair's share w of the
    widths of its crowd, and the gain g of the other photo (median of A'/A over matched hairs that
    stand apart), the missing share is (g·A − A') / (g·A·w).
    """
    levels = (_skin_level(own), _skin_level(other))
    apart = (_absorbed(own, other, i, levels) for i in _apart(own, other, pairs))
    gains = [there / here for here, there, _ in apart if here > 0]
    gains = [gain for gain in gains if math.isfinite(gain)]
    gain = float(np.median(gains)) if len(gains) >= _LEAST_APART else 1.0
    shares = {}
    for i in alone:
        here, there, part = _absorbed(own, other, i, levels)
        is_told = here > 0 and gain > 0
        shares[i] = (gain * here - there) / (gain * here * part) if is_told else math.nan
    return shares


def judge_sights(
    sights: Mapping[int, Sight], missing: Mapping[int, float], *, missing_share: float
) -> dict[int, Sight]:
    """Return the sights of hairs traced once after their crowds were weighed.

    Where a hair was hidden its crowd tells alone; where the crowd speaks against what was seen
    nothing can be told.

    Parameters
    ----------
    sights : mapping of int to {"seen", "bare", "hidden"}
    missing : mapping of int to float
        From `missing_shares`.
    missing_share : float
        From this share on a hair is missing; below what is left to 1 it is surely there.
    """
    judged: dict[int, Sight] = {}
    for i, sight in sights.items():
        share = missing[i]
        judged[i] = sight
        if math.isnan(share):
            continue
        if sight == "hidden":
            judged[i] = "bare" if share >= missing_share else "seen"
        elif (sight == "seen" and share >= missing_share) or (
            sight == "bare" and share < 1.0 - missing_share
        ):
            judged[i] = "hidden"
    return judged


def _start(traced: Traced, i: int) -> Floats:
    """Return the line of a hair over the length that is weighed."""
    return _cut(traced.paths[i], _LENGTH_MM * traced.look.px_per_mm)


def _cut(path: Floats, length: float) -> Floats:
    return np.vstack([path[arc_lengths(path) < length], point_along(path, length)])


def _crowd(traced: Traced, line: Floats, *, but: int = -1) -> list[int]:
    """Return which hairs, but for one, come near to a line in their photo."""
    near_px = _NEAR_MM * traced.look.px_per_mm
    low, high = line.min(axis=0) - near_px, line.max(axis=0) + near_px
    found = []
    for k, path in enumerate(traced.paths):
        if k == but or (path.max(axis=0) < low).any() or (path.min(axis=0) > high).any():
            continue
        away = np.hypot(*(path[:, None] - line[None]).transpose(2, 0, 1))
        if away.min() <= near_px:
            found.append(k)
    return found


def _apart(own: Traced, other: Traced, pairs: Mapping[int, int]) -> Iterator[int]:
    """Yield the matched hairs that no other hair stands near, at either visit."""
    for i, j in pairs.items():
        if not _crowd(own, _start(own, i), but=i) and not _crowd(other, _start(other, j), but=j):
            yield i


def _skin_level(traced: Traced) -> float:
    """Return the usual darkness of bare skin."""
    look = traced.look
    around = [width + 2 * _SKIN_MM for width in traced.widths_mm]
    bare = ~hide_shafts(look, traced.paths, around).hidden
    return float(np.median(look.darkness[bare])) if bare.any() else 0.0


def _absorbed(
    own: Traced, other: Traced, i: int, levels: tuple[float, float]
) -> tuple[float, float, float]:
    """Return the light that a hair's crowd absorbs in both photos, and the hair's part of it.

    In mm² of black; the part is by width, 0 to 1.
    """
    here, there = _start(own, i), _cut(own.moved[i], _LENGTH_MM * other.look.px_per_mm)
    first, second = _crowd(own, here, but=i), _crowd(other, there)
    # The same bands in both: what lies beside a hair on one photo does so on the other.
    bands = [here, *(own.paths[k] for k in first), *(other.moved[k] for k in second)]
    moved = [there, *(own.moved[k] for k in first), *(other.paths[k] for k in second)]
    return (
        _sum_absorption(own.look, here, bands, levels[0]),
        _sum_absorption(other.look, there, moved, levels[1]),
        own.widths_mm[i] / sum(own.widths_mm[k] for k in (i, *first)),
    )


def _sum_absorption(look: Look, line: Floats, bands: Sequence[Floats], level: float) -> float:
    """Return the absorption over skin in bands beside a line; NaN where too much is hidden."""
    px_per_mm = look.px_per_mm
    run = line[-1] - line[0]
    length = float(np.hypot(*run))
    if length == 0.0:
        return math.nan
    reach = 3 * _NEAR_MM * px_per_mm
    height, width = look.darkness.shape
    low = np.maximum(np.floor(line.min(axis=0) - reach), 0).astype(int)
    high = np.minimum(np.ceil(line.max(axis=0) + reach), (width, height)).astype(int)
    if (high <= low).any():
        return math.nan
    place = (slice(low[1], high[1]), slice(low[0], high[0]))
    rows, columns = np.nonzero(_drawn(bands, low, high, max(1, round(2 * _NEAR_MM * px_per_mm))))
    along = ((columns + low[0] + 0.5 - line[0, 0]) * run[0]) + (
        (rows + low[1] + 0.5 - line[0, 1]) * run[1]
    )
    along /= length
    inside = (along >= -_BEFORE_MM * px_per_mm) & (along <= length)
    rows, columns = rows[inside], columns[inside]
    if not len(rows) or look.hidden[place][rows, columns].mean() > _MOST_HIDDEN:
        return math.nan
    absorbed = -np.expm1(level - look.darkness[place][rows, columns].astype(np.float64))
    return float(absorbed.sum()) / px_per_mm**2


def _drawn(
    lines: Sequence[Floats], low: NDArray[np.int_], high: NDArray[np.int_], thick_px: int
) -> NDArray[np.uint8]:
    """Return the window from `low` to `high` with these lines drawn as 1."""
    window = np.zeros((high[1] - low[1], high[0] - low[0]), np.uint8)
    for line in lines:
        # OpenCV counts from the middle of a pixel, and wants small numbers.
        places = np.round((line - low - 0.5) * (1 << _SHIFT)).astype(np.int32)
        cv2.polylines(window, [places], False, 1, thick_px, shift=_SHIFT)
    return window
