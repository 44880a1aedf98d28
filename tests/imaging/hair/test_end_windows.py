"""Moving the ends of traced lines."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.hair.end_windows import end_frames, end_windows, move_ends
from imaging.hair.evidence import ShaftEvidence
from imaging.hair.segmenter import learned_model
from imaging.hair.strips import Strip
from models.end_network import VALUES, predict_moves

STEP = 1.5


def _bar(left: int, right: int) -> tuple[ShaftEvidence, Strip]:
    """Return a dark bar from 60 to 110 px, and a line from `left` to `right` along it."""
    darkness = np.zeros((80, 180), np.float32)
    darkness[37:44, 60:111] = 1.0
    evidence = ShaftEvidence(
        darkness, darkness.copy(), (), np.ones(darkness.shape, bool), 110.0, 1.0
    )
    x = np.arange(left, right + 0.1, STEP)
    points = np.column_stack([x, np.full(len(x), 40.0)]).astype(np.float32)
    angles = np.zeros(len(x), np.float32)
    return evidence, Strip(points, angles, 0.06, 1.0, 0.3, 0.9, 0.9, STEP)


@pytest.mark.parametrize("out_mm", [-0.05, 0.0, 0.05])
def test_ends_move_along_their_line_by_what_the_judge_says(out_mm: float) -> None:
    evidence, strip = _bar(60, 111)
    moves = np.tile(np.float32([out_mm, 0.0]), (1, 2, 1))
    [line] = move_ends(
        [strip.points],
        [strip],
        np.zeros((1, VALUES), np.float32),
        lambda windows, values: moves,
        evidence,
    )
    out_px = out_mm * evidence.px_per_mm
    assert line[0] == pytest.approx((60 - out_px, 40))
    assert line[-1] == pytest.approx((111 + out_px, 40))
    assert (np.diff(line[:, 0]) > 0).all()


def test_a_window_shows_darkness_before_the_end_and_skin_beyond() -> None:
    evidence, strip = _bar(60, 111)
    frames = end_frames(strip.points, STEP, evidence.px_per_mm)[None]
    windows = end_windows([strip], frames, np.array([0]), evidence)
    middle = windows.shape[-1] // 2
    assert windows[0, :, 0, 20, middle] == pytest.approx(1.0)
    assert windows[0, :, 0, -1, middle] == pytest.approx(0.0)
    assert not windows[0, :, 2].any()


def test_a_line_gets_the_same_digits_alone_and_among_others() -> None:
    model = learned_model("hair-2")
    rng = np.random.default_rng(1)
    windows = rng.random((5, 2, 4, 51, 19), np.float32)
    values = rng.random((5, VALUES), np.float32)
    first = predict_moves(model.weights, windows, values)
    assert np.array_equal(first, predict_moves(model.weights, windows, values))
    alone = predict_moves(model.weights, windows[2:3], values[2:3])
    # Sums may be taken in another order: a nanometre.
    assert alone[0] == pytest.approx(first[2], abs=1e-6)
