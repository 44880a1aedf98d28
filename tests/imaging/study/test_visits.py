"""Photos of one visit pooled."""

from __future__ import annotations

import dataclasses
import math

import pytest

from imaging.records import columns_of
from imaging.records.face import FaceScore, RegionScore
from imaging.records.outcome import Failure, Measured, Outcome, Provenance
from imaging.records.visit import HairVisit
from imaging.study.visits import group_visits, pool_fields, pool_visit, visit_columns


def measured(**values: float) -> Measured:
    base = {
        "frame_area_cm2": 0.5,
        "hair_count": 50,
        "hair_count_low": 45.0,
        "hair_count_high": 55.0,
        "terminal_count": 30.0,
        "vellus_count": 20.0,
        "mean_diameter_um": 50.0,
        "cumulative_thickness_mm_per_cm2": 5.0,
        "hair_mass_index": 20.0,
        "follicular_unit_count": 25,
        "hairs_per_unit": 2.0,
    }
    return Measured(10, 10, (), "ridges", base | values)


def ended(photo_id: str, result: Measured | Failure) -> Outcome:
    return Outcome(Provenance(photo_id, "", "", "", "", ""), "", 0.0, result)


def test_fields_of_one_site_are_sums_of_counts_over_sums_of_areas() -> None:
    second = measured(
        frame_area_cm2=1.5,
        hair_count=90,
        terminal_count=10.0,
        vellus_count=80.0,
        mean_diameter_um=30.0,
        cumulative_thickness_mm_per_cm2=1.8,
        hair_mass_index=4.0,
        follicular_unit_count=75,
        hairs_per_unit=1.2,
    )
    outcomes = [ended("a", measured()), ended("b", second), ended("c", Failure("x", "y", "z"))]
    row = pool_visit(outcomes, {"subject": "S", "visit": "V"}, {}, wing="hair", manifest={})
    assert (row["photos"], row["photos_failed"], row["photo_ids"]) == (2, 1, "a;b")
    assert tuple(row) == visit_columns("hair")
    visit = pool_fields(outcomes, {})
    assert row["hair_count"] == visit.hair_count
    assert visit.hair_count == 140
    assert visit.hair_density_per_cm2 == pytest.approx(140 / 2.0)
    assert visit.vellus_percent == pytest.approx(100 * 100 / 140)
    assert visit.terminal_vellus_ratio == pytest.approx(0.4)
    assert visit.mean_diameter_um == pytest.approx((50 * 50 + 90 * 30) / 140)
    assert visit.cumulative_thickness_mm_per_cm2 == pytest.approx((2.5 + 2.7) / 2)
    assert visit.hair_mass_index == pytest.approx((10 + 6) / 2)
    assert visit.hairs_per_unit == pytest.approx((25 * 2 + 75 * 1.2) / 100)


def test_pooling_a_field_twice_changes_no_ratio_and_one_without_scale_takes_the_density() -> None:
    twice = pool_fields([ended("a", measured()), ended("b", measured())], {})
    assert twice.hair_density_per_cm2 == pytest.approx(100.0)
    assert twice.mean_diameter_um == pytest.approx(50.0)
    bald = measured(hair_count=0, terminal_count=0.0, vellus_count=0.0, mean_diameter_um=math.nan)
    with_bald = pool_fields([ended("a", measured()), ended("b", bald)], {})
    assert with_bald.mean_diameter_um == pytest.approx(50.0)
    unscaled = measured(frame_area_cm2=math.nan, terminal_count=math.nan)
    with_unscaled = pool_fields([ended("a", measured()), ended("b", unscaled)], {})
    assert with_unscaled.hair_count == 100
    assert math.isnan(with_unscaled.hair_density_per_cm2)
    assert math.isnan(with_unscaled.vellus_percent)
    assert math.isnan(with_unscaled.mean_diameter_um)


def test_fields_without_any_scale_keep_their_counts_and_nothing_else() -> None:
    # What the hair wing gives without a scale: counts, and NaN for all that needs millimetres.
    nan = dict.fromkeys(measured().values, math.nan)
    known = {"hair_count": 50, "hair_count_low": 45.0, "hair_count_high": 55.0}
    outcomes = [ended("a", measured(**nan | known)), ended("b", measured(**nan | known))]
    row = pool_visit(outcomes, {"subject": "S", "visit": "V"}, {}, wing="hair", manifest={})
    assert (row["hair_count"], row["hair_count_low"], row["hair_count_high"]) == (100, 90.0, 110.0)
    others = [row[c.name] for c in columns_of(HairVisit) if c.name not in known]
    assert len(others) > 5
    assert all(isinstance(value, float) and math.isnan(value) for value in others)


def face_view(view: str, *, area: float) -> tuple[Measured, list[dict[str, object]]]:
    rows = []
    for region in ("forehead", "right_malar", "left_malar", "chin"):
        numbers = {c.name: math.nan for c in columns_of(RegionScore)}
        numbers |= {"pigmented_percent": area, "pigmented_percent_low": area}
        numbers |= {"pigmented_percent_high": area, "skin_area_px": 100.0}
        numbers |= {"area_score": 3.0, "darkness": 2.0, "homogeneity": 1.0, "weighted_score": 2.7}
        rows.append({**numbers, "region": region})
    values = {c.name: math.nan for c in columns_of(FaceScore)}
    values |= {"view": view, "calibrated_colour": False, "calibrated_scores": False}
    return Measured(10, 10, ("blurred",), "learned", values), rows


def test_views_of_one_face_become_one_score_through_the_rows_of_the_ledger() -> None:
    front, front_rows = face_view("front", area=40.0)
    left, left_rows = face_view("left45", area=10.0)
    row = pool_visit(
        [ended("f", front), ended("l", left)],
        {"subject": "S", "visit": "V"},
        {"f": front_rows, "l": left_rows},
        wing="face",
        manifest={},
    )
    assert tuple(row) == visit_columns("face")
    assert (row["view"], row["photos"], row["photo_ids"]) == ("combined", 2, "f;l")
    assert row["flags"] == "blurred;missing_view"
    assert row["pigmented_percent"] == pytest.approx((40 * 3 + 10) / 4)


def test_an_oblique_view_beside_the_front_is_not_single() -> None:
    views = [face_view(view, area=40.0) for view in ("front", "left45", "right45")]
    outcomes = [
        ended(str(i), dataclasses.replace(m, flags=flags))
        for i, ((m, _), flags) in enumerate(
            zip(views, ((), ("single_oblique_view",), ("single_oblique_view",)), strict=True)
        )
    ]
    rows = {str(i): r for i, (_, r) in enumerate(views)}
    whole = pool_visit(outcomes, {"subject": "S", "visit": "V"}, rows, wing="face", manifest={})
    assert whole["flags"] == ""
    alone = pool_visit(outcomes[1:], {"subject": "S", "visit": "V"}, rows, wing="face", manifest={})
    assert alone["flags"] == "missing_view;single_oblique_view"
    assert math.isnan(float(str(alone["masi"])))


def test_crops_of_one_visit_are_listed_and_not_pooled() -> None:
    crop, rows = face_view("patch", area=40.0)
    row = pool_visit(
        [ended("a", crop)], {"subject": "S", "visit": "V"}, {"a": rows}, wing="face", manifest={}
    )
    assert (row["photos"], row["photo_ids"], row["flags"]) == (1, "a", "blurred")
    assert "masi" not in row


def test_a_visit_without_any_score_keeps_its_row() -> None:
    row = pool_visit(
        [ended("a", Failure("x", "y", "z"))], {"subject": "S"}, {}, wing="hair", manifest={}
    )
    assert (row["subject"], row["photos"], row["photos_failed"]) == ("S", 0, 1)
    assert "hair_count" not in row


def test_photos_without_subject_and_visit_are_in_no_visit() -> None:
    outcomes = [ended(name, measured()) for name in "abcd"]
    manifest = {
        "a": {"subject": "2", "visit": "V1", "site": "vertex"},
        "b": {"subject": "1", "visit": "V1", "site": "vertex"},
        "c": {"subject": "2", "visit": "V1", "site": "vertex"},
        "d": {"subject": "2"},
    }
    groups = group_visits(outcomes, manifest)
    assert [[o.photo_id for o in group] for _, group in groups] == [["b"], ["a", "c"]]


def test_of_replicates_of_one_field_the_first_that_was_scored_is_pooled() -> None:
    failed = ended("a1", Failure("x", "y", "z"))
    outcomes = [failed, *(ended(name, measured()) for name in ("a2", "a3", "b"))]
    manifest = {
        name: {"field": name[0]} | ({"replicate": name[1:]} if name[1:] else {})
        for name in ("a1", "a2", "a3", "b")
    }
    row = pool_visit(outcomes, {}, {}, wing="hair", manifest=manifest)
    assert (row["photos"], row["photo_ids"], row["photos_failed"]) == (2, "a2;b", 1)
    assert "repeated_view" in str(row["flags"])
    del manifest["a2"]["replicate"], manifest["a3"]["replicate"]
    assert pool_visit(outcomes, {}, {}, wing="hair", manifest=manifest)["photos"] == 3


def test_each_kind_of_light_is_a_row_of_its_own_and_an_empty_cell_is_one_too() -> None:
    visit = {"subject": "S", "visit": "V"}
    kinds = {"a": "uv", "b": "standard", "c": "", "d": "uv"}
    manifest = {name: visit | ({"modality": m} if m else {}) for name, m in kinds.items()}
    groups = group_visits([ended(name, measured()) for name in kinds], manifest)
    rows = [pool_visit(outcomes, cells, {}, wing="hair", manifest={}) for cells, outcomes in groups]
    found = [(row["modality"], row["photo_ids"]) for row in rows]
    assert found == [("", "c"), ("standard", "b"), ("uv", "a;d")]
