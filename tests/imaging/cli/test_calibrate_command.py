"""`dermetry calibrate`: from a scored folder and a list to a settings file."""

from __future__ import annotations

import json
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

STUDY_TESTS = Path(__file__).parent.parent / "study"


@pytest.fixture
def calibrate(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., int]:
    """Return a function that runs the command beside a folder of hair and one of faces."""
    monkeypatch.syspath_prepend(str(STUDY_TESTS))
    import scored_folder as made

    from imaging.cli.app import run_command

    monkeypatch.chdir(tmp_path)
    photos = [f"p{n}.jpg" for n in range(6)]
    made.write_folder(
        Path("hair"),
        "hair",
        {p: [made.hair(k, 20.0 + 12 * k + n) for k in range(1, 5)] for n, p in enumerate(photos)},
    )
    readings = [
        f"{p},{k},{(20 + 12 * k + n - 10) / 1.5 + (k * n) % 3}"
        for n, p in enumerate(photos)
        for k in range(1, 5)
    ]
    Path("caliper.csv").write_text("photo_id,hair_id,diameter_um\n" + "\n".join(readings) + "\n")
    regions = {
        p: [
            made.region(
                r,
                pigmented_percent=40.0 + 5 * n,
                delta_l=2.0 + 2 * k + n,
                largest_patch_mm=4.0 * (n + k),
            )
            for k, r in enumerate(("chin", "forehead"), start=1)
        ]
        for n, p in enumerate(photos)
    }
    made.write_folder(Path("face"), "face", regions)
    scores = [
        f"{p},{r},{1 + (n + 2 * k) // 4},{1 + (n + k) // 3}"
        for n, p in enumerate(photos)
        for k, r in enumerate(("chin", "forehead"), start=1)
    ]
    Path("scores.csv").write_text(
        "photo_id,region,darkness,homogeneity\n" + "\n".join(scores) + "\n"
    )
    return lambda *words: run_command(["calibrate", *words])


def test_hair_is_fitted_printed_and_saved(calibrate, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate("hair", "hair", "--caliper", "caliper.csv", "--out", "cal.toml") == 0
    told = capsys.readouterr()
    assert "diameter: 24 hairs of 6 subjects" in told.out
    assert "fitted, out of fold" in told.out
    assert "use them with dermetry hair PHOTOS --config cal.toml" in told.err
    document = tomllib.loads(Path("cal.toml").read_text())
    assert document["hair"]["diameter_slope"] == pytest.approx(1 / 1.5, abs=0.05)
    assert document["provenance"]["fits"]["diameter"]["pairs"] == 24


def test_faces_are_fitted_printed_and_saved(calibrate, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate("face", "face", "--readers", "scores.csv", "--out", "cal.toml") == 0
    told = capsys.readouterr()
    assert "darkness: 12 ratings by 1 reader of 6 subjects" in told.out
    assert "one reader" in told.err
    assert tomllib.loads(Path("cal.toml").read_text())["face"]["scores_calibrated"] is True


def test_the_saved_settings_are_taken_by_the_command(calibrate) -> None:
    from imaging.cli.app import run_command

    assert calibrate("face", "face", "--readers", "scores.csv", "--out", "cal.toml", "--quiet") == 0
    assert run_command(["config", "check", "cal.toml"]) == 0


def test_without_a_file_nothing_is_written(calibrate, capsys: pytest.CaptureFixture[str]) -> None:
    before = sorted(Path().rglob("*"))
    assert calibrate("hair", "hair", "--caliper", "caliper.csv") == 0
    assert "Nothing was written" in capsys.readouterr().err
    assert sorted(Path().rglob("*")) == before


def test_json_holds_settings_and_errors(calibrate, capsys: pytest.CaptureFixture[str]) -> None:
    assert calibrate("hair", "hair", "--caliper", "caliper.csv", "--json", "--quiet") == 0
    told = capsys.readouterr()
    document = json.loads(told.out)
    assert document["settings"]["calibration_data"].startswith("caliper.csv sha256:")
    assert document["fits"][0]["out_of_fold"]["rms_um"] > 0
    assert told.err == ""


def test_a_file_that_is_there_is_not_overwritten(
    calibrate, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("cal.toml").write_text("x")
    assert calibrate("hair", "hair", "--caliper", "caliper.csv", "--out", "cal.toml") == 2
    assert "not overwritten" in capsys.readouterr().err
    assert Path("cal.toml").read_text() == "x"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("hair", "face", "--caliper", "caliper.csv"), "holds a face run"),
        (("face", "hair", "--readers", "scores.csv"), "holds a hair run"),
        (("hair", "nowhere", "--caliper", "caliper.csv"), "holds no dermetry.sqlite"),
        (("hair", "hair", "--caliper", "no.csv"), "does not exist"),
        (("face", "face", "--readers", "caliper.csv"), "neither a column darkness"),
    ],
)
def test_bad_input_is_a_sentence_with_exit_code_2(
    calibrate, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert calibrate(*words) == 2
    assert message in capsys.readouterr().err
