"""Frozen records that travel between the parts, and the column contract of every table."""

from .columns import Column, column, columns_of, row_of
from .face import FACE_TABLES, FaceMaps, FaceScore, RegionScore
from .flags import FLAGS, Flag, join_flags
from .hair import HAIR_TABLES, CutoffSplit, Hair, HairScore, Unit
from .photo import Photo, PhotoInputs, Scale, ScaleSource

__all__ = [
    "FACE_TABLES",
    "FLAGS",
    "HAIR_TABLES",
    "Column",
    "CutoffSplit",
    "FaceMaps",
    "FaceScore",
    "Flag",
    "Hair",
    "HairScore",
    "Photo",
    "PhotoInputs",
    "RegionScore",
    "Scale",
    "ScaleSource",
    "Unit",
    "column",
    "columns_of",
    "join_flags",
    "row_of",
]
