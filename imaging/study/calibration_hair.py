"""Diameters fitted to a caliper.

The caliper is taken as the reference, without error of its own beside the camera's: the camera's
diameters are regressed on the caliper's, and the line is turned round (classical calibration).  The
other way, caliper on camera, would draw thin hairs and thick hairs towards the middle, and with
them the spread and the share of vellus hairs.

References
----------
Osborne 1991, Int Stat Rev 59:309, 10.2307/1403690 (classical and inverse calibration).
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..errors import TableError
from ..settings import HairSettings, declarations
from .agreement_clusters import PHOTOS_APART, jackknife_intervals
from .agreement_files import RatingTable, number_of
from .agreement_icc import UPPER
from .calibration_ordinal import subject_folds

Floats = NDArray[np.float64]

FEWEST_PAIRS, FEWEST_SUBJECTS = 10, 4
#: Hairs from the thinnest vellus to the thickest terminal; anything else is a wrong unit.
_LEAST_UM, _MOST_UM = 2.0, 400.0
#: Columns that a list of caliper readings may hold the diameter in.
_DIAMETER_NAMES = ("diameter_um", "caliper_um", "diameter")
_SLOPE_DECIMALS, _OFFSET_DECIMALS = 4, 2


@dataclass(frozen=True, eq=False)
class DiameterPairs:
    """Camera and caliper, a row a hair, or a row a photo's mean; µm, shape (n,)."""

    camera_um: Floats
    caliper_um: Floats
    subjects: NDArray[np.str_]
    are_means: bool


@dataclass(frozen=True)
class DiameterError:
    """Camera − caliper: bias, SD and root mean square, µm."""

    bias_um: float
    sd_um: float
    rms_um: float


@dataclass(frozen=True)
class DiameterFit:
    """A line from the camera's diameters to the caliper's, and its error.

    ``values`` are the settings; ``before`` is the error of the camera as it measures, ``fitted`` on
    the pairs of the fit, ``out_of_fold`` on subjects that the fit has not seen.
    """

    values: dict[str, float]
    limits: dict[str, tuple[float, float]]
    before: DiameterError
    fitted: DiameterError
    out_of_fold: DiameterError
    pairs: int
    subjects: int
    are_means: bool
    notes: tuple[str, ...]


def join_caliper(
    table: RatingTable,
    hairs: Mapping[str, Mapping[str, Mapping[str, object]]],
    subjects: Mapping[str, str],
) -> tuple[DiameterPairs, tuple[str, ...]]:
    """Return caliper readings beside the camera's diameters.

    Parameters
    ----------
    table : RatingTable
        ``photo_id``, ``diameter_um`` and, to pair hair by hair, ``hair_id``.  Without ``hair_id``
        the mean of a photo's readings is held against the mean of its counted hairs.
    hairs : mapping of photo_id to rows of ``hairs.csv`` by hair_id
    subjects : mapping of photo_id to subject

    Raises
    ------
    TableError
        No column of diameters; a reading that is no diameter in µm; no photo or hair in common.
    """
    column = next((name for name in _DIAMETER_NAMES if table.has(name)), None)
    if column is None or not table.has("photo_id"):
        raise TableError(
            f"{table.origin} needs the columns photo_id and diameter_um.",
            remedy="Add hair_id, as in hairs.csv, to pair hair by hair.",
        )
    is_by_hair = table.has("hair_id")
    readings: dict[tuple[str, str], list[float]] = {}
    owners: dict[str, str] = {}
    for line, row in zip(table.lines, table.rows, strict=True):
        value = number_of(row.get(column, ""))
        if value is None or (math.isfinite(value) and not _LEAST_UM <= value <= _MOST_UM):
            raise TableError(
                f"{table.origin}, line {line}: {column} {row.get(column, '')[:40]!r} is no "
                f"diameter of a hair in µm ({_LEAST_UM:g} to {_MOST_UM:g}).",
                remedy="Give diameters in µm; leave the cell empty for none.",
            )
        photo = row.get("photo_id", "")
        if math.isnan(value) or not photo:
            continue
        hair = _whole(row.get("hair_id", "")) if is_by_hair else ""
        if is_by_hair and not hair:
            raise TableError(f"{table.origin}, line {line}: hair_id is empty.")
        readings.setdefault((photo, hair), []).append(value)
        owners[photo] = row.get("subject") or subjects.get(photo) or photo
    if readings:
        _check_common(table, readings, hairs, is_by_hair=is_by_hair)
    pairs: list[tuple[float, float, str]] = []
    missing = 0
    for (photo, hair), values in readings.items():
        found = hairs.get(photo, {})
        if is_by_hair:
            camera = _diameter(found.get(hair))
        else:
            known = [_diameter(row) for row in found.values() if row.get("counted")]
            known = [value for value in known if math.isfinite(value)]
            camera = float(np.mean(known)) if known else math.nan
        if math.isfinite(camera):
            pairs.append((camera, float(np.mean(values)), owners[photo]))
        else:
            missing += 1
    what = "hairs" if is_by_hair else "photos"
    notes = [f"{missing} {what} have no diameter by the camera; left out."] if missing else []
    if owners and all(owner == photo for photo, owner in owners.items()):
        notes.append(PHOTOS_APART)
    columns = list(zip(*pairs, strict=True)) if pairs else [(), (), ()]
    return (
        DiameterPairs(
            np.array(columns[0], np.float64),
            np.array(columns[1], np.float64),
            np.array(columns[2], np.str_),
            are_means=not is_by_hair,
        ),
        tuple(notes),
    )


def _check_common(
    table: RatingTable,
    readings: Collection[tuple[str, str]],
    hairs: Mapping[str, Mapping[str, object]],
    *,
    is_by_hair: bool,
) -> None:
    """Refuse readings, by photo and hair, of which none is of the folder."""
    known = [(photo, hair) for photo, hair in readings if photo in hairs]
    if not known:
        raise TableError(
            f"No photo of {table.origin} is in the folder: it has {next(iter(readings))[0]!r}, the "
            f"folder has {', '.join(repr(name) for name in list(hairs)[:2])}.",
            remedy="Write photo_id as in the folder's hairs.csv.",
        )
    if is_by_hair and not any(hair in hairs[photo] for photo, hair in known):
        photo, hair = known[0]
        raise TableError(
            f"No hair_id of {table.origin} is in the folder: {photo!r} has no hair {hair}.",
            remedy="Write hair_id as in the folder's hairs.csv, or leave the column out.",
        )


def fit_diameters(pairs: DiameterPairs) -> DiameterFit:
    """Return slope and offset that turn the camera's diameters into the caliper's.

    Notes
    -----
    camera = a + b·caliper by least squares; slope 1/b, offset −a/b.

    Raises
    ------
    TableError
        Too few pairs or subjects, a caliper that gave one value, or a camera whose diameters do not
        follow the caliper's (the 95 % interval of b holds 0).
    """
    count = len(set(pairs.subjects.tolist()))
    if len(pairs.camera_um) < FEWEST_PAIRS or count < FEWEST_SUBJECTS:
        raise TableError(
            f"{len(pairs.camera_um)} pairs of {count} subjects are too few to fit a line; "
            f"{FEWEST_PAIRS} of {FEWEST_SUBJECTS} are the least.",
            remedy="Measure more hairs, thin and thick ones.",
        )
    if float(np.ptp(pairs.caliper_um)) == 0:
        raise TableError(
            f"The caliper gave {pairs.caliper_um[0]:g} µm throughout; no line can be fitted.",
            remedy="Measure thin and thick hairs.",
        )
    found = stats.linregress(pairs.caliper_um, pairs.camera_um)
    reach = float(stats.t.ppf(UPPER, len(pairs.camera_um) - 2)) * float(found.stderr)
    if found.slope - reach <= 0:
        raise TableError(
            f"The camera's diameters do not follow the caliper's: their slope is "
            f"{found.slope:.2f} ± {reach:.2f}.",
            remedy="Check the hair ids and the scale of the photos.",
        )
    values = _line(pairs.camera_um, pairs.caliper_um)
    _check_range(values)
    rows = np.arange(len(pairs.camera_um))
    folds = subject_folds(pairs.subjects)
    out = np.full(rows.size, np.nan)
    for fold in np.unique(folds):
        seen = folds != fold
        line = _line(pairs.camera_um[seen], pairs.caliper_um[seen])
        out[~seen] = _apply(line, pairs.camera_um[~seen])
    return DiameterFit(
        values=values,
        limits=jackknife_intervals(
            lambda some: _line(pairs.camera_um[some], pairs.caliper_um[some]),
            pairs.subjects,
            scales={},
        ),
        before=_error(pairs.camera_um, pairs.caliper_um),
        fitted=_error(_apply(values, pairs.camera_um), pairs.caliper_um),
        out_of_fold=_error(out, pairs.caliper_um),
        pairs=rows.size,
        subjects=count,
        are_means=pairs.are_means,
        notes=_notes(pairs),
    )


def _line(camera_um: Floats, caliper_um: Floats) -> dict[str, float]:
    deviation = caliper_um - caliper_um.mean()
    squares = float((deviation**2).sum())
    slope = float((deviation * camera_um).sum()) / squares if squares > 0 else math.nan
    if not slope > 0:
        return {"diameter_slope": math.nan, "diameter_offset_um": math.nan}
    offset = float(caliper_um.mean()) - float(camera_um.mean()) / slope
    return {
        "diameter_slope": round(1 / slope, _SLOPE_DECIMALS),
        "diameter_offset_um": round(offset, _OFFSET_DECIMALS),
    }


def _apply(line: Mapping[str, float], camera_um: Floats) -> Floats:
    return line["diameter_slope"] * camera_um + line["diameter_offset_um"]


def _error(camera_um: Floats, caliper_um: Floats) -> DiameterError:
    difference = camera_um - caliper_um
    return DiameterError(
        bias_um=float(difference.mean()),
        sd_um=float(difference.std(ddof=1)),
        rms_um=math.sqrt(float((difference**2).mean())),
    )


def _check_range(values: Mapping[str, float]) -> None:
    for name, value in values.items():
        declaration = declarations(HairSettings)[name]
        low, high = float(declaration.low or 0.0), float(declaration.high or 0.0)
        if not low <= value <= high:
            raise TableError(
                f"The fitted hair.{name} is {value:g}, outside {low:g} to {high:g}: such a camera "
                "is not calibrated but wrong.",
                remedy="Check the scale of the photos and the unit of the caliper.",
            )


def _notes(pairs: DiameterPairs) -> tuple[str, ...]:
    notes = [
        f"Fitted between {pairs.caliper_um.min():.0f} and {pairs.caliper_um.max():.0f} µm; beyond "
        "that the line is a guess.",
        "The caliper is taken as exact: where its own readings scatter, give the mean of several "
        "of each hair, or the slope comes out too steep.",
    ]
    if pairs.are_means:
        notes.append(
            "Means of photos were held against each other: the line fits means, and says less of "
            "single hairs. Give hair_id to pair hair by hair."
        )
    return tuple(notes)


def _diameter(row: Mapping[str, object] | None) -> float:
    value = None if row is None else row.get("diameter_um")
    return math.nan if value is None else float(value)  # type: ignore[arg-type]


def _whole(text: str) -> str:
    """Return a hair id as written in hairs.csv: spreadsheets make 7.0 of 7."""
    value = number_of(text)
    return str(int(value)) if value is not None and math.isfinite(value) else text
