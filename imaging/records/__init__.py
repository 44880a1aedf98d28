"""Frozen records that travel between the parts, and the column contract of every table."""

from .columns import Column, column, columns_of, records_of, row_of
from .face import FACE_TABLES, FaceMaps, FaceScore, RegionScore
from .flags import FLAGS, Flag, join_flags
from .followup import (
    FACE_PAIR_TABLES,
    HAIR_PAIR_TABLES,
    AttritionRow,
    ChangeMaps,
    DetectableChange,
    FaceComparison,
    HairComparison,
    HairMatch,
    LivingGrafts,
    PairPlan,
    PairRow,
    RegionChange,
)
from .hair import HAIR_TABLES, CutoffSplit, Hair, HairScore, Unit
from .photo import Panel, Photo, PhotoInputs, Scale, ScaleSource

__all__ = [
    "FACE_PAIR_TABLES",
    "FACE_TABLES",
    "FLAGS",
    "HAIR_PAIR_TABLES",
    "HAIR_TABLES",
    "AttritionRow",
    "ChangeMaps",
    "Column",
    "CutoffSplit",
    "DetectableChange",
    "FaceComparison",
    "FaceMaps",
    "FaceScore",
    "Flag",
    "Hair",
    "HairComparison",
    "HairMatch",
    "HairScore",
    "LivingGrafts",
    "PairPlan",
    "PairRow",
    "Panel",
    "Photo",
    "PhotoInputs",
    "RegionChange",
    "RegionScore",
    "Scale",
    "ScaleSource",
    "Unit",
    "column",
    "columns_of",
    "join_flags",
    "records_of",
    "row_of",
]
