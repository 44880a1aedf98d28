"""Scored folders without any photo: a ledger filled by hand, for tests of what reads ledgers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from imaging.records import HairScore, columns_of
from imaging.records.face import FaceScore, RegionScore
from imaging.records.hair import Hair
from imaging.records.outcome import Measured, Outcome, Provenance
from imaging.settings import EffectiveSettings, Settings, replace_values
from imaging.study.packing import pack_rows, plain_row
from imaging.study.run_record import RunRecord, settings_of_run
from imaging.study.store import open_for_writing

FACE_VALUES = {c.name: math.nan for c in columns_of(FaceScore)} | {
    "view": "front",
    "calibrated_colour": False,
    "calibrated_scores": False,
}
HAIR_VALUES = {c.name: math.nan for c in columns_of(HairScore)} | {
    "scale_source": "manifest",
    "hair_count": 3,
    "calibrated_diameter": False,
}


def region(name: str, **measured: float) -> RegionScore:
    numbers = {c.name: math.nan for c in columns_of(RegionScore) if c.name != "region"}
    return RegionScore(region=name, **(numbers | measured))


def hair(number: int, diameter_um: float) -> Hair:
    point = (1.0, 1.0)
    return Hair(
        number, 1, 1.0, 1.0, 2.0, 2.0, (point, point), 0.5, diameter_um, "terminal", True, 0.9
    )


def write_folder(
    folder: Path,
    wing: str,
    photos: Mapping[str, Sequence[object]],
    *,
    subjects: Mapping[str, str] | None = None,
    values: Mapping[str, Mapping[str, object]] | None = None,
    settings: Mapping[str, object] | None = None,
    manifest: Mapping[str, Mapping[str, str]] | None = None,
) -> Path:
    """Write a ledger of these photos and the rows of their regions or hairs."""
    effective = EffectiveSettings(replace_values(Settings(), settings or {}))
    cells = {photo: {"subject": name} for photo, name in (subjects or {}).items()}
    cells = {k: dict(v) for k, v in (manifest or cells).items()}
    run = RunRecord(
        wing=wing,  # type: ignore[arg-type]
        settings=settings_of_run(effective, wing),  # type: ignore[arg-type]
        origins={},
        settings_digest="digest",
        weights_digest="",
        algorithm_version="1",
        manifest_name="m.csv" if cells else "",
        manifest_columns=tuple(dict.fromkeys(name for row in cells.values() for name in row)),
        photos=len(photos),
        state="complete",
    )
    table, usual = ("regions", FACE_VALUES) if wing == "face" else ("hairs", HAIR_VALUES)
    folder.mkdir(parents=True)
    with open_for_writing(folder, wing) as ledger:  # type: ignore[arg-type]
        run_id = ledger.begin_run(run, done=[], manifest=cells)
        for photo, rows in photos.items():
            measured = Measured(
                width_px=4,
                height_px=3,
                flags=(),
                segmenter="x",
                values=dict(usual) | dict((values or {}).get(photo, {})),
                tables={table: pack_rows(rows)},
            )
            assert all(plain_row(row) for row in rows)
            ledger.record(
                run_id,
                Outcome(Provenance(photo, "s", "d", "i", "", "1"), photo, 0.1, measured),
                inputs={},
            )
        ledger.finish_run(run_id, run)
    return folder
