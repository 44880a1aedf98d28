"""The arithmetic of MASI, by hand."""

from __future__ import annotations

import dataclasses
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from imaging.face.masi import (
    RegionGrade,
    apply_floor,
    area_score,
    combine_views,
    continuous_area_score,
    darkness_score,
    hemi_masi,
    homogeneity_score,
    masi,
    mmasi,
    range_grade,
    total_scores,
    weighted_score,
)
from imaging.records import FaceScore, RegionScore

CUTS = (2.0, 5.0, 8.0, 12.0)
BELOW = 1e-9


@pytest.mark.parametrize(
    ("percent", "score"),
    [
        (0.0, 0),
        (BELOW, 1),
        (9.5, 1),
        (10 - BELOW, 1),
        (10.0, 2),
        (29.5, 2),
        (30 - BELOW, 2),
        (30.0, 3),
        (49.5, 3),
        (50 - BELOW, 3),
        (50.0, 4),
        (69.5, 4),
        (70 - BELOW, 4),
        (70.0, 5),
        (89.5, 5),
        (90 - BELOW, 5),
        (90.0, 6),
        (100.0, 6),
    ],
)
def test_the_area_score_changes_exactly_at_its_half_open_edges(percent: float, score: int) -> None:
    assert area_score(percent) == score


@pytest.mark.parametrize("percent", [-0.001, 100.001, -math.inf, math.inf])
def test_a_share_outside_0_to_100_percent_is_refused(percent: float) -> None:
    with pytest.raises(ValueError, match="outside 0 to 100"):
        area_score(percent)
    with pytest.raises(ValueError, match="outside 0 to 100"):
        continuous_area_score(percent)


def test_an_unknown_share_has_an_unknown_score() -> None:
    assert math.isnan(area_score(math.nan))
    assert math.isnan(continuous_area_score(math.nan))
    assert math.isnan(darkness_score(math.nan, cuts=CUTS))
    assert math.isnan(_homogeneity(math.nan, 3.0))


@pytest.mark.parametrize(
    ("percent", "score"),
    [(0, 0), (2.5, 0.5), (5, 1), (20, 2), (30, 2.5), (40, 3), (60, 4), (80, 5), (95, 6), (100, 6)],
)
def test_the_continuous_companion_runs_through_the_bin_middles(
    percent: float, score: float
) -> None:
    assert continuous_area_score(percent) == pytest.approx(score)


@given(st.floats(0, 100), st.floats(0, 100))
def test_more_area_never_scores_less(a: float, b: float) -> None:
    low, high = sorted((a, b))
    assert area_score(low) <= area_score(high)
    assert continuous_area_score(low) <= continuous_area_score(high)


def test_the_floor_belongs_to_the_measurement_and_keeps_its_own_edge() -> None:
    assert apply_floor(0.999, floor_percent=1.0) == 0
    assert apply_floor(1.0, floor_percent=1.0) == 1.0
    assert area_score(0.5) == 1, "the arithmetic has no floor"


@pytest.mark.parametrize(
    ("delta_l", "score"),
    [
        (-3, 0),
        (0, 0),
        (1.999, 0),
        (2, 1),
        (4.999, 1),
        (5, 2),
        (8, 3),
        (11.999, 3),
        (12, 4),
        (40, 4),
    ],
)
def test_darkness_counts_the_cuts_that_are_reached(delta_l: float, score: int) -> None:
    assert darkness_score(delta_l, cuts=CUTS) == score


@pytest.mark.parametrize("cuts", [(1.0, 2.0, 3.0), (1.0, 3.0, 2.0, 4.0)])
def test_darkness_refuses_cuts_that_are_not_four_and_ascending(cuts: tuple[float, ...]) -> None:
    with pytest.raises(ValueError, match="four ascending cuts"):
        darkness_score(3.0, cuts=cuts)


def _homogeneity(percent: float, patch_mm: float) -> float:
    return homogeneity_score(percent, patch_mm, speck_mm=5.0, patch_mm=17.5, uniform_percent=90.0)


@pytest.mark.parametrize(
    ("percent", "patch_mm", "score"),
    [
        (0, math.nan, 0),
        (3, 4.99, 1),
        (3, 5.0, 2),
        (20, 17.49, 2),
        (20, 17.5, 3),
        (89.9, 60, 3),
        (90, 60, 4),
    ],
)
def test_homogeneity_grows_from_specks_to_confluence(
    percent: float, patch_mm: float, score: int
) -> None:
    assert _homogeneity(percent, patch_mm) == score


@pytest.mark.parametrize("percent", [3.0, 20.0, 95.0])
def test_pigment_of_unknown_patch_size_has_an_unknown_homogeneity(percent: float) -> None:
    assert math.isnan(_homogeneity(percent, math.nan))


def _grades(*values: tuple[float, float, float]) -> dict[str, RegionGrade]:
    names = ("forehead", "right_malar", "left_malar", "chin")
    return {name: RegionGrade(*v) for name, v in zip(names, values, strict=True)}


def test_the_worst_face_scores_48_and_24() -> None:
    grades = _grades(*[(6, 4, 4)] * 4)
    assert masi(grades) == 48
    assert mmasi(grades) == 24


def test_a_clear_face_scores_0() -> None:
    grades = _grades(*[(0, 0, 0)] * 4)
    assert masi(grades) == 0
    assert mmasi(grades) == 0


def test_a_face_worked_by_hand() -> None:
    # 0.3·2·(2+2) + 0.3·4·(3+3) + 0.3·3·(3+2) + 0.1·1·(1+1) = 2.4 + 7.2 + 4.5 + 0.2 = 14.3
    # 0.3·2·2     + 0.3·4·3     + 0.3·3·3     + 0.1·1·1     = 1.2 + 3.6 + 2.7 + 0.1 = 7.6
    grades = _grades((2, 2, 2), (4, 3, 3), (3, 3, 2), (1, 1, 1))
    assert masi(grades) == 14.3
    assert mmasi(grades) == 7.6
    assert weighted_score("right_malar", grades["right_malar"]) == 7.2


def test_an_unreadable_or_missing_region_leaves_the_total_unknown() -> None:
    grades = _grades((2, 2, 2), (4, 3, 3), (3, 3, 2), (math.nan, math.nan, math.nan))
    assert math.isnan(masi(grades))
    del grades["chin"]
    assert math.isnan(mmasi(grades))
    assert math.isnan(weighted_score("nose", RegionGrade(3, 2, 2)))


def test_the_worst_half_face_scores_24_and_equal_halves_make_the_whole() -> None:
    worst = RegionGrade(6, 4, 4)
    assert hemi_masi(worst, worst, worst) == 24
    part = RegionGrade(3, 2, 1)
    assert hemi_masi(part, part, part) * 2 == masi(_grades(*[(3, 2, 1)] * 4))


@pytest.mark.parametrize(
    ("parts", "score"),
    [
        # 0.15·2·(1+1) + 0.3·4·(3+2) + 0.05·5·(2+3) = 0.6 + 6 + 1.25
        (((2, 1, 1), (4, 3, 2), (5, 2, 3)), 7.85),
        # 0.15·4·(2+1) + 0.3·1·(1+1) + 0.05·6·(3+4) = 1.8 + 0.6 + 2.1
        (((4, 2, 1), (1, 1, 1), (6, 3, 4)), 4.5),
    ],
)
def test_half_a_face_with_unequal_parts_is_as_worked_by_hand(
    parts: tuple[tuple[float, float, float], ...], score: float
) -> None:
    assert hemi_masi(*(RegionGrade(*part) for part in parts)) == score


def test_the_range_of_a_clear_region_has_the_least_pigment_at_its_upper_end() -> None:
    clear = RegionGrade(0, 0, 0)
    assert range_grade(0.0, clear, is_upper=True) == clear
    assert range_grade(4.0, clear, is_upper=True) == RegionGrade(1, 1, 1)
    assert range_grade(20.0, RegionGrade(3, 2, 3), is_upper=False) == RegionGrade(2, 2, 3)


def _row(region: str, percent: float, darkness: float, *, area_px: float = 100.0) -> RegionScore:
    grade = RegionGrade(area_score(percent), darkness, 1.0 if percent else 0.0)
    return RegionScore(
        region=region,
        readable_percent=100.0,
        pigmented_percent=percent,
        pigmented_percent_low=percent,
        pigmented_percent_high=percent,
        area_score=grade.area,
        delta_l=3.0,
        darkness=darkness,
        largest_patch_mm=4.0,
        homogeneity=grade.homogeneity,
        weighted_score=weighted_score(region, grade),
        mean_ita_deg=20.0,
        evenness=95.0,
        brown_spot_count=0,
        brown_spot_percent=0.0,
        red_percent=0.0,
        mean_redness=0.0,
        skin_area_px=area_px,
    )


def _ranged_row(
    region: str, low: float, percent: float, high: float, *, darkness: float, homogeneity: float
) -> RegionScore:
    return dataclasses.replace(
        _row(region, percent, darkness),
        pigmented_percent_low=low,
        pigmented_percent_high=high,
        homogeneity=homogeneity,
    )


#: A 1, 2, 3; A 3, 4, 5; A 0, 0, 1; A 2, 3, 6; continuous 2.25, 4.25, 0, 3.25.
RANGED = (
    _ranged_row("forehead", 5, 25, 35, darkness=2, homogeneity=1),
    _ranged_row("right_malar", 35, 65, 75, darkness=3, homogeneity=2),
    _ranged_row("left_malar", 0, 0, 5, darkness=0, homogeneity=0),
    _ranged_row("chin", 20, 45, 95, darkness=1, homogeneity=3),
)


@pytest.mark.parametrize(
    ("column", "score"),
    [
        ("masi", 9.0),  # 0.3·2·3 + 0.3·4·5 + 0 + 0.1·3·4
        ("masi_low", 6.2),  # 0.3·1·3 + 0.3·3·5 + 0 + 0.1·2·4
        ("masi_high", 13.2),  # 0.3·3·3 + 0.3·5·5 + 0.3·1·(1+1) + 0.1·6·4
        ("mmasi", 5.1),  # 0.3·2·2 + 0.3·4·3 + 0 + 0.1·3·1
        ("mmasi_low", 3.5),  # 0.3·1·2 + 0.3·3·3 + 0 + 0.1·2·1
        ("mmasi_high", 7.2),  # 0.3·3·2 + 0.3·5·3 + 0.3·1·1 + 0.1·6·1
        ("masi_continuous", 9.7),  # 0.3·2.25·3 + 0.3·4.25·5 + 0 + 0.1·3.25·4
    ],
)
def test_each_total_is_that_of_its_own_column_of_shares(column: str, score: float) -> None:
    assert dict(total_scores(RANGED))[column] == score


def _score(view: str, *rows: RegionScore, hemi: float = math.nan) -> FaceScore:
    return FaceScore(
        view=view,
        masi=math.nan,
        masi_low=math.nan,
        masi_high=math.nan,
        mmasi=math.nan,
        mmasi_low=math.nan,
        mmasi_high=math.nan,
        hemi_masi_right=hemi,
        hemi_masi_left=hemi,
        msi=math.nan,
        masi_continuous=math.nan,
        skin_area_px=100.0,
        pigmented_percent=0.0,
        mean_ita_deg=20.0,
        melanin_index=50.0,
        erythema_index=20.0,
        calibrated_colour=False,
        calibrated_scores=False,
        regions=rows,
    )


FRONT = _score(
    "front",
    _row("forehead", 20.0, 2),
    _row("right_malar", 5.0, 1),
    _row("left_malar", 5.0, 1),
    _row("chin", 0.0, 0),
    hemi=2.0,
)
LEFT = _score("left45", _row("left_malar", 60.0, 3, area_px=300.0))
RIGHT = _score("right45", _row("right_malar", 35.0, 2))


@pytest.mark.parametrize("order", list(itertools.permutations([FRONT, LEFT, RIGHT])))
def test_three_views_make_one_score_whatever_their_order(order: tuple[FaceScore, ...]) -> None:
    combined = combine_views(order)
    # forehead 0.3·2·2 = 1.2, right malar 0.3·3·2 = 1.8, left malar 0.3·4·3 = 3.6, chin 0
    assert combined.view == "combined"
    assert combined.mmasi == 6.6
    assert combined.masi == pytest.approx(6.6 + 0.3 * 2 + 0.3 * 3 + 0.3 * 4)
    assert "missing_view" not in combined.flags
    assert combined.skin_area_px == 600.0
    assert combined.pigmented_percent == pytest.approx((20 + 35 + 0 + 60 * 3) / 6)


def test_the_hemi_masi_of_three_views_exchanges_the_malar_part_of_the_front() -> None:
    combined = combine_views([FRONT, LEFT, RIGHT])
    # front's malar part 0.3·1·(1+1) = 0.6; left view 0.3·4·(3+1) = 4.8; right 0.3·3·(2+1) = 2.7
    assert combined.hemi_masi_left == pytest.approx(2.0 - 0.6 + 4.8)
    assert combined.hemi_masi_right == pytest.approx(2.0 - 0.6 + 2.7)


def test_the_front_stands_in_for_a_missing_oblique_view() -> None:
    combined = combine_views([FRONT, LEFT])
    assert "missing_view" in combined.flags
    assert {row.region: row.pigmented_percent for row in combined.regions}["right_malar"] == 5.0
    assert combined.mmasi == pytest.approx(1.2 + 0.3 + 3.6)


@pytest.mark.parametrize("front", [FRONT, None])
def test_the_front_stands_in_for_an_oblique_view_that_cannot_be_scored(front) -> None:
    dark = _score("left45", _row("left_malar", math.nan, math.nan))
    combined = combine_views([score for score in (front, dark, RIGHT) if score is not None])
    shares = {row.region: row.pigmented_percent for row in combined.regions}
    # Without a front its row stays, and tells why there is no score.
    assert shares["left_malar"] == pytest.approx(5.0 if front else math.nan, nan_ok=True)
    assert combined.mmasi == pytest.approx(1.2 + 1.8 + 0.3 if front else math.nan, nan_ok=True)


def test_without_the_front_the_total_is_unknown_but_the_malar_regions_stand() -> None:
    combined = combine_views([LEFT, RIGHT])
    assert math.isnan(combined.masi)
    assert math.isnan(combined.hemi_masi_left)
    assert [row.region for row in combined.regions] == ["right_malar", "left_malar"]


def test_a_second_photo_of_one_view_is_flagged_and_not_counted() -> None:
    assert "repeated_view" in combine_views([FRONT, FRONT]).flags
    assert combine_views([FRONT, FRONT]).mmasi == combine_views([FRONT]).mmasi
    with pytest.raises(ValueError, match="no views"):
        combine_views([])


def _with_ita(row: RegionScore, ita_deg: float) -> RegionScore:
    return dataclasses.replace(row, mean_ita_deg=ita_deg)


#: Three views that differ in everything; the front's malar regions are not the ones that count.
UNLIKE_FRONT = dataclasses.replace(
    _score(
        "front",
        _with_ita(_row("forehead", 20.0, 2, area_px=400.0), 10.0),
        _with_ita(_row("right_malar", 5.0, 1, area_px=5000.0), -50.0),
        _with_ita(_row("left_malar", 20.0, 1, area_px=7000.0), -60.0),
        _with_ita(_row("chin", 0.0, 0, area_px=200.0), 40.0),
    ),
    hemi_masi_right=3.0,
    hemi_masi_left=4.0,
    melanin_index=40.0,
    erythema_index=10.0,
    calibrated_colour=True,
    calibrated_scores=True,
    flags=("area_score_near_edge",),
)
UNLIKE_RIGHT = dataclasses.replace(
    _score("right45", _with_ita(_row("right_malar", 35.0, 2, area_px=100.0), 50.0)),
    melanin_index=80.0,
    erythema_index=16.0,
    calibrated_colour=True,
    calibrated_scores=True,
    flags=("borrowed_reference", "single_oblique_view"),
)
UNLIKE_LEFT = dataclasses.replace(
    _score("left45", _with_ita(_row("left_malar", 60.0, 3, area_px=300.0), 30.0)),
    melanin_index=60.0,
    erythema_index=30.0,
    calibrated_colour=True,
    calibrated_scores=True,
    flags=("region_unreadable", "single_oblique_view"),
)
UNLIKE = (UNLIKE_FRONT, UNLIKE_LEFT, UNLIKE_RIGHT)


def test_each_side_exchanges_its_own_malar_part() -> None:
    combined = combine_views(UNLIKE)
    # right: front 0.3·1·(1+1) = 0.6, oblique 0.3·3·(2+1) = 2.7
    assert combined.hemi_masi_right == pytest.approx(3.0 - 0.6 + 2.7)
    # left: front 0.3·2·(1+1) = 1.2, oblique 0.3·4·(3+1) = 4.8
    assert combined.hemi_masi_left == pytest.approx(4.0 - 1.2 + 4.8)


def test_the_colour_of_three_views_is_weighed_by_the_skin_that_each_region_came_with() -> None:
    combined = combine_views(UNLIKE)
    # 400 and 200 px of the front, 100 px of the right, 300 px of the left view.
    assert combined.skin_area_px == 1000
    assert combined.mean_ita_deg == pytest.approx(0.4 * 10 + 0.2 * 40 + 0.1 * 50 + 0.3 * 30)
    assert combined.melanin_index == pytest.approx(0.6 * 40 + 0.1 * 80 + 0.3 * 60)
    assert combined.erythema_index == pytest.approx(0.6 * 10 + 0.1 * 16 + 0.3 * 30)


def test_three_views_have_the_flags_of_each_but_none_is_a_single_oblique_view() -> None:
    flags = ("area_score_near_edge", "borrowed_reference", "region_unreadable")
    assert combine_views(UNLIKE).flags == flags


def test_an_oblique_view_without_the_front_keeps_its_flag() -> None:
    assert combine_views([UNLIKE_LEFT]).flags == (
        "missing_view",
        "region_unreadable",
        "single_oblique_view",
    )


@pytest.mark.parametrize("column", ["calibrated_colour", "calibrated_scores"])
def test_three_views_are_calibrated_when_all_of_them_are(column: str) -> None:
    assert getattr(combine_views(UNLIKE), column) is True


@pytest.mark.parametrize("i", range(3))
@pytest.mark.parametrize(
    ("column", "other"),
    [
        ("calibrated_colour", "calibrated_scores"),
        ("calibrated_scores", "calibrated_colour"),
    ],
)
def test_one_uncalibrated_view_leaves_the_three_uncalibrated_in_that_alone(
    column: str, other: str, i: int
) -> None:
    views = list(UNLIKE)
    views[i] = dataclasses.replace(views[i], **{column: False})
    combined = combine_views(views)
    assert getattr(combined, column) is False
    assert getattr(combined, other) is True


def test_of_two_photos_of_one_view_the_first_counts() -> None:
    # forehead 0.3·2·2 = 1.2, malar 0.3·1·1 = 0.3 and 0.3·2·1 = 0.6 of the unlike front; 0.3 twice
    # of the other.
    assert combine_views([UNLIKE_FRONT, FRONT]).mmasi == pytest.approx(1.2 + 0.3 + 0.6)
    assert combine_views([FRONT, UNLIKE_FRONT]).mmasi == pytest.approx(1.2 + 0.3 + 0.3)
