"""What can be read is counted in, with a margin; what hides hairs is taken off."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.errors import NothingReadableError
from imaging.hair.field import Field, counting_frame, distance_inside, find_field
from imaging.photo.circles import Circle
from imaging.photo.graphics import Graphics
from imaging.photo.quality import Quality
from imaging.settings import HairSettings

SHAPE = (200, 300)
Mask = NDArray[np.bool_]


def nothing() -> Mask:
    return np.zeros(SHAPE, bool)


def patch(rows: slice, columns: slice) -> Mask:
    mask = nothing()
    mask[rows, columns] = True
    return mask


def graphics(
    *,
    masked: Mask | None = None,
    circle: Circle | None = None,
    content: tuple[int, int, int, int] = (0, SHAPE[0], 0, SHAPE[1]),
) -> Graphics:
    drawn = nothing() if masked is None else masked
    return Graphics(masked=drawn, text=nothing(), circle=circle, content=content, bars=())


def quality(*, glare: Mask | None = None, blurred: Mask | None = None) -> Quality:
    return Quality(
        glare=nothing() if glare is None else glare,
        blurred=nothing() if blurred is None else blurred,
        dark=nothing(),
        sharpness=10.0,
        edge_blur_percent=0.3,
        flags=(),
    )


def field_of(readable: Mask) -> Field:
    return Field(readable, np.zeros_like(readable), 1.0, ())


# -- the counting frame


def test_the_frame_of_a_whole_photo_is_the_photo_less_the_margin() -> None:
    frame = counting_frame(field_of(np.ones((40, 60), bool)), 5.0)
    expected = np.zeros((40, 60), bool)
    expected[5:-5, 5:-5] = True
    assert (frame == expected).all()


def test_a_margin_of_half_pixels_keeps_those_whose_centre_is_far_enough() -> None:
    frame = counting_frame(field_of(np.ones((20, 20), bool)), 4.5)
    # The centre of the fifth pixel lies 4.5 px from the photo's edge.
    assert frame.sum() == 12 * 12
    assert counting_frame(field_of(np.ones((20, 20), bool)), 4.51).sum() == 10 * 10


def test_without_a_margin_the_frame_is_the_field() -> None:
    readable = np.random.default_rng(3).random((30, 30)) > 0.3
    assert (counting_frame(field_of(readable), 0.0) == readable).all()


def test_the_frame_of_a_circle_is_a_circle_smaller_by_the_margin() -> None:
    y, x = np.mgrid[:201, :201] - 100.0
    frame = counting_frame(field_of(np.hypot(x, y) <= 80), 15.0)
    radius = math.sqrt(frame.sum() / math.pi)
    assert radius == pytest.approx(65, abs=0.5)
    assert (np.hypot(x, y)[frame] <= 66).all()
    assert frame[np.hypot(x, y) <= 64].all()


def test_the_margin_is_kept_from_a_hole_in_the_field_as_well() -> None:
    readable = np.ones((61, 61), bool)
    readable[30, 30] = False
    frame = counting_frame(field_of(readable), 6.0)
    y, x = np.mgrid[:61, :61] - 30.0
    inner = (np.abs(x) < 24) & (np.abs(y) < 24)
    assert not frame[np.hypot(x, y) < 6].any()
    assert frame[inner & (np.hypot(x, y) > 7)].all()


@pytest.mark.parametrize(("readable", "margin_px"), [(True, 11.0), (False, 0.0)])
def test_a_field_that_leaves_nothing_to_count_in_is_refused(
    readable: bool, margin_px: float
) -> None:
    field = field_of(np.full((20, 20), readable))
    with pytest.raises(NothingReadableError, match="leaves nothing of the field"):
        counting_frame(field, margin_px)


# -- what is taken off the field


@pytest.mark.parametrize("reach_px", [0.0, 1.5, 6.2, 11.3])
def test_distances_are_those_to_holes_and_sides_as_far_as_asked_for(reach_px: float) -> None:
    rng = np.random.default_rng(7)
    for holes in (0, 1, 3, 60):
        mask = np.ones((57, 83), bool)
        for row, column, high, wide in rng.integers([0, 0, 1, 1], [57, 83, 9, 9], (holes, 4)):
            mask[row : row + high, column : column + wide] = False
        padded = np.pad(mask.astype(np.uint8), 1)
        true = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        found = distance_inside(mask, reach_px=reach_px)
        is_near = true <= reach_px
        np.testing.assert_allclose(found[is_near], true[is_near], rtol=1e-6)
        assert (found[~is_near] > reach_px).all()


def test_a_clean_photo_is_read_whole_and_has_no_flag() -> None:
    field = find_field(SHAPE, graphics(), quality(), HairSettings())
    assert field.readable.all()
    assert not field.lines.any()
    assert (field.share, field.flags) == (1.0, ())


def test_pillar_boxes_are_no_part_of_the_field_and_not_of_its_share() -> None:
    field = find_field(SHAPE, graphics(content=(0, 200, 50, 250)), quality(), HairSettings())
    assert field.readable.sum() == 200 * 200
    assert field.readable[:, 50:250].all()
    assert (field.share, field.flags) == (1.0, ())


def test_a_thin_burnt_in_line_stays_in_the_field_and_is_marked() -> None:
    line = patch(slice(100, 104), slice(0, 300))
    field = find_field(SHAPE, graphics(masked=line), quality(), HairSettings())
    assert field.readable.all()
    assert (field.lines == line).all()


def test_a_text_box_is_taken_off_the_field() -> None:
    box = patch(slice(20, 50), slice(30, 120))
    field = find_field(SHAPE, graphics(masked=box), quality(), HairSettings())
    assert not field.readable[box].any()
    assert field.readable[~box].all()
    assert not field.lines.any()


def test_a_line_that_runs_into_a_text_box_is_kept_outside_the_box() -> None:
    box = patch(slice(80, 120), slice(200, 290))
    line = patch(slice(99, 102), slice(0, 200))
    field = find_field(SHAPE, graphics(masked=box | line), quality(), HairSettings())
    assert not field.readable[box].any()
    assert field.readable[99:102, :190].all()
    assert field.lines[99:102, :190].all()


def test_glare_and_blur_are_taken_off_and_reported_when_they_are_large() -> None:
    glare = patch(slice(0, 60), slice(0, 150))
    blurred = patch(slice(150, 200), slice(0, 300))
    field = find_field(SHAPE, graphics(), quality(glare=glare, blurred=blurred), HairSettings())
    assert (field.readable == ~(glare | blurred)).all()
    assert field.share == pytest.approx(1 - (60 * 150 + 50 * 300) / (200 * 300))
    assert field.flags == ("field_reduced",)


def test_a_loss_of_less_than_a_fifth_is_not_flagged() -> None:
    glare = patch(slice(0, 30), slice(0, 300))
    assert find_field(SHAPE, graphics(), quality(glare=glare), HairSettings()).flags == ()


def test_a_speck_of_glare_is_no_loss() -> None:
    speck = patch(slice(50, 53), slice(50, 53))
    assert find_field(SHAPE, graphics(), quality(glare=speck), HairSettings()).readable.all()


def test_the_whole_field_is_read_when_the_user_asks_for_it_except_below_graphics() -> None:
    box = patch(slice(20, 50), slice(30, 120))
    bad = quality(glare=patch(slice(100, 200), slice(0, 300)))
    field = find_field(SHAPE, graphics(masked=box), bad, HairSettings(field="full"))
    assert (field.readable == ~box).all()


def test_inside_a_measuring_circle_only_its_inside_is_the_field() -> None:
    circle = Circle(x_px=150.0, y_px=100.0, radius_px=80.0)
    field = find_field(SHAPE, graphics(circle=circle), quality(), HairSettings(field="circle"))
    assert field.readable.sum() == pytest.approx(math.pi * 80**2, rel=2e-3)
    assert field.readable[100, 150]
    assert not field.readable[100, 231]
    # The part outside the circle is left out on purpose and is no loss.
    assert field.flags == ()


def test_the_circle_is_ignored_unless_asked_for() -> None:
    circle = Circle(x_px=150.0, y_px=100.0, radius_px=80.0)
    assert find_field(SHAPE, graphics(circle=circle), quality(), HairSettings()).readable.all()


def test_a_photo_without_the_circle_asked_for_is_read_whole_with_a_flag() -> None:
    field = find_field(SHAPE, graphics(), quality(), HairSettings(field="circle"))
    assert field.readable.all()
    assert field.flags == ("no_circle",)


def test_the_masks_given_are_not_changed() -> None:
    box, glare = patch(slice(20, 50), slice(30, 120)), patch(slice(100, 160), slice(0, 300))
    kept = box.copy(), glare.copy()
    find_field(SHAPE, graphics(masked=box), quality(glare=glare), HairSettings(field="circle"))
    assert (box == kept[0]).all()
    assert (glare == kept[1]).all()
