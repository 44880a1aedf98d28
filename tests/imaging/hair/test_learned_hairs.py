"""The committed weights count the sample photographs as they did when they were committed."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from imaging.hair.score import score_photo
from imaging.photo.reading import read_photo
from imaging.records import HairScore, PhotoInputs
from imaging.settings import Settings

SAMPLES = Path(__file__).parents[3] / "sample_images" / "hair"


def score(name: str, px_per_mm: float) -> HairScore:
    defaults = Settings()
    settings = dataclasses.replace(
        defaults, hair=dataclasses.replace(defaults.hair, segmenter="hair-1")
    )
    inputs = PhotoInputs(px_per_mm=px_per_mm)
    photo = read_photo(SAMPLES / name, photo_id=name, settings=settings.photo, inputs=inputs)
    return score_photo(photo, settings)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "px_per_mm", "count"),
    # Of these 28 and 68 hairs are true.
    [("s01_baseline.jpg", 179.5, 28), ("clipped_dark_skin.jpg", 150.0, 60)],
)
def test_sample_photographs_keep_their_counts(name: str, px_per_mm: float, count: int) -> None:
    # Convolutions sum in an order of the processor's own: a hair at the threshold may tip over.
    assert abs(score(name, px_per_mm).hair_count - count) <= 1


@pytest.mark.slow
def test_bare_skin_has_no_hair() -> None:
    assert score("bare_skin.jpg", 150.0).hair_count == 0
