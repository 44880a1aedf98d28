"""Section `coverage`: do 95 % intervals hold the truth, and are hairs grouped into true units?

Hundreds of generated photographs for the intervals of counts and for follicular units; labelled
ones, where hairs are called single or part of a unit, besides.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.optimize import linear_sum_assignment

from imaging.records import HairScore
from imaging.synthetic.scalp import ScalpScene

from .labelled_frames import TOLERANCES_PX, in_ignore_zone, pair_ends
from .real_hair import LabelledFolder
from .results import Bar, Row
from .scenes import (
    Scene,
    clipped_presets,
    count_inside,
    countable_hairs,
    draw_scenes,
    frame_of,
    true_ends,
)
from .tool import Method, traced_ends

SECTION = "Generated photographs: intervals and follicular units"
LABELLED = "Labelled photographs: follicular units"
#: Photographs of each preset with clipped hair: more than 500 in all.
SEEDS, SEEDS_QUICK = 27, 2
#: Labels of a hair that stands alone, and of one that shares a unit.
ALONE, SHARED = "single", "premium"
#: Label of a thin hair.
THIN = "undersize"
#: Units whose middles are farther apart than this are two.
SAME_UNIT_MM = 0.2


@dataclass(frozen=True)
class Outcome:
    """What one photograph tells of a count's interval and of its units."""

    is_covered: bool
    error_percent: float
    true_units: int
    found_units: int
    right_units: int


def measure_coverage(
    methods: Sequence[Method], labelled: LabelledFolder | None, *, is_quick: bool
) -> Iterator[Row]:
    """Yield coverage of the intervals, errors of unit counts, and units against labels."""
    outcomes: dict[str, dict[str, list[Outcome]]] = {method.name: {} for method in methods}
    for scene in draw_scenes(clipped_presets(), seeds=SEEDS_QUICK if is_quick else SEEDS):
        for method in methods:
            score = method.score_pixels(scene.pixels, px_per_mm=scene.px_per_mm)
            outcomes[method.name].setdefault(scene.name, []).append(_outcome(score, scene))
    for name, by_preset in outcomes.items():
        yield from _rows(name, by_preset)
    if labelled is not None:
        for method in methods:
            yield from _labelled_rows(method, labelled, is_quick=is_quick)


def _outcome(score: HairScore, scene: Scene) -> Outcome:
    frame = frame_of(score, scene.pixels)
    true = count_inside(true_ends(scene.truth), frame)
    sizes = _true_units(scene.truth)
    middles = np.array([middle for middle, _ in sizes]).reshape(-1, 2)
    is_in = np.array([count_inside(middle[None], frame) > 0 for middle in middles], bool)
    return Outcome(
        is_covered=score.hair_count_low <= true <= score.hair_count_high,
        error_percent=100 * (score.hair_count - true) / max(1, true),
        true_units=int(is_in.sum()),
        found_units=sum(unit.counted for unit in score.units),
        right_units=_right_units(score, middles, [size for _, size in sizes], is_in, scene),
    )


def _true_units(truth: ScalpScene) -> list[tuple[tuple[float, float], int]]:
    """Return the middle of the roots and the hairs of every unit that a person could count."""
    roots: dict[int, list[tuple[float, float]]] = {}
    for hair in countable_hairs(truth):
        roots.setdefault(hair.unit_id, []).append(hair.root)
    return [
        ((float(np.mean([x for x, _ in of])), float(np.mean([y for _, y in of]))), len(of))
        for of in roots.values()
    ]


def _right_units(
    score: HairScore,
    middles: np.ndarray,
    sizes: Sequence[int],
    is_in: np.ndarray,
    scene: Scene,
) -> int:
    """Return how many true units inside the frame are found with their number of hairs."""
    if not score.units or not len(middles):
        return 0
    found = np.array([(unit.x_px, unit.y_px) for unit in score.units])
    apart = np.linalg.norm(middles[:, None] - found[None], axis=2)
    most = SAME_UNIT_MM * scene.px_per_mm
    real, ours = linear_sum_assignment(np.minimum(apart, most))
    return sum(
        bool(is_in[i] and apart[i, k] < most and sizes[i] == score.units[k].hairs)
        for i, k in zip(real, ours, strict=True)
    )


def _rows(name: str, by_preset: dict[str, list[Outcome]]) -> Iterator[Row]:
    everything = [outcome for of in by_preset.values() for outcome in of]
    measure = f"true count inside the 95 % interval, {len(everything)} photographs"
    yield Row(SECTION, measure, name, _covered(everything), "%", Bar(93, 97), 1)
    for preset, of in by_preset.items():
        measure = f"true count inside, {preset}, {len(of)} photographs"
        yield Row(SECTION, measure, name, _covered(of), "%", decimals=0)
    errors = [abs(outcome.error_percent) for outcome in everything]
    yield Row(SECTION, "count error, mean", name, float(np.mean(errors)), "%", decimals=1)
    bias = float(np.mean([outcome.error_percent for outcome in everything]))
    yield Row(SECTION, "count bias", name, bias, "%", decimals=1)
    units = [
        100 * abs(outcome.found_units - outcome.true_units) / max(1, outcome.true_units)
        for outcome in everything
    ]
    yield Row(SECTION, "follicular units: count error, mean", name, float(np.mean(units)), "%",
              Bar(high=5), 1)  # fmt: skip
    right = sum(outcome.right_units for outcome in everything)
    true = sum(outcome.true_units for outcome in everything)
    yield Row(SECTION, f"hairs per unit right, {true} units", name, 100 * right / max(1, true), "%",
              Bar(low=90), 1)  # fmt: skip


def _covered(outcomes: Sequence[Outcome]) -> float:
    return 100 * float(np.mean([outcome.is_covered for outcome in outcomes]))


def _labelled_rows(method: Method, labelled: LabelledFolder, *, is_quick: bool) -> Iterator[Row]:
    """Yield which labelled hairs that were found stand in a unit as their label says.

    Labels call a hair single whatever thin hair stands beside it: those that are labelled undersize
    do not count towards a unit here.
    """
    right, found = {ALONE: 0, SHARED: 0}, {ALONE: 0, SHARED: 0}
    for photo, labels in list(labelled.labels.items())[:: 8 if is_quick else 1]:
        score = method.score_file(labelled.folder / photo, px_per_mm=labelled.px_per_mm)
        size_of = {unit.unit_id: unit.hairs for unit in score.units}
        classes = np.asarray(labels.classes, object)
        is_hair = classes != "abnormal"
        truth, names = labels.ends[is_hair], classes[is_hair]
        ours, real = pair_ends(traced_ends(score), truth, tolerance_px=max(TOLERANCES_PX))
        is_ignored = in_ignore_zone(truth)
        pairs = [(score.hairs[k].unit_id, i) for k, i in zip(ours, real, strict=True)]
        thin = Counter(unit_id for unit_id, i in pairs if names[i] == THIN)
        for unit_id, i in pairs:
            if is_ignored[i] or names[i] not in found or unit_id not in size_of:
                continue
            found[names[i]] += 1
            is_alone = size_of[unit_id] - thin[unit_id] == 1
            right[names[i]] += is_alone == (names[i] == ALONE)
    for label, kind in ((ALONE, "alone"), (SHARED, "in a unit of two or more")):
        share = 100 * right[label] / max(1, found[label])
        yield Row(LABELLED, f"'{label}' stands {kind}, {found[label]} hairs found", method.name,
                  share, "%", decimals=1)  # fmt: skip
    share = 100 * sum(right.values()) / max(1, sum(found.values()))
    yield Row(LABELLED, f"both as labelled, {sum(found.values())} hairs found", method.name, share,
              "%", Bar(low=92), 1)  # fmt: skip
