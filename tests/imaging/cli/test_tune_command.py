"""`dermetry tune`: wrong input is told in a sentence before any photo is scored."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from imaging.cli.app import run_command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    pixels = np.random.default_rng(0).integers(0, 256, (80, 96, 3), dtype=np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    (tmp_path / "counts.csv").write_text("photo,hairs\na.png,3\n")
    return tmp_path


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--setting", "hair.min_confidence=0.5:9"], "outside its range"),
        (["--setting", "hair.min_confidnce"], "Did you mean"),
        (["--setting", "hair.min_confidence", "--metric", "beauty"], "no metric 'beauty'"),
        (["--setting", "hair.min_confidence", "--match-mm", "-1"], "should be above 0"),
        (["--setting", "hair.min_confidence", "--steps", "1"], "at least 2"),
        (["--setting", "hair.min_confidence", "--jobs", "0"], "at least 1"),
        (["--setting", "hair.min_confidence", "--px-per-mm", "0"], "above 0"),
        (["--setting", "hair.min_confidence", "--tolerance", "-1"], "0 or more"),
        (["--setting", "hair.min_confidence", "--setting", "hair.min_confidence"], "named twice"),
        (["--setting", "face.spot_delta_l"], "changes no number of a hair photo"),
        (["--setting", "hair.min_confidence", "--ignore", "absent"], "no folder"),
    ],
)
def test_a_wrong_option_ends_with_2(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], part: str
) -> None:
    common = ["tune", "hair", str(folder / "a.png"), "--reference", str(folder / "counts.csv")]
    assert run_command([*common, "--out", str(folder / "out"), *arguments]) == 2
    assert part in capsys.readouterr().err
    assert not (folder / "out").exists()


def test_references_of_hairs_say_nothing_of_faces(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "p.csv").write_text("photo,x_px,y_px\na.png,1,1\n")
    common = ["tune", "face", str(folder / "a.png"), "--reference", str(folder / "p.csv")]
    options = ["--setting", "face.pigment_probability", "--out", str(folder / "out")]
    assert run_command([*common, *options]) == 2
    assert "say nothing of faces" in capsys.readouterr().err
