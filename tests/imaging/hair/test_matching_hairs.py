"""Hairs of two lists are paired one to one by place, direction and thickness."""

from __future__ import annotations

import numpy as np

from imaging.hair.matching import HairPlaces, match_hairs, places_of
from imaging.settings import FollowupSettings

SETTINGS = FollowupSettings()


def stubs(roots: list[tuple[float, float]], *, length_mm: float = 0.4) -> HairPlaces:
    """Return straight hairs that run to the right."""
    paths = [np.array([(x, y), (x + length_mm, y)]) for x, y in roots]
    return places_of(paths, np.full(len(roots), 70.0))


def test_each_hair_finds_itself_in_another_order():
    first = stubs([(0.0, 0.0), (1.0, 0.0), (0.0, 1.0)])
    second = stubs([(0.0, 1.02), (0.03, 0.0), (1.02, 0.01)], length_mm=0.7)
    assert match_hairs(first, second, SETTINGS).tolist() == [[0, 1], [1, 2], [2, 0]]


def test_a_hair_without_a_like_one_stays_alone():
    first, second = stubs([(0.0, 0.0), (1.0, 0.0)]), stubs([(0.0, 0.0), (1.0, 0.5)])
    assert match_hairs(first, second, SETTINGS).tolist() == [[0, 0]]


def test_one_hair_is_never_given_to_two():
    first, second = stubs([(0.0, 0.0), (0.02, 0.01)]), stubs([(0.01, 0.0)])
    assert len(match_hairs(first, second, SETTINGS)) == 1


def test_no_hairs_give_no_pairs():
    assert match_hairs(stubs([]), stubs([(0.0, 0.0)]), SETTINGS).shape == (0, 2)
