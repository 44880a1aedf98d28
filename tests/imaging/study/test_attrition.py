"""Follicles followed over visits and pooled over subjects."""

from __future__ import annotations

import math

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
    mean, low, high = mean_with_interval([80.0, 90.0, 100.0, math.nan])
    # t(0.975, 2) = 4.3027; s / sqrt(3) = 5.7735.
    assert (mean, low, high) == pytest.approx((90.0, 65.159, 114.841), abs=1e-3)
    assert mean_with_interval([70.0])[0] == 70
    assert math.isnan(mean_with_interval([70.0])[1])


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
