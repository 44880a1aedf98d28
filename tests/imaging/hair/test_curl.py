"""Curly hair is told from straight hair, followed round its bends, and not judged by its lean."""

from __future__ import annotations

import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, Line, curved, evidence_of, neighbours, photograph, straight

from imaging.hair.curl import are_curls
from imaging.hair.lines import STEP_PX, Lines
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


def test_lying_across_its_neighbours_says_little_against_a_curly_hair() -> None:
    def rooting(lines: list[Line], *, is_curly: bool) -> Rooting:
        evidence = evidence_of(photograph(lines))
        tracks = find_tracks(evidence, DEFAULTS, is_curly=True)
        strips, _ = choose_strips(tracks, evidence, DEFAULTS)
        return find_roots(strips, evidence, DEFAULTS, is_curly=is_curly)

    before, after = (rooting(ringlets(), is_curly=curly) for curly in (False, True))
    assert np.median(before.lean) < CURLY_LEAN
    np.testing.assert_array_equal(after.lean, np.maximum(before.lean, CURLY_LEAN))
    # Hair that leans alike all the same keeps its lean.
    np.testing.assert_array_equal(
        rooting(neighbours(), is_curly=True).lean, rooting(neighbours(), is_curly=False).lean
    )


@pytest.mark.parametrize(
    ("length_mm", "turn_deg", "curly"),
    [
        (0.45, 9.0, False),  # 20 degrees per mm, but no more than straight stubs seem to turn by
        (0.45, 14.0, True),
        (1.2, 15.0, False),  # long hair, gently bent
        (1.2, 20.0, True),
        (0.3, 60.0, False),  # too short to tell
    ],
)
def test_hair_is_curly_by_what_it_turns_beyond_noise(
    length_mm: float, turn_deg: float, curly: bool
) -> None:
    count = round(length_mm * PX_PER_MM / STEP_PX)
    angles = np.deg2rad(np.linspace(0.0, turn_deg, count)).astype(np.float32)
    lines = Lines(
        np.zeros((3 * count, 2), np.float32),
        np.concatenate([angles, -angles, angles]),
        np.full(3, count, np.intp),
        np.ones(3, np.float32),
    )
    assert are_curls(lines, PX_PER_MM, DEFAULTS) is curly
