"""The benchmark's measure: hairs traced against hand labels, by cases worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarking.labelled_frames import (
    KINDS,
    Labels,
    as_ends,
    in_ignore_zone,
    pool,
    tally_frame,
)

#: A hair in the middle of the upper left quadrant, far from every border.
HAIR = (200.0, 200.0, 240.0, 230.0)


def labels(*rows: tuple[str, tuple[float, float, float, float]]) -> Labels:
    return Labels(tuple(name for name, _ in rows), as_ends([ends for _, ends in rows]))


def moved(ends: tuple[float, ...], dx: float, dy: float = 0.0) -> tuple[float, ...]:
    return (ends[0] + dx, ends[1] + dy, ends[2] + dx, ends[3] + dy)


def test_a_hair_in_its_place_is_a_hit_without_root_error() -> None:
    tally = tally_frame(as_ends([HAIR]), labels(("single", HAIR)), tolerance_px=30)
    assert (tally.hits, tally.surplus, tally.misses) == (1, 0, 0)
    assert tally.root_errors_px == (0.0,)
    assert tally.length_ratio == 1.0


@pytest.mark.parametrize(("distance", "hits"), [(30.0, 1), (30.5, 0)])
def test_a_hair_is_found_up_to_and_with_the_tolerance(distance: float, hits: int) -> None:
    tally = tally_frame(as_ends([moved(HAIR, distance)]), labels(("single", HAIR)), tolerance_px=30)
    assert (tally.hits, tally.surplus, tally.misses) == (hits, 1 - hits, 1 - hits)


def test_a_hair_traced_tip_first_is_a_hit_with_swapped_ends() -> None:
    turned = (*HAIR[2:], *HAIR[:2])
    tally = tally_frame(as_ends([turned]), labels(("premium", HAIR)), tolerance_px=30)
    assert (tally.hits, tally.swapped) == (1, 1)
    assert tally.root_errors_px == ()


def test_one_label_pairs_with_one_trace_only() -> None:
    traced = as_ends([moved(HAIR, 3), moved(HAIR, -2)])
    tally = tally_frame(traced, labels(("single", HAIR)), tolerance_px=30)
    assert (tally.hits, tally.surplus) == (1, 1)
    assert tally.root_errors_px == (2.0,)


def test_a_trace_on_an_abnormal_label_is_surplus_and_told() -> None:
    tally = tally_frame(as_ends([HAIR]), labels(("abnormal", HAIR)), tolerance_px=30)
    assert (tally.labelled, tally.hits, tally.surplus) == (0, 0, 1)
    assert (tally.abnormal, tally.abnormal_traced) == (1, 1)


@pytest.mark.parametrize(
    ("ends", "is_ignored"),
    [
        ((200.0, 200.0, 240.0, 230.0), False),
        ((31.9, 200.0, 80.0, 200.0), True),
        ((32.0, 200.0, 80.0, 200.0), False),
        ((600.0, 200.0, 609.0, 200.0), True),
        ((600.0, 200.0, 690.0, 200.0), True),
        ((200.0, 470.0, 200.0, 560.0), True),
        ((200.0, 900.0, 200.0, 1020.0), True),
    ],
)
def test_the_ignore_zone_lies_along_borders_and_across_them(
    ends: tuple[float, ...], is_ignored: bool
) -> None:
    assert in_ignore_zone(as_ends([ends]))[0] == is_ignored


def test_what_lies_in_the_ignore_zone_is_neither_missed_nor_surplus() -> None:
    at_edge = (10.0, 200.0, 60.0, 200.0)
    missed = tally_frame(as_ends([]), labels(("single", at_edge)), tolerance_px=30)
    surplus = tally_frame(as_ends([at_edge]), labels(("single", HAIR)), tolerance_px=30)
    assert (missed.labelled, missed.misses) == (0, 0)
    assert (surplus.surplus, surplus.misses) == (0, 1)


def test_pooled_figures_are_those_of_all_frames_together() -> None:
    frames = {"frame_00.jpg": labels(("single", HAIR)), "frame_01.jpg": labels(("single", HAIR))}
    traced = {"frame_00.jpg": as_ends([HAIR, moved(HAIR, 300)])}
    accuracy = pool(traced, frames)
    assert accuracy.f1[30] == pytest.approx(2 * 1 / (2 * 1 + 1 + 1))
    assert accuracy.worst_frame_f1[30] == 0.0
    assert accuracy.count_error == 1.0  # one too many of one, one too few of one
    assert accuracy.count_bias == 0.0


def test_nothing_traced_gives_figures_not_errors() -> None:
    accuracy = pool({}, {"frame_00.jpg": labels(("single", HAIR))})
    assert accuracy.f1 == {30: 0.0, 15: 0.0}
    assert np.isnan(accuracy.root_error_px)


def test_errors_are_told_by_their_kind() -> None:
    beside = moved(HAIR, 0, -20)
    far, debris = moved(HAIR, 150), moved(HAIR, 0, 200)
    truth = labels(
        ("single", HAIR),
        ("premium", beside),
        ("premium", far),
        ("undersize", moved(HAIR, 150, 100)),
        ("abnormal", debris),
    )
    found = as_ends([moved(HAIR, 2), moved(HAIR, 4), debris, moved(HAIR, 100, 250)])
    # One of the two on the first hair is the second one's, at twenty pixels.
    tally = tally_frame(found, truth, tolerance_px=15)
    assert tally.kinds == dict(zip(KINDS, (1, 1, 1, 1, 1, 1), strict=True))
    assert sum(tally.kinds.values()) == tally.misses + tally.surplus
    assert pool({"a": found}, {"a": truth}).kinds[KINDS[3]] == 0
