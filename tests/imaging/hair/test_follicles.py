"""Units from roots and the figures of a field: hand-worked cases and what must not matter."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from imaging.hair import follicles
from imaging.settings import HairSettings

DEFAULTS = HairSettings()
UP = (0.0, -1.0)
#: Examples follow from the seed alone, so that a failure repeats.
repeatable = settings(derandomize=True, deadline=None, max_examples=60)


def grouped(
    roots_mm: list[tuple[float, float]],
    directions: list[tuple[float, float]] | None = None,
    **changed: float,
) -> tuple[list[int], bool]:
    given_directions = directions or [UP] * len(roots_mm)
    units, is_cut = follicles.group_roots(
        np.array(roots_mm, float).reshape(-1, 2),
        np.array(given_directions, float).reshape(-1, 2),
        HairSettings(**changed) if changed else DEFAULTS,
    )
    return units.tolist(), is_cut


def scattered(seed: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return roots (mm) and directions in general position, dense enough that units are cut."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 40))
    angle = rng.normal(1.0, 0.6, count)
    return rng.uniform(0, 2, (count, 2)), np.column_stack([np.cos(angle), np.sin(angle)])


def partition(units: NDArray[np.int64]) -> set[frozenset[int]]:
    return {frozenset(np.flatnonzero(units == unit).tolist()) for unit in np.unique(units)}


# -- grouping


def test_without_roots_there_are_no_units() -> None:
    assert grouped([]) == ([], False)


def test_one_root_is_a_unit_of_its_own() -> None:
    assert grouped([(1.0, 1.0)]) == ([1], False)


def test_roots_at_the_link_distance_are_one_unit_and_beyond_it_two() -> None:
    assert grouped([(0, 0), (0.25, 0)], unit_link_mm=0.25) == ([1, 1], False)
    assert grouped([(0, 0), (0.2501, 0)], unit_link_mm=0.25) == ([1, 2], False)


def test_two_roots_on_one_point_are_one_unit() -> None:
    assert grouped([(0.5, 0.5), (0.5, 0.5)]) == ([1, 1], False)


def test_linkage_is_single_a_chain_is_one_unit() -> None:
    assert grouped([(0, 0), (0.2, 0), (0.4, 0), (1.2, 0)]) == ([1, 1, 1, 2], False)


def test_hairs_that_fan_out_of_the_skin_converge_below_it_and_are_linked() -> None:
    assert grouped([(0, 0), (0.2, 0)], [(-1, 0), (1, 0)])[0] == [1, 1]


def test_hairs_whose_tips_meet_but_whose_roots_part_are_not_linked() -> None:
    assert grouped([(0, 0), (0.2, 0)], [(1, 0), (-1, 0)])[0] == [1, 2]


def test_directions_that_agree_within_45_degrees_are_linked_also_when_tips_meet() -> None:
    def leaning(degrees: float) -> list[tuple[float, float]]:
        half = math.radians(degrees / 2)
        return [(math.sin(half), -math.cos(half)), (-math.sin(half), -math.cos(half))]

    assert grouped([(0, 0), (0.2, 0)], leaning(44))[0] == [1, 1]
    assert grouped([(0, 0), (0.2, 0)], leaning(46))[0] == [1, 2]


def test_a_group_above_the_cap_is_cut_at_its_longest_link_and_says_so() -> None:
    roots = [(x, 0.0) for x in (0.0, 0.1, 0.2, 0.48, 0.58, 0.68)]
    assert grouped(roots) == ([1, 1, 1, 2, 2, 2], True)


def test_a_group_of_just_the_cap_stays_whole() -> None:
    assert grouped([(0.1 * i, 0.0) for i in range(5)]) == ([1] * 5, False)


def test_a_cut_goes_on_until_no_group_is_above_the_cap() -> None:
    units, is_cut = grouped([(0.1 * i + 1e-3 * i * i, 0.0) for i in range(12)])
    assert is_cut
    assert np.bincount(units)[1:].max() <= DEFAULTS.max_hairs_per_unit


def test_a_group_below_the_cap_is_left_alone_when_another_is_cut() -> None:
    crowd = [(0.1 * i, 0.0) for i in range(6)]
    pair = [(3.0, 0.0), (3.29, 0.0)]
    units, is_cut = grouped(crowd + pair)
    assert is_cut
    assert units[6] == units[7]


def test_units_are_numbered_by_their_first_root() -> None:
    assert grouped([(5, 5), (0, 0), (5.1, 5), (9, 9), (0.1, 0)])[0] == [1, 2, 1, 3, 2]


@repeatable
@given(seed=st.integers(0, 10_000), dx=st.floats(-50, 50), dy=st.floats(-50, 50))
def test_shifting_the_field_changes_no_unit(seed: int, dx: float, dy: float) -> None:
    roots, directions = scattered(seed)
    before, _ = follicles.group_roots(roots, directions, DEFAULTS)
    after, _ = follicles.group_roots(roots + np.array([dx, dy]), directions, DEFAULTS)
    assert after.tolist() == before.tolist()


@repeatable
@given(seed=st.integers(0, 10_000), degrees=st.floats(0, 360), is_mirrored=st.booleans())
def test_turning_or_mirroring_the_field_changes_no_unit(
    seed: int, degrees: float, is_mirrored: bool
) -> None:
    roots, directions = scattered(seed)
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    turn = np.array([[c, -s], [s, c]]) @ np.diag([-1.0 if is_mirrored else 1.0, 1.0])
    before, was_cut = follicles.group_roots(roots, directions, DEFAULTS)
    after, is_cut = follicles.group_roots(roots @ turn.T, directions @ turn.T, DEFAULTS)
    assert after.tolist() == before.tolist()
    assert is_cut == was_cut


@repeatable
@given(seed=st.integers(0, 10_000))
def test_the_order_of_roots_changes_numbers_but_no_unit(seed: int) -> None:
    roots, directions = scattered(seed)
    order = np.random.default_rng(seed + 1).permutation(len(roots))
    before, _ = follicles.group_roots(roots, directions, DEFAULTS)
    after, _ = follicles.group_roots(roots[order], directions[order], DEFAULTS)
    back = np.empty_like(after)
    back[order] = after
    assert partition(back) == partition(before)


@repeatable
@given(seed=st.integers(0, 10_000))
def test_every_root_has_a_unit_and_no_unit_is_above_the_cap(seed: int) -> None:
    roots, directions = scattered(seed)
    units, _ = follicles.group_roots(roots, directions, DEFAULTS)
    sizes = np.bincount(units)
    assert sizes[0] == 0
    assert (sizes[1:] >= 1).all()
    assert sizes.max() <= DEFAULTS.max_hairs_per_unit


@repeatable
@given(seed=st.integers(0, 10_000), shorter=st.floats(0.05, 0.15), longer=st.floats(0.15, 0.4))
def test_a_longer_link_never_parts_a_unit(seed: int, shorter: float, longer: float) -> None:
    roots, directions = scattered(seed)
    # Parallel shafts: with others the depth at which they converge follows the link as well.
    directions = np.broadcast_to(directions[:1], directions.shape)
    few = HairSettings(unit_link_mm=shorter, max_hairs_per_unit=20)
    many = HairSettings(unit_link_mm=longer, max_hairs_per_unit=20)
    narrow, was_cut = follicles.group_roots(roots, directions, few)
    wide, is_cut = follicles.group_roots(roots, directions, many)
    if not (was_cut or is_cut):
        assert all(len(np.unique(wide[list(group)])) == 1 for group in partition(narrow))


# -- spacing


def test_nearest_distance_is_the_mean_over_places_of_the_nearest_other() -> None:
    places = np.array([(0.0, 0.0), (3.0, 4.0), (3.0, 5.0)])
    assert follicles.mean_nearest_distance(places, among=places) == pytest.approx((5 + 1 + 1) / 3)


def test_a_neighbour_outside_the_frame_counts_as_nearest() -> None:
    inside = np.array([(0.0, 0.0)])
    everywhere = np.array([(0.0, 0.0), (0.6, 0.0)])
    assert follicles.mean_nearest_distance(inside, among=everywhere) == pytest.approx(0.6)


@pytest.mark.parametrize("count", [0, 1])
def test_nearest_distance_cannot_be_told_of_fewer_than_two_places(count: int) -> None:
    places = np.zeros((count, 2))
    assert math.isnan(follicles.mean_nearest_distance(places, among=places))


# -- thickness and mass


def test_hair_mass_index_of_143_hairs_per_cm2_of_75_um_is_63() -> None:
    assert follicles.hair_mass_index(np.full(143, 75.0), 143, 1.0) == pytest.approx(63.2, abs=0.05)


def test_hair_mass_index_sums_sections_and_not_diameters() -> None:
    found = follicles.hair_mass_index(np.array([30.0, 90.0]), 2, 0.5)
    assert found == pytest.approx(100 * math.pi / 4 * (0.03**2 + 0.09**2) / 0.5)


def test_cumulative_thickness_of_190_hairs_per_cm2_of_63_um_is_12_mm_per_cm2() -> None:
    found = follicles.cumulative_thickness(np.full(190, 63.0), 190, 1.0)
    assert found == pytest.approx(12.0, abs=0.05)


def test_a_hair_of_unknown_diameter_counts_as_the_mean_of_the_others() -> None:
    some, three = np.array([60.0, np.nan, 80.0]), np.array([60.0, 70.0, 80.0])
    assert follicles.cumulative_thickness(some, 3, 0.1) == pytest.approx(
        follicles.cumulative_thickness(three, 3, 0.1)
    )
    assert follicles.hair_mass_index(some, 3, 0.1) == pytest.approx(
        3 * math.pi / 4 * 0.5 * (0.06**2 + 0.08**2) * 100 / 0.1
    )


def test_no_hairs_have_no_thickness_and_no_mass() -> None:
    nothing = np.zeros(0)
    assert follicles.cumulative_thickness(nothing, 0, 0.3) == 0.0
    assert follicles.hair_mass_index(nothing, 0, 0.3) == 0.0


@pytest.mark.parametrize("area_cm2", [0.0, math.nan])
def test_without_an_area_thickness_and_mass_cannot_be_told(area_cm2: float) -> None:
    diameters = np.array([70.0])
    assert math.isnan(follicles.cumulative_thickness(diameters, 1, area_cm2))
    assert math.isnan(follicles.hair_mass_index(diameters, 1, area_cm2))


def test_hairs_of_which_no_diameter_is_known_have_unknown_thickness() -> None:
    assert math.isnan(follicles.cumulative_thickness(np.array([np.nan]), 1, 0.1))
    assert math.isnan(follicles.hair_mass_index(np.array([np.nan]), 1, 0.1))


@repeatable
@given(
    diameters=st.lists(st.floats(10, 150), min_size=1, max_size=30),
    factor=st.floats(0.2, 5),
)
def test_thickness_and_mass_go_with_the_density(diameters: list[float], factor: float) -> None:
    values = np.array(diameters)
    for figure in (follicles.cumulative_thickness, follicles.hair_mass_index):
        once = figure(values, len(values), 0.1)
        assert figure(values, len(values), 0.1 * factor) == pytest.approx(once / factor)
        assert figure(values[::-1], len(values), 0.1) == pytest.approx(once)


# -- terminal and vellus


def test_a_hair_of_just_the_cut_off_is_terminal() -> None:
    split = follicles.split_at(np.array([39.9, 40.0, 55.0, 80.0]), 40.0)
    assert (split.terminal_count, split.vellus_count) == (3, 1)
    assert split.vellus_percent == 25.0


def test_hairs_of_unknown_diameter_are_in_neither_class() -> None:
    split = follicles.split_at(np.array([np.nan, 30.0, 60.0]), 40.0)
    assert (split.terminal_count, split.vellus_count, split.vellus_percent) == (1, 1, 50.0)


def test_the_vellus_share_of_no_hair_cannot_be_told() -> None:
    split = follicles.split_at(np.zeros(0), 40.0)
    assert (split.terminal_count, split.vellus_count) == (0, 0)
    assert math.isnan(split.vellus_percent)


def test_the_curve_over_cut_offs_runs_from_20_to_60_by_5() -> None:
    assert follicles.CUTOFFS_UM == (20, 25, 30, 35, 40, 45, 50, 55, 60)


@repeatable
@given(diameters=st.lists(st.floats(5, 150), max_size=40))
def test_a_higher_cut_off_never_makes_a_vellus_hair_terminal(diameters: list[float]) -> None:
    splits = [follicles.split_at(np.array(diameters), c) for c in follicles.CUTOFFS_UM]
    vellus = [split.vellus_count for split in splits]
    assert vellus == sorted(vellus)
    assert all(s.vellus_count + s.terminal_count == len(diameters) for s in splits)


# -- intervals


def even(error: float) -> follicles.CountError:
    return follicles.CountError(below=error, above=error)


def test_the_count_interval_is_1_96_standard_errors_and_upwards_around_unseen_hairs() -> None:
    interval, error = follicles.count_interval(np.full(100, 0.9), 7.0, DEFAULTS)
    doubt = 100 * 0.09 + 0.25
    below = math.sqrt(doubt + (DEFAULTS.overcount_relative_error * 100) ** 2)
    above = math.sqrt(doubt + 7 + (DEFAULTS.undercount_relative_error * 100) ** 2)
    assert (error.below, error.above, error.unseen) == pytest.approx((below, above, 7))
    assert interval.value == 100
    assert interval.low == pytest.approx(100 - 1.959964 * below)
    assert interval.high == pytest.approx(107 + 1.959964 * above)


def test_an_empty_field_is_counted_as_none_and_at_most_one() -> None:
    interval, error = follicles.count_interval(np.zeros(0), 0.0, DEFAULTS)
    assert (interval.value, interval.low) == (0, 0.0)
    assert interval.high == pytest.approx(1.959964 * 0.5)
    assert error == even(0.5)


def test_hairs_that_are_less_certain_widen_the_interval() -> None:
    _, sure = follicles.count_interval(np.full(50, 0.99), 3.0, DEFAULTS)
    _, unsure = follicles.count_interval(np.full(50, 0.6), 3.0, DEFAULTS)
    assert unsure.below > sure.below
    assert unsure.above > sure.above


def test_hidden_roots_widen_the_interval_to_both_sides() -> None:
    plain, error = follicles.count_interval(np.full(100, 0.9), 7.0, DEFAULTS)
    hidden, wider = follicles.count_interval(np.full(100, 0.9), 7.0, DEFAULTS, hides_roots=True)
    besides = DEFAULTS.hidden_roots_relative_error * 100
    assert wider.below == pytest.approx(math.hypot(error.below, besides))
    assert wider.above == pytest.approx(math.hypot(error.above, besides))
    assert hidden.low < plain.low < plain.high < hidden.high


def test_density_holds_twice_the_relative_error_of_the_scale() -> None:
    ones = np.ones(100, np.int64)
    field, _ = follicles.density_intervals(100, even(3.0), ones, 0.5, 0.02)
    assert field.value == 200
    # 2 · 0.02 · 100 = 4 hairs by the scale and 3 by detection make 5.
    assert field.high == pytest.approx((100 + 1.959964 * 5) / 0.5)
    assert field.low == pytest.approx((100 - 1.959964 * 5) / 0.5)


def test_an_error_to_one_side_widens_that_side_alone() -> None:
    error = follicles.CountError(below=3.0, above=12.0)
    field, _ = follicles.density_intervals(100, error, np.ones(100, np.int64), 1.0, 0.0)
    assert field.low == pytest.approx(100 - 1.959964 * 3)
    assert field.high == pytest.approx(100 + 1.959964 * 12)


def test_unseen_hairs_raise_the_upper_limit_of_a_density_and_no_other() -> None:
    error = follicles.CountError(below=3.0, above=4.0, unseen=10.0)
    for interval in follicles.density_intervals(100, error, np.zeros(0, np.int64), 0.5, 0.01):
        assert interval.value == 200
        assert interval.low == pytest.approx((100 - 1.959964 * math.hypot(3, 2)) / 0.5)
        assert interval.high == pytest.approx((110 + 1.959964 * math.hypot(4, 2)) / 0.5)


def test_the_site_interval_adds_the_squares_of_hairs_per_unit() -> None:
    units = np.array([1, 2, 3, 3, 2, 1], np.int64)
    _, site = follicles.density_intervals(12, even(3.0), units, 0.1, 0.0)
    error = math.sqrt(3.0**2 + 1 + 4 + 9 + 9 + 4 + 1)
    assert site.value == pytest.approx(120)
    assert site.high == pytest.approx((12 + 1.959964 * error) / 0.1)


def test_hairs_that_stand_in_units_say_less_about_the_site_than_single_ones() -> None:
    _, singles = follicles.density_intervals(60, even(2.0), np.ones(60, np.int64), 0.3, 0.01)
    _, triples = follicles.density_intervals(60, even(2.0), np.full(20, 3, np.int64), 0.3, 0.01)
    assert triples.high - triples.low > singles.high - singles.low


def test_an_empty_field_still_limits_the_density_of_the_site() -> None:
    nothing = np.zeros(0, np.int64)
    field, site = follicles.density_intervals(0, even(0.5), nothing, 0.2, 0.01)
    assert (field.value, field.low, site.low) == (0.0, 0.0, 0.0)
    # The rule of three: 3 hairs in this area would be missed once in twenty times.
    assert site.high * 0.2 == pytest.approx(math.hypot(3, 0.5 * 1.959964), rel=1e-6)


@pytest.mark.parametrize("area_cm2", [0.0, math.nan])
def test_without_an_area_no_density_can_be_told(area_cm2: float) -> None:
    for interval in follicles.density_intervals(5, even(1.0), np.ones(5, np.int64), area_cm2, 0.01):
        assert all(math.isnan(v) for v in (interval.value, interval.low, interval.high))


@repeatable
@given(
    sizes=st.lists(st.integers(1, 5), min_size=1, max_size=60),
    error=st.floats(0.5, 20),
    scale_error=st.floats(0, 0.1),
)
def test_the_site_interval_holds_the_field_interval_which_holds_the_density(
    sizes: list[int], error: float, scale_error: float
) -> None:
    units = np.array(sizes, np.int64)
    field, site = follicles.density_intervals(
        int(units.sum()), even(error), units, 0.2, scale_error
    )
    assert 0 <= site.low <= field.low <= field.value <= field.high <= site.high
