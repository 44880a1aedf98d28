"""The committed weights set the ends of hairs as they did when they were committed."""

from __future__ import annotations

import csv
import dataclasses
import json
import shutil
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

from imaging.errors import ModelTamperedError, SettingsError
from imaging.hair.ends import as_ends, pair_ends
from imaging.hair.score import score_photo
from imaging.hair.segmenter import (
    CLASSICAL,
    find_segmenter,
    learned_model,
    segmenter_names,
    weights_digest,
)
from imaging.photo.reading import read_photo
from imaging.records import HairScore, Photo, PhotoInputs
from imaging.settings import Settings, effective_settings
from imaging.study.batch import BatchOptions, run_batch

LEARNED = "hair-5"
SAMPLES = Path(__file__).parents[3] / "sample_images" / "hair"


def settings_with(segmenter: str) -> Settings:
    defaults = Settings()
    return dataclasses.replace(
        defaults, hair=dataclasses.replace(defaults.hair, segmenter=segmenter)
    )


def sample(name: str, px_per_mm: float) -> Photo:
    inputs = PhotoInputs(px_per_mm=px_per_mm)
    return read_photo(SAMPLES / name, photo_id=name, settings=Settings().photo, inputs=inputs)


@lru_cache
def score(name: str, px_per_mm: float, segmenter: str = LEARNED) -> HairScore:
    return score_photo(sample(name, px_per_mm), settings_with(segmenter))


def ends_of(found: HairScore) -> np.ndarray:
    return as_ends([(h.root_x_px, h.root_y_px, h.tip_x_px, h.tip_y_px) for h in found.hairs])


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "px_per_mm", "count"),
    # Of these 28 and 68 hairs are true.
    [("s01_baseline.jpg", 179.5, 28), ("clipped_dark_skin.jpg", 150.0, 60)],
)
def test_sample_photographs_keep_their_counts(name: str, px_per_mm: float, count: int) -> None:
    # Convolutions sum in an order of the processor's own: a root at the frame's edge may tip over.
    assert abs(score(name, px_per_mm).hair_count - count) <= 1


@pytest.mark.slow
def test_hairs_have_ends_and_confidences_of_the_network() -> None:
    mine, its = (score("s01_baseline.jpg", 179.5, name) for name in (LEARNED, CLASSICAL))
    roots = {(h.root_x_px, h.root_y_px) for h in its.hairs}
    own = [(h.root_x_px, h.root_y_px) not in roots for h in mine.hairs]
    assert all(own)
    assert sorted(h.confidence for h in mine.hairs) != sorted(h.confidence for h in its.hairs)


@pytest.mark.slow
def test_bare_skin_has_no_hair() -> None:
    assert score("bare_skin.jpg", 150.0).hair_count == 0


@pytest.mark.slow
def test_a_turned_photograph_has_its_ends_in_the_same_places() -> None:
    photo = sample("s01_baseline.jpg", 179.5)
    pixels = np.ascontiguousarray(np.rot90(photo.pixels))
    turned = score_photo(dataclasses.replace(photo, pixels=pixels), settings_with(LEARNED))
    x1, y1, x2, y2 = ends_of(turned).T
    width = photo.width_px
    back = as_ends(np.column_stack([width - y1, x1, width - y2, x2]))
    usual = ends_of(score("s01_baseline.jpg", 179.5))
    found, real = pair_ends(back, usual, tolerance_px=15.0)
    assert len(found) == len(back) == len(usual)
    away = np.hypot(*(back[found].reshape(-1, 2) - usual[real].reshape(-1, 2)).T)
    # Sums are taken in another order, and a window is read between pixels to 1/32 of one: a tenth
    # of a pixel.  A line may be traced from its other end, which shifts it by up to a step.
    assert np.median(away) < 0.1
    assert away.max() < 2.0


@pytest.mark.slow
def test_any_number_of_workers_gives_the_same_digits(tmp_path: Path) -> None:
    tables = []
    for name in ("s01_baseline.jpg", "clipped_dark_skin.jpg"):
        (tmp_path / "in").mkdir(exist_ok=True)
        shutil.copy(SAMPLES / name, tmp_path / "in" / name)
    for jobs in (1, 2):
        out = tmp_path / f"out{jobs}"
        options = BatchOptions(
            wing="hair",
            effective=effective_settings([("--set", {"hair.segmenter": LEARNED})]),
            inputs=PhotoInputs(px_per_mm=165.0),
            engine="process",
            jobs=jobs,
            with_report=False,
        )
        run_batch([tmp_path / "in"], out, options)
        with (out / "hairs.csv").open(encoding="utf-8", newline="") as file:
            tables.append(list(csv.DictReader(file)))
    assert len(tables[0]) > 0
    assert tables[0] == tables[1]


# -- the model's folder


def test_the_models_of_the_registry_are_the_learned_segmenters() -> None:
    assert segmenter_names() == (LEARNED, CLASSICAL)


def test_a_wrong_name_lists_the_right_ones() -> None:
    with pytest.raises(SettingsError, match="'hair-3'; there are: hair-5, ridges"):
        learned_model("hair-3")


@pytest.fixture
def own_model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder of a copy of the model that a test may spoil."""
    from models import registry

    shutil.copytree(registry.WEIGHTS_FOLDER / LEARNED, tmp_path / LEARNED)
    read = registry.read_model
    monkeypatch.setattr(registry, "read_model", lambda name: read(name, folder=tmp_path))
    learned_model.cache_clear()
    yield tmp_path / LEARNED
    learned_model.cache_clear()


def test_tampered_weights_are_refused(own_model: Path) -> None:
    path = own_model / "weights.safetensors"
    weights = bytearray(path.read_bytes())
    weights[-1] ^= 1
    path.write_bytes(bytes(weights))
    with pytest.raises(ModelTamperedError, match=r"weights\.safetensors of hair-5"):
        learned_model(LEARNED)


def test_the_digest_follows_the_numbers_beside_the_weights(own_model: Path) -> None:
    before = weights_digest(LEARNED)
    path = own_model / "model.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    contract["judging"]["intercept"] -= 0.1
    path.write_text(json.dumps(contract), encoding="utf-8")
    learned_model.cache_clear()
    assert weights_digest(LEARNED) != before
    assert weights_digest(CLASSICAL) == ""


def test_a_contract_without_these_numbers_is_refused(own_model: Path) -> None:
    path = own_model / "model.json"
    contract = json.loads(path.read_text(encoding="utf-8"))
    del contract["judging"]["tip_mm"]
    path.write_text(json.dumps(contract), encoding="utf-8")
    with pytest.raises(ModelTamperedError, match=r"hair-5 does not say how lines .*tip_mm"):
        find_segmenter(LEARNED)
