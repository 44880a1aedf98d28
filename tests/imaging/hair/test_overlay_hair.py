"""The hair overlay: every hair can be checked, the photo stays visible, nothing else is told."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from imaging.hair.caption import NOT_COUNTED, detail_parts, headline_parts
from imaging.hair.overlay import UNIT_COLOURS, draw_masks, draw_overlay, unit_colours
from imaging.photo.overlay import WHITE
from imaging.records import Hair, HairScore, Photo, PhotoInputs, Unit, columns_of

HEIGHT, WIDTH = 400, 600
PX_PER_MM = 100.0
SKIN = (190, 150, 130)


def hair(number: int, root: tuple[float, float], tip: tuple[float, float], **changes: Any) -> Hair:
    made = Hair(
        hair_id=number,
        unit_id=1,
        root_x_px=root[0],
        root_y_px=root[1],
        tip_x_px=tip[0],
        tip_y_px=tip[1],
        path_px=(root, tip),
        length_mm=math.dist(root, tip) / PX_PER_MM,
        diameter_um=60.0,
        kind="terminal",
        counted=True,
        confidence=0.95,
    )
    return replace(made, **changes)


def score_of(*hairs: Hair, **changes: Any) -> HairScore:
    values: dict[str, Any] = {column.name: math.nan for column in columns_of(HairScore)}
    values |= {
        "px_per_mm": PX_PER_MM,
        "scale_source": "command_line",
        "scale_relative_error": 0.01,
        "hair_count": len(hairs),
        "hair_count_low": 1.0,
        "hair_count_high": 9.0,
    }
    values["units"] = (Unit(unit_id=1, x_px=100.0, y_px=100.0, hairs=1, counted=True),)
    return HairScore(**values | {"hairs": hairs} | changes)


@pytest.fixture
def photo() -> Photo:
    pixels = np.full((HEIGHT, WIDTH, 3), SKIN, dtype=np.uint8)
    pixels.flags.writeable = False
    return Photo(
        photo_id="armB/Miller/week12.jpg", pixels=pixels, sha256="0" * 64, inputs=PhotoInputs()
    )


def changed(photo: Photo, score: HairScore) -> np.ndarray[Any, Any]:
    """Where the overlay differs from the photo."""
    drawn = draw_overlay(photo, score)[:HEIGHT]
    return np.asarray((drawn != photo.pixels).any(axis=2))


def has_colour(pixels: np.ndarray[Any, Any], colour: tuple[int, int, int]) -> bool:
    # A line of one pixel between two others never has its whole colour.
    off = np.abs(pixels.astype(int) - np.array(colour)).max(axis=2)
    return bool((off <= 30).any())


def test_the_rows_of_the_photo_are_the_first_rows_of_the_overlay(photo: Photo) -> None:
    drawn = draw_overlay(photo, score_of())
    assert drawn.dtype == np.uint8
    assert drawn.shape[0] > HEIGHT
    assert drawn.shape[1:] == (WIDTH, 3)
    assert np.array_equal(drawn[:HEIGHT], photo.pixels)


def test_a_counted_hair_has_a_dot_at_its_root_in_its_unit_s_colour(photo: Photo) -> None:
    drawn = draw_overlay(photo, score_of(hair(1, (100.0, 100.0), (200.0, 100.0))))
    assert tuple(drawn[100, 100]) == UNIT_COLOURS[0]


def test_the_shaft_below_its_outline_stays_as_it_was_photographed(photo: Photo) -> None:
    mask = changed(photo, score_of(hair(1, (100.0, 100.5), (300.0, 100.5))))
    # 60 µm at 100 px/mm are 6 px: 3 px to either side of the line y = 100.5.
    assert not mask[98:103, 120:290].any()
    assert mask[90:98, 200].any()
    assert mask[103:111, 200].any()


def test_both_of_two_crossing_hairs_keep_their_whole_outline(photo: Photo) -> None:
    one = hair(1, (100.0, 200.0), (300.0, 200.0))
    other = hair(2, (200.0, 100.0), (200.0, 300.0))
    both = changed(photo, score_of(one, other))
    alone = changed(photo, score_of(one)) | changed(photo, score_of(other))
    assert np.array_equal(both, alone)


def test_a_hair_that_is_not_counted_is_grey(photo: Photo) -> None:
    drawn = draw_overlay(photo, score_of(hair(1, (100.0, 100.0), (200.0, 100.0), counted=False)))
    assert has_colour(drawn[:HEIGHT], NOT_COUNTED)
    assert not has_colour(drawn[:HEIGHT], UNIT_COLOURS[0])


def test_an_uncertain_hair_has_a_white_ring_and_a_certain_one_has_none(photo: Photo) -> None:
    sure = hair(1, (100.0, 100.0), (200.0, 100.0))
    unsure = replace(sure, confidence=0.55)
    assert not has_colour(draw_overlay(photo, score_of(sure))[:HEIGHT], WHITE)
    assert has_colour(draw_overlay(photo, score_of(unsure))[:HEIGHT], WHITE)


def test_a_deleted_hair_is_not_drawn(photo: Photo) -> None:
    assert not changed(photo, score_of(hair(1, (9.0, 9.0), (99.0, 9.0), status="deleted"))).any()


def test_a_hair_of_unknown_diameter_is_drawn_all_the_same(photo: Photo) -> None:
    unknown = hair(1, (100.0, 100.0), (200.0, 100.0), diameter_um=math.nan)
    assert changed(photo, score_of(unknown, px_per_mm=math.nan)).any()


@pytest.mark.parametrize("tip", [(-50.0, -50.0), (WIDTH + 80.0, 10.0), (10.0, HEIGHT + 80.0)])
def test_a_hair_may_run_over_the_edge(photo: Photo, tip: tuple[float, float]) -> None:
    assert changed(photo, score_of(hair(1, (10.0, 10.0), tip))).any()


def test_what_could_not_be_read_is_hatched_and_the_rest_is_not(photo: Photo) -> None:
    readable = np.ones((HEIGHT, WIDTH), dtype=bool)
    readable[:, :200] = False
    mask = changed(photo, score_of(readable=readable))
    assert 0.1 < mask[:, :200].mean() < 0.5
    assert not mask[:, 200:].any()


def test_the_counting_frame_is_outlined(photo: Photo) -> None:
    frame = np.zeros((HEIGHT, WIDTH), dtype=bool)
    frame[50:350, 60:540] = True
    mask = changed(photo, score_of(frame=frame))
    assert mask[50, 60:540].all()
    assert mask[50:350, 60].all()
    assert not mask[60:340, 70:530].any()


def test_burnt_in_text_is_black(photo: Photo) -> None:
    text = np.zeros((HEIGHT, WIDTH), dtype=bool)
    text[5:25, 10:90] = True
    assert not draw_overlay(photo, score_of(text=text))[5:25, 10:90].any()


def test_the_overlay_says_nothing_of_the_photo_s_name(photo: Photo) -> None:
    other = replace(photo, photo_id="a.jpg", sha256="1" * 64)
    score = score_of(hair(1, (100.0, 100.0), (200.0, 100.0)))
    assert np.array_equal(draw_overlay(photo, score), draw_overlay(other, score))


def test_neighbouring_units_differ_in_colour() -> None:
    rng = np.random.default_rng(5)
    # A jittered lattice, like the follicular units of a scalp.
    grid = np.stack(np.meshgrid(np.arange(12), np.arange(9)), axis=-1).reshape(-1, 2)
    places = 120.0 * grid + rng.uniform(-30, 30, grid.shape)
    units = [
        Unit(unit_id=k + 1, x_px=float(x), y_px=float(y), hairs=2, counted=True)
        for k, (x, y) in enumerate(places)
    ]
    colours = unit_colours(units)
    distances = np.linalg.norm(places[:, None] - places[None], axis=2)
    np.fill_diagonal(distances, np.inf)
    nearest = distances.argmin(axis=1)
    assert all(colours[k + 1] != colours[int(j) + 1] for k, j in enumerate(nearest))


def test_units_at_one_place_are_coloured() -> None:
    units = [Unit(unit_id=k, x_px=5.0, y_px=5.0, hairs=1, counted=True) for k in range(1, 20)]
    assert len(unit_colours(units)) == 19


def test_count_and_density_stand_with_their_intervals() -> None:
    score = score_of(
        hair_count=118,
        hair_count_low=110.2,
        hair_count_high=127.0,
        hair_density_per_cm2=205.4,
        hair_density_low=189.6,
        hair_density_high=222.1,
    )
    assert headline_parts(score) == ["118 hairs (110 to 127)", "205 per cm² (190 to 222)"]


def test_without_a_scale_the_caption_says_so_and_gives_no_density() -> None:
    score = score_of(px_per_mm=math.nan, hair_count=1)
    assert headline_parts(score) == ["1 hair (1 to 9)", "no scale, no density"]
    assert detail_parts(score) == []


def test_flags_make_the_strip_longer(photo: Photo) -> None:
    plain = draw_overlay(photo, score_of())
    flagged = draw_overlay(photo, score_of(flags=("glare", "blurred")))
    assert flagged.shape[0] > plain.shape[0]


@pytest.mark.parametrize("shape", [(64, 64), (64, 900), (900, 64), (3000, 4000)])
def test_photos_of_any_shape_are_drawn(shape: tuple[int, int]) -> None:
    photo = Photo("a.jpg", np.zeros((*shape, 3), dtype=np.uint8), "0" * 64)
    drawn = draw_overlay(photo, score_of(hair(1, (10.0, 10.0), (50.0, 50.0)), flags=("glare",)))
    assert drawn.shape[0] > shape[0]


def test_the_mask_holds_the_number_of_each_hair_as_wide_as_its_diameter(photo: Photo) -> None:
    one = hair(7, (100.0, 100.5), (300.0, 100.5))
    mask = draw_masks(photo, score_of(one, hair(9, (5.0, 300.0), (80.0, 300.0))))["hairs"]
    assert mask.shape == (HEIGHT, WIDTH)
    assert set(np.unique(mask)) == {0, 7, 9}
    assert np.count_nonzero(mask[:, 200] == 7) == pytest.approx(6, abs=1)  # whole pixels
