"""`dermetry config`: shown, written, checked."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imaging.cli.app import run_command
from imaging.cli.config import default_toml
from imaging.settings import (
    Settings,
    all_declarations,
    effective_settings,
    parse_toml,
)


def test_every_setting_is_shown_with_value_origin_and_reason(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "c.toml").write_text("[hair]\nterminal_cutoff_um = 30\nguard_margin_mm = 0.3\n")
    arguments = ["--config", str(tmp_path / "c.toml"), "--set", "hair.guard_margin_mm=0.5"]
    assert run_command(["config", "show", "--json", *arguments]) == 0
    rows = {row["name"]: row for row in json.loads(capsys.readouterr().out)}
    assert list(rows) == list(all_declarations())
    assert rows["hair.terminal_cutoff_um"]["value"] == 30
    assert rows["hair.terminal_cutoff_um"]["origin"].endswith("c.toml")
    assert (rows["hair.guard_margin_mm"]["value"], rows["hair.guard_margin_mm"]["origin"]) == (
        0.5,
        "--set",
    )
    assert all(row["reason"] and row["stage"] for row in rows.values())
    assert run_command(["config", "show"]) == 0
    assert "hair.unit_link_mm" in capsys.readouterr().out


def test_the_written_file_is_valid_and_changes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.toml"
    assert run_command(["config", "init", str(path)]) == 0
    values = parse_toml(path.read_bytes(), origin="c.toml")
    assert list(values) == list(all_declarations())
    assert effective_settings([("c.toml", values)]).settings == Settings()
    assert run_command(["config", "check", str(path)]) == 0
    assert "0 of them not at the default" in capsys.readouterr().err
    assert max(map(len, default_toml().splitlines())) <= 160


def test_an_existing_file_is_not_overwritten(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "c.toml"
    path.write_text("mine")
    assert run_command(["config", "init", str(path)]) == 2
    assert "not overwritten" in capsys.readouterr().err
    assert path.read_text() == "mine"
    assert run_command(["config", "init", str(tmp_path / "absent" / "c.toml")]) == 2


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[hair]\nterminal_cutof_um = 30\n", "hair.terminal_cutoff_um"),
        ("[hair]\nterminal_cutoff_um = 3000\n", "outside its range"),
        ("[hair]\nterminal_cutoff_um = 'thick'\n", "should be a number"),
        ("[hair]\nterminal_cutoff_um = 1" + "0" * 400, "should be a finite number"),
        ("[hair]\nterminal_cutoff_um = 1" + "0" * 5000, "not valid TOML"),
        ("[face]\nanonymise = 0x" + "f" * 5000, "a number of thousands of digits should be true"),
        ("[face]\ndarkness_1_delta_l = 9\n", "below face.darkness_1_delta_l = 9"),
        ("[hair]\nsegmenter = 'nope'\n", "There is no hair segmenter 'nope'"),
        ("[face]\nsegmenter = 'nope'\n", "There is no face segmenter 'nope'"),
        ("[hair\n", "not valid TOML"),
        ("terminal_cutoff_um = 30\n", "outside a table"),
    ],
)
def test_a_wrong_file_is_told_and_ends_with_2(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, part: str
) -> None:
    (tmp_path / "c.toml").write_text(text)
    assert run_command(["config", "check", str(tmp_path / "c.toml")]) == 2
    assert part in capsys.readouterr().err


@pytest.mark.parametrize("wing", ["hair", "face"])
def test_a_segmenter_that_does_not_exist_is_not_locked(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], wing: str
) -> None:
    path = tmp_path / "trial.toml"
    making = ["config", "lock", str(path), "--reason", "protocol 2.1"]
    assert run_command([*making, "--set", f"{wing}.segmenter=nope"]) == 2
    assert f"There is no {wing} segmenter 'nope'" in capsys.readouterr().err
    assert not path.exists()


def test_what_a_file_changes_is_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "c.toml").write_text("[hair]\nterminal_cutoff_um = 30\nunit_link_mm = 0.3\n")
    assert run_command(["config", "check", str(tmp_path / "c.toml")]) == 0
    assert capsys.readouterr().out == "hair.terminal_cutoff_um = 30.0 (default 40.0)\n"
