"""This tool as the benchmark calls it: one photograph in memory or on disk, one hair score."""

from __future__ import annotations

import dataclasses
import hashlib
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.hair.overlay import draw_overlay
from imaging.hair.score import score_photo
from imaging.photo.reading import read_photo
from imaging.records import HairScore, Photo, PhotoInputs
from imaging.settings import Settings

from .labelled_frames import Ends, as_ends

#: Quality of the overlay's JPEG in the timing, as in a batch.
OVERLAY_QUALITY = 90


@dataclass(frozen=True)
class Method:
    """One way to count that this tool has: a segmenter."""

    segmenter: str

    @property
    def name(self) -> str:
        return f"dermetry ({self.segmenter})"

    @property
    def settings(self) -> Settings:
        defaults = Settings()
        return dataclasses.replace(
            defaults, hair=dataclasses.replace(defaults.hair, segmenter=self.segmenter)
        )

    def score_pixels(self, pixels: NDArray[np.uint8], *, px_per_mm: float | None) -> HairScore:
        """Return the score of upright sRGB pixels whose scale is told, or not."""
        return score_photo(as_photo(pixels, px_per_mm=px_per_mm), self.settings)

    def score_file(self, path: Path, *, px_per_mm: float | None) -> HairScore:
        """Return the score of a file."""
        return score_photo(self.read_file(path, px_per_mm=px_per_mm), self.settings)

    def read_file(self, path: Path, *, px_per_mm: float | None) -> Photo:
        """Return the decoded photo."""
        inputs = PhotoInputs(px_per_mm=px_per_mm)
        return read_photo(path, photo_id=path.name, settings=self.settings.photo, inputs=inputs)

    def score_and_draw(self, path: Path, *, px_per_mm: float | None) -> bytes:
        """Do all that a batch does for one photo: read, score, draw and encode the overlay."""
        photo = self.read_file(path, px_per_mm=px_per_mm)
        picture = draw_overlay(photo, score_photo(photo, self.settings))
        quality = [cv2.IMWRITE_JPEG_QUALITY, OVERLAY_QUALITY]
        _, encoded = cv2.imencode(".jpg", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR), quality)
        return encoded.tobytes()


def as_photo(
    pixels: NDArray[np.uint8], *, px_per_mm: float | None, name: str = "pixels.png"
) -> Photo:
    """Return pixels in memory as the photo that reading would give."""
    upright = np.ascontiguousarray(pixels)
    digest = hashlib.sha256(upright.tobytes()).hexdigest()
    return Photo(name, upright, digest, "PNG", inputs=PhotoInputs(px_per_mm=px_per_mm))


def traced_ends(score: HairScore) -> Ends:
    """Return root and tip of every hair traced, counted or not."""
    return as_ends([(h.root_x_px, h.root_y_px, h.tip_x_px, h.tip_y_px) for h in score.hairs])
