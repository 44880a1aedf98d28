"""A face follow-up as a picture: baseline, follow-up laid over it, and what became of pigment."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.overlay import (
    ORANGE,
    SKY_BLUE,
    WHITE,
    LegendEntry,
    black_out,
    draw_legend,
    draw_panel,
    outline,
    tint,
)
from ..records import FaceComparison, Photo

Pixels = NDArray[np.uint8]

#: Height of the panels: three of them fit a screen.
PANEL_HEIGHT_PX = 800
#: Seam between two panels.
SEAM_PX = 6


def draw_comparison(baseline: Photo, followup: Photo, comparison: FaceComparison) -> Pixels:
    """Return baseline, laid follow-up and change map side by side.

    Lightened pigment is blue, darkened orange, unchanged white: told apart by every eye.

    Parameters
    ----------
    baseline, followup : Photo
    comparison : FaceComparison

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Burnt-in text is black, and so are the eyes with ``comparison.anonymise``.
    """
    maps = comparison.maps
    if maps is None:
        panels = [
            _panel(black_out(photo.pixels, covered))
            for photo, covered in zip((baseline, followup), comparison.covered, strict=True)
        ]
        titles = [["baseline"], ["follow-up", "not aligned: scores only"]]
    else:
        warped = black_out(maps.warped, maps.hidden) if comparison.anonymise else maps.warped
        before = black_out(maps.before, maps.hidden) if comparison.anonymise else maps.before
        grey = np.repeat(cv2.cvtColor(warped, cv2.COLOR_RGB2GRAY)[..., None], 3, axis=2)
        change = np.asarray(grey, np.uint8)
        for mask, colour in (
            (maps.unchanged, WHITE),
            (maps.lightened, SKY_BLUE),
            (maps.darkened, ORANGE),
        ):
            change = tint(change, mask, colour=colour, opacity=0.55)
        change = outline(change, maps.common, colour=WHITE, halo=None, width_px=1)
        panels = [_panel(image) for image in (before, warped, change)]
        titles = [
            ["baseline", _score(comparison.mmasi_baseline)],
            ["follow-up, laid over", _score(comparison.mmasi_followup)],
            [_change(comparison)],
        ]
    drawn = [draw_panel(panel, title) for panel, title in zip(panels, titles, strict=True)]
    if maps is not None:
        drawn[-1] = draw_legend(
            drawn[-1],
            [
                LegendEntry("lightened", SKY_BLUE, "box"),
                LegendEntry("unchanged", WHITE, "box"),
                LegendEntry("darkened", ORANGE, "box"),
            ],
        )
    seam = np.full((PANEL_HEIGHT_PX, SEAM_PX, 3), 255, np.uint8)
    parts = [part for panel in drawn for part in (panel, seam)][:-1]
    return np.hstack(parts)


def _panel(image: Pixels) -> Pixels:
    scale = PANEL_HEIGHT_PX / image.shape[0]
    size = (max(round(image.shape[1] * scale), 1), PANEL_HEIGHT_PX)
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=kind), np.uint8)


def _score(mmasi: float) -> str:
    return f"mMASI {_number(mmasi)}"


def _change(comparison: FaceComparison) -> str:
    return (
        f"change of mMASI {_number(comparison.mmasi_change, '+.1f')} "
        f"({_number(comparison.mmasi_low, '+.1f')} to {_number(comparison.mmasi_high, '+.1f')})"
    )


def _number(value: float, form: str = ".1f") -> str:
    return "?" if math.isnan(value) else format(value, form)
