"""What a judge says of traced lines, and what becomes of them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imaging.hair.evidence import ShaftEvidence
from imaging.hair.line_judging import end_frames, end_windows, judge_lines, line_values
from imaging.hair.segmenter import learned_model
from imaging.hair.strips import Strip
from models import line_network

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
    [line], [sure] = judge_lines(
        [strip.points],
        [strip],
        np.zeros((1, line_network.VALUES), np.float32),
        np.array([0.9]),
        lambda windows, values: (moves, np.float32([-1.0])),
        evidence,
    )
    assert sure == pytest.approx(1 / (1 + np.exp(1.0)))
    out_px = out_mm * evidence.px_per_mm
    assert line[0] == pytest.approx((60 - out_px, 40))
    assert line[-1] == pytest.approx((111 + out_px, 40))
    assert (np.diff(line[:, 0]) > 0).all()


def test_a_window_shows_darkness_before_the_end_and_skin_beyond() -> None:
    evidence, strip = _bar(60, 111)
    frames = end_frames(strip.points, STEP, evidence.px_per_mm)[None]
    windows = end_windows([strip], np.array([0.9]), frames, np.array([0]), evidence)
    middle = windows.shape[-1] // 2
    assert windows[0, :, 0, 20, middle] == pytest.approx(1.0)
    assert windows[0, :, 0, -1, middle] == pytest.approx(0.0)
    assert not windows[0, :, 2].any()


def test_a_window_shows_how_sure_the_surest_other_line_is() -> None:
    evidence, strip = _bar(60, 111)
    frames = end_frames(strip.points, STEP, evidence.px_per_mm)[None]
    confidences, which = np.array([0.9, 0.3, 0.6]), np.array([0])
    windows = end_windows([strip] * 3, confidences, frames, which, evidence)
    middle = windows.shape[-1] // 2
    assert windows[0, :, 2, 20, middle] == pytest.approx(0.6)
    assert windows[0, :, 2, -1, middle] == pytest.approx(0.0)
    which[0] = 1
    windows = end_windows([strip] * 3, confidences, frames, which, evidence)
    assert windows[0, :, 2, 20, middle] == pytest.approx(0.9)


@pytest.mark.parametrize(("short_hairs", "is_judged"), [(6, True), (4, False)])
def test_white_hair_and_long_hair_is_not_judged_nor_anything_where_most_is_long(
    short_hairs: int, is_judged: bool
) -> None:
    evidence, strip = _bar(20, 160)  # 1.3 mm
    short = replace(strip, points=strip.points[:40], angles=strip.angles[:40])
    strips = [strip, replace(short, is_pale=True), *([short] * short_hairs)]
    lines, before = [s.points for s in strips], np.linspace(0.5, 0.9, len(strips))
    moves = np.zeros((short_hairs, 2, 2), np.float32)
    after_lines, after = judge_lines(
        lines,
        strips,
        np.zeros((len(strips), line_network.VALUES), np.float32),
        before,
        lambda windows, values: (moves, np.full(short_hairs, 9.0, np.float32)),
        evidence,
    )
    np.testing.assert_array_equal(after[:2], before[:2])
    assert all(a is b for a, b in zip(after_lines[:2], lines[:2], strict=True))
    if is_judged:
        assert (after[2:] > 0.99).all()
    else:
        np.testing.assert_array_equal(after, before)


@pytest.mark.parametrize("angle_deg", [0.0, 80.0, 175.0, 190.0])
def test_the_values_of_a_line_do_not_depend_on_the_way_it_lies(angle_deg: float) -> None:
    _, strip = _bar(60, 111)
    bend = np.linspace(0, 0.4, len(strip.points))
    angles = bend + np.deg2rad(angle_deg)
    points = np.cumsum(STEP * np.column_stack([np.cos(angles), np.sin(angles)]), axis=0)
    # Directions that are told from points come between -pi and pi.
    wrapped = (angles + np.pi) % (2 * np.pi) - np.pi
    bent = replace(strip, points=points.astype(np.float32), angles=wrapped.astype(np.float32))
    values = line_values([bent], np.zeros((1, 8)), np.array([0.9]), 110.0)[0]
    assert values[-2] == pytest.approx(0.4, abs=1e-4)
    chord_mm = np.hypot(*(points[-1] - points[0])) / 110.0
    assert values[-1] * strip.width_mm == pytest.approx(chord_mm * 0.4 / 8, rel=0.05)


def test_a_line_gets_the_same_digits_alone_and_among_others() -> None:
    model = learned_model("hair-3")
    rng = np.random.default_rng(1)
    windows = rng.random((5, 2, 4, 51, 19), np.float32)
    values = rng.random((5, line_network.VALUES), np.float32)
    first = line_network.judge_lines(model.weights, windows, values)
    again = line_network.judge_lines(model.weights, windows, values)
    alone = line_network.judge_lines(model.weights, windows[2:3], values[2:3])
    # Sums may be taken in another order: a nanometre, or as little of the log-odds.
    for a, b, c, within in zip(first, again, alone, (1e-6, 1e-4), strict=True):
        assert np.array_equal(a, b)
        assert c[0] == pytest.approx(a[2], abs=within)
