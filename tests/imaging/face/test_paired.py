"""The follow-up's evidence, worked by hand on a crop of one colour that changed all over."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.face.geometry import WorkingFrame
from imaging.face.laying import LaidFace
from imaging.face.paired import score_both
from imaging.face.pigment import FACE_WIDTH_MM, PigmentEvidence
from imaging.face.score import FaceEvidence
from imaging.face.spots import SpotEvidence
from imaging.face.tone import ToneMatch
from imaging.face.warp import FaceWarp
from imaging.photo.colour_chart import ColourChart
from imaging.records import FaceScore
from imaging.settings import Settings

SHAPE = (40, 60)
PX_PER_MM = 2.0
LIGHTNESS = 60.0
ALL = np.ones(SHAPE, bool)
NONE = np.zeros(SHAPE, bool)
BLACK = np.zeros((*SHAPE, 3), np.uint8)
FLAT = np.zeros(SHAPE, np.float32)
#: float16 of the maps near 10, and the cube root in single precision.
TOLERANCE = 0.01

Floats = NDArray[np.float32]
Mask = NDArray[np.bool_]


def grey_density(lightness: float) -> float:
    """Return the optical density of grey skin: L* = 116 · 10^(−density / 3) − 16."""
    return -3 * math.log10((lightness + 16) / 116)


def evidence(
    *, probability: float = 0.0, contrast: float = 5.0, pigment_at: Mask = ALL
) -> FaceEvidence:
    density = np.full((*SHAPE, 3), grey_density(LIGHTNESS), np.float32)
    return FaceEvidence(
        view="patch",
        frame=WorkingFrame(0, SHAPE[0], 0, SHAPE[1], 0, 1.0, *SHAPE),
        pixels=BLACK,
        labels=ALL.astype(np.int32),
        outline=ALL.astype(np.int32),
        hidden=NONE,
        halves=None,
        readable_percent={"patch": 80.0},
        pigment=PigmentEvidence(
            probability=np.where(pigment_at, probability, 0).astype(np.float32),
            contrast=FLAT + np.float32(contrast),
            redness=FLAT,
        ),
        spots=SpotEvidence(FLAT),
        ita_deg=FLAT + 40,
        density=density,
        px_per_mm=PX_PER_MM,
        chart=ColourChart(),
        text=NONE,
        flags=(),
    )


def laid_by(step: Floats, common: Mask = ALL) -> LaidFace:
    return LaidFace(
        warp=FaceWarp(FLAT, FLAT, 0.0),
        tone=ToneMatch(BLACK, 0.0, 0.0, 100.0),
        first=BLACK,
        second=BLACK,
        hidden=NONE,
        density_step=step,
        common=common,
        face_width_px=PX_PER_MM * FACE_WIDTH_MM,
        flags=(),
    )


def step_of(*channels: float) -> Floats:
    """Return a rise of the density of red, green and blue, the same all over."""
    return np.broadcast_to(np.array(channels, np.float32), (*SHAPE, 3)).copy()


def darkened_by(delta_l: float) -> Floats:
    return step_of(*[grey_density(LIGHTNESS - delta_l) - grey_density(LIGHTNESS)] * 3)


def scored(
    base: FaceEvidence, step: Floats, *, common: Mask = ALL, noise_delta_l: float = 0.0
) -> tuple[FaceScore, FaceScore]:
    settings = Settings()
    followup = dataclasses.replace(settings.followup, face_noise_delta_l=noise_delta_l)
    return score_both(
        base,
        laid_by(step, common),
        regions=("patch",),
        settings=dataclasses.replace(settings, followup=followup),
    )


@pytest.mark.parametrize("delta_l", [-3.0, 4.0])
def test_contrast_rises_by_what_the_skin_darkened(delta_l) -> None:
    before, after = scored(evidence(contrast=5.0), darkened_by(delta_l))
    assert np.allclose(before.maps.contrast, 5.0, atol=TOLERANCE)
    assert np.allclose(after.maps.contrast, 5.0 + delta_l, atol=TOLERANCE)


def test_density_rises_by_the_measured_step() -> None:
    before, after = scored(evidence(), step_of(0.03, 0.03, 0.03))
    # 100 · log10(1 / R).
    assert after.melanin_index - before.melanin_index == pytest.approx(3.0, abs=1e-3)


def test_the_typology_angle_falls_as_skin_darkens() -> None:
    # Grey of L* 40 has b* 0 and lies straight below the middle lightness of 50.
    _, after = scored(evidence(), darkened_by(20.0))
    # b* of grey is 0 but for the rounding of the conversion.
    assert after.mean_ita_deg == pytest.approx(-90.0, abs=1.0)


def test_green_absorbed_more_than_red_is_redness() -> None:
    _, after = scored(evidence(), step_of(0.0, 0.05, 0.0))
    # 100 · 0.05 · 0.74 / (0.74 − 0.27 / 0.42 · 0.62).
    assert np.allclose(after.maps.redness, 10.837, atol=TOLERANCE)


def test_green_absorbed_less_than_red_is_less_redness() -> None:
    _, after = scored(evidence(), step_of(0.0, -0.05, 0.0))
    assert np.allclose(after.maps.redness, -10.837, atol=TOLERANCE)


def test_more_melanin_is_no_redness() -> None:
    # Melanin absorbs 0.27 more in green and 0.42 more in blue for each unit.
    _, after = scored(evidence(), step_of(0.0, 0.027, 0.042))
    assert np.allclose(after.maps.redness, 0, atol=TOLERANCE)


@pytest.mark.parametrize(("delta_l", "percent"), [(2.0, 0.0), (2.6, 100.0)])
def test_skin_becomes_pigmented_by_odds_in_proportion_to_its_darkening(delta_l, percent) -> None:
    # Log odds of −3 reach 0, the threshold, at 3 / 1.3 = 2.31 ΔL*.
    before, after = scored(evidence(probability=1 / (1 + math.exp(3))), darkened_by(delta_l))
    assert before.pigmented_percent == 0
    assert after.pigmented_percent == percent


@pytest.mark.parametrize(("delta_l", "percent"), [(2.8, 100.0), (3.4, 0.0)])
def test_three_steps_of_lightness_overturn_a_certain_lesion(delta_l, percent) -> None:
    # Log odds of at most 4 are used up at 4 / 1.3 = 3.08 ΔL*.
    base = evidence(probability=1.0, contrast=10.0)
    before, after = scored(base, darkened_by(-delta_l))
    assert before.pigmented_percent == 100
    assert after.pigmented_percent == percent


@pytest.mark.parametrize(("delta_l", "percent"), [(2.8, 0.0), (3.4, 100.0)])
def test_three_steps_of_darkening_overturn_certainly_normal_skin(delta_l, percent) -> None:
    _, after = scored(evidence(probability=0.0), darkened_by(delta_l))
    assert after.pigmented_percent == percent


@pytest.mark.parametrize("delta_l", [-0.5, 0.5])
def test_a_step_within_the_noise_is_no_change(delta_l) -> None:
    before, after = scored(evidence(), darkened_by(delta_l), noise_delta_l=0.6)
    assert after.melanin_index == before.melanin_index
    assert np.array_equal(after.maps.contrast, before.maps.contrast)


def test_a_change_of_five_times_the_noise_loses_four_percent() -> None:
    step = darkened_by(3.0)
    before, after = scored(evidence(), step, noise_delta_l=0.6)
    wanted = 0.96 * 100 * float(step[0, 0, 0])
    assert after.melanin_index - before.melanin_index == pytest.approx(wanted, abs=1e-3)


def test_a_region_of_which_enough_is_seen_again_is_as_readable_as_at_baseline() -> None:
    common = ALL.copy()
    common[:, 33:] = False  # 55 % are left
    for score in scored(evidence(), step_of(0, 0, 0), common=common):
        assert score.regions[0].readable_percent == 80.0
        assert score.regions[0].pigmented_percent == 0


@pytest.mark.parametrize(("columns", "readable_percent"), [(27, 25.0), (6, 10.0)])
def test_a_region_of_which_too_little_is_seen_again_is_unreadable(
    columns, readable_percent
) -> None:
    common = NONE.copy()
    common[:, :columns] = True  # 45 % and 10 % of 60
    for score in scored(evidence(), step_of(0, 0, 0), common=common):
        assert score.regions[0].readable_percent == readable_percent
        assert math.isnan(score.regions[0].pigmented_percent)
        assert "region_unreadable" in score.flags


def test_both_visits_are_scored_on_common_skin_alone() -> None:
    common = ALL.copy()
    common[:, 45:] = False
    lesion = ~common
    lesion[:, :15] = True  # 15 of 45 columns, and all of what is not seen again
    for score in scored(
        evidence(probability=1.0, pigment_at=lesion), step_of(0, 0, 0), common=common
    ):
        assert score.skin_area_px == 45 * 40
        assert score.pigmented_percent == pytest.approx(100 / 3)


def test_a_step_off_the_common_skin_does_not_reach_it() -> None:
    common = ALL.copy()
    common[:, 45:] = False
    step = step_of(0.5, 0.5, 0.5)
    step[common] = 0
    before, after = scored(evidence(), step, common=common)
    assert after.melanin_index == before.melanin_index
    assert np.array_equal(after.maps.contrast[common], before.maps.contrast[common])
