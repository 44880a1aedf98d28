"""From folders of photos to a filled output folder: resumable, and never stopped by one photo."""

from __future__ import annotations

import datetime
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Protocol

from ..errors import LedgerError, PhotoError, UsageError
from ..photo.reading import LEDGER_NAME, find_photos, read_bytes
from ..records import PhotoInputs
from ..records.outcome import Measured, Outcome, with_flag
from ..settings import EffectiveSettings, settings_digest
from .engines import EngineName, run_tasks, usable_cores
from .interrupt import StopRequest
from .job import Job
from .locking import Lock
from .manifest import Manifest, check_manifest, inputs_of, read_manifest, refuse_polygons
from .outputs import Counts, count_outcomes, write_outputs
from .pictures import are_present, picture_path, remove_outdated
from .report import REPORT_NAME, write_report
from .run_record import RunRecord, current_versions, drawing_digest, settings_of_run
from .scoring import Task, provenance_of
from .store import Ledger, open_for_reading, open_for_writing
from .tables import result_columns
from .wings import Wing, load_wing
from .writing import make_folder, remove_file

#: Names under which other programs keep their results as well.
_WRITTEN_NAMES = ("results.csv", "failures.csv", "visits.csv", "report.html", "run.toml")


@dataclass(frozen=True)
class BatchOptions:
    """How a batch is run.

    Parameters
    ----------
    wing : str
        ``"hair"`` or ``"face"`` (see `wings.load_wing`).
    effective : EffectiveSettings
    inputs : PhotoInputs
        What the command line says of every photo; a manifest row beats it.
    manifest : Path or None
    engine : {"process", "serial"}
    jobs : int or None
        Worker processes; as many as there are usable cores when None.
    is_fresh : bool
        Score all photos, also those that are done.
    with_masks : bool
    is_blind : bool
        Keep subject, visit, arm and dates out of the report.
    lock : Lock or None
        The lock that `effective` obeys.
    with_report : bool
        Write the report at the end.
    """

    wing: str
    effective: EffectiveSettings = field(default_factory=EffectiveSettings)
    inputs: PhotoInputs = field(default_factory=PhotoInputs)
    manifest: Path | None = None
    engine: EngineName = "process"
    jobs: int | None = None
    is_fresh: bool = False
    with_masks: bool = False
    is_blind: bool = False
    lock: Lock | None = None
    with_report: bool = True


class Observer(Protocol):
    """What wants to know how a run goes on (a progress bar)."""

    def started(self, *, photos: int, done: int) -> None:
        """All photos are found; `done` of them need not be scored again."""

    def ended(self, outcome: Outcome) -> None:
        """One photo came to its end."""

    def stopping(self, times: int) -> None:
        """A person wishes to stop, so many times; called inside a signal handler: be brief."""


class SilentObserver:
    """Wants to know nothing."""

    def started(self, *, photos: int, done: int) -> None:
        """Take no notice."""

    def ended(self, outcome: Outcome) -> None:
        """Take no notice."""

    def stopping(self, times: int) -> None:
        """Take no notice."""


@dataclass(frozen=True)
class Summary:
    """How a run ended.

    Parameters
    ----------
    counts : Counts
    reused : int
        Photos that were done before.
    kept_besides : int
        Photos of earlier runs that the ledger keeps and the tables do not show.
    is_interrupted : bool
    """

    counts: Counts
    reused: int
    kept_besides: int
    is_interrupted: bool


@dataclass(frozen=True)
class Plan:
    """What a run has to do: which photos are done and which are still to be scored.

    ``outdated`` holds the pictures that an earlier run drew of photos that are scored again.
    """

    wing: Wing
    job: Job
    manifest: Manifest | None
    tasks: tuple[Task, ...]
    done: tuple[str, ...]
    pending: tuple[Task, ...]
    outdated: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def run_batch(
    paths: Sequence[Path],
    out_dir: Path,
    options: BatchOptions,
    *,
    observer: Observer | None = None,
) -> Summary:
    """Score all photos below `paths` into `out_dir`.

    Raises
    ------
    RunError
        Wrong usage, settings or manifest; no photos; weights missing; the folder cannot be
        written.  Whatever was finished before is kept.
    """
    observer = observer or SilentObserver()
    draft = _draft(paths, out_dir, options)
    _refuse_foreign_files(out_dir)
    make_folder(out_dir)
    with open_for_writing(out_dir, draft.wing.name) as ledger:
        plan = _split(draft, ledger, options)
        # Until here an interrupt may end the command anywhere; from here it is only noted, and the
        # photos in work, the ledger and the tables are brought to an end.
        with StopRequest(observer.stopping) as stop:
            return _run_plan(plan, ledger, out_dir, options, observer=observer, stop=stop)


def _run_plan(
    plan: Plan,
    ledger: Ledger,
    out_dir: Path,
    options: BatchOptions,
    *,
    observer: Observer,
    stop: StopRequest,
) -> Summary:
    record = _record(plan, options)
    listed = _cells(plan.manifest)
    paths = {task.photo_id: str(task.path) for task in plan.tasks}
    done = [(photo_id, paths[photo_id]) for photo_id in plan.done]
    run_id = ledger.begin_run(record, done=done, manifest=listed)
    observer.started(photos=len(plan.tasks), done=len(plan.done))
    inputs = {task.photo_id: asdict(task.inputs) for task in plan.pending}
    for outcome in _outcomes(plan, options, stop):
        # First the pictures, then the record: a kill in between means scoring once more, not a
        # picture that shows other numbers, or eyes that should now be covered.
        remove_outdated(out_dir, plan.outdated.get(outcome.photo_id, ()), outcome.pictures)
        ledger.record(run_id, outcome, inputs=inputs[outcome.photo_id])
        is_listed = plan.manifest is None or outcome.photo_id in listed
        observer.ended(outcome if is_listed else with_flag(outcome, "not_in_manifest"))
    counts = count_outcomes(ledger)
    state = "interrupted" if counts.unfinished else "complete"
    ledger.finish_run(run_id, replace(record, state=state, finished_at=_now()))
    is_reported = options.with_report and not counts.unfinished
    if not is_reported:
        # Who stops a run wants it to end: the report can be made from the ledger later.  One of an
        # earlier run would contradict the tables.
        remove_file(out_dir / REPORT_NAME)
    write_outputs(out_dir, ledger, plan.wing)
    if is_reported:
        write_report(out_dir, blind=options.is_blind)
    return Summary(
        counts=counts,
        reused=len(plan.done),
        kept_besides=ledger.photos_of_earlier_runs(),
        is_interrupted=bool(counts.unfinished),
    )


def plan_batch(paths: Sequence[Path], out_dir: Path, options: BatchOptions) -> Plan:
    """Return what `run_batch` would do, and change nothing on the disk."""
    draft = _draft(paths, out_dir, options)
    if not (out_dir / LEDGER_NAME).exists():
        return replace(draft, pending=draft.tasks)
    with open_for_reading(out_dir) as ledger:
        ledger.check(draft.wing.name)
        return _split(draft, ledger, options)


def _draft(paths: Sequence[Path], out_dir: Path, options: BatchOptions) -> Plan:
    """Find the photos and check all that can be checked before the first one is scored."""
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} should be at least 1.")
    _refuse_out_in_input(paths, out_dir)
    photos = find_photos(paths)
    wing = load_wing(options.wing)
    for photo in photos:
        picture_path("overlays", photo.photo_id, ".jpg")
    manifest = None
    if options.manifest is not None:
        manifest = read_manifest(options.manifest)
        ids = [photo.photo_id for photo in photos]
        check_manifest(manifest, ids, result_columns=result_columns(wing))
        refuse_polygons(manifest, options.effective.settings, wing=wing.name)
    settings = options.effective.settings
    job = Job(
        target=options.wing,
        settings=settings,
        out_dir=out_dir.absolute(),
        with_masks=options.with_masks,
        settings_digest=settings_digest(settings, wing.name),
        weights_digest=wing.weights_digest(settings),
        algorithm_version=wing.algorithm_version,
        drawing_digest=drawing_digest(options.effective, wing.name),
    )
    cells = _cells(manifest)
    tasks = tuple(
        Task(p.photo_id, p.path.absolute(), inputs_of(cells.get(p.photo_id), options.inputs))
        for p in sorted(photos, key=lambda p: p.photo_id)
    )
    return Plan(wing=wing, job=job, manifest=manifest, tasks=tasks, done=(), pending=())


def _split(plan: Plan, ledger: Ledger, options: BatchOptions) -> Plan:
    """Part the photos into done and pending ones."""
    earlier = ledger.earlier([task.photo_id for task in plan.tasks])
    done: list[str] = []
    pending: list[Task] = []
    for task in plan.tasks:
        before = earlier.get(task.photo_id)
        if before is not None and not options.is_fresh and _is_done(before, task, plan.job):
            done.append(task.photo_id)
        else:
            pending.append(task)
    outdated = {
        task.photo_id: earlier[task.photo_id].pictures
        for task in pending
        if task.photo_id in earlier
    }
    return replace(plan, done=tuple(done), pending=tuple(pending), outdated=outdated)


def _is_done(before: Outcome, task: Task, job: Job) -> bool:
    if not isinstance(before.result, Measured) or job.out_dir is None:
        return False
    try:
        limit = job.settings.photo.max_file_megabytes
        sha256 = hashlib.sha256(read_bytes(task.path, max_megabytes=limit)).hexdigest()
    except PhotoError:
        # Scoring it again tells why it cannot be read.
        return False
    if sha256 != before.provenance.sha256 and before.path != str(task.path):
        raise LedgerError(
            f"The ledger holds {task.photo_id!r} of {before.path}; {task.path} is another photo.",
            remedy="Choose another folder for --out, or replace the old scores with --fresh.",
        )
    return (
        before.provenance == provenance_of(task, job, sha256=sha256)
        and before.result.drawing_digest == job.drawing_digest
        and are_present(job.out_dir, before.result.pictures, with_masks=job.with_masks)
    )


def _outcomes(plan: Plan, options: BatchOptions, stop: StopRequest) -> Iterator[Outcome]:
    jobs = min(options.jobs or usable_cores(), max(1, len(plan.pending)))
    if not plan.pending:
        return iter(())
    return run_tasks(plan.pending, plan.job, plan.wing, engine=options.engine, jobs=jobs, stop=stop)


def _refuse_out_in_input(paths: Sequence[Path], out_dir: Path) -> None:
    out = out_dir.resolve()
    for path in paths:
        given = path.resolve()
        if given == out or given in out.parents:
            raise UsageError(
                f"--out {out_dir} lies inside the input {path}, which is never written to.",
                remedy="Choose a folder beside the photos.",
            )
        if out in given.parents:
            raise UsageError(
                f"The photos {path} lie inside --out {out_dir}.",
                remedy="Choose another folder for --out.",
            )


def _refuse_foreign_files(out_dir: Path) -> None:
    if (out_dir / LEDGER_NAME).exists():
        return
    foreign = [name for name in _WRITTEN_NAMES if (out_dir / name).exists()]
    if foreign:
        raise LedgerError(
            f"{out_dir} holds {foreign[0]} but no {LEDGER_NAME}: it is not an output folder of "
            "Dermetry, and nothing in it is overwritten."
        )


def _cells(manifest: Manifest | None) -> dict[str, Mapping[str, str]]:
    return {} if manifest is None else manifest.by_photo()


def _record(plan: Plan, options: BatchOptions) -> RunRecord:
    manifest = plan.manifest
    return RunRecord(
        wing=plan.wing.name,
        settings=settings_of_run(options.effective, plan.wing.name),
        origins=dict(options.effective.origins),
        settings_digest=plan.job.settings_digest,
        weights_digest=plan.job.weights_digest,
        algorithm_version=plan.job.algorithm_version,
        versions=current_versions(),
        manifest_name=manifest.name if manifest else "",
        manifest_columns=manifest.columns if manifest else (),
        photos=len(plan.tasks),
        lock_digest=options.lock.lock_digest if options.lock else "",
        lock_reason=options.lock.reason if options.lock else "",
        locked_at=options.lock.locked_at if options.lock else "",
        started_at=_now(),
    )


def _now() -> str:
    return datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds")
