"""A wing whose hairs are written in the photo: each has a certainty, one threshold keeps some.

Worker processes import it by name, so it is a module of its own.
"""

from __future__ import annotations

import dataclasses
import time
import zlib
from pathlib import Path

import fake_wing
import numpy as np

from imaging.errors import NothingReadableError
from imaging.records import Hair
from imaging.study.wings import Wing

TARGET = "threshold_wing:make_wing"
HAIRS = 60


def make_wing() -> Wing:
    return dataclasses.replace(fake_wing.make_wing(), score_photo=score_photo)


def hairs_of(name: str) -> np.ndarray:
    """Root, tip and certainty of every line in the photo of this name, shape (n, 5)."""
    rng = np.random.default_rng(zlib.crc32(Path(name).name.encode()))
    roots = rng.uniform(5, 70, (HAIRS, 2))
    return np.column_stack([roots, roots + rng.uniform(3, 9, (HAIRS, 2)), rng.uniform(size=HAIRS)])


def score_photo(photo, settings):
    if "endless" in photo.photo_id:
        time.sleep(120)
    if "unreadable" in photo.photo_id:
        raise NothingReadableError("Nothing can be read.")
    if settings.hair.min_length_mm > 1.9:
        raise ZeroDivisionError("a choice that nobody tried")
    score = fake_wing.score_photo(photo, settings)
    kept = [row for row in hairs_of(photo.photo_id) if row[4] >= settings.hair.min_confidence]
    hairs = tuple(
        Hair(n, 1, *row[:4], (tuple(row[:2]), tuple(row[2:4])), 0.1, 50.0, "", True, row[4])
        for n, row in enumerate(kept, 1)
    )
    return dataclasses.replace(score, hairs=hairs, hair_count=len(hairs))
