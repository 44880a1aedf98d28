"""Units, roots and shafts are laid out as the spec says, within sampling error."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import cKDTree

from imaging.synthetic.layout import draw_diameters, grow_path, lay_out_hairs, place_units
from imaging.synthetic.presets import PRESETS
from imaging.synthetic.spec import HairSpec, ScalpSpec, UnitSpec


def test_unit_density_is_that_of_the_spec():
    spec = UnitSpec(density_per_cm2=74.4)
    counts = [len(place_units(20.0, 15.0, spec, rng=np.random.default_rng(k))) for k in range(8)]
    assert np.mean(counts) == pytest.approx(74.4 * 3.0, abs=1.0)


def test_units_keep_their_distance():
    spec = UnitSpec(density_per_cm2=60.0, min_spacing_mm=0.8)
    centres = place_units(20.0, 20.0, spec, rng=np.random.default_rng(1))
    nearest = cKDTree(centres).query(centres, 2)[0][:, 1]
    assert nearest.min() >= 0.8


def test_a_density_beyond_the_hard_core_is_still_reached():
    spec = UnitSpec(density_per_cm2=150.0, min_spacing_mm=1.2)
    assert len(place_units(10.0, 10.0, spec, rng=np.random.default_rng(1))) == 150


def test_no_density_gives_no_units():
    assert (
        len(place_units(9.0, 9.0, UnitSpec(density_per_cm2=0.0), rng=np.random.default_rng(0))) == 0
    )


def test_grafted_units_stand_in_rows():
    spec = UnitSpec(density_per_cm2=30.0, row_spacing_mm=1.6)
    centres = place_units(30.0, 16.0, spec, rng=np.random.default_rng(2))
    offset = centres[:, 1].min()
    phase = (centres[:, 1] - offset + 0.8) % 1.6 - 0.8
    assert np.std(phase) < 0.25
    assert len(centres) == pytest.approx(30.0 * 4.8, rel=0.15)


def test_hairs_per_unit_follow_the_mix():
    spec = replace(PRESETS["clipped_light_skin"], width_px=6000, height_px=6000)
    _, units = lay_out_hairs(spec, rng=np.random.default_rng(3))
    sizes = np.array([unit.hairs for unit in units])
    assert len(sizes) > 1000
    # Four standard errors of a share at this number of units.
    for count, share in ((1, 0.284), (2, 0.526), (3, 0.175)):
        tolerance = 4 * np.sqrt(share * (1 - share) / len(sizes))
        assert np.mean(sizes == count) == pytest.approx(share, abs=tolerance)


def test_diameters_follow_their_two_distributions():
    spec = HairSpec(terminal_mean_um=75.0, terminal_sd_um=12.0, vellus_share=0.3)
    diameters = draw_diameters(20000, spec, rng=np.random.default_rng(4))
    thick = diameters[diameters >= 40.0]
    assert np.mean(diameters < 40.0) == pytest.approx(0.3, abs=0.015)
    assert thick.mean() == pytest.approx(75.0, abs=0.6)
    assert thick.std() == pytest.approx(12.0, abs=0.5)
    assert not np.any((diameters > 38.0) & (diameters < 42.0))


def test_hairs_of_a_loose_unit_do_not_lie_on_top_of_each_other():
    spec = replace(
        PRESETS["clipped_light_skin"],
        width_px=4000,
        height_px=4000,
        units=UnitSpec(tight_share=0.0, fan_share=0.0, hairs_per_unit=(0.0, 1.0)),
    )
    hairs, _ = lay_out_hairs(spec, rng=np.random.default_rng(6))
    pairs: dict[int, list] = {}
    for hair in hairs:
        pairs.setdefault(hair.unit_id, []).append(hair)
    clear = []
    for one, other in (p for p in pairs.values() if len(p) == 2):
        # Directions are those of the hairs, a few degrees off the unit's own.
        ahead = one.path_px[3] - one.path_px[0] + other.path_px[3] - other.path_px[0]
        ahead = ahead / np.hypot(*ahead)
        apart = np.array(other.root) - one.root
        lateral = abs(apart[0] * ahead[1] - apart[1] * ahead[0])
        radii = (one.diameter_um + other.diameter_um) / 2000 * spec.px_per_mm
        clear.append(lateral > 0.4 * radii)
    assert len(clear) > 300
    assert np.mean(clear) > 0.9


def test_lengths_have_the_median_of_the_spec():
    spec = replace(
        PRESETS["clipped_light_skin"], width_px=5000, height_px=5000,
        hair=HairSpec(length_mm=0.6, length_log_sd=0.3, vellus_share=0.0),
    )  # fmt: skip
    hairs, _ = lay_out_hairs(spec, rng=np.random.default_rng(5))
    assert np.median([hair.length_mm for hair in hairs]) == pytest.approx(0.6, rel=0.05)


@pytest.mark.parametrize("curl", [0.0, 0.004])
def test_a_path_is_as_long_as_its_hair(curl):
    path = grow_path(
        (3.0, 4.0), 1.0, 123.4, curl_per_px=curl, wavelength_px=90.0, rng=np.random.default_rng(6)
    )
    assert np.hypot(*np.diff(path, axis=0).T).sum() == pytest.approx(123.4)
    assert tuple(path[0]) == (3.0, 4.0)


def test_hairs_reach_into_the_photograph_and_are_numbered():
    spec = ScalpSpec(width_px=700, height_px=500)
    hairs, units = lay_out_hairs(spec, rng=np.random.default_rng(7))
    assert [hair.hair_id for hair in hairs] == list(range(1, len(hairs) + 1))
    assert {hair.unit_id for hair in hairs} == {unit.unit_id for unit in units}
    for hair in hairs:
        radius = hair.diameter_um / 2000 * spec.px_per_mm
        x, y = hair.path_px.T
        assert np.any((x > -radius) & (x < 700 + radius) & (y > -radius) & (y < 500 + radius))


def test_a_whole_scene_keeps_its_millimetres_at_another_scale():
    spec = ScalpSpec(width_px=900, height_px=600, px_per_mm=120.0)
    small, _ = lay_out_hairs(spec, rng=np.random.default_rng(8))
    large, _ = lay_out_hairs(
        replace(spec, width_px=1350, height_px=900, px_per_mm=180.0), rng=np.random.default_rng(8)
    )
    assert [h.diameter_um for h in small] == [h.diameter_um for h in large]
    for one, other in zip(small, large, strict=True):
        assert np.allclose(np.array(one.root) * 1.5, other.root)
