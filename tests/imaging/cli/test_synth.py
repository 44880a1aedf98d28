"""`dermetry synth hair` writes photographs with their truth."""

import csv
import json

import pytest
from PIL import Image

from imaging.cli.app import run_command


def test_photographs_truth_and_manifest_are_written(tmp_path):
    out = tmp_path / "made"
    arguments = ["synth", "hair", "--preset", "low_resolution_117", "--count", "2", "--seed", "4"]
    assert run_command([*arguments, "--out", str(out)]) == 0
    with (out / "manifest.csv").open(newline="", encoding="utf-8") as file:
        manifest = list(csv.DictReader(file))
    assert [row["photo"] for row in manifest] == [
        "low_resolution_117_0004.jpg",
        "low_resolution_117_0005.jpg",
    ]
    assert {row["px_per_mm"] for row in manifest} == {"117"}
    for row in manifest:
        stem = row["photo"].removesuffix(".jpg")
        with Image.open(out / row["photo"]) as image:
            assert image.size == (1280, 960)
        counts = json.loads((out / f"{stem}_truth.json").read_text(encoding="utf-8"))
        with (out / f"{stem}_truth.csv").open(newline="", encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        assert counts["hair_count"] == sum(r["counted"] == "True" for r in rows) >= 40


@pytest.mark.parametrize("name", ["manifest.csv", "bare_skin_0001_truth.csv"])
def test_nothing_that_exists_is_overwritten(tmp_path, capsys, name):
    (tmp_path / name).write_text("mine")
    arguments = ["synth", "hair", "--preset", "bare_skin", "--count", "2", "--out", str(tmp_path)]
    assert run_command(arguments) == 2
    assert f"{name} exists and is not overwritten" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert (tmp_path / name).read_text() == "mine"


def test_a_wrong_preset_names_the_nearest(tmp_path, capsys):
    assert run_command(["synth", "hair", "--preset", "shavd", "--out", str(tmp_path)]) == 2
    assert "Did you mean shaved?" in capsys.readouterr().err


def test_presets_are_listed(capsys):
    assert run_command(["synth", "hair", "--list"]) == 0
    names = capsys.readouterr().out.split()
    assert {"shaved", "bare_skin", "long_crossing"} <= set(names)


def test_a_folder_is_needed(capsys):
    assert run_command(["synth", "hair"]) == 2
    assert "--out" in capsys.readouterr().err
