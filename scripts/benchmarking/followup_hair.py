"""Section `followup`: pairs of photographs: decisions, growth, grafts, and what is refused."""

from __future__ import annotations

import itertools
import math
import time
from collections.abc import Iterator

import numpy as np

from imaging.records import HairComparison, PairPlan
from imaging.settings import HairSettings

from .followup_grafts import measure_grafts
from .followup_real import measure_real_pairs
from .followup_scenes import (
    FIRST_PAIR_SEED,
    Drawn,
    Judged,
    common_hairs,
    compare,
    draw_pairs,
    judge,
)
from .real_hair import LabelledFolder
from .results import Bar, Row

PAIRS = "Follow-up: generated pairs"
GROWTH = "Follow-up: growth on generated pairs, 2-3 days"

METHOD = f"dermetry ({HairSettings().segmenter})"

#: Growth has seeds of its own.
FIRST_GROWTH_SEED = FIRST_PAIR_SEED + 500


def measure_followup(labelled: LabelledFolder | None, *, pairs: int) -> Iterator[Row]:
    """Yield every figure of the follow-up, of so many pairs, courses and frames each."""
    yield from _measure_pairs(pairs)
    yield from _measure_growth(pairs)
    yield from measure_grafts(pairs, method=METHOD)
    if labelled is not None:
        yield from measure_real_pairs(labelled, pairs, method=METHOD)


def _measure_pairs(count: int) -> Iterator[Row]:
    judged: list[tuple[Drawn, Judged]] = []
    found: list[HairComparison] = []
    apart, ratios = [], []
    drawn_pairs = []
    for drawn in draw_pairs(count, first_seed=FIRST_PAIR_SEED):
        drawn_pairs.append(drawn)
        start = time.perf_counter()
        comparison = compare(drawn.photos, drawn.scores, PairPlan(days=180.0))
        ratios.append((time.perf_counter() - start) / drawn.scoring_seconds)
        if comparison is None:
            continue
        found.append(comparison)
        judged.append((drawn, judge(drawn, comparison)))
        apart.append(_counted_apart(drawn, judged[-1][1], comparison))
    yield _row("pairs drawn", count, "", None, 0)
    yield _row("genuine pairs accepted", 100 * len(found) / count, "%", Bar(low=95), 0)
    if judged:
        errors = [abs(one.change_error) for _, one in judged]
        yield _row("change of count: error", float(np.mean(errors)), "%", Bar(high=1), 2)
        bias = float(np.mean([one.change_error for _, one in judged]))
        yield _row("change of count: bias", bias, "%", None, 2)
        yield _row("  the same by counting twice: error", float(np.mean(apart)), "%", None, 2)
        right = sum(one.right for _, one in judged)
        told = right + sum(one.wrong for _, one in judged)
        yield _row("right decision per hair", 100 * right / max(1, told), "%", Bar(low=97), 1)
        undecided = sum(one.undecided for _, one in judged)
        share = 100 * undecided / max(1, told + undecided)
        yield _row("lost and new hairs without a decision", share, "%", None, 1)
        residual = float(np.mean([one.alignment_error_um for one in found]))
        yield _row("residual of the alignment", residual, "µm", Bar(high=40), 0)
    refused = [
        compare((a.photos[0], b.photos[1]), (a.scores[0], b.scores[1]), PairPlan()) is None
        for a, b in itertools.permutations(drawn_pairs, 2)
        if a.preset == b.preset
    ][: 4 * count]
    if refused:
        label = f"foreign pairs refused, of {len(refused)}"
        yield _row(label, 100 * float(np.mean(refused)), "%", Bar(low=98), 1)
    yield _row("time per pair, x scoring both", float(np.median(ratios)), "", Bar(high=1), 2)


def _counted_apart(drawn: Drawn, judged: Judged, found: HairComparison) -> float:
    """Return the error of the change of density by two counts, in percent of the baseline."""
    first, second = (score.hair_density_per_cm2 for score in drawn.scores)
    true_percent = found.change_percent - judged.change_error
    return abs(100.0 * (second - first) / first - true_percent) if first > 0 else math.nan


def _measure_growth(count: int) -> Iterator[Row]:
    speeds, shares, open_ = [], [], []
    pairs = draw_pairs(count, first_seed=FIRST_GROWTH_SEED, is_phototrichogram=True)
    for drawn in pairs:
        found = compare(drawn.photos, drawn.scores, PairPlan(days=drawn.change.days))
        if found is None:
            continue
        fates = [drawn.pair.fate_of[number] for number in common_hairs(drawn)]
        fates = [fate for fate in fates if fate.fate == "kept"]
        growing = [f.grown_mm for f in fates if not f.is_resting]
        true_speed = 1e3 * float(np.mean(growing)) / drawn.change.days
        speeds.append(found.growth_um_per_day - true_speed)
        shares.append(found.anagen_percent - 100.0 * len(growing) / len(fates))
        open_.append(found.undetermined_percent)
    if speeds:
        label = f"growth rate: bias, {len(speeds)} pairs"
        yield _row(label, float(np.mean(speeds)), "µm/day", Bar(-15, 15), 1, GROWTH)
        yield _row(
            "anagen share: error", float(np.mean(np.abs(shares))), "points", Bar(high=4), 1, GROWTH
        )
        yield _row("anagen share: bias", float(np.mean(shares)), "points", None, 1, GROWTH)
        yield _row("phase undetermined", float(np.mean(open_)), "%", None, 1, GROWTH)


def _row(
    measure: str, value: float, unit: str, bar: Bar | None, decimals: int, section: str = PAIRS
) -> Row:
    return Row(section, measure, METHOD, value, unit, bar, decimals)
