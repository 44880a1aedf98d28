"""Locked settings: any other is refused, and the ledger tells what was done after the lock."""

from __future__ import annotations

import datetime
import re
import tomllib
from pathlib import Path

import fake_wing
import pytest
import tomli_w

from imaging.cli.app import run_command
from imaging.errors import SettingsError
from imaging.settings import (
    EffectiveSettings,
    Settings,
    digest,
    effective_settings,
    result_values,
    settings_digest,
)
from imaging.study.batch import BatchOptions, run_batch
from imaging.study.locking import Lock, lock_document, lock_text, obey, read_lock

NOW = datetime.datetime(2026, 3, 4, 5, 6, tzinfo=datetime.UTC)
AT_30 = effective_settings([("--set", {"hair.terminal_cutoff_um": 30.0})])


def text_of(settings: Settings = AT_30.settings, reason: str = "protocol 2.1") -> str:
    return lock_text(settings, reason=reason, now=NOW)


def lock(text: str | None = None) -> Lock:
    return read_lock((text or text_of()).encode(), origin="lock.toml")


def test_a_lock_gives_back_the_settings_that_it_was_made_of() -> None:
    found = lock()
    assert found.settings == AT_30.settings
    assert found.digests["hair"] == settings_digest(AT_30.settings, "hair")
    assert (found.reason, found.locked_at) == ("protocol 2.1", "2026-03-04T05:06:00+00:00")


def test_a_run_under_a_lock_takes_its_settings_from_it() -> None:
    obeyed = obey(lock(), EffectiveSettings(), wing="hair")
    assert obeyed.settings.hair.terminal_cutoff_um == 30.0
    assert obeyed.origin("hair.terminal_cutoff_um") == "lock.toml"


def test_the_same_value_and_what_changes_no_number_may_be_asked_for() -> None:
    same = effective_settings(
        [("--set", {"hair.terminal_cutoff_um": 30.0, "face.anonymise": True})]
    )
    assert obey(lock(), same, wing="face").settings.face.anonymise


def test_any_other_value_is_refused_with_both_values() -> None:
    other = effective_settings([("--set", {"hair.terminal_cutoff_um": 40.0})])
    with pytest.raises(SettingsError, match=r"terminal_cutoff_um = 40\.0 \(locked: 30\.0\)"):
        obey(lock(), other, wing="hair")


@pytest.mark.parametrize(
    ("pattern", "new", "part"),
    [
        (r"terminal_cutoff_um = 30\.0", "terminal_cutoff_um = 31.0", "was changed after"),
        (r"terminal_cutoff_um = 30\.0\n", "", "was changed after"),
        (r"protocol 2\.1", "protocol 9", "was changed after"),
        (r"(?s)\[provenance\].*", "", "is no lock file"),
        (r"(?s)\[provenance\.lock\.digests\].*", "", "is a broken lock file"),
    ],
)
def test_a_lock_that_somebody_changed_is_refused(pattern: str, new: str, part: str) -> None:
    changed = re.sub(pattern, new, text_of())
    with pytest.raises(SettingsError, match=part):
        lock(changed)


def test_another_version_of_the_algorithm_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    found = lock()
    monkeypatch.setattr("imaging.hair.score.ALGORITHM_VERSION", "99")
    with pytest.raises(SettingsError, match="this is 99"):
        obey(found, EffectiveSettings(), wing="hair")


def test_a_lock_holds_the_settings_and_the_algorithm_of_a_follow_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    chosen = effective_settings([("--set", {"followup.missing_share": 0.7})])
    found = lock(text_of(chosen.settings))
    obeyed = obey(found, EffectiveSettings(), wing="hair", is_followup=True)
    assert obeyed.settings.followup.missing_share == 0.7
    other = effective_settings([("--set", {"followup.missing_share": 1.0})])
    with pytest.raises(SettingsError, match=r"missing_share = 1\.0 \(locked: 0\.7\)"):
        obey(found, other, wing="hair", is_followup=True)
    monkeypatch.setattr("imaging.hair.followup.ALGORITHM_VERSION", "99")
    with pytest.raises(SettingsError, match="algorithm of the hair follow-up; this is 99"):
        obey(found, chosen, wing="hair", is_followup=True)
    assert obey(found, other, wing="hair").settings.hair == chosen.settings.hair


def test_a_lock_of_an_earlier_version_holds_for_scores_and_for_no_follow_up() -> None:
    document = lock_document(AT_30.settings, reason="protocol 2.1", now=NOW)
    del document["followup"]
    told = document["provenance"]["lock"]
    del told["followup_versions"], told["lock_digest"]
    values = result_values(AT_30.settings, "hair") | result_values(AT_30.settings, "face")
    told["lock_digest"] = digest([values, told])
    found = lock(tomli_w.dumps(document))
    assert obey(found, EffectiveSettings(), wing="hair").settings.hair.terminal_cutoff_um == 30.0
    with pytest.raises(SettingsError, match="not the settings of a follow-up"):
        obey(found, EffectiveSettings(), wing="hair", is_followup=True)


def test_a_lock_needs_a_reason() -> None:
    with pytest.raises(SettingsError, match="needs a reason"):
        text_of(reason="  ")


def test_the_ledger_tells_what_was_run_after_the_lock(tmp_path: Path) -> None:
    fake_wing.make_photo(tmp_path / "in" / "a.png")
    out = tmp_path / "out"

    def run(effective: EffectiveSettings, under: Lock | None) -> dict:
        options = BatchOptions(fake_wing.TARGET, effective=effective, engine="serial", lock=under)
        run_batch([tmp_path / "in"], out, options)
        return tomllib.loads((out / "run.toml").read_text())["provenance"]

    found = lock()
    locked = run(obey(found, EffectiveSettings(), wing="hair"), found)
    assert locked["lock"]["lock_digest"] == found.lock_digest
    assert "was obeyed" in locked["lock_history"][0]
    free = run(EffectiveSettings(), None)
    assert free["lock"]["lock_digest"] == ""
    assert "the last one is not, and has other settings" in free["lock_history"][0]
    assert "has other settings" in (out / "report.html").read_text()
    again = run(obey(found, EffectiveSettings(), wing="hair"), found)
    assert "1 runs after the first lock obeyed none." in again["lock_history"]


def test_the_commands_lock_and_refuse(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fake_wing.make_photo(tmp_path / "in" / "a.png")
    path = tmp_path / "trial.toml"
    making = ["config", "lock", str(path), "--reason", "protocol 2.1"]
    assert run_command(making) == 0
    assert run_command(making) == 2
    assert "not overwritten" in capsys.readouterr().err
    scoring = ["hair", str(tmp_path / "in"), "--out", str(tmp_path / "out"), "--locked", str(path)]
    assert run_command([*scoring, "--set", "hair.unit_link_mm=0.2"]) == 2
    assert "unit_link_mm = 0.2 (locked: 0.3)" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()
    assert run_command([*scoring, "--dry-run"]) == 0
    fake_wing.make_photo(tmp_path / "in" / "b.png")
    pair = [str(tmp_path / "in" / name) for name in ("a.png", "b.png")]
    comparing = ["followup", "hair", *pair, *scoring[2:]]
    assert run_command([*comparing, "--set", "followup.missing_share=1"]) == 2
    assert "followup.missing_share = 1.0 (locked: " in capsys.readouterr().err
    assert run_command([*comparing, "--dry-run"]) == 0
