"""Intraclass correlation: the published table, and what must hold for any ratings."""

from __future__ import annotations

import math

import numpy as np
import published_tables as published
import pytest

from imaging.study.agreement_icc import (
    intraclass_correlations,
    mean_of_ratings,
    mean_squares,
    unbalanced_one_way,
)


def test_all_six_forms_equal_the_table_of_shrout_and_fleiss() -> None:
    found = intraclass_correlations(published.SHROUT_FLEISS)
    assert {form: round(e.value, 2) for form, e in found.items()} == {
        "ICC(1,1)": 0.17,
        "ICC(2,1)": 0.29,
        "ICC(3,1)": 0.71,
        "ICC(1,k)": 0.44,
        "ICC(2,k)": 0.62,
        "ICC(3,k)": 0.91,
    }


def test_intervals_equal_those_that_the_r_packages_psych_and_irr_print_for_that_table() -> None:
    found = intraclass_correlations(published.SHROUT_FLEISS)
    told = {form: (round(e.low, 3), round(e.high, 3)) for form, e in found.items()}
    assert told["ICC(1,1)"] == (-0.133, 0.723)
    assert told["ICC(2,1)"] == (0.019, 0.761)
    assert told["ICC(3,1)"] == (0.342, 0.946)
    assert told["ICC(1,k)"] == (-0.884, 0.912)
    assert told["ICC(2,k)"] == (0.071, 0.927)
    assert told["ICC(3,k)"] == (0.676, 0.986)


def test_the_mean_squares_are_those_of_the_published_analysis_of_variance() -> None:
    ms = mean_squares(published.SHROUT_FLEISS)
    told = [round(v, 2) for v in (ms.rows, ms.within, ms.raters, ms.residual)]
    assert told == [11.24, 6.26, 32.49, 1.02]


def test_a_shift_of_one_rater_lowers_agreement_and_leaves_consistency() -> None:
    ratings = np.random.default_rng(1).normal(0, 3, (30, 1)) + np.random.default_rng(2).normal(
        0, 1, (30, 2)
    )
    before = intraclass_correlations(ratings)
    after = intraclass_correlations(ratings + np.array([0.0, 4.0]))
    assert after["ICC(3,1)"].value == pytest.approx(before["ICC(3,1)"].value)
    assert after["ICC(2,1)"].value < before["ICC(2,1)"].value - 0.1


def test_unit_and_zero_of_the_scale_change_nothing() -> None:
    before = intraclass_correlations(published.SHROUT_FLEISS)
    after = intraclass_correlations(1e6 + 0.001 * published.SHROUT_FLEISS)
    for form, estimate in before.items():
        # Seven digits are lost to the large zero of the scale.
        assert after[form].value == pytest.approx(estimate.value, abs=1e-6)
        assert after[form].low == pytest.approx(estimate.low, abs=1e-6)


def test_constant_ratings_cannot_be_told() -> None:
    found = intraclass_correlations(np.full((5, 3), 2.0))
    assert all(math.isnan(e.value) for e in found.values())


def test_raters_without_any_error_agree_wholly() -> None:
    found = intraclass_correlations([[1, 1], [2, 2], [5, 5]])
    assert all(e.value == 1 for e in found.values())
    assert all(math.isnan(e.low) for e in found.values())


def test_a_constant_shift_alone_is_perfect_consistency() -> None:
    found = intraclass_correlations([[1, 3], [2, 4], [5, 7.0]])
    assert found["ICC(3,1)"].value == pytest.approx(1.0)
    assert 0 < found["ICC(2,1)"].value < 1


def test_rows_without_any_difference_have_the_least_icc_and_no_interval() -> None:
    found = intraclass_correlations([[4, 0], [3, 1], [2, 2]])
    for n in "13":
        assert found[f"ICC({n},1)"].value == pytest.approx(-1)
        assert math.isnan(found[f"ICC({n},k)"].value)
    assert all(math.isnan(e.low) and math.isnan(e.high) for e in found.values())


@pytest.mark.parametrize("k", [2, 3, 7])
def test_the_icc_of_a_mean_falls_without_end_towards_the_least_of_a_single_rating(k: int) -> None:
    least = -1 / (k - 1)
    assert mean_of_ratings(1.0, k) == 1
    assert mean_of_ratings(0.0, k) == 0
    assert mean_of_ratings(least + 1e-9, k) < -1e6
    for single in (least, math.nextafter(least, 1), 1.01 * least, math.nan):
        assert math.isnan(mean_of_ratings(single, k))


def test_no_interval_is_turned_round_or_leaves_its_value_out() -> None:
    """Noise alone: the limits of ICC(2,1) reach the least, where those of ICC(2,k) have no end."""
    rng = np.random.default_rng(9)
    endless = 0
    for n, k in ((5, 2), (3, 2), (3, 3), (4, 4), (2, 2)):
        for ratings in rng.integers(0, 5, (100, n, k)):
            for form, e in intraclass_correlations(ratings).items():
                # Rounding of binary fractions.
                assert not (e.low > e.value + 1e-9 or e.value > e.high + 1e-9), (form, ratings)
                assert not e.low > e.high, (form, ratings)
                if form.endswith("1)") and math.isfinite(e.value):
                    assert not min(e.value, e.low) < -1 / (k - 1) - 1e-9, (form, ratings)
                endless += math.isnan(e.low) and math.isfinite(e.high)
    assert endless > 50


def test_equal_groups_give_the_balanced_analysis_of_variance() -> None:
    balanced = mean_squares(published.SHROUT_FLEISS)
    unbalanced, m0 = unbalanced_one_way(list(published.SHROUT_FLEISS))
    assert m0 == pytest.approx(4)
    assert unbalanced.rows == pytest.approx(balanced.rows)
    assert unbalanced.within == pytest.approx(balanced.within)


@pytest.mark.parametrize("ratings", [[[1.0, 2.0]], [[1.0], [2.0]], [[1.0, np.nan], [2.0, 3.0]]])
def test_too_few_or_missing_ratings_are_refused(ratings: list[list[float]]) -> None:
    with pytest.raises(ValueError, match="two complete rows"):
        mean_squares(ratings)


def test_the_interval_of_the_absolute_form_covers_its_true_value() -> None:
    """Of 400 drawn studies 95 % should cover; three standard errors of that are 3.3 points."""
    rng = np.random.default_rng(7)
    truth = 4.0 / (4.0 + 0.5 + 1.0)
    hits = 0
    for _ in range(400):
        ratings = (
            rng.normal(0, 2, (25, 1))
            + rng.normal(0, math.sqrt(0.5), (1, 6))
            + rng.normal(0, 1, (25, 6))
        )
        estimate = intraclass_correlations(ratings)["ICC(2,1)"]
        hits += estimate.low <= truth <= estimate.high
    assert hits / 400 > 0.917
