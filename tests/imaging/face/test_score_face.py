"""One photo in, one score out: the astronaut, clear and painted, and skin in patch mode."""

from __future__ import annotations

import dataclasses
import math
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.errors import (
    ImplausibleScaleError,
    ModelError,
    NoFaceError,
    NothingReadableError,
    SettingsError,
)
from imaging.face.overlay import draw_masks, draw_overlay
from imaging.face.score import extract_evidence, score_evidence, score_photo, weights_digest
from imaging.face.segmenter import CLASSICAL, LEARNED, segment_pigment, segmenter_names
from imaging.photo.colour import linear_light, srgb_pixels
from imaging.records import FACE_TABLES, FaceScore, Photo, PhotoInputs, columns_of, row_of
from imaging.settings import FaceSettings, Settings

SAMPLES = Path(__file__).parents[3] / "sample_images"


def read(folder: str, name: str) -> NDArray[np.uint8]:
    pixels = cv2.imread(str(SAMPLES / folder / name))
    assert pixels is not None
    return np.ascontiguousarray(pixels[..., ::-1])


def photo_of(pixels: NDArray[np.uint8], **inputs: object) -> Photo:
    return Photo("x", pixels, "0", inputs=PhotoInputs(**inputs))  # type: ignore[arg-type]


def settings_with(**changes: object) -> Settings:
    return Settings(face=dataclasses.replace(FaceSettings(), **changes))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def portrait() -> NDArray[np.uint8]:
    return read("face", "astronaut_altered_malar.jpg")


@pytest.fixture(scope="module")
def portrait_score(portrait: NDArray[np.uint8]) -> FaceScore:
    return score_photo(photo_of(portrait), Settings())


def test_a_portrait_has_a_row_per_region_in_the_columns_of_the_contract(
    portrait_score: FaceScore,
) -> None:
    names = [row.region for row in portrait_score.regions]
    assert names == ["forehead", "right_malar", "left_malar", "chin"]
    columns = [c.name for c in columns_of(FACE_TABLES["regions"])]
    assert columns[:17] == [
        "region", "readable_percent", "pigmented_percent", "pigmented_percent_low",
        "pigmented_percent_high", "area_score", "delta_l", "darkness", "largest_patch_mm",
        "homogeneity", "weighted_score", "mean_ita_deg", "evenness", "brown_spot_count",
        "brown_spot_percent", "red_percent", "mean_redness",
    ]  # fmt: skip
    assert list(row_of(portrait_score)) == [
        "view", "masi", "masi_low", "masi_high", "mmasi", "mmasi_low", "mmasi_high",
        "hemi_masi_right", "hemi_masi_left", "msi", "masi_continuous", "skin_area_px",
        "pigmented_percent", "mean_ita_deg", "melanin_index", "erythema_index",
        "calibrated_colour", "calibrated_scores",
    ]  # fmt: skip


def test_what_cannot_be_told_is_nan_and_flagged(portrait_score: FaceScore) -> None:
    rows = {row.region: row for row in portrait_score.regions}
    for row in rows.values():
        assert math.isnan(row.pigmented_percent) == (row.readable_percent < 50)
    if any(math.isnan(row.pigmented_percent) for row in rows.values()):
        assert "region_unreadable" in portrait_score.flags
        assert math.isnan(portrait_score.mmasi)
    assert math.isnan(portrait_score.msi)
    assert {"uncalibrated_colour", "assumed_face_width"} <= set(portrait_score.flags)


def test_the_low_and_high_shares_enclose_the_share(portrait_score: FaceScore) -> None:
    for row in portrait_score.regions:
        if not math.isnan(row.pigmented_percent):
            low, high = row.pigmented_percent_low, row.pigmented_percent_high
            assert low <= row.pigmented_percent <= high


def test_a_stricter_setting_finds_no_more_pigment(portrait: NDArray[np.uint8]) -> None:
    evidence = extract_evidence(photo_of(portrait), Settings())
    before = score_evidence(evidence, Settings()).maps
    for change in ({"pigment_probability": 0.7}, {"pigment_delta_l": 6.0}):
        after = score_evidence(evidence, settings_with(**change)).maps
        assert before is not None
        assert after is not None
        assert not (after.pigment & ~before.pigment).any()


def test_the_overlay_is_of_bounded_size_and_anonymising_covers_the_eyes(
    portrait: NDArray[np.uint8], portrait_score: FaceScore
) -> None:
    photo = photo_of(portrait)
    picture = draw_overlay(photo, portrait_score)
    assert max(picture.shape) <= 1602
    covered = draw_overlay(photo, dataclasses.replace(portrait_score, anonymise=True))
    assert covered.shape == picture.shape
    assert (covered != picture).any(axis=2).mean() > 0.01


def test_anonymising_a_crop_covers_the_eyes_in_it_and_changes_no_number(
    portrait: NDArray[np.uint8], portrait_score: FaceScore
) -> None:
    rows, cols = slice(20, 220), slice(140, 320)
    photo = photo_of(np.ascontiguousarray(portrait[rows, cols]))
    plain, covered = (
        score_photo(photo, settings_with(patch_mode=True, anonymise=hides))
        for hides in (False, True)
    )
    assert plain.maps is not None
    assert covered.maps is not None
    assert not plain.maps.hidden.any()
    own = portrait_score.frame.spread(portrait_score.maps.hidden, portrait.shape)  # type: ignore
    # The mesh lies a little differently in another cut of the photo.
    assert covered.maps.hidden[own[rows, cols]].mean() > 0.9
    assert repr(row_of(covered)) == repr(row_of(plain))
    assert repr(covered.regions) == repr(plain.regions)


def test_anonymising_covers_everybody_in_view(
    portrait: NDArray[np.uint8], portrait_score: FaceScore, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert portrait_score.maps is not None
    others = np.zeros_like(portrait_score.maps.hidden)
    others[:9, :9] = True
    monkeypatch.setattr("imaging.face.score.hide_every_eye", lambda *_, settings: others)
    for hides in (False, True):
        maps = score_photo(photo_of(portrait), settings_with(anonymise=hides)).maps
        assert maps is not None
        own = portrait_score.maps.hidden
        assert np.array_equal(maps.hidden, own | others if hides else own)


@pytest.mark.parametrize(
    ("exposure", "expected"), [(0.02, {"underexposed"}), (1.0, set()), (3.0, {"overexposed"})]
)
def test_a_face_in_too_little_or_too_much_light_is_flagged(
    portrait: NDArray[np.uint8], exposure: float, expected: set[str]
) -> None:
    pixels = srgb_pixels(np.minimum(exposure * linear_light(portrait), 1).astype(np.float32))
    flags = set(score_photo(photo_of(pixels), Settings()).flags)
    assert flags & {"underexposed", "overexposed", "glare"} == expected


def test_masks_lie_in_photo_pixels(portrait: NDArray[np.uint8], portrait_score: FaceScore) -> None:
    masks = draw_masks(photo_of(portrait), portrait_score)
    assert set(masks) == {"regions", "pigment"}
    for mask in masks.values():
        assert mask.shape == portrait.shape[:2]
        assert mask.dtype == np.uint8
    right, left = (np.nonzero(masks["regions"] == k)[1].mean() for k in (2, 3))
    assert right < left, "the patient's right cheek is on the left of the picture"


def test_a_photo_without_a_face_names_patch_mode() -> None:
    with pytest.raises(NoFaceError) as caught:
        score_photo(photo_of(np.full((300, 300, 3), 128, np.uint8)), Settings())
    assert "--patch" in caught.value.remedy


def test_patch_mode_scores_a_crop_as_one_region_without_masi() -> None:
    pixels = read("face_patches", "skin_light_patches.jpg")
    score = score_photo(photo_of(pixels), settings_with(patch_mode=True))
    assert [row.region for row in score.regions] == ["patch"]
    assert score.view == "patch"
    assert math.isnan(score.masi)
    assert {"patch_mode", "no_scale"} <= set(score.flags)
    assert 0 <= score.regions[0].pigmented_percent <= 100
    assert draw_overlay(photo_of(pixels), score).shape[2] == 3


def test_patch_mode_takes_a_polygon_and_millimetres() -> None:
    pixels = read("face_patches", "skin_large_patch.jpg")
    polygon = ((0.0, 0.0), (240.0, 0.0), (240.0, 480.0), (0.0, 480.0))
    photo = photo_of(pixels, polygon_px=polygon, px_per_mm=6.0)
    score = score_photo(photo, settings_with(patch_mode=True))
    assert score.maps is not None
    assert not score.maps.labels[:, 245:].any()
    assert "no_scale" not in score.flags


def test_a_small_polygon_is_enough_and_one_outside_the_photo_is_told() -> None:
    pixels = read("face_patches", "skin_large_patch.jpg")
    square = ((10.0, 10.0), (60.0, 10.0), (60.0, 60.0), (10.0, 60.0))
    score = score_photo(photo_of(pixels, polygon_px=square), settings_with(patch_mode=True))
    assert score.maps is not None
    rows, cols = np.nonzero(draw_masks(photo_of(pixels), score)["regions"])
    assert 10 <= min(rows.min(), cols.min()) <= max(rows.max(), cols.max()) <= 60
    away = photo_of(pixels, polygon_px=tuple((x + 1e6 - 60, y) for x, y in square))
    with pytest.raises(NothingReadableError, match="outside the photo of 480 x 480 pixels"):
        score_photo(away, settings_with(patch_mode=True))


def test_a_black_crop_is_nothing_readable() -> None:
    with pytest.raises(NothingReadableError):
        score_photo(photo_of(np.zeros((200, 200, 3), np.uint8)), settings_with(patch_mode=True))


def test_an_unknown_segmenter_is_named_with_the_known_ones() -> None:
    density = np.zeros((20, 20, 3), np.float32)
    with pytest.raises(SettingsError) as caught:
        segment_pigment(density, np.ones((20, 20), bool), face_width_px=64, segmenter="magic")
    assert all(name in caught.value.remedy for name in segmenter_names())


def test_the_weights_digest_follows_the_segmenter() -> None:
    learned = weights_digest(settings_with(segmenter=LEARNED))
    classical = weights_digest(settings_with(segmenter=CLASSICAL))
    assert learned != classical
    assert len(learned) == 16


def test_crops_need_the_face_models_only_where_eyes_are_to_be_covered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    plain = weights_digest(settings_with(patch_mode=True))
    assert weights_digest(settings_with(patch_mode=True, anonymise=True)) == plain
    monkeypatch.setattr("models.registry.read_component", _missing)
    assert weights_digest(settings_with(patch_mode=True)) == plain
    with pytest.raises(ModelError) as caught:
        weights_digest(settings_with(patch_mode=True, anonymise=True))
    assert "without --anonymise" in caught.value.remedy


def test_a_scale_that_makes_a_crop_a_speck_is_refused() -> None:
    pixels = np.full((64, 64, 3), (190, 150, 130), np.uint8)
    photo = Photo("speck", pixels, "", inputs=PhotoInputs(px_per_mm=20_000.0))
    with pytest.raises(ImplausibleScaleError, match=r"the crop is 0\.0032 mm long"):
        score_photo(photo, settings_with(patch_mode=True))


def test_missing_weights_are_a_model_error(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    from imaging.face import segmenter
    from models import registry

    segmenter._learned_model.cache_clear()
    monkeypatch.setattr(registry, "read_model", _missing)
    density = np.zeros((20, 20, 3), np.float32)
    try:
        with pytest.raises(ModelError):
            segment_pigment(density, np.ones((20, 20), bool), face_width_px=64, segmenter=LEARNED)
    finally:
        segmenter._learned_model.cache_clear()


def _missing(name: str) -> None:
    from models.registry import ModelFileMissingError

    raise ModelFileMissingError(f"The model {name} is not whole.")


@pytest.mark.parametrize("segmenter", segmenter_names())
def test_a_dark_patch_on_even_skin_is_found_and_even_skin_is_not(segmenter: str) -> None:
    rng = np.random.default_rng(2)
    rows, cols = np.mgrid[:180, :140]
    patch = ((rows - 90) / 22) ** 2 + ((cols - 60) / 30) ** 2 < 1
    soft = cv2.GaussianBlur(patch.astype(np.float32), (0, 0), 2)
    skin = ((rows - 90) / 85) ** 2 + ((cols - 70) / 65) ** 2 < 1
    base = np.array([0.25, 0.45, 0.6]) + 0.02 * rng.standard_normal((180, 140, 3))
    step = 0.2 * soft[..., None] * np.array([0.73, 1.0, 1.15])
    clear, found = (
        segment_pigment(d.astype(np.float32), skin, face_width_px=130, segmenter=segmenter)
        for d in (base, base + step)
    )
    assert (clear.probability >= 0.5)[skin].mean() < 0.05
    assert (found.probability >= 0.5)[patch].mean() > 0.7
    assert (found.probability >= 0.5)[skin & ~patch].mean() < 0.1
    assert not found.probability[~skin].any()
