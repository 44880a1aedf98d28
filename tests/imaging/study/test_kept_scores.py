"""A pair is compared with the scores that the ledger keeps, as if its photos were scored anew."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sqlite3
import zlib
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from imaging.hair import score as hair_score
from imaging.hair.score import score_photo
from imaging.photo.reading import read_photo
from imaging.records import HAIR_TABLES, Hair, HairScore, Photo, PhotoInputs, records_of, row_of
from imaging.records.outcome import Measured
from imaging.settings import Settings
from imaging.study import comparing
from imaging.study.batch import BatchOptions
from imaging.study.followup import FollowupOptions, SilentPairObserver, run_followup
from imaging.study.kept_scores import restore_score
from imaging.study.ledger_json import dump_result, load_outcome
from imaging.study.packing import pack_rows, plain_row, unpack_rows
from imaging.study.store import open_for_reading
from imaging.study.store_pairs import pair_outcomes, pair_rows
from imaging.study.verify import replay_sample
from imaging.study.wings import load_wing
from imaging.synthetic.scalp import PRESETS, make_scalp
from imaging.synthetic.visits import Change, Move, make_visit_pair

LABELLED = Path(__file__).parents[3] / "sample_images" / "hair" / "burnt_in_graphics.jpg"
TABLES = ("results", "hairs", "units", "cutoffs", "followup", "matches", "attrition", "failures")


def told(score: HairScore) -> dict[str, object]:
    """Return all that a score holds, so that equal ones are equal: NaN too, 1 is not 1.0."""
    held = {field.name: getattr(score, field.name) for field in fields(score)}
    return {
        name: value.tobytes() if isinstance(value, np.ndarray) else repr(value)
        for name, value in held.items()
    }


def kept_by_ledger(score: HairScore) -> Measured:
    """Return what comes back when the batch has written a score into the ledger."""
    measured = Measured(
        width_px=1,
        height_px=1,
        flags=score.flags,
        segmenter=score.segmenter,
        values=plain_row(score),
        tables={name: pack_rows(rows) for name, rows in score.tables.items()},
    )
    row = {"result": dump_result(measured), "is_scored": True, "path": b"", "seconds": 0.0}
    names = "photo_id sha256 settings_digest inputs_digest weights_digest algorithm_version"
    result = load_outcome(row | dict.fromkeys(names.split(), "")).result
    assert isinstance(result, Measured)
    return replace(result, tables=measured.tables)


def labelled() -> Photo:
    """Return a photo whose scale is read from it, and whose text is to be blacked out."""
    return read_photo(LABELLED, photo_id="a.jpg", settings=Settings().photo)


def drawn(preset: str, *, has_scale: bool = True) -> Photo:
    spec = replace(PRESETS[preset], width_px=320, height_px=240)
    scene = make_scalp(spec, rng=np.random.default_rng(3))
    inputs = PhotoInputs(px_per_mm=scene.px_per_mm) if has_scale else PhotoInputs()
    return Photo("a.png", scene.pixels, "0" * 64, inputs=inputs)


# --- One score -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made",
    [
        lambda: drawn("shaved"),
        lambda: drawn("shaved", has_scale=False),
        lambda: drawn("bare_skin"),
        lambda: drawn("circle_dermoscope", has_scale=False),
        labelled,
    ],
    ids=["scale", "no_scale", "no_hair", "circle", "scale_bar"],
)
def test_a_restored_score_is_the_score_that_was_kept(made: Callable[[], Photo]) -> None:
    photo = made()
    scored = score_photo(photo, Settings())
    restored = restore_score(photo, kept_by_ledger(scored), Settings(), load_wing("hair"))
    assert told(restored) == told(scored)


def test_numbers_that_are_hard_to_write_come_back_as_they_were() -> None:
    path = ((0.1 + 0.2, 1e-17), (-0.0, 3.0), (12345678.000000002, 5e-324))
    nan = float("nan")
    hair = Hair(1, 0, 1 / 3, 2.0, 1e22, 7.0, path, nan, 2**53 + 1.0, "", False, 0.1, has_root=False)
    (back,) = records_of(Hair, unpack_rows(pack_rows([hair])))
    assert repr(back) == repr(hair)


def test_a_row_without_a_column_makes_no_record() -> None:
    hair = Hair(1, 0, 1.0, 1.0, 2.0, 2.0, ((1.0, 1.0),), 0.1, 50.0, "terminal", True, 0.9)
    row = row_of(hair)
    del row["has_root"]
    with pytest.raises(KeyError):
        records_of(Hair, [row])


def test_a_face_is_scored_again_for_its_maps_and_a_hair_photo_is_not() -> None:
    assert load_wing("hair").restore_masks is not None
    assert load_wing("face").restore_masks is None
    kept = Measured(1, 1, (), "", {})
    assert restore_score(drawn("bare_skin"), kept, Settings(), load_wing("face")) is None


# --- A follow-up ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def photos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder of two visits and a manifest beside it; one photo has a scale, one not."""
    spec = replace(PRESETS["clipped_light_skin"], width_px=480, height_px=360)
    change, move = Change(lost_share=0.15, new_share=0.1), Move(turn_deg=5.0)
    pair = make_visit_pair(spec, change, move, rng=np.random.default_rng(11))
    folder = tmp_path_factory.mktemp("visits")
    (folder / "in").mkdir()
    for name, scene in (("m0", pair.baseline), ("m6", pair.followup)):
        Image.fromarray(scene.pixels).save(folder / "in" / f"{name}.png")
    (folder / "manifest.csv").write_text(
        "photo,subject,visit,visit_date,px_per_mm\n"
        f"m0.png,s,m0,2026-01-01,{pair.baseline.px_per_mm!r}\nm6.png,s,m6,2026-01-04,\n"
    )
    return folder


@pytest.fixture
def scored(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the photos that are scored from here on, one by one."""
    names: list[str] = []

    def counted(photo: Photo, settings: Settings) -> HairScore:
        names.append(photo.photo_id)
        return score_photo(photo, settings)

    monkeypatch.setattr(hair_score, "score_photo", counted)
    comparing._kept.clear()
    return names


def follow(photos: Path, out: Path, *, observer: Any = None, **batch: Any) -> None:
    given = BatchOptions("hair", manifest=photos / "manifest.csv", **{"engine": "serial"} | batch)
    comparing._kept.clear()
    run_followup([photos / "in"], out, FollowupOptions(given), observer=observer)


@pytest.fixture(scope="module")
def compared(photos: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of a follow-up; it is not to be written into."""
    out = tmp_path_factory.mktemp("compared")
    follow(photos, out)
    return out


@pytest.fixture
def own(compared: Path, tmp_path: Path) -> Path:
    """Return a copy of that folder."""
    return Path(shutil.copytree(compared, tmp_path / "own"))


def tables(out: Path) -> dict[str, list[dict[str, str]]]:
    found = {}
    for name in TABLES:
        rows = list(csv.DictReader(io.StringIO((out / f"{name}.csv").read_text("utf-8"))))
        found[name] = [{k: v for k, v in row.items() if k != "seconds"} for row in rows]
    return found


def pairs(out: Path) -> list[str]:
    """Return all digits that the ledger keeps of the pairs."""
    with open_for_reading(out) as ledger:
        outcomes = [
            repr((pair.provenance, pair.row, pair.result)) for pair in pair_outcomes(ledger)
        ]
        return outcomes + [repr(rows) for rows in pair_rows(ledger, "matches")]


def edit_hairs(out: Path, edit: Callable[[dict[str, list[Any]]], object]) -> None:
    """Change the columns of all hairs in a ledger, and forget the pairs."""
    connection = sqlite3.connect(out / "dermetry.sqlite")
    with connection:
        rows = connection.execute("SELECT photo_id, packed FROM photo_tables WHERE name = 'hairs'")
        for photo_id, packed in rows.fetchall():
            columns = json.loads(zlib.decompress(packed))
            edit(columns)
            connection.execute(
                "UPDATE photo_tables SET packed = ? WHERE name = 'hairs' AND photo_id = ?",
                (zlib.compress(json.dumps(columns).encode()), photo_id),
            )
        connection.execute("DELETE FROM pairs")
    connection.close()


def test_a_pair_scores_no_photo_again_and_every_table_is_the_same(
    photos: Path, tmp_path: Path, scored: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    follow(photos, tmp_path / "kept")
    assert scored == ["m0.png", "m6.png"]
    monkeypatch.setattr(comparing, "restore_score", lambda *given: None)
    follow(photos, tmp_path / "anew")
    assert scored == ["m0.png", "m6.png"] * 3
    kept = tables(tmp_path / "kept")
    assert kept == tables(tmp_path / "anew")
    assert pairs(tmp_path / "kept") == pairs(tmp_path / "anew")
    assert kept["followup"]
    assert {row["state"] for row in kept["matches"]} == {"kept", "not_seen", "new"}
    assert {row["has_root"] for row in kept["hairs"]} == {"true", "false"}


def test_the_comparison_is_of_the_hairs_in_the_ledger(photos: Path, own: Path) -> None:
    before = tables(own)["matches"]
    edit_hairs(own, lambda columns: columns["diameter_um"].reverse())
    follow(photos, own)
    assert tables(own)["matches"] != before


def test_a_ledger_of_an_earlier_program_has_its_photos_scored_again(
    photos: Path, own: Path, scored: list[str]
) -> None:
    before, pairs_before = tables(own), pairs(own)
    edit_hairs(own, lambda columns: columns.pop("has_root"))
    follow(photos, own)
    assert scored == ["m0.png", "m6.png"]
    assert pairs(own) == pairs_before
    after = tables(own)
    assert {row.pop("has_root") for row in after["hairs"]} == {""}
    for row in before["hairs"]:
        del row["has_root"]
    assert after == before


def test_a_column_that_an_earlier_program_did_not_keep_is_no_difference(own: Path) -> None:
    edit_hairs(own, lambda columns: columns.pop("has_root"))
    rng = np.random.default_rng(0)
    assert all(replay.is_equal for replay in replay_sample(own, sample=2, rng=rng, jobs=1))


def test_a_photo_that_changes_after_it_was_scored_is_not_compared(
    photos: Path, tmp_path: Path
) -> None:
    own = Path(shutil.copytree(photos, tmp_path / "own"))

    class Painter(SilentPairObserver):
        def comparing(self, *, pairs: int, done: int) -> None:
            Image.new("RGB", (480, 360), "white").save(own / "in" / "m6.png")

    follow(own, tmp_path / "out", observer=Painter())
    (failure,) = tables(tmp_path / "out")["failures"]
    assert failure["code"] == "pair_refused"
    assert "was changed" in failure["message"]


@pytest.mark.slow
def test_workers_compare_as_one_process_does(photos: Path, compared: Path, tmp_path: Path) -> None:
    follow(photos, tmp_path, engine="process", jobs=2)
    assert tables(tmp_path) == tables(compared)
    assert pairs(tmp_path) == pairs(compared)


def test_the_ledger_gives_the_packed_tables_of_one_photo(compared: Path) -> None:
    with open_for_reading(compared) as ledger:
        packed = ledger.packed_tables("m0.png")
        assert set(packed) == set(HAIR_TABLES)
        assert unpack_rows(packed["hairs"]) == dict(ledger.table_rows("hairs"))["m0.png"]
        assert ledger.packed_tables("no_such.png") == {}
