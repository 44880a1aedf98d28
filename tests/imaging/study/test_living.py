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


def test_residents_count_by_the_share_of_the_grafts_that_both_visits_show() -> None:
    """Of 40 units 10 are residents, and 15 of 30 grafts live; the other visit shows 20 units."""
    seen = {k: k <= 25 for k in range(1, 41)}
    other = {k: seen[k] for k in (*range(1, 6), *range(11, 18), *range(26, 34))}
    told = living_survival(seen, other, residents=10.0, error_share=0.02)
    # Of the 20 units 12 live; half of the residents are taken off both.
    assert told.percent == pytest.approx(100 * (12 - 5) / (20 - 5))


def test_value_and_limits_are_those_worked_by_hand() -> None:
    """Seen 8 and 7 of 16, 5 at both: 9 · 8 / 6 − 1 = 11 live, variance 432 / 252; 4 residents."""
    seen = {k: k <= 8 for k in range(1, 17)}
    other = {k: 4 <= k <= 10 for k in range(1, 17)}
    assert estimate_living(list(seen.values()), list(other.values())) == pytest.approx(
        (11.0, math.sqrt(432 / 252))
    )
    told = living_survival(seen, other, residents=4.0, error_share=0.05)
    # Wilson of 7 / 12: 0.5833 − 0.2638 and + 0.2234; each distance with
    # 1.96 · sqrt(0.05² + 432 / 252 / 12²) = 0.2352 as hypotenuse: 0.3535 and 0.3244.
    assert told.percent == pytest.approx(700 / 12)
    assert told.low == pytest.approx(22.99, abs=0.01)
    assert told.high == pytest.approx(90.78, abs=0.01)


def test_no_more_than_all_grafts_live() -> None:
    seen = dict.fromkeys(range(1, 6), True)
    assert living_survival(seen, seen, residents=0.0, error_share=0.02).high == 100.0


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
