"""Visits paired from the manifest, and folders paired by path."""

from __future__ import annotations

import math

from imaging.study.pairs import natural_key, pair_folders, pair_photos
from imaging.study.visit_pairs import pair_visits


def cells(visit: str, **others: str) -> dict[str, str]:
    return {"subject": "S1", "visit": visit, **others}


def ids(found) -> list[tuple[str, str]]:
    return [(pair.baseline_id, pair.followup_id) for pair in found.pairs]


def codes(found) -> dict[str, str]:
    return {refusal.photo_id: refusal.code for refusal in found.refusals}


def test_every_later_visit_is_paired_with_the_first_by_date() -> None:
    found = pair_visits(
        {
            "c.jpg": cells("a late one", visit_date="2026-03-01"),
            "a.jpg": cells("z first", visit_date="2026-01-01"),
            "b.jpg": cells("m second", visit_date="2026-02-01"),
        }
    )
    assert ids(found) == [("a.jpg", "b.jpg"), ("a.jpg", "c.jpg")]
    assert [pair.plan.days for pair in found.pairs] == [31.0, 59.0]
    assert found.visits == ("z first", "m second", "a late one")


def test_visits_without_dates_are_ordered_naturally() -> None:
    found = pair_visits({f"{n}.jpg": cells(f"week {n}") for n in (10, 2, 4)})
    assert ids(found) == [("2.jpg", "4.jpg"), ("2.jpg", "10.jpg")]
    assert math.isnan(found.pairs[0].plan.days)


def test_a_named_baseline_is_the_reference_and_earlier_visits_are_told() -> None:
    found = pair_visits({f"{n}.jpg": cells(f"week {n}") for n in (0, 4, 8)}, baseline="week 4")
    assert ids(found) == [("4.jpg", "8.jpg")]
    assert codes(found) == {"0.jpg": "before_baseline"}


def test_a_baseline_that_a_subject_lacks_is_a_row_and_not_the_end() -> None:
    found = pair_visits({"0.jpg": cells("week 0"), "4.jpg": cells("week 4")}, baseline="week 1")
    assert codes(found) == {"0.jpg": "no_baseline", "4.jpg": "no_baseline"}


def test_the_postoperative_visit_is_the_reference_and_the_preoperative_one_tells_residents() -> (
    None
):
    found = pair_visits(
        {
            "0.jpg": cells("0", visit_role="preop"),
            "1.jpg": cells("1", visit_role="postop", grafts_in_field="40"),
            "2.jpg": cells("2", visit_role="followup"),
        }
    )
    assert ids(found) == [("1.jpg", "2.jpg")]
    assert found.pairs[0].resident_id == "0.jpg"
    assert found.pairs[0].plan.grafts_in_field == 40
    assert not found.refusals


def test_one_visit_only_is_told() -> None:
    assert codes(pair_visits({"a.jpg": cells("0")})) == {"a.jpg": "one_visit"}


def test_the_same_visit_twice_needs_a_replicate() -> None:
    listed = {"a.jpg": cells("0"), "b.jpg": cells("1"), "c.jpg": cells("1")}
    assert codes(pair_visits(listed)) == {"b.jpg": "repeated_visit", "c.jpg": "repeated_visit"}
    named = {
        name: {**row, "replicate": replicate}
        for (name, row), replicate in zip(listed.items(), ("1", "1", "2"), strict=True)
    }
    assert ids(pair_visits(named)) == [("a.jpg", "b.jpg")]


def test_fields_are_paired_apart_and_a_field_without_a_partner_is_told() -> None:
    found = pair_visits(
        {
            "a.jpg": cells("0", field="1"),
            "b.jpg": cells("1", field="1"),
            "c.jpg": cells("1", field="2"),
        }
    )
    assert ids(found) == [("a.jpg", "b.jpg")]
    assert codes(found) == {"c.jpg": "no_common_field"}


def test_photos_of_unlike_modality_are_never_paired() -> None:
    found = pair_visits(
        {"a.jpg": cells("0", modality="standard"), "b.jpg": cells("1", modality="uv")}
    )
    assert not found.pairs
    assert codes(found) == {"b.jpg": "unlike_modality"}


def test_dates_that_contradict_roles_are_told() -> None:
    found = pair_visits(
        {
            "a.jpg": cells("0", visit_role="followup", visit_date="2026-01-01"),
            "b.jpg": cells("1", visit_role="baseline", visit_date="2026-02-01"),
        }
    )
    assert set(codes(found).values()) == {"visits_out_of_order"}


def test_a_visit_with_two_dates_is_told() -> None:
    found = pair_visits(
        {
            "a.jpg": cells("0", visit_date="2026-01-01"),
            "b.jpg": cells("1", visit_date="2026-02-01", field="1"),
            "c.jpg": cells("1", visit_date="2026-02-02", field="2"),
        }
    )
    assert set(codes(found).values()) == {"visits_out_of_order"}


def test_a_photo_without_subject_is_told_and_the_others_are_paired() -> None:
    found = pair_visits({"a.jpg": cells("0"), "b.jpg": cells("1"), "x.jpg": {"visit": "1"}})
    assert ids(found) == [("a.jpg", "b.jpg")]
    assert codes(found) == {"x.jpg": "visit_unknown"}


def test_days_since_treatment_are_counted_from_its_date() -> None:
    found = pair_visits(
        {
            "a.jpg": cells("0", visit_date="2026-01-01", treatment_date="2026-01-05"),
            "b.jpg": cells("1", visit_date="2026-01-15", treatment_date="2026-01-05"),
        }
    )
    plan = found.pairs[0].plan
    assert (plan.days_since_treatment_baseline, plan.days_since_treatment_followup) == (-4, 10)


def test_folders_are_paired_by_path_and_a_photo_without_partner_is_told() -> None:
    found = pair_folders(
        {"s/1.jpg": "old/s/1.jpg", "2.jpg": "old/2.jpg"}, {"s/1.jpg": "new/s/1.jpg"}, listed={}
    )
    assert ids(found) == [("old/s/1.jpg", "new/s/1.jpg")]
    assert codes(found) == {"old/2.jpg": "no_partner"}


def test_two_named_photos_take_the_days_that_were_given() -> None:
    pair = pair_photos("a.jpg", "b.jpg", listed={}, days=3.0)
    assert (pair.plan.days, pair.row.visit_baseline, pair.row.visit_followup) == (
        3.0,
        "baseline",
        "followup",
    )


def test_a_graft_map_belongs_to_the_baseline_photo() -> None:
    points = ((1.0, 2.0), (3.0, 4.0))
    pair = pair_photos("a.jpg", "b.jpg", listed={}, graft_maps={"a.jpg": points, "b.jpg": ()})
    assert pair.plan.graft_map == points


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["week 10", "Week 2"], key=natural_key) == ["Week 2", "week 10"]
