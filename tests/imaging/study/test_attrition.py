"""Follicles followed over visits and pooled over subjects."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.study.attrition import (
    ALL_ARMS,
    FieldVisit,
    follow_follicle,
    mean_with_interval,
    pool_attrition,
)

LATE = [True, True, True]


def test_a_follicle_absent_once_is_not_seen_and_not_lost() -> None:
    assert follow_follicle([True, False], LATE[:2]) == ["present", "not_seen"]


def test_a_second_late_absence_confirms_the_loss_from_the_first_on() -> None:
    assert follow_follicle([True, False, False], LATE) == ["present", "lost", "lost"]


def test_a_follicle_that_comes_back_was_resting() -> None:
    assert follow_follicle([True, False, True], LATE) == ["present", "resting", "present"]


def test_an_early_absence_confirms_nothing() -> None:
    assert follow_follicle([False, False], [False, True]) == ["not_seen", "not_seen"]


def test_a_visit_that_does_not_show_the_place_says_nothing() -> None:
    assert follow_follicle([True, None, False], LATE) == ["present", "", "not_seen"]


def test_the_interval_is_students_over_subjects() -> None:
    mean, low, high = mean_with_interval([60.0, 70.0, 80.0, math.nan])
    # t(0.975, 2) = 4.3027; s / sqrt(3) = 5.7735.
    assert (mean, low, high) == pytest.approx((70.0, 45.159, 94.841), abs=1e-3)
    assert mean_with_interval([70.0])[0] == 70
    assert math.isnan(mean_with_interval([70.0])[1])


def test_limits_of_a_percentage_stay_within_0_and_100() -> None:
    assert mean_with_interval([70.0, 90.0]) == (80.0, 0.0, 100.0)
    mean, low, high = mean_with_interval([70.0, 130.0], most=math.inf)
    assert (mean, low) == (100.0, 0.0)
    assert high > 100


def test_survival_that_resident_hair_lifts_over_100_keeps_its_upper_limit() -> None:
    visits = [
        FieldVisit(s, "", "m12", f"{s}.jpg", 365, {1: True, 2: s == "a"}, "graft", 0, units, units)
        for s, units in (("a", 90.0), ("b", 110.0))
    ]
    (row,) = pool_attrition(visits, order=["m12"], early_days=180)
    assert (row.survival_units_low, row.present_low, row.present_high) == (0.0, 0.0, 100.0)
    assert row.survival_units_high == row.survival_hairs_high > 200


def visit(subject: str, arm: str, name: str, days: float, *seen: bool) -> FieldVisit:
    return FieldVisit(subject, arm, name, f"{subject}.jpg", days, dict(enumerate(seen, 1)), "graft")


def test_rows_are_told_by_arm_and_visit_and_once_for_all_arms() -> None:
    visits = [
        visit("s1", "A", "m6", 182, True, True, False),
        visit("s1", "A", "m12", 365, True, False, False),
        visit("s2", "B", "m12", 365, True, True, True),
    ]
    rows = pool_attrition(visits, order=["m6", "m12"], early_days=180)
    assert [(row.arm, row.visit) for row in rows] == [
        ("A", "m6"),
        ("A", "m12"),
        ("B", "m12"),
        (ALL_ARMS, "m6"),
        (ALL_ARMS, "m12"),
    ]
    m12 = rows[1]
    assert (m12.followed, m12.present, m12.not_seen, m12.lost) == (3, 1, 1, 1)
    assert rows[-1].subjects == 2
    # One value per subject: (100/3 + 100) / 2, and not 4 of 6 follicles.
    assert rows[-1].present_percent == pytest.approx(200 / 3)


def test_fields_of_one_subject_are_one_value() -> None:
    one = visit("s1", "", "m12", 365, True, True)
    other = FieldVisit("s1", "", "m12", "other.jpg", 365, {1: False, 2: False}, "graft")
    (row,) = pool_attrition([one, other], order=["m12"], early_days=180)
    assert (row.subjects, row.present_percent) == (1, 50.0)
    assert math.isnan(row.present_low)


def test_grafts_before_month_6_are_flagged() -> None:
    (row,) = pool_attrition([visit("s", "", "m3", 90, True)], order=["m3"], early_days=180)
    assert row.flags == "survival_early"


def test_a_follicle_that_comes_back_was_resting_whatever_the_order_of_the_visits_names() -> None:
    visits = [visit("s", "", "m6", 182, True), visit("s", "", "m3", 91, False)]
    rows = pool_attrition(visits, order=["m6", "m3"], early_days=30)
    assert [(r.visit, r.present, r.resting, r.not_seen) for r in rows] == [
        ("m6", 1, 0, 0),
        ("m3", 0, 1, 0),
    ]


def test_no_fewer_live_than_were_seen_outside_what_both_visits_show() -> None:
    """Of four shared follicles two live; the fifth, which month 12 does not show, was seen."""
    visits = [
        visit("s", "", "m9", 273, True, True, False, False, True),
        visit("s", "", "m12", 365, True, True, False, False),
    ]
    m9, m12 = pool_attrition(visits, order=["m9", "m12"], early_days=180)
    assert m9.living_percent == m9.present_percent == 60.0
    assert m12.living_percent == 50.0


def test_no_fewer_live_than_a_third_visit_shows_again() -> None:
    visits = [
        visit("s", "", "m9", 273, True, False, False),
        visit("s", "", "m12", 365, True, False, False),
        visit("s", "", "m18", 548, True, True, False),
    ]
    m9, *_ = pool_attrition(visits, order=["m9", "m12", "m18"], early_days=180)
    assert m9.resting == 1
    assert m9.living_percent == m9.present_percent == pytest.approx(200 / 3)


@pytest.mark.parametrize("chance", [0.5, 0.75, 0.95])
@pytest.mark.parametrize("shared", [0.7, 0.9])
def test_living_follicles_are_told_without_bias_and_never_below_those_seen(
    chance: float, shared: float
) -> None:
    """300 courses of 25 grafts, of which an eighth is empty; three standard errors are 0.9 points.

    The estimate itself is low by up to 0.8 points where nearly all live: it ends at all of them.
    """
    rng = np.random.default_rng(72_950)
    errors = []
    for _ in range(300):
        lives = rng.random(25) < chance
        seen = [lives & (rng.random(25) >= 1 / 8) for _ in range(2)]
        seen[1] = seen[1][: max(1, rng.binomial(25, shared))]
        visits = [
            visit("s", "", f"m{m}", 30 * m, *one.tolist())
            for m, one in zip((9, 12), seen, strict=True)
        ]
        m9 = pool_attrition(visits, order=["m9", "m12"], early_days=180)[0]
        assert m9.living_percent >= m9.present_percent - 1e-9
        errors.append(m9.living_percent - 100 * float(lives.mean()))
    assert abs(float(np.mean(errors))) < 1.7
