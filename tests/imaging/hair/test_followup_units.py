"""Units and grafts are followed one to one, and survival counts them by hand-made truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.hair.followup_survival import graft_figures
from imaging.hair.followup_units import Fates, follow_grafts, follow_units, units_as_grafts
from imaging.records import Hair, PairPlan
from imaging.records.followup import HairMatch
from imaging.settings import FollowupSettings

SETTINGS = FollowupSettings()


def hair(hair_id: int, unit_id: int, x: float, y: float, *, confidence: float = 0.95) -> Hair:
    path = ((x, y), (x + 40.0, y))
    return Hair(hair_id, unit_id, x, y, x + 40, y, path, 0.4, 60.0, "terminal", True, confidence)


def match(first: int, second: int, state: str) -> HairMatch:
    places = (0.0,) * 4
    return HairMatch("b", "f", "hair", first, second, state, "", *places)


def fates(first: list[Hair], second: list[Hair], rows: list[HairMatch]) -> Fates:
    """Return fates of photos that lie on each other, 100 px/mm."""
    roots = [np.array([(h.root_x_px, h.root_y_px) for h in own]) for own in (first, second)]
    return Fates(
        ("b", "f"),
        (first, second),
        (roots[0].reshape(-1, 2), roots[1].reshape(-1, 2)),
        rows,
        lambda points: points,
        lambda x, y: 0 <= x < 1000 and 0 <= y < 1000,
        35.0,
    )


def told(rows: list[HairMatch]) -> list[tuple[str, int, int]]:
    return [(row.state, row.baseline_hair_id, row.followup_hair_id) for row in rows]


def test_a_unit_is_kept_when_one_of_its_hairs_is() -> None:
    first = [hair(1, 1, 100, 100), hair(2, 1, 110, 100)]
    rows = [match(1, 7, "kept"), match(2, 0, "not_seen")]
    found = follow_units(fates(first, [hair(7, 4, 101, 100)], rows))
    assert told(found) == [("kept", 1, 4)]
    assert (found[0].baseline_hairs, found[0].followup_hairs) == (2, 1)


def test_another_hair_at_the_place_of_a_unit_keeps_it() -> None:
    rows = [match(1, 0, "not_seen"), match(0, 7, "new")]
    found = follow_units(fates([hair(1, 1, 100, 100)], [hair(7, 4, 120, 100)], rows))
    assert told(found) == [("kept", 1, 4)]


def test_units_far_apart_are_not_seen_and_new() -> None:
    rows = [match(1, 0, "not_seen"), match(0, 7, "new")]
    found = follow_units(fates([hair(1, 1, 100, 100)], [hair(7, 4, 300, 100)], rows))
    assert told(found) == [("not_seen", 1, 0), ("new", 0, 4)]


def test_a_unit_of_which_nothing_is_known_has_no_row() -> None:
    assert follow_units(fates([hair(1, 1, 100, 100)], [], [])) == []


def test_a_graft_of_a_map_is_kept_where_a_unit_grew() -> None:
    second = [hair(7, 4, 210, 200), hair(8, 4, 205, 200)]
    rows = [match(0, 7, "new"), match(0, 8, "new")]
    found = follow_grafts(fates([], second, rows), [(200.0, 200.0), (500.0, 500.0)], is_fresh=False)
    assert told(found) == [("kept", 1, 4), ("not_seen", 2, 0)]
    assert found[0].followup_hairs == 2


def test_a_resident_hair_beside_a_graft_is_not_its_own() -> None:
    first, second = [hair(1, 1, 215, 200)], [hair(7, 4, 215, 200)]
    found = follow_grafts(
        fates(first, second, [match(1, 7, "kept")]), [(200.0, 200.0)], is_fresh=False
    )
    assert told(found) == [("not_seen", 1, 0)]


def test_a_graft_outside_the_common_field_has_no_row() -> None:
    assert follow_grafts(fates([], [], []), [(2000.0, 100.0)], is_fresh=True) == []


def unit_rows(kept: int, gone: int, *, new: int = 0) -> list[HairMatch]:
    first = [
        hair(k, k, 50.0 * (k % 19) + 5, 100.0 * (k // 19) + 5) for k in range(1, kept + gone + 1)
    ]
    second = [hair(100 + h.hair_id, h.hair_id, h.root_x_px, h.root_y_px) for h in first[:kept]]
    second += [hair(500 + k, 900 + k, 50.0 * k + 5, 900.0) for k in range(new)]
    rows = [match(h.hair_id, 100 + h.hair_id, "kept") for h in first[:kept]]
    rows += [match(h.hair_id, 0, "not_seen") for h in first[kept:]]
    rows += [match(0, 500 + k, "new") for k in range(new)]
    return rows + follow_units(fates(first, second, rows))


def figures(rows: list[HairMatch], plan: PairPlan, *, common_share: float = 1.0):
    return graft_figures(rows, plan, common_share=common_share, settings=SETTINGS)


def test_residents_are_taken_off_both_counts() -> None:
    plan = PairPlan(365.0, baseline_role="postop", units_resident=10, hairs_resident=10)
    found = figures(unit_rows(40, 20), plan)
    assert (found.grafts, found.by_units.percent) == (50, pytest.approx(60))
    assert (found.hairs_implanted, found.by_hairs.percent) == (50, pytest.approx(60))


def test_numbers_of_the_whole_frame_are_scaled_to_the_common_field() -> None:
    plan = PairPlan(365.0, baseline_role="postop", units_resident=20, hairs_resident=20)
    found = figures(unit_rows(40, 20), plan, common_share=0.5)
    assert found.grafts == 50


def test_a_photo_before_surgery_counts_new_units_over_grafts_placed() -> None:
    plan = PairPlan(365.0, baseline_role="preop", grafts_in_field=16, hairs_in_field=32)
    found = figures(unit_rows(5, 0, new=12), plan)
    assert (found.grafts, found.by_units.percent) == (16, 75)
    assert found.by_hairs.percent == pytest.approx(37.5)


def test_without_grafts_there_is_no_survival() -> None:
    assert math.isnan(figures(unit_rows(5, 2), PairPlan(365.0)).by_units.percent)


def test_grafts_told_and_found_that_differ_are_flagged() -> None:
    plan = PairPlan(
        365.0, baseline_role="postop", grafts_in_field=90, units_resident=0, hairs_resident=0
    )
    assert "grafts_differ" in figures(unit_rows(40, 20), plan).flags


def test_units_of_a_photo_after_surgery_are_its_grafts() -> None:
    units = [row for row in unit_rows(3, 1, new=2) if row.kind == "unit"]
    grafts = units_as_grafts(units)
    assert [row.kind for row in grafts] == ["graft"] * 4
    assert sum(row.state == "kept" for row in grafts) == 3
