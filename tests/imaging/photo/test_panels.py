"""Skin and hair are seen through a translucent box behind text, and through no other."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from imaging.photo.graphics import Graphics, find_graphics
from imaging.photo.panels import seen_through, shown_below
from imaging.photo.turns import OTHER_TURNS, Turn
from imaging.synthetic.graphics import TextStyle, render_text
from imaging.synthetic.scalp import PRESETS, make_scalp

#: Of the panels that are drawn: rows and columns, and their text.
BOX = (300, 400, 420, 640)
LINES = ("RC0", "C=15.827 mm", "A=19.934 mm^2")
BLUE = TextStyle(cap_px=17, colour=(0, 0, 200), box=(255, 255, 255), box_opacity=0.25)


def make_skin(seed: int) -> NDArray[np.uint8]:
    spec = replace(PRESETS["clipped_light_skin"], width_px=900, height_px=640)
    return make_scalp(spec, rng=np.random.default_rng(seed)).pixels


def as_jpeg(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    coded = cv2.imencode(".jpg", pixels[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 92])[1]
    return np.ascontiguousarray(cv2.imdecode(coded, cv2.IMREAD_COLOR)[:, :, ::-1])


def with_panel(
    pixels: NDArray[np.uint8], style: TextStyle, lines: tuple[str, ...] = LINES
) -> NDArray[np.uint8]:
    drawn = pixels.astype(np.float64)
    row0, row1, col0, col1 = BOX
    assert style.box is not None
    drawn[row0:row1, col0:col1] *= 1 - style.box_opacity
    drawn[row0:row1, col0:col1] += style.box_opacity * np.array(style.box)
    for k, line in enumerate(lines):
        ink = render_text(line, style)
        row, column = row0 + 8 + 30 * k, col0 + 10
        area = drawn[row : row + ink.shape[0], column : column + ink.shape[1]]
        area += ink[:, :, None] * (np.array(style.colour) - area)
    return np.rint(drawn).astype(np.uint8)


def in_box(pixels: NDArray[np.uint8], place: tuple[int, int, int, int]) -> NDArray[np.float64]:
    """Return the grey of what lies well inside `BOX` of a picture that shows this place."""
    row0, row1, col0, col1 = (side + d for side, d in zip(BOX, (5, -5, 5, -5), strict=True))
    part = pixels[row0 - place[0] : row1 - place[0], col0 - place[2] : col1 - place[2]]
    return part.mean(axis=2)


def find(seed: int, style: TextStyle) -> tuple[Graphics, NDArray[np.uint8], NDArray[np.uint8]]:
    skin = make_skin(seed)
    photo = as_jpeg(with_panel(skin, style))
    return find_graphics(photo), photo, as_jpeg(skin)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize(("box", "opacity"), [((255, 255, 255), 0.25), ((60, 60, 60), 0.4)])
def test_what_lies_below_a_translucent_panel_is_seen(
    seed: int, box: tuple[int, int, int], opacity: float
) -> None:
    colour = (0, 0, 200) if box[0] > 128 else (255, 255, 0)
    style = replace(BLUE, box=box, box_opacity=opacity, colour=colour)
    found, photo, skin = find(seed, style)
    (panel,) = found.panels
    assert np.abs(np.array(panel.box) - BOX).max() <= 2
    assert panel.share == pytest.approx(1 - opacity, abs=0.05)
    row0, row1, col0, col1 = BOX
    hidden = found.panel_text[row0:row1, col0:col1]
    assert 0.1 < hidden.mean() < 0.6
    area = slice(row0, row1), slice(col0, col1)
    clear = seen_through(photo, found.panels)[area].astype(float)
    error = np.abs(clear - skin[area])[~hidden].mean()
    before = np.abs(photo[area].astype(float) - skin[area])[~hidden].mean()
    assert error <= 10.0
    assert error <= 0.4 * before
    # It stays blacked out in pictures, and masked for all who do not look through it.
    assert found.text[row0 + 2 : row1 - 2, col0 + 2 : col1 - 2].all()
    assert found.masked[row0 + 2 : row1 - 2, col0 + 2 : col1 - 2].all()
    assert not found.opaque[row0 + 2 : row1 - 2, col0 + 2 : col1 - 2].any()


@pytest.mark.parametrize(
    "style",
    [
        replace(BLUE, box_opacity=1.0),
        replace(BLUE, box=(40, 40, 40), box_opacity=0.9, colour=(255, 255, 255)),
        replace(BLUE, colour=(10, 10, 10)),
    ],
    ids=["opaque", "nearly opaque", "text as dark as hair"],
)
def test_nothing_is_seen_through_another_box(style: TextStyle) -> None:
    found, photo, _ = find(1, style)
    assert found.panels == ()
    assert not found.panel_text.any()
    assert found.masked[BOX[0] + 40 : BOX[1] - 20, BOX[2] + 20 : BOX[2] + 100].all()
    assert seen_through(photo, found.panels) is photo


@pytest.mark.parametrize("turn", OTHER_TURNS, ids=str)
def test_a_panel_lies_where_a_turned_photo_has_it(turn: Turn) -> None:
    photo = as_jpeg(with_panel(make_skin(2), BLUE))
    found = find_graphics(np.ascontiguousarray(turn.apply(photo)))
    (panel,), (upright,) = found.panels, find_graphics(photo).panels
    there = np.zeros(photo.shape[:2], bool)
    row0, row1, col0, col1 = upright.box
    there[row0:row1, col0:col1] = upright.hidden
    assert (turn.undo(found.panel_text) == there).all()
    assert panel.share == upright.share
    clear = turn.undo(seen_through(np.ascontiguousarray(turn.apply(photo)), found.panels))
    assert (clear == seen_through(photo, (upright,))).all()


def test_text_without_a_box_has_no_panel() -> None:
    found, *_ = find(3, replace(BLUE, box_opacity=0.0))
    assert found.panels == ()
    assert found.masked[BOX[0] + 40 : BOX[1] - 20, BOX[2] + 20 : BOX[2] + 100].all()


def test_a_picture_shows_hair_below_a_panel_and_no_trace_of_its_text() -> None:
    skin = make_skin(1)
    found, photo, _ = find(1, BLUE)
    (panel,) = found.panels
    other = as_jpeg(with_panel(skin, BLUE, ("WRONG NAME", "B=98.765 nm", "Z=0.1")))
    (other_panel,) = find_graphics(other).panels
    shown, shown_other = (
        in_box(shown_below(picture, of), of.box)
        for picture, of in ((photo, panel), (other, other_panel))
    )
    assert np.abs(shown - shown_other).mean() < 4.0
    below = in_box(cv2.blur(skin, (5, 5)), (0, 640, 0, 900))
    assert np.corrcoef(shown.ravel(), below.ravel())[0, 1] > 0.85
