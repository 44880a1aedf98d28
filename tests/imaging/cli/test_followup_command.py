"""`dermetry followup` from the command line to the tables, pictures and exit codes."""

from __future__ import annotations

import csv
import json
import shutil
import tomllib
from pathlib import Path

import pytest

from imaging.cli.app import run_command

CROPS = Path(__file__).parents[3] / "sample_images" / "face_patches"


@pytest.fixture
def crops(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that compares crops of tmp_path serially into ``out``."""
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name, crop in (("before", "skin_large_patch"), ("later", "skin_light_patches")):
        shutil.copy(CROPS / f"{crop}.jpg", f"{name}.jpg")

    def run(*words: str) -> int:
        return run_command(
            ["followup", "face", *words, "--patch", "--out", "out", "--engine", "serial"]
        )

    return run


def rows_of(table: str) -> list[dict[str, str]]:
    with Path("out", f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_two_photos_are_scored_and_compared(crops, capsys) -> None:
    assert crops("before.jpg", "later.jpg", "--days", "84") == 0
    (row,) = rows_of("followup")
    assert (row["baseline_id"], row["followup_id"]) == ("before.jpg", "later.jpg")
    assert row["days"] == "84"
    scores = {row["photo_id"]: float(row["pigmented_percent"]) for row in rows_of("results")}
    step = scores["later.jpg"] - scores["before.jpg"]
    assert float(row["pigmented_percent_change"]) == pytest.approx(step)
    assert step < 0
    assert Path("out/comparisons/later.jpg.jpg").is_file()
    assert "1 pair: 1 compared" in capsys.readouterr().err


def test_run_toml_repeats_the_run_with_the_settings_of_the_follow_up(crops) -> None:
    assert crops("before.jpg", "later.jpg", "--set", "followup.face_laser_days=10") == 0
    document = tomllib.loads(Path("out/run.toml").read_text())
    assert document["followup"]["face_laser_days"] == 10
    assert document["provenance"]["counts"]["compared"] == 1
    assert crops("before.jpg", "later.jpg", "--config", "out/run.toml") == 0


def test_json_gives_photos_and_pairs(crops, capsys) -> None:
    assert crops("before.jpg", "later.jpg", "--json", "--quiet") == 0
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert ["followup_id" in line for line in lines] == [False, False, True]
    assert lines[2]["mmasi_change"] is None


def test_a_dry_run_names_the_pairs_and_writes_nothing(crops, capsys) -> None:
    assert crops("before.jpg", "later.jpg", "--dry-run") == 0
    assert capsys.readouterr().out == "before.jpg\tlater.jpg\n"
    assert not Path("out").exists()


def test_a_photo_that_cannot_be_paired_gives_exit_3_and_a_row(crops) -> None:
    text = "photo,subject,visit\nbefore.jpg,s,1\nlater.jpg,t,1\n"
    Path("m.csv").write_text(text, encoding="utf-8")
    assert crops("before.jpg", "later.jpg", "--manifest", "m.csv") == 3
    assert [row["code"] for row in rows_of("failures")] == ["one_visit", "one_visit"]


def test_strict_gives_5_when_a_pair_is_flagged(crops) -> None:
    assert crops("before.jpg", "later.jpg", "--strict") == 5


@pytest.mark.parametrize(
    "words",
    [
        ("before.jpg",),
        ("before.jpg", "missing.jpg"),
        ("before.jpg", "later.jpg", "--baseline", "week 0"),
        ("before.jpg", "later.jpg", "--days", "-3"),
    ],
)
def test_wrong_usage_gives_2_and_writes_nothing(crops, words) -> None:
    assert crops(*words) == 2
    assert not Path("out").exists()
