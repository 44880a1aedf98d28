"""Evidence for hairs: dark or light lines of any angle, whatever the light; not vessels or ink."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_hairs import (
    INK,
    SHAFT,
    VESSEL,
    Line,
    evidence_of,
    neighbours,
    photograph,
    straight,
)

from imaging.hair import ridges
from imaging.hair.evidence import ShaftEvidence, read_at
from imaging.hair.ridges import oriented_responses
from imaging.settings import HairSettings

#: Evidence as it is, without the amplification of fair hair.
AS_IT_IS = HairSettings(most_gain=1.0)
DARK_SKIN = (80.0, 58.0, 46.0)


def answer(density: tuple[float, float, float]) -> float:
    """Return the strongest response of the wide filter on one bar of these densities."""
    line = straight(0.8, 0.9, density=density, is_rooted=False)
    return float(evidence_of(photograph([line]), AS_IT_IS).responses[-1].max())


def light_hairs() -> list[Line]:
    return [
        straight(0.35 + 0.7 * i, 0.35 + 0.5 * k, density=(-1.0, -1.1, -1.2), is_rooted=False)
        for i in range(3)
        for k in range(3)
    ]


# -- darkness


def test_flat_skin_has_no_density_and_no_lines() -> None:
    evidence = evidence_of(photograph([], noise=0.0))
    assert np.abs(evidence.darkness).max() <= 0.01
    assert max(response.max() for response in evidence.responses) <= 0.01


def test_noisy_skin_stays_far_below_what_starts_a_trace() -> None:
    evidence = evidence_of(photograph([], noise=4.0))
    assert max(r.max() for r in evidence.responses) < 0.5 * HairSettings().seed_response


def test_a_shaft_is_as_dark_as_it_absorbs() -> None:
    evidence = evidence_of(photograph([straight(0.8, 0.9)], noise=0.0), AS_IT_IS)
    middle = 0.5 * (straight(0.8, 0.9).root_px + straight(0.8, 0.9).tip_px) - 0.5
    (found,) = read_at(evidence.darkness, middle[:1], middle[1:])
    # Blur of 1 px leaves a little light in the middle of a shaft of 7.7 px.
    assert found == pytest.approx(SHAFT[0], abs=0.1)


@pytest.mark.parametrize(("name", "density"), [("vessel", VESSEL), ("ink", INK)])
def test_red_vessels_and_blue_ink_answer_far_less_than_a_hair_of_equal_contrast(
    name: str, density: tuple[float, float, float]
) -> None:
    grey = float(np.mean(density))
    assert answer(density) <= 0.4 * answer((grey, grey, grey)), name


@pytest.mark.parametrize("density", [VESSEL, INK])
def test_a_vessel_or_ink_among_hairs_is_too_weak_to_start_a_trace(
    density: tuple[float, float, float],
) -> None:
    line = straight(0.6, 1.90, angle_deg=0.0, density=density, is_rooted=False)
    evidence = evidence_of(photograph([*neighbours(), line]))
    around = evidence.responses[-1][:, 203:215, 66:132]
    assert around.max() < HairSettings().seed_response


def test_the_cast_of_the_light_changes_no_response() -> None:
    plain = photograph(neighbours(), noise=0.0)
    cast = np.rint(plain * np.float32((0.95, 0.8, 0.65))).astype(np.uint8)
    before, after = (evidence_of(image, AS_IT_IS).responses[-1] for image in (plain, cast))
    assert np.abs(after - before).max() <= 0.03 * before.max()


def test_less_light_changes_no_response() -> None:
    plain = photograph(neighbours(), noise=0.0)
    dimmed = np.rint(plain * 0.7).astype(np.uint8)
    before, after = (evidence_of(image, AS_IT_IS).responses[-1] for image in (plain, dimmed))
    assert np.abs(after - before).max() <= 0.03 * before.max()


def test_what_is_not_valid_has_no_darkness() -> None:
    pixels = photograph(neighbours())
    valid = np.ones(pixels.shape[:2], bool)
    valid[:, :100] = False
    evidence = evidence_of(pixels, valid=valid)
    assert (evidence.darkness[~valid] == 0).all()
    assert (evidence.shade[~valid] == 0).all()


def test_evidence_does_not_change_the_photo() -> None:
    pixels = photograph(neighbours())
    kept = pixels.copy()
    evidence_of(pixels)
    assert (pixels == kept).all()


# -- light and dark hair


def darkness_on(lines: list[Line], evidence: ShaftEvidence) -> float:
    middles = np.array([0.5 * (line.root_px + line.tip_px) - 0.5 for line in lines])
    return float(np.median(read_at(evidence.darkness, middles[:, 0], middles[:, 1])))


def test_dark_hair_on_light_skin_is_found_dark_without_being_told() -> None:
    assert darkness_on(neighbours(), evidence_of(photograph(neighbours()))) >= 1.0


def test_light_hair_on_dark_skin_is_found_without_being_told() -> None:
    pixels = photograph(light_hairs(), skin=DARK_SKIN)
    assert darkness_on(light_hairs(), evidence_of(pixels)) >= 0.5


def test_polarity_can_be_told() -> None:
    pixels = photograph(light_hairs(), skin=DARK_SKIN)
    dark = evidence_of(pixels, HairSettings(polarity="dark"))
    light = evidence_of(pixels, HairSettings(polarity="light"))
    assert darkness_on(light_hairs(), dark) <= 0.0
    assert darkness_on(light_hairs(), light) >= 0.5


# -- amplification of fair hair


def fair_hairs() -> list[Line]:
    pale = (0.25, 0.27, 0.30)
    return [
        straight(0.3 + 0.7 * i, 0.3 + 0.5 * k, density=pale) for i in range(3) for k in range(3)
    ]


def test_fair_hair_is_amplified_but_by_no_more_than_the_setting() -> None:
    pixels = photograph(fair_hairs(), noise=1.0)
    plain = evidence_of(pixels, AS_IT_IS)
    amplified = evidence_of(pixels, HairSettings(most_gain=2.0))
    gain = amplified.responses[-1].max() / plain.responses[-1].max()
    assert 1.2 <= gain <= 2.0 + 1e-6
    assert amplified.darkness == pytest.approx(plain.darkness * gain, rel=1e-4, abs=1e-5)


def test_dark_hair_is_left_as_it_is() -> None:
    pixels = photograph(neighbours())
    assert (evidence_of(pixels).darkness == evidence_of(pixels, AS_IT_IS).darkness).all()


def gain_of(lines: list[Line], noise: float) -> float:
    pixels = photograph(lines, noise=noise)
    amplified, plain = evidence_of(pixels), evidence_of(pixels, AS_IT_IS)
    return float(amplified.responses[-1].max() / plain.responses[-1].max())


def test_lines_are_amplified_the_less_the_less_they_rise_above_the_noise() -> None:
    # Hairs of density 0.1 stand 9, 8 and less than 6 times above such noise: no edge parts them.
    lines = [replace(line, density=(0.1, 0.1, 0.1)) for line in fair_hairs()]
    gains = [gain_of(lines, noise) for noise in (16, 20, 70)]
    assert 1.2 < gains[1] < gains[0] - 0.2
    assert gains[2] == pytest.approx(1.0)


def test_few_fair_hairs_are_amplified_too() -> None:
    lines = [replace(fair_hairs()[0], density=(0.1, 0.1, 0.1))]
    assert gain_of(lines, noise=4) > 2.0


def test_bare_skin_is_not_amplified() -> None:
    pixels = photograph([], noise=2.0)
    assert (evidence_of(pixels).darkness == evidence_of(pixels, AS_IT_IS).darkness).all()


# -- oriented responses


def response(darkness: np.ndarray, angles: int = 18) -> np.ndarray:
    return oriented_responses(
        darkness.astype(np.float32), across_px=2.6, along_px=7.0, angles=angles
    )


def bar(angle_deg: float, *, size: int = 121) -> np.ndarray:
    y, x = np.mgrid[:size, :size] - size // 2
    angle = np.deg2rad(angle_deg)
    return np.clip(3.5 - np.abs(x * np.sin(angle) - y * np.cos(angle)), 0, 1)


@pytest.mark.parametrize("k", [0, 3, 7, 9, 13, 17])
def test_a_line_answers_most_at_its_own_angle_which_runs_from_x_to_y(k: int) -> None:
    found = response(bar(10.0 * k))
    assert found.shape == (18, 121, 121)
    assert int(found[:, 60, 60].argmax()) == k


def test_the_response_of_a_long_bar_of_twice_the_filter_is_that_of_the_formula() -> None:
    # −σ² d²/dv² of a bar of width w = 2 σ in its middle: w/σ φ(1) = 2 · 0.24197.
    sigma, size = 10.0, 401
    y = np.mgrid[:size, :size][0] - size // 2
    wide = (np.abs(y) <= 10).astype(np.float32)
    found = oriented_responses(wide, across_px=sigma, along_px=5.0, angles=4)
    width = 21.0
    expected = width / sigma * np.exp(-0.5 * (width / 2 / sigma) ** 2) / np.sqrt(2 * np.pi)
    assert found[0, size // 2, size // 2] == pytest.approx(expected, abs=1e-3)


def test_filters_that_are_kept_give_what_new_ones_give(monkeypatch: pytest.MonkeyPatch) -> None:
    kept = response(bar(30.0))
    assert (response(bar(30.0)) == kept).all()
    # Filters of another size and width in between are not taken for these.
    other = response(bar(30.0, size=161))
    assert other.shape == (18, 161, 161)
    monkeypatch.setattr(ridges, "_MOST_KEPT", 0)
    assert (response(bar(30.0)) == kept).all()


@pytest.mark.parametrize("k", [0, 2, 4, 5, 7])
def test_the_filter_is_that_of_the_formula_at_every_angle(k: int) -> None:
    across, along, angles = 3.0, 6.0, 8
    y, x = np.mgrid[-40:41, -40:41].astype(float)
    angle = np.pi * k / angles
    u, v = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    gauss = np.exp(-0.5 * (u / along) ** 2 - 0.5 * (v / across) ** 2) / (2 * np.pi * along * across)
    expected = (1 - (v / across) ** 2) * gauss
    # The answer to a single pixel is the filter; an odd size and an even one.
    for size in (81, 90):
        point = np.zeros((size, size), np.float32)
        point[40, 40] = 1.0
        found = oriented_responses(point, across_px=across, along_px=along, angles=angles)[k]
        assert np.abs(found[:81, :81] - expected).max() <= 1e-3 * expected.max()


def test_both_hairs_of_a_crossing_keep_their_own_angle() -> None:
    crossing = np.maximum(bar(0.0), bar(90.0))
    middle = response(crossing)[:, 60, 60]
    peaks = [k for k in range(18) if middle[k] > middle[k - 1] and middle[k] > middle[(k + 1) % 18]]
    assert peaks == [0, 9]


def test_an_even_ground_and_an_even_slope_answer_nothing() -> None:
    assert np.abs(response(np.full((80, 80), 0.7))).max() <= 1e-3
    slope = np.linspace(0, 1, 160)[None] * np.ones((160, 1))
    assert np.abs(response(slope)[:, 40:-40, 40:-40]).max() <= 2e-3


def test_a_quarter_turn_turns_the_responses() -> None:
    image = np.random.default_rng(4).random((90, 90))
    turned = response(np.rot90(image))
    plain = response(image)
    # Turning by 90° against the clock takes angle a to a − 90°.
    expected = np.stack([np.rot90(plain[(k + 9) % 18]) for k in range(18)])
    assert turned == pytest.approx(expected, abs=1e-4)


def test_responses_grow_with_the_density() -> None:
    assert response(2 * bar(30.0)) == pytest.approx(2 * response(bar(30.0)), abs=1e-4)
