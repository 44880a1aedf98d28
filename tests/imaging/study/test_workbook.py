"""All tables in one XLSX file."""

from __future__ import annotations

from pathlib import Path

import fake_wing
import openpyxl
import pytest

from imaging.study.batch import BatchOptions, run_batch
from imaging.study.store import open_for_reading
from imaging.study.workbook import write_workbook


@pytest.fixture
def out(tmp_path: Path) -> Path:
    for seed, name in enumerate(("=a.png", "b.png")):
        fake_wing.make_photo(tmp_path / "in" / name, seed=seed)
    run_batch(
        [tmp_path / "in"],
        tmp_path / "out",
        BatchOptions(wing=fake_wing.TARGET, engine="serial"),
    )
    return tmp_path / "out"


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
