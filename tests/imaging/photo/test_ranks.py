"""Medians and percentiles are those of NumPy, to the last digit and of the same kind."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.ranks import median, median_along, percentile


def rows_of_values(kind: type) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [(100 * rng.random(count)).astype(kind) for count in (*range(1, 30), 200, 201)]


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float32, np.float64])
def test_a_median_is_that_of_numpy(kind: type) -> None:
    for values in rows_of_values(kind):
        assert median(values) == np.median(values)


@pytest.mark.parametrize("kind", [np.uint8, np.float32, np.float64])
@pytest.mark.parametrize("axis", [0, 1])
def test_medians_along_an_axis_are_those_of_numpy(kind: type, axis: int) -> None:
    values = (255 * np.random.default_rng(2).random((6, 7, 3))).astype(kind)
    found, wanted = median_along(values, axis), np.median(values, axis=axis)
    assert found.dtype == wanted.dtype
    assert np.array_equal(found, wanted)


@pytest.mark.parametrize("kind", [np.uint8, np.int64, np.float64])
@pytest.mark.parametrize("percent", [0, 2, 15, 30, 50, 60, 95, 100])
def test_a_percentile_is_that_of_numpy(kind: type, percent: int) -> None:
    for values in rows_of_values(kind):
        assert percentile(values, percent) == np.percentile(values, percent)
