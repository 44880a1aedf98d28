"""Living grafts are told from two late visits of which each shows a part."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.hair.followup_survival import survival
from imaging.study.living import estimate_living, living_survival, partner_visit


def test_follicles_empty_at_both_visits_are_estimated_without_bias() -> None:
    """600 living of 1000; 15 % empty at a visit: 2.25 % are seen at neither."""
    rng = np.random.default_rng(1)
    estimates = []
    for _ in range(200):
        living = np.arange(1000) < 600
        first, second = (living & (rng.random(1000) >= 0.15) for _ in range(2))
        estimates.append(estimate_living(first, second)[0])
    # Standard error of the mean of 200 is 0.3; seen at all would be 586.
    assert np.mean(estimates) == pytest.approx(600, abs=1.5)


def test_the_estimate_stays_between_seen_at_all_and_all() -> None:
    assert estimate_living([True, False], [False, True])[0] == 2
    assert estimate_living([False, False], [False, False])[0] == 0


def test_follicles_empty_at_one_visit_widen_the_interval() -> None:
    rng = np.random.default_rng(5)
    lives = {k: k <= 70 for k in range(1, 101)}
    shown = [{k: alive and rng.random() > 0.15 for k, alive in lives.items()} for _ in range(2)]
    told = living_survival(*shown, residents=0.0, error_share=0.0)
    plain = survival(told.percent, 100.0, error_share=0.0)
    assert told.low < plain.low and told.high > plain.high
    assert told.percent == pytest.approx(70, abs=2)


def test_residents_are_taken_off_grafts_and_living() -> None:
    seen = dict.fromkeys(range(1, 21), True) | dict.fromkeys(range(21, 31), False)
    assert living_survival(seen, seen, residents=10.0, error_share=0.02).percent == 50


def test_no_common_graft_tells_nothing() -> None:
    told = living_survival({1: True}, {2: True}, residents=0.0, error_share=0.02)
    assert math.isnan(told.percent) and math.isnan(told.low)


@pytest.mark.parametrize(
    ("days", "partners"),
    [
        ([30.0, 200.0, 365.0], [None, 2, 1]),
        ([180.0, 270.0, 720.0], [1, 0, 1]),
        ([720.0, 270.0, 180.0], [1, 2, 1]),
        ([180.0, 270.0, 360.0], [1, 2, 1]),
        ([math.nan, math.nan, math.nan], [1, 2, 1]),
        ([180.0, 190.0, math.nan], [1, 2, 1]),
    ],
)
def test_a_visit_is_read_by_the_late_one_nearest_in_time(
    days: list[float], partners: list[int | None]
) -> None:
    assert [partner_visit(days, k, early_days=180.0) for k in range(3)] == partners


def test_the_only_late_visit_has_no_partner() -> None:
    assert partner_visit([30.0, 365.0], 1, early_days=180.0) is None
