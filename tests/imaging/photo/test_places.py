"""A place is on a mask's pixel, and never beyond the mask's edges."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.places import is_in_mask

MASK = np.zeros((4, 6), bool)
MASK[1, 5] = MASK[0, 0] = True


@pytest.mark.parametrize(
    ("x_px", "y_px", "wanted"),
    [(5.0, 1.0, True), (5.9, 1.9, True), (4.9, 1.5, False), (5.5, 2.0, False), (0.0, 0.0, True)],
)
def test_a_place_counts_by_the_pixel_that_it_lies_on(
    x_px: float, y_px: float, wanted: bool
) -> None:
    assert is_in_mask(MASK, x_px, y_px) == wanted


@pytest.mark.parametrize(("x_px", "y_px"), [(-0.1, 0.5), (0.5, -0.1), (6.0, 1.5), (5.5, 4.0)])
def test_beyond_the_edges_there_is_nothing(x_px: float, y_px: float) -> None:
    assert not is_in_mask(np.ones_like(MASK), x_px, y_px)
