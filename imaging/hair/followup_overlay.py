"""A hair follow-up as a picture: both photos side by side, what became of every hair marked."""

from __future__ import annotations

import math
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo import overlay as draw
from ..photo.canvas import Colour
from ..photo.graphics import find_graphics
from ..records import HairComparison, HairMatch, Photo

Pixels = NDArray[np.uint8]

#: Longest height of a panel: two of them fit a screen.
PANEL_HEIGHT_PX = 1000
#: Seam between the panels.
SEAM_PX = 8

#: Told apart by every eye: green-blue, red-orange, sky blue (Okabe and Ito).
STATE_COLOURS: dict[str, Colour] = {
    "kept": draw.BLUISH_GREEN,
    "not_seen": draw.VERMILLION,
    "new": draw.SKY_BLUE,
}


def draw_comparison(baseline: Photo, followup: Photo, comparison: HairComparison) -> Pixels:
    """Return both photos side by side: kept, not seen and new roots in three colours.

    Parameters
    ----------
    baseline, followup : Photo
    comparison : HairComparison

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        Burnt-in text is black.
    """
    hairs = [match for match in comparison.matches if match.kind == "hair"]
    first, second = (
        _text_blacked_out(photo, text)
        for photo, text in zip((baseline, followup), comparison.texts, strict=True)
    )
    first = _panel(first, hairs, "baseline", ("kept", "not_seen"))
    second = _panel(second, hairs, "followup", ("kept", "new"))
    first = draw.draw_panel(first, ["baseline", f"{comparison.hairs_baseline} hairs in common"])
    second = draw.draw_panel(second, ["follow-up", *_caption(comparison)])
    second = draw.draw_legend(
        second,
        [
            draw.LegendEntry(f"kept {comparison.kept}", STATE_COLOURS["kept"], "dot"),
            draw.LegendEntry(f"not seen {comparison.not_seen}", STATE_COLOURS["not_seen"], "dot"),
            draw.LegendEntry(f"new {comparison.new}", STATE_COLOURS["new"], "dot"),
        ],
    )
    height = max(first.shape[0], second.shape[0])
    seam = np.full((height, SEAM_PX, 3), 255, np.uint8)
    return np.hstack([_filled(first, height), seam, _filled(second, height)])


def _text_blacked_out(photo: Photo, text: NDArray[np.bool_] | None) -> Pixels:
    """Return the photo without its text, which is looked for where the score did not tell it."""
    return draw.black_out(photo.pixels, find_graphics(photo.pixels).text if text is None else text)


def _panel(pixels: Pixels, hairs: Sequence[HairMatch], side: str, states: Sequence[str]) -> Pixels:
    height, width = pixels.shape[:2]
    scale = min(1.0, PANEL_HEIGHT_PX / height)
    size = (max(round(width * scale), 1), max(round(height * scale), 1))
    image = np.asarray(cv2.resize(pixels, size, interpolation=cv2.INTER_AREA), np.uint8)
    for state in states:
        roots = np.array(
            [
                (getattr(hair, f"{side}_x_px"), getattr(hair, f"{side}_y_px"))
                for hair in hairs
                if hair.state == state
            ]
        ).reshape(-1, 2)
        # A ring round a hair that is not found again stands out among many dots.
        factor = 1.6 if state != "kept" else 1.0
        radius = factor * 2.0 * draw.stroke_px(image)
        if len(roots):
            image = draw.draw_dots(
                image, roots * scale, colours=STATE_COLOURS[state], radius_px=radius
            )
    return image


def _caption(comparison: HairComparison) -> list[str]:
    lines = [f"change {_number(comparison.change_percent, '+.1f')} %"]
    if math.isfinite(comparison.survival_units_percent):
        lines.append(
            f"survival of units {comparison.survival_units_percent:.0f} % "
            f"({_number(comparison.survival_units_low, '.0f')} to "
            f"{_number(comparison.survival_units_high, '.0f')})"
        )
    if math.isfinite(comparison.growth_um_per_day):
        lines.append(f"growth {comparison.growth_um_per_day:.0f} µm/day")
    return lines


def _number(value: float, form: str) -> str:
    return "?" if math.isnan(value) else format(value, form)


def _filled(panel: Pixels, height: int) -> Pixels:
    missing = height - panel.shape[0]
    return np.pad(panel, ((0, missing), (0, 0), (0, 0))) if missing else panel
