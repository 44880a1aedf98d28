"""Section `synthetic`: counts and diameters on generated photographs, whose truth is exact."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import pairwise

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.synthetic.scalp import PRESETS, HairSpec, ScalpSpec

from .results import Bar, Row
from .rivals import RIVALS
from .scenes import (
    SceneTally,
    clipped_presets,
    count_inside,
    draw_scenes,
    found_by_colour,
    frame_of,
    hairless_presets,
    lie_along_others,
    long_specs,
    paired_diameters_um,
    sparse_specs,
    tally_inside,
)
from .tool import Method, traced_ends

COUNTS = "Generated photographs: counts"
DIAMETERS = "Generated photographs: diameters"
SPARSE = "sparse fair hair"
#: Bars of the mean count error of a kind and of its worst preset, %.
COUNT_BARS: dict[str, tuple[Bar | None, Bar | None]] = {
    "clipped": (Bar(high=5), Bar(high=12)),
    SPARSE: (None, None),
    "long crossing": (Bar(high=15), None),
}
#: The preset in which dark, grey and white hairs grow side by side.
MIXED = "grey_hair"
NOTHING = "Generated photographs: nothing to count"

#: Bands of true diameter, and the hairs needed in one before its figures mean anything.
BAND_EDGES_UM = tuple(range(20, 121, 10))
MIN_BAND_HAIRS = 30

#: Scales of the diameter test; the bar holds from the lower one on.
DIAMETER_SCALES_PX_PER_MM = (110.0, 179.5)

#: Hairs are drawn as vellus below, as terminal above; none is drawn between 38 and 42 µm.
VELLUS_BELOW_UM = 40.0


@dataclass(frozen=True)
class Counted:
    """One photograph counted by one method."""

    spec_name: str
    counted: int
    low: float
    high: float
    tally: SceneTally

    @property
    def error_percent(self) -> float:
        return 100 * (self.counted - self.tally.true) / max(1, self.tally.true)

    @property
    def is_covered(self) -> bool:
        return self.low <= self.tally.true <= self.high


def measure_synthetic(methods: list[Method], *, is_quick: bool) -> Iterator[Row]:
    """Yield counts on every preset, hairless photographs, and diameters."""
    seeds = 1 if is_quick else 3
    yield from _measure_counts(methods, seeds=seeds)
    yield from _measure_hairless(methods, seeds=seeds)
    yield from _measure_diameters(methods, seeds=seeds)


def _measure_counts(methods: list[Method], *, seeds: int) -> Iterator[Row]:
    kinds = {"clipped": clipped_presets(), SPARSE: sparse_specs(), "long crossing": long_specs()}
    specs = {name: spec for of in kinds.values() for name, spec in of.items()}
    counted: dict[str, list[Counted]] = {}
    colours: dict[str, list[dict[str, tuple[int, int]]]] = {}
    for scene in draw_scenes(specs, seeds=seeds):
        lies_along = lie_along_others(scene.truth)
        for method in methods:
            score = method.score_pixels(scene.pixels, px_per_mm=scene.px_per_mm)
            frame, ends = frame_of(score, scene.pixels), traced_ends(score)
            interval = (score.hair_count_low, score.hair_count_high)
            tally = tally_inside(ends, scene.truth, frame, lies_along)
            one = Counted(scene.name, score.hair_count, *interval, tally)
            counted.setdefault(method.name, []).append(one)
            if scene.name == MIXED:
                colours.setdefault(method.name, []).append(found_by_colour(ends, scene.truth))
        # The rivals count in the frame and without the hidden parts that this tool was judged by.
        for name, rival in RIVALS.items():
            ends = rival(scene.pixels, scene.px_per_mm, scene.truth.hidden)
            tally = tally_inside(ends, scene.truth, frame, lies_along)
            one = Counted(scene.name, count_inside(ends, frame), np.nan, np.nan, tally)
            counted.setdefault(name, []).append(one)
    for name, members in counted.items():
        for kind, of in kinds.items():
            yield from _count_rows(name, [one for one in members if one.spec_name in of], kind)
    for name, tallies in colours.items():
        yield from _colour_rows(name, tallies)


def _count_rows(method: str, counted: list[Counted], kind: str) -> Iterator[Row]:
    is_ours = method.startswith("dermetry")
    errors = {
        name: float(np.mean([abs(one.error_percent) for one in counted if one.spec_name == name]))
        for name in dict.fromkeys(one.spec_name for one in counted)
    }
    mean_bar, worst_bar = COUNT_BARS[kind]
    for measure, value, bar in (
        (f"{kind}: count error, mean", float(np.mean(list(errors.values()))), mean_bar),
        (f"{kind}: count error, worst preset", max(errors.values()), worst_bar),
    ):
        yield Row(COUNTS, measure, method, value, "%", bar if is_ours else None, 1)
    bias = float(np.mean([one.error_percent for one in counted]))
    yield Row(COUNTS, f"{kind}: count bias", method, bias, "%", decimals=1)
    hits = sum(one.tally.hits for one in counted)
    wrong = sum(one.tally.surplus + one.tally.misses for one in counted)
    f1 = 2 * hits / max(1, 2 * hits + wrong)
    yield Row(COUNTS, f"{kind}: F1 at 0.17 mm", method, f1)
    for along, name in ((True, "hairs that lie along another"), (False, "other hairs")):
        missed, of = np.sum([one.tally.missed[along] for one in counted], axis=0)
        measure = f"{kind}: missed, of {name}"
        yield Row(COUNTS, measure, method, 100 * missed / max(1, of), "%", decimals=1)
    lying_along = sum(one.tally.missed[True][1] for one in counted)
    drawn = sum(one.tally.true for one in counted)
    yield Row(
        COUNTS,
        f"{kind}: hairs that lie along another",
        method,
        100 * lying_along / max(1, drawn),
        "%",
        decimals=0,
    )
    if is_ours:
        covered = 100 * float(np.mean([one.is_covered for one in counted]))
        measure = f"{kind}: true count inside the 95 % interval, {len(counted)} photographs"
        yield Row(COUNTS, measure, method, covered, "%", decimals=0)
        for name, error in errors.items():
            yield Row(COUNTS, f"count error, {name}", method, error, "%", decimals=1)


def _colour_rows(method: str, tallies: list[dict[str, tuple[int, int]]]) -> Iterator[Row]:
    """Yield how many hairs of each colour are found where dark, grey and white ones grow."""
    for colour in sorted({colour for tally in tallies for colour in tally}):
        found, drawn = np.sum([tally.get(colour, (0, 0)) for tally in tallies], axis=0)
        measure = f"{colour} hairs found, {MIXED}, {drawn} hairs"
        yield Row(COUNTS, measure, method, 100 * found / drawn, "%", decimals=0)


def _measure_hairless(methods: list[Method], *, seeds: int) -> Iterator[Row]:
    most: dict[tuple[str, str], int] = {}
    for scene in draw_scenes(hairless_presets(), seeds=seeds):
        for method in methods:
            score = method.score_pixels(scene.pixels, px_per_mm=scene.px_per_mm)
            key = (scene.name, method.name)
            most[key] = max(most.get(key, 0), score.hair_count)
        for name, rival in RIVALS.items():
            ends = rival(scene.pixels, scene.px_per_mm, scene.truth.hidden)
            most[scene.name, name] = max(most.get((scene.name, name), 0), len(ends))
    for (spec_name, method_name), count in most.items():
        bar = Bar(high=0) if method_name.startswith("dermetry") else None
        yield Row(NOTHING, f"most hairs counted, {spec_name}", method_name, count, "", bar, 0)


def _measure_diameters(methods: list[Method], *, seeds: int) -> Iterator[Row]:
    for method in methods:
        for px_per_mm in DIAMETER_SCALES_PX_PER_MM:
            pairs = [np.zeros((0, 2))]
            for scene in draw_scenes(_diameter_specs(px_per_mm), seeds=seeds):
                score = method.score_pixels(scene.pixels, px_per_mm=px_per_mm)
                pairs.append(paired_diameters_um(score, scene.truth))
            yield from _band_rows(method, px_per_mm, np.concatenate(pairs))
        yield from _measure_shifts(method, seeds=seeds)


def _diameter_specs(px_per_mm: float) -> dict[str, ScalpSpec]:
    """Return sharp photographs of clipped hair, one per band, the hairs of each in that band."""
    base = PRESETS["clipped_light_skin"]
    specs = {}
    for low, high in pairwise(BAND_EDGES_UM):
        middle, spread = (low + high) / 2, (high - low) / 4
        if middle < VELLUS_BELOW_UM:
            hair = HairSpec(vellus_share=1.0, vellus_mean_um=middle, vellus_sd_um=spread)
        else:
            hair = HairSpec(vellus_share=0.0, terminal_mean_um=middle, terminal_sd_um=spread)
        hair = replace(hair, length_mm=0.7, colours=base.hair.colours)
        specs[f"{low}-{high} µm"] = replace(base, px_per_mm=px_per_mm, hair=hair)
    return specs


def _band_rows(method: Method, px_per_mm: float, pairs: NDArray[np.float64]) -> Iterator[Row]:
    for low, high in pairwise(BAND_EDGES_UM):
        true_um, measured_um = pairs[(pairs[:, 0] >= low) & (pairs[:, 0] < high)].T
        where = f"{low}-{high} µm at {px_per_mm:g} px/mm"
        if len(true_um) < MIN_BAND_HAIRS:
            bias = mean_error = np.nan
        else:
            bias = float(np.mean(measured_um - true_um))
            mean_error = float(np.mean(np.abs(measured_um - true_um)))
        label = f"{where}, {len(true_um)} hairs"
        yield Row(DIAMETERS, f"bias, {label}", method.name, bias, "µm", Bar(-4, 4), 1)
        yield Row(DIAMETERS, f"mean error, {label}", method.name, mean_error, "µm", Bar(high=6), 1)


def _measure_shifts(method: Method, *, seeds: int) -> Iterator[Row]:
    """Yield how far the mean diameter moves when the same photograph is coarser or blurred."""
    specs = {"shaved": PRESETS["shaved"]}
    coarse = 110.0
    moved: dict[str, list[float]] = {}
    for scene in draw_scenes(specs, seeds=seeds):
        factor = coarse / scene.px_per_mm
        small = cv2.resize(scene.pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        versions = {"resampled to 110 px/mm": (small, coarse)}
        for sigma in (1.0, 2.0):
            blurred = cv2.GaussianBlur(scene.pixels, (0, 0), sigma)
            versions[f"blurred by {sigma:g} px"] = (blurred, scene.px_per_mm)
        versions["resampled, then blurred by 1 px"] = (cv2.GaussianBlur(small, (0, 0), 1.0), coarse)
        before = method.score_pixels(scene.pixels, px_per_mm=scene.px_per_mm).mean_diameter_um
        for name, (pixels, px_per_mm) in versions.items():
            after = method.score_pixels(np.asarray(pixels, np.uint8), px_per_mm=px_per_mm)
            moved.setdefault(name, []).append(after.mean_diameter_um - before)
    for name, shifts in moved.items():
        shift = float(np.mean(shifts))
        yield Row(DIAMETERS, f"shift, {name}", method.name, shift, "µm", Bar(-4, 4), 1)
