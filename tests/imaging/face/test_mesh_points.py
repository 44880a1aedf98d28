"""Mesh points: sides mirror each other."""

from __future__ import annotations

import numpy as np

from imaging.face.mesh_points import (
    CHIN,
    MALAR,
    MIRRORED,
    OVAL,
    chain_points,
    mirrored_chain,
)


def test_mirroring_twice_gives_every_point_back():
    assert (MIRRORED[MIRRORED] == np.arange(468)).all()


def test_the_oval_is_its_own_mirror_image():
    assert set(mirrored_chain(OVAL)) == set(OVAL)


def test_the_chin_is_its_own_mirror_image():
    assert set(mirrored_chain(CHIN)) == set(CHIN)


def test_cheeks_share_no_point():
    assert not set(MALAR) & set(mirrored_chain(MALAR))


def test_a_corner_may_be_the_middle_of_two_points():
    points = np.zeros((468, 2), np.float32)
    points[7] = (4, 8)
    assert chain_points(points, (7, (7, 8))).tolist() == [[4, 8], [2, 4]]


def test_the_models_have_one_digest():
    from imaging.face.mesh import models_digest

    assert len(models_digest()) == 16
    assert models_digest() == models_digest()
