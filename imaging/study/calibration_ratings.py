"""Readers' steps of facial regions beside what was measured on the same regions."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from .agreement_clusters import PHOTOS_APART
from .agreement_files import RatingTable, Row, number_of

Floats = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class RegionRatings:
    """Readers' steps and what was measured, a row a rating.

    Parameters
    ----------
    steps : ndarray, shape (n,)
        0 to 4.
    delta_l, patch_mm, percent : ndarray, shape (n,)
        Measured on the region; `percent` is 0 where no pigment was found.
    subjects, readers, keys : ndarray of str, shape (n,)
        `keys` is the photo and region.
    """

    steps: Floats
    delta_l: Floats
    patch_mm: Floats
    percent: Floats
    subjects: NDArray[np.str_]
    readers: NDArray[np.str_]
    keys: NDArray[np.str_]

    def taken(self, rows: NDArray[np.intp] | NDArray[np.bool_]) -> RegionRatings:
        """Return some of the ratings."""
        return RegionRatings(
            *(getattr(self, name)[rows] for name in RegionRatings.__dataclass_fields__)
        )


def join_ratings(
    readers: Sequence[RatingTable],
    regions: Mapping[tuple[str, str], Mapping[str, object]],
    subjects: Mapping[str, str],
    component: str,
) -> tuple[RegionRatings, tuple[str, ...]]:
    """Return the ratings of one component beside what was measured.

    Parameters
    ----------
    readers : sequence of RatingTable
        Columns ``photo_id``, ``region`` and the component; rows without it are left out.
    regions : mapping of (photo_id, region) to a row of ``regions.csv``
    subjects : mapping of photo_id to subject
        From the folder's manifest; a reader's own column goes before it, a photo without either
        is a subject of its own.
    component : str
        ``"darkness"`` or ``"homogeneity"``.

    Returns
    -------
    ratings : RegionRatings
    notes : tuple of str
        What was left out, and that photos stand for subjects where none is named.

    Raises
    ------
    TableError
        A score that is no step from 0 to 4; ids that the folder does not have at all.
    """
    found: list[tuple[float, float, float, float, str, str, str]] = []
    unknown: list[str] = []
    unread = 0
    is_named = False
    alone = _only_regions(regions)
    for table in readers:
        for line, row in zip(table.lines, table.rows, strict=True):
            step = _step_of(table, line, row, component)
            if math.isnan(step):
                continue
            photo = row.get("photo_id", "")
            key = (photo, row.get("region", alone.get(photo, "")))
            if key not in regions:
                unknown.append("/".join(part for part in key if part))
                continue
            measured = regions[key]
            percent, delta_l, patch = (
                _measured(measured, name)
                for name in ("pigmented_percent", "delta_l", "largest_patch_mm")
            )
            if math.isnan(percent) or (
                percent > 0 and math.isnan(delta_l if component == "darkness" else patch)
            ):
                unread += 1
                continue
            subject = row.get("subject") or subjects.get(photo) or photo
            is_named = is_named or subject != photo
            found.append((step, delta_l, patch, percent, subject, table.name, "/".join(key)))
    if not found and unknown:
        known = ", ".join(repr("/".join(key)) for key in list(regions)[:2])
        raise TableError(
            f"No row of the readers is of a region of the folder: they have {unknown[0]!r}, the "
            f"folder has {known}.",
            remedy="Write photo_id and region as in the folder's regions.csv.",
        )
    notes = []
    if unknown:
        notes.append(
            f"{len(unknown)} ratings are of regions that the folder does not have, the first "
            f"{unknown[0]!r}."
        )
    if unread:
        notes.append(f"{unread} ratings are of regions that could not be measured.")
    if found and not is_named:
        notes.append(PHOTOS_APART)
    numbers = np.array([row[:4] for row in found], np.float64).reshape(-1, 4)
    texts = np.array([row[4:] for row in found], np.str_).reshape(-1, 3)
    return (
        RegionRatings(
            steps=numbers[:, 0],
            delta_l=numbers[:, 1],
            patch_mm=numbers[:, 2],
            percent=numbers[:, 3],
            subjects=texts[:, 0],
            readers=texts[:, 1],
            keys=texts[:, 2],
        ),
        tuple(notes),
    )


def _step_of(table: RatingTable, line: int, row: Row, component: str) -> float:
    text = row.get(component, "")
    value = number_of(text)
    if value is None or (math.isfinite(value) and value not in (0.0, 1.0, 2.0, 3.0, 4.0)):
        raise TableError(
            f"{table.origin}, line {line}: {component} {text[:40]!r} is no step from 0 to 4.",
            remedy="Give each reader's own step, 0, 1, 2, 3 or 4; leave the cell empty for none.",
        )
    return value


def _only_regions(regions: Mapping[tuple[str, str], object]) -> dict[str, str]:
    """Return the region of photos that have one only (crops)."""
    names: dict[str, list[str]] = {}
    for photo, region in regions:
        names.setdefault(photo, []).append(region)
    return {photo: found[0] for photo, found in names.items() if len(found) == 1}


def _measured(row: Mapping[str, object], name: str) -> float:
    value = row.get(name)
    return math.nan if value is None else float(value)  # type: ignore[arg-type]
