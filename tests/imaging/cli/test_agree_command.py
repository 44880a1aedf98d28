"""`dermetry agree`: what a new user types, and what is said of bad input."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest

STUDY_TESTS = Path(__file__).parent.parent / "study"


@pytest.fixture
def agree(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    from imaging.cli.app import run_command

    monkeypatch.chdir(tmp_path)
    for name, shift in (("machine", 1), ("anna", 0), ("ben", -1)):
        rows = [
            f"{n}.jpg,s{n // 2},{10 + 3 * n + shift + (n * (2 + shift)) % 3}" for n in range(10)
        ]
        Path(f"{name}.csv").write_text("photo_id,subject,masi\n" + "\n".join(rows) + "\n")
    return lambda *words: run_command(["agree", *words])


def test_without_a_folder_the_main_figures_are_printed(
    agree, capsys: pytest.CaptureFixture[str]
) -> None:
    assert agree("machine.csv", "anna.csv") == 0
    told = capsys.readouterr()
    assert "masi: machine − anna (10 rows, 5 subjects)" in told.out
    assert "ICC(2,1)" in told.out
    assert "rows of one subject are not independent" in told.err
    assert sorted(p.name for p in Path().iterdir()) == ["anna.csv", "ben.csv", "machine.csv"]


def test_ratings_left_out_for_a_missing_one_are_counted_in_the_summary(
    agree, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = Path("anna.csv").read_text().splitlines()
    lines[3] = lines[3].rpartition(",")[0] + ","
    Path("anna.csv").write_text("\n".join(lines) + "\n")
    assert agree("machine.csv", "anna.csv") == 0
    told = capsys.readouterr().out
    assert "machine − anna (9 rows, 5 subjects; 1 left out, a rating is missing)" in told


def test_a_folder_gets_tables_plots_and_a_page(agree, capsys: pytest.CaptureFixture[str]) -> None:
    assert agree("machine.csv", "anna.csv", "ben.csv", "--machine", "machine", "--out", "out") == 0
    assert capsys.readouterr().out == ""
    names = {path.name for path in Path("out").iterdir()}
    assert names >= {"agreement.csv", "differences.csv", "agreement.html", "agree.toml", "plots"}
    with Path("out/agreement.csv").open(encoding="utf-8") as file:
        kinds = {row["kind"] for row in csv.DictReader(file)}
    assert kinds == {"machine-reader", "reader-reader", "all", "machine beside readers"}


def test_json_is_one_row_a_line_and_nothing_else(agree, capsys: pytest.CaptureFixture[str]) -> None:
    assert agree("machine.csv", "anna.csv", "--json", "--quiet") == 0
    told = capsys.readouterr()
    rows = [json.loads(line) for line in told.out.splitlines()]
    assert {row["statistic"] for row in rows} >= {"mean difference", "ICC(2,1)", "CCC"}
    assert told.err == ""


def test_names_can_be_given_before_paths(agree, capsys: pytest.CaptureFixture[str]) -> None:
    assert agree("one=anna.csv", "two=ben.csv", "--quiet") == 0
    assert "masi: one − two" in capsys.readouterr().out


def test_the_same_study_twice_gives_the_same_bytes(agree) -> None:
    for out in ("x", "y"):
        assert agree("machine.csv", "anna.csv", "--out", out, "--quiet") == 0
    first = sorted(p for p in Path("x").rglob("*") if p.is_file())
    assert len(first) > 6
    for path in first:
        assert path.read_bytes() == (Path("y") / path.relative_to("x")).read_bytes()


def test_subjects_and_strata_come_from_a_manifest(
    agree, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("a", "b"):
        rows = "\n".join(f"{n}.jpg,{n + (n % 2) * (name == 'b')}" for n in range(8))
        Path(f"{name}.csv").write_text(f"photo_id,masi\n{rows}\n")
    rows = "\n".join(f"{n}.jpg,s{n // 2},{'II' if n < 4 else 'V'}" for n in range(8))
    Path("m.csv").write_text(f"photo,subject,skin_type\n{rows}\n")
    assert agree("a.csv", "b.csv", "--manifest", "m.csv", "--json", "--quiet") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {row["level"] for row in rows} == {"", "II", "V"}
    assert {row["subjects"] for row in rows if not row["level"]} == {4}


def test_a_plan_needs_no_tables(agree, capsys: pytest.CaptureFixture[str]) -> None:
    assert agree("--plan-icc", "0.8", "--raters", "2", "--icc-width", "0.2") == 0
    assert capsys.readouterr().out == "55\n"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((), "No table is named"),
        (("anna.csv",), "one rater only"),
        (("anna.csv", "no.csv"), "no.csv does not exist"),
        (("anna.csv", "ben.csv", "--columns", "mas"), "did you mean 'masi'"),
        (("anna.csv", "ben.csv", "--ordinal", "mas"), "did you mean 'masi'"),
        (("anna.csv", "ben.csv", "--strata", "site"), "no row says its site"),
        (("anna.csv", "ben.csv", "--by", "visit"), "--by visit"),
        (("anna.csv", "ben.csv", "--machine", "x"), "none of the raters"),
        (("anna.csv", "ben.csv", "--density-bands", "200,100"), "ascending order"),
        (("anna.csv", "ben.csv", "--icc-width", "5"), "cannot be planned"),
        (("anna.csv", "--replicates"), "no column 'replicate'"),
        (("anna.csv", "--plan-icc", "0.8"), "needs no tables"),
        (("--plan-icc", "1.8"), "cannot be planned"),
    ],
)
def test_bad_input_is_a_sentence_with_a_remedy_and_exit_code_2(
    agree, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert agree(*words) == 2
    told = capsys.readouterr()
    assert message in told.err
    assert told.out == ""
    # The sentence, and below it what to do.
    assert len(told.err.strip().splitlines()) == 2


def test_repeat_photos_of_a_scored_folder_need_no_reference(
    agree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(STUDY_TESTS))
    import scored_folder as made

    photos = [f"s{s}_{r}.jpg" for s in range(5) for r in range(3)]
    made.write_folder(
        Path("run"),
        "hair",
        {photo: [] for photo in photos},
        values={p: {"hair_count": 100 + 7 * n + n % 3} for n, p in enumerate(photos)},
        manifest={
            p: {"subject": p[:2], "visit": "v1", "site": "vertex", "replicate": p[3]}
            for p in photos
        },
    )
    assert agree("run", "--replicates", "--columns", "hair_count", "--out", "out") == 0
    told = capsys.readouterr().err
    assert "15 rows are repeats of 5 sites, told apart by subject, visit, site." in told
    assert "repeatability coefficient" in told
    assert Path("out/agreement.html").is_file()
    assert agree("run", "--one-site", "--columns", "hair_count", "--quiet") == 0
    assert "nothing between sites can be told" in capsys.readouterr().out


def test_a_scored_folder_is_held_against_readers_of_its_regions(
    agree, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.syspath_prepend(str(STUDY_TESTS))
    import scored_folder as made

    photos = {
        f"p{n}.jpg": [
            made.region(name, darkness=float((n + k) % 5))
            for k, name in enumerate(("chin", "forehead"))
        ]
        for n in range(6)
    }
    made.write_folder(Path("run"), "face", photos, subjects={p: f"s{p[1]}" for p in photos})
    lines = [
        f"p{n}.jpg,{r},anna,{(n + k) % 4}"
        for n in range(6)
        for k, r in enumerate(("chin", "forehead"))
    ]
    Path("r.csv").write_text("photo_id,region,reader,darkness\n" + "\n".join(lines) + "\n")
    assert agree("run", "r.csv", "--json", "--quiet") == 0
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    kappa = next(r for r in rows if r["statistic"] == "kappa, quadratic" and not r["level"])
    assert kappa["raters"] == "run − anna"
    assert kappa["kind"] == "machine-reader"
    assert (kappa["rows"], kappa["subjects"]) == (12, 6)
    assert {row["level"] for row in rows} == {"", "chin", "forehead"}
