"""A calibration of diameters: identity by default, and a line on every hair when given."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from imaging.hair.score import HairEvidence, extract_evidence, score_evidence
from imaging.records import HairScore, Photo, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.scalp import PRESETS, make_scalp


@cache
def evidence() -> HairEvidence:
    spec = replace(PRESETS["clipped_light_skin"], width_px=480, height_px=360)
    scene = make_scalp(spec, rng=np.random.default_rng(3))
    inputs = PhotoInputs(px_per_mm=spec.px_per_mm)
    return extract_evidence(Photo("p", scene.pixels, "0", inputs=inputs), Settings())


def scored(**hair: object) -> HairScore:
    settings = Settings()
    return score_evidence(evidence(), replace(settings, hair=replace(settings.hair, **hair)))


def test_a_line_changes_diameters_and_what_follows_from_them_alone() -> None:
    before, after = scored(), scored(diameter_slope=0.8, diameter_offset_um=-5.0)
    assert sum(math.isfinite(hair.diameter_um) for hair in before.hairs) > 5
    for one, other in zip(before.hairs, after.hairs, strict=True):
        line = 0.8 * one.diameter_um - 5.0
        assert other.diameter_um == pytest.approx(line, abs=2e-3, nan_ok=True)
        assert (other.root_x_px, other.length_mm, other.counted) == (
            one.root_x_px,
            one.length_mm,
            one.counted,
        )
    assert after.mean_diameter_um == pytest.approx(0.8 * before.mean_diameter_um - 5.0, abs=2e-3)
    assert after.hair_count == before.hair_count
    assert after.hair_density_per_cm2 == before.hair_density_per_cm2


def test_a_diameter_of_nothing_or_less_cannot_be_told() -> None:
    after = scored(diameter_offset_um=-100.0, diameter_slope=0.2)
    assert all(math.isnan(hair.diameter_um) for hair in after.hairs)
    assert math.isnan(after.mean_diameter_um)


def test_results_say_whether_diameters_are_calibrated() -> None:
    assert scored().calibrated_diameter is False
    assert scored(calibration_data="caliper.csv").calibrated_diameter is True
