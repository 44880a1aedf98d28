"""What is hidden is painted over with what lies around it."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.painting import painted_over


def test_what_is_hidden_is_painted_over_alike_however_the_photo_lies() -> None:
    rng = np.random.default_rng(5)
    levels = rng.random((40, 50, 3), np.float32)
    hidden = np.zeros((40, 50), bool)
    hidden[:9, 20:], hidden[15:22, 5:30], hidden[33, 41] = True, True, True
    painted = painted_over(levels, hidden)
    assert (painted[~hidden] == levels[~hidden]).all()
    assert painted.min() >= levels[~hidden].min()
    assert painted.max() <= levels[~hidden].max()
    for turns in range(1, 4):
        turned = painted_over(np.rot90(levels, turns).copy(), np.rot90(hidden, turns).copy())
        assert turned == pytest.approx(np.rot90(painted, turns), abs=1e-5)
    mirrored = painted_over(levels[:, ::-1].copy(), hidden[:, ::-1].copy())
    assert mirrored == pytest.approx(painted[:, ::-1], abs=1e-5)


def test_where_all_is_hidden_nothing_is_painted_over() -> None:
    levels = np.random.default_rng(6).random((8, 9, 3), np.float32)
    assert (painted_over(levels, np.ones((8, 9), bool)) == levels).all()
