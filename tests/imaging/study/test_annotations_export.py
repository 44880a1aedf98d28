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
    (path,) = (folder / "geojson").rglob("*.geojson")
    return json.loads(path.read_text())["features"]


def test_measurements_are_numbers_with_the_same_names_for_every_hair(tmp_path: Path) -> None:
    """QuPath opens nothing of a file with a word among them, napari nothing with a gap."""
    ledger_of(tmp_path, "hair", {"px_per_mm": 100.0}, {"hairs": HAIRS})
    exported(tmp_path)
    first, second = (f["properties"] for f in features_of(tmp_path))
    named = [{m["name"]: m["value"] for m in p["measurements"]} for p in (first, second)]
    assert list(named[0]) == list(named[1])
    assert (named[0]["diameter_um"], named[1]["diameter_um"]) == (60.0, "NaN")
    assert all(float(value) is not None for own in named for value in own.values())
    assert first["metadata"] == {"kind": "terminal", "counted": "true"}
    assert second["metadata"] == {"kind": "", "counted": "false"}


def test_what_no_hair_has_is_no_measurement(tmp_path: Path) -> None:
    ledger_of(tmp_path, "hair", {"px_per_mm": float("nan")}, {"hairs": HAIRS[1:]})
    exported(tmp_path)
    (feature,) = features_of(tmp_path)
    assert "diameter_um" not in {m["name"] for m in feature["properties"]["measurements"]}


def test_every_coco_annotation_has_an_outline_about_its_place(tmp_path: Path) -> None:
    tables = {"hairs": HAIRS, "units": (Unit(1, 10.0, 20.0, 1, True),)}
    ledger_of(tmp_path, "hair", {"px_per_mm": 100.0}, tables)
    document = json.loads(exported(tmp_path)[0].read_text())
    for annotation in document["annotations"]:
        (outline,) = annotation["segmentation"]
        low, high = (
            np.min([outline[::2], outline[1::2]], 1),
            np.max([outline[::2], outline[1::2]], 1),
        )
        # Outline and box are rounded to hundredths, each by itself.
        assert annotation["bbox"] == pytest.approx([*low, *(high - low)], abs=0.02)


def test_parts_of_an_area_are_polygons_of_their_own_with_the_hole_second(tmp_path: Path) -> None:
    """The comb-shaped hole has more corners than the ring around it."""
    pigment = np.zeros((40, 60), np.uint8)
    pigment[2:30, 2:42] = 255
    for column in range(5, 39, 2):
        pigment[5:27, column] = 0
    pigment[26, 5:38] = 0
    pigment[34:38, 50:55] = 255
    (tmp_path / "masks" / "a").mkdir(parents=True)
    names = ("masks/a/p.jpg_regions.png", "masks/a/p.jpg_pigment.png")
    for name, pixels in zip(names, (np.zeros_like(pigment), pigment), strict=True):
        cv2.imwrite(str(tmp_path / name), pixels)
    ledger_of(tmp_path, "face", {"view": "front"}, {}, names)
    exported(tmp_path)
    large, small = features_of(tmp_path)
    assert {large["geometry"]["type"], small["geometry"]["type"]} == {"Polygon"}
    outer, hole = (np.array(ring) for ring in large["geometry"]["coordinates"])
    assert len(hole) > len(outer)
    assert (outer.min(), outer.max()) == (2.0, 42.0)
    areas = [f["properties"]["measurements"][0]["value"] for f in (large, small)]
    assert areas == [int((pigment[:, :45] > 0).sum()), 20]
