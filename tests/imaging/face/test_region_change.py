"""What became of a region, counted by hand on 40 × 40 pixels of half a millimetre."""

from __future__ import annotations

import dataclasses
import math
from types import SimpleNamespace

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.face.geometry import REGION_LABELS
from imaging.face.region_change import SkinChange, region_change, threshold_range
from imaging.records import ChangeMaps, FaceMaps, RegionChange, RegionScore

SHAPE = (40, 40)
PX_PER_MM = 2.0
ALL = np.ones(SHAPE, bool)
NONE = np.zeros(SHAPE, bool)
BLACK = np.zeros((*SHAPE, 3), np.uint8)
#: A band of 10 columns: its border is moved by 2, to 6 columns and to 14.
BAND, CORE, AROUND = np.s_[:, 10:20], np.s_[:, 12:18], np.s_[:, 8:22]

Mask = NDArray[np.bool_]
Area = tuple[slice, slice]


def drawn(area: Area) -> Mask:
    mask = NONE.copy()
    mask[area] = True
    return mask


def visit(pigment: Mask, *layers: tuple[Area, float], base: float = 0.0) -> FaceMaps:
    """Return one visit; later layers of contrast lie over earlier ones."""
    contrast = np.full(SHAPE, base, np.float16)
    for area, value in layers:
        contrast[area] = value
    return FaceMaps(
        pixels=BLACK,
        labels=ALL.astype(np.int32),
        outline=ALL.astype(np.int32),
        pigment=pigment,
        spots=NONE,
        red=NONE,
        reference=NONE,
        excluded=NONE,
        hidden=NONE,
        contrast=contrast,
        redness=np.zeros(SHAPE, np.float16),
    )


def change_of(
    before: FaceMaps, after: FaceMaps, *, chin: Mask = ALL, common: Mask = ALL
) -> SkinChange:
    return SkinChange(
        before=before,
        after=after,
        outline=np.where(chin, REGION_LABELS["chin"], REGION_LABELS["nose"]).astype(np.int32),
        common=common,
        px_per_mm=PX_PER_MM,
    )


def score(**values: float) -> RegionScore:
    fields = [f for f in dataclasses.fields(RegionScore) if f.name != "region"]
    return RegionScore(region="chin", **({f.name: 0.0 for f in fields} | values))


def maps_of(*, lightened: Mask = NONE, unchanged: Mask = NONE, darkened: Mask = NONE) -> ChangeMaps:
    return ChangeMaps(
        lightened=lightened,
        unchanged=unchanged,
        darkened=darkened,
        common=ALL,
        before=BLACK,
        warped=BLACK,
        hidden=NONE,
    )


#: Core, rim and surroundings; within the band the mean is (60 + 16) / 10 and (30 + 8) / 10.
FADED = change_of(
    visit(drawn(BAND), (AROUND, 2.0), (BAND, 4.0), (CORE, 10.0)),
    visit(drawn(BAND), (AROUND, 1.0), (BAND, 2.0), (CORE, 5.0)),
)


def row_of(
    change: SkinChange = FADED,
    before: RegionScore | None = None,
    after: RegionScore | None = None,
    maps: ChangeMaps | None = None,
) -> RegionChange:
    return region_change(
        before or score(delta_l=7.6),
        after or score(delta_l=3.8),
        change,
        maps or maps_of(),
        ("first", "later"),
    )


# --- Border of pigment ---------------------------------------------------------------------------


def test_moved_inwards_the_border_leaves_the_core_of_both_visits() -> None:
    assert FADED.delta_l(ALL, border_mm=-1.0) == (10.0, 5.0)


def test_moved_outwards_the_border_takes_in_the_surroundings_of_both_visits() -> None:
    # (6 · 10 + 4 · 4 + 4 · 2) / 14 = 6, and half of that.
    assert FADED.delta_l(ALL, border_mm=1.0) == (6.0, 3.0)


def test_the_range_of_darkness_runs_over_border_and_own_change() -> None:
    row = row_of()
    assert (row.delta_l_low, row.delta_l_high) == (-5.0, -3.0)


def test_only_common_skin_of_the_region_counts_for_the_range() -> None:
    chin, common = drawn(np.s_[4:, :]), drawn(np.s_[:36, :])
    before, after = (
        dataclasses.replace(
            part, contrast=np.where(chin & common, part.contrast, -30 * sign).astype(np.float16)
        )
        for sign, part in ((1, FADED.before), (-1, FADED.after))
    )
    row = row_of(change_of(before, after, chin=chin, common=common))
    assert (row.delta_l_low, row.delta_l_high) == (-5.0, -3.0)


def test_pigment_too_thin_for_an_inner_border_has_no_darkness_there() -> None:
    thin = visit(drawn(np.s_[:, 10:13]), base=8.0)
    wide = visit(drawn(BAND), base=8.0)
    before, after = change_of(wide, thin).delta_l(ALL, border_mm=-1.0)
    assert before == 8.0
    assert math.isnan(after)


def test_thin_streaks_that_faded_have_no_range_up_to_unchanged() -> None:
    streaks = drawn(np.s_[:, 10:13]) | drawn(np.s_[:, 25:28])
    change = change_of(visit(streaks, base=10.0), visit(streaks, base=5.0))
    row = row_of(change, score(delta_l=10.0), score(delta_l=5.0))
    assert (row.delta_l_low, row.delta_l_high) == (-5.0, -5.0)


def test_a_lesion_that_shrank_at_equal_darkness_did_not_fade() -> None:
    change = change_of(visit(drawn(BAND), base=8.0), visit(drawn(np.s_[:, 10:13]), base=8.0))
    row = row_of(change, score(delta_l=8.0), score(delta_l=8.0))
    assert (row.delta_l_low, row.delta_l_high) == (0.0, 0.0)


@pytest.mark.parametrize("border_mm", [-1.0, 1.0])
def test_clear_skin_has_no_darkness_at_either_border(border_mm) -> None:
    change = change_of(visit(drawn(BAND), base=8.0), visit(NONE, base=8.0))
    assert change.delta_l(ALL, border_mm=border_mm) == (8.0, 0.0)


def test_an_unknown_change_of_darkness_has_no_range() -> None:
    row = row_of(after=score(delta_l=math.nan))
    assert math.isnan(row.delta_l_low)
    assert math.isnan(row.delta_l_high)


# --- Row -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["pigmented_percent", "area_score", "delta_l", "darkness", "homogeneity"]
)
def test_each_measure_stands_at_baseline_at_follow_up_and_as_their_difference(name) -> None:
    row = row_of(before=score(**{name: 3.0}), after=score(**{name: 1.0}))
    found = [getattr(row, f"{name}_{end}") for end in ("baseline", "followup", "change")]
    assert found == [3.0, 1.0, -2.0]


def test_the_row_names_baseline_and_follow_up() -> None:
    row = row_of()
    assert (row.baseline_id, row.followup_id, row.region) == ("first", "later", "chin")


def test_common_skin_is_a_share_of_the_region() -> None:
    # 24 of 32 rows; common skin of the nose is not the chin's.
    change = change_of(
        FADED.before, FADED.after, chin=drawn(np.s_[8:, :]), common=drawn(np.s_[:32, :])
    )
    assert row_of(change).common_percent == 75.0


def test_shares_are_of_the_common_skin_of_the_region() -> None:
    # 10 rows of common chin; the nose and skin not seen again do not count.
    change = change_of(
        FADED.before, FADED.after, chin=drawn(np.s_[20:, :]), common=drawn(np.s_[:30, :])
    )
    row = row_of(
        change,
        maps=maps_of(
            lightened=drawn(np.s_[:21, :]),
            darkened=drawn(np.s_[21:23, :]),
            unchanged=drawn(np.s_[27:, :]),
        ),
    )
    assert (row.lightened_percent, row.darkened_percent, row.unchanged_percent) == (10, 20, 30)


def test_without_common_skin_shares_are_unknown() -> None:
    row = row_of(change_of(FADED.before, FADED.after, common=NONE))
    assert row.common_percent == 0
    assert math.isnan(row.lightened_percent)


def test_the_range_over_thresholds_spans_the_own_the_strict_and_the_loose_change() -> None:
    before = SimpleNamespace(masi=10.0, masi_low=6.0, masi_high=20.0)
    after = SimpleNamespace(masi=8.0, masi_low=5.0, masi_high=13.0)
    assert threshold_range(before, after, "masi") == (-7.0, -1.0)


def test_one_unknown_threshold_leaves_the_range_unknown() -> None:
    before = SimpleNamespace(masi=10.0, masi_low=6.0, masi_high=20.0)
    after = SimpleNamespace(masi=8.0, masi_low=5.0, masi_high=math.nan)
    assert all(math.isnan(end) for end in threshold_range(before, after, "masi"))


# --- Maps ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("step", "name"),
    [
        (-2.0, "lightened"),
        (-1.5, "unchanged"),
        (0.0, "unchanged"),
        (1.5, "unchanged"),
        (2.0, "darkened"),
    ],
)
def test_pigmented_skin_is_parted_from_the_threshold_on(step, name) -> None:
    change = change_of(visit(ALL, base=4.0), visit(ALL, base=4.0 + step))
    maps = change.maps(BLACK, BLACK, NONE, 2.0)
    parts = {part: getattr(maps, part) for part in ("lightened", "unchanged", "darkened")}
    assert parts.pop(name).all()
    assert not any(part.any() for part in parts.values())


def test_skin_pigmented_at_either_visit_is_mapped_where_both_photos_show_it() -> None:
    top, left = drawn(np.s_[:10, :]), drawn(np.s_[:, :10])
    common = drawn(np.s_[:30, :])
    maps = change_of(visit(top), visit(left), common=common).maps(BLACK, BLACK, NONE, 2.0)
    assert np.array_equal(maps.unchanged, (top | left) & common)


def test_skin_not_seen_again_does_not_change_its_neighbours() -> None:
    common = drawn(np.s_[:, :20])
    after = visit(ALL, (np.s_[:, 20:], 50.0), base=4.0)
    maps = change_of(visit(ALL, base=4.0), after, common=common).maps(BLACK, BLACK, NONE, 2.0)
    assert np.array_equal(maps.unchanged, common)


def test_pictures_of_baseline_and_follow_up_keep_their_places() -> None:
    first, warped, hidden = BLACK, BLACK + 1, drawn(BAND)
    maps = FADED.maps(first, warped, hidden, 2.0)
    assert np.array_equal(maps.before, first)
    assert np.array_equal(maps.warped, warped)
    assert np.array_equal(maps.hidden, hidden)
