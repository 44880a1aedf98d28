"""Whose eyes are covered: every face's, whole, cut or small; and no skin that holds none."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.face.eye_hiding import hide_every_eye
from imaging.face.mesh_points import CHIN_TIP
from imaging.face.patch import patch_frame
from imaging.settings import FaceSettings

#: Wide enough that no picture is reduced.
SETTINGS = FaceSettings(working_width_px=2000)
PATCHES = Path(__file__).resolve().parents[3] / "sample_images" / "face_patches"
EYES = ((33, 133), (362, 263))


def hide(pixels):
    pixels = np.ascontiguousarray(pixels)
    frame = patch_frame(pixels.shape, settings=SETTINGS)
    return hide_every_eye(pixels, frame, settings=SETTINGS)


def are_hidden(mask, points):
    return [bool(mask[tuple(points[list(eye)].mean(axis=0)[::-1].astype(int))]) for eye in EYES]


@pytest.mark.parametrize("kind", ["whole", "without a chin", "a strip", "on its side"])
def test_both_eyes_of_a_face_are_covered_whole_cut_and_turned(astronaut, astronaut_landmarks, kind):
    points, width = astronaut_landmarks.points_px.copy(), astronaut_landmarks.face_width_px
    middle = float(points[[133, 362], 1].mean())
    top, bottom = {
        "whole": (0, len(astronaut)),
        "on its side": (0, len(astronaut)),
        "without a chin": (int(middle - 0.6 * width), int(middle + 0.15 * width)),
        "a strip": (int(middle - 0.25 * width), int(middle + 0.25 * width)),
    }[kind]
    pixels = astronaut[max(0, top) : bottom]
    points[:, 1] -= max(0, top)
    if kind == "on its side":
        pixels = np.rot90(pixels)
        points = np.stack([points[:, 1], astronaut.shape[1] - points[:, 0]], axis=1)
    mask = hide(pixels)
    assert are_hidden(mask, points) == [True, True]
    if kind == "whole":
        assert not mask[tuple(points[CHIN_TIP, ::-1].astype(int))]


def test_a_second_person_is_covered_too(astronaut, astronaut_landmarks):
    half = cv2.resize(astronaut, None, fx=0.4, fy=0.4, interpolation=cv2.INTER_AREA)
    both = np.full((len(astronaut), astronaut.shape[1] + half.shape[1], 3), 200, np.uint8)
    both[:, : astronaut.shape[1]] = astronaut
    both[: len(half), astronaut.shape[1] :] = half
    mask = hide(both)
    points = astronaut_landmarks.points_px
    assert are_hidden(mask, points) == [True, True]
    assert are_hidden(mask, 0.4 * points + (astronaut.shape[1], 0)) == [True, True]


@pytest.mark.parametrize("name", ["skin_clear", "skin_freckled"])
def test_on_skin_without_a_face_nothing_is_covered(name, face_models):
    pixels = cv2.imread(str(PATCHES / f"{name}.jpg"))[..., ::-1]
    assert not hide(pixels).any()
