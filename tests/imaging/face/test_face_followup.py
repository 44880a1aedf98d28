"""Two visits of a face compared, on the sample portrait with painted melasma."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import numpy as np
import pytest

from imaging.errors import PairRefusedError
from imaging.face.followup import compare_scores
from imaging.face.followup_overlay import PANEL_HEIGHT_PX, draw_comparison
from imaging.face.landmarks import find_landmarks
from imaging.face.score import score_photo
from imaging.face.tone import match_tone
from imaging.face.warp import warp_between
from imaging.photo.colour import linear_light, srgb_pixels
from imaging.photo.reading import read_photo
from imaging.records import PairPlan, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.face_visits import FaceChange, photograph_again

FACES = Path(__file__).resolve().parents[3] / "sample_images" / "face"
SETTINGS = Settings()


@pytest.fixture(scope="module")
def visits(face_models):
    """Baseline and month 3 of the altered portrait, each with its score."""
    found = {}
    for name in ("altered_baseline", "altered_month3"):
        path = FACES / f"astronaut_{name}.jpg"
        photo = read_photo(path, photo_id=path.name, settings=SETTINGS.photo)
        found[name] = (photo, score_photo(photo, SETTINGS))
    return found


def compare(first, second, plan: PairPlan | None = None):
    return compare_scores(
        first[1],
        second[1],
        baseline_photo=first[0],
        followup_photo=second[0],
        plan=plan or PairPlan(),
        settings=SETTINGS,
    )


def again(visit, change: FaceChange):
    photo = dataclasses.replace(visit[0], pixels=photograph_again(visit[0].pixels, change))
    return photo, score_photo(photo, SETTINGS)


@pytest.fixture(scope="module")
def faded(visits):
    return compare(visits["altered_baseline"], visits["altered_month3"])


def test_a_photo_compared_with_itself_has_not_changed(visits) -> None:
    same = compare(visits["altered_baseline"], visits["altered_baseline"])
    assert same.mmasi_change == 0
    # The spline moves by hundredths of a pixel: a pixel on a sharp border may flip.
    assert abs(same.pigmented_percent_change) < 0.1
    assert same.lightened_percent == same.darkened_percent == 0
    # Landmarks are found in single precision.
    assert same.alignment_error_percent < 0.2


def test_painted_fading_is_a_fall_of_every_measure(faded) -> None:
    assert faded.masi_change < 0
    assert faded.pigmented_percent_change < 0
    assert faded.lightened_percent > 5 * faded.darkened_percent


def test_the_range_holds_the_change(faded) -> None:
    assert faded.mmasi_low <= faded.mmasi_change <= faded.mmasi_high
    for row in faded.regions:
        assert row.pigmented_percent_low <= row.pigmented_percent_change
        assert row.pigmented_percent_change <= row.pigmented_percent_high


def test_shares_of_the_change_map_are_parts_of_the_common_skin(faded) -> None:
    maps = faded.maps
    assert not (maps.lightened & maps.darkened).any()
    assert not ((maps.lightened | maps.darkened | maps.unchanged) & ~maps.common).any()


@pytest.mark.slow
def test_another_light_and_pose_is_hardly_a_change(visits) -> None:
    change = FaceChange(
        light_density=(0.15, -0.1),
        exposure_density=0.06,
        turn_deg=5,
        zoom=0.95,
        shift_share=(0.02, 0),
    )
    moved = again(visits["altered_baseline"], change)
    comparison = compare(visits["altered_baseline"], moved)
    # One step of darkness in one region of area score 2 or 3 is 0.6 to 0.9.
    assert abs(comparison.mmasi_change) <= 1
    assert abs(comparison.pigmented_percent_change) < 4


def test_photos_of_unlike_modality_or_view_are_refused(visits) -> None:
    photo, score = visits["altered_baseline"]
    ultraviolet = dataclasses.replace(photo, inputs=PhotoInputs(modality="uv"))
    with pytest.raises(PairRefusedError, match="modality"):
        compare((photo, score), (ultraviolet, score))
    with pytest.raises(PairRefusedError, match="seen as"):
        compare((photo, score), (photo, dataclasses.replace(score, view="left45")))


@pytest.mark.parametrize(("days", "is_flagged"), [(3.0, True), (60.0, False), (math.nan, False)])
def test_a_visit_within_the_weeks_after_laser_is_flagged(visits, days, is_flagged) -> None:
    photo, score = visits["altered_baseline"]
    crop = (photo, dataclasses.replace(score, view="patch", regions=()))
    comparison = compare(crop, crop, PairPlan(days_since_treatment_followup=days))
    assert ("recent_treatment" in comparison.flags) == is_flagged


def test_the_picture_shows_three_panels(visits, faded) -> None:
    photos = [visits[name][0] for name in ("altered_baseline", "altered_month3")]
    drawn = draw_comparison(*photos, faded)
    assert drawn.dtype == np.uint8
    assert drawn.shape[0] == PANEL_HEIGHT_PX
    assert (
        drawn.shape[1]
        > 2 * PANEL_HEIGHT_PX * faded.maps.common.shape[1] / faded.maps.common.shape[0]
    )


def test_anonymised_pictures_cover_the_eyes_of_both_visits(visits, faded) -> None:
    photos = [visits[name][0] for name in ("altered_baseline", "altered_month3")]
    open_eyes, covered = (
        draw_comparison(*photos, dataclasses.replace(faded, anonymise=hides))
        for hides in (False, True)
    )
    rows, cols = np.nonzero(faded.maps.hidden)
    scale = PANEL_HEIGHT_PX / faded.maps.hidden.shape[0]
    y, x = round(rows.mean() * scale), round(cols.mean() * scale)
    assert not covered[y, x].any()
    assert open_eyes[y, x].any()


def test_crops_are_compared_by_their_scores_alone(visits) -> None:
    photo, score = visits["altered_baseline"]
    crop = dataclasses.replace(score, view="patch", regions=())
    comparison = compare((photo, crop), (photo, crop))
    assert "not_aligned" in comparison.flags
    assert comparison.maps is None
    assert draw_comparison(photo, photo, comparison).shape[0] == PANEL_HEIGHT_PX


@pytest.mark.parametrize("hides", [False, True])
def test_the_picture_of_crops_blacks_out_text_and_asked_for_the_eyes(visits, hides) -> None:
    photo, score = visits["altered_baseline"]
    text = np.zeros(photo.pixels.shape[:2], bool)
    text[300:400, 20:200] = True
    crop = dataclasses.replace(score, view="patch", regions=(), text=text, anonymise=hides)
    drawn = draw_comparison(photo, photo, compare((photo, crop), (photo, crop)))
    scale = PANEL_HEIGHT_PX / len(text)
    followup = drawn[:, -round(scale * text.shape[1]) :]
    for panel in (drawn, followup):
        # Within the edges that resizing blends.
        rows, cols = (slice(*(round(scale * at) for at in s)) for s in ((305, 395), (25, 195)))
        assert not panel[rows, cols].any()
    eyes = score.frame.spread(score.maps.hidden, photo.pixels.shape)
    y, x = (round(places.mean() * scale) for places in np.nonzero(eyes))
    for panel in (drawn, followup):
        assert panel[y, x].any() != hides


def test_eyes_that_only_the_follow_up_shows_are_covered_in_both_panels(visits) -> None:
    photo, score = visits["altered_baseline"]
    seen = np.zeros_like(score.maps.hidden)
    seen[5:15, 20:40] = True
    later = dataclasses.replace(score, maps=dataclasses.replace(score.maps, hidden=seen))
    hidden = compare((photo, score), (photo, later)).maps.hidden
    # The spline moves a photo laid over itself by hundredths of a pixel.
    assert hidden[6:14, 21:39].all()
    assert hidden[score.maps.hidden].all()


def test_skin_of_which_less_than_the_least_overlap_is_seen_again_is_flagged(visits) -> None:
    photo, score = visits["altered_baseline"]
    labels = score.maps.labels.copy()
    labels[:, labels.shape[1] // 2 :] = 0
    half = dataclasses.replace(score, maps=dataclasses.replace(score.maps, labels=labels))
    comparison = compare((photo, score), (photo, half))
    assert comparison.overlap_percent < SETTINGS.followup.face_min_overlap_percent
    assert "small_overlap" in comparison.flags


def test_skin_that_is_seen_again_is_not_flagged(faded) -> None:
    assert faded.overlap_percent >= SETTINGS.followup.face_min_overlap_percent
    assert "small_overlap" not in faded.flags


# --- Crops ---------------------------------------------------------------------------------------


def crops(visit, before: dict[str, object], after: dict[str, object]):
    """Compare two crops of one photo whose scores have these values."""
    photo, score = visit
    first, second = (
        (photo, dataclasses.replace(score, view="patch", **({"regions": ()} | values)))
        for values in (before, after)
    )
    return compare(first, second)


@pytest.mark.parametrize(
    "name",
    [
        "masi",
        "mmasi",
        "masi_continuous",
        "hemi_masi_right",
        "hemi_masi_left",
        "pigmented_percent",
    ],
)
def test_each_score_stands_at_baseline_at_follow_up_and_as_their_difference(visits, name) -> None:
    comparison = crops(visits["altered_baseline"], {name: 8.0}, {name: 6.0})
    found = [getattr(comparison, f"{name}_{end}") for end in ("baseline", "followup", "change")]
    assert found == [8.0, 6.0, -2.0]


def test_the_change_in_percent_is_of_the_baseline(visits) -> None:
    comparison = crops(visits["altered_baseline"], {"mmasi": 8.0}, {"mmasi": 6.0})
    assert comparison.mmasi_change_percent == -25.0


def test_no_melasma_at_baseline_leaves_the_change_in_percent_unknown(visits) -> None:
    comparison = crops(visits["altered_baseline"], {"mmasi": 0.0}, {"mmasi": 6.0})
    assert math.isnan(comparison.mmasi_change_percent)


@pytest.mark.parametrize("name", ["masi", "mmasi"])
def test_the_range_of_a_score_is_that_over_its_thresholds(visits, name) -> None:
    ends = (name, f"{name}_low", f"{name}_high")
    comparison = crops(
        visits["altered_baseline"],
        dict(zip(ends, (8.0, 6.0, 12.0), strict=True)),
        dict(zip(ends, (6.0, 5.0, 7.0), strict=True)),
    )
    assert getattr(comparison, f"{name}_low") == -5.0
    assert getattr(comparison, f"{name}_high") == -1.0


def test_the_range_of_the_pigmented_share_pools_regions_by_their_skin(visits) -> None:
    row = visits["altered_baseline"][1].regions[0]

    def share(own: float, small: tuple[float, float], large: tuple[float, float]):
        regions = tuple(
            dataclasses.replace(
                row,
                skin_area_px=area,
                pigmented_percent=own,
                pigmented_percent_low=low,
                pigmented_percent_high=high,
            )
            for area, (low, high) in ((100.0, small), (300.0, large))
        )
        return {"pigmented_percent": own, "regions": regions}

    # Strict (10 + 3 · 14) / 4 = 13 and (12 + 3 · 10) / 4 = 10.5, loose (40 + 3 · 24) / 4 = 28 and
    # (20 + 3 · 18) / 4 = 18.5.
    comparison = crops(
        visits["altered_baseline"],
        share(20.0, (10.0, 40.0), (14.0, 24.0)),
        share(15.0, (12.0, 20.0), (10.0, 18.0)),
    )
    assert comparison.pigmented_percent_change == -5.0
    assert comparison.pigmented_percent_low == -9.5
    assert comparison.pigmented_percent_high == -2.5


# --- Parts ---------------------------------------------------------------------------------------


def test_the_warp_finds_a_turned_and_resized_face_again(visits) -> None:
    photo = visits["altered_baseline"][0]
    landmarks = find_landmarks(photo.pixels, settings=SETTINGS.face)
    turn = np.deg2rad(7.0)
    matrix = 0.8 * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    moved = dataclasses.replace(
        landmarks,
        points_px=(landmarks.points_px @ matrix.T + (12, -5)).astype(np.float32),
        face_width_px=0.8 * landmarks.face_width_px,
    )
    warp = warp_between(landmarks, moved, photo.pixels.shape)
    rows, cols = np.array([150, 200]), np.array([230, 260])
    wanted = np.stack([cols + 0.5, rows + 0.5], axis=1) @ matrix.T + (12, -5)
    found = np.stack([warp.x_px[rows, cols], warp.y_px[rows, cols]], axis=1) + 0.5
    # An affine map costs the spline no bending: only single precision is lost.
    assert np.allclose(found, wanted, atol=0.05)
    assert warp.residual_percent < 0.01


def test_tone_is_matched_on_stable_skin_and_a_lesion_stays_darker() -> None:
    skin = np.ones((120, 100), bool)
    lesion = np.zeros_like(skin)
    lesion[40:70, 30:60] = True
    before = np.full((120, 100, 3), (200, 160, 140), np.uint8)
    light = np.linspace(-0.1, 0.1, 100, dtype=np.float32)[None, :, None]
    darker = np.where(lesion[..., None], 0.1, 0).astype(np.float32)
    after = srgb_pixels(linear_light(before) * np.power(10, -(light + darker)).astype(np.float32))
    match = match_tone(before, after, skin, skin & ~lesion, face_width_px=100)
    difference = match.pixels.astype(int) - before.astype(int)
    # Rounding to 8 bits, twice.
    assert np.abs(difference[~lesion]).max() <= 3
    assert difference[lesion][:, 1].mean() < -12


def test_a_verified_card_leaves_the_level_as_it_is() -> None:
    skin = np.ones((120, 100), bool)
    before = np.full((120, 100, 3), (200, 160, 140), np.uint8)
    after = srgb_pixels(linear_light(before) * np.float32(0.8))
    match = match_tone(before, after, skin, skin, face_width_px=100, keep_level=True)
    assert np.abs(match.pixels.astype(int) - after.astype(int)).max() <= 1
