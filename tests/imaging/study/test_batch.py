"""Folders scored: resumed without a digit changing, and never stopped by one photo."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
from pathlib import Path

import fake_wing
import pytest

from imaging.errors import LedgerError, ManifestError, ModelMissingError, NoPhotosError, UsageError
from imaging.records import PhotoInputs
from imaging.records.outcome import Outcome
from imaging.settings import EffectiveSettings, effective_settings, settings_digest
from imaging.study.batch import BatchOptions, SilentObserver, Summary, plan_batch, run_batch
from imaging.study.run_record import drawing_digest
from imaging.study.store import open_for_reading


def options(**changes: object) -> BatchOptions:
    return BatchOptions(**{"wing": fake_wing.TARGET, "engine": "serial", **changes})


def table(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def without_seconds(path: Path) -> list[dict[str, str]]:
    return [{k: v for k, v in row.items() if k != "seconds"} for row in table(path)]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "in"
    for seed, name in enumerate(("a.png", "sub/b.png", "c blurred.png", "d.png")):
        fake_wing.make_photo(folder / name, seed=seed)
    return folder


def run(photos: Path, **changes: object) -> Summary:
    return run_batch([photos], photos.parent / "out", options(**changes))


def settings(**values: object) -> EffectiveSettings:
    return effective_settings([("--set", {f"hair.{k}": v for k, v in values.items()})])


def test_every_photo_ends_as_a_score_or_as_a_failure(photos: Path) -> None:
    for name in ("buggy.png", "unreadable.png"):
        fake_wing.make_photo(photos / name)
    (photos / "text.jpg").write_text("no photo")
    summary = run(photos)
    out = photos.parent / "out"
    assert (summary.counts.photos, summary.counts.scored, summary.counts.failed) == (7, 4, 3)
    assert summary.counts.flagged == 1
    rows = table(out / "results.csv")
    assert [row["photo_id"] for row in rows] == ["a.png", "c blurred.png", "d.png", "sub/b.png"]
    failures = {row["photo_id"]: row for row in table(out / "failures.csv")}
    assert {name: row["code"] for name, row in failures.items()} == {
        "buggy.png": "bug",
        "unreadable.png": "nothing_readable",
        "text.jpg": "not_a_photo",
    }
    assert "ZeroDivisionError: a bug of the wing" in failures["buggy.png"]["message"]
    assert (out / "overlays/sub/b.png.jpg").is_file()
    assert (out / "report.html").is_file()
    assert not list(out.rglob(".dermetry-*"))


def test_a_second_run_scores_nothing_again_and_changes_no_byte_of_a_table(photos: Path) -> None:
    run(photos)
    out = photos.parent / "out"
    before = {path.name: path.read_bytes() for path in out.glob("*.csv")}
    summary = run(photos)
    assert summary.reused == 4
    assert {path.name: path.read_bytes() for path in out.glob("*.csv")} == before


def test_what_changes_a_number_makes_a_photo_pending_and_nothing_else_does(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(photos)
    out = photos.parent / "out"

    def pending(**changes: object) -> int:
        return len(plan_batch([photos], out, options(**changes)).pending)

    assert pending() == 0
    assert pending(engine="process", jobs=7, is_blind=True) == 0
    assert pending(effective=settings(terminal_cutoff_um=30)) == 4
    assert pending(inputs=PhotoInputs(px_per_mm=100.0)) == 4
    assert pending(is_fresh=True) == 4
    assert pending(with_masks=True) == 4
    (out / "overlays/d.png.jpg").unlink()
    assert pending() == 1
    fake_wing.make_photo(photos / "a.png", seed=99)
    assert pending() == 2
    monkeypatch.setenv("FAKE_VERSION", "fake-2")
    assert pending() == 4


def test_a_failure_is_never_done(photos: Path) -> None:
    (photos / "late.png").write_bytes(b"")
    assert run(photos).counts.failed == 1
    fake_wing.make_photo(photos / "late.png")
    summary = run(photos)
    assert (summary.reused, summary.counts.scored, summary.counts.failed) == (4, 5, 0)
    assert table(photos.parent / "out/failures.csv") == []


def test_no_picture_of_an_earlier_score_outlives_it(photos: Path) -> None:
    run(photos, with_masks=True)
    (photos / "a.png").write_bytes(b"")
    run(photos, is_fresh=True)
    out = photos.parent / "out"
    assert not (out / "overlays/a.png.jpg").exists()
    assert (out / "overlays/d.png.jpg").exists()
    assert not list((out / "masks").rglob("*.png"))


def test_settings_that_change_pictures_only_make_photos_pending_and_change_no_digest() -> None:
    covered = effective_settings([("--anonymise", {"face.anonymise": "true"})])
    plain = EffectiveSettings()
    assert settings_digest(covered.settings, "face") == settings_digest(plain.settings, "face")
    assert drawing_digest(covered, "face") != drawing_digest(plain, "face")
    assert drawing_digest(covered, "hair") == drawing_digest(plain, "hair")


def test_photos_drawn_with_other_settings_are_drawn_again(
    photos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(photos)
    monkeypatch.setattr("imaging.study.batch.drawing_digest", lambda effective, wing: "other")
    assert run(photos).reused == 0
    assert run(photos).reused == 4


def test_a_polygon_where_no_crops_are_scored_is_refused(photos: Path) -> None:
    manifest = photos.parent / "m.csv"
    manifest.write_text('photo,polygon_px\na.png,\nd.png,"0 0, 9 0, 9 9"\n')
    with pytest.raises(ManifestError, match=r"m\.csv, line 3: polygon_px .* no crops") as caught:
        run(photos, manifest=manifest)
    assert "--patch" in caught.value.remedy
    assert not (photos.parent / "out").exists()


class Stopper(SilentObserver):
    """A person who presses Ctrl-C when the first photo has come to its end."""

    def ended(self, outcome: Outcome) -> None:
        os.kill(os.getpid(), signal.SIGINT)


def test_a_stopped_run_leaves_no_report_that_contradicts_its_tables(photos: Path) -> None:
    run(photos)
    out = photos.parent / "out"
    assert (out / "report.html").is_file()
    again = options(inputs=PhotoInputs(px_per_mm=75.0))
    assert run_batch([photos], out, again, observer=Stopper()).is_interrupted
    assert [row["px_per_mm"] for row in table(out / "results.csv")] == ["75"]
    assert not (out / "report.html").exists()
    assert not run_batch([photos], out, again).is_interrupted
    assert (out / "report.html").is_file()


def test_a_dry_run_writes_nothing(photos: Path) -> None:
    out = photos.parent / "out"
    plan = plan_batch([photos], out, options())
    assert len(plan.pending) == 4
    assert not out.exists()


def test_masks_are_written_when_asked_for(photos: Path) -> None:
    run(photos, with_masks=True)
    assert (photos.parent / "out/masks/sub/b.png_hairs.png").is_file()
    assert len(plan_batch([photos], photos.parent / "out", options(with_masks=True)).pending) == 0


def test_tables_show_the_photos_of_the_last_run_and_the_ledger_keeps_the_others(
    photos: Path,
) -> None:
    run(photos)
    moved = photos.parent / "withdrawn.png"
    (photos / "a.png").rename(moved)
    summary = run(photos)
    assert (summary.counts.photos, summary.reused, summary.kept_besides) == (3, 3, 1)
    assert "a.png" not in (photos.parent / "out/results.csv").read_text()
    moved.rename(photos / "a.png")
    assert run(photos).reused == 4


def test_another_photo_with_the_name_of_a_scored_one_is_not_taken_for_it(photos: Path) -> None:
    run(photos)
    other = photos.parent / "other"
    fake_wing.make_photo(other / "a.png", seed=77)
    with pytest.raises(LedgerError, match="another photo"):
        run_batch([other], photos.parent / "out", options())
    assert run_batch([other], photos.parent / "out", options(is_fresh=True)).counts.scored == 1


def test_a_study_that_was_moved_as_it_is_stays_done(photos: Path) -> None:
    run(photos)
    moved = photos.rename(photos.with_name("moved"))
    out = photos.parent / "out"
    assert run_batch([moved], out, options()).reused == 4
    with open_for_reading(out) as ledger:
        places = {outcome.photo_id: outcome.path for outcome in ledger.outcomes()}
    assert places["sub/b.png"] == str(moved / "sub/b.png")


def test_the_manifest_gives_scales_columns_and_the_flag_of_unlisted_photos(photos: Path) -> None:
    manifest = photos.parent / "m.csv"
    manifest.write_text(
        "photo,subject,visit,px_per_mm,note\na.png,S1,V1,50,=1+1\nd.png,S1,V1,50,-3\n"
    )
    summary = run(photos, manifest=manifest, inputs=PhotoInputs(px_per_mm=10.0))
    assert summary.counts.flagged == 2
    rows = {row["photo_id"]: row for row in table(photos.parent / "out/results.csv")}
    assert (rows["a.png"]["px_per_mm"], rows["a.png"]["scale_source"]) == ("50", "manifest")
    assert rows["sub/b.png"]["px_per_mm"] == "10"
    assert rows["sub/b.png"]["flags"] == "not_in_manifest"
    assert rows["c blurred.png"]["flags"] == "blurred;not_in_manifest"
    assert [rows[name]["note"] for name in ("a.png", "d.png")] == ["'=1+1", "-3"]
    assert list(rows["a.png"])[-3:] == ["subject", "visit", "note"]
    assert len(table(photos.parent / "out/visits.csv")) == 1
    manifest.write_text("photo\na.png\nd.png\nsub/b.png\nc blurred.png\n")
    assert run(photos, manifest=manifest, inputs=PhotoInputs(px_per_mm=10.0)).counts.flagged == 1


def test_a_wrong_manifest_stops_the_run_before_anything_is_written(photos: Path) -> None:
    manifest = photos.parent / "m.csv"
    manifest.write_text("photo,view\na.png,left\n")
    with pytest.raises(ManifestError, match="left"):
        run(photos, manifest=manifest)
    assert not (photos.parent / "out").exists()


def test_input_and_output_folders_never_mix(photos: Path) -> None:
    with pytest.raises(UsageError, match="never written to"):
        run_batch([photos], photos / "out", options())
    with pytest.raises(UsageError, match="never written to"):
        run_batch([photos], photos, options())
    run(photos)
    with pytest.raises(UsageError):
        run_batch([photos.parent / "out" / "overlays"], photos.parent / "out", options())
    with pytest.raises(NoPhotosError):
        (photos.parent / "empty").mkdir()
        run_batch([photos.parent / "empty"], photos.parent / "out", options())


def test_a_folder_with_results_of_another_program_is_left_alone(photos: Path) -> None:
    out = photos.parent / "out"
    out.mkdir()
    (out / "results.csv").write_text("precious")
    with pytest.raises(LedgerError, match="nothing in it is overwritten"):
        run(photos)
    assert (out / "results.csv").read_text() == "precious"


def test_missing_weights_stop_the_run_and_keep_what_is_finished(photos: Path) -> None:
    fake_wing.make_photo(photos / "b weightless.png")
    with pytest.raises(ModelMissingError):
        run(photos)
    (photos / "b weightless.png").unlink()
    assert run(photos).reused == 1


def test_a_name_too_long_for_its_pictures_spoils_one_photo_only(photos: Path) -> None:
    fake_wing.make_photo(photos / ("n" * 250 + ".png"))
    summary = run(photos)
    assert (summary.counts.scored, summary.counts.failed) == (4, 1)
    assert table(photos.parent / "out/failures.csv")[0]["code"] == "name_too_long"


def test_the_ledger_is_enough_to_rebuild_all_tables(photos: Path) -> None:
    from imaging.study.outputs import write_outputs

    run(photos)
    out = photos.parent / "out"
    copy = photos.parent / "copy"
    copy.mkdir()
    shutil.copy(out / "dermetry.sqlite", copy)
    with open_for_reading(copy) as ledger:
        write_outputs(copy, ledger, fake_wing.make_wing())
    for path in copy.glob("*.csv"):
        assert path.read_bytes() == (out / path.name).read_bytes()
    assert (copy / "run.toml").read_bytes() == (out / "run.toml").read_bytes()


def test_both_engines_and_any_number_of_jobs_give_the_same_digits(photos: Path) -> None:
    tables = []
    for number, changes in enumerate(
        ({"engine": "serial"}, {"engine": "process", "jobs": 1}, {"engine": "process", "jobs": 3})
    ):
        out = photos.parent / f"out{number}"
        run_batch([photos], out, options(**changes))
        tables.append((without_seconds(out / "results.csv"), table(out / "hairs.csv")))
    assert tables[0] == tables[1] == tables[2]


def test_ndjson_has_the_names_of_the_table_and_null_for_unknown(photos: Path) -> None:
    from imaging.study.outputs import json_rows

    (photos / "empty.png").write_bytes(b"")
    run(photos)
    with open_for_reading(photos.parent / "out") as ledger:
        rows = [json.loads(json.dumps(r)) for r in json_rows(ledger, fake_wing.make_wing())]
    assert list(rows[0]) == list(table(photos.parent / "out/results.csv")[0])
    assert rows[0]["hair_density_per_cm2"] is None
    assert rows[-1]["code"] == "empty_file"
