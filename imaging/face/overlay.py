"""A face score as pictures a person can check: regions, pigment, reference skin, maps, masks."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from ..photo.canvas import Colour
from ..photo.overlay import (
    BLUISH_GREEN,
    ORANGE,
    REDDISH_PURPLE,
    SKY_BLUE,
    VERMILLION,
    WHITE,
    YELLOW,
    LegendEntry,
    black_out,
    draw_legend,
    draw_panel,
    draw_text,
    hatch,
    outline,
    tint,
)
from ..records import FaceMaps, FaceScore, Photo, RegionScore
from .geometry import REGION_LABELS, WorkingFrame
from .patch import PATCH_LABEL

Pixels = NDArray[np.uint8]

#: Longest side of a drawn picture: a screen shows no more, and 12 MP would cost seconds.
OVERLAY_SIDE_PX = 1600

#: Colours of the regions' outlines, by label.
REGION_COLOURS: dict[int, Colour] = {
    1: SKY_BLUE,
    2: BLUISH_GREEN,
    3: ORANGE,
    4: YELLOW,
    6: WHITE,
    7: WHITE,
    8: WHITE,
}

#: Top of the melanin map's scale (ΔL*) and of the erythema map's (Δ erythema index).
CONTRAST_SCALE, REDNESS_SCALE = 15.0, 20.0

#: Grey of what neither map knows.
UNKNOWN_GREY = 60


def draw_overlay(photo: Photo, score: FaceScore) -> Pixels:
    """Return the scored part of the photo with everything that was measured drawn on it.

    Left: regions outlined, pigment's border, brown spots, exclusions hatched, scores per region,
    reference skin tinted.  Right: the melanin and the erythema map, in fixed units.

    Parameters
    ----------
    photo : Photo
    score : FaceScore
        With ``score.anonymise`` the eyes are covered.

    Returns
    -------
    ndarray of uint8, shape (h, w, 3)
        The longest side is at most `OVERLAY_SIDE_PX`.
    """
    del photo  # both wings are asked alike; what is drawn of it comes with the maps
    maps, frame = _parts(score)
    image = _base(score, frame, maps)
    size = (image.shape[1], image.shape[0])
    labels = _resized_labels(maps.labels, size)
    out = tint(image, _resized(maps.reference, size) & (labels > 0), colour=SKY_BLUE, opacity=0.10)
    out = hatch(out, _resized(maps.excluded, size), opacity=0.45)
    for label in sorted(set(np.unique(labels)) & set(REGION_COLOURS)):
        out = outline(out, labels == label, colour=REGION_COLOURS[int(label)], halo=None)
    out = outline(out, _resized(maps.spots, size), colour=REDDISH_PURPLE, halo=None)
    out = outline(out, _resized(maps.pigment, size), colour=VERMILLION)
    for row in score.regions:
        out = _write_region(out, labels, row)
    out = draw_panel(out, _caption(score))
    out = draw_legend(
        out,
        [
            LegendEntry("pigment", VERMILLION),
            LegendEntry("brown spot", REDDISH_PURPLE),
            LegendEntry("reference", SKY_BLUE, "box"),
            LegendEntry("left out", WHITE, "hatch"),
        ],
    )
    return np.hstack([out, _draw_maps(maps, out.shape[0], hides_eyes=score.anonymise)])


def draw_masks(photo: Photo, score: FaceScore) -> dict[str, NDArray[np.generic]]:
    """Return the masks in photo pixels: ``regions`` (uint8 labels) and ``pigment`` (0 or 255)."""
    maps, frame = _parts(score)
    return {
        "regions": frame.spread(maps.labels, photo.pixels.shape).astype(np.uint8),
        "pigment": frame.spread(maps.pigment, photo.pixels.shape).astype(np.uint8) * np.uint8(255),
    }


def _parts(score: FaceScore) -> tuple[FaceMaps, WorkingFrame]:
    if score.maps is None or not isinstance(score.frame, WorkingFrame):
        raise ValueError("the score carries no maps: it was rebuilt from tables")
    return score.maps, score.frame


def _base(score: FaceScore, frame: WorkingFrame, maps: FaceMaps) -> Pixels:
    image = maps.pixels
    if score.text is not None:
        image = black_out(image, frame.cut_mask(score.text))
    if score.anonymise:
        image = black_out(image, maps.hidden)
    # Left for the drawing, and half as much for the maps beside it.
    limit = min(OVERLAY_SIDE_PX / (1.5 * image.shape[1]), OVERLAY_SIDE_PX / image.shape[0])
    scale = min(limit, max(1.0, 700 / image.shape[1]))
    size = (max(round(image.shape[1] * scale), 1), max(round(image.shape[0] * scale), 1))
    kind = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(image, size, interpolation=kind), np.uint8)


def _resized(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    return _resized_labels(mask.astype(np.int32), size) > 0


def _resized_labels(labels: NDArray[np.int32], size: tuple[int, int]) -> NDArray[np.int32]:
    small = labels.astype(np.uint8)
    return np.asarray(cv2.resize(small, size, interpolation=cv2.INTER_NEAREST), np.int32)


def _write_region(image: Pixels, labels: NDArray[np.int32], row: RegionScore) -> Pixels:
    label = PATCH_LABEL if row.region == "patch" else REGION_LABELS[row.region]
    rows, cols = np.nonzero(labels == label)
    if not len(rows):
        return image
    text = f"{_number(row.pigmented_percent, '.0f')} %  A{_number(row.area_score, '.0f')}"
    grades = f"D{_number(row.darkness, '.0f')} H{_number(row.homogeneity, '.0f')}"
    x, y = float(cols.mean()), float(rows.mean())
    size = max(image.shape[1] // 45, 11)
    out = draw_text(image, text, x, y, size_px=size, anchor="mm")
    return draw_text(out, grades, x, y + 1.3 * size, size_px=size, anchor="mm")


def _caption(score: FaceScore) -> list[str]:
    if score.view == "patch":
        return [f"pigmented {_number(score.pigmented_percent, '.1f')} %"]
    return [
        f"mMASI {_number(score.mmasi, '.1f')} "
        f"({_number(score.mmasi_low, '.1f')} to {_number(score.mmasi_high, '.1f')})",
        f"MASI {_number(score.masi, '.1f')}",
        *(() if score.calibrated_scores else ("darkness, homogeneity uncalibrated",)),
    ]


def _draw_maps(maps: FaceMaps, height: int, *, hides_eyes: bool) -> Pixels:
    half = (height + 1) // 2
    width = max(round(maps.labels.shape[1] * half / maps.labels.shape[0]), 1)
    panels = []
    for title, values, top, palette in (
        (f"melanin: ΔL* 0 to {CONTRAST_SCALE:g}", maps.contrast, CONTRAST_SCALE, cv2.COLORMAP_BONE),
        (f"erythema: Δ 0 to {REDNESS_SCALE:g}", maps.redness, REDNESS_SCALE, cv2.COLORMAP_HOT),
    ):
        level = np.nan_to_num(values.astype(np.float32), nan=0.0)
        level = np.clip(level / top, 0, 1)
        if palette == cv2.COLORMAP_BONE:
            level = 1 - level  # dark skin stays dark
        painted = cv2.applyColorMap((255 * level).astype(np.uint8), palette)
        painted = cv2.cvtColor(painted, cv2.COLOR_BGR2RGB)
        # A crop without outlines may hold eyes that are measured as skin.
        unknown = np.isnan(values) | (maps.hidden & hides_eyes)
        grey = np.full_like(painted, UNKNOWN_GREY)
        painted = cv2.copyTo(grey, unknown.astype(np.uint8), painted)
        panel = cv2.resize(painted, (width, half), interpolation=cv2.INTER_AREA)
        panels.append(draw_panel(np.asarray(panel, np.uint8), [title], size_px=max(width // 24, 9)))
    return np.vstack(panels)[:height]


def _number(value: float, form: str) -> str:
    return "?" if math.isnan(value) else format(value, form)
