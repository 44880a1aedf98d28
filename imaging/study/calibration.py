"""A scored folder calibrated to a site's own readers or caliper, saved as settings.

The file goes into ``--config``: it holds the fitted settings, the mark that they are calibrated and
by which data, the folder's other settings, and below ``provenance``, which a settings reader leaves
alone, the error that the calibration has on subjects it was not fitted to.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import tomli_w

from .. import __version__
from ..errors import TableError, UsageError
from ..settings import Settings, changed_values, current_value, tables_of_groups
from .agreement_files import Source, read_raters
from .agreement_outputs import source_digest
from .calibration_face import ComponentFit, fit_component
from .calibration_hair import DiameterFit, fit_diameters, join_caliper
from .calibration_ratings import join_ratings
from .run_record import RunRecord
from .store import Ledger, open_for_reading
from .wings import WingName
from .writing import write_bytes

#: Digits of a digest that stand in the settings: enough to tell files apart, short enough to read.
_SHORT_DIGEST = 16


@dataclass(frozen=True)
class Calibration:
    """Settings fitted to data.

    Parameters
    ----------
    wing : {"hair", "face"}
    values : mapping
        Setting → value, without the wing's name.
    carried : mapping
        The folder's other settings, by dotted name, that are not at their default: the fit is of
        scores with these.
    parts : tuple of ComponentFit, or of one DiameterFit
    notes : tuple of str
    provenance : mapping
        What stands below ``provenance`` in the file.
    """

    wing: WingName
    values: Mapping[str, Any]
    carried: Mapping[str, Any]
    parts: tuple[ComponentFit, ...] | tuple[DiameterFit, ...]
    notes: tuple[str, ...]
    provenance: Mapping[str, Any]


def calibrate_face(folder: Path, readers: Sequence[Path]) -> Calibration:
    """Fit darkness and homogeneity of a scored folder to readers' scores.

    Raises
    ------
    UsageError
        The folder is not one of faces.
    TableError
        The scores cannot be read or fitted.
    """
    tables = read_raters([Source(path) for path in readers])
    with open_for_reading(folder) as ledger:
        run = _run_of(ledger, folder, "face")
        regions = {
            (photo, str(row["region"])): row
            for photo, rows in ledger.table_rows("regions")
            for row in rows
        }
        subjects = _subjects(ledger)
    components = [
        name for name in ("darkness", "homogeneity") if any(table.has(name) for table in tables)
    ]
    if not components:
        raise TableError(
            "The readers' tables have neither a column darkness nor homogeneity.",
            remedy="Give photo_id, region, reader, darkness, homogeneity.",
        )
    settings = run.restored_settings()
    parts: list[ComponentFit] = []
    notes: list[str] = []
    refused: list[TableError] = []
    for component in components:
        ratings, left_out = join_ratings(tables, regions, subjects, component)
        notes += left_out
        try:
            parts.append(fit_component(component, ratings, settings.face))
        except TableError as err:
            # The other component may have what this one lacks.
            refused.append(err)
    if not parts:
        raise refused[0]
    notes += [f"{err.message} Its cut-points stay as they are." for err in refused]
    notes += [note for part in parts for note in part.notes]
    notes += [note for part in parts for note in _judgement(part)]
    values: dict[str, Any] = {name: v for part in parts for name, v in part.values.items()}
    values["scores_calibrated"] = len(parts) == 2
    if len(parts) < 2:
        notes.append(
            "Only one of darkness and homogeneity is fitted: scores_calibrated stays false."
        )
    best = max(parts, key=lambda part: part.ratings)
    readers_told = f"{best.reader_count} reader{'s' if best.reader_count > 1 else ''}"
    values["calibration_data"] = _data_label(
        readers, f"{best.ratings} ratings by {readers_told}, {best.subjects} subjects"
    )
    carried = _carried(settings, values, "face")
    return Calibration(
        wing="face",
        values=values,
        carried=carried,
        parts=tuple(parts),
        notes=tuple(dict.fromkeys([*notes, *_carried_notes(carried)])),
        provenance=_provenance(run, folder, readers, parts),
    )


def calibrate_hair(folder: Path, caliper: Path) -> Calibration:
    """Fit the diameters of a scored folder to caliper readings; see `calibrate_face`."""
    (table, *others) = read_raters([Source(caliper)])
    if others:
        raise TableError(f"{caliper} holds several readers; give one list of caliper readings.")
    with open_for_reading(folder) as ledger:
        run = _run_of(ledger, folder, "hair")
        hairs: dict[str, Mapping[str, Mapping[str, object]]] = {
            photo: {str(row["hair_id"]): row for row in rows if row.get("status") != "deleted"}
            for photo, rows in ledger.table_rows("hairs")
        }
        subjects = _subjects(ledger)
    settings = run.restored_settings()
    for name, identity in (("hair.diameter_slope", 1.0), ("hair.diameter_offset_um", 0.0)):
        if current_value(settings, name) != identity:
            raise UsageError(
                f"{folder} was scored with {name} = {current_value(settings, name)}: its diameters "
                "are calibrated already.",
                remedy="Score the photos without that calibration, and calibrate that folder.",
            )
    pairs, notes = join_caliper(table, hairs, subjects)
    fit = fit_diameters(pairs)
    what = "photos" if fit.are_means else "hairs"
    values: dict[str, Any] = dict(fit.values)
    values["calibration_data"] = _data_label(
        [caliper], f"{fit.pairs} {what}, {fit.subjects} subjects"
    )
    judged = (
        ("Out of fold the calibration is no better than none: do not use it.",)
        if fit.out_of_fold.rms_um >= fit.before.rms_um
        else ()
    )
    carried = _carried(settings, values, "hair")
    return Calibration(
        wing="hair",
        values=values,
        carried=carried,
        parts=(fit,),
        notes=(*notes, *fit.notes, *judged, *_carried_notes(carried)),
        provenance=_provenance(run, folder, [caliper], [fit]),
    )


def write_calibration(path: Path, calibration: Calibration) -> None:
    """Write the settings file; raises `OutputError` when it cannot be written."""
    fitted = {f"{calibration.wing}.{name}": value for name, value in calibration.values.items()}
    document: dict[str, Any] = tables_of_groups(fitted | dict(calibration.carried))
    document["provenance"] = dict(calibration.provenance)
    write_bytes(path, tomli_w.dumps(document).encode())


def plain_part(part: ComponentFit | DiameterFit) -> dict[str, Any]:
    """Return a fit as plain values without NaN, for TOML and JSON."""
    document: dict[str, Any] = _without_nan(dataclasses.asdict(part))
    document["limits"] = {
        name: list(limits) for name, limits in part.limits.items() if math.isfinite(limits[0])
    }
    document["notes"] = list(part.notes)
    return document


def _carried(settings: Settings, values: Mapping[str, Any], wing: WingName) -> dict[str, Any]:
    fitted = {f"{wing}.{name}" for name in values}
    changed = changed_values(settings, wing)
    return {name: value for name, value in changed.items() if name not in fitted}


def _carried_notes(carried: Mapping[str, Any]) -> list[str]:
    if not carried:
        return []
    told = ", ".join(f"{name} = {value}" for name, value in carried.items())
    return [f"The folder was scored with {told}: the file holds this too, as the fit rests on it."]


def _judgement(part: ComponentFit) -> list[str]:
    before, after = part.before, part.out_of_fold
    if after.mean_absolute_difference >= before.mean_absolute_difference:
        return [
            f"{part.component}: out of fold the fitted cut-points are no better than those of the "
            "folder; more readers or subjects are needed."
        ]
    return []


def _provenance(
    run: RunRecord, folder: Path, data: Sequence[Path], parts: Sequence[ComponentFit | DiameterFit]
) -> dict[str, Any]:
    names = [getattr(part, "component", "diameter") for part in parts]
    return {
        "made_by": f"dermetry {__version__} calibrate {run.wing}",
        "data": [{"name": path.name, "sha256": source_digest(path)} for path in data],
        "ledger_sha256": source_digest(folder),
        "settings_digest": run.settings_digest,
        "algorithm_version": run.algorithm_version,
        "fits": {name: plain_part(part) for name, part in zip(names, parts, strict=True)},
    }


def _data_label(paths: Sequence[Path], told: str) -> str:
    files = ", ".join(f"{p.name} sha256:{source_digest(p)[:_SHORT_DIGEST]}" for p in paths)
    return f"{files} ({told})"


def _run_of(ledger: Ledger, folder: Path, wing: WingName) -> RunRecord:
    run = ledger.last_run()
    if run.wing != wing:
        raise UsageError(
            f"{folder} holds a {run.wing} run, not a {wing} run.",
            remedy=f"Name the --out folder of dermetry {wing}.",
        )
    return run


def _subjects(ledger: Ledger) -> dict[str, str]:
    cells = ledger.manifest()
    return {photo: row["subject"] for photo, row in cells.items() if "subject" in row}


def _without_nan(value: Any) -> Any:
    if isinstance(value, dict):
        kept = {key: _without_nan(item) for key, item in value.items()}
        return {key: item for key, item in kept.items() if item is not None}
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
