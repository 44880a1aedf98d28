"""MASI, mMASI and hemi-MASI: the arithmetic alone, pure and exact; nothing here sees a pixel.

References
----------
Kimbrough-Green 1994, Arch Dermatol 130:727 (MASI); Pandya 2011, 10.1016/j.jaad.2009.10.051 (mMASI,
and darkness read as lesion minus adjacent normal skin).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TypedDict

from ..records.face import FaceScore, RegionScore

#: Share of each region in MASI and mMASI (right and left are the patient's).
REGION_WEIGHTS: dict[str, float] = {
    "forehead": 0.3,
    "right_malar": 0.3,
    "left_malar": 0.3,
    "chin": 0.1,
}

#: Share of each part in hemi-MASI: a half forehead and a half chin count half of the whole.
HEMI_WEIGHTS: dict[str, float] = {"forehead": 0.15, "malar": 0.3, "chin": 0.05}

#: Lower edges of area scores 2 to 6.  The published bins are whole percents with gaps between them
#: ("10–29, 30–49"); these are the half-open bins that close the gaps: [10, 30) is 2.
AREA_EDGES: tuple[float, ...] = (10.0, 30.0, 50.0, 70.0, 90.0)

#: Bin middles that the continuous companion interpolates through: percent and score.
CONTINUOUS_PERCENT: tuple[float, ...] = (0.0, 5.0, 20.0, 40.0, 60.0, 80.0, 95.0)
CONTINUOUS_SCORE: tuple[float, ...] = (0.0, 1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


@dataclass(frozen=True)
class RegionGrade:
    """The three grades of one region: area 0 to 6, darkness 0 to 4, homogeneity 0 to 4.

    The area may be any number from 0 to 6 (the continuous companion); NaN is "cannot tell".
    """

    area: float
    darkness: float
    homogeneity: float


def apply_floor(percent: float, *, floor_percent: float) -> float:
    """Return a measured percentage, or 0 when it is under the noise floor of the measurement."""
    return 0.0 if percent < floor_percent else percent


def area_score(percent: float) -> float:
    """Return the area score A (0 to 6) of a pigmented share of 0 to 100 %; NaN stays NaN.

    Half-open bins, and nothing is rounded before: 0 → 0; (0, 10) → 1; [10, 30) → 2; [30, 50) → 3;
    [50, 70) → 4; [70, 90) → 5; [90, 100] → 6.
    """
    if math.isnan(percent):
        return math.nan
    _check_range("percent", percent, 100.0)
    if percent == 0:
        return 0.0
    return 1.0 + sum(percent >= edge for edge in AREA_EDGES)


def continuous_area_score(percent: float) -> float:
    """Return A interpolated between the bin middles; it shows change that bins hide, and is not A.

    Straight lines through (0, 0) (5, 1) (20, 2) (40, 3) (60, 4) (80, 5) (95, 6); 6 above.
    """
    if math.isnan(percent):
        return math.nan
    _check_range("percent", percent, 100.0)
    for i in range(1, len(CONTINUOUS_PERCENT)):
        left, right = CONTINUOUS_PERCENT[i - 1], CONTINUOUS_PERCENT[i]
        if percent <= right:
            return CONTINUOUS_SCORE[i - 1] + (percent - left) / (right - left)
    return CONTINUOUS_SCORE[-1]


def darkness_score(delta_l: float, *, cuts: Sequence[float]) -> float:
    """Return darkness D (0 to 4) of a lightness difference, normal skin − lesion.

    Parameters
    ----------
    delta_l : float
        ΔL*; NaN stays NaN, and a lesion that is not darker has 0.
    cuts : sequence of four ascending floats
        D is the number of cuts that `delta_l` reaches.  No published values exist: results are
        uncalibrated until the cuts are fitted to a site's own readers.
    """
    if math.isnan(delta_l):
        return math.nan
    if len(cuts) != 4 or any(b < a for a, b in pairwise(cuts)):
        raise ValueError(f"darkness needs four ascending cuts, not {tuple(cuts)}")
    return float(sum(delta_l >= cut for cut in cuts))


def homogeneity_score(
    percent: float,
    largest_patch_mm: float,
    *,
    speck_mm: float,
    patch_mm: float,
    uniform_percent: float,
) -> float:
    """Return homogeneity H (0 to 4): patch size and confluence.

    0 none; 1 specks only; 2 small patches; 3 large patches; 4 uniform without clear areas.

    Parameters
    ----------
    percent : float
        Pigmented share of the region, 0 to 100 %.
    largest_patch_mm : float
        Equivalent diameter of the largest patch.
    speck_mm, patch_mm : float
        A patch of at least `speck_mm` is more than a speck, one of at least `patch_mm` is large.
    uniform_percent : float
        From this share on no clear area is left.
    """
    if math.isnan(percent) or (percent > 0 and math.isnan(largest_patch_mm)):
        return math.nan
    if percent == 0:
        return 0.0
    if percent >= uniform_percent:
        return 4.0
    return 1.0 + (largest_patch_mm >= speck_mm) + (largest_patch_mm >= patch_mm)


def weighted_score(region: str, grade: RegionGrade) -> float:
    """Return w·A·(D + H) of one region; NaN for a region that MASI does not weigh."""
    weight = REGION_WEIGHTS.get(region, math.nan)
    return _tidy(weight * grade.area * (grade.darkness + grade.homogeneity))


def masi(grades: Mapping[str, RegionGrade]) -> float:
    """Return MASI, Σ w·A·(D + H), 0 to 48; NaN when one of the four regions cannot be told."""
    return _weigh(grades, with_homogeneity=True)


def mmasi(grades: Mapping[str, RegionGrade]) -> float:
    """Return mMASI, Σ w·A·D, 0 to 24; NaN when one of the four regions cannot be told."""
    return _weigh(grades, with_homogeneity=False)


def hemi_masi(half_forehead: RegionGrade, malar: RegionGrade, half_chin: RegionGrade) -> float:
    """Return hemi-MASI of one side, 0 to 24: Σ w·A·(D + H) over its own halves."""
    parts = {"forehead": half_forehead, "malar": malar, "chin": half_chin}
    return _tidy(
        math.fsum(
            HEMI_WEIGHTS[name] * grade.area * (grade.darkness + grade.homogeneity)
            for name, grade in parts.items()
        )
    )


def range_grade(percent_bound: float, grade: RegionGrade, *, is_upper: bool) -> RegionGrade:
    """Return the grade of a region at one bound of its threshold-sensitivity range.

    Darkness and homogeneity stay as measured; where the measured region is clear but its upper
    bound is not, they are the least that pigment can have (1 and 1).
    """
    area = area_score(percent_bound)
    if is_upper and area > 0:
        return RegionGrade(area, max(grade.darkness, 1.0), max(grade.homogeneity, 1.0))
    return RegionGrade(area, grade.darkness, grade.homogeneity)


def grade_of(row: RegionScore) -> RegionGrade:
    """Return the grades that stand in a row of ``regions.csv``."""
    return RegionGrade(row.area_score, row.darkness, row.homogeneity)


class Totals(TypedDict):
    """Columns of ``results.csv`` that follow from the rows of ``regions.csv``."""

    masi: float
    masi_low: float
    masi_high: float
    mmasi: float
    mmasi_low: float
    mmasi_high: float
    masi_continuous: float


def total_scores(rows: Sequence[RegionScore]) -> Totals:
    """Return MASI, mMASI, their ranges and the continuous companion from region rows alone."""
    grades = {row.region: grade_of(row) for row in rows}
    low = {
        row.region: range_grade(row.pigmented_percent_low, grades[row.region], is_upper=False)
        for row in rows
    }
    high = {
        row.region: range_grade(row.pigmented_percent_high, grades[row.region], is_upper=True)
        for row in rows
    }
    smooth = {
        row.region: RegionGrade(
            continuous_area_score(row.pigmented_percent), row.darkness, row.homogeneity
        )
        for row in rows
    }
    return {
        "masi": masi(grades),
        "masi_low": masi(low),
        "masi_high": masi(high),
        "mmasi": mmasi(grades),
        "mmasi_low": mmasi(low),
        "mmasi_high": mmasi(high),
        "masi_continuous": masi(smooth),
    }


def combine_views(scores: Sequence[FaceScore]) -> FaceScore:
    """Return one score of the views of one visit; no skin is counted twice.

    Forehead and chin come from the front, each malar region from the oblique view that sees it and
    can be scored, else from the front.  A half forehead and a half chin come from the front as
    well: the hemi-MASI of the front with its malar part exchanged.  It needs the rows of the tables
    only, no masks.

    Parameters
    ----------
    scores : sequence of FaceScore
        Views ``front``, ``left45``, ``right45`` in any order; of two with one view the first
        counts.

    Returns
    -------
    FaceScore
        View ``"combined"``; mean colour is weighed by the skin area of each region's own view.
        Without a frontal view forehead and chin, and so every total, are NaN.
        Flags: those of the views; ``missing_view`` when not all three are there,
        ``repeated_view``.

    Raises
    ------
    ValueError
        No score at all.
    """
    if not scores:
        raise ValueError("no views to combine")
    views: dict[str, FaceScore] = {}
    for score in scores:
        views.setdefault(score.view, score)
    front = views.get("front")
    candidates = {
        "forehead": (front,),
        "right_malar": (views.get("right45"), front),
        "left_malar": (views.get("left45"), front),
        "chin": (front,),
    }
    chosen = [
        found
        for region, sources in candidates.items()
        if (found := _first_row(sources, region)) is not None
    ]
    rows = tuple(row for _, row in chosen)
    areas = [(score, _finite(row.skin_area_px)) for score, row in chosen]
    flags = {flag for score in scores for flag in score.flags}
    if front is not None:
        # It says that the front is missing beside an oblique view.
        flags.discard("single_oblique_view")
    if {"front", "left45", "right45"} - set(views):
        flags.add("missing_view")
    if len(views) < len(scores):
        flags.add("repeated_view")
    return FaceScore(
        view="combined",
        **total_scores(rows),
        hemi_masi_right=_exchange_malar(front, rows, "right"),
        hemi_masi_left=_exchange_malar(front, rows, "left"),
        msi=math.nan,
        skin_area_px=math.fsum(area for _, area in areas) or math.nan,
        pigmented_percent=_mean(
            [(row.pigmented_percent, area) for row, (_, area) in zip(rows, areas, strict=True)]
        ),
        mean_ita_deg=_mean(
            [(row.mean_ita_deg, area) for row, (_, area) in zip(rows, areas, strict=True)]
        ),
        melanin_index=_mean([(score.melanin_index, area) for score, area in areas]),
        erythema_index=_mean([(score.erythema_index, area) for score, area in areas]),
        calibrated_colour=all(score.calibrated_colour for score, _ in areas),
        calibrated_scores=all(score.calibrated_scores for score, _ in areas),
        flags=tuple(sorted(flags)),
        segmenter=scores[0].segmenter,
        regions=rows,
    )


def _first_row(
    sources: Sequence[FaceScore | None], region: str
) -> tuple[FaceScore, RegionScore] | None:
    """Return the first view that scores the region, else the first that has it, and its row."""
    rows = [
        (score, row)
        for score in sources
        if score is not None and (row := _row(score, region)) is not None
    ]
    scored = (pair for pair in rows if math.isfinite(pair[1].weighted_score))
    return next(scored, next(iter(rows), None))


def _row(score: FaceScore | None, region: str) -> RegionScore | None:
    rows = () if score is None else score.regions
    return next((row for row in rows if row.region == region), None)


def _exchange_malar(front: FaceScore | None, rows: Sequence[RegionScore], side: str) -> float:
    """Return the front's hemi-MASI of one side with its malar part taken from `rows`.

    A malar region weighs 0.3 in MASI and in hemi-MASI, so ``weighted_score`` is its part in both.
    """
    name = f"{side}_malar"
    own = _row(front, name)
    new = next((row for row in rows if row.region == name), None)
    if front is None or own is None or new is None:
        return math.nan
    hemi = front.hemi_masi_right if side == "right" else front.hemi_masi_left
    return _tidy(hemi - own.weighted_score + new.weighted_score)


def _mean(pairs: Sequence[tuple[float, float]]) -> float:
    known = [(value, weight) for value, weight in pairs if math.isfinite(value) and weight > 0]
    total = math.fsum(weight for _, weight in known)
    return math.fsum(value * weight for value, weight in known) / total if known else math.nan


def _finite(value: float) -> float:
    return value if math.isfinite(value) else 0.0


def _weigh(grades: Mapping[str, RegionGrade], *, with_homogeneity: bool) -> float:
    if any(name not in grades for name in REGION_WEIGHTS):
        return math.nan
    return _tidy(
        math.fsum(
            weight
            * grades[name].area
            * (grades[name].darkness + (grades[name].homogeneity if with_homogeneity else 0.0))
            for name, weight in REGION_WEIGHTS.items()
        )
    )


def _tidy(score: float) -> float:
    # Weights are tenths and twentieths, which binary fractions only approach: 0.3·6·8 is
    # 14.399999999999999.  Twelve decimals are far below any step of the score.
    return round(score, 12)


def _check_range(name: str, value: float, high: float) -> None:
    if not 0.0 <= value <= high:
        raise ValueError(f"{name} = {value!r} is outside 0 to {high:g}")
