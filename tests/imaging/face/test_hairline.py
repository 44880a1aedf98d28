"""The hairline: where skin ends, as one line that does not jump at a strand."""

from __future__ import annotations

import numpy as np
import pytest

from imaging.face.hairline import find_hairline
from imaging.face.mesh_points import NOSE_ROOT, OVAL

WIDTH = 200.0
ORIGIN = np.array([150.0, 200.0])


def make_mesh():
    points = np.tile(ORIGIN, (468, 1)).astype(np.float32)
    angle = np.linspace(0, 2 * np.pi, len(OVAL), endpoint=False)
    ring = ORIGIN + 0.45 * WIDTH * np.stack([np.sin(angle), -np.cos(angle)], axis=1)
    points[list(OVAL)] = ring
    points[NOSE_ROOT] = ORIGIN
    return points


def evidence_with_radius(radius_px):
    y, x = np.mgrid[:300, :300] + 0.5
    inside = np.hypot(x - ORIGIN[0], y - ORIGIN[1]) < radius_px
    return np.where(inside, 1.0, -3.0).astype(np.float32)


UP = np.array([0.0, -1.0], np.float32)


@pytest.mark.parametrize("radius_px", [70.0, 90.0, 120.0])
def test_the_line_lies_where_skin_ends(radius_px):
    line = find_hairline(evidence_with_radius(radius_px), make_mesh(), up=UP, width_px=WIDTH)
    found = np.hypot(*(line - ORIGIN).T)
    middle = found[len(found) // 2 - 15 : len(found) // 2 + 15]
    assert middle == pytest.approx(radius_px, abs=3.0)


def test_it_runs_from_the_patients_right_to_the_left():
    line = find_hairline(evidence_with_radius(90.0), make_mesh(), up=UP, width_px=WIDTH)
    assert line[0, 0] < line[-1, 0]


def test_a_thin_strand_over_the_forehead_does_not_stop_it():
    evidence = evidence_with_radius(100.0)
    evidence[130:133] = -3.0
    line = find_hairline(evidence, make_mesh(), up=UP, width_px=WIDTH)
    middle = np.hypot(*(line - ORIGIN).T)[len(line) // 2]
    assert middle == pytest.approx(100.0, abs=4.0)


def test_a_background_like_skin_does_not_let_it_run_away():
    line = find_hairline(np.ones((300, 300), np.float32), make_mesh(), up=UP, width_px=WIDTH)
    assert np.hypot(*(line - ORIGIN).T).max() <= 1.8 * 0.45 * WIDTH


def test_what_looks_like_skin_behind_a_band_of_hair_is_no_forehead():
    evidence = evidence_with_radius(140.0)
    y, x = np.mgrid[:300, :300] + 0.5
    radius = np.hypot(x - ORIGIN[0], y - ORIGIN[1])
    evidence[(radius > 80) & (radius < 92)] = -3.0
    line = find_hairline(evidence, make_mesh(), up=UP, width_px=WIDTH)
    found = np.hypot(*(line - ORIGIN).T)
    assert found == pytest.approx(80.0, abs=3.0)
