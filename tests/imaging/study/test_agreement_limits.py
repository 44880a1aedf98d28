"""Limits of agreement: Bland and Altman's own examples, and exact intervals."""

from __future__ import annotations

import math

import numpy as np
import published_tables as published
import pytest

from imaging.study.agreement_limits import (
    exact_factors,
    limits_from_moments,
    limits_of_agreement,
    limits_true_value_constant,
    limits_true_value_varies,
    proportional_bias,
)


def by_subject(values: np.ndarray) -> list[np.ndarray]:
    subjects = published.CARDIAC[:, 0]
    return [values[subjects == n] for n in np.unique(subjects)]


RV, IC = published.CARDIAC[:, 1], published.CARDIAC[:, 2]


def test_peak_flow_of_1986_has_the_printed_mean_difference_and_sd() -> None:
    limits = limits_of_agreement(published.WRIGHT_1 - published.MINI_1)
    assert (round(limits.bias.value, 1), round(limits.sd, 1)) == (-2.1, 38.8)
    assert (round(limits.bias.low, 1), round(limits.bias.high, 1)) == (-22.0, 17.8)


def test_peak_flow_of_1986_has_the_printed_limits_and_intervals() -> None:
    """The paper goes on with its rounded mean and SD, and with 2 SD."""
    limits = limits_from_moments(-2.1, 38.8, 17, deviations=2)
    assert (round(limits.lower.value, 1), round(limits.upper.value, 1)) == (-79.7, 75.5)
    lower, upper = limits.lower_approximate, limits.upper_approximate
    assert (round(lower.low, 1), round(lower.high, 1)) == (-114.3, -45.1)
    assert (round(upper.low, 1), round(upper.high, 1)) == (40.9, 110.1)


def test_blood_pressure_of_1999_has_the_printed_limits_and_intervals() -> None:
    """From the printed mean, SD and n; the paper adds its rounded half width, 7.2, to them."""
    limits = limits_from_moments(-16.29, 19.61, 85)
    assert (round(limits.lower.value, 1), round(limits.upper.value, 1)) == (-54.7, 22.1)
    assert (round(limits.bias.low, 1), round(limits.bias.high, 1)) == (-20.5, -12.1)
    half = limits.lower_approximate.high - limits.lower.value
    assert round(half, 1) == 7.2
    assert [round(end + sign * 7.2, 1) for end in (-54.7, 22.1) for sign in (-1, 1)] == [
        -61.9,
        -47.5,
        14.9,
        29.3,
    ]


def test_cardiac_output_of_2007_ignoring_subjects_has_the_printed_limits() -> None:
    limits = limits_of_agreement(RV - IC)
    assert (round(limits.bias.value, 2), round(limits.sd, 2)) == (0.60, 0.96)
    assert round(limits.lower.value, 2) == -1.28
    # The paper prints 2.48 from rounded figures in one place, 2.49 in another.
    assert round(limits.upper.value, 2) == 2.49


def test_cardiac_output_of_2007_with_a_varying_true_value_has_the_printed_limits() -> None:
    limits = limits_true_value_varies(by_subject(RV - IC))
    assert (round(limits.bias, 2), round(limits.sd, 2)) == (0.60, 0.99)
    assert (round(limits.lower, 2), round(limits.upper, 2)) == (-1.34, 2.54)
    assert round(limits.within_variance, 2) == 0.17
    assert round(limits.between_variance, 2) == 0.81


def test_a_constant_true_value_adds_what_averaging_took_out() -> None:
    """By hand: within variances 2 and 8 of two readings each, mean differences 1 and 3."""
    first = [np.array([10.0, 12.0]), np.array([20.0, 22.0])]
    second = [np.array([8.0, 12.0]), np.array([16.0, 20.0])]
    limits = limits_true_value_constant(first, second)
    assert limits.bias == pytest.approx(2.0)
    assert limits.between_variance == pytest.approx(2.0)
    assert limits.within_variance == pytest.approx(0.5 * 2.0 + 0.5 * 8.0)
    assert limits.upper == pytest.approx(2.0 + 1.96 * math.sqrt(7.0))


def test_three_replicates_of_blood_pressure_of_1999_have_the_printed_limits() -> None:
    """Section 5.1, from its printed moments of 85 subjects, put into readings that have them.

    Within variances 37.408 and 83.141, subject means with a mean difference of −15.62 and a
    variance of 358.493.
    """
    spread = np.array([-1.0, 0.0, 1.0])
    means = np.linspace(-1, 1, 85)
    means = -15.62 + means * math.sqrt(358.493 / float(means.var(ddof=1)))
    first = [mean + math.sqrt(37.408) * spread for mean in means]
    second = [math.sqrt(83.141) * spread for _ in means]
    limits = limits_true_value_constant(first, second)
    assert (round(limits.bias, 2), round(limits.sd, 2)) == (-15.62, 20.95)
    assert (round(limits.lower, 2), round(limits.upper, 2)) == (-56.68, 25.44)


def test_one_reading_a_subject_makes_the_constant_form_the_plain_one() -> None:
    x, y = published.WRIGHT_1, published.MINI_1
    limits = limits_true_value_constant([np.array([v]) for v in x], [np.array([v]) for v in y])
    plain = limits_of_agreement(x - y)
    assert limits.sd == pytest.approx(plain.sd)
    assert limits.lower == pytest.approx(plain.lower.value)


@pytest.mark.parametrize(("n", "factor"), [(10, 2.911), (20, 2.396), (30, 2.220)])
def test_exact_factors_are_the_printed_one_sided_tolerance_factors(n: int, factor: float) -> None:
    _, far = exact_factors(n, 1.6448536269514722, upper=0.95)
    assert round(far, 3) == factor


def test_exact_and_approximate_intervals_meet_in_large_samples() -> None:
    small, large = exact_factors(999, 1.96), exact_factors(1001, 1.96)
    assert large == pytest.approx(small, abs=0.005)


def test_the_exact_interval_covers_the_true_limit_of_small_samples() -> None:
    """Of 2000 samples of 8, 95 %; three standard errors are 1.5 points."""
    rng = np.random.default_rng(3)
    near, far = exact_factors(8, 1.96)
    sample = rng.normal(0, 1, (2000, 8))
    mean, sd = sample.mean(axis=1), sample.std(axis=1, ddof=1)
    hits = (mean + near * sd <= 1.96) & (mean + far * sd >= 1.96)
    assert abs(hits.mean() - 0.95) < 0.015


def test_a_rater_that_reads_a_tenth_more_has_a_proportional_bias() -> None:
    rng = np.random.default_rng(1)
    truth = rng.uniform(50, 200, 60)
    bias = proportional_bias(1.1 * truth + rng.normal(0, 2, 60), truth + rng.normal(0, 2, 60))
    # The slope of 0.1·t on 1.05·t.
    assert bias.slope.low < 0.1 / 1.05 < bias.slope.high
    assert bias.p_slope < 1e-6
    assert bias.p_bradley_blackwood < 1e-6


def test_the_two_tests_of_bradley_and_blackwood_agree_with_a_regression_by_hand() -> None:
    """d = (1, −1, 2, 0), sums (2, 4, 6, 8): slope 0.5·0 by hand"""
    x, y = np.array([1.5, 1.5, 4.0, 4.0]), np.array([0.5, 2.5, 2.0, 4.0])
    bias = proportional_bias(x, y)
    assert bias.slope.value == pytest.approx(0.0)
    # Σd² = 6, residual 5, two and two degrees of freedom: F = 0.5/2.5 = 0.2; P(F > f) = 1/(1 + f).
    assert bias.p_bradley_blackwood == pytest.approx(1 / 1.2)
    assert bias.p_slope == pytest.approx(1.0)


def test_equal_readings_have_no_proportional_bias_to_test() -> None:
    bias = proportional_bias([1, 2, 3, 4.0], [1, 2, 3, 4.0])
    assert bias.slope.value == 0
    assert math.isnan(bias.p_slope)
