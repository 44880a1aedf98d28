"""Two visits or more compared: photos scored by the batch, then every pair, into one ledger."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from ..errors import UsageError
from ..photo.reading import FoundPhoto, find_photos
from ..records.outcome import Failure, FailureRow, Measured, Outcome
from ..settings import comparison_digest, comparison_values
from .batch import BatchOptions, Observer, SilentObserver, Summary, run_batch
from .comparing import Compared, PairOutcome, PairTask, plan_digest
from .engines import run_tasks, usable_cores
from .graft_map import read_graft_maps
from .interrupt import StopRequest
from .job import Job
from .ledger_json import load_inputs
from .manifest import Manifest, read_manifest
from .measures import number
from .outputs import PairCounts, count_pairs, write_outputs
from .pair_wings import PairWing, load_pair_wing
from .pairs import Pair, PairList, pair_folders, pair_photos, refuse_unlike
from .pictures import remove_outdated
from .report import write_report
from .run_record import drawing_digest
from .scoring import Task
from .store import Ledger, open_for_writing
from .store_pairs import (
    FollowupRequest,
    adopt_pair,
    begin_comparison,
    earlier_pairs,
    record_pair,
)
from .visit_pairs import pair_visits
from .wings import Wing, load_wing


@dataclass(frozen=True)
class FollowupOptions:
    """How a follow-up is run.

    Parameters
    ----------
    batch : BatchOptions
        How the photos are scored; engine, jobs, fresh and blind hold for the pairs as well.
    baseline : str
        Name of the reference visit; the first when empty.
    days : float
        Time between two photos or folders whose dates no manifest gives.
    """

    batch: BatchOptions
    baseline: str = ""
    days: float = math.nan


class PairObserver(Observer, Protocol):
    """What wants to know how a follow-up goes on."""

    def comparing(self, *, pairs: int, done: int) -> None:
        """All photos are scored; of `pairs` pairs `done` need not be compared again."""

    def compared(self, outcome: PairOutcome) -> None:
        """One pair came to its end."""


class SilentPairObserver(SilentObserver):
    """Wants to know nothing."""

    def comparing(self, *, pairs: int, done: int) -> None:
        """Take no notice."""

    def compared(self, outcome: PairOutcome) -> None:
        """Take no notice."""


@dataclass(frozen=True)
class FollowupSummary:
    """How a follow-up ended: its photos, its pairs, and pairs that were done before."""

    photos: Summary
    pairs: PairCounts
    reused: int

    @property
    def is_interrupted(self) -> bool:
        return self.photos.is_interrupted or bool(self.pairs.unfinished)


def run_followup(
    paths: Sequence[Path],
    out_dir: Path,
    options: FollowupOptions,
    *,
    observer: PairObserver | None = None,
) -> FollowupSummary:
    """Score all photos below `paths` into `out_dir` and compare those of one field.

    Raises
    ------
    RunError
        Wrong usage, settings or manifest; no photos; weights missing; the folder cannot be
        written.  Whatever was finished before is kept.
    """
    observer = observer or SilentPairObserver()
    planned = plan_followup(paths, options)
    pair_wing = load_pair_wing(options.batch.wing)
    photos = run_batch(paths, out_dir, replace(options.batch, with_report=False), observer=observer)
    if photos.is_interrupted:
        return FollowupSummary(photos, PairCounts(0, 0, 0, 0, 0), 0)
    wing = load_wing(options.batch.wing)
    with open_for_writing(out_dir, wing.name) as ledger, StopRequest(observer.stopping) as stop:
        work = _Work(out_dir, options, wing, pair_wing, ledger)
        reused = _compare_all(planned, work, observer=observer, stop=stop)
        counts = count_pairs(ledger)
        write_outputs(out_dir, ledger, wing)
        if not counts.unfinished:
            write_report(out_dir, blind=options.batch.is_blind)
    return FollowupSummary(photos, counts, reused)


def plan_followup(paths: Sequence[Path], options: FollowupOptions) -> PairList:
    """Return which photos would be compared, and change nothing on the disk.

    With a manifest that has the columns ``subject`` and ``visit`` its visits are paired; else
    `paths` are two photos, or two folders whose photos are paired by the path below them.

    Raises
    ------
    UsageError, ManifestError
    """
    found = find_photos(paths)
    manifest = None
    if options.batch.manifest is not None:
        manifest = read_manifest(options.batch.manifest)
    ids = {photo.photo_id for photo in found}
    listed = {i: c for i, c in (manifest.by_photo() if manifest else {}).items() if i in ids}
    maps = {}
    if options.batch.manifest is not None:
        maps = read_graft_maps(listed, folder=options.batch.manifest.parent)
    if manifest is not None and {"subject", "visit"} <= set(manifest.columns):
        if not math.isnan(options.days):
            raise UsageError(
                "--days is for two photos or two folders.",
                remedy="Give the column visit_date in the manifest.",
            )
        return pair_visits(listed, baseline=options.baseline, graft_maps=maps)
    if options.baseline:
        raise UsageError(
            "--baseline needs a manifest with the columns subject and visit.",
            remedy="Add --manifest, or name the baseline first and the follow-up second.",
        )
    return _pair_two(paths, found, listed, options, maps, manifest=manifest)


def _pair_two(
    paths: Sequence[Path],
    found: Sequence[FoundPhoto],
    listed: Mapping[str, Mapping[str, str]],
    options: FollowupOptions,
    maps: Mapping[str, tuple[tuple[float, float], ...]],
    *,
    manifest: Manifest | None,
) -> PairList:
    if len(paths) != 2:
        why = "without a manifest" if manifest is None else "without subject and visit in it"
        raise UsageError(
            f"{len(paths)} paths were named {why}.",
            remedy="Name BASELINE and FOLLOWUP, two photos or two folders, or give a --manifest.",
        )
    before, after = (path.absolute() for path in paths)
    if before.is_dir() != after.is_dir():
        raise UsageError(
            "One path is a photo and the other a folder.", remedy="Name two of a kind."
        )
    if before == after or (before.is_dir() and _are_nested(before, after)):
        raise UsageError(
            "Baseline and follow-up lie in each other.", remedy="Name two different places."
        )
    if not before.is_dir():
        names = {photo.path.absolute(): photo.photo_id for photo in found}
        pair = pair_photos(
            names[before], names[after], listed=listed, days=options.days, graft_maps=maps
        )
        pairs, refusals = refuse_unlike([pair], listed)
        return PairList(pairs, tuple(refusals), ("baseline", "followup"))

    def below(folder: Path) -> dict[str, str]:
        return {
            photo.path.absolute().relative_to(folder).as_posix(): photo.photo_id
            for photo in found
            if photo.path.absolute().is_relative_to(folder)
        }

    return pair_folders(
        below(before), below(after), listed=listed, days=options.days, graft_maps=maps
    )


def _are_nested(one: Path, other: Path) -> bool:
    first, second = one.resolve(), other.resolve()
    return first.is_relative_to(second) or second.is_relative_to(first)


# --- Comparing -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Work:
    """What all steps of a comparison share."""

    out_dir: Path
    options: FollowupOptions
    wing: Wing
    pair_wing: PairWing
    ledger: Ledger


def _compare_all(
    planned: PairList, work: _Work, *, observer: PairObserver, stop: StopRequest
) -> int:
    """Compare every pair that is not done and return how many were."""
    settings = work.options.batch.effective.settings
    ledger = work.ledger
    outcomes = {outcome.photo_id: outcome for outcome in ledger.outcomes()}
    scored = {i: outcome for i, outcome in outcomes.items() if outcome.is_scored}
    ready, refusals = _with_scores(planned.pairs, outcomes)
    run = ledger.last_run()
    job = Job(
        target=work.options.batch.wing,
        settings=settings,
        out_dir=work.out_dir.absolute(),
        with_masks=False,
        settings_digest=run.settings_digest,
        weights_digest=run.weights_digest,
        algorithm_version=run.algorithm_version,
        drawing_digest=drawing_digest(work.options.batch.effective, work.wing.name),
    )
    inputs = dict(ledger.inputs())
    own = comparison_values(settings, work.wing.name)
    begin_comparison(
        ledger,
        FollowupRequest(
            pairs=len(ready),
            visits=planned.visits,
            refusals=(*planned.refusals, *refusals),
            settings={n: value for n, value in own.items() if n.startswith("followup.")},
            baseline=work.options.baseline,
        ),
    )
    tasks = [
        PairTask(
            row=pair.row,
            plan=_with_residents(pair, scored).plan,
            baseline=_task(scored[pair.baseline_id], inputs),
            followup=_task(scored[pair.followup_id], inputs),
            baseline_sha256=scored[pair.baseline_id].provenance.sha256,
            followup_sha256=scored[pair.followup_id].provenance.sha256,
            settings_digest=comparison_digest(settings, work.wing.name),
            algorithm_version=work.pair_wing.algorithm_version,
        )
        for pair in ready
    ]
    return _compare_pending(tasks, job, work, observer=observer, stop=stop)


def _compare_pending(
    tasks: Sequence[PairTask], job: Job, work: _Work, *, observer: PairObserver, stop: StopRequest
) -> int:
    batch = work.options.batch
    before = earlier_pairs(work.ledger)
    position = {task.photo_id: k for k, task in enumerate(tasks)}
    pending = []
    for task in tasks:
        kept = before.get((task.row.baseline_id, task.row.followup_id))
        if kept is not None and not batch.is_fresh and _is_done(kept, task, job):
            adopt_pair(work.ledger, task.row, position=position[task.photo_id])
        else:
            pending.append(task)
    reused = len(tasks) - len(pending)
    observer.comparing(pairs=len(tasks), done=reused)
    jobs = min(batch.jobs or usable_cores(), max(1, len(pending)))
    if pending:
        given = _with_kept_scores(pending, work)
        for outcome in run_tasks(given, job, work.wing, engine=batch.engine, jobs=jobs, stop=stop):
            key = (outcome.row.baseline_id, outcome.row.followup_id)
            earlier = before.get(key)
            remove_outdated(work.out_dir, _pictures(earlier), _pictures(outcome))
            record_pair(work.ledger, outcome, position=position["\n".join(key)])
            observer.compared(outcome)
    return reused


def _with_kept_scores(tasks: Sequence[PairTask], work: _Work) -> Iterator[PairTask]:
    """Yield the tasks with what the ledger keeps of both photos, read when a task is due."""
    for task in tasks:
        if work.wing.restore_masks is None:
            yield task
        else:
            yield replace(
                task,
                baseline_kept=_kept_score(task.row.baseline_id, work.ledger),
                followup_kept=_kept_score(task.row.followup_id, work.ledger),
            )


def _kept_score(photo_id: str, ledger: Ledger) -> Measured | None:
    result = ledger.earlier([photo_id])[photo_id].result
    if not isinstance(result, Measured):
        return None
    return replace(result, tables=ledger.packed_tables(photo_id))


def _with_scores(
    pairs: Sequence[Pair], outcomes: Mapping[str, Outcome]
) -> tuple[list[Pair], list[FailureRow]]:
    """Part pairs of two scored photos from those that miss a score."""
    ready, refusals = [], []
    for pair in pairs:
        missing = [
            i for i in (pair.baseline_id, pair.followup_id) if not _has_score(outcomes.get(i))
        ]
        if not missing:
            ready.append(pair)
            continue
        failed = outcomes.get(missing[0])
        why = failed.result.code if failed and isinstance(failed.result, Failure) else "not scored"
        told = (
            f"{pair.baseline_id!r} and {pair.followup_id!r}: {missing[0]!r} has no score ({why})."
        )
        refusals.append(
            FailureRow(pair.followup_id, "no_score", told, "See the failure of that photo.")
        )
    return ready, refusals


def _has_score(outcome: Outcome | None) -> bool:
    return outcome is not None and outcome.is_scored


def _with_residents(pair: Pair, scored: Mapping[str, Outcome]) -> Pair:
    """Fill in what was there before from the pre-operative photo, by area."""
    resident = scored.get(pair.resident_id)
    baseline = scored[pair.baseline_id]
    if resident is None or not isinstance(resident.result, Measured):
        return pair
    if not isinstance(baseline.result, Measured):
        return pair
    area = number(baseline.result.values.get("frame_area_cm2"))
    found, plan = resident.result.values, pair.plan
    hairs, units = plan.hairs_resident, plan.units_resident
    if math.isnan(hairs):
        hairs = number(found.get("hair_density_per_cm2")) * area
    if math.isnan(units):
        units = number(found.get("follicular_unit_density_per_cm2")) * area
    estimated = replace(plan, hairs_resident=hairs, units_resident=units)
    if plan_digest(estimated) == plan_digest(plan):
        return pair
    return replace(pair, plan=replace(estimated, is_resident_estimated=True))


def _task(outcome: Outcome, inputs: Mapping[str, Mapping[str, object]]) -> Task:
    return Task(outcome.photo_id, Path(outcome.path), load_inputs(inputs[outcome.photo_id]))


def _is_done(before: PairOutcome, task: PairTask, job: Job) -> bool:
    if not isinstance(before.result, Compared) or job.out_dir is None:
        return False
    is_drawn = bool(before.result.picture) and (job.out_dir / before.result.picture).is_file()
    return (
        before.provenance == task.provenance(job)
        and before.result.drawing_digest == job.drawing_digest
        and is_drawn
    )


def _pictures(outcome: PairOutcome | None) -> tuple[str, ...]:
    if outcome is None or not isinstance(outcome.result, Compared):
        return ()
    return (outcome.result.picture,)
