"""A sample scored again is equal to the ledger, and what is not is found."""

from __future__ import annotations

import sqlite3
from pathlib import Path

import fake_wing
import numpy as np
import pytest

from imaging.errors import UsageError
from imaging.study.batch import BatchOptions, run_batch
from imaging.study.verify import Replay, replay_sample


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for seed in range(5):
        fake_wing.make_photo(tmp_path / "in" / f"{seed}.png", seed=seed)
    manifest = tmp_path / "m.csv"
    manifest.write_text("photo,px_per_mm\n1.png,50\n")
    options = BatchOptions(wing=fake_wing.TARGET, engine="serial", manifest=manifest)
    run_batch([tmp_path / "in"], tmp_path / "out", options)
    return tmp_path / "out"


def replay(out: Path, *, sample: int = 5, seed: int = 1) -> dict[str, Replay]:
    rng = np.random.default_rng(seed)
    replays = replay_sample(out, sample=sample, rng=rng, jobs=1, target=fake_wing.TARGET)
    return {replay.photo_id: replay for replay in replays}


def test_an_untouched_study_is_equal_in_every_number(out: Path) -> None:
    replays = replay(out)
    assert len(replays) == 5
    assert all(r.is_equal and r.numbers > 40 for r in replays.values())


def test_the_sample_is_chosen_by_the_seed(out: Path) -> None:
    assert list(replay(out, sample=2)) == list(replay(out, sample=2))
    assert len(replay(out, sample=2)) == 2
    with pytest.raises(UsageError):
        replay(out, sample=0)


def test_a_number_changed_in_the_ledger_is_found(out: Path) -> None:
    connection = sqlite3.connect(out / "dermetry.sqlite")
    with connection:
        connection.execute(
            "UPDATE photos SET result = replace(result, '\\\"hair_count\\\": ', "
            "'\\\"hair_count\\\": 1') WHERE photo_id = '2.png'"
        )
    connection.close()
    replays = replay(out)
    assert [name for name, r in replays.items() if not r.is_equal] == ["2.png"]
    assert replays["2.png"].differences[0].startswith("hair_count: ")


def test_a_study_that_was_moved_is_found_where_it_was_scored_last(out: Path) -> None:
    moved = (out.parent / "in").rename(out.parent / "moved")
    options = BatchOptions(fake_wing.TARGET, engine="serial", manifest=out.parent / "m.csv")
    assert run_batch([moved], out, options).reused == 5
    assert all(replayed.is_equal for replayed in replay(out).values())


def test_a_changed_or_missing_photo_and_another_algorithm_are_found(
    out: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    photos = out.parent / "in"
    fake_wing.make_photo(photos / "1.png", seed=50)
    (photos / "3.png").unlink()
    replays = replay(out)
    assert replays["1.png"].differences[0].startswith("sha256: ")
    assert "cannot be read" in replays["3.png"].differences[0]
    assert replays["0.png"].is_equal
    monkeypatch.setenv("FAKE_VERSION", "fake-2")
    assert replay(out)["0.png"].differences == (
        "algorithm_version: 'fake-1' in the ledger, 'fake-2' now",
    )
