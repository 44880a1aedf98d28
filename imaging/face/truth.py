"""Exact scores of a painted face from its truth: what a perfect measurement would say."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..settings import FaceSettings
from .masi import RegionGrade, apply_floor, area_score, darkness_score, mmasi
from .measure import darkness_cuts


def true_grades(
    percents: Mapping[str, float], delta_l: Mapping[str, float], *, settings: FaceSettings
) -> dict[str, RegionGrade]:
    """Return area and darkness of each region; homogeneity, which mMASI does not use, is 0.

    Parameters
    ----------
    percents : mapping of region to percent
        Pigmented share.
    delta_l : mapping of region to ΔL*
        Mean darkening of the lesion.
    settings : FaceSettings
        Floor and cut-points, as in a measurement.
    """
    cuts = darkness_cuts(settings)
    grades = {}
    for name, percent in percents.items():
        area = area_score(apply_floor(percent, floor_percent=settings.area_floor_percent))
        darkness = max(1.0, darkness_score(delta_l[name], cuts=cuts)) if area else 0.0
        grades[name] = RegionGrade(area, darkness, 0.0)
    return grades


def true_scores(
    percents: Mapping[str, float], delta_l: Mapping[str, float], *, settings: FaceSettings
) -> dict[str, Any]:
    """Return mMASI and, by region, percent, ΔL*, area score and darkness of a painted face."""
    grades = true_grades(percents, delta_l, settings=settings)
    return {
        "mmasi": mmasi(grades),
        "regions": {
            name: {
                "pigmented_percent": round(percents[name], 2),
                "delta_l": round(delta_l[name], 2),
                "area_score": grade.area,
                "darkness": grade.darkness,
            }
            for name, grade in grades.items()
        },
    }
