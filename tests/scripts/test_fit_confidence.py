"""The confidence is fitted on scenes of known truth, and the fit repeats."""

from __future__ import annotations

import math

import numpy as np
import pytest

import fit_confidence as fc


def line(x: float, y: float, length: float = 0.5) -> list[list[float]]:
    return [[x, y], [x + length, y]]


def test_a_line_is_matched_whichever_end_comes_first() -> None:
    found = np.array([line(0, 0), line(2, 2)[::-1]])
    assert fc.match_ends(found, np.array([line(2.05, 2), line(0, 0.05)])).tolist() == [True, True]


def test_one_hair_is_matched_by_one_line_only_the_nearer() -> None:
    found = np.array([line(0, 0.10), line(0, 0.02)])
    assert fc.match_ends(found, np.array([line(0, 0)])).tolist() == [False, True]


def test_a_line_off_its_hair_by_more_than_the_limit_is_no_match() -> None:
    found = np.array([line(0, 0)])
    assert fc.match_ends(found, np.array([line(0, fc.MATCHED_MM - 0.01)])).all()
    assert not fc.match_ends(found, np.array([line(0, fc.MATCHED_MM + 0.01)])).any()


def test_without_hairs_or_lines_nothing_is_matched() -> None:
    nothing = np.zeros((0, 2, 2))
    assert fc.match_ends(nothing, np.array([line(0, 0)])).tolist() == []
    assert fc.match_ends(np.array([line(0, 0)]), nothing).tolist() == [False]


def test_the_fit_finds_the_coefficients_that_made_the_labels() -> None:
    rng = np.random.default_rng(5)
    values = rng.normal(size=(20_000, 2))
    chance = fc.Fit(-0.5, np.array([1.5, -0.8])).probability(values)
    fit = fc.fit_logistic(fc.Sample(values, (rng.random(20_000) < chance).astype(float)))
    # Standard errors of this sample are 0.02.
    assert fit.intercept == pytest.approx(-0.5, abs=0.06)
    assert fit.coefficients == pytest.approx([1.5, -0.8], abs=0.06)


def test_labels_that_a_feature_parts_perfectly_give_finite_coefficients() -> None:
    values = np.linspace(-1, 1, 20)[:, None]
    fit = fc.fit_logistic(fc.Sample(values, (values[:, 0] > 0).astype(float)))
    assert np.isfinite(fit.coefficients).all()
    assert fit.coefficients[0] > 0


def test_the_area_under_the_curve_is_1_in_order_half_by_chance_and_nan_of_one_kind() -> None:
    labels = np.array([0.0, 0.0, 1.0, 1.0])
    assert fc.area_under_curve(np.array([0.1, 0.2, 0.8, 0.9]), labels) == 1.0
    assert fc.area_under_curve(np.full(4, 0.5), labels) == 0.5
    assert math.isnan(fc.area_under_curve(np.array([0.5]), np.array([1.0])))


@pytest.mark.slow
def test_the_script_prints_the_same_code_to_paste_twice(capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--presets", "scale_and_ink", "--seeds", "101"]
    assert fc.main(arguments) == 0
    first = capsys.readouterr().out
    assert fc.main(arguments) == 0
    assert capsys.readouterr().out == first
    assert "_COEFFICIENTS = np.array([" in first


def test_the_fit_knows_as_many_features_as_the_tracing_has() -> None:
    from imaging.hair import confidence

    assert len(fc.FEATURES) == len(confidence._COEFFICIENTS)
