"""The manifest: reading CSV and XLSX, and every problem told at once with its line and value."""

from __future__ import annotations

import datetime
from pathlib import Path

import openpyxl
import pytest

from imaging.errors import ManifestError
from imaging.records import PhotoInputs
from imaging.study.manifest import check_manifest, inputs_of, read_manifest
from imaging.study.manifest_columns import KNOWN_COLUMNS, is_one_edit_away, nearest_known


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


def problems_of(path: Path, *, photos: set[str], result_columns: tuple[str, ...] = ()) -> str:
    with pytest.raises(ManifestError) as caught:
        check_manifest(read_manifest(path), photos, result_columns=result_columns)
    return caught.value.message


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_whatever_program_wrote_it(
    tmp_path: Path, delimiter: str, encoding: str, newline: str
) -> None:
    lines = ["photo,subject,LoSCAT", "a/ä 1.jpg,S1,3", "", "b.jpg,,4"]
    text = newline.join(line.replace(",", delimiter) for line in lines)
    manifest = read_manifest(write(tmp_path / "m.csv", text, encoding))
    assert manifest.columns == ("subject", "LoSCAT")
    assert manifest.by_photo() == {
        "a/ä 1.jpg": {"subject": "S1", "LoSCAT": "3"},
        "b.jpg": {"LoSCAT": "4"},
    }


def test_photo_names_are_normalised(tmp_path: Path) -> None:
    manifest = read_manifest(write(tmp_path / "m.csv", "photo\na\u0308.jpg\n"))
    assert list(manifest.by_photo()) == ["ä.jpg"]


def test_a_workbook_gives_dates_and_numbers_as_text(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.active.append(["photo", "visit_date", "px_per_mm", "days_since_clip", None])
    book.active.append(["a.jpg", datetime.datetime(2026, 3, 31), 178.5, 2.0, None])
    book.active.append([None] * 5)
    book.save(tmp_path / "m.xlsx")
    manifest = read_manifest(tmp_path / "m.xlsx")
    check_manifest(manifest, {"a.jpg"}, result_columns=("px_per_mm",))
    assert manifest.by_photo()["a.jpg"] == {
        "visit_date": "2026-03-31",
        "px_per_mm": "178.5",
        "days_since_clip": "2",
    }


def test_all_problems_are_told_at_once(tmp_path: Path) -> None:
    path = write(
        tmp_path / "m.csv",
        "photo,subjct,view,px_per_mm,visit_date,hair_count,field_width_mm\n"
        "a.jpg,S,left,170,2026-02-30,1,\n"
        "A.jpg,S,front,-3,31.3.2026,1,\n"
        'a.jpg,S,front,"178,5",,1,8\n'
        "z.jpg,S,front,,,1,\n",
    )
    told = problems_of(path, photos={"a.jpg", "b.jpg"}, result_columns=("hair_count", "px_per_mm"))
    for part in (
        "'subjct': did you mean 'subject'?",
        "'hair_count' has the name of a result",
        "line 2: view 'left' is not one of front, left45, right45",
        "line 2: visit_date '2026-02-30' is not a day",
        "line 3: px_per_mm '-3' is not a number above 0",
        "line 3: visit_date '31.3.2026' is not a date",
        "line 4: px_per_mm '178,5' holds a comma",
        "px_per_mm and field_width_mm are both given",
        "line 3: there is no photo 'A.jpg'; did you mean 'a.jpg'?",
        "line 4: photo 'a.jpg' already stands in line 2",
        "line 5: there is no photo 'z.jpg'",
    ):
        assert part in told


def test_many_problems_are_counted_not_all_told(tmp_path: Path) -> None:
    rows = "".join(f"{n}.jpg\n" for n in range(100))
    told = problems_of(write(tmp_path / "m.csv", "photo\n" + rows), photos={"a.jpg"})
    assert "100 problems" in told
    assert "and 80 more" in told


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("", "is empty"),
        ("subject\nS1\n", "no column 'photo'"),
        ("photo,arm,arm\na,b,c\n", "'arm' twice"),
        ("photo,,arm\na,b,c\n", "column 2 has no name"),
        ("photo,arm\na,b,c\n", "3 cells under 2 columns"),
        ('photo,arm\n"a,b\n', "line"),
        ("photo\n" + "x" * 20_000 + "\n", "over 10000 characters"),
    ],
)
def test_a_file_that_is_no_manifest_is_refused(tmp_path: Path, text: str, part: str) -> None:
    with pytest.raises(ManifestError, match=part):
        read_manifest(write(tmp_path / "m.csv", text))


def test_bytes_that_are_no_text_are_refused(tmp_path: Path) -> None:
    (tmp_path / "m.csv").write_bytes("photo;site\nä.jpg;".encode("latin-1"))
    with pytest.raises(ManifestError, match="neither a workbook nor UTF-8"):
        read_manifest(tmp_path / "m.csv")
    (tmp_path / "m.xlsx").write_bytes(b"PK\x03\x04 and nothing more")
    with pytest.raises(ManifestError, match="not a workbook"):
        read_manifest(tmp_path / "m.xlsx")
    with pytest.raises(ManifestError, match="cannot be read"):
        read_manifest(tmp_path / "absent.csv")


def test_one_edit_away_counts_insertions_deletions_changes_and_swaps() -> None:
    for near in ("vist", "viisit", "visid", "viist", "isit", "visits"):
        assert is_one_edit_away(near, "visit"), near
    for far in ("visit", "vst", "visitor", "tisiv", ""):
        assert not is_one_edit_away(far, "visit"), far
    assert nearest_known("Px per mm") == "px_per_mm"
    assert nearest_known("satisfaction") is None


def test_no_known_column_is_one_edit_from_another() -> None:
    names = list(KNOWN_COLUMNS)
    assert not [(a, b) for a in names for b in names if is_one_edit_away(a, b)]


def test_a_row_with_a_scale_beats_the_command_line_and_one_without_keeps_it() -> None:
    typed = PhotoInputs(field_width_mm=8.0)
    beaten = inputs_of({"px_per_mm": "170", "view": "left45"}, typed)
    assert beaten == PhotoInputs(px_per_mm=170.0, scale_origin="manifest", view="left45")
    assert inputs_of({"subject": "S"}, typed) == typed
    assert inputs_of(None, typed) == typed
