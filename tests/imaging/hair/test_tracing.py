"""Each hair is one object with its root, tip and length; what is no rooted hair is dropped."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from drawn_hairs import (
    INK,
    PX_PER_MM,
    VESSEL,
    Line,
    curved,
    evidence_of,
    neighbours,
    photograph,
    straight,
    traced,
)
from scipy.optimize import linear_sum_assignment

from imaging.hair.confidence import confidence, local_clarity
from imaging.hair.evidence import ShaftEvidence
from imaging.hair.roots import find_roots
from imaging.hair.strips import Strip
from imaging.hair.tracing import TracedHair, join_strips, trace_hairs
from imaging.settings import HairSettings

DEFAULTS = HairSettings()
#: Ends are found to half a hair's width, px at 110 px/mm: blur and the soft end of the shadow.
END_PX = 4.5


def beside(line: Line, gap_um: float) -> Line:
    """Return a shaft that runs beside `line`, with this much skin between them."""
    along = line.path_mm[-1] - line.path_mm[0]
    normal = np.array([-along[1], along[0]]) / np.linalg.norm(along)
    return Line(line.path_mm + normal * (line.width_um + gap_um) / 1000.0)


def assert_found(lines: list[Line], hairs: list[TracedHair], *, end_px: float = END_PX) -> None:
    """Assert one traced hair per line, its root and tip the right way round, its length near."""
    assert len(hairs) == len(lines)
    found = np.array([(hair.path_px[0], hair.path_px[-1]) for hair in hairs])
    true = np.array([(line.root_px, line.tip_px) for line in lines])
    worst = np.linalg.norm(found[:, None] - true[None], axis=3).max(axis=2)
    rows, columns = linear_sum_assignment(worst)
    assert worst[rows, columns].max() <= end_px
    for row, column in zip(rows, columns, strict=True):
        assert hairs[row].length_mm == pytest.approx(lines[column].length_mm, abs=0.08)


# -- one hair is one object


def test_bare_skin_has_no_hair() -> None:
    assert traced([]) == []


@pytest.mark.parametrize("angle_deg", [0.0, 20.0, 77.0, 90.0, 135.0, 200.0, 290.0])
def test_one_hair_is_traced_once_from_root_to_tip_at_any_angle(angle_deg: float) -> None:
    line = straight(1.2, 1.0, angle_deg=angle_deg)
    assert_found([line], traced([line]))


def test_hairs_that_stand_apart_are_each_traced_and_sorted_by_root() -> None:
    hairs = traced(neighbours())
    assert_found(neighbours(), hairs)
    tops = [(hair.path_px[0, 1], hair.path_px[0, 0]) for hair in hairs]
    assert tops == sorted(tops)


@pytest.mark.parametrize("radius_mm", [1.0, 1.5, 3.0])
def test_a_curved_hair_is_one_hair(radius_mm: float) -> None:
    line = curved(0.6, 0.6, radius_mm=radius_mm, length_mm=1.0)
    assert_found([line], traced([line]), end_px=7.0)


@pytest.mark.parametrize("width_um", [40.0, 70.0, 110.0])
def test_thin_and_thick_hairs_are_one_hair_each_of_about_their_width(width_um: float) -> None:
    lines = [
        straight(0.4 + 0.7 * i, 0.4 + 0.6 * k, width_um=width_um)
        for i in range(2)
        for k in range(2)
    ]
    hairs = traced(lines)
    assert_found(lines, hairs, end_px=6.0)
    # A first guess for the search of edges, not yet a diameter.
    guess_um = np.median([hair.width_px for hair in hairs]) / PX_PER_MM * 1e3
    assert guess_um == pytest.approx(width_um, abs=20.0)


# -- hairs that touch and cross


@pytest.mark.parametrize("crossing_deg", [30.0, 60.0, 90.0])
def test_two_hairs_that_cross_go_straight_on_and_are_two(crossing_deg: float) -> None:
    middle, half = np.array([1.2, 1.0]), np.deg2rad(crossing_deg / 2)
    first = middle - 0.45 * np.array([np.cos(half), np.sin(half)])
    second = middle - 0.45 * np.array([np.cos(half), -np.sin(half)])
    lines = [
        straight(*first, angle_deg=crossing_deg / 2, length_mm=0.9),
        straight(*second, angle_deg=-crossing_deg / 2, length_mm=0.9),
    ]
    assert_found(lines, traced(lines))


@pytest.mark.parametrize("gap_um", [0.0, 10.0, 30.0])
def test_two_parallel_hairs_that_touch_or_nearly_so_are_two(gap_um: float) -> None:
    line = straight(0.8, 0.9)
    lines = [line, beside(line, gap_um)]
    assert_found(lines, traced(lines), end_px=6.0)


@pytest.mark.parametrize("opening_deg", [16.0, 24.0, 35.0])
def test_a_v_of_two_hairs_out_of_one_opening_is_two(opening_deg: float) -> None:
    lines = [
        straight(0.8, 0.90, angle_deg=10.0, length_mm=0.7),
        straight(0.8, 0.94, angle_deg=10.0 + opening_deg, length_mm=0.7),
    ]
    # Where both share one dark band at the root, each is seen a little later than it starts.
    assert_found(lines, traced(lines), end_px=9.0)


# -- what is no rooted hair


@pytest.mark.parametrize("density", [VESSEL, INK])
def test_a_vessel_or_an_ink_stroke_among_hairs_is_none(density: tuple[float, float, float]) -> None:
    stroke = straight(0.6, 1.90, angle_deg=0.0, density=density, is_rooted=False)
    assert_found(neighbours(), traced([*neighbours(), stroke]))


@pytest.mark.parametrize("angle_deg", [90.0, 110.0, 130.0])
def test_a_loose_clipping_across_the_direction_of_the_hairs_is_dropped(angle_deg: float) -> None:
    clipping = straight(1.05, 1.05, angle_deg=angle_deg, length_mm=0.30, is_rooted=False)
    assert_found(neighbours(), traced([*neighbours(), clipping]))


def test_a_loose_clipping_that_ends_on_a_root_is_no_hair() -> None:
    # The root may be drawn aside into it: 0.06 mm here.
    clipping = straight(1.05, 1.10, angle_deg=90.0, length_mm=0.35, is_rooted=False)
    assert len(traced([*neighbours(), clipping])) == len(neighbours())


def test_what_is_shorter_than_the_shortest_hair_is_dropped() -> None:
    stub = straight(1.0, 1.9, length_mm=0.08)
    assert len(traced([*neighbours(), stub])) == len(neighbours())


def test_a_hair_whose_root_lies_outside_the_photo_has_no_root() -> None:
    lines = [
        straight(0.35 + 0.7 * column, 0.35 + 0.55 * row, length_mm=0.4)
        for row in range(3)
        for column in range(3)
    ]
    cut = straight(-0.3, 1.75, angle_deg=20.0, length_mm=0.8)
    hairs = traced([*lines, cut])
    at_edge = [hair for hair in hairs if min(hair.path_px[0, 0], hair.path_px[-1, 0]) < 8]
    assert len(at_edge) == 1
    assert not at_edge[0].has_root
    assert sum(hair.has_root for hair in hairs) == len(lines)


# -- settings and properties


def test_a_stricter_confidence_keeps_a_subset() -> None:
    clipping = straight(1.05, 1.10, angle_deg=90.0, length_mm=0.35, is_rooted=False)
    evidence = evidence_of(photograph([*neighbours(), clipping]))
    kept = [
        {tuple(h.path_px[0]) for h in trace_hairs(evidence, HairSettings(min_confidence=c))}
        for c in (0.0, 0.3, 0.6, 0.9, 0.99)
    ]
    assert all(strict <= loose for loose, strict in pairwise(kept))
    assert len(kept[0]) > len(kept[-1])


def test_every_kept_hair_is_at_least_as_certain_as_the_setting_and_at_most_one() -> None:
    for hair in traced(neighbours()):
        assert DEFAULTS.min_confidence <= hair.confidence <= 1.0


def test_the_same_evidence_gives_the_same_hairs_and_is_not_changed() -> None:
    evidence = evidence_of(photograph(neighbours()))
    kept = evidence.darkness.copy(), evidence.responses[0].copy()
    first, second = (trace_hairs(evidence, DEFAULTS) for _ in range(2))
    assert all((a.path_px == b.path_px).all() for a, b in zip(first, second, strict=True))
    assert (evidence.darkness == kept[0]).all()
    assert (evidence.responses[0] == kept[1]).all()


@pytest.mark.parametrize("turns", [1, 2, 3])
def test_a_turned_photo_has_the_turned_hairs(turns: int) -> None:
    lines = [*neighbours(), beside(neighbours()[0], 5.0)]
    pixels = photograph(lines)
    turned = np.ascontiguousarray(np.rot90(pixels, turns))
    before = trace_hairs(evidence_of(pixels), DEFAULTS)
    after = trace_hairs(evidence_of(turned), DEFAULTS)
    assert len(after) == len(before)


def test_a_mirrored_photo_has_the_mirrored_roots() -> None:
    pixels = photograph(neighbours())
    width = pixels.shape[1]
    before = trace_hairs(evidence_of(pixels), DEFAULTS)
    after = trace_hairs(evidence_of(np.ascontiguousarray(pixels[:, ::-1])), DEFAULTS)
    mirrored = np.array([(width - h.path_px[0, 0], h.path_px[0, 1]) for h in after])
    roots = np.array([hair.path_px[0] for hair in before])
    apart = np.linalg.norm(mirrored[:, None] - roots[None], axis=2).min(axis=1)
    assert len(after) == len(before)
    assert apart.max() <= 1.5


def test_a_poor_line_among_clear_hairs_is_clear_and_alone_it_is_not() -> None:
    poor = replace(piece((0.2, 1.0), (1.0, 1.0)), quality=0.4)
    clear = [piece((0.2 * i, 1.4), (0.2 * i + 0.5, 1.4)) for i in range(4)]
    (alone,) = local_clarity([poor], np.array([0.9]), PX_PER_MM)
    among = local_clarity([poor, *clear], np.full(5, 0.9), PX_PER_MM)
    assert alone == pytest.approx(0.4)
    assert 0.6 < among[0] < among[1:].min() <= 0.8


def test_what_is_not_believed_lends_no_clarity() -> None:
    poor = replace(piece((0.2, 1.0), (1.0, 1.0)), quality=0.4)
    lines = [poor, piece((0.2, 1.4), (0.7, 1.4))]
    assert local_clarity(lines, np.array([0.9, 0.0]), PX_PER_MM)[0] == pytest.approx(0.4, abs=1e-3)


def test_a_stricter_clarity_keeps_a_subset() -> None:
    evidence = evidence_of(photograph(neighbours()))
    kept = [
        {tuple(h.path_px[0]) for h in trace_hairs(evidence, HairSettings(least_clarity=c))}
        for c in (0.0, 0.5, 0.8, 0.9, 1.0)
    ]
    assert all(strict <= loose for loose, strict in pairwise(kept))
    assert len(kept[1]) == len(neighbours())
    assert not kept[-1]


def test_confidence_of_nothing_is_nothing() -> None:
    evidence = evidence_of(photograph([]))
    assert confidence([], find_roots([], evidence, DEFAULTS), 110.0).shape == (0,)


# -- pieces of one hair


def piece(start: tuple[float, float], stop: tuple[float, float]) -> Strip:
    points = np.linspace(start, stop, 60).astype(np.float32) * np.float32(PX_PER_MM)
    run = points[-1] - points[0]
    step = float(np.linalg.norm(run)) / 59
    return Strip(
        points=points,
        angles=np.full(60, np.arctan2(run[1], run[0]), np.float32),
        width_mm=0.07,
        plateau=1.0,
        worth_mm=0.5,
        support=0.8,
        quality=0.8,
        step_px=step,
    )


def dark_everywhere(darkness: float = 1.0) -> ShaftEvidence:
    plane = np.full((220, 330), darkness, np.float32)
    return ShaftEvidence(plane, plane, (plane[None],), plane > -1, PX_PER_MM, 1.0)


def test_two_long_pieces_in_line_over_a_dark_gap_are_joined_whatever_their_direction() -> None:
    a, b = piece((0.2, 1.0), (1.0, 1.0)), piece((1.15, 1.0), (2.0, 1.0))
    turned = piece((2.0, 1.0), (1.15, 1.0))
    for second in (b, turned):
        (joined,) = join_strips([a, second], dark_everywhere(), DEFAULTS)
        ends = sorted(joined.points[[0, -1], 0] / PX_PER_MM)
        assert ends == pytest.approx([0.2, 2.0], abs=1e-5)
        assert len(joined.points) == 120
        assert joined.worth_mm == pytest.approx(1.0)


def test_three_pieces_in_line_become_one() -> None:
    pieces = [
        piece((0.1, 1.0), (0.8, 1.0)),
        piece((1.7, 1.0), (1.0, 1.0)),
        piece((1.9, 1.0), (2.7, 1.0)),
    ]
    (joined,) = join_strips(pieces, dark_everywhere(), DEFAULTS)
    run = np.diff(joined.points[:, 0])
    assert (run > 0).all() or (run < 0).all()


@pytest.mark.parametrize(
    ("second", "why"),
    [
        (((1.35, 1.0), (2.1, 1.0)), "the gap is too wide"),
        (((1.15, 1.0), (1.7, 1.5)), "it bends"),
        (((1.1, 1.2), (2.0, 1.2)), "it lies beside"),
        (((1.15, 1.0), (1.45, 1.0)), "it is a short stub"),
    ],
)
def test_pieces_that_are_not_one_hair_stay_two(
    second: tuple[tuple[float, float], tuple[float, float]], why: str
) -> None:
    strips = [piece((0.2, 1.0), (1.0, 1.0)), piece(*second)]
    assert len(join_strips(strips, dark_everywhere(), DEFAULTS)) == 2, why


def test_pieces_with_bare_skin_between_them_stay_two() -> None:
    strips = [piece((0.2, 1.0), (1.0, 1.0)), piece((1.15, 1.0), (2.0, 1.0))]
    assert len(join_strips(strips, dark_everywhere(0.1), DEFAULTS)) == 2
