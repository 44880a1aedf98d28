"""The ledger: what it refuses, what it survives, and that it gives back what it was given."""

from __future__ import annotations

import math
import os
import resource
import sqlite3
import subprocess
import sys
import zlib
from dataclasses import replace
from pathlib import Path

import fake_wing
import pytest

from imaging.errors import LedgerError, OutputError
from imaging.records import CutoffSplit
from imaging.records.outcome import Failure, Measured, Outcome, Provenance
from imaging.study.packing import pack_rows, unpack_rows
from imaging.study.run_record import RunRecord
from imaging.study.store import open_for_reading, open_for_writing

RUN = RunRecord(
    wing="hair",
    settings={"hair.terminal_cutoff_um": 30.0},
    origins={"hair.terminal_cutoff_um": "--set"},
    settings_digest="s",
    weights_digest="",
    algorithm_version="1",
    manifest_columns=("arm",),
    photos=3,
)


def outcome(photo_id: str, **changes: object) -> Outcome:
    result = Measured(
        width_px=4,
        height_px=3,
        flags=("blurred",),
        segmenter="ridges",
        values={"hair_count": 7, "mean_length_mm": math.nan, "scale_source": "näme"},
        tables={"cutoffs": pack_rows([CutoffSplit(20.0, 3, 4, 1 / 3)])},
        pictures=("overlays/x.jpg",),
    )
    whole = Outcome(Provenance(photo_id, "sha", "s", "i", "", "1"), "/in/x", 0.25, result)
    return replace(whole, **changes)


def test_what_was_recorded_comes_back_sorted_and_unchanged(tmp_path: Path) -> None:
    lost = outcome("c", result=Failure("truncated", "Its end is missing.", "Copy it again."))
    odd = outcome("b", path=os.fsdecode(b"/in/\xff.jpg"))
    with open_for_writing(tmp_path, "hair") as ledger:
        run_id = ledger.begin_run(RUN, done=[], manifest={"a": {"arm": "verum"}})
        for ended in (lost, odd, outcome("a")):
            ledger.record(run_id, ended, inputs={"view": None})
    with open_for_reading(tmp_path) as ledger:
        assert ledger.last_run() == RUN
        assert ledger.manifest() == {"a": {"arm": "verum"}}
        first, second, third = ledger.outcomes()
        assert [first.photo_id, second.photo_id, third] == ["a", "b", lost]
        assert second.path == odd.path
        assert isinstance(first.result, Measured)
        assert first.result.values["hair_count"] == 7
        assert math.isnan(first.result.values["mean_length_mm"])  # type: ignore[arg-type]
        (_, rows), _ = ledger.table_rows("cutoffs")
        assert rows[0]["vellus_percent"] == 1 / 3
        assert dict(ledger.inputs())["a"] == {"view": None}


def test_a_photo_scored_again_replaces_itself_with_its_tables(tmp_path: Path) -> None:
    with open_for_writing(tmp_path, "hair") as ledger:
        run_id = ledger.begin_run(RUN, done=[], manifest={})
        ledger.record(run_id, outcome("a"), inputs={})
        ledger.record(run_id, outcome("a", result=Failure("c", "m", "r")), inputs={})
        assert list(ledger.table_rows("cutoffs")) == []
        assert len(list(ledger.outcomes())) == 1


def test_a_table_of_many_rows_is_packed_small_and_exactly(tmp_path: Path) -> None:
    rows = [CutoffSplit(n / 3, n, 0, math.nan) for n in range(500)]
    packed = pack_rows(rows)
    assert len(packed) < 12_000
    assert [row["cutoff_um"] for row in unpack_rows(packed)] == [n / 3 for n in range(500)]
    assert unpack_rows(pack_rows([])) == []
    with pytest.raises(ValueError, match="inf"):
        pack_rows([CutoffSplit(math.inf, 1, 1, 1.0)])


@pytest.mark.parametrize(
    "packed",
    [b"\0\x11\x22", *(zlib.compress(text) for text in (b"{", b"[1]", b'{"a": 1}', b"\xff"))],
)
def test_a_damaged_table_in_a_ledger_is_told(tmp_path: Path, packed: bytes) -> None:
    ended = outcome("a")
    damaged = replace(ended.result, tables={"cutoffs": packed})
    with open_for_writing(tmp_path, "hair") as ledger:
        run_id = ledger.begin_run(RUN, done=[], manifest={})
        ledger.record(run_id, replace(ended, result=damaged), inputs={})
        with pytest.raises(LedgerError, match="table in the ledger is damaged"):
            list(ledger.table_rows("cutoffs"))


def test_only_one_writes_and_a_lock_ends_with_its_holder(tmp_path: Path) -> None:
    with (
        open_for_writing(tmp_path, "hair"),
        pytest.raises(LedgerError, match="Another process is writing"),
    ):
        open_for_writing(tmp_path, "hair")
    open_for_writing(tmp_path, "hair").close()


def test_a_reader_does_not_wait_for_the_writer(tmp_path: Path) -> None:
    with open_for_writing(tmp_path, "hair") as ledger:
        run_id = ledger.begin_run(RUN, done=[], manifest={})
        ledger.record(run_id, outcome("a"), inputs={})
        with open_for_reading(tmp_path) as reader:
            assert [o.photo_id for o in reader.outcomes()] == ["a"]
        ledger.record(run_id, outcome("b"), inputs={})


def test_a_ledger_of_the_other_wing_is_refused(tmp_path: Path) -> None:
    open_for_writing(tmp_path, "face").close()
    with pytest.raises(LedgerError, match="belongs to a face run"):
        open_for_writing(tmp_path, "hair")
    open_for_writing(tmp_path, "face").close()


def change(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    "statement",
    ["CREATE TABLE songs (title TEXT)", "CREATE TABLE meta (colour TEXT)"],
)
def test_a_database_of_another_program_is_refused(tmp_path: Path, statement: str) -> None:
    change(tmp_path / "dermetry.sqlite", statement)
    before = (tmp_path / "dermetry.sqlite").read_bytes()
    for is_writer in (True, False):
        with pytest.raises(LedgerError, match="not written by Dermetry"):
            open_for_writing(tmp_path, "hair") if is_writer else open_for_reading(tmp_path)
    assert (tmp_path / "dermetry.sqlite").read_bytes() == before


def test_a_ledger_of_a_later_version_is_refused(tmp_path: Path) -> None:
    open_for_writing(tmp_path, "hair").close()
    change(tmp_path / "dermetry.sqlite", "UPDATE meta SET value='99' WHERE key='schema_version'")
    with pytest.raises(LedgerError, match="version 99"):
        open_for_writing(tmp_path, "hair")


def test_a_damaged_ledger_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "dermetry.sqlite"
    path.write_text("This is no database, whatever its name says. " * 30)
    with pytest.raises(LedgerError, match="damaged"):
        open_for_reading(tmp_path)
    path.unlink()
    with open_for_writing(tmp_path, "hair") as ledger:
        run_id = ledger.begin_run(RUN, done=[], manifest={})
        for number in range(200):
            ledger.record(run_id, outcome(f"{number}"), inputs={})
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 9000] = os.urandom(9000)
    path.write_bytes(content)
    with pytest.raises(LedgerError, match="damaged"):
        open_for_writing(tmp_path, "hair")


def test_a_folder_without_a_ledger_or_run_says_so(tmp_path: Path) -> None:
    with pytest.raises(LedgerError, match="holds no"):
        open_for_reading(tmp_path)
    open_for_writing(tmp_path, "hair").close()
    with (
        open_for_reading(tmp_path) as ledger,
        pytest.raises(LedgerError, match="holds no run"),
    ):
        ledger.last_run()


def test_a_full_disk_ends_the_run_with_a_sentence_and_loses_nothing(tmp_path: Path) -> None:
    # A limit on the size of files stands in for a disk that is full.
    for number in range(30):
        fake_wing.make_photo(tmp_path / "in" / f"{number:02}.png", seed=number)
    script = Path(__file__).with_name("run_fake.py")
    command = [sys.executable, str(script), "hair", str(tmp_path / "in")]
    command += ["--out", str(tmp_path / "out"), "--engine", "serial"]

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (60_000, 60_000))

    done = subprocess.run(
        command, preexec_fn=limit, capture_output=True, text=True, check=False, encoding="utf-8"
    )
    assert done.returncode == 2, done.stderr
    assert "cannot be written" in done.stderr
    assert "Traceback" not in done.stderr
    with open_for_reading(tmp_path / "out") as ledger:
        kept = len(list(ledger.outcomes()))
    assert 0 < kept < 30
    done = subprocess.run(command, capture_output=True, text=True, check=False, encoding="utf-8")
    assert done.returncode == 0
    assert f"({kept} of them before)" in done.stderr


def test_a_ledger_that_cannot_grow_or_be_opened_is_an_output_error(tmp_path: Path) -> None:
    (tmp_path / "dermetry.sqlite").mkdir()
    with pytest.raises(OutputError, match="cannot be opened"):
        open_for_writing(tmp_path, "hair")
