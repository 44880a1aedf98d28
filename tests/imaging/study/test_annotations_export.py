"""Results written as COCO and GeoJSON come back as the same references."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import fake_wing
import numpy as np
import pytest

from imaging.cli.app import run_command
from imaging.errors import LedgerError
from imaging.records import Hair, Unit
from imaging.records.outcome import Measured, Outcome, Provenance
from imaging.study.annotations_export import export_coco, export_geojson
from imaging.study.batch import BatchOptions, run_batch
from imaging.study.packing import pack_rows
from imaging.study.references import read_references
from imaging.study.run_record import RunRecord
from imaging.study.store import open_for_reading, open_for_writing

HAIRS = (
    Hair(1, 1, 10.0, 20.0, 30.5, 24.0, ((10.0, 20.0), (20.0, 23.0), (30.5, 24.0)), 0.2, 60.0,
         "terminal", True, 0.9),
    Hair(2, 0, 5.0, 6.0, 8.0, 9.0, ((5.0, 6.0), (8.0, 9.0)), 0.1, float("nan"), "", False, 0.7),
)  # fmt: skip


def ledger_of(folder: Path, wing: str, values: dict, tables: dict, pictures: tuple = ()) -> None:
    result = Measured(
        60, 40, (), "s", values, {k: pack_rows(v) for k, v in tables.items()}, pictures
    )
    record = RunRecord(wing, {}, {}, "s", "", "1", photos=1)
    with open_for_writing(folder, wing) as ledger:
        run = ledger.begin_run(record, done=[], manifest={})
        outcome = Outcome(Provenance("a/p.jpg", "x", "s", "i", "", "1"), "/p", 0.1, result)
        ledger.record(run, outcome, inputs={})


def exported(folder: Path) -> list[Path]:
    with open_for_reading(folder) as ledger:
        return [export_coco(folder, ledger), *export_geojson(folder, ledger)]


def test_hairs_come_back_as_they_were_written(tmp_path: Path) -> None:
    tables = {"hairs": HAIRS, "units": (Unit(1, 10.0, 20.0, 1, True),)}
    ledger_of(tmp_path, "hair", {"px_per_mm": 100.0}, tables)
    for path in exported(tmp_path):
        found = read_references([path], ["a/p.jpg"])
        reference = found.by_photo["a/p.jpg"]
        assert found.kind == "hairs"
        assert reference.ends.tolist() == [[10, 20, 30.5, 24], [5, 6, 8, 9]]
        assert reference.size_px == (60, 40)


def test_lesions_come_back_pixel_for_pixel(tmp_path: Path) -> None:
    pigment = np.zeros((40, 60), np.uint8)
    cv2.circle(pigment, (30, 20), 12, 255, -1)
    cv2.circle(pigment, (30, 20), 4, 0, -1)
    regions = np.zeros((40, 60), np.uint8)
    regions[:, 10:50] = 2
    (tmp_path / "masks" / "a").mkdir(parents=True)
    names = ("masks/a/p.jpg_regions.png", "masks/a/p.jpg_pigment.png")
    for name, pixels in zip(names, (regions, pigment), strict=True):
        cv2.imwrite(str(tmp_path / name), pixels)
    ledger_of(tmp_path, "face", {"view": "front"}, {}, names)
    labels = ["right_malar", "forehead", "left_malar", "chin", "other"]
    for path in exported(tmp_path):
        found = read_references([path], ["a/p.jpg"], not_counted=labels).by_photo["a/p.jpg"]
        assert np.array_equal(found.mask((40, 60)), pigment > 0), path.name


def test_without_masks_a_face_cannot_be_exported(tmp_path: Path) -> None:
    ledger_of(tmp_path, "face", {"view": "front"}, {})
    with pytest.raises(LedgerError, match="holds no masks") as caught:
        exported(tmp_path)
    assert "--masks" in caught.value.remedy


def test_the_command_writes_what_qupath_and_cvat_open(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_wing.make_photo(tmp_path / "in" / "a.png")
    fake = BatchOptions(fake_wing.TARGET, engine="serial")
    run_batch([tmp_path / "in"], tmp_path / "out", fake)
    assert run_command(["export", str(tmp_path / "out"), "--coco", "--geojson"]) == 0
    assert "coco.json" in capsys.readouterr().out
    document = json.loads((tmp_path / "out" / "coco.json").read_text())
    assert [i["file_name"] for i in document["images"]] == ["a.png"]
    assert len({a["id"] for a in document["annotations"]}) == 4  # three hairs and a unit
    collection = json.loads((tmp_path / "out" / "geojson" / "a.png.geojson").read_text())
    kinds = [f["properties"]["classification"]["name"] for f in collection["features"]]
    assert kinds == ["hair", "hair", "hair", "follicular unit"]
    assert all(f["properties"]["objectType"] == "annotation" for f in collection["features"])


def features_of(folder: Path) -> list[dict]:
    document = json.loads(exported(folder)[1].read_text())
    return document["features"]


def test_measurements_are_numbers_of_the_same_names_and_texts_are_metadata(tmp_path: Path) -> None:
    """QuPath refuses a file with a text among its measurements, napari one with a number less."""
    ledger_of(tmp_path, "hair", {"px_per_mm": 100.0}, {"hairs": HAIRS})
    properties = [feature["properties"] for feature in features_of(tmp_path)]
    names = [[m["name"] for m in each["measurements"]] for each in properties]
    assert names[0] == names[1]
    assert [m["value"] for m in properties[1]["measurements"] if m["name"] == "diameter_um"] == [
        "NaN"
    ]
    values = [float(m["value"]) for each in properties for m in each["measurements"]]
    assert len(values) == 2 * len(names[0]) > 0
    assert properties[0]["metadata"]["kind"] == "terminal"


def export_of_pigment(folder: Path, pigment: np.ndarray) -> None:
    (folder / "masks" / "a").mkdir(parents=True)
    names = ("masks/a/p.jpg_regions.png", "masks/a/p.jpg_pigment.png")
    for name, pixels in zip(names, (np.zeros((40, 60), np.uint8), pigment), strict=True):
        cv2.imwrite(str(folder / name), pixels)
    ledger_of(folder, "face", {"view": "front"}, {}, names)


def test_each_lesion_is_a_polygon_with_its_own_area(tmp_path: Path) -> None:
    """The reader of napari knows no polygons of several parts."""
    pigment = np.zeros((40, 60), np.uint8)
    pigment[5:8, 5:9] = pigment[20:22, 30:33] = 255
    export_of_pigment(tmp_path, pigment)
    features = features_of(tmp_path)
    assert [f["geometry"]["type"] for f in features] == ["Polygon", "Polygon"]
    areas = [f["properties"]["measurements"] for f in features]
    assert areas == [[{"name": "area_px", "value": n}] for n in (12, 6)]


def test_a_hole_longer_than_the_outer_ring_stays_a_hole(tmp_path: Path) -> None:
    pigment = np.full((40, 60), 255, np.uint8)
    pigment[2, 2:58] = 0
    pigment[2:38, 2:58:2] = 0
    export_of_pigment(tmp_path, pigment)
    (feature,) = [f for f in features_of(tmp_path) if len(f["geometry"]["coordinates"]) > 1]
    outer, hole = feature["geometry"]["coordinates"]
    assert len(hole) > len(outer)
    assert np.min(outer) == 0.0


def test_every_annotation_of_coco_has_an_area_to_draw(tmp_path: Path) -> None:
    tables = {"hairs": HAIRS, "units": (Unit(1, 10.0, 20.0, 1, True),)}
    ledger_of(tmp_path, "hair", {"px_per_mm": 100.0}, tables)
    document = json.loads(exported(tmp_path)[0].read_text())
    unit = document["annotations"][-1]
    assert unit["segmentation"] == [[9.5, 19.5, 10.5, 19.5, 10.5, 20.5, 9.5, 20.5]]
    assert all(annotation["segmentation"] for annotation in document["annotations"])
