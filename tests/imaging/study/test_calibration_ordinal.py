"""Cut-points fitted to steps: known ones come back, whatever the unit."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.study.calibration_ordinal import cut_point, fit_steps, subject_folds


def drawn(seed: int, n: int = 800, noise: float = 1.0) -> tuple[np.ndarray, np.ndarray]:
    """Return quantities and steps 1 to 4 with even odds at 4, 7 and 11."""
    rng = np.random.default_rng(seed)
    x = rng.uniform(0, 16, n)
    seen = x + rng.logistic(0, noise, n)
    return x, 1.0 + (seen[:, None] >= [4, 7, 11]).sum(axis=1)


def cuts_of(x: np.ndarray, y: np.ndarray) -> list[float]:
    fit = fit_steps(x, y)
    return [cut_point(fit, b, low=0, high=60) for b in (1.5, 2.5, 3.5)]


def test_cut_points_known_by_construction_come_back() -> None:
    # Steps of 3 and 4 with a noise of 1: the expected step is midway within 0.2 of even odds.
    assert cuts_of(*drawn(1)) == pytest.approx([4, 7, 11], abs=0.6)


def test_without_noise_cut_points_lie_in_the_gaps() -> None:
    x = np.array([1, 2, 3, 5, 6, 7, 9, 10, 11, 14, 15, 16.0])
    y = np.repeat([1.0, 2, 3, 4], 3)
    first, second, third = cuts_of(x, y)
    assert 3 < first <= 5
    assert 7 < second <= 9
    assert 11 < third <= 14


@pytest.mark.parametrize(("factor", "shift"), [(1000.0, 0.0), (0.001, 0.0), (1.0, 500.0)])
def test_unit_and_zero_of_the_quantity_only_move_the_cut_points(
    factor: float, shift: float
) -> None:
    x, y = drawn(2, 200)
    fit, other = fit_steps(x, y), fit_steps(factor * x + shift, y)
    ends = {"low": -1e5, "high": 1e5}
    for boundary in (1.5, 2.5, 3.5):
        here, there = cut_point(fit, boundary, **ends), cut_point(other, boundary, **ends)
        assert there == pytest.approx(factor * here + shift, rel=1e-3, abs=1e-3)


def test_the_expected_step_rises_from_the_lowest_to_the_highest() -> None:
    fit = fit_steps(*drawn(3, 200))
    steps = [fit.expected_step(x) for x in (-100, 0, 5, 10, 15, 100)]
    assert steps == sorted(steps)
    assert steps[0] == pytest.approx(1, abs=1e-3)
    assert steps[-1] == pytest.approx(4, abs=1e-3)


def test_a_boundary_outside_the_range_is_at_its_end() -> None:
    fit = fit_steps(*drawn(4, 200))
    assert cut_point(fit, 3.5, low=0, high=8) == 8
    assert cut_point(fit, 1.5, low=6, high=60) == 6


def test_steps_that_nobody_gave_are_skipped() -> None:
    x = np.array([1, 2, 3, 4, 11, 12, 13, 14.0])
    y = np.array([1, 1, 1, 1, 4, 4, 4, 4.0])
    cuts = cuts_of(x, y)
    assert cuts == sorted(cuts)
    assert 4 < cuts[0] < cuts[2] < 11


def test_one_step_or_one_quantity_cannot_be_fitted() -> None:
    for x, y in (([1, 2, 3], [2, 2, 2]), ([5, 5, 5], [1, 2, 3])):
        with pytest.raises(ValueError, match="two steps"):
            fit_steps(x, y)


def test_all_rows_of_a_subject_are_in_one_fold() -> None:
    subjects = np.array([f"s{n % 37}" for n in range(400)])
    folds = subject_folds(subjects)
    assert len(set(folds.tolist())) == 20
    assert all(len(set(folds[subjects == name].tolist())) == 1 for name in set(subjects))
    assert len(set(subject_folds(np.array(list("abcabc"))).tolist())) == 3
