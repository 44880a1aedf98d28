"""One pair from two files to its outcome: read, compare, draw; it runs in a worker."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from ..errors import PairRefusedError, PhotoBugError, PhotoError, RunError, WorkerDiedError
from ..photo.reading import read_photo
from ..records import PairPlan, PairRow, Photo, join_flags
from ..records.outcome import Failure, Measured, Provenance
from ..settings import digest
from .job import Job
from .kept_scores import restore_score
from .packing import pack_rows, plain_row
from .pair_wings import load_pair_wing
from .pictures import write_picture
from .scoring import Task, failure_of, provenance_of, sentence_of
from .wings import Wing

#: Scores that a worker keeps: the pairs of one reference photo follow each other.
_KEPT_SCORES = 3


@dataclass(frozen=True)
class PairProvenance:
    """All that a pair's numbers depend on; a pair is done when the ledger holds an equal one.

    Parameters
    ----------
    baseline, followup : Provenance
    plan_digest : str
        Of what is known of the pair.
    settings_digest : str
        Of the result-changing settings of wing and follow-up.
    algorithm_version : str
        Of the wing's follow-up.
    """

    baseline: Provenance
    followup: Provenance
    plan_digest: str
    settings_digest: str
    algorithm_version: str


@dataclass(frozen=True)
class Compared:
    """What was found on one pair, ready for the ledger (`records.outcome.Measured`)."""

    values: Mapping[str, object]
    flags: tuple[str, ...]
    tables: Mapping[str, bytes] = field(default_factory=dict)
    picture: str = ""
    drawing_digest: str = ""


@dataclass(frozen=True)
class PairOutcome:
    """The end of one pair in one run."""

    provenance: PairProvenance
    row: PairRow
    seconds: float
    result: Compared | Failure

    @property
    def is_scored(self) -> bool:
        return isinstance(self.result, Compared)

    @property
    def flags(self) -> tuple[str, ...]:
        return self.result.flags if isinstance(self.result, Compared) else ()


@dataclass(frozen=True)
class PairTask:
    """One pair to compare, with what is known of it from outside.

    ``baseline_sha256`` and ``followup_sha256`` are those of the scores in the ledger;
    ``baseline_kept`` and ``followup_kept`` are these scores, or None to score the photos anew.
    """

    row: PairRow
    plan: PairPlan
    baseline: Task
    followup: Task
    baseline_sha256: str
    followup_sha256: str
    settings_digest: str
    algorithm_version: str
    baseline_kept: Measured | None = None
    followup_kept: Measured | None = None

    @property
    def photo_id(self) -> str:
        return f"{self.baseline.photo_id}\n{self.followup.photo_id}"

    def provenance(self, job: Job) -> PairProvenance:
        """Return all that this pair's numbers depend on."""
        return PairProvenance(
            baseline=provenance_of(self.baseline, job, sha256=self.baseline_sha256),
            followup=provenance_of(self.followup, job, sha256=self.followup_sha256),
            plan_digest=plan_digest(self.plan),
            settings_digest=self.settings_digest,
            algorithm_version=self.algorithm_version,
        )

    def perform(self, job: Job, wing: Wing) -> PairOutcome:
        """Return the comparison or the failure of the pair; its picture is written on the way."""
        started = time.perf_counter()
        result: Compared | Failure
        try:
            result = _compare(self, job, wing)
        except PhotoError as err:
            result = failure_of(err)
        except RunError:
            raise
        except Exception as err:
            result = failure_of(PhotoBugError(sentence_of(err)))
        seconds = round(time.perf_counter() - started, 3)
        return PairOutcome(self.provenance(job), self.row, seconds, result)

    def died(self, job: Job) -> PairOutcome:
        """Return the failure of a pair over which two workers were killed."""
        err = WorkerDiedError(
            f"The process that compared {self.baseline.photo_id!r} with "
            f"{self.followup.photo_id!r} was killed twice."
        )
        return PairOutcome(self.provenance(job), self.row, 0.0, failure_of(err))


def plan_digest(plan: PairPlan) -> str:
    """Return the digest of what is known of a pair; NaN is written as text."""
    return digest({name: str(value) for name, value in asdict(plan).items()})


def _compare(task: PairTask, job: Job, wing: Wing) -> Compared:
    pair_wing = load_pair_wing(job.target)
    photo1, score1 = _scored(task.baseline, task.baseline_sha256, task.baseline_kept, job, wing)
    photo2, score2 = _scored(task.followup, task.followup_sha256, task.followup_kept, job, wing)
    comparison = pair_wing.compare_scores(
        score1,
        score2,
        baseline_photo=photo1,
        followup_photo=photo2,
        plan=task.plan,
        settings=job.settings,
    )
    picture = ""
    if job.out_dir is not None:
        drawn = pair_wing.draw_comparison(photo1, photo2, comparison)
        picture = write_picture(job.out_dir, "comparisons", comparison_name(task.row), drawn)
    return Compared(
        values=plain_row(comparison),
        flags=join_flags(
            comparison.flags, ("resident_from_preop",) if task.plan.is_resident_estimated else ()
        ),
        tables={name: pack_rows(rows) for name, rows in comparison.tables.items()},
        picture=picture,
        drawing_digest=job.drawing_digest,
    )


def comparison_name(row: PairRow) -> str:
    """Return the name of a pair's picture below ``comparisons/``: a photo has one reference."""
    return row.followup_id


#: The last photos and scores of this process, by all that they and their pictures depend on.
_kept: OrderedDict[tuple[Path, Provenance, str], tuple[Photo, Any]] = OrderedDict()


def _scored(
    task: Task, sha256: str, kept: Measured | None, job: Job, wing: Wing
) -> tuple[Photo, Any]:
    """Return a photo and its score with masks and maps, which tables do not hold."""
    key = (task.path, provenance_of(task, job, sha256=sha256), job.drawing_digest)
    if key not in _kept:
        photo = read_photo(
            task.path, photo_id=task.photo_id, settings=job.settings.photo, inputs=task.inputs
        )
        if photo.sha256 != sha256:
            raise PairRefusedError(
                f"{task.photo_id!r} was changed while the run went on.",
                remedy="Run the same command again.",
            )
        score = None if kept is None else restore_score(photo, kept, job.settings, wing)
        _kept[key] = (photo, wing.score_photo(photo, job.settings) if score is None else score)
    _kept.move_to_end(key)
    while len(_kept) > _KEPT_SCORES:
        _kept.popitem(last=False)
    return _kept[key]
