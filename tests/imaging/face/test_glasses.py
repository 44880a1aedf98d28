"""Glasses: frames drawn on a clear face are found, a clear face has none."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imaging.face.landmarks import working_frame
from imaging.face.regions import find_regions
from imaging.settings import FaceSettings

SETTINGS = FaceSettings()


def regions_of(pixels, landmarks):
    frame = working_frame(landmarks, pixels.shape, settings=SETTINGS)
    return find_regions(frame.cut(pixels), frame.place(landmarks), settings=SETTINGS)


def test_a_face_without_glasses_has_none(astronaut, astronaut_landmarks):
    regions = regions_of(astronaut, astronaut_landmarks)
    assert "glasses" not in regions.flags
    assert not regions.is_excluded("glasses").any()


@pytest.mark.parametrize("level", [20, 70])
def test_frames_are_left_out_and_flagged(astronaut, astronaut_landmarks, level):
    points = astronaut_landmarks.points_px
    worn = astronaut.copy()
    colour = (level, level, level)
    for inner, outer, ear in ((133, 33, 127), (362, 263, 356)):
        middle = (points[inner] + points[outer]) / 2
        radius = int(0.65 * np.linalg.norm(points[inner] - points[outer]))
        cv2.circle(worn, [int(v) for v in middle], radius, colour, 3, cv2.LINE_AA)
        ends = [[int(v) for v in points[i]] for i in (outer, ear)]
        cv2.line(worn, ends[0], ends[1], colour, 3, cv2.LINE_AA)
    bridge = [[int(v) for v in points[i]] for i in (133, 362)]
    cv2.line(worn, bridge[0], bridge[1], colour, 3, cv2.LINE_AA)
    regions = regions_of(worn, astronaut_landmarks)
    assert "glasses" in regions.flags
    assert regions.is_excluded("glasses").any()
