"""Painted melasma and blemishes have the truth that they claim."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.colour import lab_of, linear_light, optical_density
from imaging.synthetic.blemishes import (
    add_freckles,
    add_glare,
    add_moles,
    add_redness,
    add_shadow,
    change_light,
    compress,
    cover_eyes,
)
from imaging.synthetic.development import develop
from imaging.synthetic.face import PATTERNS, REGIONS, MelasmaSpec, apply_density, paint_melasma
from imaging.synthetic.lesion_shapes import paint_shapes
from imaging.synthetic.lesions import paint_blobs
from imaging.synthetic.portrait import make_portrait

SHAPE = (240, 200)


def plain_face() -> tuple[NDArray[np.uint8], NDArray[np.int32]]:
    """Return even skin and four regions with other skin between them."""
    pixels = np.full((*SHAPE, 3), (205, 160, 140), np.uint8)
    labels = np.full(SHAPE, 5, np.int32)
    labels[20:80, 40:160] = REGIONS["forehead"]
    labels[100:170, 20:80] = REGIONS["right_malar"]
    labels[100:170, 120:180] = REGIONS["left_malar"]
    labels[190:225, 70:130] = REGIONS["chin"]
    return pixels, labels


def paint(spec: MelasmaSpec, seed: int = 1):
    pixels, labels = plain_face()
    rng = np.random.default_rng(seed)
    return paint_melasma(pixels, labels, spec, face_width_px=180, rng=rng), pixels, labels


def test_the_lesion_is_where_the_density_is_at_least_half_its_peak() -> None:
    scene, _, labels = paint(MelasmaSpec(density=0.2))
    assert np.array_equal(scene.lesion, (scene.density >= 0.1) & (labels > 0))
    for name, label in REGIONS.items():
        share = 100 * scene.lesion[labels == label].mean()
        assert scene.percents[name] == pytest.approx(share)


def test_light_falls_by_the_density_times_the_direction() -> None:
    scene, pixels, _ = paint(MelasmaSpec(density=0.2))
    added = optical_density(linear_light(scene.pixels)) - optical_density(linear_light(pixels))
    expected = scene.density[..., None] * np.array((0.73, 1.0, 1.15))
    # Rounding to 8 bits moves an optical density by at most 0.005 at these levels.
    np.testing.assert_allclose(added, expected, atol=0.006)


@pytest.mark.parametrize("name", [n for n in PATTERNS if n != "clear"])
def test_each_pattern_covers_about_what_it_asks_for(name: str) -> None:
    scene, _, _ = paint(MelasmaSpec(percents=PATTERNS[name], density=0.15))
    for region, wanted in PATTERNS[name].items():
        # The level is smoothed from region to region and the mottle eats some of the patch.
        assert scene.percents[region] == pytest.approx(wanted, abs=22)


def test_a_clear_pattern_or_no_density_changes_nothing() -> None:
    for spec in (MelasmaSpec(percents=PATTERNS["clear"]), MelasmaSpec(density=0.0)):
        scene, pixels, _ = paint(spec)
        assert np.array_equal(scene.pixels, pixels)
        assert set(scene.percents.values()) == {0.0}


def test_a_denser_lesion_is_darker_and_the_same_seed_paints_the_same() -> None:
    light, _, _ = paint(MelasmaSpec(density=0.08))
    dark, _, _ = paint(MelasmaSpec(density=0.2))
    again, _, _ = paint(MelasmaSpec(density=0.2))
    assert dark.delta_l["forehead"] > light.delta_l["forehead"] > 0
    assert np.array_equal(dark.pixels, again.pixels)


def test_nothing_is_painted_off_the_skin() -> None:
    pixels, labels = plain_face()
    labels[:, :30] = 0
    density = np.full(SHAPE, 0.2, np.float32)
    scene = apply_density(pixels, labels, density, direction=(0.73, 1.0, 1.15), peak=0.2)
    assert not scene.lesion[:, :30].any()


def test_blemishes_do_what_their_names_say() -> None:
    pixels, labels = plain_face()
    skin, rng = labels > 0, np.random.default_rng(5)
    before = lab_of(linear_light(pixels))
    moles = lab_of(linear_light(add_moles(pixels, skin, count=5, face_width_px=180, rng=rng)))
    assert (before - moles)[..., 0].max() > 15
    freckles = add_freckles(pixels, skin, count=20, face_width_px=180, rng=rng)
    assert 0 < (freckles != pixels).any(axis=2).mean() < 0.1
    red = lab_of(linear_light(add_redness(pixels, skin, density=0.1, face_width_px=180, rng=rng)))
    assert (red - before)[..., 1].max() > 5
    glare = add_glare(pixels, skin, count=2, face_width_px=180, rng=rng)
    assert glare.astype(int).sum() > pixels.astype(int).sum()
    shadow = add_shadow(pixels, density=0.3, from_left=True, ramp_share=0.1)
    assert shadow[:, :20].mean() < 0.8 * shadow[:, -20:].mean()
    np.testing.assert_allclose(
        lab_of(linear_light(shadow))[0, 0, 1:] / lab_of(linear_light(shadow))[0, 0, 0],
        before[0, 0, 1:] / before[0, 0, 0],
        atol=0.2,
    )


def test_a_bar_covers_its_box_and_light_changes_all_of_it() -> None:
    pixels, _ = plain_face()
    barred = cover_eyes(pixels, (80, 100, 20, 180), colour=(0, 0, 0))
    assert not barred[80:100, 20:180].any()
    assert np.array_equal(barred[:80], pixels[:80])
    assert change_light(pixels, (0.75, 0.75, 0.75)).mean() < pixels.mean()
    assert np.abs(compress(pixels, quality=60).astype(int) - pixels).max() < 12


def test_a_portrait_is_repeatable_and_its_paint_lies_within_its_amplitude() -> None:
    one = make_portrait((112, 80), face_width_px=64, rng=np.random.default_rng(3))
    two = make_portrait((112, 80), face_width_px=64, rng=np.random.default_rng(3))
    assert np.array_equal(one.density, two.density)
    assert np.isfinite(one.density).all()
    assert 0.1 < one.skin.mean() < 0.9
    density, direction = paint_blobs(one, amplitude=0.2, cover=0.3, rng=np.random.default_rng(4))
    assert 0 <= density.min() <= density.max() <= 0.2 + 1e-6
    assert direction[1] == pytest.approx(1.0)
    whole = make_portrait((64, 64), face_width_px=80, rng=np.random.default_rng(3), is_patch=True)
    assert whole.skin.all()


def test_shapes_of_every_family_cover_about_what_was_asked_for() -> None:
    face = make_portrait((96, 80), face_width_px=64, rng=np.random.default_rng(3))
    for cover in (0.1, 0.5, 0.9):
        found = []
        for seed in range(24):  # each of the six families and the old one several times
            density, direction = paint_shapes(
                face, amplitude=0.2, cover=cover, rng=np.random.default_rng(seed)
            )
            assert 0 <= density.min() <= density.max() <= 0.2 + 1e-6
            assert direction[1] == pytest.approx(1.0)
            found.append(float((density >= 0.1)[face.skin].mean()))
        # Confined lesions cover that share of a part of the face, texture opens holes in others.
        assert max(found) == pytest.approx(cover, abs=0.1)
        assert min(found) > 0.05 * cover


def test_a_poor_photograph_shows_the_lesion_at_the_contrast_it_tells() -> None:
    face = make_portrait((96, 80), face_width_px=64, rng=np.random.default_rng(3))
    direction = np.array([0.73, 1.0, 1.15], np.float32)
    added = np.zeros((96, 80), np.float32)
    added[30:60, 20:60] = 0.05
    contrasts = []
    for seed in range(12):
        shown, density, contrast = develop(
            face.density + added[..., None] * direction,
            added,
            direction,
            rng=np.random.default_rng(seed),
        )
        assert np.isfinite(density).all()
        assert shown[added == 0] == pytest.approx(0.0, abs=1e-5)
        # A veil takes more where skin is dark.
        assert np.median(shown[added > 0]) == pytest.approx(0.05 * contrast, rel=0.4)
        contrasts.append(contrast)
    assert min(contrasts) < 0.8
    assert max(contrasts) > 1.0


def test_symmetric_lesions_mirror_each_other() -> None:
    spec = dataclasses.replace(MelasmaSpec(density=0.2), symmetry=1.0, mottle_depth=0.0)
    spec = dataclasses.replace(spec, percents={"right_malar": 40.0, "left_malar": 40.0})
    scene, _, _ = paint(spec)
    mirrored = scene.lesion[:, ::-1]
    overlap = (scene.lesion & mirrored).sum() / max(scene.lesion.sum(), 1)
    assert overlap > 0.7
