"""Runs killed and interrupted for real: everything finished is kept, nothing is measured twice."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import fake_wing
import pytest

from imaging.errors import LedgerError
from imaging.study.batch import BatchOptions, run_batch
from imaging.study.store import open_for_reading, open_for_writing

PHOTOS = 14
pytestmark = pytest.mark.slow

COMMAND = [sys.executable, str(Path(__file__).with_name("run_fake.py")), "hair"]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for seed in range(PHOTOS):
        fake_wing.make_photo(folder / f"slow {seed:02}.png", seed=seed)
    return folder


def start(photos: Path, out: Path, *more: str) -> subprocess.Popen[str]:
    command = [*COMMAND, str(photos), "--out", str(out), "--jobs", "2", *more]
    return subprocess.Popen(
        command, stderr=subprocess.PIPE, text=True, encoding="utf-8", start_new_session=True
    )


def finished(out: Path) -> int:
    try:
        with open_for_reading(out) as ledger:
            return sum(1 for _ in ledger.outcomes())
    except LedgerError:
        return 0


def wait_for(out: Path, count: int) -> None:
    deadline = time.monotonic() + 60
    while finished(out) < count:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return [{**row, "seconds": ""} for row in csv.DictReader(file)]


def assert_equal_outputs(out: Path, expected: Path) -> None:
    for name in ("results.csv", "hairs.csv", "units.csv", "cutoffs.csv", "failures.csv"):
        assert rows(out / name) == rows(expected / name)
    pictures = sorted((out / "overlays").iterdir())
    assert [p.name for p in pictures] == [p.name for p in sorted((expected / "overlays").iterdir())]
    assert all(p.read_bytes() == (expected / "overlays" / p.name).read_bytes() for p in pictures)


def test_a_run_killed_again_and_again_ends_like_one_that_was_not(photos: Path) -> None:
    out, expected = photos.parent / "out", photos.parent / "expected"
    run_batch([photos], expected, BatchOptions(wing=fake_wing.TARGET, engine="serial"))
    for count in (1, 4, 8):
        process = start(photos, out)
        wait_for(out, count)
        process.kill()
        process.communicate()
        assert finished(out) < PHOTOS
    process = start(photos, out)
    _, told = process.communicate()
    assert process.returncode == 0, told
    assert "of them before" in told
    assert_equal_outputs(out, expected)


@pytest.mark.parametrize(("engine", "times"), [("process", 1), ("process", 2), ("serial", 2)])
def test_ctrl_c_keeps_what_is_finished_and_says_how_to_go_on(
    photos: Path, engine: str, times: int
) -> None:
    out = photos.parent / "out"
    process = start(photos, out, "--engine", engine)
    wait_for(out, 3)
    for _ in range(times):
        # To the whole group, as a terminal does.
        os.killpg(process.pid, signal.SIGINT)
    _, told = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Run the same command again" in told
    assert "Traceback" not in told
    kept = finished(out)
    assert 3 <= kept < PHOTOS
    assert len(rows(out / "results.csv")) == kept


def test_a_second_process_that_writes_at_once_is_refused(photos: Path) -> None:
    out = photos.parent / "out"
    out.mkdir()
    with open_for_writing(out, "hair"):
        second = start(photos, out)
        _, told = second.communicate(timeout=60)
    assert second.returncode == 2
    assert "Another process is writing" in told
    assert finished(out) == 0
