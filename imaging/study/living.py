"""Grafts that live, from two late visits of which each shows a part of them."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import ArrayLike

from ..hair.followup_survival import Survival, survival


def estimate_living(first: ArrayLike, second: ArrayLike) -> tuple[float, float]:
    """Return how many follicles live, of which each of two visits shows a part, and its error.

    Parameters
    ----------
    first, second : array_like of bool, shape (n,)
        Whether each of n follicles was seen at the one and at the other late visit.

    Returns
    -------
    living : float
        At least the number that was seen at all, at most n.
    standard_error : float
        Of that number, by chance of being empty.

    Notes
    -----
    A living follicle is empty at a visit with one chance, independently of the other visit; those
    empty at both follow from those empty at one.  Chapman's nearly unbiased form of the two-sample
    estimate, (n1 + 1)(n2 + 1) / (m + 1) − 1, with the variance
    (n1 + 1)(n2 + 1)(n1 − m)(n2 − m) / ((m + 1)² (m + 2)).

    References
    ----------
    Seber 1982, The estimation of animal abundance, 2nd ed., section 3.1.
    """
    one, two = np.asarray(first, bool), np.asarray(second, bool)
    n1, n2, both = int(one.sum()), int(two.sum()), int((one & two).sum())
    estimate = (n1 + 1) * (n2 + 1) / (both + 1) - 1
    variance = (n1 + 1) * (n2 + 1) * (n1 - both) * (n2 - both) / ((both + 1) ** 2 * (both + 2))
    living = float(np.clip(estimate, int((one | two).sum()), len(one)))
    return living, math.sqrt(variance)


def living_survival(
    seen: Mapping[int, bool],
    other: Mapping[int, bool],
    *,
    residents: float,
    error_share: float,
) -> Survival:
    """Return the share of grafts that live, with the limits of the chance to live.

    Parameters
    ----------
    seen, other : mapping of graft number to bool
        At the one and at the other late visit.
    residents : float
        How many of `seen` were there before the grafts: taken times the share of `seen` that
        `other` shows too.
    error_share : float
        Standard error of the share by wrong matches.

    Notes
    -----
    A Wilson interval of the living among the grafts that both visits show, widened by the error of
    the matches and of the estimate, and cut off at 100 %: no more live than were placed.
    """
    shared = sorted(seen.keys() & other.keys())
    before = residents * len(shared) / max(1, len(seen))
    placed = len(shared) - before
    if placed <= 0:
        return Survival()
    living, error = estimate_living([seen[k] for k in shared], [other[k] for k in shared])
    told = survival(living - before, placed, error_share=math.hypot(error_share, error / placed))
    return replace(told, high=min(told.high, 100.0))


def partner_visit(days: Sequence[float], position: int, *, early_days: float) -> int | None:
    """Return the other late visit by which one of several is read, or None.

    Parameters
    ----------
    days : sequence of float
        From the baseline to each visit; NaN counts as late.
    position : int
    early_days : float

    Notes
    -----
    The nearest in days, of two the later: fewest follicles are lost between the two.  Where a late
    visit has no days, the nearest in order.
    """
    late = [k for k, day in enumerate(days) if not day < early_days]
    if position not in late or len(late) < 2:
        return None
    is_dated = all(math.isfinite(days[k]) for k in late)
    times: Sequence[float] = days if is_dated else range(len(days))
    here = times[position]
    return min((k for k in late if k != position), key=lambda k: (abs(times[k] - here), -times[k]))
