"""How many grafts live, and how sure that is."""

from __future__ import annotations

import math
from dataclasses import dataclass

#: Half the width of a 95 % interval in standard errors.
_Z = 1.96


@dataclass(frozen=True)
class Survival:
    """Percent of the grafts, with 95 % limits; NaN where it cannot be told."""

    percent: float = math.nan
    low: float = math.nan
    high: float = math.nan


def survival(living: float, placed: float, *, error_share: float) -> Survival:
    """Return 100 · living / placed with a Wilson interval widened by the matching error.

    Parameters
    ----------
    living, placed : float
        Counts; NaN gives NaN.  More living than placed is not clipped: resident hair was counted.
    error_share : float
        Standard error of the share by wrong matches.

    Notes
    -----
    Each Wilson limit's distance d becomes sqrt(d² + (1.96 · error)²).
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not (math.isfinite(living) and math.isfinite(placed)) or placed <= 0:
        return Survival()
    share = living / placed
    inside = min(max(share, 0.0), 1.0)
    scale = 1.0 + _Z**2 / placed
    middle = (inside + _Z**2 / (2 * placed)) / scale
    half = _Z / scale * math.sqrt(inside * (1 - inside) / placed + _Z**2 / (4 * placed**2))
    wrong = _Z * error_share
    low = share - math.hypot(inside - (middle - half), wrong)
    high = share + math.hypot(middle + half - inside, wrong)
    return Survival(100 * share, 100 * max(low, 0.0), 100 * high)
