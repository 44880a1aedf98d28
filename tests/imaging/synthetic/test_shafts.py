"""Rendered shafts have the width, the place and the darkness that the truth says."""

import numpy as np
import pytest

from imaging.synthetic.layout import grow_path
from imaging.synthetic.shafts import HAIR_COLOURS, cover_pixels, lay_shaft, locate_pixels

SHAPE = (240, 240)


def straight_path(angle_deg: float, length_px: float, start=(118.3, 119.6)) -> np.ndarray:
    return grow_path(
        start,
        np.radians(angle_deg),
        length_px,
        curl_per_px=0.0,
        wavelength_px=100.0,
        rng=np.random.default_rng(0),
    )


def coverage_image(path: np.ndarray, radius_px: float, **options: float) -> np.ndarray:
    found = locate_pixels(path, radius_px + 10.0, SHAPE)
    assert found is not None
    cover, _ = cover_pixels(found, radius_px, **options)
    image = np.zeros(SHAPE)
    image.reshape(-1)[found.index] = cover
    return image


@pytest.mark.parametrize("angle_deg", [0, 17, 33, 45, 90, 211])
@pytest.mark.parametrize("diameter_px", [1.7, 4.0, 7.3, 14.0, 22.5])
def test_coverage_integrates_to_the_diameter_at_any_angle(angle_deg, diameter_px):
    # The difference of two lengths is free of the ends, whose corners are rounded.
    short, long = (
        coverage_image(straight_path(angle_deg, length), diameter_px / 2).sum()
        for length in (50.0, 90.0)
    )
    assert (long - short) / 40.0 == pytest.approx(diameter_px, abs=0.05)


@pytest.mark.parametrize("shift", [0.0, 0.13, 0.5, 0.77])
def test_width_does_not_depend_on_the_sub_pixel_place(shift):
    path = straight_path(0.0, 80.0, start=(60.0, 120.0 + shift))
    image = coverage_image(path, 6.4 / 2)
    assert image[:, 100].sum() == pytest.approx(6.4, abs=1e-3)
    rows = np.arange(SHAPE[0]) + 0.5
    # A part-covered pixel counts at its centre: an error of at most 1/8 px over the width.
    assert (image[:, 100] * rows).sum() / 6.4 == pytest.approx(120.0 + shift, abs=0.125 / 6.4)


def test_a_tip_out_of_focus_covers_as_much_as_a_sharp_one():
    path = straight_path(25.0, 90.0)
    sharp, soft = coverage_image(path, 5.0), coverage_image(path, 5.0, tip_blur_px=3.0)
    assert soft.sum() == pytest.approx(sharp.sum(), rel=0.01)
    assert np.abs(soft - sharp).max() > 0.2


def test_a_curved_shaft_covers_its_length_times_its_width():
    path = grow_path(
        (60.0, 120.0), 0.3, 130.0, curl_per_px=0.006, wavelength_px=200.0,
        rng=np.random.default_rng(3),
    )  # fmt: skip
    assert coverage_image(path, 4.0).sum() == pytest.approx(130.0 * 8.0, rel=0.02)


def test_the_root_and_the_cut_end_lie_where_the_path_ends():
    image = coverage_image(straight_path(0.0, 60.25, start=(100.5, 120.0)), 4.0)
    line = image[120]
    # Half-covered pixels mark the ends: the root at 100.5, the tip at 160.75.
    assert line.sum() == pytest.approx(60.25, abs=0.05)
    assert line[:99].sum() == 0
    assert line[162:].sum() == 0


def test_a_tapered_hair_is_narrower_at_its_tip():
    path = straight_path(0.0, 80.0, start=(60.0, 120.0))
    image = coverage_image(path, 5.0, taper_px=40.0)
    assert image[:, 80].sum() == pytest.approx(10.0, abs=0.01)
    assert image[:, 137].sum() < 5.0


def test_a_shaft_outside_the_photograph_has_no_pixels():
    assert locate_pixels(straight_path(0.0, 30.0, start=(400.0, 20.0)), 5.0, SHAPE) is None


def darkness(diameter_um: float, colour: str = "black") -> float:
    linear = np.ones((*SHAPE, 3), np.float32)
    radius = diameter_um / 2000.0 * 179.5
    path = straight_path(0.0, 90.0, start=(60.0, 120.0))
    found = locate_pixels(path, radius + 1.0, SHAPE)
    assert found is not None
    cover, place = cover_pixels(found, radius)
    lay_shaft(
        linear, np.ones_like(linear), found, cover, place, colour=HAIR_COLOURS[colour],
        diameter_um=diameter_um, px_per_mm=179.5, gloss=0.0, has_cut_end=False,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    return float(1.0 - linear[120, 80:130, 1].mean())


def test_thin_hairs_let_more_light_through_than_thick_ones():
    assert darkness(20.0) < darkness(40.0) < darkness(80.0) <= 1.0


def test_hair_colours_darken_in_their_order():
    levels = [darkness(70.0, name) for name in ("white", "blond", "brown", "black")]
    assert levels == sorted(levels)


def test_an_opaque_shaft_is_as_wide_in_the_photograph_as_its_diameter():
    linear = np.ones((*SHAPE, 3), np.float32)
    path = straight_path(17.0, 90.0, start=(60.0, 100.0))
    radius = 90.0 / 2000.0 * 179.5
    found = locate_pixels(path, radius + 1.0, SHAPE)
    assert found is not None
    cover, place = cover_pixels(found, radius)
    lay_shaft(
        linear, np.ones_like(linear), found, cover, place, colour=HAIR_COLOURS["black"],
        diameter_um=90.0, px_per_mm=179.5, gloss=0.0, has_cut_end=False,
        rng=np.random.default_rng(1),
    )  # fmt: skip
    # The half-level width across the middle of the shaft, on the noise-free linear image.
    centre, across = path[45], np.array([-np.sin(np.radians(17)), np.cos(np.radians(17))])
    offsets = np.arange(-14.0, 14.0, 0.05)
    points = centre + offsets[:, None] * across
    x, y = (points - 0.5).T
    c, r = np.floor(x).astype(int), np.floor(y).astype(int)
    fx, fy = x - c, y - r
    green = linear[..., 1]
    level = (
        green[r, c] * (1 - fx) * (1 - fy) + green[r, c + 1] * fx * (1 - fy)
        + green[r + 1, c] * (1 - fx) * fy + green[r + 1, c + 1] * fx * fy
    )  # fmt: skip
    middle = (1.0 + level.min()) / 2
    width = 0.05 * (level < middle).sum()
    # Beer-Lambert rims let a little light through: a tenth of a pixel on each side.
    assert width == pytest.approx(2 * radius, abs=0.4)
