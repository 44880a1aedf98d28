"""Tests of lengths and points along lines."""

from __future__ import annotations

import numpy as np

from imaging.photo.polylines import arc_lengths, points_along

#: Five to the right and down, then two to the right.
LINE = np.array([[0.0, 0.0], [3.0, 4.0], [5.0, 4.0]])


def test_arc_lengths_count_along_the_line() -> None:
    assert arc_lengths(LINE).tolist() == [0.0, 5.0, 7.0]


def test_points_lie_on_the_pieces_and_stop_at_the_ends() -> None:
    found = points_along(LINE, np.array([-1.0, 2.5, 6.0, 9.0]))
    np.testing.assert_allclose(found, [[0.0, 0.0], [1.5, 2.0], [4.0, 4.0], [5.0, 4.0]])


def test_known_arc_lengths_are_used() -> None:
    shares = arc_lengths(LINE) / 7.0
    np.testing.assert_allclose(
        points_along(LINE, np.array([0.5, 1.0]), arc=shares), [[2.1, 2.8], [5.0, 4.0]]
    )
