"""The folder of an agreement study: tables, plots, and a page that needs nothing from outside."""

from __future__ import annotations

import csv
import html
import html.parser
import math
import re
import tomllib
from pathlib import Path

import numpy as np
import published_tables as published
import pytest
from PIL import Image

from imaging.records.agreement import AgreementRow
from imaging.study.agreement import AgreementOptions, analyse_agreement
from imaging.study.agreement_files import RatingTable
from imaging.study.agreement_outputs import (
    AgreementFiles,
    json_rows,
    rater_lines,
    write_agreement,
)
from imaging.study.agreement_page import shown, verdict
from imaging.study.agreement_panel import Panel, PanelOptions, build_panel
from imaging.study.agreement_pictures import agreement_pictures, outcome_label

NASTY = '../<script>alert("1")</script>'


def tables(place: Path) -> list[RatingTable]:
    made = []
    for name, column in ((NASTY, 1), ("anna", 2)):
        path = place / "ratings.csv"
        path.write_text("x")
        rows = [
            {"photo_id": f"{n}.jpg", "subject": f"s{int(row[0])}", "masi": str(row[column])}
            for n, row in enumerate(published.CARDIAC)
        ]
        for n, row in enumerate(rows):
            row["darkness"] = str((n + column) % 5)
        made.append(
            RatingTable(
                name,
                ("photo_id", "subject", "masi", "darkness"),
                tuple(rows),
                tuple(range(2, 62)),
                name == NASTY,
                str(path),
            )
        )
    return made


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("study")
    raters = tables(place)
    panel: Panel = build_panel(raters, PanelOptions())
    options = AgreementOptions()
    found = analyse_agreement(panel, options)
    write_agreement(
        place / "out",
        AgreementFiles(
            title="A study",
            tables={
                "agreement": found.rows,
                "differences": found.differences,
                "crosstabs": found.crosses,
                "sample_size": found.sizes,
            },
            notes=found.notes,
            raters=rater_lines(raters, panel.machines),
            pictures=list(agreement_pictures(panel, found.rows, options)),
            options={"by": "auto"},
        ),
    )
    return place / "out"


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_table_is_written_with_its_declared_columns(written: Path) -> None:
    rows = rows_of(written / "agreement.csv")
    bias = next(r for r in rows if r["statistic"] == "mean difference" and r["outcome"] == "masi")
    assert float(bias["value"]) == pytest.approx(0.6021666667)
    assert bias["kind"] == "machine-reader"
    assert (bias["rows"], bias["subjects"]) == ("60", "12")
    assert len(rows_of(written / "differences.csv")) == 120
    assert sum(int(row["count"]) for row in rows_of(written / "crosstabs.csv")) == 60
    assert {row["target"] for row in rows_of(written / "sample_size.csv")} >= {"limit of agreement"}


def test_the_page_loads_nothing_and_escapes_names(written: Path) -> None:
    text = (written / "agreement.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert "default-src 'none'" in html.unescape(text)
    addresses = re.findall(r'(?:src|href)="([^"]{0,40})', text)
    assert addresses
    assert all(a.startswith(("data:image/png;base64,", "#")) for a in addresses)


def test_the_page_is_whole_and_every_plot_is_described(written: Path) -> None:
    class Parser(html.parser.HTMLParser):
        tags: list[str] = []  # noqa: RUF012 - one page, one parser

        def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
            self.tags.append(tag)
            if tag == "img":
                assert dict(attrs)["alt"]

    parser = Parser()
    parser.feed((written / "agreement.html").read_text(encoding="utf-8"))
    assert parser.tags.count("img") == 4
    assert {"h1", "table", "details"} <= set(parser.tags)


def test_plots_stay_in_their_folder_and_can_be_opened(written: Path) -> None:
    plots = sorted((written / "plots").iterdir())
    assert [path.suffix for path in plots] == [".png"] * 4
    assert not list(written.parent.glob("*.png"))
    for path in plots:
        with Image.open(path) as image:
            assert image.width > 600
            # Something is drawn: more than a blank sheet.
            assert len(np.unique(np.asarray(image.convert("L")))) > 20


@pytest.mark.parametrize(
    ("readers", "parts"),
    [
        (("Иванов", "Петров", "Сидоров"), ("Иванов", "Петров", "Сидоров")),
        (("anna", "Anna", "../anna"), ("anna", "Anna-2", "anna-3")),
        (("!", "?", "a" * 60), ("x", "x-2", "a" * 40)),
    ],
)
def test_each_pair_of_readers_has_files_of_its_own(
    readers: tuple[str, ...], parts: tuple[str, ...]
) -> None:
    rows = tuple({"photo_id": f"{n}.jpg", "masi": str(n * n)} for n in range(4))
    raters = [
        RatingTable(name, ("photo_id", "masi"), rows, tuple(range(2, 6)), False, "r.csv")
        for name in readers
    ]
    panel = build_panel(raters, PanelOptions())
    names = [picture.name for picture in agreement_pictures(panel, (), AgreementOptions())]
    pairs = [(0, 1), (0, 2), (1, 2)]
    kinds = ("bland-altman", "scatter")
    assert names == [f"masi_{parts[a]}_{parts[b]}_{k}.png" for a, b in pairs for k in kinds]


def test_the_record_says_what_was_compared(written: Path) -> None:
    document = tomllib.loads((written / "agree.toml").read_text(encoding="utf-8"))
    assert document["options"] == {"by": "auto"}
    assert [rater["kind"] for rater in document["raters"]] == ["machine", "reader"]
    assert len(document["raters"][0]["sha256"]) == 64
    assert "dermetry" in document["versions"]


def test_json_has_null_where_nothing_can_be_told() -> None:
    row = AgreementRow(
        "masi", "", "", "a − b", "all", "CCC", "", math.nan, 1.0, 2.0, "", 1.0, 1.0, 3, 3, 0
    )
    (told,) = json_rows([row])
    assert told["value"] is None
    assert told["low"] == 1.0


@pytest.mark.parametrize(
    ("value", "text"),
    [(math.nan, "–"), (0.1234, "0.123"), (-1.234, "-1.23"), (12.34, "12.3"), (1234.5, "1234")],
)
def test_figures_have_the_digits_that_their_size_allows(value: float, text: str) -> None:
    assert shown(value) == text


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [
        (1.1, 1.5, "more than a further reader"),
        (0.5, 0.9, "less than a further reader"),
        (0.8, 1.2, "cannot be told from a further reader"),
        (math.nan, math.nan, "Too few subjects"),
    ],
)
def test_the_machine_is_judged_by_the_interval(low: float, high: float, words: str) -> None:
    row = AgreementRow(
        "masi", "", "", "m", "", "RMS ratio", "", 1.0, math.nan, math.nan, "", low, high, 9, 9, 0
    )
    assert words in verdict(row)


def test_outcomes_are_named_as_in_the_report_with_their_unit() -> None:
    assert outcome_label("masi") == "MASI (0–48)"
    assert outcome_label("hair_density_per_cm2") == "Hair density (1/cm²)"
    assert outcome_label("mean_length_mm") == "mean length (mm)"
    assert outcome_label("itch_score") == "itch score"
