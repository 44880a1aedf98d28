"""Two visits of a painted face."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.synthetic.face import MelasmaSpec
from imaging.synthetic.face_visits import FaceChange, draw_change, make_face_pair, photograph_again


@pytest.fixture
def face():
    pixels = np.full((160, 120, 3), (190, 150, 130), np.uint8)
    labels = np.zeros((160, 120), np.int32)
    labels[10:50, 20:100], labels[60:100, 20:55], labels[60:100, 65:100] = 1, 2, 3
    labels[120:150, 30:90] = 4
    return pixels, labels


def pair_of(face, change: FaceChange):
    return make_face_pair(
        *face, MelasmaSpec(density=0.2), change, face_width_px=100, rng=np.random.default_rng(3)
    )


def test_without_a_change_both_visits_are_the_same_photo(face) -> None:
    pair = pair_of(face, FaceChange())
    assert np.array_equal(pair.baseline.pixels, pair.followup_pixels)


def test_faded_pigment_lies_where_it_lay_and_is_fainter(face) -> None:
    pair = pair_of(face, FaceChange(density_factor=0.5))
    assert np.array_equal(pair.baseline.lesion, pair.followup.lesion)
    for name, before in pair.baseline.delta_l.items():
        # Lightness falls nearly with the density; half of it is between 40 and 60 %.
        assert 0.4 * before < pair.followup.delta_l[name] < 0.6 * before


def test_smaller_pigment_is_a_part_of_the_larger(face) -> None:
    pair = pair_of(face, FaceChange(percent_factor=0.5))
    outside = pair.followup.lesion & ~pair.baseline.lesion
    assert outside.sum() < 0.02 * pair.baseline.lesion.sum()
    assert pair.followup.percents["forehead"] < 0.7 * pair.baseline.percents["forehead"]


def test_light_falls_across_the_photo(face) -> None:
    lit = photograph_again(face[0], FaceChange(light_density=(0.3, 0.0))).astype(int)
    assert lit[80, 5, 1] > face[0][80, 5, 1] > lit[80, 115, 1]


def test_an_unchanged_course_changes_light_and_pose_alone() -> None:
    change = draw_change(np.random.default_rng(1), is_unchanged=True)
    assert (change.density_factor, change.percent_factor) == (1.0, 1.0)
    assert change.turn_deg
    assert change.light_density != (0.0, 0.0)
