"""Truth tables have the columns of a score and say the same as the scene."""

import csv
import io
import json
from dataclasses import replace

import numpy as np
import pytest

from imaging.records import Hair, columns_of
from imaging.settings import HairSettings
from imaging.synthetic.scalp import PRESETS, make_scalp
from imaging.synthetic.truth import (
    TRUTH_COLUMNS,
    counting_frame,
    truth_counts,
    truth_csv,
    truth_rows,
)


@pytest.fixture(scope="module")
def scene():
    spec = replace(PRESETS["clipped_light_skin"], width_px=640, height_px=480)
    return make_scalp(spec, rng=np.random.default_rng(11))


def test_columns_are_those_of_the_hair_table_and_the_visible_share():
    hair_columns = tuple(c.name for c in columns_of(Hair))
    assert set(hair_columns) <= set(TRUTH_COLUMNS)
    assert TRUTH_COLUMNS[: 1 + len(hair_columns)] == ("photo_id", *hair_columns)
    assert "visible" in TRUTH_COLUMNS


def test_the_default_guard_is_that_of_the_settings(scene):
    assert truth_counts(scene)["guard_mm"] == HairSettings().guard_margin_mm


def test_rows_survive_the_file(scene):
    rows = truth_rows(scene, photo_id="a.jpg")
    read = list(csv.DictReader(io.StringIO(truth_csv(rows))))
    assert len(read) == len(scene.hairs)
    for row, hair in zip(read, scene.hairs, strict=True):
        path = np.array(json.loads(row["path_px"]))
        assert path[0] == pytest.approx(hair.root, abs=0.006)
        assert path[-1] == pytest.approx(hair.tip, abs=0.006)
        assert float(row["root_x_px"]) == pytest.approx(hair.root[0], abs=0.006)
        assert row["kind"] == ("terminal" if hair.diameter_um >= 40 else "vellus")
        length = np.hypot(*np.diff(path, axis=0).T).sum() / scene.px_per_mm
        assert length == pytest.approx(float(row["length_mm"]), rel=0.01)


def test_counts_agree_with_the_rows(scene):
    rows, counts = truth_rows(scene, photo_id="a.jpg"), truth_counts(scene)
    counted = [row for row in rows if row["counted"]]
    assert counts["hair_count"] == len(counted) > 0
    assert counts["vellus_count"] == sum(row["kind"] == "vellus" for row in counted)
    assert counts["hair_density_per_cm2"] == pytest.approx(
        len(counted) / counts["frame_area_cm2"], rel=1e-4
    )


def test_hairs_under_others_are_counted_but_not_seen():
    spec = replace(PRESETS["long_crossing"], width_px=640, height_px=480)
    crowded = make_scalp(spec, rng=np.random.default_rng(2))
    path = crowded.hairs[0].path_px
    twins = [replace(crowded.hairs[0], hair_id=k, path_px=path) for k in (1, 2)]
    scene = make_scalp(spec, rng=np.random.default_rng(2), hairs=twins)
    assert scene.hairs[0].uncovered < 0.1
    assert scene.hairs[1].uncovered == 1.0
    counts = truth_counts(crowded)
    assert counts["seen_count"] <= counts["hair_count"]


def test_a_wider_guard_counts_fewer_hairs_on_a_smaller_area(scene):
    narrow, wide = truth_counts(scene, guard_mm=0.1), truth_counts(scene, guard_mm=0.6)
    assert wide["hair_count"] < narrow["hair_count"]
    assert wide["frame_area_cm2"] < narrow["frame_area_cm2"]


def test_the_frame_is_the_photograph_less_the_guard(scene):
    frame = counting_frame(scene, guard_mm=0.2)
    margin = int(0.2 * scene.px_per_mm)
    assert not frame[: margin - 1].any()
    assert frame[margin + 1 : -margin - 1, margin + 1 : -margin - 1].all()


def test_no_hair_gives_a_table_with_a_header_only():
    spec = replace(PRESETS["bare_skin"], width_px=200, height_px=160)
    empty = make_scalp(spec, rng=np.random.default_rng(0))
    text = truth_csv(truth_rows(empty, photo_id="b.jpg"))
    assert text.splitlines() == [",".join(TRUTH_COLUMNS)]
    assert truth_counts(empty)["mean_diameter_um"] is None
