"""Rows of ticks are found by their even distance; strokes without it are no row."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.ruler_ticks import _outlined, find_tick_rows


def ticks_at(places: NDArray[np.float64], *, longer: int = 5) -> NDArray[np.uint8]:
    strokes = np.zeros((200, 900), np.uint8)
    for index, place in enumerate(places.round().astype(int).tolist()):
        strokes[60 : 84 if index % longer == 0 else 72, place : place + 2] = 1
    return strokes


@pytest.mark.parametrize("pitch", [6.0, 13.37, 24.5])
def test_the_distance_of_even_ticks_is_found(pitch: float) -> None:
    (row,) = find_tick_rows(ticks_at(20 + pitch * np.arange(30)))
    assert row.ticks == 30
    # Ticks stand on whole pixels: a third of a pixel each, over thirty of them.
    assert row.pitch == pytest.approx(pitch, abs=0.02)


def test_ticks_within_a_closed_outline_are_found() -> None:
    strokes = ticks_at(20 + 12.0 * np.arange(30))
    # No side of the outline is level for long, so that none is taken off as a base.
    corners = np.array([(4, 20), (440, 60), (430, 130), (8, 150)])
    cv2.polylines(strokes, [corners], isClosed=True, color=1, thickness=2)
    outside, _ = cv2.findContours(strokes, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    assert len(outside) == 1
    (row,) = find_tick_rows(strokes)
    assert row.ticks >= 28
    assert row.pitch == pytest.approx(12.0, abs=0.02)


def test_outlines_tell_the_boxes_and_pixels_that_labels_tell() -> None:
    rng = np.random.default_rng(3)
    strokes = np.zeros((300, 400), np.uint8)
    for x, y, dx, dy in rng.integers((0, 0, -12, 4), (400, 300, 12, 40), (60, 4)).tolist():
        cv2.line(strokes, (x, y), (x + dx, y + dy), 1, 1 + (x + y) % 3)
    boxes, ink = _outlined(strokes)
    _, _, stats, _ = cv2.connectedComponentsWithStats(strokes, connectivity=8)
    by_box = {tuple(box): float(pixels) for *box, pixels in stats[1:].tolist()}
    assert {tuple(box) for box in boxes.tolist()} == set(by_box)
    holes = sum(ink) - sum(by_box.values())
    filled = [by_box[tuple(box)] == pixels for box, pixels in zip(boxes.tolist(), ink, strict=True)]
    # Where lines cross they shut in holes, which count as ink: in few of them.
    assert 0 <= holes <= 0.05 * strokes.sum()
    assert np.mean(filled) >= 0.8


def test_places_are_counted_from_the_first_tick() -> None:
    (row,) = find_tick_rows(ticks_at(20 + 12.0 * np.arange(30)))
    assert row.place(21 + 12.0 * 7, 90.0) == pytest.approx(7.0, abs=0.05)
    assert row.point(7.0) == pytest.approx((21 + 12.0 * 7, 60.0), abs=1.0)


def test_a_few_missing_ticks_do_not_change_the_distance() -> None:
    places = np.delete(20 + 14.0 * np.arange(40), [3, 17, 18, 31])
    strokes = np.zeros((200, 900), np.uint8)
    for place in places.astype(int).tolist():
        long = round((place - 20) / 14) % 5 == 0
        strokes[60 : 84 if long else 72, place : place + 2] = 1
    (row,) = find_tick_rows(strokes)
    assert row.pitch == pytest.approx(14.0, abs=0.02)


def test_strokes_at_random_distances_are_no_row() -> None:
    rng = np.random.default_rng(3)
    assert find_tick_rows(ticks_at(np.sort(rng.uniform(20, 880, 45)))) == []


def test_strokes_of_one_length_are_no_row() -> None:
    assert find_tick_rows(ticks_at(20 + 14.0 * np.arange(40), longer=1000)) == []
