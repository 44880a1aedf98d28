"""What a judge sees of lines that may be hairs, and what is chosen by what it says."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
from drawn_hairs import evidence_of, photograph, straight

from imaging.hair.candidates import possible_strips
from imaging.hair.evidence import LineJudge, Map, ShaftEvidence
from imaging.hair.line_judging import (
    ALONG_MM,
    MOST_LONG_SHARE,
    choose_lines,
    cover,
    end_frames,
    end_windows,
    line_values,
    long_strips,
    with_moved_ends,
)
from imaging.hair.segmenter import learned_model
from imaging.hair.strips import Strip
from imaging.hair.tracks import find_tracks
from imaging.settings import HairSettings
from models import line_network

STEP = 1.5
Look = Callable[[Map, Map], tuple[Map, Map]]


def bar(left: int, right: int, y: float = 40.0) -> tuple[ShaftEvidence, Strip]:
    """Return a dark bar from 60 to 110 px, and a line from `left` to `right` along it."""
    darkness = np.zeros((80, 180), np.float32)
    darkness[37:44, 60:111] = 1.0
    evidence = ShaftEvidence(
        darkness, darkness.copy(), (), np.ones(darkness.shape, bool), 110.0, 1.0
    )
    x = np.arange(left, right + 0.1, STEP)
    points = np.column_stack([x, np.full(len(x), y)]).astype(np.float32)
    angles = np.zeros(len(x), np.float32)
    return evidence, Strip(points, angles, 0.06, 1.0, 0.3, 0.9, 0.9, STEP)


def judge_with(look: Look) -> LineJudge:
    return LineJudge(look, 0.0, 0.0, 0.0, 0.0, (1.0, 0.0, 0.0, 0.0, 0.0))


def unmoved(log_odds: Callable[[Map], Map]) -> LineJudge:
    """Return a judge that moves no end and says this of windows."""
    return judge_with(
        lambda windows, values: (np.zeros((len(windows), 2, 2), np.float32), log_odds(windows))
    )


def own_cover(windows: Map) -> Map:
    """Return the share of each line's own windows that is covered already."""
    own = windows[:, :, 2] > 0
    return np.asarray((windows[:, :, 3] * own).sum(axis=(1, 2, 3)) / own.sum(axis=(1, 2, 3)))


# -- what is seen


def test_a_window_shows_darkness_before_the_end_and_skin_beyond() -> None:
    evidence, strip = bar(60, 111)
    frames = end_frames(strip.points, STEP, evidence.px_per_mm)[None]
    windows = end_windows([strip], frames, np.zeros((80, 180), np.float32), evidence)
    middle = windows.shape[-1] // 2
    assert windows[0, :, 0, 20, middle] == pytest.approx(1.0)
    assert windows[0, :, 0, -1, middle] == pytest.approx(0.0)
    assert (windows[0, :, 2, :30, middle] == 1).all()
    assert not windows[0, :, 2, 31:].any()
    assert not windows[0, :, 3].any()


def test_a_window_shows_what_is_chosen_already() -> None:
    evidence, strip = bar(60, 111)
    covered = np.zeros((80, 180), np.float32)
    cover(covered, strip.points[:10], 6.0)
    frames = end_frames(strip.points, STEP, evidence.px_per_mm)[None]
    windows = end_windows([strip], frames, covered, evidence)
    middle = windows.shape[-1] // 2
    assert windows[0, 0, 3, 25, middle] == pytest.approx(1.0)
    assert windows[0, 1, 3, 25, middle] == pytest.approx(0.0)


@pytest.mark.parametrize("angle_deg", [0.0, 80.0, 175.0])
def test_the_values_of_lines_do_not_depend_on_how_the_photograph_lies(angle_deg: float) -> None:
    def lines(turn_deg: float) -> list[Strip]:
        turn = np.deg2rad(turn_deg)
        rotate = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
        _, one = bar(60, 111)
        _, two = bar(60, 90, y=80.0)
        return [
            replace(one, points=one.points @ rotate.T),
            replace(two, points=two.points[::-1] @ rotate.T),
        ]

    first, turned = (line_values(lines(angle), 0.06, 110.0) for angle in (0.0, angle_deg))
    np.testing.assert_allclose(first, turned, atol=1e-4)
    # They run along one axis, if not the same way.
    np.testing.assert_allclose(first[:, -2:], 1.0, atol=1e-4)


# -- what is chosen


def test_lines_are_chosen_in_sight_of_those_before() -> None:
    evidence, strip = bar(60, 111)
    copy = replace(strip, points=strip.points + np.float32([0.0, 0.5]), worth_mm=0.2)
    _, apart = bar(60, 111, y=60.0)
    judge = unmoved(lambda windows: np.where(own_cover(windows) > 0.5, -1.0, 2.0))
    judged = choose_lines([strip, copy, apart], 0.06, [], evidence, judge)
    assert [found.worth_mm for found in judged.strips] == [strip.worth_mm, apart.worth_mm]
    assert [found.points[0, 1] for found in judged.strips] == pytest.approx([40.0, 60.0])
    np.testing.assert_allclose(judged.log_odds, 2.0)


def test_a_second_hair_beside_the_first_is_chosen_when_the_judge_says_so() -> None:
    evidence, strip = bar(60, 111)
    beside = replace(strip, points=strip.points + np.float32([0.0, 5.0]))
    judge = unmoved(lambda windows: np.full(len(windows), 1.0, np.float32))
    judged = choose_lines([strip, beside], 0.06, [], evidence, judge)
    assert len(judged.strips) == 2


def test_a_chosen_line_reaches_from_one_moved_end_to_the_other() -> None:
    evidence, strip = bar(70, 100)

    def look(windows: Map, values: Map) -> tuple[Map, Map]:
        moves = np.zeros((len(windows), 2, 2), np.float32)
        moves[:, :, 0] = 10 / 110.0
        return moves, np.ones(len(windows), np.float32)

    judge = replace(unmoved(lambda windows: np.ones(len(windows))), look=look)
    (found,) = choose_lines([strip], 0.06, [], evidence, judge).strips
    assert found.points[[0, -1], 0] == pytest.approx([60.0, strip.points[-1, 0] + 10.0], abs=1e-3)
    steps = np.hypot(*np.diff(found.points, axis=0).T)
    assert steps == pytest.approx(STEP, abs=0.05)
    assert found.angles == pytest.approx(np.zeros(len(found.points)), abs=1e-5)


def test_what_is_hair_already_is_seen_from_the_first_round_on() -> None:
    evidence, strip = bar(60, 111)
    judge = unmoved(lambda windows: np.where(own_cover(windows) > 0.5, -1.0, 2.0))
    assert not choose_lines([strip], 0.06, [strip], evidence, judge).strips


def test_lines_below_the_least_log_odds_are_not_chosen() -> None:
    evidence, strip = bar(60, 111)
    judge = unmoved(lambda windows: np.full(len(windows), -0.1, np.float32))
    judged = choose_lines([strip], 0.06, [], evidence, judge)
    assert not judged.strips
    assert judged.log_odds.shape == (0,)
    assert choose_lines([], float("nan"), [], evidence, judge).log_odds.shape == (0,)


@pytest.mark.parametrize("is_masked", [False, True], ids=["photo's edge", "masked"])
def test_what_cannot_be_read_is_told_from_skin(is_masked: bool) -> None:
    evidence, strip = bar(60, 111)
    if is_masked:
        valid = evidence.valid.copy()
        valid[:, 116:] = False
        evidence = replace(evidence, valid=valid)
    else:
        evidence = replace(
            evidence,
            darkness=evidence.darkness[:, :117],
            shade=evidence.shade[:, :117],
            valid=evidence.valid[:, :117],
        )
    frames = end_frames(strip.points, STEP, 110.0)[None]
    covered = np.zeros(evidence.darkness.shape, np.float32)
    seen = end_windows([strip], frames, covered, evidence)[0, 1]
    # From five pixels beyond the end on; one pixel lies between what is read and what is not.
    x_px = strip.points[-1, 0] + 110 * ALONG_MM
    assert (seen[:2, x_px > 116.5] == -1).all()
    assert (seen[:2, x_px < 114.5] >= 0).all()


def test_a_photo_of_one_row_has_windows_too() -> None:
    evidence, strip = bar(60, 111)
    low = replace(
        evidence, **{name: getattr(evidence, name)[:1] for name in ("darkness", "shade", "valid")}
    )
    frames = end_frames(strip.points, STEP, 110.0)[None]
    seen = end_windows([strip], frames, np.zeros((1, 180), np.float32), low)
    assert (seen[:, :, :2] == -1).all()


@pytest.mark.parametrize("out_mm", [-0.05, 0.0, 0.05])
def test_ends_move_along_their_line(out_mm: float) -> None:
    _, strip = bar(60, 111)
    frames = end_frames(strip.points, STEP, 110.0)
    line = with_moved_ends(strip.points, frames, 110.0 * np.array([[out_mm, 0.0]] * 2))
    assert line[0] == pytest.approx((60 - 110 * out_mm, 40))
    assert line[-1] == pytest.approx((111 + 110 * out_mm, 40))
    assert (np.diff(line[:, 0]) > 0).all()


@pytest.mark.parametrize(("short_hairs", "is_long"), [(10, False), (8, True)])
def test_hair_is_mostly_long_by_its_length_and_not_by_its_number(
    short_hairs: int, is_long: bool
) -> None:
    _, strip = bar(20, 160)  # 1.3 mm
    short = replace(strip, points=strip.points[:40], angles=strip.angles[:40])
    strips = [strip, *([short] * short_hairs)]
    long, share = long_strips(strips, 110.0)
    assert (share > MOST_LONG_SHARE) is is_long
    assert long == [strip]
    assert long_strips([], 110.0) == ([], 0.0)


# -- what may be chosen


def test_every_hair_is_among_the_possible_lines_and_they_overlap() -> None:
    hairs = [straight(0.6, 0.6), straight(1.4, 0.9, angle_deg=70.0)]
    evidence, settings = evidence_of(photograph(hairs)), HairSettings()
    tracks = find_tracks(evidence, settings)
    found = possible_strips(tracks, evidence, settings, most_length_mm=1.5)
    strips = found.strips
    assert found.usual_mm == pytest.approx(0.07, abs=0.02)
    assert [s.worth_mm for s in strips] == sorted((s.worth_mm for s in strips), reverse=True)
    ends = np.array([s.points[[0, -1]] for s in strips])
    for hair in hairs:
        truth = np.array([hair.root_px, hair.tip_px])
        away = np.minimum(
            *(np.linalg.norm(ends - t, axis=2).mean(axis=1) for t in (truth, truth[::-1]))
        )
        assert away.min() < 0.06 * 110
    shorter = possible_strips(tracks, evidence, settings, most_length_mm=0.3)
    assert all(len(s.points) * s.step_px <= 0.3 * 110 for s in shorter.strips)
    assert shorter.longest_mm == found.longest_mm > 0.4


def test_no_two_possible_lines_have_the_same_ends() -> None:
    evidence, settings = evidence_of(photograph([straight(0.8, 0.8)])), HairSettings()
    tracks = find_tracks(evidence, settings)
    strips = possible_strips(tracks, evidence, settings, most_length_mm=1.5).strips
    ends = np.array([s.points[[0, -1]].ravel() for s in strips]) / 110
    apart = np.linalg.norm(ends[:, None] - ends[None], axis=2) + 9 * np.eye(len(ends))
    assert apart.min() > 0.02
    twice = possible_strips(tracks.joined(tracks), evidence, settings, most_length_mm=1.5)
    assert len(twice.strips) == len(strips)


# -- the network


@pytest.fixture(scope="module")
def lines_and_values() -> tuple[Map, Map]:
    rng = np.random.default_rng(1)
    shape = (5, 2, line_network.PLANES, line_network.ALONG, line_network.ACROSS)
    return rng.random(shape, np.float32), rng.random((5, line_network.VALUES), np.float32)


def test_a_line_gets_the_same_digits_alone_and_among_others(
    lines_and_values: tuple[Map, Map],
) -> None:
    weights = learned_model("hair-5").weights
    windows, values = lines_and_values
    first = line_network.judge_lines(weights, windows, values)
    again = line_network.judge_lines(weights, windows, values)
    alone = line_network.judge_lines(weights, windows[2:3], values[2:3])
    # Sums may be taken in another order: a nanometre, or as little of the log-odds.
    for a, b, c, within in zip(first, again, alone, (1e-6, 1e-4), strict=True):
        assert np.array_equal(a, b)
        assert c[0] == pytest.approx(a[2], abs=within)


def test_a_mirrored_line_and_one_that_runs_the_other_way_are_judged_alike(
    lines_and_values: tuple[Map, Map],
) -> None:
    weights = learned_model("hair-5").weights
    windows, values = lines_and_values
    moves, log_odds = line_network.judge_lines(weights, windows, values)
    mirrored = line_network.judge_lines(weights, windows[..., ::-1].copy(), values)
    np.testing.assert_allclose(mirrored[0] * (1, -1), moves, atol=1e-6)
    np.testing.assert_allclose(mirrored[1], log_odds, atol=1e-4)
    turned = line_network.judge_lines(weights, windows[:, ::-1].copy(), values)
    np.testing.assert_allclose(turned[0][:, ::-1], moves, atol=1e-6)
    np.testing.assert_allclose(turned[1], log_odds, atol=1e-4)


def test_an_unlikely_line_is_not_looked_at_twice(lines_and_values: tuple[Map, Map]) -> None:
    weights = learned_model("hair-5").weights
    windows, values = lines_and_values
    both = line_network.judge_lines(weights, windows, values)
    once = line_network.judge_lines(weights, windows, values, unlikely=np.inf)
    assert (np.abs(both[1] - once[1]) > 1e-3).all()
    middle = float(np.median(once[1]))
    some = line_network.judge_lines(weights, windows, values, unlikely=middle)
    is_likely = once[1] >= middle
    assert 0 < is_likely.sum() < len(is_likely)
    for k in (0, 1):
        np.testing.assert_allclose(some[k][is_likely], both[k][is_likely], atol=1e-4)
        np.testing.assert_allclose(some[k][~is_likely], once[k][~is_likely], atol=1e-4)
