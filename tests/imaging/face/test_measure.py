"""The row of one region, counted by hand on a drawn face of 40 × 40 pixels, half a mm each."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.face.measure import (
    FaceMasks,
    find_masks,
    measure_region,
    score_darkness,
    unreadable_region,
)
from imaging.face.pigment import PigmentEvidence
from imaging.face.spots import SpotEvidence
from imaging.records import RegionScore
from imaging.settings import FaceSettings

SHAPE = (40, 40)
PX_PER_MM = 2.0
#: The region, 19 × 20 + 20 × 1 = 400 px: four pixels are 1 %.  It does not fill the box around it.
REGION = np.zeros(SHAPE, bool)
REGION[10:29, 10:30] = True
REGION[9:29, 30] = True
#: Of another region, and partly within that box: whatever is measured must not see it.
OUTSIDE = ~REGION
OUTSIDE[10:] = False

#: 8 × 9 = 72 px and 2 × 4 = 8 px.
PATCH, SMALL_PATCH = np.s_[10:18, 10:19], np.s_[20:22, 10:14]
#: 2 × 2 = 4 px, 3 × 4 = 12 px, and 2 × 2 px within the large patch.
SPOT, WIDE_SPOT, SPOT_IN_PATCH = np.s_[12:14, 24:26], np.s_[17:20, 24:28], np.s_[12:14, 12:14]
#: 4 × 5 = 20 px, 2 × 5 = 10 px and 1 × 10 = 10 px.
REDS = (np.s_[24:28, 11:16], np.s_[24:26, 20:25], np.s_[28:29, 18:28])

Area = tuple[slice, slice]


def drawn(*areas: Area) -> NDArray[np.bool_]:
    mask = OUTSIDE.copy()
    for area in areas:
        mask[area] = True
    return mask


def painted(base: float, *parts: tuple[Area, float], outside: float) -> NDArray[np.float32]:
    values = np.full(SHAPE, outside, np.float32)
    values[REGION] = base
    for area, value in parts:
        values[area] = value
    return values


MASKS = FaceMasks(
    pigment=drawn(PATCH, SMALL_PATCH),
    strict=drawn(np.s_[10:15, 10:18]),  # 40 px
    loose=drawn(np.s_[10:22, 10:20]),  # 120 px
    spots=drawn(SPOT, WIDE_SPOT, SPOT_IN_PATCH),
    red=drawn(*REDS),
)
PIGMENT = PigmentEvidence(
    probability=np.zeros(SHAPE, np.float32),
    contrast=painted(1.0, (PATCH, 9.0), (SMALL_PATCH, 4.0), outside=-20.0),
    redness=painted(1.0, (REDS[0], 12.0), (REDS[1], 6.0), (REDS[2], 8.0), outside=70.0),
)
SPOTS = SpotEvidence(
    painted(0.0, (SPOT, 10.0), (WIDE_SPOT, 6.0), (SPOT_IN_PATCH, 30.0), outside=90.0)
)
#: 100 px of 10° and 300 px of 50°.
ITA_DEG = painted(50.0, (np.s_[10:15, 10:30], 10.0), outside=-60.0)


def measured(
    *,
    masks: FaceMasks = MASKS,
    pigment: PigmentEvidence = PIGMENT,
    region: NDArray[np.bool_] = REGION,
    readable_percent: float = 80.0,
    px_per_mm: float = PX_PER_MM,
    **settings: float,
) -> RegionScore:
    return measure_region(
        "chin",
        region,
        readable_percent=readable_percent,
        masks=masks,
        pigment=pigment,
        spots=SPOTS,
        ita_deg=ITA_DEG,
        px_per_mm=px_per_mm,
        photo_px_per_px=2.25,
        settings=dataclasses.replace(FaceSettings(), **settings),  # type: ignore[arg-type]
    )


def pigmented(pigment: NDArray[np.bool_]) -> FaceMasks:
    """Return the drawn masks with another pigment mask, at all three thresholds."""
    return dataclasses.replace(MASKS, pigment=pigment, strict=pigment, loose=pigment)


#: 80 of 400 px are pigmented, 40 and 120 at the other thresholds; ΔL* (72·9 + 8·4) / 80 = 8.5 has
#: passed the third cut; 2·√(72/π) = 9.57 px are 4.79 mm, a speck; 0.1·2·(3 + 1) = 0.8.  More than
#: a tenth of the skin is 9 darker and most is 1: evenness 100 − (9 − 1)/2.  The two spots are
#: 4 + 12 px, of depth (4·10 + 12·6) / 16; the red areas 20 + 10 + 10 px, of redness
#: (20·12 + 10·6 + 10·8) / 40.  ITA (100·10 + 300·50) / 400.
EXPECTED = {
    "region": "chin",
    "readable_percent": 80.0,
    "pigmented_percent": 20.0,
    "pigmented_percent_low": 10.0,
    "pigmented_percent_high": 30.0,
    "area_score": 2.0,
    "delta_l": 8.5,
    "darkness": 3.0,
    "largest_patch_mm": math.sqrt(72 / math.pi),
    "homogeneity": 1.0,
    "weighted_score": 0.8,
    "mean_ita_deg": 40.0,
    "evenness": 96.0,
    "brown_spot_count": 2.0,
    "brown_spot_percent": 4.0,
    "red_percent": 10.0,
    "mean_redness": 9.5,
    "brown_spot_delta_l": 7.0,
    "red_area_count": 3.0,
    "skin_area_px": 900.0,
}


@pytest.mark.parametrize("column", [field.name for field in dataclasses.fields(RegionScore)])
def test_every_column_of_a_drawn_region_is_as_counted_by_hand(column: str) -> None:
    assert getattr(measured(), column) == pytest.approx(EXPECTED[column])


def test_a_share_under_the_noise_floor_is_clear_skin() -> None:
    row = measured(masks=pigmented(drawn(np.s_[10:11, 10:13])))  # 3 px, 0.75 %
    assert (row.pigmented_percent, row.pigmented_percent_low, row.pigmented_percent_high) == (
        0,
    ) * 3
    assert (row.area_score, row.darkness, row.homogeneity, row.weighted_score) == (0,) * 4
    assert (row.delta_l, row.largest_patch_mm) == (0, 0)


def test_a_share_at_the_noise_floor_is_kept() -> None:
    row = measured(masks=pigmented(drawn(np.s_[10:11, 10:14])))  # 4 px, 1 %
    assert row.pigmented_percent == 1.0
    assert row.area_score == 1


def test_the_noise_floor_is_the_one_of_the_settings() -> None:
    speck = pigmented(drawn(np.s_[10:11, 10:13]))
    assert measured(masks=speck, area_floor_percent=0.5).pigmented_percent == 0.75
    assert measured(area_floor_percent=15.0).pigmented_percent_low == 0


def test_pigment_fainter_than_the_first_cut_is_still_barely_darker() -> None:
    faint = dataclasses.replace(PIGMENT, contrast=np.full(SHAPE, 1.5, np.float32))
    row = measured(pigment=faint)
    assert row.delta_l == 1.5
    assert row.darkness == 1


@pytest.mark.parametrize(
    ("delta_l", "percent", "darkness"),
    [
        (0.0, 0.0, 0),
        (9.0, 0.0, 0),
        (-1.0, 20.0, 1),
        (1.5, 20.0, 1),
        (5.0, 20.0, 2),
        (12.0, 20.0, 4),
    ],
)
def test_darkness_is_0_on_clear_skin_alone(delta_l: float, percent: float, darkness: int) -> None:
    assert score_darkness(delta_l, percent, FaceSettings()) == darkness


def test_without_a_scale_patch_size_and_homogeneity_are_unknown() -> None:
    row = measured(px_per_mm=math.nan)
    assert math.isnan(row.largest_patch_mm)
    assert math.isnan(row.homogeneity)
    assert math.isnan(row.weighted_score)
    assert (row.pigmented_percent, row.darkness) == (20, 3)


def test_twice_the_scale_halves_the_patch() -> None:
    one, two = measured(px_per_mm=1.0), measured(px_per_mm=2.0)
    assert one.largest_patch_mm == pytest.approx(2 * two.largest_patch_mm)
    assert (one.homogeneity, two.homogeneity) == (2, 1), "9.6 mm is more than a speck, 4.8 is not"


def test_a_region_less_readable_than_the_least_has_nan_but_for_that_share() -> None:
    row = measured(readable_percent=49.9)
    values = dataclasses.asdict(row)
    assert (values.pop("region"), values.pop("readable_percent")) == ("chin", 49.9)
    assert all(math.isnan(value) for value in values.values())


def test_a_region_as_readable_as_the_least_is_measured() -> None:
    assert measured(readable_percent=50.0).pigmented_percent == 20
    assert math.isnan(measured(min_readable_percent=80.1).pigmented_percent)


def test_a_region_without_a_pixel_cannot_be_told() -> None:
    empty = measured(region=np.zeros(SHAPE, bool))
    assert repr(empty) == repr(unreadable_region("chin", 80.0))


def test_a_region_without_spots_and_red_areas_has_0_of_both() -> None:
    none = np.zeros(SHAPE, bool)
    row = measured(masks=dataclasses.replace(MASKS, spots=none, red=none))
    assert (row.brown_spot_count, row.brown_spot_percent, row.brown_spot_delta_l) == (0, 0, 0)
    assert (row.red_area_count, row.red_percent, row.mean_redness) == (0, 0, 0)


def bands(*values: float) -> NDArray[np.float32]:
    """Return four upright bands, 10 px wide each."""
    return np.tile(np.repeat(np.array(values, np.float32), 10), (SHAPE[0], 1))


def masks_of(
    *,
    probability: NDArray[np.float32] | None = None,
    contrast: NDArray[np.float32] | None = None,
    redness: NDArray[np.float32] | None = None,
    depth: NDArray[np.float32] | None = None,
) -> FaceMasks:
    flat = np.zeros(SHAPE, np.float32)
    return find_masks(
        PigmentEvidence(
            probability=flat + 1 if probability is None else probability,
            contrast=flat + 5 if contrast is None else contrast,
            redness=flat if redness is None else redness,
        ),
        SpotEvidence(flat if depth is None else depth),
        np.ones(SHAPE, bool),
        px_per_mm=PX_PER_MM,
        settings=FaceSettings(),
    )


@pytest.mark.parametrize(
    "evidence",
    [
        # Thresholds 0.3, 0.5 and 0.7.
        {"probability": bands(0.25, 0.35, 0.55, 0.75)},
        # Thresholds 0.8, 1.0 and 1.2.
        {"contrast": bands(0.75, 0.85, 1.05, 1.25)},
    ],
    ids=["probability", "contrast"],
)
def test_the_strict_mask_has_less_and_the_loose_mask_more_pigment(
    evidence: dict[str, NDArray[np.float32]],
) -> None:
    masks = masks_of(**evidence)
    found = [mask[0, ::10].tolist() for mask in (masks.strict, masks.pigment, masks.loose)]
    assert found == [
        [False, False, False, True],
        [False, False, True, True],
        [False, True, True, True],
    ]


def test_a_patch_is_dropped_by_its_size_in_millimetres() -> None:
    # π/4 · (2.5 mm · 2 px/mm)² = 19.6 px
    probability = np.zeros(SHAPE, np.float32)
    probability[2:3, 2:21] = 1.0
    probability[10:14, 2:7] = 1.0
    assert masks_of(probability=probability).pigment.sum() == 20


def test_a_spot_and_a_red_area_each_have_their_own_mask() -> None:
    depth, redness = np.zeros(SHAPE, np.float32), np.zeros(SHAPE, np.float32)
    depth[4:8, 4:8] = 20.0  # 16 px, 2.3 mm wide
    redness[20:32, 20:32] = 100.0  # 144 px, 6.8 mm wide
    masks = masks_of(depth=depth, redness=redness)
    assert np.array_equal(masks.spots, depth > 0)
    assert np.array_equal(masks.red, redness > 0)
