"""Where hairs hide each other, the light that they absorb together tells whether one is gone."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.hair.crowds import judge_sights, missing_shares
from imaging.hair.second_look import Look, Traced

PX_PER_MM = 100.0
SHAPE = (400, 400)
WIDTH_MM = 0.07

#: Five hairs that stand apart, and two that touch.
APART = [(60.0, 60.0), (60.0, 200.0), (60.0, 340.0), (330.0, 60.0), (330.0, 340.0)]
LEFT, RIGHT = (200.0, 200.0), (206.0, 200.0)


def line(x: float, y: float) -> np.ndarray:
    return np.column_stack([np.full(11, x), np.linspace(y, y + 40.0, 11)])


def photo(drawn: list[tuple[float, float]], *, gain: float = 1.0, level: float = 0.0) -> Look:
    """Return a look at vertical shafts, blurred as a camera blurs them; overlaps add nothing."""
    columns = np.arange(SHAPE[1]) + 0.5
    open_light = np.ones(SHAPE)
    for x, y in drawn:
        covered = np.clip((WIDTH_MM * PX_PER_MM / 2 + 0.5 - np.abs(columns - x)), 0.0, 1.0)
        rows = slice(round(y), round(y) + 60)
        open_light[rows] = np.minimum(open_light[rows], 1.0 - 0.7 * gain * covered)
    darkness = (level - np.log(open_light)).astype(np.float32)
    return Look(darkness, np.zeros(SHAPE, bool), PX_PER_MM)


def traced(look: Look, places: list[tuple[float, float]]) -> Traced:
    paths = [line(*place) for place in places]
    return Traced(look, paths, paths, [WIDTH_MM] * len(paths))


def share_of_left(*, is_left_there: bool, gain: float = 1.0, level: float = 0.0) -> float:
    """Return the missing share of the left of two hairs of which the follow-up traces one."""
    own = traced(photo([*APART, LEFT, RIGHT]), [*APART, LEFT, RIGHT])
    later = [*APART, LEFT, RIGHT] if is_left_there else [*APART, RIGHT]
    other = traced(photo(later, gain=gain, level=level), [*APART, RIGHT])
    left, right = len(APART), len(APART) + 1
    pairs = {k: k for k in range(len(APART))} | {right: len(APART)}
    return missing_shares(own, other, alone=[left], pairs=pairs)[left]


# Both hairs of the crowd share a rim of half a pixel: a tenth of one's width.
def test_a_hair_that_is_traced_with_its_neighbour_is_not_missing():
    assert share_of_left(is_left_there=True) == pytest.approx(0.0, abs=0.1)


def test_a_hair_that_is_gone_beside_its_neighbour_is_missing():
    assert share_of_left(is_left_there=False) == pytest.approx(1.0, abs=0.2)


@pytest.mark.parametrize(("gain", "level"), [(0.8, 0.0), (1.2, 0.0), (1.0, 0.2)])
def test_a_paler_or_darker_photo_makes_no_hair_missing(gain: float, level: float):
    there = share_of_left(is_left_there=True, gain=gain, level=level)
    gone = share_of_left(is_left_there=False, gain=gain, level=level)
    assert there < 0.2 and gone > 0.75


def test_what_cannot_be_read_is_not_weighed():
    own = traced(photo([*APART, LEFT]), [*APART, LEFT])
    blind = photo(APART)
    blind.hidden[180:260, 150:250] = True
    other = traced(blind, APART)
    pairs = {k: k for k in range(len(APART))}
    assert math.isnan(missing_shares(own, other, alone=[len(APART)], pairs=pairs)[len(APART)])


@pytest.mark.parametrize(
    ("sight", "missing", "judged"),
    [
        ("hidden", 0.6, "bare"),
        ("hidden", 0.59, "seen"),
        ("hidden", math.nan, "hidden"),
        ("seen", 0.59, "seen"),
        ("seen", 0.6, "hidden"),
        ("bare", 0.4, "bare"),
        ("bare", 0.39, "hidden"),
        ("bare", math.nan, "bare"),
    ],
)
def test_the_crowd_decides_what_is_hidden_and_doubts_what_it_speaks_against(
    sight: str, missing: float, judged: str
):
    assert judge_sights({3: sight}, {3: missing}, missing_share=0.6) == {3: judged}
