"""`dermetry face` from the command line to the tables and pictures."""

from __future__ import annotations

import csv
import shutil
import tomllib
from pathlib import Path

import cv2
import numpy as np
import pytest

from imaging.cli.app import run_command

SAMPLES = Path(__file__).parents[3] / "sample_images"
PORTRAIT = SAMPLES / "face" / "astronaut_altered_baseline.jpg"
#: Both eyes of the portrait: rows and columns, read off the picture.
EYES = (slice(105, 122), slice(195, 260))


@pytest.fixture
def face(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Return a function that scores the folder ``in`` of tmp_path serially into ``out``."""
    monkeypatch.chdir(tmp_path)
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    for name in ("VECLIB_MAXIMUM_THREADS", "NUMEXPR_NUM_THREADS"):
        monkeypatch.setenv(name, "1")
    (tmp_path / "in").mkdir()

    def run(*options: str, out: str = "out") -> int:
        return run_command(["face", "in", "--out", out, "--engine", "serial", *options])

    return run


def rows_of(path: str) -> list[dict[str, str]]:
    with Path(path).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_patch_scores_a_crop_as_one_region_and_says_so(face) -> None:
    shutil.copy(SAMPLES / "face_patches" / "skin_large_patch.jpg", "in")
    assert face("--patch") == 0
    (row,) = rows_of("out/results.csv")
    assert row["view"] == "patch"
    assert "patch_mode" in row["flags"]
    assert (row["masi"], row["mmasi"]) == ("", "")
    (region,) = rows_of("out/regions.csv")
    assert region["region"] == "patch"
    assert float(region["pigmented_percent"]) > 10
    origins = tomllib.loads(Path("out/run.toml").read_text())["provenance"]["origins"]
    assert origins["face.patch_mode"] == "--patch"


def test_a_polygon_of_the_manifest_is_what_is_scored_and_another_one_scores_again(face) -> None:
    for name in ("a.jpg", "b.jpg"):
        shutil.copy(SAMPLES / "face_patches" / "skin_large_patch.jpg", f"in/{name}")
    polygon = "0 0, 240 0, 240 480, 0 480"
    for limit in (240, 200):
        Path("m.csv").write_text(
            f'photo,polygon_px\na.jpg,"{polygon.replace("240", str(limit))}"\nb.jpg,\n'
        )
        assert face("--patch", "--masks", "--manifest", "m.csv") == 0
        regions = cv2.imread("out/masks/a.jpg_regions.png", cv2.IMREAD_GRAYSCALE)
        assert limit - 10 < np.nonzero(regions)[1].max() <= limit
        part, whole = (float(row["skin_area_px"]) for row in rows_of("out/results.csv"))
        assert part < whole * (limit + 5) / 480
    assert face("--manifest", "m.csv", out="faces") == 2


def test_a_crop_without_patch_fails_and_names_patch(face) -> None:
    shutil.copy(SAMPLES / "face_patches" / "skin_large_patch.jpg", "in")
    assert face() == 3
    (failure,) = rows_of("out/failures.csv")
    assert failure["code"] == "no_face"
    assert "--patch" in failure["remedy"]


def test_anonymise_covers_the_eyes_in_the_pictures_and_changes_no_number(face) -> None:
    shutil.copy(PORTRAIT, "in")
    assert face("--masks", out="plain") == 0
    assert face("--masks", "--anonymise", out="covered") == 0
    original = cv2.imread(str(PORTRAIT), cv2.IMREAD_GRAYSCALE)
    assert original[EYES].std() > 20
    numbers = []
    for out in ("plain", "covered"):
        (row,) = rows_of(f"{out}/results.csv")
        numbers.append({k: v for k, v in row.items() if k != "seconds"})
        names = sorted(p.name for p in (Path(out) / "masks").iterdir())
        assert names == [f"{PORTRAIT.name}_pigment.png", f"{PORTRAIT.name}_regions.png"]
    assert numbers[0] == numbers[1]
    plain, covered = (
        cv2.imread(f"{out}/overlays/{PORTRAIT.name}.jpg") for out in ("plain", "covered")
    )
    differs = np.abs(plain.astype(int) - covered.astype(int)).max(axis=2) > 60
    assert differs.mean() > 0.005


def test_a_region_profile_adds_its_parts_and_a_wrong_one_is_named(
    face, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.copy(PORTRAIT, "in")
    assert face("--region-profile", "parts-1") == 0
    regions = {row["region"] for row in rows_of("out/regions.csv")}
    assert {"forehead", "right_malar", "left_malar", "chin"} < regions
    assert face("--region-profile", "all", out="other") == 2
    assert "default-1" in capsys.readouterr().err
    assert not Path("other").exists()


def test_the_view_is_recognised_and_a_wrong_one_in_the_manifest_is_flagged(face) -> None:
    shutil.copy(PORTRAIT, "in/a.jpg")
    shutil.copy(SAMPLES / "face" / "astronaut_altered_malar.jpg", "in/b.jpg")
    Path("m.csv").write_text("photo,subject,visit,view\na.jpg,1,V1,\nb.jpg,1,V2,left45\n")
    assert face("--manifest", "m.csv") == 0
    first, second = rows_of("out/visits.csv")
    assert (first["view"], first["photos"], first["photo_ids"]) == ("combined", "1", "a.jpg")
    assert "missing_view" in first["flags"]
    assert "view_mismatch" in second["flags"]
    # One front is all of this visit: taken together it scores as by itself.
    results = {row["photo_id"]: row for row in rows_of("out/results.csv")}
    assert results["b.jpg"]["view"] == "front"
    for name in ("masi", "mmasi", "hemi_masi_left", "skin_area_px", "pigmented_percent"):
        assert first[name] == results["a.jpg"][name], name


def test_a_grey_photo_of_a_face_has_no_score_rather_than_none_found(face) -> None:
    grey = cv2.imread(str(PORTRAIT), cv2.IMREAD_GRAYSCALE)
    cv2.imwrite("in/grey.png", grey)
    assert face() == 0
    (row,) = rows_of("out/results.csv")
    assert "grey_photo" in row["flags"]
    for name in ("masi", "mmasi", "masi_continuous", "pigmented_percent", "mean_ita_deg"):
        assert row[name] == "", name
    assert (row["melanin_index"], row["erythema_index"]) == ("", "")
    regions = rows_of("out/regions.csv")
    assert len(regions) == 4
    for region in regions:
        assert float(region["readable_percent"]) > 0
        for name in ("pigmented_percent", "area_score", "delta_l", "red_percent", "mean_redness"):
            assert region[name] == "", name
