"""The command as a person meets it: help, version, exit codes, and one sentence per error."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from imaging import __version__
from imaging.cli import folder
from imaging.cli.app import run_command
from imaging.errors import PhotoError

FAKE = Path(__file__).parent.parent / "study" / "run_fake.py"


def command(*arguments: str | Path, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "imaging", *map(str, arguments)],
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        cwd=cwd,
    )


def test_the_version_is_told() -> None:
    done = command("--version")
    assert (done.returncode, done.stdout) == (0, f"dermetry {__version__}\n")


@pytest.mark.parametrize(
    "group", [[], ["hair"], ["face"], ["config"], ["models"], ["verify"], ["synth", "face"]]
)
def test_help_ends_well(group: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([*group, "--help"]) == 0
    assert "Usage" in capsys.readouterr().out


def test_the_command_starts_without_anything_numeric() -> None:
    code = (
        "import sys; from imaging.cli.app import app; "
        "print([m for m in ('numpy', 'cv2', 'pandas', 'torch', 'sqlalchemy', 'PIL', 'jinja2')"
        " if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["nonsense"], "No such command"),
        (["hair", "x.jpg"], "--out"),
        (["hair", "x.jpg", "--out", "o", "--jobs", "many"], "--jobs"),
        (["hair", "x.jpg", "--out", "o", "--jobs", "0"], "--jobs 0"),
        (["hair", "absent.jpg", "--out", "o"], "absent.jpg does not exist"),
        (["hair", ".", "--out", "o"], "never written to"),
        (["hair", "x.jpg", "--out", "o", "--px-per-mm", "-3"], "--px-per-mm -3"),
        (["hair", "x.jpg", "--out", "o", "--px-per-mm", "nan"], "--px-per-mm nan"),
        (["hair", "x.jpg", "--out", "o", "--px-per-mm", "3", "--field-width-mm", "8"], "both"),
        (["hair", "x.jpg", "--out", "o", "--set", "hair.terminal_cutof_um=3"], "Did you mean"),
        (["hair", "x.jpg", "--out", "o", "--set", "hair.terminal_cutoff_um"], "group.name=value"),
        (["hair", "x.jpg", "--out", "o", "--config", "absent.toml"], "absent.toml"),
        (["hair", "x.jpg", "--out", "o", "--field", "round"], "--field"),
        (["export", "absent"], "holds no dermetry.sqlite"),
        (["verify", "absent", "--jobs", "0"], "--jobs 0"),
        (["verify", "absent"], "holds no dermetry.sqlite"),
        (["report", "absent"], "holds no dermetry.sqlite"),
    ],
)
def test_wrong_usage_is_told_and_ends_with_2(
    arguments: list[str],
    part: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run_command(arguments) == 2
    told = capsys.readouterr()
    assert part in told.err
    assert told.out == ""
    assert "Traceback" not in told.err
    assert list(tmp_path.iterdir()) == []


def test_nothing_typed_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command([]) == 2
    told = capsys.readouterr()
    assert "Usage" in told.out + told.err


def test_a_bug_is_one_sentence_and_a_traceback_in_a_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def break_down(path: Path) -> None:
        raise ZeroDivisionError("by our own hand")

    monkeypatch.setattr("imaging.study.store.open_for_reading", break_down)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert run_command(["export", "somewhere"]) == 1
    told = capsys.readouterr().err
    assert "ZeroDivisionError: by our own hand" in told
    assert "Traceback" not in told
    (written,) = tmp_path.iterdir()
    assert str(written) in told
    assert "break_down" in written.read_text()


def test_an_interrupt_anywhere_ends_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def interrupt(path: Path) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("imaging.study.store.open_for_reading", interrupt)
    assert run_command(["export", "somewhere"]) == 130
    assert "Run the same command again" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    code = (
        "import os, sys; from imaging.cli.app import run_command; "
        "code = run_command(['config', 'show', '--json']); os._exit(code)"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait() == 0
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()


def test_verify_ends_with_the_code_of_failed_photos(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from imaging.study import verify

    for differences, code in (((), 0), (("hair_count: 3 in the ledger, 4 now",), 3)):
        replays = [verify.Replay("a.jpg", 30, differences)]
        monkeypatch.setattr(verify, "replay_sample", lambda *a, replays=replays, **k: replays)
        assert run_command(["verify", str(tmp_path)]) == code
    told = capsys.readouterr()
    assert "a.jpg: hair_count: 3 in the ledger, 4 now" in told.out
    assert "30 numbers compared: all equal." in told.err
    assert PhotoError.exit_code == 3
    assert callable(folder.verify_folder)
