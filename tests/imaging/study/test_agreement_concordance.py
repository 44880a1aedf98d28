"""Lin's concordance and the coefficients of variation."""

from __future__ import annotations

import math

import numpy as np
import published_tables as published
import pytest

from imaging.study.agreement_concordance import (
    coefficients_of_variation,
    concordance_correlation,
    sd_interval,
)
from imaging.study.agreement_icc import unbalanced_one_way


def test_zous_pairs_have_the_concordance_and_interval_that_simplyagree_prints() -> None:
    found = concordance_correlation(*published.ZOU.T).concordance
    assert round(found.value, 4) == 0.4791
    assert (round(found.low, 4), round(found.high, 4)) == (0.1276, 0.7237)


def test_concordance_is_correlation_times_accuracy() -> None:
    found = concordance_correlation(published.WRIGHT_1, published.MINI_1)
    assert found.concordance.value == pytest.approx(found.pearson.value * found.accuracy)
    assert found.accuracy <= 1


def test_concordance_by_hand() -> None:
    """x = 1, 2, 3 and y = 2, 3, 4: covariance and variances 2/3, shift 1: 2·(2/3)/(4/3 + 1)."""
    assert concordance_correlation([1, 2, 3], [2, 3, 4]).concordance.value == pytest.approx(4 / 7)


def test_a_constant_rater_has_no_concordance() -> None:
    assert math.isnan(concordance_correlation([1, 2, 3], [2, 2, 2]).concordance.value)


def test_the_interval_covers_the_true_concordance() -> None:
    """Of 500 studies of 40 pairs, 95 %; three standard errors are 2.9 points."""
    rng = np.random.default_rng(9)
    hits = 0
    # Shift 0.5, variances 1 and 1, correlation 0.8: 1.6 / 2.25.
    for _ in range(500):
        x = rng.normal(0, 1, 40)
        y = 0.8 * x + rng.normal(0, 0.6, 40) + 0.5
        estimate = concordance_correlation(x, y).concordance
        hits += estimate.low <= 1.6 / 2.25 <= estimate.high
    assert abs(hits / 500 - 0.95) < 0.029


def test_the_cows_have_the_printed_coefficient_of_variation_and_variance() -> None:
    root, _ = coefficients_of_variation(published.COWS)
    assert round(root, 2) == 5.96
    squares, _ = unbalanced_one_way([np.array(pair, float) for pair in published.COWS])
    assert round(squares.within, 2) == 2.85


def test_both_coefficients_meet_for_small_errors() -> None:
    rng = np.random.default_rng(2)
    means = rng.uniform(50, 500, 400)
    groups = means[:, None] * np.exp(rng.normal(0, 0.03, (400, 2)))
    root, logarithmic = coefficients_of_variation(list(groups))
    assert root == pytest.approx(logarithmic, rel=0.03)
    assert root == pytest.approx(3.0, rel=0.1)


def test_percent_of_nothing_cannot_be_told() -> None:
    assert all(math.isnan(value) for value in coefficients_of_variation([[0.0, 1.0], [2.0, 2.0]]))


def test_the_chi_square_interval_of_an_sd() -> None:
    """χ² quantiles of 10 degrees of freedom are 3.247 and 20.483 in any table."""
    found = sd_interval(4.0, 10)
    assert found.value == 2
    assert found.low == pytest.approx(math.sqrt(40 / 20.483), abs=1e-3)
    assert found.high == pytest.approx(math.sqrt(40 / 3.247), abs=1e-3)


def test_repeatability_of_peak_flow_of_1986_has_the_printed_sds() -> None:
    for first, second, sd in (
        (published.WRIGHT_1, published.WRIGHT_2, 21.6),
        (published.MINI_1, published.MINI_2, 28.2),
    ):
        assert round(math.sqrt(float(((first - second) ** 2).mean())), 1) == sd
