"""The manifest: reading CSV and XLSX, and every problem told at once with its line and value."""

from __future__ import annotations

import datetime
import math
import tracemalloc
import zipfile
from pathlib import Path

import openpyxl
import pytest

from imaging.errors import ManifestError
from imaging.records import PhotoInputs
from imaging.study.manifest import check_manifest, inputs_of, read_manifest
from imaging.study.manifest_columns import KNOWN_COLUMNS, is_one_edit_away, nearest_known
from imaging.study.scoring import inputs_digest


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


def write_sheet(path: Path, rows: str) -> Path:
    """A workbook whose sheet declares the largest size that there is."""
    openpyxl.Workbook().save(path.with_suffix(".plain"))
    namespace = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    sheet = f'<dimension ref="A1:XFD1048576"/><sheetData>{rows}</sheetData>'
    with zipfile.ZipFile(path.with_suffix(".plain")) as plain, zipfile.ZipFile(path, "w") as book:
        for entry in plain.namelist():
            content = plain.read(entry)
            if entry == "xl/worksheets/sheet1.xml":
                content = f'<worksheet xmlns="{namespace}">{sheet}</worksheet>'.encode()
            book.writestr(entry, content)
    return path


def sheet_row(line: int, text: str) -> str:
    return f'<row r="{line}"><c r="A{line}" t="inlineStr"><is><t>{text}</t></is></c></row>'


def test_the_size_that_a_sheet_declares_takes_no_memory(tmp_path: Path) -> None:
    path = write_sheet(tmp_path / "m.xlsx", sheet_row(1, "photo") + sheet_row(9000, "a.jpg"))
    tracemalloc.start()
    rows = read_manifest(path).rows
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert [(row.line, row.photo_id) for row in rows] == [(9000, "a.jpg")]
    # Filled up to 16384 columns, each of the 9000 rows would take 131 kB.
    assert peak < 20e6


def test_a_row_that_no_sheet_has_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("imaging.study.manifest.MAX_SHEET_ROWS", 100)
    last = write_sheet(tmp_path / "m.xlsx", sheet_row(1, "photo") + sheet_row(100, "a.jpg"))
    assert len(read_manifest(last).rows) == 1
    beyond = write_sheet(tmp_path / "n.xlsx", sheet_row(1, "photo") + sheet_row(101, "a.jpg"))
    with pytest.raises(ManifestError, match="over 100 rows"):
        read_manifest(beyond)


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


def test_a_polygon_is_read_and_makes_a_photo_another_one() -> None:
    plain = inputs_of({"subject": "S"}, PhotoInputs())
    found = inputs_of({"polygon_px": "0 0, 20.5 0; 20.5 -3"}, PhotoInputs())
    assert found == PhotoInputs(polygon_px=((0.0, 0.0), (20.5, 0.0), (20.5, -3.0)))
    assert inputs_digest(found) != inputs_digest(plain)


@pytest.mark.parametrize(
    ("cell", "part"),
    [
        ("0 0, 5 0", "has 2 of the three points"),
        ("0 0, 5, 5 5", "is not a list of points as 'x y, x y, x y'"),
        ("0 0, 5 zero, 5 5", "is not a list of points"),
        ("0 0, 5 nan, 5 5", "has a point outside any photo"),
        ("0 0, inf 0, 5 5", "has a point outside any photo"),
        ("0 0, 1e7 0, 5 5", "has a point outside any photo"),
        ("3 3, 3 3, 3 3", "has no area"),
        ("0 0, 1 2, 3 6, 0.5 1", "has no area"),
        (";".join(f"{n} {n % 2}" for n in range(1001)), "has 1001 points; 1000 is the limit"),
    ],
)
def test_a_polygon_that_is_none_is_told_with_its_line(tmp_path: Path, cell: str, part: str) -> None:
    path = write(tmp_path / "m.csv", f'photo,polygon_px\na.jpg,"{cell}"\n')
    told = problems_of(path, photos={"a.jpg"})
    assert "line 2: polygon_px" in told
    assert part in told


def test_a_bow_tie_and_a_thousand_points_are_polygons() -> None:
    circle = ((math.cos(n / 160), math.sin(n / 160)) for n in range(1000))
    drawn = ", ".join(f"{100 * x:.1f} {100 * y:.1f}" for x, y in circle)
    for text in ("0 0, 9 9, 9 0, 0 9", drawn):
        assert KNOWN_COLUMNS["polygon_px"].check(text) is None
