"""Sample size: Bonett's published example, and that the width asked for is the width got."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.errors import UsageError
from imaging.study.agreement_limits import limits_from_moments
from imaging.study.agreement_size import subjects_for_icc, subjects_for_limits


def test_two_raters_an_icc_of_08_and_a_width_of_02_need_55_subjects() -> None:
    """Bonett 2002: 51 by the formula, and 5 · 0.8 for two raters."""
    assert subjects_for_icc(0.8, raters=2, width=0.2) == 55


def test_more_raters_or_a_wider_interval_need_fewer_subjects() -> None:
    assert subjects_for_icc(0.8, raters=4, width=0.2) < subjects_for_icc(0.8, raters=3, width=0.2)
    assert subjects_for_icc(0.8, raters=3, width=0.3) < subjects_for_icc(0.8, raters=3, width=0.2)


@pytest.mark.parametrize("width", [0.3, 0.68, 1.5])
def test_the_least_number_of_subjects_gives_the_wanted_width_of_a_limit(width: float) -> None:
    n = subjects_for_limits(width)
    widths = []
    for subjects in (n, n - 1):
        limit = limits_from_moments(0.0, 1.0, subjects).upper_approximate
        widths.append(limit.high - limit.low)
    assert widths[0] <= width < widths[1]


def test_a_hundred_subjects_give_bland_and_altmans_034_sd_each_way() -> None:
    """They print that 100 subjects give ±0.34 SD, from 1.96·√(3/n)."""
    assert abs(subjects_for_limits(0.68) - 100) <= 2


@pytest.mark.parametrize(
    ("icc", "raters", "width"), [(1.0, 2, 0.2), (0.8, 1, 0.2), (0.8, 2, 0.0), (np.nan, 2, 0.2)]
)
def test_a_plan_that_cannot_be_is_refused(icc: float, raters: int, width: float) -> None:
    with pytest.raises(UsageError, match="cannot be planned"):
        subjects_for_icc(icc, raters=raters, width=width)


def test_a_width_of_nothing_is_refused() -> None:
    with pytest.raises(UsageError, match="above 0"):
        subjects_for_limits(0.0)
