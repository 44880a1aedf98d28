"""Curly hair is told from straight hair, followed round its bends, and not judged by its lean."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, Line, curved, evidence_of, neighbours, photograph, straight

from imaging.hair.lines import STEP_PX
from imaging.hair.roots import CURLY_LEAN, Rooting, find_roots
from imaging.hair.strips import choose_strips
from imaging.hair.tracing import TracedHair, trace_hairs
from imaging.hair.tracks import find_tracks, has_curly_hair
from imaging.settings import HairSettings

DEFAULTS = HairSettings()
RADIUS_MM = 0.38


def turned(line: Line, angle_deg: float) -> Line:
    """Return a shaft turned about its middle."""
    angle = np.deg2rad(angle_deg)
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    middle = line.path_mm.mean(axis=0)
    return Line((line.path_mm - middle) @ turn + middle, line.width_um, line.density)


def ringlets() -> list[Line]:
    """Return four tightly bent hairs that lie every way, each alone."""
    places = ((0.5, 0.4), (1.6, 0.4), (0.5, 1.2), (1.6, 1.2))
    return [
        turned(curved(x, y, radius_mm=RADIUS_MM, length_mm=1.1), angle)
        for (x, y), angle in zip(places, (0.0, 100.0, 190.0, 280.0), strict=True)
    ]


def traced(lines: list[Line], **settings: float) -> list[TracedHair]:
    return trace_hairs(evidence_of(photograph(lines)), HairSettings(**settings))


def test_long_bent_hair_is_curly_and_straight_or_short_hair_is_not() -> None:
    def curly(lines: list[Line]) -> bool:
        return has_curly_hair(evidence_of(photograph(lines)), DEFAULTS)

    assert curly(ringlets())
    assert not curly(neighbours())
    assert not curly([straight(0.4, 0.4 + 0.3 * i, length_mm=1.2) for i in range(4)])
    # A stub of a bent hair shows no bend that could be told from noise.
    assert not curly([curved(0.4, 0.4, radius_mm=RADIUS_MM, length_mm=0.4)])
    assert not curly([])


def test_a_tight_bend_is_followed_from_end_to_end_where_hair_is_curly() -> None:
    evidence = evidence_of(photograph(ringlets()))
    longest = {
        is_curly: find_tracks(evidence, DEFAULTS, is_curly=is_curly).counts.max()
        for is_curly in (False, True)
    }
    assert longest[True] * STEP_PX / PX_PER_MM == pytest.approx(1.1, abs=0.1)
    assert longest[False] < longest[True]


def test_every_curly_hair_is_one_hair_whichever_way_it_lies() -> None:
    hairs = traced(ringlets())
    assert len(hairs) == 4
    for hair in hairs:
        assert hair.length_mm == pytest.approx(1.1, abs=0.15)
    without = traced(ringlets(), curly_bend_deg_per_mm=1000.0)
    assert sorted(hair.length_mm for hair in without) != [hair.length_mm for hair in hairs]


def test_a_usual_lean_of_curly_hair_speaks_neither_for_hair_nor_against_it() -> None:
    def rooting(lines: list[Line], *, is_curly: bool) -> Rooting:
        evidence = evidence_of(photograph(lines))
        tracks = find_tracks(evidence, DEFAULTS, is_curly=True)
        strips, _ = choose_strips(tracks, evidence, DEFAULTS)
        return find_roots(strips, evidence, DEFAULTS, is_curly=is_curly)

    before, after = (rooting(ringlets(), is_curly=curly) for curly in (False, True))
    assert np.median(before.lean) < CURLY_LEAN
    assert np.isclose(after.lean, CURLY_LEAN).any()
    np.testing.assert_allclose(np.ptp(after.lean - before.lean), 0.0, atol=1e-12)
    # Hair that leans alike all the same keeps its lean.
    np.testing.assert_array_equal(
        rooting(neighbours(), is_curly=True).lean, rooting(neighbours(), is_curly=False).lean
    )
