"""Ratings laid side by side: what makes a row, what is left out, what cannot be paired."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
import pytest

from imaging.errors import TableError
from imaging.study.agreement_files import RatingTable
from imaging.study.agreement_panel import MOST_RATERS, Panel, PanelOptions, build_panel


def table(name: str, rows: Sequence[Mapping[str, object]], *, machine: bool = False) -> RatingTable:
    cells = tuple({k: str(v) for k, v in row.items() if v is not None} for row in rows)
    return RatingTable(
        name=name,
        columns=tuple(dict.fromkeys(key for row in rows for key in row)),
        rows=cells,
        lines=tuple(range(2, len(rows) + 2)),
        is_machine=machine,
        origin=f"{name}.csv",
    )


def rated(name: str, **ratings: object) -> RatingTable:
    return table(name, [{"photo_id": photo, "masi": value} for photo, value in ratings.items()])


def panel(*tables: RatingTable, **options: object) -> Panel:
    return build_panel(tables, PanelOptions(**options))  # type: ignore[arg-type]


def test_rows_meet_by_photo_in_any_order_and_missing_ratings_are_nan() -> None:
    found = panel(rated("a", x=1, y=2, z=3), rated("b", z=30, x=10, w=9))
    assert found.keys == (("x",), ("z",))
    np.testing.assert_array_equal(found.values["masi"], [[1, 10], [3, 30]])
    assert "1 of a, 1 of b" in found.notes[0]
    three = panel(rated("a", x=1, y=2), rated("b", x=10, y=None), rated("c", y=7))
    assert np.isnan(three.values["masi"][0, 2])
    assert np.isnan(three.values["masi"][1, 1])


def test_replicates_with_other_photo_ids_meet_by_subject_and_visit() -> None:
    def of(name: str, end: str) -> RatingTable:
        return table(
            name,
            [
                {"photo_id": f"{s}{end}.jpg", "subject": s, "visit": "v1", "masi": n}
                for n, s in enumerate(("s1", "s2"))
            ],
        )

    found = panel(of("a", "_1"), of("b", "_2"))
    assert found.key_columns == ("subject", "visit")
    assert found.has_subjects
    assert list(found.subjects) == ["s1", "s2"]


def test_photos_in_common_go_before_visits_unless_visits_are_asked_for() -> None:
    rows = [{"photo_id": "p", "subject": "s", "visit": "v", "masi": 1}]
    assert panel(table("a", rows), table("b", rows)).key_columns == ("photo_id",)
    by_visit = panel(table("a", rows), table("b", rows), by="visit")
    assert by_visit.key_columns == ("subject", "visit")


def test_regions_and_sites_are_part_of_a_row_where_all_tables_have_them() -> None:
    rows = [{"photo_id": "p", "region": r, "darkness": n} for n, r in enumerate(("chin", "nose"))]
    found = panel(table("a", rows), table("b", rows))
    assert found.keys == (("p", "chin"), ("p", "nose"))
    with pytest.raises(TableError, match="line 2 and in line 3") as caught:
        panel(table("a", rows), rated("b", p=1))
    assert "'region'" in caught.value.remedy


def test_two_rows_for_one_photo_are_an_error_with_both_lines() -> None:
    twice = table("a", [{"photo_id": "p", "masi": 1}, {"photo_id": "p", "masi": 2}])
    with pytest.raises(TableError, match=r"a\.csv: photo_id 'p' stands in line 2 and in line 3"):
        panel(twice, rated("b", p=1))


def test_no_overlap_names_ids_of_each_and_guesses_why() -> None:
    with pytest.raises(TableError, match="a has 'x'; b has 'y'") as caught:
        panel(rated("a", x=1), rated("b", y=1))
    assert "--by visit" in caught.value.remedy
    first = table("a", [{"photo_id": "day1/IMG_1.JPG", "masi": 1}])
    second = table("b", [{"photo_id": "img_1.jpg", "masi": 1}])
    with pytest.raises(TableError) as caught:
        panel(first, second)
    assert "'day1/IMG_1.JPG' and 'img_1.jpg' may be one photo" in caught.value.remedy


def test_one_rater_is_told_of_replicates() -> None:
    with pytest.raises(TableError, match="one rater only, 'a'") as caught:
        panel(rated("a", x=1))
    assert "--replicates" in caught.value.remedy


def test_a_column_mistaken_for_readers_is_told() -> None:
    with pytest.raises(TableError, match=f"{MOST_RATERS} is the limit"):
        panel(*(rated(f"r{n}", x=n) for n in range(MOST_RATERS + 1)))


def test_the_usual_outcomes_are_taken_else_all_numbers_in_common() -> None:
    rows = [{"photo_id": "p", "masi": 1, "seconds": 2, "score": 3, "visit": 1}]
    assert list(panel(table("a", rows), table("b", rows)).values) == ["masi"]
    own = [{"photo_id": "p", "loscat": 1, "seconds": 2, "width_px": 5, "subject": 4}]
    assert list(panel(table("a", own), table("b", own)).values) == ["loscat"]
    chosen = panel(table("a", rows), table("b", rows), outcomes=("score",))
    assert list(chosen.values) == ["score"]


def test_an_outcome_that_only_two_of_three_raters_have_is_compared_between_them() -> None:
    both = [{"photo_id": "p", "masi": 1, "mmasi": 2}]
    found = panel(table("a", both), table("b", both), rated("c", p=3))
    assert math.isnan(found.values["mmasi"][0, 2])


def test_an_unknown_outcome_names_the_nearest_and_all() -> None:
    with pytest.raises(TableError, match="did you mean 'masi'") as caught:
        panel(rated("a", x=1), rated("b", x=1), outcomes=("massi",))
    assert "masi" in caught.value.remedy


def test_tables_without_numbers_in_common_say_what_each_has() -> None:
    other = table("b", [{"photo_id": "x", "itch": 2}])
    with pytest.raises(TableError, match=r"a: masi; b: itch"):
        panel(rated("a", x=1), other)


def test_a_word_among_numbers_is_told_with_its_line() -> None:
    with pytest.raises(TableError, match=r"b\.csv, line 3: masi 'severe' is not a number"):
        panel(rated("a", x=1, y=2, z=3), rated("b", x=1, y="severe", z=2))


def test_subject_and_strata_come_from_a_manifest_when_the_tables_lack_them() -> None:
    manifest = {"x": {"subject": "s1", "skin_type": "2"}, "y": {"subject": "s1", "skin_type": "IV"}}
    found = build_panel(
        [rated("a", x=1, y=2), rated("b", x=1, y=2)], PanelOptions(), manifest=manifest
    )
    assert list(found.subjects) == ["s1", "s1"]
    assert list(found.strata["skin_type"]) == ["II", "IV"]


def test_rows_without_subject_are_independent_and_this_is_said() -> None:
    found = panel(rated("a", x=1, y=2), rated("b", x=1, y=2))
    assert not found.has_subjects
    assert "taken as independent" in found.notes[1]


def test_density_bands_are_of_the_mean_of_the_raters() -> None:
    def of(name: str, *values: object) -> RatingTable:
        return table(
            name,
            [{"photo_id": f"p{n}", "hair_density_per_cm2": v} for n, v in enumerate(values)],
        )

    found = panel(of("a", 90, 140, 260), of("b", 120, 170, None), density_edges=(100.0, 150.0))
    assert list(found.strata["density_band"]) == ["100 to 150", "150 and more", "150 and more"]


def test_a_wanted_stratum_that_no_row_has_is_an_error() -> None:
    with pytest.raises(TableError, match="no row says its site"):
        panel(rated("a", x=1), rated("b", x=1), strata=("site",))


def test_any_column_of_a_table_or_the_manifest_can_be_a_stratum() -> None:
    rows = [{"photo_id": p, "masi": n, "camera": c} for n, (p, c) in enumerate(("xP", "yQ"))]
    found = panel(table("a", rows), rated("b", x=1, y=2), strata=("camera",))
    assert list(found.strata["camera"]) == ["P", "Q"]
    manifest = {"x": {"camera": "P"}, "y": {"camera": "Q"}}
    options = PanelOptions(strata=("camera",))
    given = build_panel([rated("a", x=1, y=2), rated("b", x=1, y=2)], options, manifest=manifest)
    assert list(given.strata["camera"]) == ["P", "Q"]


def test_the_machine_can_be_named() -> None:
    found = panel(rated("a", x=1), rated("b", x=1), machine="b")
    assert found.machines == (False, True)
    with pytest.raises(TableError, match="none of the raters a, b"):
        panel(rated("a", x=1), rated("b", x=1), machine="c")
