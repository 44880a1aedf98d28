"""A turned photo is turned back to what it was, pixels, boxes and places alike."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.turns import OTHER_TURNS, UPRIGHT, Turn


@pytest.mark.parametrize("turn", [UPRIGHT, *OTHER_TURNS])
def test_what_is_turned_and_turned_back_is_the_same(turn: Turn) -> None:
    pixels = np.arange(7 * 11).reshape(7, 11)
    assert (turn.undo(turn.apply(pixels)) == pixels).all()


@pytest.mark.parametrize("turn", [UPRIGHT, *OTHER_TURNS])
def test_a_box_goes_where_its_pixels_go(turn: Turn) -> None:
    mask = np.zeros((7, 11), bool)
    mask[1:3, 4:9] = True
    turned = turn.apply(mask)
    ((left, top, wide, high),) = turn.apply_to_boxes(np.array([[4, 1, 5, 2]]), mask.shape)
    assert turned[top : top + high, left : left + wide].all()
    assert turned.sum() == wide * high
    assert turn.undo_box((top, top + high, left, left + wide), turned.shape) == (1, 3, 4, 9)


@pytest.mark.parametrize("turn", OTHER_TURNS)
def test_a_place_goes_where_its_pixel_goes(turn: Turn) -> None:
    mask = np.zeros((7, 11), bool)
    mask[2, 9] = True
    row, column = np.argwhere(turn.apply(mask))[0]
    assert turn.undo_place(column + 0.5, row + 0.5, turn.apply(mask).shape) == (9.5, 2.5)
