"""A photo's score as the ledger keeps it, made a score again: only its masks are found anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from ..records import Photo, records_of
from ..records.outcome import Measured
from ..settings import Settings
from .packing import unpack_rows
from .wings import Wing


def restore_score(photo: Photo, kept: Measured, settings: Settings, wing: Wing) -> Any | None:
    """Return what scoring the photo anew would give, to the last digit, at a part of its cost.

    None where that cannot be had and the photo has to be scored: the wing has no masks that are
    found cheaply, or the ledger is of an earlier program that kept fewer columns.

    Parameters
    ----------
    photo : Photo
    kept : Measured
        With its tables; made from these pixels with these settings.
    settings : Settings
    wing : Wing
    """
    if wing.restore_masks is None:
        return None
    try:
        told: Any = records_of(wing.score_type, [kept.values])[0]
        tables: dict[str, Any] = {
            name: records_of(record, unpack_rows(kept.tables[name]))
            for name, record in wing.tables.items()
        }
    except KeyError:
        return None
    score = replace(told, flags=kept.flags, segmenter=kept.segmenter, **tables)
    return wing.restore_masks(photo, score, settings)
