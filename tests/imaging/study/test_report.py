"""The HTML report: what stands on it, what must not, and that it needs nothing from outside."""

from __future__ import annotations

import base64
import hashlib
import html.parser
import math
import re
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from PIL import Image

from imaging.errors import LedgerError, TruncatedPhotoError
from imaging.records import FLAGS, CutoffSplit, Hair, HairScore, Unit, columns_of
from imaging.records.face import FaceScore, RegionScore
from imaging.records.outcome import Failure, Measured, Outcome, Provenance
from imaging.settings import Settings, result_values
from imaging.study.packing import pack_rows
from imaging.study.presentation import blind_labels, count_photos
from imaging.study.report import write_report
from imaging.study.run_record import RunRecord
from imaging.study.store import open_for_writing

NASTY = 'b/<script>alert("1")</script> ümlaut 😀 #1 50%.jpg'


class Page(html.parser.HTMLParser):
    """The tags of a page, the attributes of each, and its text."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.text += data

    def attributes(self, tag: str, name: str) -> list[str]:
        return [a[name] or "" for t, a in self.tags if t == tag and name in a]


def hair_values(**changes: Any) -> dict[str, Any]:
    values = {column.name: 1.0 for column in columns_of(HairScore)}
    values |= {
        "scale_source": "scalebar",
        "hair_count": 120,
        "hair_count_low": 112.0,
        "hair_count_high": 129.0,
        "hair_density_per_cm2": 201.0,
        "hair_density_low": 187.0,
        "hair_density_high": 216.0,
        "median_diameter_um": 63.0,
    }
    return values | changes


def hair(number: int, diameter_um: float) -> Hair:
    return Hair(
        hair_id=number,
        unit_id=1,
        root_x_px=1.0,
        root_y_px=1.0,
        tip_x_px=9.0,
        tip_y_px=9.0,
        path_px=((1.0, 1.0), (9.0, 9.0)),
        length_mm=0.5,
        diameter_um=diameter_um,
        kind="terminal",
        counted=True,
        confidence=0.9,
    )


def hair_outcome(photo_id: str, *, flags: Sequence[str] = (), **changes: Any) -> Outcome:
    tables = {
        "hairs": (hair(1, 63.0), hair(2, 28.0)),
        "units": (Unit(unit_id=1, x_px=1.0, y_px=1.0, hairs=2, counted=True),),
        "cutoffs": tuple(
            CutoffSplit(cutoff_um=c, terminal_count=1, vellus_count=1, vellus_percent=50.0)
            for c in (30.0, 40.0, 50.0)
        ),
    }
    return outcome(
        photo_id,
        Measured(
            width_px=1280,
            height_px=1024,
            flags=tuple(flags),
            segmenter="ridges",
            values=hair_values(**changes),
            tables={name: pack_rows(rows) for name, rows in tables.items()},
        ),
    )


def face_outcome(photo_id: str, *, view: str) -> Outcome:
    values: dict[str, Any] = {column.name: 1.5 for column in columns_of(FaceScore)}
    values |= {"view": view, "calibrated_colour": False, "calibrated_scores": False}
    numbers = {field.name: 2.0 for field in fields(RegionScore)}
    regions = tuple(RegionScore(**numbers | {"region": r}) for r in ("forehead", "right_malar"))
    return outcome(
        photo_id,
        Measured(
            width_px=800,
            height_px=1000,
            flags=(),
            segmenter="pigment",
            values=values,
            tables={"regions": pack_rows(regions)},
        ),
    )


def failed(photo_id: str) -> Outcome:
    err = TruncatedPhotoError(f"{photo_id} ends in the middle.")
    return outcome(photo_id, Failure(err.code, err.message, err.remedy))


def outcome(photo_id: str, result: Measured | Failure) -> Outcome:
    sha256 = hashlib.sha256(photo_id.encode()).hexdigest() if isinstance(result, Measured) else ""
    provenance = Provenance(photo_id, sha256, "5e77", "", "", "1")
    return Outcome(provenance, f"/photos/{photo_id}", 0.5, result)


def make_run(
    out_dir: Path,
    outcomes: Sequence[Outcome],
    *,
    wing: Any = "hair",
    manifest: dict[str, dict[str, str]] | None = None,
    **changes: Any,
) -> None:
    """Fill a ledger and write an overlay for every scored photo."""
    manifest = manifest or {}
    record = RunRecord(
        wing=wing,
        settings=dict(result_values(Settings(), wing)) | {"hair.terminal_cutoff_um": 33.0},
        origins={"hair.terminal_cutoff_um": "--set"},
        settings_digest="5e77",
        weights_digest="",
        algorithm_version="1",
        versions={"dermetry": "9.8.7", "python": "3.11"},
        manifest_name="patients.csv" if manifest else "",
        manifest_columns=tuple(sorted({c for cells in manifest.values() for c in cells})),
        photos=len(outcomes),
        started_at="2031-05-06T07:08:09",
    )
    record = replace(record, **changes)
    with open_for_writing(out_dir, wing) as ledger:
        run_id = ledger.begin_run(record, done=[], manifest=manifest)
        for item in outcomes:
            ledger.record(run_id, item, inputs={})
            if item.is_scored:
                path = out_dir / "overlays" / f"{item.photo_id}.jpg"
                path.parent.mkdir(parents=True, exist_ok=True)
                Image.new("RGB", (1280, 1024), (180, 150, 140)).save(path)


def read_report(out_dir: Path, *, blind: bool = False) -> tuple[str, Page]:
    text = write_report(out_dir, blind=blind).read_text(encoding="utf-8")
    return text, Page(text)


def test_every_thumbnail_and_the_overlay_that_it_opens_lie_beside_the_page(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("a/1.jpg"), hair_outcome(NASTY)])
    _, page = read_report(tmp_path)
    pictures = page.attributes("img", "src")
    overlays = [href for href in page.attributes("a", "href") if not href.startswith("#")]
    assert len(pictures) == len(overlays) == 2
    assert all((tmp_path / unquote(path)).is_file() for path in [*pictures, *overlays])
    with Image.open(tmp_path / unquote(pictures[0])) as thumbnail:
        assert max(thumbnail.size) == 300
    assert all(page.attributes("img", "alt"))


def test_the_page_asks_nothing_of_a_network_and_its_policy_forbids_it(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("a/1.jpg"), hair_outcome(NASTY)])
    text, page = read_report(tmp_path)
    assert "http://" not in text
    assert "https://" not in text
    assert not page.attributes("link", "href")
    policy = page.attributes("meta", "content")[0]
    assert policy.startswith("default-src 'none'")
    for tag, directive in (("style", "style-src"), ("script", "script-src")):
        inline = re.search(f"<{tag}>(.*?)</{tag}>", text, re.DOTALL)
        assert inline is not None
        digest = base64.b64encode(hashlib.sha256(inline.group(1).encode()).digest()).decode()
        assert f"{directive} 'sha256-{digest}'" in policy
    assert all("style" not in a and "onclick" not in a for _, a in page.tags)


def test_a_file_name_that_holds_markup_is_shown_and_not_run(tmp_path: Path) -> None:
    make_run(
        tmp_path,
        [hair_outcome(NASTY), failed('<img src=x onerror="alert(1)">.jpg')],
        manifest={NASTY: {"subject": "<b>S</b>", "visit": "1"}},
    )
    text, page = read_report(tmp_path)
    assert sum(tag == "script" for tag, _ in page.tags) == 1
    assert not any("onerror" in a for _, a in page.tags)
    assert "<b>" not in text
    assert NASTY in page.text


def test_a_blinded_page_says_nothing_of_subject_visit_arm_date_or_path(tmp_path: Path) -> None:
    cells = {
        "subject": "Miller",
        "visit": "week-twelve",
        "arm": "verum",
        "visit_date": "2031-01-02",
        "cohort": "verum group",
    }
    ids = ["verum/Miller/week-twelve/1.jpg", "verum/Miller/week-twelve/2.jpg"]
    make_run(
        tmp_path,
        [hair_outcome(i) for i in ids] + [failed("verum/Miller/week-twelve/3.jpg")],
        manifest=dict.fromkeys(ids, cells),
    )
    open_text, _ = read_report(tmp_path)
    for secret in ("Miller", "week-twelve", "verum", "2031"):
        assert secret in open_text
    blind_text, page = read_report(tmp_path, blind=True)
    for secret in ("Miller", "week-twelve", "verum", "2031", "patients.csv"):
        assert secret not in blind_text
    assert all((tmp_path / unquote(path)).is_file() for path in page.attributes("img", "src"))
    assert "photo-" + hashlib.sha256(ids[0].encode()).hexdigest()[:8] in page.text


def test_a_blinded_page_names_no_settings_file_and_no_day_of_a_lock(tmp_path: Path) -> None:
    told = {
        "origins": {"hair.terminal_cutoff_um": "week12_verum.toml"},
        "lock_digest": "10cc",
        "locked_at": "2031-01-02T03:04:05",
        "lock_reason": "before week twelve",
    }
    make_run(tmp_path, [hair_outcome("1.jpg")], **told)
    secrets = ("week12_verum.toml", "2031-01-02", "before week twelve")
    open_text, _ = read_report(tmp_path)
    blind_text, _ = read_report(tmp_path, blind=True)
    assert all(secret in open_text for secret in secrets)
    assert not any(secret in blind_text for secret in secrets)
    assert "settings file" in blind_text
    assert "10cc" in blind_text


def test_a_pair_that_failed_is_no_further_photo_and_its_photo_keeps_its_label() -> None:
    results = [{"photo_id": "a", "sha256": "1" * 64}, {"photo_id": "b", "sha256": "2" * 64}]
    failures = [{"photo_id": "c"}, {"photo_id": "b"}, {"photo_id": "c"}]
    expected = {"a": "photo-11111111", "b": "photo-22222222", "c": "failed-1"}
    assert blind_labels(results, failures) == expected
    assert count_photos(results, failures) == 3


def test_equal_files_get_different_names_on_a_blinded_page(tmp_path: Path) -> None:
    twin = hair_outcome("a.jpg")
    other = Outcome(
        Provenance("b.jpg", twin.provenance.sha256, "5e77", "", "", "1"), "", 0.5, twin.result
    )
    make_run(tmp_path, [twin, other])
    _, page = read_report(tmp_path, blind=True)
    assert len(set(page.attributes("img", "src"))) == 2


def test_a_flag_stands_with_its_meaning_and_remedy(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg", flags=("glare",)), hair_outcome("2.jpg")])
    _, page = read_report(tmp_path)
    assert FLAGS["glare"].meaning in page.text
    assert FLAGS["glare"].remedy in page.text
    assert "#flag-glare" in page.attributes("a", "href")


def test_every_flag_on_the_page_is_explained(tmp_path: Path) -> None:
    cells = {"subject": "1", "visit": "week 4"}
    make_run(
        tmp_path,
        [face_outcome("front.jpg", view="front"), face_outcome("left.jpg", view="left45")],
        wing="face",
        manifest={"front.jpg": cells, "left.jpg": cells},
    )
    _, page = read_report(tmp_path)
    linked = {h for h in page.attributes("a", "href") if h.startswith("#flag-")}
    explained = {f"#{name}" for name in page.attributes("tr", "id")}
    assert "#flag-missing_view" in linked
    assert linked == explained


def test_a_failure_stands_with_its_message_and_remedy(tmp_path: Path) -> None:
    make_run(tmp_path, [failed("c/broken.jpg")])
    _, page = read_report(tmp_path)
    assert "c/broken.jpg ends in the middle." in page.text
    assert TruncatedPhotoError.default_remedy in page.text
    assert "No photo was scored." in page.text


def test_what_cannot_be_told_is_a_dash_and_never_nan(tmp_path: Path) -> None:
    values: dict[str, Any] = {c.name: math.nan for c in columns_of(HairScore)}
    values |= {"hair_count": 0, "hair_count_low": 0.0, "hair_count_high": 3.0}
    make_run(tmp_path, [hair_outcome("1.jpg", **values | {"scale_source": "none"})])
    text, page = read_report(tmp_path)
    table = text[text.index('id="photo-table"') : text.index("</table>")]
    assert ">nan" not in table
    assert table.count(">–</span>") == 6
    assert "1 of 1 photos have no scale" in page.text


def test_the_median_density_stands_on_the_page_with_its_spread(tmp_path: Path) -> None:
    densities = (100.0, 150.0, 200.0, 250.0, 300.0)
    make_run(
        tmp_path,
        [hair_outcome(f"{d:g}.jpg", hair_density_per_cm2=d) for d in densities],
    )
    _, page = read_report(tmp_path)
    assert "half of the photos 150 to 250, all 100 to 300 (n = 5)" in page.text


def test_three_photos_have_a_range_and_no_quartiles(tmp_path: Path) -> None:
    make_run(
        tmp_path, [hair_outcome(f"{d}.jpg", hair_density_per_cm2=float(d)) for d in (90, 91, 99)]
    )
    text, page = read_report(tmp_path)
    assert ">half of the photos" not in text
    assert "all 90 to 99 (n = 3)" in page.text


def test_changed_settings_stand_before_the_others_with_their_origin(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg")])
    _, page = read_report(tmp_path)
    part = page.text[page.text.index("Changed from the default") :]
    assert part.index("hair.terminal_cutoff_um") < part.index("--set")
    assert part.index("--set") < part.index("hair.guard_margin_mm")


def test_figures_that_need_a_scale_are_left_out_without_one(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg")])
    text, _ = read_report(tmp_path)
    assert text.count('<svg class="figure"') == 4
    unknown = {"hair_density_per_cm2": math.nan, "scale_source": "none"}
    other = tmp_path / "no_scale"
    other.mkdir()
    make_run(other, [hair_outcome("1.jpg", **unknown)])
    text, page = read_report(other)
    assert text.count('<svg class="figure"') == 3
    assert "nothing to show" not in page.text


def test_a_run_that_was_cut_short_says_so(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg")], state="interrupted")
    _, page = read_report(tmp_path)
    assert "The run is not complete" in page.text


def test_views_of_one_visit_stand_side_by_side_right_cheek_first(tmp_path: Path) -> None:
    views = ("front", "left45", "right45")
    make_run(
        tmp_path,
        [face_outcome(f"{view}.jpg", view=view) for view in views],
        wing="face",
        manifest={f"{view}.jpg": {"subject": "1", "visit": "week 4"} for view in views},
    )
    text, page = read_report(tmp_path)
    part = text[text.index('id="visits"') : text.index('id="photos"')]
    shown = [part.index(f"thumbnails/{view}.jpg") for view in ("right45", "front", "left45")]
    assert shown == sorted(shown)
    assert "mMASI" in page.text
    assert "right malar" in page.text


def test_several_fields_of_one_site_are_shown_together(tmp_path: Path) -> None:
    cells = {"subject": "7", "visit": "baseline", "site": "vertex"}
    make_run(
        tmp_path,
        [hair_outcome("1.jpg"), hair_outcome("2.jpg"), hair_outcome("3.jpg")],
        manifest={"1.jpg": cells, "2.jpg": cells},
    )
    text, page = read_report(tmp_path)
    assert "7 · baseline · vertex" in page.text
    assert text[: text.index('id="photos"')].count("<img") == 2


def test_a_report_written_twice_has_the_same_bytes(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg"), failed("2.jpg")])
    assert read_report(tmp_path)[0] == read_report(tmp_path)[0]


def test_an_overlay_drawn_anew_gets_a_new_thumbnail(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg")])
    write_report(tmp_path)
    Image.new("RGB", (1280, 1024), (0, 0, 255)).save(tmp_path / "overlays/1.jpg.jpg")
    write_report(tmp_path)
    with Image.open(tmp_path / "thumbnails/1.jpg.jpg") as thumbnail:
        assert np.asarray(thumbnail).mean(axis=(0, 1)).argmax() == 2


def test_a_photo_without_its_overlay_is_reported_all_the_same(tmp_path: Path) -> None:
    make_run(tmp_path, [hair_outcome("1.jpg"), hair_outcome("2.jpg")])
    (tmp_path / "overlays/1.jpg.jpg").unlink()
    (tmp_path / "overlays/2.jpg.jpg").write_bytes(b"no picture")
    _, page = read_report(tmp_path)
    assert "no picture" in page.text
    assert not page.attributes("img", "src")


def test_a_folder_without_a_ledger_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LedgerError):
        write_report(tmp_path)
