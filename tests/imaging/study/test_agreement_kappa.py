"""Kappa: Cohen's example and the dermatologists', to the digits printed."""

from __future__ import annotations

import math

import numpy as np
import published_tables as published
import pytest

from imaging.study.agreement_icc import intraclass_correlations
from imaging.study.agreement_kappa import kappa_from_table, weighted_kappas


def expanded(table: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    pairs = [
        (i, j)
        for i in range(len(table))
        for j in range(len(table))
        for _ in range(int(table[i, j]))
    ]
    first, second = np.array(pairs, float).T
    return first, second


def test_cohens_example_of_1968_has_the_printed_kappas() -> None:
    plain = kappa_from_table(published.COHEN, 1 - np.eye(3))
    weighted = kappa_from_table(published.COHEN, published.COHEN_WEIGHTS)
    assert (round(plain.estimate.value, 3), round(weighted.estimate.value, 3)) == (0.492, 0.348)


def test_the_dermatologists_have_the_printed_kappa_error_and_interval() -> None:
    kappa = weighted_kappas(*expanded(published.SKIN))["kappa"]
    assert round(kappa.estimate.value, 4) == 0.3449
    assert round(kappa.standard_error, 4) == 0.0724
    assert (round(kappa.estimate.low, 4), round(kappa.estimate.high, 4)) == (0.2030, 0.4868)


def test_the_dermatologists_have_the_printed_weighted_kappa_error_and_interval() -> None:
    """Cicchetti-Allison weights of PROC FREQ are the linear ones."""
    kappa = weighted_kappas(*expanded(published.SKIN))["kappa, linear"]
    assert round(kappa.estimate.value, 4) == 0.5082
    assert round(kappa.standard_error, 4) == 0.0655
    assert (round(kappa.estimate.low, 4), round(kappa.estimate.high, 4)) == (0.3798, 0.6366)


def test_the_scale_of_the_weights_changes_nothing() -> None:
    one = kappa_from_table(published.COHEN, published.COHEN_WEIGHTS)
    ten = kappa_from_table(published.COHEN, 10 * published.COHEN_WEIGHTS)
    assert ten.estimate.value == pytest.approx(one.estimate.value)
    assert ten.standard_error == pytest.approx(one.standard_error)


def test_quadratic_kappa_is_an_intraclass_correlation() -> None:
    """Fleiss & Cohen 1973: equal but for terms of order 1/n."""
    first, second = expanded(20 * published.SKIN)
    kappa = weighted_kappas(first, second)["kappa, quadratic"].estimate.value
    icc = intraclass_correlations(np.column_stack([first, second]))["ICC(2,1)"].value
    assert kappa == pytest.approx(icc, abs=1e-3)


def test_a_step_that_nobody_gave_keeps_its_distance() -> None:
    """0 against 4 costs sixteen times as much as 0 against 1, also when 1 to 3 were not given."""
    near = weighted_kappas([0, 0, 1, 1, 0], [0, 0, 1, 1, 1])["kappa, quadratic"]
    far = weighted_kappas([0, 0, 4, 4, 0], [0, 0, 4, 4, 4])["kappa, quadratic"]
    assert near.estimate.value == pytest.approx(far.estimate.value)
    mixed = weighted_kappas([0, 0, 4, 4, 1], [0, 0, 4, 4, 0])["kappa, quadratic"]
    assert mixed.estimate.value > far.estimate.value


def test_perfect_agreement_is_1_and_one_step_throughout_cannot_be_told() -> None:
    assert weighted_kappas([0, 1, 2], [0, 1, 2])["kappa, linear"].estimate.value == 1
    assert math.isnan(weighted_kappas([2, 2, 2], [2, 2, 2])["kappa"].estimate.value)


def test_without_scatter_there_is_no_interval() -> None:
    for first, second in (([0, 1, 2, 1], [0, 1, 2, 1]), ([2, 2, 2, 2], [1, 2, 3, 2])):
        for kappa in weighted_kappas(first, second).values():
            assert math.isnan(kappa.estimate.low)
            assert math.isnan(kappa.estimate.high)


def test_one_rater_without_variation_agrees_as_chance_would() -> None:
    assert weighted_kappas([2, 2, 2, 2], [1, 2, 3, 2])["kappa"].estimate.value == 0


def test_the_interval_covers_the_true_kappa() -> None:
    """Of 500 tables of 120 drawn from known shares, 95 %; three standard errors are 2.9 points."""
    rng = np.random.default_rng(5)
    shares = published.SKIN / published.SKIN.sum()
    distance = np.abs(np.subtract.outer(np.arange(4), np.arange(4))).astype(float)
    truth = kappa_from_table(1e6 * shares, distance).estimate.value
    hits = 0
    for _ in range(500):
        table = rng.multinomial(120, shares.ravel()).reshape(4, 4)
        estimate = kappa_from_table(table, distance).estimate
        hits += estimate.low <= truth <= estimate.high
    assert abs(hits / 500 - 0.95) < 0.029
