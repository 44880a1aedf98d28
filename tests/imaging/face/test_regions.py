"""Regions: right names on the right sides, up to the hairline, without what is no skin."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.errors import SettingsError
from imaging.face.geometry import EXCLUSION_CODES, PARTS_WITHOUT_SKIN, REGION_LABELS
from imaging.face.landmarks import find_landmarks, working_frame
from imaging.face.mesh_points import LIPS, NOSE_ROOT
from imaging.face.outlines import beyond_hairline
from imaging.face.regions import find_regions
from imaging.photo.reading import read_photo
from imaging.settings import FaceSettings, PhotoSettings
from imaging.synthetic.face import MelasmaSpec, paint_melasma

SETTINGS = FaceSettings()
SAMPLES = Path(__file__).resolve().parents[3] / "sample_images" / "face"


def regions_of(pixels, landmarks, **options):
    frame = working_frame(landmarks, pixels.shape, settings=SETTINGS)
    placed = frame.place(landmarks)
    return find_regions(frame.cut(pixels), placed, settings=SETTINGS, **options), placed


@pytest.fixture(scope="module")
def regions(astronaut, astronaut_landmarks):
    return regions_of(astronaut, astronaut_landmarks)[0]


@pytest.fixture(scope="module")
def placed(astronaut, astronaut_landmarks):
    return regions_of(astronaut, astronaut_landmarks)[1]


def test_labels_are_the_readable_part_of_the_outline(regions):
    assert regions.labels.dtype == np.int32
    assert (regions.labels == np.where(regions.readable, regions.outline, 0)).all()
    assert (regions.readable == ((regions.outline > 0) & (regions.excluded == 0))).all()


def test_right_is_the_patients_right(regions):
    right = np.argwhere(regions.region("right_malar"))[:, 1].mean()
    left = np.argwhere(regions.region("left_malar"))[:, 1].mean()
    assert right < left


def test_forehead_lies_over_the_cheeks_and_these_over_the_chin(regions):
    rows = [
        np.argwhere(regions.outline == REGION_LABELS[name])[:, 0].mean()
        for name in ("forehead", "right_malar", "chin")
    ]
    assert rows == sorted(rows)


def test_lips_and_eyes_are_left_out(regions, placed):
    mouth = placed.points_px[list(LIPS)].mean(axis=0).astype(int)
    assert regions.excluded[mouth[1], mouth[0]] == EXCLUSION_CODES["lip"]
    eye = placed.points_px[[33, 133]].mean(axis=0).astype(int)
    assert regions.excluded[eye[1], eye[0]] == EXCLUSION_CODES["eye"]


def test_a_fringe_lowers_the_readable_share_of_the_forehead(regions):
    # The astronaut's fringe hides the upper half of her forehead.
    assert regions.readable_percent["forehead"] < 75
    assert regions.readable_percent["right_malar"] > 80
    assert regions.is_excluded("hair").any()


def test_brows_and_lips_are_no_hidden_skin_of_the_regions_around_them(regions):
    no_skin = np.isin(regions.excluded, [EXCLUSION_CODES[name] for name in PARTS_WITHOUT_SKIN])
    for name in ("forehead", "chin"):
        outline = regions.outline == REGION_LABELS[name]
        assert (outline & no_skin).any()
        share = 100 * regions.region(name).sum() / (outline & ~no_skin).sum()
        assert regions.readable_percent[name] == pytest.approx(share)


def test_where_the_hairline_is_low_the_forehead_past_it_is_hidden_up_to_the_meshs_rim(placed):
    points = placed.points_px
    origin, top = points[NOSE_ROOT], points[[21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251]]
    hidden = beyond_hairline((300, 300), points, origin + 0.5 * (top - origin))
    for share, is_hidden in ((0.4, False), (0.6, True), (0.8, True), (0.95, False)):
        x, y = (origin + share * (points[10] - origin)).astype(int)
        assert hidden[y, x] == is_hidden


@pytest.mark.parametrize("name", ["malar", "confluent"])
def test_melasma_on_the_cheeks_does_not_make_forehead_of_the_hair(face_models, name):
    sizes = []
    for kind in ("clear", f"altered_{name}"):
        path = SAMPLES / f"astronaut_{kind}.jpg"
        pixels = read_photo(path, photo_id=path.name, settings=PhotoSettings()).pixels
        landmarks = find_landmarks(pixels, settings=SETTINGS, models=face_models)
        sizes.append(regions_of(pixels, landmarks)[0].region("forehead").sum())
    # Once it was more than twice as large: hair is no darker than the painted cheeks.
    assert sizes[1] < 1.25 * sizes[0]


@pytest.mark.parametrize("density", [0.12, 0.18])
def test_melasma_up_to_the_hairline_stays_forehead(
    astronaut, astronaut_landmarks, regions, density
):
    frame = working_frame(astronaut_landmarks, astronaut.shape, settings=SETTINGS)
    labels = frame.spread(regions.labels, astronaut.shape).astype(np.int32)
    spec = MelasmaSpec(percents={"forehead": 85.0}, density=density)
    rng = np.random.default_rng(8)
    width_px = astronaut_landmarks.face_width_px
    scene = paint_melasma(astronaut, labels, spec, face_width_px=width_px, rng=rng)
    found, _ = regions_of(scene.pixels, astronaut_landmarks)
    lesion = frame.cut_mask(scene.lesion) & regions.region("forehead")
    assert (lesion & found.region("forehead")).sum() > 0.9 * lesion.sum()


def test_a_mirrored_photo_swaps_the_sides(astronaut, face_models, regions):
    mirrored = np.ascontiguousarray(astronaut[:, ::-1])
    found = find_landmarks(mirrored, settings=SETTINGS, models=face_models)
    other, _ = regions_of(mirrored, found)
    for one, two in (("right_malar", "left_malar"), ("chin", "chin"), ("forehead", "forehead")):
        area = regions.region(one).sum()
        # Outlines are cut at whole pixels and strands at a threshold: a few percent.
        assert other.region(two).sum() == pytest.approx(area, rel=0.06)


def test_a_bar_over_the_eyes_is_left_out(astronaut, astronaut_landmarks, face_models):
    eyes = astronaut_landmarks.points_px[[33, 263]]
    bar = astronaut.copy()
    (x0, y0), (x1, _) = eyes.astype(int)
    bar[y0 - 30 : y0 + 30, x0 - 30 : x1 + 30] = 0
    found = find_landmarks(bar, settings=SETTINGS, models=face_models)
    regions, placed = regions_of(bar, found)
    covered = placed.eye_cover(regions.labels.shape)
    assert covered.any()
    assert not regions.readable[covered].any()


def test_burnt_in_text_is_left_out(astronaut, astronaut_landmarks):
    frame = working_frame(astronaut_landmarks, astronaut.shape, settings=SETTINGS)
    masked = np.zeros((frame.height_px, frame.width_px), bool)
    masked[:, : frame.width_px // 2] = True
    regions, _ = regions_of(astronaut, astronaut_landmarks, masked=masked)
    assert not regions.readable[masked].any()
    assert regions.readable_percent["right_malar"] < 50
    assert "region_unreadable" in regions.flags


def test_a_wide_lesion_on_the_cheek_stays_readable(astronaut, astronaut_landmarks, regions):
    lesion = np.zeros(astronaut.shape[:2], np.float32)
    x, y = astronaut_landmarks.points_px[50].astype(int)
    cv2.ellipse(lesion, (int(x), int(y)), (45, 35), 0, 0, 360, 1.0, -1)
    lesion = cv2.GaussianBlur(lesion, (0, 0), 8)
    linear = (astronaut / 255.0) ** 2.2
    linear *= 10 ** (-0.25 * lesion[..., None] * np.array([0.73, 1.0, 1.15]))
    dark = np.round(255 * linear ** (1 / 2.2)).astype(np.uint8)
    found, _ = regions_of(dark, astronaut_landmarks)
    before, after = regions.region("right_malar"), found.region("right_malar")
    assert (before & after).sum() > 0.95 * before.sum()


def test_shine_is_left_out(astronaut, astronaut_landmarks):
    x, y = astronaut_landmarks.points_px[50].astype(int)
    shiny = astronaut.copy()
    cv2.circle(shiny, (int(x), int(y)), 14, (255, 255, 255), -1)
    regions, placed = regions_of(shiny, astronaut_landmarks)
    x, y = placed.points_px[50].astype(int)
    assert regions.excluded[y, x] == EXCLUSION_CODES["glare"]


def test_a_part_that_the_photos_edge_cuts_off_counts_as_unread(astronaut, astronaut_landmarks):
    chin_row = int(astronaut_landmarks.points_px[152, 1])
    cut = np.ascontiguousarray(astronaut[: chin_row - 25])
    regions, _ = regions_of(cut, astronaut_landmarks)
    whole, _ = regions_of(astronaut, astronaut_landmarks)
    assert regions.readable_percent["chin"] < whole.readable_percent["chin"] - 10
    assert regions.readable_percent["right_malar"] > 80


def test_profiles_give_nose_and_lip_to_their_regions(astronaut, astronaut_landmarks):
    default, _ = regions_of(astronaut, astronaut_landmarks)
    own, _ = regions_of(astronaut, astronaut_landmarks, profile="parts-1")
    malar, _ = regions_of(astronaut, astronaut_landmarks, profile="nose-malar-1")
    full, _ = regions_of(astronaut, astronaut_landmarks, profile="full-1")
    assert set(np.unique(default.outline)) == {0, 1, 2, 3, 4, 5}
    assert {6, 7, 8} <= set(np.unique(own.outline))
    nose = own.outline == REGION_LABELS["nose"]
    assert (default.outline[nose] == REGION_LABELS["other"]).all()
    assert np.isin(malar.outline[nose], [2, 3]).all()
    lip = own.outline == REGION_LABELS["upper_lip"]
    assert (full.outline[lip] == REGION_LABELS["chin"]).all()
    assert own.profile == "parts-1"


def test_an_unknown_profile_lists_the_known_ones(astronaut, astronaut_landmarks):
    with pytest.raises(SettingsError) as caught:
        regions_of(astronaut, astronaut_landmarks, profile="default-9")
    assert "default-1" in caught.value.remedy


@pytest.mark.parametrize(("view", "near", "far"), [("left45", 3, 2), ("right45", 2, 3)])
def test_an_oblique_view_shows_only_the_near_cheek(astronaut, astronaut_landmarks, view, near, far):
    import dataclasses

    oblique = dataclasses.replace(astronaut_landmarks, view=view)
    regions, _ = regions_of(astronaut, oblique)
    assert set(np.unique(regions.outline)) == {0, near, 5}
    assert list(regions.readable_percent) == [
        name for name, code in REGION_LABELS.items() if code == near
    ]
