"""A hair traced once is looked for in the pixels of the other photo."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.hair.second_look import Traced, look_again, look_at, shaft_contrast
from imaging.hair.skin import optical_densities
from imaging.settings import HairSettings

PX_PER_MM = 100.0
WIDTH_MM = 0.06
SHARE = 0.35


def line(x: float, y: float, *, length: float = 60.0) -> NDArray[np.float64]:
    """Return a centre line to the right."""
    return np.column_stack([np.linspace(x, x + length, 13), np.full(13, y)])


def photo(*shafts: NDArray[np.float64], level: int = 60) -> NDArray[np.uint8]:
    """Return bare skin with dark shafts on it."""
    rng = np.random.default_rng(3)
    pixels = rng.normal((205.0, 170.0, 150.0), 3.0, (240, 320, 3))
    for path in shafts:
        covered = np.zeros(pixels.shape[:2], np.uint8)
        cv2.polylines(covered, [np.round(path - 0.5).astype(np.int32)], False, 1, 6)
        pixels[covered > 0] = level
    return np.clip(pixels, 0, 255).astype(np.uint8)


def traced(pixels: NDArray[np.uint8], *paths: NDArray[np.float64]) -> Traced:
    """Return a photo and its lines; both photos have the same coordinates."""
    readable = np.ones(pixels.shape[:2], bool)
    look = look_at(
        optical_densities(pixels, valid=readable, px_per_mm=PX_PER_MM),
        readable=readable,
        px_per_mm=PX_PER_MM,
        settings=HairSettings(),
    )
    return Traced(look, paths, paths, [WIDTH_MM] * len(paths))


def sight(
    there: NDArray[np.uint8], *neighbours: NDArray[np.float64], path: NDArray[np.float64]
) -> str:
    """Return what is seen in another photo of the hair with this path."""
    own, other = traced(photo(path), path), traced(there, *neighbours)
    return look_again(own, other, alone=[0], paired=range(len(neighbours)), share=SHARE)[0]


def test_a_shaft_that_was_not_traced_is_seen():
    assert sight(photo(line(120, 100)), path=line(120, 100)) == "seen"


def test_a_shaft_a_little_beside_its_place_and_turned_is_seen():
    moved = line(124, 103)
    moved[:, 1] += np.linspace(0.0, 9.0, len(moved))
    assert sight(photo(moved), path=line(120, 100)) == "seen"


def test_bare_skin_shows_no_shaft():
    assert sight(photo(), path=line(120, 100)) == "bare"


def test_a_shaft_far_beside_its_place_is_another_one():
    assert sight(photo(line(120, 130)), path=line(120, 100)) == "bare"


def test_the_shaft_of_a_paired_hair_is_not_taken_for_it():
    neighbour = line(120, 104)
    assert sight(photo(neighbour), neighbour, path=line(120, 100)) != "seen"


def test_a_place_that_others_cover_is_hidden():
    beside = [line(110, y, length=90) for y in (92, 96, 100, 104, 108)]
    assert sight(photo(*beside), *beside, path=line(120, 100)) == "hidden"


def test_a_place_under_the_shaft_of_a_paired_hair_is_hidden():
    """Two touching hairs are often traced as one: which of them is gone cannot be told."""
    assert sight(photo(line(120, 100)), line(120, 100), path=line(120, 101)) == "hidden"


def test_a_much_darker_shaft_is_another_hair():
    path = line(120, 100)
    own = traced(photo(path, level=150), path)
    other = traced(photo(path, level=15))
    assert look_again(own, other, alone=[0], paired=[], share=SHARE) == {0: "hidden"}


def test_the_border_of_something_wide_is_no_shaft():
    pixels = photo()
    pixels[100:200] = 60
    other = traced(pixels)
    contrast = shaft_contrast(other.look, line(120, 100), is_known=True)
    own = traced(photo(line(120, 100)), line(120, 100))
    shaft = shaft_contrast(own.look, own.paths[0], is_known=True)
    assert contrast < SHARE * shaft


def test_nothing_is_known_beyond_the_photo():
    look = traced(photo()).look
    assert math.isnan(shaft_contrast(look, line(-200, 100), is_known=False))


def test_the_caller_s_look_stays_as_it_was():
    path = line(120, 100)
    own, other = traced(photo(path), path), traced(photo(path), path)
    look_again(own, other, alone=[0], paired=[0], share=SHARE)
    assert not other.look.hidden.any()
