"""Thin, faint and pale hairs tell of more that were not seen."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.hair.evidence import ShaftEvidence
from imaging.hair.tracing import TracedHair
from imaging.hair.unseen import expected_unseen


def shafts_of(darkness: float) -> ShaftEvidence:
    """Return evidence of 50 px/mm, half as many as the photo, of one darkness on the right half."""
    field = np.zeros((40, 60), np.float32)
    field[:, 30:] = darkness
    valid = np.ones(field.shape, bool)
    return ShaftEvidence(field, field, (), valid, px_per_mm=50.0, zoom=0.5)


def hair_at(x: float, *, is_pale: bool = False) -> TracedHair:
    path = np.column_stack([np.full(9, x), np.linspace(10, 60, 9)])
    return TracedHair(path, 0.5, 8.0, True, 0.9, False, is_pale=is_pale)


def test_thin_faint_and_pale_hairs_stand_for_more_than_a_dark_thick_one() -> None:
    hairs = [hair_at(90), hair_at(90), hair_at(20), hair_at(90, is_pale=True)]
    diameters = np.array([70.0, 30.0, 70.0, 70.0])
    usual, thin, faint, pale = expected_unseen(hairs, diameters, shafts_of(1.2))
    assert 0 < usual < min(thin, faint, pale)


def test_the_fainter_the_more_up_to_a_limit_of_both() -> None:
    seen = [
        expected_unseen([hair_at(90)], np.array([70.0]), shafts_of(d))[0]
        for d in (2, 1, 0.4, 0, -1)
    ]
    assert seen[0] == seen[1] < seen[2] < seen[3] == seen[4]


def test_unknown_diameters_count_as_no_thin_ones_and_no_hair_gives_none() -> None:
    hairs = [hair_at(90)] * 2
    known, unknown = expected_unseen(hairs, np.array([70.0, np.nan]), shafts_of(1.2))
    assert known == pytest.approx(unknown)
    assert expected_unseen([], np.zeros(0), shafts_of(1.2)).shape == (0,)
