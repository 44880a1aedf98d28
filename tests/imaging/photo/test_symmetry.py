"""Grids, windows and shapes that a turned or mirrored photo shares."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.symmetry import disc, every, odd


@pytest.mark.parametrize(
    ("size", "window"), [(0.4, 1), (1.0, 1), (2.9, 3), (3.7, 3), (4.2, 5), (11.4, 11), (46.1, 47)]
)
def test_a_window_has_a_middle(size: float, window: int) -> None:
    assert odd(size) == window


@pytest.mark.parametrize("stride", [1, 3, 5, 7])
@pytest.mark.parametrize("length", [*range(8, 24), 1280])
def test_every_so_many_elements_are_the_same_from_either_end(stride: int, length: int) -> None:
    chosen = np.arange(length)[every(stride, length)]
    assert (chosen == (length - 1 - chosen)[::-1]).all()
    assert (np.diff(chosen) == stride).all()
    assert len(chosen) >= length // stride


@pytest.mark.parametrize("width", [7, 9, 13])
def test_a_disc_is_as_high_as_wide_and_round(width: int) -> None:
    found = disc(width)
    assert found.shape == (width, width)
    assert (found == found.T).all()
    assert (found == found[::-1]).all()
    assert found.any(axis=0).all()
    assert found.sum() == pytest.approx(np.pi / 4 * width**2, rel=0.12)
