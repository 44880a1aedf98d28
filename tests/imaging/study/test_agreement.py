"""Agreement as a whole: which rows there are, what they say, and what they cannot."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import published_tables as published
import pytest

from imaging.records.agreement import AgreementRow
from imaging.study.agreement import Agreement, AgreementOptions, analyse_agreement
from imaging.study.agreement_icc import mean_squares
from imaging.study.agreement_pair import absolute_error
from imaging.study.agreement_panel import Panel


def panel(
    ratings: Any,
    *,
    subjects: list[str] | None = None,
    machines: tuple[bool, ...] | None = None,
    outcome: str = "masi",
    strata: dict[str, list[str]] | None = None,
) -> Panel:
    values = np.asarray(ratings, float)
    n, k = values.shape
    return Panel(
        raters=tuple("abcdef"[:k]),
        machines=machines or (False,) * k,
        key_columns=("photo_id",),
        keys=tuple((f"p{i:03d}",) for i in range(n)),
        subjects=np.array(subjects or [f"p{i:03d}" for i in range(n)]),
        has_subjects=subjects is not None,
        strata={name: np.array(levels) for name, levels in (strata or {}).items()},
        values={outcome: values},
    )


def analysed(found: Panel, **options: Any) -> Agreement:
    return analyse_agreement(found, AgreementOptions(**options))


def rows_of(found: Agreement, raters: str, stratum: str = "") -> dict[str, AgreementRow]:
    return {r.statistic: r for r in found.rows if r.raters == raters and r.stratum == stratum}


def test_peak_flow_gives_every_figure_of_a_pair() -> None:
    ratings = np.column_stack([published.WRIGHT_1, published.MINI_1])
    rows = rows_of(analysed(panel(ratings)), "a − b")
    assert round(rows["mean difference"].value, 1) == -2.1
    assert round(rows["SD of differences"].value, 1) == 38.8
    assert rows["CCC"].value == pytest.approx(0.943, abs=5e-4)
    assert {"ICC(1,1)", "ICC(2,1)", "ICC(3,1)", "ICC(1,k)", "ICC(2,k)", "ICC(3,k)"} <= set(rows)
    assert {"SEM, agreement", "MDC, agreement", "CV, logarithmic", "proportional bias"} <= set(rows)
    assert "kappa, quadratic" not in rows
    assert all(row.rows == 17 and row.dropped == 0 for row in rows.values())


def test_consistent_error_of_measurement_is_the_sd_of_differences_over_root_two() -> None:
    ratings = np.column_stack([published.WRIGHT_1, published.MINI_1])
    rows = rows_of(analysed(panel(ratings)), "a − b")
    sem = rows["SEM, consistency"].value
    assert sem == pytest.approx(rows["SD of differences"].value / math.sqrt(2))
    assert rows["MDC, consistency"].value == pytest.approx(1.96 * math.sqrt(2) * sem)


def test_the_error_of_any_rater_is_covered_also_when_few_raters_tell_of_it() -> None:
    """Of 400 studies of three raters, 95 %; three standard errors are 3.3 points."""
    rng = np.random.default_rng(11)
    hits = 0
    for _ in range(400):
        ratings = rng.normal(0, 2, (15, 1)) + rng.normal(0, 1, (1, 3)) + rng.normal(0, 1, (15, 3))
        error = absolute_error(mean_squares(ratings))
        assert error.low <= error.value <= error.high
        hits += error.low <= math.sqrt(2) <= error.high
    assert abs(hits / 400 - 0.95) < 0.033


def test_repeated_subjects_give_both_forms_of_limits_and_clustered_intervals() -> None:
    subjects = [f"s{int(n):02d}" for n in published.CARDIAC[:, 0]]
    found = analysed(panel(published.CARDIAC[:, 1:], subjects=subjects))
    rows = rows_of(found, "a − b")
    assert round(rows["lower limit, true value varies"].value, 2) == -1.34
    assert round(rows["upper limit, true value varies"].value, 2) == 2.54
    assert rows["upper limit, true value constant"].value == pytest.approx(2.77, abs=5e-3)
    bias = rows["mean difference"]
    assert (bias.rows, bias.subjects) == (60, 12)
    # Rows of one patient are alike: the interval over patients is the wider one.
    assert bias.clustered_high - bias.clustered_low > 1.5 * (bias.high - bias.low)
    assert any("60 rows are of 12 subjects" in note for note in found.notes)


def test_clustered_limits_of_a_mean_of_raters_enclose_its_value_also_without_agreement() -> None:
    """Four raters who agree less than by chance: the limits of one go towards −1/3."""
    rng = np.random.default_rng(3)
    noise = rng.normal(0, 1, (10, 4))
    ratings = noise - 0.95 * noise.mean(axis=1, keepdims=True)
    rows = rows_of(analysed(panel(ratings, subjects=list("aabbccddee"))), "a, b, c, d")
    for form in ("ICC(1,1)", "ICC(3,1)", "ICC(1,k)", "ICC(3,k)"):
        assert rows[form].clustered_low <= rows[form].value <= rows[form].clustered_high, form


def test_clustered_limits_of_a_mean_of_raters_have_no_end_where_those_of_one_reach_the_least() -> (
    None
):
    first = np.array([100, 110, 150, 160, 200, 190, 250, 260.0])
    second = first + np.tile([1e-3, -1e-3], 4)
    second[6:] += (60, -60)
    rows = rows_of(
        analysed(panel(np.column_stack([first, second]), subjects=list("aabbccdd"))), "a − b"
    )
    assert rows["ICC(2,1)"].clustered_low == pytest.approx(-1)
    assert math.isnan(rows["ICC(2,k)"].clustered_low)
    assert rows["ICC(2,k)"].clustered_high == pytest.approx(1)


def test_an_icc_of_a_mean_without_a_lower_limit_says_why_and_keeps_the_upper_one() -> None:
    row = rows_of(analysed(panel([[2, 0], [2, 4], [3, 4], [1, 2]])), "a − b")["ICC(2,k)"]
    assert math.isnan(row.low) and row.value < row.high < 1
    assert row.note == "no end below: -1 is not ruled out for a single rating"
    assert row.interval


@pytest.mark.parametrize("steps", [[0, 1, 2, 3], [1, 1, 3, 0.5]])
def test_perfect_agreement_on_steps_has_no_clustered_limits(steps: list[float]) -> None:
    found = analysed(
        panel([[s, s] for s in steps * 5], subjects=list("abcde" * 4), outcome="darkness")
    )
    rows = rows_of(found, "a − b")
    for name in ("kappa", "kappa, linear", "kappa, quadratic", "exact agreement", "CCC"):
        assert rows[name].value in (1, 100), name
        assert math.isnan(rows[name].clustered_low), name
        assert math.isnan(rows[name].clustered_high), name


def test_without_repeats_there_are_no_clustered_intervals() -> None:
    rows = rows_of(analysed(panel(published.SHROUT_FLEISS[:, :2])), "a − b")
    assert all(math.isnan(row.clustered_low) for row in rows.values())
    assert "lower limit, true value varies" not in rows


def test_missing_cells_are_left_out_by_pair_and_counted() -> None:
    ratings = published.SHROUT_FLEISS[:, :3].copy()
    ratings[0, 1] = ratings[1, 2] = np.nan
    found = analysed(panel(ratings))
    assert rows_of(found, "a − b")["ICC(2,1)"].rows == 5
    assert rows_of(found, "a − b")["ICC(2,1)"].dropped == 1
    assert rows_of(found, "b − c")["ICC(2,1)"].dropped == 2
    assert rows_of(found, "a, b, c")["ICC(2,1)"].rows == 4


def test_constant_ratings_are_nan_with_a_sentence() -> None:
    ratings = np.column_stack([np.full(8, 3.0), np.arange(8.0)])
    rows = rows_of(analysed(panel(ratings, outcome="darkness")), "a − b")
    assert math.isnan(rows["CCC"].value)
    assert "the first rater gave 3 throughout" in rows["CCC"].note
    assert rows["mean difference"].value == pytest.approx(-0.5)
    both = rows_of(analysed(panel(np.full((8, 2), 2.0), outcome="darkness")), "a − b")
    assert math.isnan(both["ICC(2,1)"].value)
    assert math.isnan(both["kappa, quadratic"].value)
    assert both["exact agreement"].value == 100


def test_two_rows_are_too_few_and_this_is_said() -> None:
    (row,) = analysed(panel([[1, 2], [3, 4.0]])).rows
    assert (row.statistic, row.value) == ("rows", 2)
    assert "3 are needed" in row.note


def test_steps_get_kappa_and_a_cross_table() -> None:
    steps = [(i, j) for i in range(4) for j in range(4) for _ in range(int(published.SKIN[i, j]))]
    found = analysed(panel(steps, outcome="homogeneity"))
    rows = rows_of(found, "a − b")
    assert round(rows["kappa"].value, 4) == 0.3449
    assert rows["kappa"].note == "standard error 0.0724"
    assert sum(cross.count for cross in found.crosses) == 88
    assert [c.count for c in found.crosses if (c.step_a, c.step_b) == (1, 2)] == [12]


def test_any_column_can_be_named_as_steps() -> None:
    found = analysed(panel([[1, 1], [2, 3], [3, 3], [0, 1.0]], outcome="itch"), ordinal=("itch",))
    assert "kappa, linear" in rows_of(found, "a − b")


def test_a_machine_like_one_more_reader_has_a_ratio_of_one() -> None:
    rng = np.random.default_rng(11)
    truth = rng.normal(20, 8, (60, 1))
    ratings = truth + rng.normal(0, 2, (60, 4))
    found = analysed(panel(ratings, machines=(True, False, False, False)))
    row = rows_of(found, "a beside b, c, d")["RMS ratio"]
    assert row.clustered_low < 1 < row.clustered_high
    assert {r.kind for r in found.rows} == {
        "machine-reader",
        "reader-reader",
        "all",
        "machine beside readers",
    }


def test_a_machine_off_by_a_shift_differs_more_than_readers_do() -> None:
    rng = np.random.default_rng(12)
    ratings = rng.normal(20, 8, (40, 1)) + rng.normal(0, 2, (40, 3)) + [6.0, 0.0, 0.0]
    found = analysed(panel(ratings, machines=(True, False, False)))
    row = rows_of(found, "a beside b, c")["RMS ratio"]
    # √(8 + 36) over √8.
    assert row.value == pytest.approx(math.sqrt(44 / 8), rel=0.2)
    assert row.clustered_low > 1


def test_a_machine_and_one_reader_cannot_be_set_beside_readers() -> None:
    found = analysed(panel(published.SHROUT_FLEISS[:, :2], machines=(True, False)))
    assert not [row for row in found.rows if row.kind == "machine beside readers"]
    assert any("one reader only" in note for note in found.notes)


def test_every_level_of_a_stratum_has_its_own_figures() -> None:
    levels = ["II"] * 8 + ["V"] * 9
    ratings = np.column_stack([published.WRIGHT_1, published.MINI_1])
    found = analysed(panel(ratings, strata={"skin_type": levels}))
    rows = [r for r in found.rows if r.stratum == "skin_type" and r.statistic == "mean difference"]
    assert [(row.level, row.rows) for row in rows] == [("II", 8), ("V", 9)]
    difference = published.WRIGHT_1 - published.MINI_1
    assert rows[0].value == pytest.approx(difference[:8].mean())


def test_rows_of_unknown_level_are_in_no_stratum() -> None:
    levels = ["II"] * 8 + [""] * 9
    ratings = np.column_stack([published.WRIGHT_1, published.MINI_1])
    found = analysed(panel(ratings, strata={"skin_type": levels}))
    assert {row.level for row in found.rows if row.stratum} == {"II"}


def test_differences_are_first_minus_second_and_complete_only() -> None:
    found = analysed(panel([[1, 3], [2, np.nan], [4, 4], [5, 2.0]], subjects=list("xyxy")))
    assert [(d.key, d.difference, d.mean) for d in found.differences] == [
        ("p000", -2, 2),
        ("p002", 0, 4),
        ("p003", 3, 3.5),
    ]
    assert found.differences[0].subject == "x"


def test_sample_sizes_follow_from_what_was_found() -> None:
    ratings = np.column_stack([published.WRIGHT_1, published.MINI_1])
    sizes = {s.target: s for s in analysed(panel(ratings), limits_width=38.8).sizes}
    assert sizes["ICC(2,1)"].subjects_here == 17
    limit = sizes["limit of agreement"]
    # One SD in all: half a SD is 1.71·t/√n.
    assert abs(limit.subjects_needed - (2 * 1.71 * 2.01) ** 2) < 3


def test_the_order_of_subjects_and_rows_changes_no_figure() -> None:
    subjects = [f"s{int(n):02d}" for n in published.CARDIAC[:, 0]]
    order = np.random.default_rng(1).permutation(60)
    one = analysed(panel(published.CARDIAC[:, 1:], subjects=subjects)).rows
    other = analysed(
        panel(published.CARDIAC[order, 1:], subjects=[subjects[n] for n in order])
    ).rows
    for a, b in zip(one, other, strict=True):
        assert a.statistic == b.statistic
        assert (a.value, a.clustered_low) == pytest.approx((b.value, b.clustered_low), nan_ok=True)
