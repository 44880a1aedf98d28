"""Intervals over subjects: as wide as the subjects, not the rows, allow."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.study.agreement_clusters import (
    FISHER,
    MOST_LEFT_OUT,
    intraclass_scale,
    jackknife_intervals,
)


def mean_of(values: np.ndarray):
    return lambda rows: {"mean": float(values[rows].mean())}


def test_one_row_a_subject_gives_the_t_interval_of_a_mean() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    low, high = jackknife_intervals(mean_of(values), np.arange(5), scales={})["mean"]
    half = 2.7764451 * values.std(ddof=1) / math.sqrt(5)
    assert (low, high) == pytest.approx((4.0 - half, 4.0 + half))


def test_copies_of_a_row_add_nothing() -> None:
    values = np.array([1.0, 4.0, 2.0, 8.0, 5.0])
    once = jackknife_intervals(mean_of(values), np.arange(5), scales={})
    copied = np.repeat(values, 7)
    many = jackknife_intervals(mean_of(copied), np.repeat(np.arange(5), 7), scales={})
    assert many["mean"] == pytest.approx(once["mean"])


def test_clustered_rows_are_covered_where_an_interval_over_rows_is_not() -> None:
    """300 studies of 12 subjects with 6 rows each; three standard errors are 3.8 points."""
    rng = np.random.default_rng(4)
    subjects = np.repeat(np.arange(12), 6)
    hits = naive = 0
    for _ in range(300):
        values = rng.normal(0, 1, 12)[subjects] + rng.normal(0, 0.5, 72)
        low, high = jackknife_intervals(mean_of(values), subjects, scales={})["mean"]
        hits += low <= 0 <= high
        naive += abs(values.mean()) <= 1.994 * values.std(ddof=1) / math.sqrt(72)
    assert abs(hits / 300 - 0.95) < 0.038
    assert naive / 300 < 0.75


def test_many_subjects_are_left_out_in_groups() -> None:
    calls = 0
    values = np.random.default_rng(1).normal(0, 1, 3000)

    def figures(rows: np.ndarray) -> dict[str, float]:
        nonlocal calls
        calls += 1
        return {"mean": float(values[rows].mean())}

    low, high = jackknife_intervals(figures, np.arange(3000), scales={})["mean"]
    assert calls == MOST_LEFT_OUT + 1
    assert high - low == pytest.approx(2 * 1.96 / math.sqrt(3000), rel=0.15)


def test_a_correlation_never_leaves_its_range() -> None:
    values = np.array([0.9, 0.95, 0.99, 0.6, 0.97])
    found = jackknife_intervals(mean_of(values), np.arange(5), scales={"mean": FISHER})
    assert found["mean"][1] < 1


@pytest.mark.parametrize("k", [2, 3, 7])
def test_fishers_z_of_an_intraclass_correlation_ends_at_its_least_value(k: int) -> None:
    stretch, back = intraclass_scale(k)
    for value in (-1 / (k - 1) + 1e-6, 0.0, 0.3, 0.999):
        assert back(stretch(value)) == pytest.approx(value)
    assert back(-1e6) == pytest.approx(-1 / (k - 1))
    assert back(1e6) == 1
    if k == 2:
        assert stretch(0.3) == pytest.approx(math.atanh(0.3))


def test_few_subjects_and_unknown_figures_give_no_interval() -> None:
    assert math.isnan(
        jackknife_intervals(mean_of(np.arange(3.0)), np.arange(3), scales={})["mean"][0]
    )
    unknown = np.array([1.0, 2.0, np.nan, 4.0, 5.0])
    assert math.isnan(jackknife_intervals(mean_of(unknown), np.arange(5), scales={})["mean"][0])
    perfect = jackknife_intervals(mean_of(np.ones(5)), np.arange(5), scales={"mean": FISHER})
    assert math.isnan(perfect["mean"][0])
