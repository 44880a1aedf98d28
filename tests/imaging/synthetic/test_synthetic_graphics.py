"""Drawn graphics match their truth."""

from __future__ import annotations

import math

import numpy as np
import pytest

from imaging.synthetic.graphics import (
    BAR_STYLES,
    BarSpec,
    GraphicsSpec,
    TextStyle,
    draw_graphics,
    random_bar,
)

GREY = np.full((400, 600, 3), 128, np.uint8)


@pytest.mark.parametrize("style", BAR_STYLES)
def test_a_bar_is_as_long_as_its_truth_says(style: str) -> None:
    bar = BarSpec(1.0, "1 mm", style=style, text_style=TextStyle(cap_px=12))  # type: ignore[arg-type]
    drawn, truth = draw_graphics(
        GREY, GraphicsSpec(bar=bar), rng=np.random.default_rng(0), px_per_mm=120.0
    )
    assert truth.bar_px is not None
    assert truth.bar_length_px == 120
    assert truth.bar_length_mm == 1.0
    row = int(truth.bar_px[1]) if style != "double" else int(truth.bar_px[1] - 2)
    columns = np.flatnonzero((drawn[row] == 255).all(axis=1))
    columns = columns[columns < truth.bar_px[2] + 2]
    # A tick juts out by half its thickness of two pixels.
    assert columns.size == pytest.approx(120, abs=2)


def test_only_what_is_marked_as_drawn_changes_and_the_input_stays() -> None:
    before = GREY.copy()
    spec = GraphicsSpec(banner=("A", "B"), circle_radius_mm=1.0, watermark="XY", pillar_px=10)
    drawn, truth = draw_graphics(GREY, spec, rng=np.random.default_rng(1), px_per_mm=90.0)
    assert np.array_equal(before, GREY)
    assert not (drawn != GREY).any(axis=2)[~truth.drawn].any()
    assert truth.circle == (300.5, 200.5, 90.0)
    assert truth.content == (0, 400, 10, 590)
    assert math.isnan(truth.bar_length_px)


def test_random_bars_suit_the_picture_and_repeat_with_their_seed() -> None:
    bars = [
        random_bar(np.random.default_rng(seed), fonts=("",), px_per_mm=100.0, width_px=600)
        for seed in (1, 2, 3, 1)
    ]
    assert bars[0] == bars[3]
    assert len(set(bars)) == 3
    assert all(24 <= bar.length_mm * 100 <= 270 for bar in bars)
