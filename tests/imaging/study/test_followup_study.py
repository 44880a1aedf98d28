"""A follow-up run: photos scored, pairs compared, resumed, told; by a wing that sees nothing."""

from __future__ import annotations

import csv
import os
import signal
from pathlib import Path

import fake_wing
import pytest

from imaging.errors import ManifestError, UsageError
from imaging.settings import EffectiveSettings, Settings, replace_values
from imaging.study.batch import BatchOptions, run_batch
from imaging.study.followup import FollowupOptions, SilentPairObserver, plan_followup, run_followup
from imaging.study.outputs import write_outputs
from imaging.study.report import write_report
from imaging.study.store import open_for_reading
from imaging.study.wings import load_wing


class Watcher(SilentPairObserver):
    def __init__(self) -> None:
        self.compared_pairs: list[str] = []

    def compared(self, outcome) -> None:
        self.compared_pairs.append(outcome.row.followup_id)


@pytest.fixture
def study(tmp_path):
    """Two subjects in two arms with three visits."""
    lines = ["photo,subject,visit,visit_date,arm"]
    for subject, arm in (("s1", "A"), ("s2", "B")):
        for k, month in enumerate(("m0", "m6", "m12_worse")):
            name = f"{subject}_{month}.png"
            fake_wing.make_photo(tmp_path / "in" / name, seed=len(lines))
            lines.append(f"{name},{subject},{month},2025-0{1 + 4 * k}-01,{arm}")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    return tmp_path


def options(study: Path | None = None, **batch) -> FollowupOptions:
    own = {name: batch.pop(name) for name in ("baseline", "days") if name in batch}
    manifest = None if study is None else study / "manifest.csv"
    return FollowupOptions(
        BatchOptions(fake_wing.TARGET, manifest=manifest, engine="serial", **batch), **own
    )


def rows(folder: Path, table: str) -> list[dict[str, str]]:
    with (folder / "out" / f"{table}.csv").open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def run(study: Path, *, observer=None, **batch):
    return run_followup([study / "in"], study / "out", options(study, **batch), observer=observer)


def test_every_later_visit_is_compared_and_told_in_the_tables(study) -> None:
    summary = run(study)
    assert (summary.pairs.pairs, summary.pairs.compared, summary.pairs.refused) == (4, 4, 0)
    found = rows(study, "followup")
    assert [(row["subject"], row["visit_followup"], row["days"]) for row in found] == [
        ("s1", "m6", "120"),
        ("s1", "m12_worse", "243"),
        ("s2", "m6", "120"),
        ("s2", "m12_worse", "243"),
    ]
    assert found[0]["flags"] == "survival_early"
    assert len(rows(study, "matches")) == 12
    last = rows(study, "attrition")[-1]
    assert (last["arm"], last["visit"], last["followed"], last["present"]) == (
        "(all)",
        "m12_worse",
        "6",
        "2",
    )
    assert (study / "out" / "comparisons" / "s1_m6.png.jpg").is_file()


def test_the_same_command_again_compares_nothing(study) -> None:
    run(study)
    before = (study / "out" / "followup.csv").read_bytes()
    watcher = Watcher()
    summary = run(study, observer=watcher)
    assert (summary.reused, watcher.compared_pairs) == (4, [])
    assert (study / "out" / "followup.csv").read_bytes() == before


def test_a_plain_run_into_the_folder_leaves_no_tables_of_an_earlier_comparison(study) -> None:
    run(study)
    run_batch([study / "in"], study / "out", options(study).batch)
    left = {path.name for path in (study / "out").glob("*.csv")}
    assert "results.csv" in left
    assert not left & {"followup.csv", "matches.csv", "region_changes.csv", "attrition.csv"}


def test_a_study_that_was_moved_takes_a_further_visit(study) -> None:
    run(study)
    moved = (study / "in").rename(study / "moved")
    fake_wing.make_photo(moved / "s1_m24.png", seed=20)
    with (study / "manifest.csv").open("a") as file:
        file.write("s1_m24.png,s1,m24,2027-01-01,A\n")
    summary = run_followup([moved], study / "out", options(study))
    assert (summary.reused, summary.pairs.compared, summary.pairs.pairs_failed) == (4, 5, 0)


def test_a_changed_plan_compares_that_pair_again(study) -> None:
    run(study)
    path = study / "manifest.csv"
    path.write_text(
        path.read_text().replace("s2_m6.png,s2,m6,2025-05-01", "s2_m6.png,s2,m6,2025-05-02")
    )
    watcher = Watcher()
    run(study, observer=watcher)
    assert watcher.compared_pairs == ["s2_m6.png"]


def test_a_changed_setting_of_the_follow_up_scores_no_photo_again_but_compares_all(study) -> None:
    run(study)
    settings = replace_values(Settings(), {"followup.early_days": 100})
    summary = run(study, effective=EffectiveSettings(settings, {"followup.early_days": "--set"}))
    assert (summary.photos.reused, summary.reused) == (6, 0)
    assert rows(study, "followup")[0]["flags"] == ""


def test_a_stopped_comparison_leaves_no_report_that_contradicts_its_tables(study) -> None:
    class Stopper(SilentPairObserver):
        def compared(self, outcome) -> None:
            os.kill(os.getpid(), signal.SIGINT)

    run(study)
    assert run(study, is_fresh=True, observer=Stopper()).is_interrupted
    assert len(rows(study, "followup")) == 1
    assert not (study / "out" / "report.html").exists()
    assert not run(study).is_interrupted
    assert (study / "out" / "report.html").is_file()


def test_a_missing_picture_and_fresh_compare_again(study) -> None:
    run(study)
    (study / "out" / "comparisons" / "s1_m6.png.jpg").unlink()
    watcher = Watcher()
    run(study, observer=watcher)
    assert watcher.compared_pairs == ["s1_m6.png"]
    assert run(study, is_fresh=True).reused == 0


def test_pairs_drawn_with_other_settings_are_drawn_again(
    study, monkeypatch: pytest.MonkeyPatch
) -> None:
    run(study)
    monkeypatch.setattr("imaging.study.followup.drawing_digest", lambda effective, wing: "other")
    assert run(study).reused == 0
    assert run(study).reused == 4


@pytest.mark.slow
def test_workers_give_the_same_tables_as_one_process(study) -> None:
    run(study)
    serial = {t: (study / "out" / f"{t}.csv").read_bytes() for t in ("followup", "matches")}
    run_followup(
        [study / "in"],
        study / "other",
        FollowupOptions(
            BatchOptions(
                fake_wing.TARGET, manifest=study / "manifest.csv", engine="process", jobs=2
            )
        ),
    )
    for table, content in serial.items():
        assert (study / "other" / f"{table}.csv").read_bytes() == content


def test_export_and_report_rebuild_the_same_from_the_ledger(study) -> None:
    run(study)
    out = study / "out"
    names = ("followup.csv", "matches.csv", "attrition.csv", "failures.csv", "report.html")
    before = {name: (out / name).read_bytes() for name in names}
    for name in names:
        (out / name).unlink()
    with open_for_reading(out) as ledger:
        write_outputs(out, ledger, load_wing(fake_wing.TARGET))
    write_report(out)
    assert {name: (out / name).read_bytes() for name in names} == before


def two_photos(folder: Path, first: str = "a.png", second: str = "b.png") -> list[Path]:
    paths = [folder / "in" / first, folder / "in" / second]
    for seed, path in enumerate(paths):
        fake_wing.make_photo(path, seed=seed)
    return paths


def test_two_photos_are_a_pair(tmp_path) -> None:
    paths = two_photos(tmp_path)
    run_followup(paths, tmp_path / "out", options(days=3.0))
    (row,) = rows(tmp_path, "followup")
    assert (row["baseline_id"], row["followup_id"], row["days"]) == ("a.png", "b.png", "3")


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("foreign.png", "pair_refused"),
        ("buggypair.png", "bug"),
        ("unreadable.png", "no_score"),
    ],
)
def test_a_pair_that_cannot_be_compared_is_a_row_and_not_the_end(tmp_path, name, code) -> None:
    summary = run_followup(two_photos(tmp_path, second=name), tmp_path / "out", options())
    assert not rows(tmp_path, "followup")
    assert code in [row["code"] for row in rows(tmp_path, "failures")]
    assert summary.pairs.compared == 0
    assert summary.pairs.pairs_failed + summary.pairs.refused == 1


@pytest.mark.slow
def test_a_pair_that_kills_its_worker_is_a_failure(tmp_path) -> None:
    paths = two_photos(tmp_path, second="deadlypair.png")
    batch = BatchOptions(fake_wing.TARGET, engine="process", jobs=1)
    summary = run_followup(paths, tmp_path / "out", FollowupOptions(batch))
    assert summary.photos.counts.scored == 2
    assert [row["code"] for row in rows(tmp_path, "failures")] == ["worker_died"]


def test_two_folders_are_paired_by_path(tmp_path) -> None:
    for folder in ("old", "new"):
        fake_wing.make_photo(tmp_path / folder / "s1" / "1.png", seed=1)
    fake_wing.make_photo(tmp_path / "old" / "2.png", seed=2)
    summary = run_followup([tmp_path / "old", tmp_path / "new"], tmp_path / "out", options())
    assert [row["followup_id"] for row in rows(tmp_path, "followup")] == ["new/s1/1.png"]
    assert summary.pairs.refused == 1


def test_residents_are_taken_from_the_preoperative_photo_by_area(tmp_path) -> None:
    lines = ["photo,subject,visit,visit_role,px_per_mm"]
    for k, role in enumerate(("preop", "postop", "followup")):
        fake_wing.make_photo(tmp_path / "in" / f"{role}.png", seed=k)
        lines.append(f"{role}.png,s,{k},{role},50")
    (tmp_path / "manifest.csv").write_text("\n".join(lines) + "\n")
    run(tmp_path)
    (row,) = rows(tmp_path, "followup")
    assert "resident_from_preop" in row["flags"]
    with open_for_reading(tmp_path / "out") as ledger:
        counts = {o.photo_id: o.result.values["hair_count"] for o in ledger.outcomes()}
    # All photos have one size and scale: the baseline's area holds what the photo before held.
    assert float(row["hairs_implanted"]) == pytest.approx(counts["preop.png"])


@pytest.mark.parametrize("names", [("a.png",), ("a.png", "b.png", "c.png")])
def test_without_visits_two_paths_are_needed(tmp_path, names) -> None:
    for name in names:
        fake_wing.make_photo(tmp_path / name)
    with pytest.raises(UsageError, match="paths were named"):
        plan_followup([tmp_path / name for name in names], options())


def test_a_photo_and_a_folder_are_no_pair(tmp_path) -> None:
    fake_wing.make_photo(tmp_path / "a.png")
    fake_wing.make_photo(tmp_path / "f" / "b.png")
    with pytest.raises(UsageError, match="folder"):
        plan_followup([tmp_path / "a.png", tmp_path / "f"], options())


def test_folders_inside_each_other_are_no_pair(tmp_path) -> None:
    fake_wing.make_photo(tmp_path / "f" / "g" / "b.png")
    with pytest.raises(UsageError, match="in each other"):
        plan_followup([tmp_path / "f", tmp_path / "f" / "g"], options())


def test_a_baseline_without_a_manifest_is_wrong_usage(tmp_path) -> None:
    with pytest.raises(UsageError, match="--baseline"):
        plan_followup(two_photos(tmp_path), options(baseline="week 0"))


def test_a_graft_map_that_is_not_there_ends_the_run_before_the_first_photo(study) -> None:
    path = study / "manifest.csv"
    lines = path.read_text().splitlines()
    path.write_text("\n".join([lines[0] + ",graft_map", *(f"{x},g.csv" for x in lines[1:])]) + "\n")
    with pytest.raises(ManifestError, match="graft map"):
        run(study)
    assert not (study / "out").exists()


def test_a_blind_report_names_no_subject_arm_or_visit(study) -> None:
    run(study, is_blind=True)
    page = (study / "out" / "report.html").read_text(encoding="utf-8")
    assert "Follow-up" in page
    assert not [word for word in ("s1", "s2", "m12_worse", "m6") if f">{word}" in page]
    assert "Attrition" not in page


def test_names_from_the_manifest_are_escaped_in_the_report(study) -> None:
    path = study / "manifest.csv"
    path.write_text(path.read_text().replace(",s1,", ",<b>s1</b>,"))
    run(study)
    page = (study / "out" / "report.html").read_text(encoding="utf-8")
    assert "&lt;b&gt;s1&lt;/b&gt;" in page
    assert "<b>s1" not in page
