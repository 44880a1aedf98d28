"""Section `invariance`: the same photograph turned, mirrored, and rescaled with its scale told."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.synthetic.scalp import PRESETS

from .real_hair import LabelledFolder
from .results import Bar, Row
from .scenes import draw_scenes
from .tool import Method

SECTION = "Turned, mirrored and rescaled photographs"

#: Generated photographs of different kinds; every tenth labelled one is added.
PRESET_NAMES = ("shaved", "clipped_light_skin", "light_on_dark", "noisy_jpeg", "day3_regrowth")
LABELLED_STEP = 10

TURNS = {
    "turned by 90°": partial(np.rot90, k=1),
    "turned by 180°": partial(np.rot90, k=2),
    "turned by 270°": partial(np.rot90, k=3),
    "mirrored": np.fliplr,
}
FACTORS = (0.7, 0.85, 1.2, 1.4)


@dataclass(frozen=True, eq=False)
class Known:
    """Pixels whose scale is told."""

    pixels: NDArray[np.uint8]
    px_per_mm: float


def measure_invariance(
    methods: list[Method], labelled: LabelledFolder | None, *, is_quick: bool
) -> Iterator[Row]:
    """Yield the change of the number of hairs traced, of the count and of the mean diameter."""
    for method in methods:
        turned: list[float] = []
        counts: dict[float, list[float]] = {factor: [] for factor in FACTORS}
        diameters: dict[float, list[float]] = {factor: [] for factor in FACTORS}
        for known in _photographs(method, labelled, is_quick=is_quick):
            before = method.score_pixels(known.pixels, px_per_mm=known.px_per_mm)
            for turn in TURNS.values():
                after = method.score_pixels(turn(known.pixels), px_per_mm=known.px_per_mm)
                turned.append(_change_percent(len(before.hairs), len(after.hairs)))
            for factor in FACTORS:
                after = method.score_pixels(
                    _resized(known.pixels, factor), px_per_mm=known.px_per_mm * factor
                )
                counts[factor].append(_change_percent(before.hair_count, after.hair_count))
                diameters[factor].append(abs(after.mean_diameter_um - before.mean_diameter_um))
        yield from _turn_rows(method, turned)
        for factor in FACTORS:
            yield from _rescale_rows(method, factor, counts[factor], diameters[factor])


def _photographs(
    method: Method, labelled: LabelledFolder | None, *, is_quick: bool
) -> Iterator[Known]:
    names = PRESET_NAMES[:2] if is_quick else PRESET_NAMES
    for scene in draw_scenes({name: PRESETS[name] for name in names}, seeds=1):
        yield Known(scene.pixels, scene.px_per_mm)
    if labelled is not None and not is_quick:
        for path in labelled.photos[5::LABELLED_STEP]:
            pixels = method.read_file(path, px_per_mm=None).pixels
            yield Known(pixels, labelled.px_per_mm)


def _resized(pixels: NDArray[np.uint8], factor: float) -> NDArray[np.uint8]:
    how = cv2.INTER_AREA if factor < 1 else cv2.INTER_CUBIC
    return np.asarray(cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=how), np.uint8)


def _change_percent(before: float, after: float) -> float:
    return 100 * abs(after - before) / max(1, before)


def _turn_rows(method: Method, turned: list[float]) -> Iterator[Row]:
    for measure, value, bar in (
        ("mean", float(np.mean(turned)), Bar(high=1)),
        ("worst", max(turned), Bar(high=4)),
    ):
        label = f"turned or mirrored: change of hairs traced, {measure}"
        yield Row(SECTION, label, method.name, value, "%", bar, 1)


def _rescale_rows(
    method: Method, factor: float, counts: list[float], diameters: list[float]
) -> Iterator[Row]:
    label = f"rescaled to {factor:g}: change of"
    for measure, values, unit, bar in (
        ("count", counts, "%", Bar(high=5)),
        ("mean diameter", diameters, "µm", Bar(high=4)),
    ):
        mean, worst = float(np.mean(values)), max(values)
        yield Row(SECTION, f"{label} {measure}, mean", method.name, mean, unit, bar, 1)
        yield Row(SECTION, f"{label} {measure}, worst", method.name, worst, unit, decimals=1)
