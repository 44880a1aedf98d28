"""The reader of burnt-in text."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.photo.bar_text import ALPHABET, decode, read_strip
from imaging.synthetic.graphics import TextStyle, render_text


def strip_of(text: str, *, ink: int, ground: int) -> np.ndarray:
    mask = render_text(text, TextStyle(cap_px=18))
    strip = np.full((32, mask.shape[1] + 30), ground, np.float32)
    top = (32 - mask.shape[0]) // 2
    area = strip[top : top + mask.shape[0], 15 : 15 + mask.shape[1]]
    area += mask * (ink - area)
    return strip.astype(np.uint8)


@pytest.mark.parametrize("text", ["1.0 mm", "500 um", "25 mm", "2019"])
@pytest.mark.parametrize(("ink", "ground"), [(255, 90), (10, 170)])
def test_clear_text_is_read_in_either_polarity(text: str, ink: int, ground: int) -> None:
    assert read_strip(strip_of(text, ink=ink, ground=ground)).text == text.replace(" ", "")


def test_a_flat_strip_holds_no_text() -> None:
    assert read_strip(np.full((24, 100), 128, np.uint8)).text == ""


def test_skin_texture_holds_no_text() -> None:
    rng = np.random.default_rng(0)
    assert read_strip(rng.normal(150, 12, (24, 160)).astype(np.uint8)).text == ""


def test_repeats_collapse_and_a_blank_parts_twins() -> None:
    one = 1 + ALPHABET.index("m")
    classes = np.full((6, 1 + len(ALPHABET)), 1e-4, np.float32)
    for column, index in enumerate((one, one, 0, one, 0, 0)):
        classes[column, index] = 0.9
    read = decode(classes)
    assert read.text == "mm"
    assert len(read.centres) == len(read.confidences) == 2
    assert len(read.doubts) == 3
