"""A constellation of roots is found again turned, zoomed and shifted; a foreign one is not."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.photo.alignment_roots import Constellation, find_fit
from imaging.settings import FollowupSettings

SETTINGS = FollowupSettings()
SIZE_MM = (8.0, 6.0)


def scattered(seed: int, count: int = 60) -> np.ndarray:
    return np.random.default_rng(seed).random((count, 2)) * SIZE_MM


def seen(roots: np.ndarray) -> Constellation:
    return Constellation(roots, np.full(len(roots), math.nan), SIZE_MM)


def test_a_moved_constellation_is_laid_back_on_itself():
    roots = scattered(1)
    turn = math.radians(17.0)
    linear = 1.05 * np.array([[math.cos(turn), -math.sin(turn)], [math.sin(turn), math.cos(turn)]])
    moved = (roots - (4.0, 3.0)) @ linear.T + (4.6, 2.5)
    moved = moved[((moved > 0) & (moved < SIZE_MM)).all(axis=1)]
    moved = moved + np.random.default_rng(2).normal(0.0, 0.02, moved.shape)
    fit = find_fit(seen(roots), seen(moved), most_zoom=1.15, settings=SETTINGS)
    assert fit is not None
    assert fit.chance_log10 < SETTINGS.most_chance_log10
    assert fit.warp.turn_deg == pytest.approx(17.0, abs=0.7)
    assert fit.warp.zoom == pytest.approx(1.05, abs=0.01)


def test_a_foreign_constellation_is_no_better_than_chance():
    fit = find_fit(seen(scattered(1)), seen(scattered(3)), most_zoom=1.15, settings=SETTINGS)
    assert fit is None or fit.chance_log10 > SETTINGS.most_chance_log10
