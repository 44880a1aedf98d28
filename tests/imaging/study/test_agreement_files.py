"""Tables of ratings as they come: separators, decimal commas, readers, and files that are none."""

from __future__ import annotations

import math
from pathlib import Path

import openpyxl
import pytest
from scored_folder import write_folder

from imaging.errors import TableError
from imaging.study.agreement_files import (
    Source,
    number_of,
    read_file,
    read_folder,
    read_raters,
)
from imaging.study.store import open_for_reading
from imaging.study.tables import write_tables
from imaging.study.wings import load_wing


def write(path: Path, text: str, encoding: str = "utf-8") -> Source:
    path.write_text(text, encoding=encoding)
    return Source(path)


@pytest.mark.parametrize(
    "text",
    [
        "photo_id,masi\na.jpg,3.5\nb.jpg,4\n",
        "photo_id;masi\na.jpg;3,5\nb.jpg;4\n",
        "photo_id\tmasi\r\na.jpg\t3.5\r\nb.jpg\t4\r\n",
        "\ufeffPhoto ID,MASI\n\na.jpg, 3.5 \nb.jpg,4,\n,,\n",
        "image,masi,,\na.jpg,3.5,,\nb.jpg,4,,\n",
    ],
)
def test_separators_decimals_and_headings_of_every_spreadsheet_are_read(
    tmp_path: Path, text: str
) -> None:
    table = read_file(write(tmp_path / "r.csv", text))
    assert table.columns[:2] == ("photo_id", "masi")
    assert [number_of(row["masi"]) for row in table.rows] == [3.5, 4.0]
    assert table.rows[1]["photo_id"] == "b.jpg"


def test_a_workbook_is_read(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    for row in (("photo_id", "masi"), ("a.jpg", 3.5), ("b.jpg", None)):
        book.active.append(row)
    book.save(tmp_path / "r.xlsx")
    table = read_file(Source(tmp_path / "r.xlsx"))
    assert [row.get("masi") for row in table.rows] == ["3.5", None]


def test_a_column_of_readers_makes_a_rater_of_each(tmp_path: Path) -> None:
    source = write(
        tmp_path / "r.csv", "photo_id,reader,masi\na,Ben,1\na,Anna,2\nb,Ben,3\nb,Anna,4\n"
    )
    anna, ben = read_raters([source])
    assert (anna.name, ben.name) == ("Anna", "Ben")
    assert [row["masi"] for row in ben.rows] == ["1", "3"]
    assert ben.lines == (2, 4)
    assert not anna.is_machine


def test_our_own_tables_are_the_machine(tmp_path: Path) -> None:
    assert read_file(write(tmp_path / "a.csv", "photo_id,masi,settings_digest\na,1,x\n")).is_machine


def test_the_guard_of_our_tables_and_backslashes_are_no_part_of_an_id(tmp_path: Path) -> None:
    table = read_file(write(tmp_path / "a.csv", "photo_id,masi\n'-a.jpg,1\nsub\\b.jpg,2\n"))
    assert [row["photo_id"] for row in table.rows] == ["-a.jpg", "sub/b.jpg"]


def test_the_guard_of_our_tables_is_no_part_of_a_subject(tmp_path: Path) -> None:
    cells = {"subject": "-P01", "visit": "@1", "site": "'front"}
    folder = write_folder(tmp_path / "run", "hair", {"-a.jpg": []}, manifest={"-a.jpg": cells})
    with open_for_reading(folder) as ledger:
        write_tables(tmp_path / "run", ledger, load_wing("hair"))
    assert "'-P01,'@1,'front" in (tmp_path / "run" / "results.csv").read_text()
    for table in (
        read_folder(folder, table="results"),
        read_file(Source(folder / "results.csv")),
    ):
        assert {name: table.rows[0][name] for name in cells} == cells
        assert table.rows[0]["photo_id"] == "-a.jpg"


@pytest.mark.parametrize(
    ("text", "value"),
    [("3,5", 3.5), ("-1", -1.0), ("1e2", 100.0), (" 7 ", 7.0), ("0", 0.0)],
)
def test_numbers_are_read(text: str, value: float) -> None:
    assert number_of(text) == value


@pytest.mark.parametrize("text", ["", "NA", "n/a", "NaN", "-", ".", "None"])
def test_missing_ratings_are_missing(text: str) -> None:
    value = number_of(text)
    assert value is not None
    assert math.isnan(value)


@pytest.mark.parametrize("text", ["severe", "1,234.5", "inf", "3 4", "1,2,3", "2025-01-01"])
def test_words_and_infinities_are_no_numbers(text: str) -> None:
    assert number_of(text) is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "empty|no rows"),
        ("photo_id,masi\n", "no rows"),
        ("name,masi\na,1\n", "neither a column 'photo_id' nor 'subject'"),
        ("photo_id,masi,MASI\na,1,2\n", "'masi' twice"),
        ("photo_id,masi\na,1,2\n", "line 2: 3 cells under 2 columns"),
        ("photo_id,reader,masi\na,,2\n", "line 2: the column 'reader' is empty"),
        (f"photo_id,masi\na,{'9' * 20_000}\n", "holds over"),
        ("photo_id," + ",".join(f"c{n}" for n in range(300)) + "\na\n", "300?1? columns"),
        ('photo_id,masi\n"a,1\n', "line"),
    ],
)
def test_a_table_that_is_none_says_why(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(TableError, match=message) as caught:
        read_raters([write(tmp_path / "r.csv", text)])
    assert caught.value.remedy


def test_another_encoding_says_how_to_save(tmp_path: Path) -> None:
    source = write(tmp_path / "r.csv", "photo_id,masi\nmüller.jpg,1\n", "cp1252")
    with pytest.raises(TableError, match="nor UTF-8") as caught:
        read_file(source)
    assert "CSV UTF-8" in caught.value.remedy


def test_a_missing_file_and_zero_bytes_are_told(tmp_path: Path) -> None:
    with pytest.raises(TableError, match="does not exist"):
        read_file(Source(tmp_path / "no.csv"))
    (tmp_path / "z.csv").write_bytes(b"photo_id,masi\n\0,1\n")
    with pytest.raises(TableError, match="zero bytes"):
        read_file(Source(tmp_path / "z.csv"))


def test_two_raters_of_one_name_are_told_how_to_be_named(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    text = "photo_id,masi\na,1\n"
    sources = [write(tmp_path / "r.csv", text), write(tmp_path / "x" / "r.csv", text)]
    with pytest.raises(TableError, match="a rater named 'r'") as caught:
        read_raters(sources)
    assert "anna=" in caught.value.remedy
    named = read_raters([Source(sources[0].path, "one"), Source(sources[1].path, "two")])
    assert [table.name for table in named] == ["one", "two"]
