"""White and grey hair among dark ones is found; what else is paler or greyer than skin is none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from drawn_hairs import PX_PER_MM, Line, evidence_of, neighbours, photograph, straight, traced

from imaging.hair.score import score_photo
from imaging.hair.tracing import TracedHair, trace_hairs
from imaging.records import HairScore, Photo, PhotoInputs
from imaging.settings import HairSettings, Settings
from imaging.synthetic.scalp import PRESETS, ScalpScene, ScalpSpec, SurfaceSpec, make_scalp

#: Density of white hair on skin, and of the lamp's image on wet hair.
WHITE, GLARE = (-0.15, -0.32, -0.42), (-0.3, -0.45, -0.55)
#: Of hair without colour and as bright as skin, and of a blue fibre.
GREY, FIBRE = (0.18, 0.02, -0.10), (0.7, 0.3, -0.3)
#: Ends of a found hair lie this near to the true ones.
NEAR_MM = 0.06


def white(x_mm: float, y_mm: float, **how: float) -> Line:
    return straight(x_mm, y_mm, density=WHITE, is_rooted=False, **how)


def mixed() -> tuple[list[Line], list[Line]]:
    """Return nine hairs that lean alike, dark ones and white ones."""
    lines = neighbours()
    return lines[::2], [replace(line, density=WHITE, is_rooted=False) for line in lines[1::2]]


def grey(x_mm: float, y_mm: float, **how: float) -> Line:
    return straight(x_mm, y_mm, density=GREY, is_rooted=False, **how)


def found(lines: list[Line], hairs: list[TracedHair]) -> int:
    """Return how many of these lines were traced, whichever end was taken for the root."""
    ends = [np.array([line.root_px, line.tip_px]) for line in lines]
    return sum(
        any(
            np.hypot(*(hair.path_px[[0, -1]] - end[::way]).T).max() <= NEAR_MM * PX_PER_MM
            for hair in hairs
            for way in (1, -1)
        )
        for end in ends
    )


def small(preset: str, **changes: object) -> ScalpSpec:
    return replace(PRESETS[preset], width_px=640, height_px=480, **changes)


def drawn(spec: ScalpSpec, seed: int) -> ScalpScene:
    return make_scalp(spec, rng=np.random.default_rng(seed))


def scored(scene: ScalpScene, hair: HairSettings | None = None) -> HairScore:
    photo = Photo("photo", scene.pixels, "0", inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    return score_photo(photo, replace(Settings(), hair=hair or HairSettings()))


# -- what is found


def test_white_hairs_among_dark_ones_are_all_traced_and_the_dark_ones_stay() -> None:
    dark, pale = mixed()
    hairs = traced([*dark, *pale])
    assert (found(dark, hairs), found(pale, hairs), len(hairs)) == (5, 4, 9)


def test_a_white_hair_beside_a_dark_one_is_found_by_the_skin_on_its_other_side() -> None:
    dark = neighbours()
    pale = white(0.35, 0.35 + 0.09, angle_deg=20.0, length_mm=0.4)
    assert found([pale], traced([*dark, pale])) == 1


def test_a_white_hair_that_lies_over_a_dark_one_is_found() -> None:
    dark = [*neighbours(), straight(0.4, 1.85, angle_deg=-5.0, length_mm=0.9)]
    pale = white(0.6, 1.65, angle_deg=30.0, length_mm=0.6)
    assert found([pale], traced([*dark, pale])) == 1


def test_dark_hairs_are_traced_the_same_with_and_without_a_look_for_white_ones() -> None:
    evidence = evidence_of(photograph(neighbours()))
    both, dark = (trace_hairs(evidence, HairSettings(polarity=told)) for told in ("auto", "dark"))
    assert [tuple(h.path_px[0]) for h in both] == [tuple(h.path_px[0]) for h in dark]


def test_white_hair_is_left_out_when_hair_is_told_to_be_dark() -> None:
    dark, pale = mixed()
    hairs = traced([*dark, *pale], HairSettings(polarity="dark"))
    assert (found(dark, hairs), len(hairs)) == (5, 5)


def test_a_higher_limit_of_contrast_never_finds_more_white_hairs() -> None:
    dark, pale = mixed()
    lines = [*dark, *(replace(h, density=tuple(0.3 * k * d for d in WHITE))
                      for k, h in enumerate(pale, 1))]  # fmt: skip
    limits = (3.0, 5.0, 8.0, 16.0, 32.0, 100.0)
    counts = [found(pale, traced(lines, HairSettings(white_contrast_to_noise=k))) for k in limits]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] == 4
    assert counts[-1] == 0


def test_most_white_hairs_of_a_scalp_with_dark_white_and_grey_hair_are_counted() -> None:
    spec = small("grey_hair")
    spec = replace(spec, hair=replace(spec.hair, colours=(("black", 0.5), ("white", 0.5))))
    scene = drawn(spec, 11)
    before, after = scored(scene, HairSettings(polarity="dark")), scored(scene)
    assert before.hair_count <= 0.65 * len(scene.hairs)
    assert after.hair_count >= 1.4 * before.hair_count
    assert after.hair_count <= len(scene.hairs)
    assert "white_hair" in after.flags
    assert "white_hair" not in before.flags


def test_grey_hairs_as_bright_as_skin_are_all_traced_and_the_dark_ones_stay() -> None:
    dark, pale = mixed()
    lines = [replace(line, density=GREY) for line in pale]
    hairs = traced([*dark, *lines])
    assert (found(dark, hairs), found(lines, hairs), len(hairs)) == (5, 4, 9)
    assert sum(hair.is_pale for hair in hairs) == 4


def test_dark_white_and_grey_hairs_of_one_photo_are_told_apart() -> None:
    dark, pale = mixed()
    lines = [*pale[:2], *(replace(line, density=GREY) for line in pale[2:])]
    hairs = traced([*dark, *lines])
    assert (found(dark, hairs), found(lines, hairs), len(hairs)) == (5, 4, 9)


def test_a_grey_hair_beside_a_dark_one_is_found() -> None:
    dark = neighbours()
    pale = grey(0.35, 0.35 + 0.09, angle_deg=20.0, length_mm=0.4)
    assert found([pale], traced([*dark, pale])) == 1


def test_a_higher_limit_of_contrast_never_finds_more_grey_hairs() -> None:
    dark, pale = mixed()
    lines = [*dark, *(replace(h, density=tuple(0.35 * k * d for d in GREY))
                      for k, h in enumerate(pale, 1))]  # fmt: skip
    limits = (3.0, 6.0, 12.0, 24.0, 100.0)
    counts = [found(pale, traced(lines, HairSettings(grey_contrast_to_noise=k))) for k in limits]
    assert counts == sorted(counts, reverse=True)
    assert counts[0] >= 3
    assert counts[-1] == 0


def test_most_grey_hairs_of_a_scalp_with_dark_and_grey_hair_are_counted() -> None:
    spec = small("grey_hair")
    spec = replace(spec, hair=replace(spec.hair, colours=(("black", 0.5), ("grey", 0.5))))
    scene = drawn(spec, 12)
    before, after = scored(scene, HairSettings(polarity="dark")), scored(scene)
    assert after.hair_count >= 1.3 * before.hair_count
    assert after.hair_count <= len(scene.hairs)
    assert "white_hair" in after.flags


# -- what is no hair


def test_a_blue_fibre_and_a_photo_without_colour_hold_no_grey_hair() -> None:
    fibre = replace(grey(0.9, 1.0, length_mm=0.8), density=FIBRE)
    both, dark = (HairSettings(polarity=told) for told in ("auto", "dark"))
    lines = [*neighbours(), fibre]
    assert len(traced(lines, both)) == len(traced(lines, dark))
    colourless = np.repeat(photograph([*neighbours(), grey(0.9, 1.0)])[..., 1:2], 3, axis=2)
    assert evidence_of(colourless).grey is None


@pytest.mark.parametrize(
    ("width_um", "shift_mm"), [(15, 0), (25, 0), (40, 0), (15, 0.02), (25, 0.02)]
)
def test_the_lamp_mirrored_along_wet_dark_hairs_is_no_white_hair(
    width_um: float, shift_mm: float
) -> None:
    dark = [replace(line, width_um=90.0) for line in neighbours()]
    shift = shift_mm * np.array([-np.sin(np.radians(20.0)), np.cos(np.radians(20.0))])
    glare = [
        replace(line, path_mm=line.path_mm + shift, width_um=width_um, density=GLARE,
                is_rooted=False)
        for line in dark
    ]  # fmt: skip
    wet = evidence_of(photograph([*dark, *glare]))
    hairs = [
        trace_hairs(wet if told == "auto" else replace(wet, pale=None, grey=None), HairSettings())
        for told in ("auto", "dark")
    ]
    assert len(hairs[0]) == len(hairs[1])


def test_where_dark_hair_covers_much_skin_no_white_hair_is_looked_for() -> None:
    dark = [straight(0.3, 0.3 + 0.22 * k, angle_deg=0.0, length_mm=1.8) for k in range(8)]
    pale = white(0.5, 0.3 + 0.11, angle_deg=0.0)
    assert evidence_of(photograph([*dark[:2], pale])).pale is not None
    assert evidence_of(photograph([*dark, pale])).pale is None


def test_the_rim_of_what_cannot_be_read_is_no_white_hair() -> None:
    pixels = photograph([*neighbours(), white(0.9, 0.72, length_mm=0.5)])
    valid = np.ones(pixels.shape[:2], bool)
    assert len(trace_hairs(evidence_of(pixels, valid=valid), HairSettings())) == 10
    # Burnt out from the middle of the line on, across it.
    y, x = np.mgrid[: valid.shape[0], : valid.shape[1]] / PX_PER_MM
    below = (y - 0.72) * np.cos(np.radians(20.0)) - (x - 0.9) * np.sin(np.radians(20.0))
    valid[(below > 0.03) & (below < 0.15) & (x > 0.8) & (x < 1.5)] = False
    both, dark = (HairSettings(polarity=told) for told in ("auto", "dark"))
    hairs = trace_hairs(evidence_of(pixels, both, valid=valid), both)
    assert len(hairs) == len(trace_hairs(evidence_of(pixels, dark, valid=valid), dark))


def test_the_skin_between_dark_hairs_is_no_white_hair() -> None:
    rows = [straight(0.3, 0.3 + 0.12 * k, angle_deg=0.0, length_mm=1.8) for k in range(12)]
    assert len(traced(rows)) <= len(rows)


@pytest.mark.parametrize(
    ("why", "lines"),
    [
        ("short", [white(0.9, 1.0, length_mm=0.15)]),
        ("wide", [white(0.9, 1.0, length_mm=0.5, width_um=200.0)]),
        ("grains", [white(0.8 + 0.08 * k, 1.0, length_mm=0.04) for k in range(6)]),
    ],
)
def test_pale_things_of_another_shape_are_no_white_hairs(why: str, lines: list[Line]) -> None:
    assert len(traced([*neighbours(), *lines])) == len(traced(neighbours())), why


@pytest.mark.parametrize("seed", [21, 22])
def test_bare_skin_with_glare_bubbles_and_scale_has_no_hair(seed: int) -> None:
    wet = small("bare_skin", skin=replace(PRESETS["bare_skin"].skin, shine=1.8, wrinkles=2.0),
                surface=SurfaceSpec(flakes_per_cm2=200.0))  # fmt: skip
    assert scored(drawn(wet, seed)).hair_count == 0


def test_dark_hair_in_glare_counts_as_many_as_without_a_look_for_white_hair() -> None:
    spec = small("glare_wet")
    scene = drawn(replace(spec, hair=replace(spec.hair, gloss=2.5)), 23)
    dark_only = scored(scene, HairSettings(polarity="dark"))
    assert scored(scene).hair_count == dark_only.hair_count


def test_a_photo_without_pale_lines_has_no_second_evidence() -> None:
    none = evidence_of(photograph(neighbours()))
    assert none.pale is None
    assert none.grey is None
    dark, pale = mixed()
    assert evidence_of(photograph([*dark, *pale])).pale is not None
