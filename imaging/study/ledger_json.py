"""Outcomes and run records as the JSON text that stands in the ledger, and back."""

from __future__ import annotations

import dataclasses
import json
import os
from collections.abc import Mapping
from typing import Any

from ..records import PhotoInputs
from ..records.outcome import Failure, Measured, Outcome, Provenance
from .packing import decode_values, encode_values
from .run_record import RunRecord


def dump_run(record: RunRecord) -> str:
    """Return the record of a run as JSON."""
    return json.dumps(dataclasses.asdict(record), ensure_ascii=False)


def load_run(text: str) -> RunRecord:
    """Return the record that `dump_run` wrote."""
    document = json.loads(text)
    document["manifest_columns"] = tuple(document["manifest_columns"])
    return RunRecord(**document)


def dump_result(result: Measured | Failure) -> str:
    """Return the end of one photo as JSON, without its tables."""
    if isinstance(result, Failure):
        return json.dumps(dataclasses.asdict(result), ensure_ascii=False)
    document = {
        "width_px": result.width_px,
        "height_px": result.height_px,
        "flags": list(result.flags),
        "segmenter": result.segmenter,
        "values": encode_values(result.values),
        "pictures": list(result.pictures),
        "drawing_digest": result.drawing_digest,
    }
    return json.dumps(document, ensure_ascii=False)


def load_outcome(row: Mapping[str, Any]) -> Outcome:
    """Return the outcome in one row of the ledger's photos."""
    names = [field.name for field in dataclasses.fields(Provenance)]
    document = json.loads(row["result"])
    result: Measured | Failure
    if row["is_scored"]:
        document |= {
            "flags": tuple(document["flags"]),
            "values": decode_values(document["values"]),
            "pictures": tuple(document["pictures"]),
        }
        result = Measured(**document)
    else:
        result = Failure(**document)
    provenance = Provenance(**{name: row[name] for name in names})
    return Outcome(provenance, os.fsdecode(row["path"]), row["seconds"], result)


def load_inputs(document: Mapping[str, Any]) -> PhotoInputs:
    """Return what the ledger keeps of a photo's own inputs."""
    polygon = tuple((float(x), float(y)) for x, y in document["polygon_px"])
    return PhotoInputs(**{**document, "polygon_px": polygon})
