"""Tuning from photos and references to a recommendation, on a wing whose truth is known."""

from __future__ import annotations

import csv
import math
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path

import fake_wing
import numpy as np
import psutil
import pytest
import threshold_wing

from imaging.errors import InterruptedRunError, NoPhotosError, TableError, UsageError
from imaging.photo.reading import read_photo
from imaging.settings import Settings, effective_settings, parse_toml, settings_digest
from imaging.study import tuning_run
from imaging.study.references import Reference, read_references
from imaging.study.tuning import Tuning, tune
from imaging.study.tuning_options import TuningOptions
from imaging.study.tuning_outputs import settings_document, verdict, write_tuning
from imaging.study.tuning_tables import stable_range
from imaging.study.tuning_tally import prepare

TRUE_THRESHOLD = 0.55
STEP = 0.05

Tuner = Callable[..., Tuning]


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    folder = tmp_path / "photos"
    for number in range(8):
        fake_wing.make_photo(folder / f"p{number}.png", seed=number)
    return folder


@pytest.fixture
def hairs(photos: Path, tmp_path: Path) -> Path:
    """Labels of all hairs that are at least so certain, and of some debris."""
    path = tmp_path / "hairs.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["photo", "label", "root_x_px", "root_y_px", "tip_x_px", "tip_y_px"])
        for photo in sorted(photos.iterdir()):
            for row in threshold_wing.hairs_of(photo.name):
                label = "hair" if row[4] >= TRUE_THRESHOLD else "abnormal"
                writer.writerow([photo.name, label, *row[:4]])
    return path


@pytest.fixture
def tuned(photos: Path, hairs: Path) -> Tuner:
    def run(
        *moves: str,
        references: Path = hairs,
        start: float = 0.2,
        others: dict[str, object] | None = None,
        **options: object,
    ) -> Tuning:
        values = {"hair.min_confidence": start} | (others or {})
        effective = effective_settings([("--set", values)])
        given = {"match_px": 0.5, "engine": "serial", "folds": 4, **options}
        return tune(
            [photos],
            [references],
            TuningOptions("hair", moves, effective=effective, **given),
            target=threshold_wing.TARGET,
        )

    return run


def test_a_threshold_known_by_construction_is_found_within_one_step(tuned: Tuner) -> None:
    found = tuned("hair.min_confidence=0:1:21")
    assert dict(found.chosen)["hair.min_confidence"] == pytest.approx(TRUE_THRESHOLD, abs=STEP)
    assert found.figure(found.chosen) > 0.97 > found.figure(found.start)
    assert found.out_of_fold[0] > 0.97


@pytest.mark.parametrize("search", ["grid", "sample"])
def test_grid_and_sample_find_it_too(tuned: Tuner, search: str) -> None:
    found = tuned(
        "hair.min_confidence=0:1:21",
        "hair.unit_link_mm=0.2:0.4:2",
        search=search,
        samples=64,
    )
    assert dict(found.chosen)["hair.min_confidence"] == pytest.approx(TRUE_THRESHOLD, abs=2 * STEP)
    # A setting that changes nothing stays where it was, or is free to be anywhere.
    assert found.figure(found.chosen) > 0.9


def test_settings_in_force_that_are_as_good_as_any_stay(tuned: Tuner) -> None:
    found = tuned("hair.min_confidence=0:1:21", start=TRUE_THRESHOLD)
    assert found.changed() == {}
    assert "Keep the settings in force" in verdict(found)


def test_labels_that_must_not_be_found_count_against_it(tuned: Tuner) -> None:
    strict = tuned("hair.min_confidence=0.2,0.55")
    lenient = tuned("hair.min_confidence=0.2,0.55", not_counted=())
    assert lenient.figure(lenient.start) > strict.figure(strict.start)


def test_counts_and_readers_are_references_too(tuned: Tuner, photos: Path, tmp_path: Path) -> None:
    counts, scores = tmp_path / "counts.csv", tmp_path / "scores.csv"
    lines = ["photo,hairs"]
    rated = ["photo,reader,hair_count"]
    for photo in sorted(photos.iterdir()):
        real = int((threshold_wing.hairs_of(photo.name)[:, 4] >= TRUE_THRESHOLD).sum())
        lines.append(f"{photo.name},{real}")
        rated += [f"{photo.name},ann,{real - 1}", f"{photo.name},ben,{real + 1}"]
    counts.write_text("\n".join(lines))
    scores.write_text("\n".join(rated))
    for path, metric in ((counts, "count_error"), (scores, "icc")):
        found = tuned("hair.min_confidence=0:1:21", references=path)
        assert found.metric.name == metric
        chosen = dict(found.chosen)["hair.min_confidence"]
        assert chosen == pytest.approx(TRUE_THRESHOLD, abs=STEP)


def test_readers_scores_of_regions_are_read_and_what_names_the_region_is_no_score(
    tmp_path: Path,
) -> None:
    path = tmp_path / "readers.csv"
    path.write_text("photo_id,region,view,reader,darkness\na.png,right_malar,front,ann,2\n")
    known = read_references([path], ["a.png"])
    assert known.kind == "scores"
    (rating,) = known.by_photo["a.png"].ratings
    assert (rating.outcome, rating.region, rating.value) == ("darkness", "right_malar", 2.0)


def test_a_photo_that_cannot_be_used_is_told_and_left_out(
    tuned: Tuner, photos: Path, hairs: Path
) -> None:
    fake_wing.make_photo(photos / "unreadable.png")
    with hairs.open("a") as file:
        file.write("unreadable.png,hair,1,1,5,5\n")
    found = tuned("hair.min_confidence=0.2,0.55")
    assert list(found.failures) == ["unreadable.png"]
    assert "unreadable.png" not in found.photos


def test_a_choice_that_breaks_is_never_chosen(tuned: Tuner) -> None:
    found = tuned("hair.min_length_mm=0.1,2.0")
    assert found.changed() == {}
    broken = next(p for p in found.tried if dict(p)["hair.min_length_mm"] == 2.0)
    assert math.isnan(found.figure(broken))


def test_a_choice_that_is_out_of_order_with_other_settings_is_never_chosen(tuned: Tuner) -> None:
    found = tuned("hair.safe_cutoff_px=1,5,9")
    assert found.changed() == {}
    broken = next(p for p in found.tried if dict(p)["hair.safe_cutoff_px"] == 1.0)
    assert "below hair.least_cutoff_px" in found.tallies.known[broken]["p0.png"].failure


def test_references_outside_the_photo_are_refused(tuned: Tuner, hairs: Path) -> None:
    hairs.write_text("photo,root_x_px,root_y_px,tip_x_px,tip_y_px\np1.png,900,5,950,6\n")
    with pytest.raises(NoPhotosError, match="outside the photo of 96 by 80 px"):
        tuned("hair.min_confidence=0.2,0.55")


def test_hairs_that_run_out_of_the_photo_end_at_its_edge(photos: Path) -> None:
    photo = read_photo(photos / "p1.png", photo_id="p1.png", settings=Settings().photo)
    ends = np.array([[90.0, 40, 102, 46], [-4, 10, 4, 18], [10, 20, 30, 40]])
    found = prepare(Reference("hairs", ends=ends), photo).reference.ends
    assert found.tolist() == [[90, 40, 96, 43], [0, 14, 4, 18], [10, 20, 30, 40]]


def test_references_of_no_photo_name_both(tuned: Tuner, hairs: Path) -> None:
    hairs.write_text("photo,hairs\nother.png,5\n")
    with pytest.raises(TableError, match=r"'other\.png', the photos are 'p0\.png'"):
        tuned("hair.min_confidence=0.2,0.55")


def test_a_metric_that_the_references_cannot_give_is_refused(tuned: Tuner) -> None:
    with pytest.raises(UsageError, match="dice cannot be had from references that are hairs"):
        tuned("hair.min_confidence=0.2,0.55", metric="dice")


@pytest.mark.slow
def test_processes_and_one_process_give_the_same(
    tuned: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    alone = tuned("hair.min_confidence=0:1:5")
    spread = tuned("hair.min_confidence=0:1:5", engine="process", jobs=2)
    assert alone.tallies.known == spread.tallies.known
    assert alone.data_digest == spread.data_digest


def test_an_interrupt_ends_the_tuning_with_130(
    tuned: Tuner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stopped(tasks: object, job: object, wing: object, *, stop: object, **rest: object) -> list:
        stop.times = 1
        return []

    monkeypatch.setattr(tuning_run, "run_tasks", stopped)
    with pytest.raises(InterruptedRunError) as caught:
        tuned("hair.min_confidence=0.2,0.55")
    assert caught.value.exit_code == 130


@pytest.mark.parametrize("engine", ["serial", "process"])
def test_an_interrupt_does_not_wait_for_photos_in_work(
    tuned: Tuner, photos: Path, monkeypatch: pytest.MonkeyPatch, engine: str
) -> None:
    """A photo in work may have a hundred points to go, and nothing of them would be kept."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))
    for photo in list(photos.iterdir())[1:]:
        photo.rename(photo.with_name(f"endless {photo.name}"))
    hairs = photos.parent / "endless.csv"
    names = sorted(photo.name for photo in photos.iterdir())
    hairs.write_text("photo,hairs\n" + "".join(f"{name},3\n" for name in names))
    timer = threading.Timer(2.0, lambda: os.kill(os.getpid(), signal.SIGINT))
    # Where tests are spread over processes these ignore interrupts; a terminal's do not.
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        timer.start()
        with pytest.raises(InterruptedRunError, match="nothing was"):
            tuned("hair.min_confidence=0.2,0.55", references=hairs, engine=engine, jobs=2)
        timer.join()
    finally:
        signal.signal(signal.SIGINT, before)
    assert not [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]


def test_the_folder_holds_tables_page_and_settings_that_a_run_can_use(
    tuned: Tuner, tmp_path: Path
) -> None:
    found = tuned("hair.min_confidence=0:1:11")
    out = tmp_path / "out"
    write_tuning(out, found)
    values = parse_toml((out / "tuned.toml").read_bytes(), origin="tuned.toml")
    assert values == {"hair.min_confidence": dict(found.chosen)["hair.min_confidence"]}
    settings = effective_settings([("tuned.toml", values)]).settings
    provenance = settings_document(found)["provenance"]
    assert provenance["settings_digest"] == settings_digest(settings, "hair")
    assert provenance["data_digest"] == found.data_digest != ""
    with (out / "curves.csv").open() as file:
        curve = [row for row in csv.DictReader(file) if row["metric"] == "f1"]
    assert [float(row["value"]) for row in curve] == pytest.approx(
        sorted({*(n / 10 for n in range(11)), 0.2})
    )
    with (out / "folds.csv").open() as file:
        held = [name for row in csv.DictReader(file) for name in row["photo_ids"].split(";")]
    assert sorted(held) == sorted(found.photos)
    page = (out / "tuning.html").read_text()
    assert "http" not in page.replace("http-equiv", "")
    assert (out / "plots" / "stability.png").stat().st_size > 1000


def test_the_settings_hold_those_in_force_that_were_not_tuned(tuned: Tuner) -> None:
    found = tuned("hair.min_confidence=0.2,0.55", others={"hair.unit_link_mm": 0.4})
    document = settings_document(found)
    assert document["hair"] == {"min_confidence": 0.55, "unit_link_mm": 0.4}
    values = {f"hair.{name}": value for name, value in document["hair"].items()}
    settings = effective_settings([("tuned.toml", values)]).settings
    assert document["provenance"]["settings_digest"] == settings_digest(settings, "hair")


def test_names_of_photos_are_escaped_in_the_page(photos: Path, tmp_path: Path) -> None:
    fake_wing.make_photo(photos / "<script>.png", seed=3)
    counts = tmp_path / "counts.csv"
    counts.write_text("photo,hairs\n<script>.png,5\np1.png,9\n")
    options = TuningOptions("hair", ["hair.min_confidence=0.2,0.55"], engine="serial", folds=0)
    found = tune([photos], [counts], options, target=threshold_wing.TARGET)
    write_tuning(tmp_path / "out", found, with_plots=False)
    page = (tmp_path / "out" / "tuning.html").read_text()
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_stable_range_ends_where_the_figure_changes_for_better_or_worse() -> None:
    figures = [0.2, 0.8, 0.8, 0.801, 0.9, 0.8]
    assert stable_range(figures, 2, tolerance=0.005, is_number=True) == (1, 3)
    assert stable_range(figures, 2, tolerance=0.005, is_number=False) == (2, 2)


def test_the_start_of_every_search_is_the_settings_in_force() -> None:
    assert TuningOptions("hair", []).effective.settings == Settings()
