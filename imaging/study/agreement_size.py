"""How many subjects an agreement study needs for an interval of a wanted width.

References
----------
Bonett 2002, 10.1002/sim.1108 (ICC); Bland & Altman 1999, 10.1177/096228029900800204 (limits).
"""

from __future__ import annotations

import math

from scipy import stats

from ..errors import UsageError
from .agreement_icc import UPPER
from .agreement_limits import WITHIN_95

#: From here on Bonett adds 5·ICC for two raters, where his approximation falls short.
_SHORT_FROM = 0.7
#: A larger study is not planned; the answer would only be a symptom of a mistyped width.
_MOST_SUBJECTS = 10_000_000


def subjects_for_icc(icc: float, *, raters: int, width: float) -> int:
    """Return how many subjects give an ICC of single ratings an interval of `width` in all.

    Parameters
    ----------
    icc : float
        The ICC that is expected, 0 to below 1.
    raters : int
        At least 2.
    width : float
        From the lower to the upper limit, above 0 and below 2.

    Notes
    -----
    n = 8 z²(1 − ρ)²(1 + (k − 1)ρ)² / (k(k − 1)w²) + 1, plus 5ρ for k = 2 and ρ ≥ 0.7.
    """
    if not (0 <= icc < 1 and raters >= 2 and 0 < width < 2):
        raise UsageError(
            f"An ICC of {icc:g} by {raters} raters with an interval {width:g} wide cannot be "
            "planned.",
            remedy="Give an ICC from 0 to below 1, two raters or more, a width between 0 and 2.",
        )
    z = float(stats.norm.ppf(UPPER))
    k = raters
    subjects = 8 * z**2 * (1 - icc) ** 2 * (1 + (k - 1) * icc) ** 2 / (k * (k - 1) * width**2) + 1
    if k == 2 and icc >= _SHORT_FROM:
        subjects += 5 * icc
    return math.ceil(min(subjects, _MOST_SUBJECTS))


def subjects_for_limits(width_in_sd: float) -> int:
    """Return how many subjects give each limit of agreement an interval of a wanted width.

    Parameters
    ----------
    width_in_sd : float
        From the lower to the upper end, in SD of the differences, above 0.

    Notes
    -----
    Half the width is t·√((1 + 1.96²/2)/n) SD; n is the least that stays under it.
    """
    if not (width_in_sd > 0 and math.isfinite(width_in_sd)):
        raise UsageError(
            f"A width of {width_in_sd:g} SD for a limit of agreement should be above 0."
        )

    def is_enough(n: int) -> bool:
        reach = math.sqrt((1 + WITHIN_95**2 / 2) / n)
        return 2 * float(stats.t.ppf(UPPER, n - 1)) * reach <= width_in_sd

    low, high = 1, 2
    while not is_enough(high) and high < _MOST_SUBJECTS:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if is_enough(middle) else (middle, high)
    return min(high, _MOST_SUBJECTS)
