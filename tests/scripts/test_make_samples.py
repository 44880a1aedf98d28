"""The sample photographs are those that the script draws, and their tables agree with them."""

import csv
import importlib.util
import io
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "sample_images" / "hair"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location(
        "make_samples", ROOT / "scripts" / "make_samples.py"
    )
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules["make_samples"] = module
    spec.loader.exec_module(module)
    yield module
    del sys.modules["make_samples"]


def read_table(name: str) -> list[dict[str, str]]:
    with (FOLDER / name).open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_sample_is_drawn_again_as_it_is(script):
    sample = next(s for s in script.SAMPLES if s.name == "s01_month6")
    scene = script.make_sample(sample)
    stored = (FOLDER / "s01_month6.jpg").read_bytes()
    if script.photo_bytes(scene) != stored:
        # Another processor or JPEG library may round the last bit otherwise; nothing more.
        with Image.open(io.BytesIO(stored)) as image:
            kept = np.asarray(image.convert("RGB")).astype(int)
        assert np.abs(kept - scene.pixels).mean() < 0.1
    truth = [row for row in read_table("truth.csv") if row["photo_id"] == "s01_month6.jpg"]
    again = script.truth_rows(scene, photo_id="s01_month6.jpg")
    for row, drawn in zip(truth, again, strict=True):
        assert row["path_px"] == drawn["path_px"]
        assert row["diameter_um"] == str(drawn["diameter_um"])


def test_every_sample_stands_in_all_tables_and_is_small(script):
    names = [f"{sample.name}.jpg" for sample in script.SAMPLES]
    assert sorted(path.name for path in FOLDER.glob("*.jpg")) == sorted(names)
    assert [row["photo"] for row in read_table("manifest.csv")] == names
    assert [row["photo_id"] for row in read_table("counts.csv")] == names
    sizes = [path.stat().st_size for path in FOLDER.iterdir()]
    assert max(path.stat().st_size for path in FOLDER.glob("*.jpg")) < 600_000
    assert sum(sizes) < 6_000_000


def test_counts_are_those_of_the_rows():
    counted: dict[str, int] = {}
    for row in read_table("truth.csv"):
        counted[row["photo_id"]] = counted.get(row["photo_id"], 0) + (row["counted"] == "True")
    for row in read_table("counts.csv"):
        assert int(row["hair_count"]) == counted.get(row["photo_id"], 0)


def test_one_spot_keeps_its_hairs_between_visits():
    ids: dict[str, set[str]] = {}
    for row in read_table("truth.csv"):
        ids.setdefault(row["photo_id"], set()).add(row["hair_id"])
    first, second = ids["s02_baseline.jpg"], ids["s02_month6.jpg"]
    assert len(first & second) > 0.6 * len(first)
    assert len(second - first) < 0.2 * len(second)
