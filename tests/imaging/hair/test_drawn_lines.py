"""Lines lie the same however the photograph does."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.hair.drawn_lines import covered_pixels, number_lines

SHAPE = (80, 120)
LINE = np.array([[12.3, 20.7], [40.1, 33.9], [101.6, 47.2]])
CROSSING = np.array([[60.2, 5.4], [52.8, 70.9]])
WIDTH_PX = 6.4


def mirrored(line: np.ndarray) -> np.ndarray:
    return np.array([SHAPE[1] - 1, 0]) - line * (1, -1)


def turned(line: np.ndarray) -> np.ndarray:
    """Return where `numpy.rot90` puts the points of a line."""
    return np.column_stack([line[:, 1], SHAPE[1] - 1 - line[:, 0]])


def cover(line: np.ndarray, shape: tuple[int, int] = SHAPE) -> np.ndarray:
    drawn = np.zeros(shape, int)
    drawn[covered_pixels(line, WIDTH_PX, shape)] += 1
    return drawn


def test_numbered_lines_are_drawn_alike_however_they_lie() -> None:
    drawn = number_lines([LINE, CROSSING], SHAPE)
    other = number_lines([mirrored(LINE), mirrored(CROSSING)], SHAPE)
    assert all((one[:, ::-1] == two).all() for one, two in zip(drawn, other, strict=True))
    # Where they cross, each of the two maps has another of them.
    assert (drawn[0] != drawn[1]).sum() >= 4


def test_a_wide_line_covers_the_same_pixels_however_it_lies() -> None:
    assert (cover(LINE)[:, ::-1] == cover(mirrored(LINE))).all()
    assert (np.rot90(cover(LINE)) == cover(turned(LINE), SHAPE[::-1])).all()
    assert (cover(LINE) == cover(LINE[::-1])).all()


def test_a_wide_line_covers_what_lies_within_half_its_width() -> None:
    rows, columns = covered_pixels(np.array([[20.0, 40.0], [90.0, 40.0]]), WIDTH_PX, SHAPE)
    assert (rows.min(), rows.max()) == (37, 43)
    assert (columns.min(), columns.max()) == (17, 93)
    # Its length and half a circle at each end, but for the pixels on the rim.
    assert len(rows) == pytest.approx(7 * 71 + np.pi * (WIDTH_PX / 2) ** 2, rel=0.03)


def test_what_lies_outside_is_not_drawn() -> None:
    rows, columns = covered_pixels(np.array([[-30.0, 5.0], [4.0, 5.0]]), WIDTH_PX, SHAPE)
    assert columns.min() == 0
    assert rows.max() < SHAPE[0]
    outside = covered_pixels(np.array([[-30.0, 5.0], [-20.0, 5.0]]), WIDTH_PX, SHAPE)
    assert len(outside[0]) == 0
