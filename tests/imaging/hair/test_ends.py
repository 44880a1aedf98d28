"""Hairs as root and tip, paired one to one."""

from __future__ import annotations

import numpy as np

from imaging.hair.ends import as_ends, pair_ends, pair_points


def test_a_pair_is_found_either_way_round() -> None:
    real = as_ends([(0, 0, 10, 0), (50, 50, 60, 50)])
    traced = as_ends([(60, 51, 50, 51), (0, 1, 10, 1)])
    left, right = pair_ends(traced, real, tolerance_px=2)
    assert dict(zip(left.tolist(), right.tolist(), strict=True)) == {0: 1, 1: 0}


def test_the_sum_of_distances_counts_not_the_first_come() -> None:
    # The first is nearest to the second label, but then the second would be left alone.
    first, second = np.array([[4.0, 0], [9.0, 0]]), np.array([[0.0, 0], [5.0, 0]])
    left, right = pair_points(first, second, tolerance_px=5)
    assert (left.tolist(), right.tolist()) == ([0, 1], [0, 1])


def test_beyond_the_tolerance_there_is_no_pair() -> None:
    left, _ = pair_ends(as_ends([(0, 0, 1, 0)]), as_ends([(0, 3, 1, 3)]), tolerance_px=2.9)
    assert not len(left)
    assert not len(pair_ends(as_ends([]), as_ends([(0, 0, 1, 1)]), tolerance_px=9)[0])
