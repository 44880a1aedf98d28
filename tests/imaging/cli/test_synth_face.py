"""`dermetry synth face`: painted faces with their truth beside them."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest

from imaging.cli.app import run_command

PORTRAIT = Path(__file__).parents[3] / "sample_images" / "face" / "astronaut_clear.jpg"


def test_a_painted_face_comes_with_its_mask_and_exact_scores(tmp_path: Path) -> None:
    options = ["--pattern", "malar", "--count", "2", "--seed", "4", "--out", str(tmp_path)]
    assert run_command(["synth", "face", str(PORTRAIT), *options]) == 0
    stem = "astronaut_clear_altered_malar_0004"
    # Photos stand alone in their folder: masks of truth are not to be scored as photos.
    assert sorted(path.name for path in (tmp_path / "photos").iterdir()) == [
        f"{stem}.png",
        "astronaut_clear_altered_malar_0005.png",
    ]
    assert (tmp_path / "truth" / f"{stem}_mask.png").is_file()
    truth = json.loads((tmp_path / "truth" / f"{stem}.json").read_text())
    assert truth["regions"]["left_malar"]["pigmented_percent"] > 5
    assert truth["regions"]["forehead"]["area_score"] == 0
    assert 0 < truth["mmasi"] <= 24
    with (tmp_path / "manifest.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [(row["photo"], row["seed"]) for row in rows] == [
        (f"{stem}.png", "4"),
        ("astronaut_clear_altered_malar_0005.png", "5"),
    ]


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("face", "manifest.csv"),
        ("face", "photos/astronaut_clear_altered_malar_0005.png"),
        ("face", "truth/astronaut_clear_altered_malar_0005_mask.png"),
        ("face-pairs", "manifest.csv"),
        ("face-pairs", "photos/astronaut_clear_altered_malar_0005_followup.png"),
        ("face-pairs", "truth/astronaut_clear_altered_malar_0005.json"),
    ],
)
def test_nothing_that_exists_is_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], command: str, name: str
) -> None:
    path = tmp_path / name
    path.parent.mkdir(exist_ok=True)
    path.write_text("mine")
    options = ["--pattern", "malar", "--count", "2", "--seed", "4", "--out", str(tmp_path)]
    assert run_command(["synth", command, str(PORTRAIT), *options]) == 2
    assert f"{path} exists and is not overwritten" in capsys.readouterr().err
    assert [found for found in tmp_path.rglob("*") if found.is_file()] == [path]
    assert path.read_text() == "mine"


def test_the_patterns_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["synth", "face", "--list"]) == 0
    assert "centrofacial: forehead 35 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--out", "made"], "A photo to paint on"),
        ([str(PORTRAIT)], "A photo to paint on"),
        ([str(PORTRAIT), "--out", "made", "--pattern", "nowhere"], "no pattern 'nowhere'"),
        (["absent.jpg", "--out", "made"], "absent.jpg does not exist"),
        ([str(PORTRAIT.parent), "--out", "made"], "is a folder"),
        (
            [str(PORTRAIT.parents[1] / "hair" / "bare_skin.jpg"), "--out", "made"],
            "No whole face was found",
        ),
    ],
)
def test_what_is_missing_or_unknown_is_said_and_nothing_written(
    arguments: list[str],
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(["synth", "face", *arguments]) == 2
    assert sentence in capsys.readouterr().err
    assert list(tmp_path.iterdir()) == []
