"""`dermetry hair` with a wing that costs nothing: exit codes, streams, precedence of settings."""

from __future__ import annotations

import csv
import dataclasses
import json
import sys
import tomllib
from pathlib import Path

import pytest

STUDY_TESTS = Path(__file__).parent.parent / "study"


@pytest.fixture
def hair(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that runs the command on the fake wing, serially, in tmp_path."""
    monkeypatch.syspath_prepend(str(STUDY_TESTS))
    import fake_wing

    import imaging.cli.hair as hair_command
    from imaging.cli.app import run_command

    score_photos = hair_command.score_photos
    monkeypatch.setattr(
        hair_command,
        "score_photos",
        lambda request: score_photos(dataclasses.replace(request, wing=fake_wing.TARGET)),
    )
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"):
        monkeypatch.setenv(name, "1")

    def run(*names: str, options: tuple[str, ...] = ()) -> int:
        for seed, name in enumerate(names):
            fake_wing.make_photo(tmp_path / "in" / name, seed=seed)
        return run_command(["hair", "in", "--out", "out", "--engine", "serial", *options])

    return run


def test_all_scored_is_0_and_the_summary_is_for_people(
    hair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hair("a.png", "b.png") == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "2 photos: 2 scored, 0 failed, 0 flagged." in told.err
    assert "results.csv" in told.err


def test_some_failed_is_3_also_with_strict(hair, capsys: pytest.CaptureFixture[str]) -> None:
    assert hair("a.png", "buggy.png", "blurred.png", options=("--strict",)) == 3
    assert "1 failed, 1 flagged" in capsys.readouterr().err


def test_some_flagged_is_5_with_strict_and_0_without(hair) -> None:
    assert hair("blurred.png", options=("--strict",)) == 5
    assert hair() == 0


def test_missing_weights_are_4(hair, capsys: pytest.CaptureFixture[str]) -> None:
    assert hair("weightless.png") == 4
    assert "The weights are missing." in capsys.readouterr().err


def test_a_wrong_manifest_is_2_and_names_all_problems(
    hair, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("m.csv").write_text("photo,view\na.png,up\nz.png,front\n")
    assert hair("a.png", options=("--manifest", "m.csv")) == 2
    told = capsys.readouterr().err
    assert "'up'" in told
    assert "'z.png'" in told
    assert not Path("out").exists()


def test_json_prints_a_line_per_photo_and_nothing_else(
    hair, capsys: pytest.CaptureFixture[str]
) -> None:
    assert hair("b.png", "a.png", "buggy.png", options=("--json", "--quiet")) == 3
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert [row["photo_id"] for row in rows] == ["a.png", "b.png", "buggy.png"]
    assert rows[0]["hair_density_per_cm2"] is None
    assert rows[2]["code"] == "bug"
    assert told.err == ""


def test_a_dry_run_lists_what_is_pending(hair, capsys: pytest.CaptureFixture[str]) -> None:
    assert hair("a.png", "b.png", options=("--dry-run",)) == 0
    told = capsys.readouterr()
    assert told.out.split() == ["a.png", "b.png"]
    assert "Nothing was written" in told.err
    assert not Path("out").exists()


def test_named_options_beat_set_and_set_beats_the_file(hair) -> None:
    Path("c.toml").write_text(
        "[hair]\nterminal_cutoff_um = 20\nguard_margin_mm = 0.1\nfield = 'full'\n"
    )
    options = ("--config", "c.toml", "--set", "hair.terminal_cutoff_um=30", "--field", "circle")
    assert hair("a.png", options=(*options, "--px-per-mm", "170")) == 0
    document = tomllib.loads(Path("out/run.toml").read_text())
    assert document["hair"]["terminal_cutoff_um"] == 30
    assert document["hair"]["guard_margin_mm"] == 0.1
    assert document["hair"]["field"] == "circle"
    origins = document["provenance"]["origins"]
    assert [origins[f"hair.{n}"] for n in ("terminal_cutoff_um", "guard_margin_mm", "field")] == [
        "--set",
        "c.toml",
        "--field",
    ]
    with Path("out/results.csv").open() as file:
        (row,) = csv.DictReader(file)
    assert (row["px_per_mm"], row["scale_source"]) == ("170", "command_line")


def test_the_progress_bar_counts_failed_and_flagged(
    hair, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "160")
    assert hair("a.png", "buggy.png", "blurred.png") == 3
    told = capsys.readouterr().err
    assert "3/3" in told
    assert "1 failed" in told
    assert "1 flagged" in told
