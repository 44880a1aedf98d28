"""Visits paired from the manifest, and folders paired by path."""

from __future__ import annotations

import math

import pytest

from imaging.study.pairs import natural_key, pair_folders, pair_photos, refuse_unlike
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


def test_visits_of_subjects_who_enter_one_after_the_other_are_in_order_of_their_days() -> None:
    dates = {
        "A": {"start": "2024-01-01", "half a year": "2024-07-01", "nine months": "2024-10-01"},
        "B": {"start": "2025-01-01", "a quarter": "2025-04-01", "half a year": "2025-07-01"},
    }
    found = pair_visits(
        {
            f"{subject} {visit}": cells(visit, visit_date=day) | {"subject": subject}
            for subject, visits in dates.items()
            for visit, day in visits.items()
        }
    )
    assert found.visits == ("start", "a quarter", "half a year", "nine months")


def test_visits_without_dates_are_ordered_naturally() -> None:
    found = pair_visits({f"{n}.jpg": cells(f"week {n}") for n in (10, 2, 4)})
    assert ids(found) == [("2.jpg", "4.jpg"), ("2.jpg", "10.jpg")]
    assert math.isnan(found.pairs[0].plan.days)


@pytest.mark.parametrize(
    ("visits", "reference"),
    [
        (("baseline", "6 months"), "baseline"),
        (("Baseline", "6 months", "12 months"), "Baseline"),
        (("V2", "v1"), "v1"),
        (("0", "12", "4"), "0"),
    ],
)
def test_names_that_differ_in_a_number_alone_tell_an_order_and_baseline_is_the_first(
    visits: tuple[str, ...], reference: str
) -> None:
    found = pair_visits({visit: cells(visit) for visit in visits})
    assert {pair.baseline_id for pair in found.pairs} == {reference}
    assert len(found.pairs) == len(visits) - 1
    assert found.visits == (reference, *sorted(set(visits) - {reference}, key=natural_key))
    assert not found.refusals


@pytest.mark.parametrize(
    "visits",
    [
        ("before", "after"),
        ("baseline", "week 4", "month 3"),
        ("screening", "baseline", "week 4"),
        ("week 2", "week 02"),
        ("1st 2024", "2nd 2023"),
        ("Baseline", "baseline"),
    ],
)
def test_visits_whose_order_nothing_tells_are_refused(visits: tuple[str, ...]) -> None:
    found = pair_visits({visit: cells(visit) for visit in visits})
    assert codes(found) == dict.fromkeys(visits, "visit_order_unknown")
    assert all(repr(visit) in found.refusals[0].message for visit in visits)
    named = pair_visits({visit: cells(visit) for visit in visits}, baseline=visits[0])
    assert named.pairs[0].baseline_id == visits[0]


def test_a_date_of_one_visit_alone_tells_no_order() -> None:
    found = pair_visits(
        {"a.jpg": cells("screening"), "b.jpg": cells("month 6", visit_date="2026-07-13")}
    )
    assert set(codes(found).values()) == {"visit_order_unknown"}


@pytest.mark.parametrize(
    ("roles", "reference"),
    [
        ({"postop": "postop", "month9": "followup"}, "postop"),
        ({"start": "baseline", "after": ""}, "start"),
        ({"start": "", "after": "followup"}, "start"),
        ({"week 0": "followup", "week 4": "baseline"}, "week 4"),
    ],
)
def test_without_dates_roles_rule_over_names(roles: dict[str, str], reference: str) -> None:
    found = pair_visits({visit: cells(visit, visit_role=role) for visit, role in roles.items()})
    (other,) = set(roles) - {reference}
    assert ids(found) == [(reference, other)]
    assert found.visits == (reference, other)
    assert not found.refusals


def test_a_visit_of_role_preop_lies_before_a_named_baseline_whatever_its_name() -> None:
    found = pair_visits(
        {
            "a.jpg": cells("surgery"),
            "b.jpg": cells("consultation", visit_role="preop"),
            "c.jpg": cells("a year on"),
        },
        baseline="surgery",
    )
    assert ids(found) == [("a.jpg", "c.jpg")]
    assert found.pairs[0].resident_id == "b.jpg"


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


def test_two_named_photos_whose_dates_run_backwards_are_refused() -> None:
    listed = {"a.jpg": {"visit_date": "2026-07-13"}, "b.jpg": {"visit_date": "2026-01-12"}}
    kept, refusals = refuse_unlike([pair_photos("a.jpg", "b.jpg", listed=listed)], listed)
    assert not kept
    assert [(r.photo_id, r.code) for r in refusals] == [("b.jpg", "visits_out_of_order")]
    assert "2026-01-12 lies before" in refusals[0].message
    kept, refusals = refuse_unlike([pair_photos("b.jpg", "a.jpg", listed=listed)], listed)
    assert (len(kept), refusals) == (1, [])
    assert codes(pair_folders({"1": "a.jpg"}, {"1": "b.jpg"}, listed=listed)) == {
        "b.jpg": "visits_out_of_order"
    }


def test_a_graft_map_belongs_to_the_baseline_photo() -> None:
    points = ((1.0, 2.0), (3.0, 4.0))
    pair = pair_photos("a.jpg", "b.jpg", listed={}, graft_maps={"a.jpg": points, "b.jpg": ()})
    assert pair.plan.graft_map == points


def test_names_are_ordered_as_people_count() -> None:
    assert sorted(["week 10", "Week 2"], key=natural_key) == ["Week 2", "week 10"]
    assert natural_key("week ٠١٠") == natural_key("week 10")
    assert sorted(["1" + "0" * 5000, "9" * 5000, "0"], key=natural_key) == [
        "0",
        "9" * 5000,
        "1" + "0" * 5000,
    ]
