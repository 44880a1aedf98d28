"""Working frame: points and masks go to the working image and back."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.face.geometry import (
    EXCLUSION_CODES,
    REGION_LABELS,
    FaceLandmarks,
    FaceRegions,
    WorkingFrame,
)


def make_frame(turns: int) -> WorkingFrame:
    rows, cols = (30, 20) if turns % 2 == 0 else (20, 30)
    return WorkingFrame(10, 70, 5, 45, turns, 0.5, rows, cols)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_points_come_back_from_the_working_image(turns):
    frame = make_frame(turns)
    points = np.array([[5.0, 10.0], [45.0, 70.0], [12.5, 33.0]], np.float32)
    there = frame.place_points(points)
    np.testing.assert_allclose(frame.spread_points(there), points, atol=1e-4)


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_point_follows_its_pixel_into_the_working_image(turns):
    frame = make_frame(turns)
    pixels = np.zeros((80, 60, 3), np.uint8)
    pixels[40:42, 20:22] = 255  # centre x 21, y 41
    working = frame.cut(pixels)
    row, col = np.argwhere(working[..., 0] > 127).mean(axis=0) + 0.5
    x, y = frame.place_points(np.array([[21.0, 41.0]], np.float32))[0]
    # One working pixel is two photo pixels: half of it is the most that rounding can do.
    assert (col, row) == (pytest.approx(x, abs=0.5), pytest.approx(y, abs=0.5))


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_a_label_map_spreads_over_the_part_of_the_photo_it_came_from(turns):
    frame = make_frame(turns)
    labels = np.full((frame.height_px, frame.width_px), 3, np.int32)
    whole = frame.spread(labels, (80, 60, 3))
    assert whole.dtype == np.int32
    assert (whole[10:70, 5:45] == 3).all()
    assert whole.sum() == 3 * 60 * 40


def test_placed_landmarks_are_upright_and_reduced():
    points = np.tile(np.array([[20.0, 30.0]], np.float32), (468, 1))
    cover = (np.array([[10, 20], [30, 20], [30, 26], [10, 26]], np.float32),)
    landmarks = FaceLandmarks(points, 1.0, "front", 0.0, 95.0, 40.0, cover)
    placed = make_frame(1).place(landmarks)
    assert placed.roll_deg == pytest.approx(5.0)
    assert placed.face_width_px == pytest.approx(20.0)
    assert placed.eye_cover((20, 30)).any()


def test_covered_eyes_are_a_mask_of_the_polygons():
    square = np.array([[2, 2], [6, 2], [6, 6], [2, 6]], np.float32)
    landmarks = FaceLandmarks(
        np.zeros((468, 2), np.float32), 1.0, "front", 0.0, 0.0, 10.0, (square,)
    )
    mask = landmarks.eye_cover((10, 10))
    assert mask[3:6, 3:6].all()
    assert not mask[:2].any()


def test_regions_are_asked_for_by_name():
    labels = np.array([[1, 2], [0, 5]], np.int32)
    excluded = np.array([[0, 0], [EXCLUSION_CODES["hair"], 0]], np.uint8)
    regions = FaceRegions(labels, labels, labels > 0, excluded, {}, "default-1")
    assert regions.region("right_malar").tolist() == [[False, True], [False, False]]
    assert regions.is_excluded("hair").tolist() == [[False, False], [True, False]]
    assert REGION_LABELS["other"] == 5
