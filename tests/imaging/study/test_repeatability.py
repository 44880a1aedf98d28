"""Test-retest figures from repeat photos, without any reference."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import published_tables as published
import pytest

from imaging.errors import TableError
from imaging.records.agreement import AgreementRow
from imaging.study.agreement_files import RatingTable
from imaging.study.repeatability import group_repeats, repeatability_rows


def table(rows: Sequence[dict[str, object]]) -> RatingTable:
    return RatingTable(
        name="run",
        columns=tuple(dict.fromkeys(key for row in rows for key in row)),
        rows=tuple({k: str(v) for k, v in row.items() if v != ""} for row in rows),
        lines=tuple(range(2, len(rows) + 2)),
        is_machine=True,
        origin="run",
    )


def photos(groups: Sequence[Sequence[float]], **cells: str) -> RatingTable:
    return table(
        [
            {"photo_id": f"{i}_{j}", "subject": f"s{i:02d}", "replicate": j, "masi": v, **cells}
            for i, group in enumerate(groups)
            for j, v in enumerate(group)
        ]
    )


def figures(found: RatingTable, **options: object) -> dict[str, AgreementRow]:
    rows = repeatability_rows(group_repeats(found, **options), rater="run")  # type: ignore[arg-type]
    return {row.statistic: row for row in rows}


def test_the_cows_have_their_printed_within_site_figures() -> None:
    rows = figures(photos(published.COWS))
    assert round(rows["within-site SD"].value ** 2, 2) == 2.85
    assert round(rows["CV, root mean square"].value, 2) == 5.96
    assert rows["repeatability coefficient"].value == pytest.approx(
        1.96 * math.sqrt(2) * math.sqrt(2.85)
    )
    assert rows["within-site SD"].low < math.sqrt(2.85) < rows["within-site SD"].high


def test_peak_flow_repeats_have_the_icc_of_a_one_way_table() -> None:
    pairs = np.column_stack([published.WRIGHT_1, published.WRIGHT_2])
    from imaging.study.agreement_icc import intraclass_correlations

    whole = intraclass_correlations(pairs)["ICC(1,1)"]
    row = figures(photos(pairs.tolist()))["ICC(1,1)"]
    assert (row.value, row.low, row.high) == pytest.approx((whole.value, whole.low, whole.high))


def test_true_spread_and_error_come_back_from_unequal_groups() -> None:
    rng = np.random.default_rng(8)
    groups = [
        (rng.normal(100, 20) + rng.normal(0, 5, rng.integers(2, 6))).tolist() for _ in range(200)
    ]
    rows = figures(photos(groups))
    assert rows["within-site SD"].low < 5 < rows["within-site SD"].high
    assert rows["between-site SD"].value == pytest.approx(20, rel=0.15)
    assert rows["ICC(1,1)"].low < 400 / 425 < rows["ICC(1,1)"].high


def test_a_folder_of_one_site_needs_no_manifest() -> None:
    rows = [{"photo_id": f"p{n}", "masi": v} for n, v in enumerate((10, 12, 11, 13))]
    found = figures(table(rows), is_one_site=True)
    assert found["within-site SD"].value == pytest.approx(np.std([10, 12, 11, 13], ddof=1))
    assert math.isnan(found["ICC(1,1)"].value)
    assert "one site" in found["ICC(1,1)"].note


def test_regions_of_one_site_are_sites_of_their_own() -> None:
    rows = [
        {"photo_id": f"p{n}", "region": r, "darkness": 1 + n + 5 * (r == "chin")}
        for n in range(2)
        for r in ("chin", "forehead")
    ]
    found = group_repeats(table(rows), is_one_site=True)
    assert found.sites == ("chin", "forehead")


def test_photos_that_differ_in_more_than_the_replicate_are_no_repeats() -> None:
    rows = [
        {"photo_id": f"p{n}", "subject": "s", "visit": v, "replicate": n, "masi": n}
        for n, v in enumerate(("a", "a", "b", "b", "b", "c"))
    ]
    found = group_repeats(table(rows))
    assert found.sites == ("s / a", "s / b")
    assert [len(group) for group in found.readings["masi"]] == [2, 3]
    assert "1 sites with one photo" in found.notes[1]


def test_an_unknown_value_leaves_its_photo_out_and_lone_ones_their_site() -> None:
    rows = figures(photos([[1, 2], [3, float("nan")], [5, 6], [7, 9]]))
    assert (rows["within-site SD"].rows, rows["within-site SD"].dropped) == (6, 1)


def test_an_error_that_grows_with_the_mean_is_seen() -> None:
    rng = np.random.default_rng(5)
    means = np.linspace(10, 400, 60)
    groups = [(m * np.exp(rng.normal(0, 0.1, 3))).tolist() for m in means]
    row = figures(photos(groups))["error grows with the mean"]
    assert row.value > 0.5
    assert row.note.startswith("p = ")


def test_several_sites_of_one_subject_get_intervals_over_subjects() -> None:
    rng = np.random.default_rng(6)
    rows = [
        {"photo_id": f"{s}{k}{r}", "subject": f"s{s}", "site": k, "replicate": r, "masi": v}
        for s in range(8)
        for k in "ab"
        for r, v in enumerate(rng.normal(10 + 3 * s, 1, 2).round(3))
    ]
    found = figures(table(rows))["within-site SD"]
    assert found.clustered_low < found.value < found.clustered_high
    assert found.subjects == 8


def test_without_replicates_the_remedy_is_told() -> None:
    rows = [{"photo_id": "a", "masi": 1}, {"photo_id": "b", "masi": 2}]
    with pytest.raises(TableError, match="no column 'replicate'") as caught:
        group_repeats(table(rows))
    assert "--one-site" in caught.value.remedy


def test_one_photo_a_site_is_an_error() -> None:
    with pytest.raises(TableError, match="No site in run has two photos"):
        group_repeats(photos([[1], [2], [3]]))


def test_a_word_for_a_value_is_told() -> None:
    with pytest.raises(TableError, match="'dark' is not a number"):
        group_repeats(photos([[1, 2], [3, "dark"], [4, 5], [1, 2]]))  # type: ignore[list-item]


def test_rows_without_a_subject_are_no_repeats_of_one_another() -> None:
    rows = [
        {"photo_id": f"{n}.jpg", "subject": subject, "replicate": replicate, "masi": masi}
        for n, (subject, replicate, masi) in enumerate(
            [("", 1, 3), ("", 2, 20), ("", 1, 35), ("A", 1, 5), ("A", 2, 5.2)]
        )
    ]
    found = group_repeats(table(rows))
    assert found.sites == ("A",)
    assert "3 rows without a subject" in found.notes[1]
    with pytest.raises(TableError, match="3 rows name no subject"):
        group_repeats(table(rows[:4]))
    assert len(group_repeats(table(rows), is_one_site=True).readings["masi"][0]) == 5
