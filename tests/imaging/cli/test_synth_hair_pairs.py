"""`dermetry synth hair-pairs` writes visits that `dermetry followup hair` can read, with truth."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from imaging.cli.app import run_command
from imaging.study.manifest import read_manifest

KINDS = {"visits": 2, "growth": 2, "grafts": 3}


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.slow
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_its_photos_truth_and_manifest(tmp_path: Path, kind: str) -> None:
    arguments = ["--kind", kind, "--grafts", "10", "--seed", "3", "--out", str(tmp_path)]
    assert run_command(["synth", "hair-pairs", *arguments]) == 0
    listed = read_manifest(tmp_path / "manifest.csv").by_photo()
    assert len(listed) == KINDS[kind]
    assert all((tmp_path / "photos" / name).is_file() for name in listed)
    truth = read_rows(tmp_path / "truth" / f"{kind}_0003.csv")
    assert truth
    if kind == "grafts":
        placed = read_rows(tmp_path / "grafts_0003_grafts.csv")
        assert len(placed) == len(truth) == int(next(iter(listed.values()))["grafts_in_field"])


@pytest.mark.parametrize(
    "name",
    [
        "manifest.csv",
        pytest.param("photos/growth_0000_day0.jpg", marks=pytest.mark.slow),
    ],
)
def test_nothing_that_exists_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    assert run_command(["synth", "hair-pairs", "--kind", "growth", "--out", str(tmp_path)]) == 2
    assert f"{path} exists and is not overwritten" in capsys.readouterr().err
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]


def test_more_change_than_hairs_is_refused(tmp_path: Path) -> None:
    arguments = ["--lost", "0.8", "--new", "0.4", "--out", str(tmp_path)]
    assert run_command(["synth", "hair-pairs", *arguments]) == 2


def test_no_folder_is_a_usage_error() -> None:
    assert run_command(["synth", "hair-pairs"]) == 2
