"""The plain methods of the benchmark find what they should: they are no straw men."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from benchmarking.labelled_frames import Labels, as_ends, tally_frame
from benchmarking.rivals import RIVALS

PX_PER_MM = 179.5

#: Clearly apart, clearly dark, each about 0.4 mm long and 0.07 mm wide.
HAIRS = as_ends(
    [(150, 150, 210, 190), (330, 160, 400, 150), (200, 330, 250, 390), (420, 300, 480, 330)]
)


def draw_hairs(hairs: np.ndarray) -> np.ndarray:
    """Return skin with dark straight shafts on it, shape (512, 640, 3), blurred and noisy."""
    skin = np.full((512, 640, 3), (200, 170, 150), np.uint8)
    for x0, y0, x1, y1 in hairs.astype(int):
        cv2.line(skin, (x0, y0), (x1, y1), (60, 45, 40), 12, cv2.LINE_AA)
    noise = np.random.default_rng(1).normal(0, 2, skin.shape)
    blurred = cv2.GaussianBlur(skin, (0, 0), 1.5)
    return np.clip(np.rint(blurred + noise), 0, 255).astype(np.uint8)


@pytest.mark.parametrize("name", RIVALS)
def test_a_plain_method_finds_plain_hairs(name: str) -> None:
    pixels = draw_hairs(HAIRS)
    traced = RIVALS[name](pixels, PX_PER_MM, np.zeros(pixels.shape[:2], bool))
    tally = tally_frame(traced, Labels(("single",) * len(HAIRS), HAIRS), tolerance_px=30)
    assert (tally.hits, tally.misses) == (4, 0)


@pytest.mark.parametrize("name", RIVALS)
def test_a_plain_method_traces_nothing_that_is_masked(name: str) -> None:
    pixels = draw_hairs(HAIRS)
    masked = np.zeros(pixels.shape[:2], bool)
    masked[:, 300:] = True
    traced = RIVALS[name](pixels, PX_PER_MM, masked)
    assert (traced[:, 0] < 301).all()
