"""Variance components of subjects, rows, raters and residual."""

from __future__ import annotations

import math
import warnings

import numpy as np
import pytest

from imaging.study.agreement_icc import icc_values, mean_squares
from imaging.study.agreement_mixed import mixed_values, variance_components


def drawn(
    seed: int,
    *,
    subjects: int,
    rows: int,
    raters: int = 3,
    spread: tuple[float, ...] = (4, 2, 1, 1.5),
) -> tuple[np.ndarray, np.ndarray]:
    """Return ratings and subjects; `spread` is the SD of subject, row, rater and residual."""
    rng = np.random.default_rng(seed)
    subject, row, rater, rest = spread
    ids = np.repeat(np.arange(subjects), rows)
    true = rng.normal(50, subject, subjects)[ids] + rng.normal(0, row, ids.size)
    ratings = true[:, None] + rng.normal(0, rater, raters) + rng.normal(0, rest, (ids.size, raters))
    return ratings, np.array([f"s{n:03d}" for n in ids])


def test_balanced_components_are_those_of_restricted_maximum_likelihood() -> None:
    import pandas as pd
    from statsmodels.regression.mixed_linear_model import MixedLM

    ratings, subjects = drawn(5, subjects=10, rows=2, raters=3)
    found = variance_components(ratings, subjects)
    n, k = ratings.shape
    frame = pd.DataFrame(
        {
            "y": ratings.ravel(),
            "subject": np.repeat(subjects, k),
            "row": np.repeat([f"r{i:02d}" for i in range(n)], k),
            "rater": np.tile(list("abc"), n),
            "all": 1,
        }
    )
    kinds = {name: f"0 + C({name})" for name in ("subject", "row", "rater")}
    with warnings.catch_warnings():
        # The fit converges; statsmodels warns of how close a component lies to its bound.
        warnings.simplefilter("ignore")
        fit = MixedLM.from_formula("y ~ 1", groups="all", vc_formula=kinds, data=frame).fit()
    reml = dict(zip(fit.model.exog_vc.names, fit.vcomp, strict=True))
    # REML is iterated to four digits or so.
    assert found.subject == pytest.approx(reml["subject"], rel=5e-3)
    assert found.row == pytest.approx(reml["row"], rel=5e-3)
    assert found.rater == pytest.approx(reml["rater"], rel=5e-3)
    assert found.residual == pytest.approx(fit.scale, rel=5e-3)


def test_the_spreads_that_were_drawn_come_back_from_unequal_subjects() -> None:
    ratings, subjects = drawn(2, subjects=300, rows=4, raters=4)
    keep = np.random.default_rng(3).random(len(subjects)) < 0.6
    found = mixed_values(ratings[keep], subjects[keep])
    assert found["SD of subjects"] == pytest.approx(4, rel=0.1)
    assert found["SD of rows"] == pytest.approx(2, rel=0.1)
    assert found["SD of residuals"] == pytest.approx(1.5, rel=0.05)
    rater = found["SD of raters"] ** 2
    assert found["ICC, within subjects"] == pytest.approx(4 / (4 + rater + 2.25), rel=0.06)


def test_agreement_within_subjects_is_lower_where_subjects_differ_much() -> None:
    found = mixed_values(*drawn(4, subjects=60, rows=3, spread=(10, 1, 0.5, 1)))
    assert found["ICC, mixed model"] > 0.95
    assert 0.3 < found["ICC, within subjects"] < 0.65


def test_without_spread_within_subjects_both_models_agree() -> None:
    """Balanced, and rows of a subject alike: the ICC of all rows is that of the mixed model."""
    ratings, subjects = drawn(6, subjects=200, rows=2)
    pooled = icc_values(mean_squares(ratings))["ICC(2,1)"]
    assert mixed_values(ratings, subjects)["ICC, mixed model"] == pytest.approx(pooled, abs=5e-3)


def test_one_row_a_subject_leaves_rows_and_subjects_together_unknown() -> None:
    ratings, _ = drawn(7, subjects=12, rows=1)
    found = mixed_values(ratings, np.arange(12))
    assert math.isnan(found["ICC, within subjects"])
    assert math.isnan(found["SD of rows"])
