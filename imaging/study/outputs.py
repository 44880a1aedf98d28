"""Everything in an output folder besides the ledger and the pictures, rebuilt from the ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import tomli_w

from ..records.outcome import Failure, FailureRow
from ..settings import tables_of_groups
from .locking import lock_remarks
from .pair_tables import followup_columns, followup_rows
from .store import Ledger
from .store_pairs import last_request, pair_outcomes
from .tables import Row, failure_rows, result_columns, result_rows, write_tables
from .wings import Wing
from .writing import write_bytes


@dataclass(frozen=True)
class Counts:
    """How the last run's photos ended; `unfinished` ones wait for the same command again."""

    photos: int
    scored: int
    failed: int
    flagged: int

    @property
    def unfinished(self) -> int:
        return self.photos - self.scored - self.failed


def count_outcomes(ledger: Ledger) -> Counts:
    """Count how the last run's photos ended."""
    scored = failed = flagged = 0
    for outcome in ledger.outcomes():
        failed += isinstance(outcome.result, Failure)
        scored += outcome.is_scored
        flagged += bool(outcome.flags)
    return Counts(ledger.last_run().photos, scored, failed, flagged)


@dataclass(frozen=True)
class PairCounts:
    """How the last run's pairs ended; ``refused`` could not be paired at all."""

    pairs: int
    compared: int
    pairs_failed: int
    pairs_flagged: int
    refused: int

    @property
    def unfinished(self) -> int:
        return self.pairs - self.compared - self.pairs_failed

    def as_row(self) -> dict[str, int]:
        """Return the counts by name."""
        return asdict(self)


def count_pairs(ledger: Ledger) -> PairCounts:
    """Count how the last run's pairs ended; all 0 when it only scored photos."""
    request = last_request(ledger)
    if request is None:
        return PairCounts(0, 0, 0, 0, 0)
    ends = list(pair_outcomes(ledger))
    return PairCounts(
        pairs=request.pairs,
        compared=sum(outcome.is_scored for outcome in ends),
        pairs_failed=sum(not outcome.is_scored for outcome in ends),
        pairs_flagged=sum(bool(outcome.flags) for outcome in ends),
        refused=len(request.refusals),
    )


def write_outputs(out_dir: Path, ledger: Ledger, wing: Wing) -> list[Path]:
    """Write all tables and ``run.toml``; return the files."""
    paths = write_tables(out_dir, ledger, wing)
    run_file = out_dir / "run.toml"
    write_bytes(run_file, tomli_w.dumps(run_document(ledger)).encode())
    return [*paths, run_file]


def run_document(ledger: Ledger) -> dict[str, Any]:
    """Return what ``run.toml`` says.

    Its settings stand in tables of their groups, so that ``--config run.toml`` repeats the run;
    all else stands below ``provenance``, which a settings reader leaves alone.
    """
    run = ledger.last_run()
    counts = count_outcomes(ledger)
    document: dict[str, Any] = tables_of_groups(run.settings)
    request = last_request(ledger)
    if request is not None:
        document["followup"] = {
            name.partition(".")[2]: value for name, value in request.settings.items()
        }
    document["provenance"] = {
        "wing": run.wing,
        "state": run.state,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
        "manifest": run.manifest_name,
        "settings_digest": run.settings_digest,
        "weights_digest": run.weights_digest,
        "algorithm_version": run.algorithm_version,
        "counts": {
            "photos": counts.photos,
            "scored": counts.scored,
            "failed": counts.failed,
            "flagged": counts.flagged,
            "unfinished": counts.unfinished,
            **({} if request is None else count_pairs(ledger).as_row()),
        },
        "lock": {
            "lock_digest": run.lock_digest,
            "locked_at": run.locked_at,
            "reason": run.lock_reason,
        },
        "lock_history": list(lock_remarks(ledger.runs())),
        "origins": {name: run.origins.get(name, "default") for name in run.settings},
        "versions": dict(run.versions),
    }
    return document


def json_rows(ledger: Ledger, wing: Wing) -> Iterator[Row]:
    """Yield what ``--json`` prints: results with null for NaN, pairs, then failures."""
    names = result_columns(wing)
    for row in result_rows(ledger):
        ordered = {name: row[name] for name in names if name in row} | dict(row)
        yield {name: _json_value(value) for name, value in ordered.items()}
    if last_request(ledger) is not None:
        for row in followup_rows(ledger, wing.name):
            columns = followup_columns(wing.name)
            yield {name: _json_value(row[name]) for name in columns}
    for row in failure_rows(ledger):
        yield {name: row[name] for name in FailureRow.__dataclass_fields__}


def _json_value(value: object) -> object:
    return None if isinstance(value, float) and math.isnan(value) else value
