"""What the sections of the face benchmark share: scoring one picture, and telling a row."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from imaging.errors import DermetryError
from imaging.face.score import score_photo
from imaging.records import FaceScore, Photo
from imaging.settings import Settings


def score(pixels: np.ndarray, settings: Settings) -> FaceScore | None:
    """Return the score of a photo, None when it cannot be measured."""
    try:
        return score_photo(photo_of(pixels), settings)
    except DermetryError:
        return None


def mmasi_of(result: FaceScore | None) -> float:
    return math.nan if result is None else result.mmasi


def photo_of(pixels: np.ndarray) -> Photo:
    return Photo(photo_id="benchmark", pixels=np.ascontiguousarray(pixels), sha256="")


def mean_text(values: Sequence[float] | np.ndarray) -> str:
    return f"{np.mean(values):.1f}"


def at_most(value: float, bar: float) -> tuple[str, str, bool]:
    return f"{value:.2f}", f"<= {bar:g}", bool(value <= bar)


def at_least(value: float, bar: float) -> tuple[str, str, bool]:
    return f"{value:.2f}", f">= {bar:g}", bool(value >= bar)
