"""Is the ledger still true?  A seeded sample of its photos is scored again and compared."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import UsageError
from ..records.outcome import Failure, Measured, Outcome
from ..settings import settings_digest
from .engines import run_tasks, usable_cores
from .interrupt import StopRequest
from .job import Job
from .ledger_json import load_inputs
from .packing import unpack_rows
from .scoring import Task
from .store import Ledger, open_for_reading
from .wings import load_wing

#: Differences of one photo that are told one by one.
_TOLD_DIFFERENCES = 5


@dataclass(frozen=True)
class Replay:
    """One photo scored again: every way in which it differs from the ledger; none when equal."""

    photo_id: str
    numbers: int
    differences: tuple[str, ...]

    @property
    def is_equal(self) -> bool:
        return not self.differences


def replay_sample(
    out_dir: Path,
    *,
    sample: int,
    rng: np.random.Generator,
    jobs: int | None = None,
    target: str = "",
) -> list[Replay]:
    """Score a random sample of the last run's photos again and compare all numbers exactly.

    Parameters
    ----------
    out_dir : Path
    sample : int
        How many photos; all when there are fewer.
    rng : numpy.random.Generator
    jobs : int, optional
    target : str, optional
        The wing, as `wings.load_wing` takes it; the ledger's own when empty.

    Raises
    ------
    LedgerError, UsageError
    """
    if sample < 1:
        raise UsageError(f"--sample {sample} should be at least 1.")
    if jobs is not None and jobs < 1:
        raise UsageError(f"--jobs {jobs} should be at least 1.")
    with StopRequest() as stop, open_for_reading(out_dir) as ledger:
        run = ledger.last_run()
        wing = load_wing(target or run.wing)
        settings = run.restored_settings()
        job = Job(
            target=target or run.wing,
            settings=settings,
            out_dir=None,
            with_masks=False,
            settings_digest=settings_digest(settings, wing.name),
            weights_digest=wing.weights_digest(settings),
            algorithm_version=wing.algorithm_version,
        )
        scored = {o.photo_id: o for o in ledger.outcomes() if o.is_scored}
        names = sorted(scored)
        chosen = sorted(names[index] for index in rng.permutation(len(names))[:sample])
        tasks = _tasks([scored[photo_id] for photo_id in chosen], ledger)
        cores = min(jobs or usable_cores(), max(1, len(tasks)))
        replayed = run_tasks(tasks, job, wing, engine="process", jobs=cores, stop=stop)
        again = {outcome.photo_id: outcome for outcome in replayed}
        if stop.requested:
            raise KeyboardInterrupt
        tables = _tables(ledger, wing.tables, set(chosen))
    return [compare(scored[name], again[name], tables[name]) for name in chosen]


def compare(
    kept: Outcome, again: Outcome, tables: Mapping[str, Sequence[Mapping[str, object]]]
) -> Replay:
    """Compare a score of the ledger, with its tables, with a new one of the same photo."""
    photo_id = kept.photo_id
    if isinstance(again.result, Failure) or not isinstance(kept.result, Measured):
        told = again.result.message if isinstance(again.result, Failure) else "no score was kept"
        return Replay(photo_id, 0, (told,))
    found: list[str] = []
    numbers = 0
    for name in ("sha256", "settings_digest", "inputs_digest", "weights_digest"):
        found += _differ(name, getattr(kept.provenance, name), getattr(again.provenance, name))
    old, new = kept.provenance.algorithm_version, again.provenance.algorithm_version
    found += _differ("algorithm_version", old, new)
    values = dict(kept.result.values)
    for name in dict(again.result.values) | values:
        numbers += 1
        found += _differ(name, values.get(name), again.result.values.get(name))
    for table, packed in again.result.tables.items():
        rows, new_rows = tables.get(table, ()), unpack_rows(packed)
        found += _differ(f"rows of {table}", len(rows), len(new_rows))
        for number, (row, new_row) in enumerate(zip(rows, new_rows, strict=False), 1):
            # A column that the program which wrote the ledger did not have has nothing to differ.
            for name in row:
                numbers += 1
                found += _differ(f"{table} {number} {name}", row[name], new_row.get(name))
    more = len(found) - _TOLD_DIFFERENCES
    told_ones = found[:_TOLD_DIFFERENCES] + ([f"and {more} more"] if more > 0 else [])
    return Replay(photo_id, numbers, tuple(told_ones))


def _differ(name: str, kept: object, again: object) -> Iterator[str]:
    # NaN is the only value that differs from itself.
    are_both_nan = kept != kept and again != again  # noqa: PLR0124
    if kept != again and not are_both_nan:
        yield f"{name}: {kept!r} in the ledger, {again!r} now"


def _tasks(outcomes: Sequence[Outcome], ledger: Ledger) -> list[Task]:
    inputs = dict(ledger.inputs())
    return [Task(o.photo_id, Path(o.path), load_inputs(inputs[o.photo_id])) for o in outcomes]


def _tables(
    ledger: Ledger, names: Mapping[str, type], chosen: set[str]
) -> dict[str, dict[str, list[dict[str, object]]]]:
    tables: dict[str, dict[str, list[dict[str, object]]]] = {photo_id: {} for photo_id in chosen}
    for name in names:
        for photo_id, rows in ledger.table_rows(name):
            if photo_id in chosen:
                tables[photo_id][name] = rows
    return tables
