"""The root is the end with a shadow under the skin; neighbours lean alike."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, Line, evidence_of, neighbours, photograph, straight

from imaging.hair.roots import Rooting, find_roots
from imaging.hair.strips import Strip
from imaging.settings import HairSettings

DEFAULTS = HairSettings()


def strip(line: Line, *, is_turned: bool = False) -> Strip:
    """Return the strip that a perfect tracing would give for a shaft, root first."""
    points = line.path_mm * PX_PER_MM - 0.5
    points = (points[::-1] if is_turned else points).astype(np.float32)
    run = np.gradient(points, axis=0)
    return Strip(
        points=points,
        angles=np.arctan2(run[:, 1], run[:, 0]).astype(np.float32),
        width_mm=line.width_um / 1000.0,
        plateau=1.3,
        worth_mm=0.8 * line.length_mm,
        support=0.8,
        quality=0.8,
        step_px=line.length_mm * PX_PER_MM / (len(points) - 1),
    )


def rooting(lines: list[Line], turned: list[bool] | None = None) -> Rooting:
    flips = turned or [False] * len(lines)
    strips = [strip(line, is_turned=flip) for line, flip in zip(lines, flips, strict=True)]
    return find_roots(strips, evidence_of(photograph(lines)), DEFAULTS)


def test_without_strips_there_is_nothing_to_root() -> None:
    found = find_roots([], evidence_of(photograph([])), DEFAULTS)
    assert found.is_reversed.shape == found.lean.shape == (0,)


@pytest.mark.parametrize("angle_deg", [0.0, 45.0, 130.0, 250.0])
def test_the_end_with_the_shadow_is_the_root_whichever_end_came_first(angle_deg: float) -> None:
    line = straight(1.2, 1.0, angle_deg=angle_deg)
    assert not rooting([line]).is_reversed[0]
    assert rooting([line], [True]).is_reversed[0]


def test_the_shadow_is_darker_beyond_the_root_than_beyond_the_tip() -> None:
    assert rooting([straight(0.8, 0.9)]).shadow[0] > 0.05
    bare = rooting([straight(0.8, 0.9, is_rooted=False)])
    assert abs(bare.shadow[0]) < 0.05


def test_a_hair_without_a_shadow_follows_its_neighbours() -> None:
    lines = neighbours()
    lines[4] = straight(*lines[4].path_mm[0], length_mm=0.4, is_rooted=False)
    turned = [index == 4 for index in range(9)]
    assert rooting(lines, turned).is_reversed.tolist() == turned
    assert not rooting(lines).is_reversed.any()


def test_one_misleading_shadow_does_not_turn_a_hair_against_all_its_neighbours() -> None:
    lines = neighbours()
    x, y = lines[4].path_mm[-1]
    # Rooted at what is the tip of its neighbours: dirt at a tip looks like this.
    lines[4] = straight(x, y, angle_deg=200.0, length_mm=0.4)
    found = rooting(lines)
    alike = ~found.is_reversed
    alike[4] = found.is_reversed[4]
    assert alike.all()


def test_hairs_that_lean_alike_have_a_lean_near_one_and_one_across_them_near_zero() -> None:
    across = straight(1.05, 1.10, angle_deg=110.0, length_mm=0.35, is_rooted=False)
    found = rooting([*neighbours(), across])
    assert found.lean[:9].min() > 0.85
    assert found.lean[9] < 0.5


def test_the_end_inside_the_field_is_the_root_when_the_other_leaves_it() -> None:
    leaving = straight(1.9, 1.0, angle_deg=0.0, length_mm=0.7, is_rooted=False)
    found = rooting([leaving])
    assert not found.is_reversed[0]
    assert found.has_root[0]
    assert found.tip_leaves[0]
    assert rooting([leaving], [True]).is_reversed[0]


def test_a_root_at_the_edge_of_what_can_be_read_is_not_seen() -> None:
    lines = neighbours()
    evidence_mask = np.ones((220, 264), bool)
    x_edge = int(lines[0].path_mm[0, 0] * PX_PER_MM) + 2
    evidence_mask[:, :x_edge] = False
    evidence = evidence_of(photograph(lines), valid=evidence_mask)
    found = find_roots([strip(line) for line in lines], evidence, DEFAULTS)
    is_left = np.array([line.path_mm[0, 0] < 0.5 for line in lines])
    assert (found.has_root == ~is_left).all()


def test_what_goes_on_beyond_an_end_hides_the_root_of_long_hair_and_of_no_judged_one() -> None:
    line = straight(0.9, 0.8, length_mm=1.0)
    whole = strip(line)
    # As if the shaft went on beyond the root.
    skipped = np.searchsorted(np.hypot(*(line.path_mm - line.path_mm[0]).T), 0.15)
    short = replace(whole, points=whole.points[skipped:], angles=whole.angles[skipped:])
    evidence = evidence_of(photograph([line]))
    # An end that passes below another hair is taken for no root.
    assert find_roots([short], evidence, DEFAULTS).is_reversed[0]
    assert not find_roots([short], evidence, DEFAULTS, judged=1).is_reversed[0]
    assert find_roots([whole, short], evidence, DEFAULTS, judged=1).is_reversed[1]
