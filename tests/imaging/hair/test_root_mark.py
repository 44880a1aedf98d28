"""A root shows behind its shaft in red light; what lies loose has no such mark."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from imaging.hair.root_mark import root_marks
from imaging.hair.skin import optical_densities

PX_PER_MM = 100.0
PATH = np.column_stack([np.linspace(150.0, 200.0, 11), np.full(11, 100.0)])


def marks(*, has_root: bool) -> float:
    pixels = np.full((200, 300, 3), (200, 170, 150), np.uint8)
    if has_root:
        cv2.line(pixels, (130, 100), (150, 100), (170, 158, 147), 6)
    cv2.line(pixels, (150, 100), (200, 100), (40, 40, 40), 6)
    readable = np.ones(pixels.shape[:2], bool)
    densities = optical_densities(pixels, valid=readable, px_per_mm=PX_PER_MM)
    return float(root_marks(densities, [PATH], px_per_mm=PX_PER_MM)[0])


def test_a_buried_shaft_marks_its_root():
    # Red falls from 200 to 170 behind the root; smoothing takes a little off the edges.
    assert marks(has_root=True) == pytest.approx(np.log(201 / 171), abs=0.04)


def test_a_loose_piece_has_no_mark():
    assert abs(marks(has_root=False)) < 0.01


def test_no_hair_has_no_mark():
    empty = np.zeros((50, 50, 3), np.float32)
    assert len(root_marks(empty, [], px_per_mm=100.0)) == 0
