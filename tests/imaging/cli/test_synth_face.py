"""`dermetry synth face`: painted faces with their truth beside them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from imaging.cli.synth_face import make_face_photos
from imaging.errors import UsageError

PORTRAIT = Path(__file__).parents[3] / "sample_images" / "face" / "astronaut_clear.jpg"


def test_a_painted_face_comes_with_its_mask_and_exact_scores(tmp_path: Path) -> None:
    make_face_photos(
        PORTRAIT, tmp_path, pattern="malar", density=0.15, count=2, seed=4, list_patterns=False
    )
    names = sorted(path.name for path in tmp_path.iterdir())
    stem = "astronaut_clear_altered_malar_0004"
    assert names[:3] == [f"{stem}.png", f"{stem}_truth.json", f"{stem}_truth.png"]
    assert len(names) == 6
    truth = json.loads((tmp_path / f"{stem}_truth.json").read_text())
    assert truth["regions"]["left_malar"]["pigmented_percent"] > 5
    assert truth["regions"]["forehead"]["area_score"] == 0
    assert 0 < truth["mmasi"] <= 24


def test_the_patterns_can_be_listed(capsys: pytest.CaptureFixture[str]) -> None:
    make_face_photos(None, None, pattern="malar", density=0.1, count=1, seed=0, list_patterns=True)
    assert "centrofacial: forehead 35 %" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("photo", "pattern", "sentence"),
    [(None, "malar", "A photo to paint on"), (PORTRAIT, "nowhere", "no pattern 'nowhere'")],
)
def test_what_is_missing_or_unknown_is_said(
    photo: Path | None, pattern: str, sentence: str, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match=sentence):
        make_face_photos(
            photo, tmp_path, pattern=pattern, density=0.1, count=1, seed=0, list_patterns=False
        )
