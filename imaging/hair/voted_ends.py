"""Ends of voted hairs, set to where the shaft's darkness begins and stops.

A network says where an end is within half a shaft's width; the photo itself says it better, as long
as no other shaft lies in the way.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import ShaftEvidence, read_at
from .tracks import smoothed

Floats = NDArray[np.float64]

#: Darkness along a shaft is smoothed by this much, and its plateau is this quantile of it.
_SMOOTHING_MM, _PLATEAU_QUANTILE = 0.010, 0.75
#: An end is moved inwards and outwards by this much at most.
_INWARDS_MM, _OUTWARDS_MM = 0.14, 0.05
#: A shaft keeps this share of its length.
_LEAST_SHARE = 0.4


def settle_ends(
    lines: list[Floats], evidence: ShaftEvidence, settings: HairSettings, *, step_px: float
) -> list[Floats]:
    """Return centre lines whose ends lie where the darkness falls off; others stay as they are.

    Parameters
    ----------
    lines : list of ndarray, shape (n, 2)
        Working pixels (array indices), about `step_px` apart.
    evidence : ShaftEvidence
    settings : HairSettings
        ``end_fraction`` and ``min_shaft_density``, as for classical lines.
    step_px : float
    """
    if not lines:
        return []
    out = max(1, round(_OUTWARDS_MM * evidence.px_per_mm / step_px))
    longer = [_extended(line, out, step_px) for line in lines]
    image = smoothed(evidence.darkness, _SMOOTHING_MM * evidence.px_per_mm)
    points = np.vstack(longer)
    darkness = read_at(image, points[:, 0], points[:, 1])
    starts = np.r_[0, np.cumsum([len(line) for line in longer])]
    inwards = round(_INWARDS_MM * evidence.px_per_mm / step_px)
    return [
        _cut(line, darkness[starts[i] : starts[i + 1]], out, inwards, settings)
        for i, line in enumerate(longer)
    ]


def plateau_levels(lines: list[Floats], evidence: ShaftEvidence) -> list[float]:
    """Return the darkness of each line's shaft."""
    if not lines:
        return []
    points = np.vstack(lines)
    image = smoothed(evidence.darkness, _SMOOTHING_MM * evidence.px_per_mm)
    darkness = read_at(image, points[:, 0], points[:, 1])
    starts = np.cumsum([len(line) for line in lines])[:-1]
    return [float(np.quantile(part, _PLATEAU_QUANTILE)) for part in np.split(darkness, starts)]


def _extended(line: Floats, count: int, step_px: float) -> Floats:
    def beyond(end: Floats, inner: Floats) -> Floats:
        way = end - inner
        way = way / max(float(np.hypot(*way)), 1e-6) * step_px
        ahead: Floats = end + np.arange(1, count + 1)[:, None] * way
        return ahead

    back = min(3, len(line) - 1)
    return np.vstack([beyond(line[0], line[back])[::-1], line, beyond(line[-1], line[-1 - back])])


def _cut(
    line: Floats,
    darkness: NDArray[np.floating],
    out: int,
    inwards: int,
    settings: HairSettings,
) -> Floats:
    inner = darkness[out:-out]
    plateau = float(np.quantile(inner, _PLATEAU_QUANTILE))
    first, last = out, len(line) - 1 - out
    if plateau < settings.min_shaft_density:
        return line[first : last + 1]
    is_dark = darkness >= max(settings.end_fraction * plateau, 0.7 * settings.min_shaft_density)
    first = _settled(is_dark, first, out, inwards)
    last = len(line) - 1 - _settled(is_dark[::-1], out, out, inwards)
    if last - first < _LEAST_SHARE * len(inner):
        first, last = out, len(line) - 1 - out
    return line[first : last + 1]


def _settled(is_dark: NDArray[np.bool_], end: int, out: int, inwards: int) -> int:
    """Return where a line that begins near `end` begins; `end` where nothing tells."""
    if is_dark[end]:
        light = np.flatnonzero(~is_dark[end - out : end])
        # Dark all the way out: another shaft lies there and hides the end.
        return end - out + int(light[-1]) + 1 if len(light) else end
    dark = np.flatnonzero(is_dark[end : end + inwards + 1])
    return end + int(dark[0]) if len(dark) else end
