"""A scene's pixels agree with its truth, and its seed decides both."""

from dataclasses import replace

import numpy as np
import pytest

from imaging.synthetic.camera import decode_jpeg
from imaging.synthetic.scalp import PRESETS, CameraSpec, ScalpSpec, make_scalp
from imaging.synthetic.truth import truth_counts

ZERO_HAIR = ("bare_skin", "vessels_and_moles", "empty_frame")


def small(name: str, **changes: object) -> ScalpSpec:
    return replace(PRESETS[name], width_px=420, height_px=360, **changes)


def test_the_same_seed_gives_the_same_photograph():
    one = make_scalp(small("shaved"), rng=np.random.default_rng(5))
    other = make_scalp(small("shaved"), rng=np.random.default_rng(5))
    assert np.array_equal(one.pixels, other.pixels)
    assert one.jpeg == other.jpeg
    assert np.array_equal(one.labels, other.labels)
    assert [h.root for h in one.hairs] == [h.root for h in other.hairs]


def test_another_seed_gives_another_photograph():
    one = make_scalp(small("shaved"), rng=np.random.default_rng(5))
    other = make_scalp(small("shaved"), rng=np.random.default_rng(6))
    assert not np.array_equal(one.pixels, other.pixels)
    assert [h.root for h in one.hairs] != [h.root for h in other.hairs]


def test_the_camera_does_not_move_the_hairs():
    spec = small("shaved")
    noisy = replace(spec, camera=CameraSpec(noise=6.0, blur_px=3.0, jpeg_quality=30))
    one = make_scalp(spec, rng=np.random.default_rng(5))
    other = make_scalp(noisy, rng=np.random.default_rng(5))
    assert [h.root for h in one.hairs] == [h.root for h in other.hairs]
    assert np.array_equal(one.coverage, other.coverage)


@pytest.mark.parametrize("name", sorted(PRESETS))
def test_every_preset_draws_a_photograph_of_its_size(name):
    scene = make_scalp(small(name), rng=np.random.default_rng(2))
    assert scene.pixels.shape == (360, 420, 3)
    assert scene.pixels.dtype == np.uint8
    assert scene.px_per_mm == PRESETS[name].px_per_mm
    assert scene.coverage.min() >= 0
    assert scene.coverage.max() <= 1


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(set(PRESETS) - set(ZERO_HAIR)))
def test_presets_with_hair_show_at_least_forty(name):
    scene = make_scalp(PRESETS[name], rng=np.random.default_rng(0))
    assert sum(hair.is_root_inside for hair in scene.hairs) >= 40


@pytest.mark.parametrize("name", ZERO_HAIR)
def test_scenes_without_hair_have_none_in_the_truth(name):
    scene = make_scalp(small(name), rng=np.random.default_rng(1))
    assert scene.hairs == ()
    assert scene.units == ()
    assert scene.coverage.max() == 0
    assert truth_counts(scene)["hair_count"] == 0


def test_the_truth_lies_on_the_dark_pixels():
    spec = small("shaved", camera=CameraSpec(jpeg_quality=None, noise=0.0, violet=0.0))
    scene = make_scalp(spec, rng=np.random.default_rng(3))
    grey = scene.pixels.mean(axis=2)
    on, off = grey[scene.coverage > 0.9], grey[scene.coverage == 0]
    assert np.median(on) < 0.5 * np.median(off)


def test_labels_stand_where_the_paths_run():
    scene = make_scalp(small("clipped_light_skin"), rng=np.random.default_rng(4))
    height, width = scene.labels.shape
    checked = 0
    for hair in scene.hairs:
        cols, rows = np.floor(hair.path_px[2:-2]).astype(int).T
        inside = (cols >= 0) & (cols < width) & (rows >= 0) & (rows < height)
        if hair.visible == 1.0 and hair.diameter_um > 40:
            assert np.mean(scene.labels[rows[inside], cols[inside]] == hair.hair_id) > 0.9
            checked += 1
    assert checked >= 3


def test_a_hair_under_others_is_partly_hidden():
    scene = make_scalp(small("long_crossing"), rng=np.random.default_rng(1))
    inside = [h for h in scene.hairs if h.is_root_inside]
    assert min(h.visible for h in inside) < 0.9
    assert all(0.0 <= h.visible <= 1.0 for h in scene.hairs)


def test_nothing_is_seen_outside_the_aperture():
    scene = make_scalp(
        replace(PRESETS["circle_dermoscope"], width_px=480, height_px=360),
        rng=np.random.default_rng(1),
    )
    assert scene.hidden[0, 0]
    assert not scene.hidden[180, 240]
    assert scene.pixels[:40, :40].max() < 30
    for hair in scene.hairs:
        x, y = hair.root
        if np.hypot(x - 240, y - 180) > 0.98 * 180 + 1:
            assert not hair.is_root_inside


def test_pixels_are_those_of_the_file():
    scene = make_scalp(small("noisy_jpeg"), rng=np.random.default_rng(1))
    assert scene.jpeg is not None
    assert np.array_equal(decode_jpeg(scene.jpeg), scene.pixels)


def test_the_same_hairs_can_be_photographed_again():
    first = make_scalp(small("clipped_light_skin"), rng=np.random.default_rng(1))
    again = make_scalp(small("clipped_light_skin"), rng=np.random.default_rng(9), hairs=first.hairs)
    assert [h.root for h in again.hairs] == [h.root for h in first.hairs]
    assert not np.array_equal(again.pixels, first.pixels)


def test_debris_is_no_hair():
    spec = small("scale_and_ink", units=replace(PRESETS["bare_skin"].units))
    scene = make_scalp(spec, rng=np.random.default_rng(1))
    assert scene.hairs == ()
    assert {piece.kind for piece in scene.debris} <= {"clipping", "fibre"}
    assert scene.coverage.max() == 0


def test_light_hair_on_dark_skin_is_lighter_than_the_skin():
    scene = make_scalp(small("light_on_dark"), rng=np.random.default_rng(1))
    grey = scene.pixels.mean(axis=2)
    assert np.median(grey[scene.coverage > 0.9]) > 1.5 * np.median(grey[scene.coverage == 0])


def test_the_input_spec_and_hairs_are_left_alone():
    first = make_scalp(small("shaved"), rng=np.random.default_rng(1))
    before = [h.path_px.copy() for h in first.hairs]
    make_scalp(small("shaved"), rng=np.random.default_rng(2), hairs=first.hairs)
    assert all(np.array_equal(a, h.path_px) for a, h in zip(before, first.hairs, strict=True))
