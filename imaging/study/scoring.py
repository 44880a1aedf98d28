"""One photo from file to outcome: read, score, draw, write its pictures.

It runs in the worker (or, with the serial engine, in the command's own process) and is the one
place where an unexpected exception is turned into a failure of this photo alone.
"""

from __future__ import annotations

import time
import traceback
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from ..errors import PhotoBugError, PhotoError, RunError, WorkerDiedError
from ..photo.reading import read_photo
from ..records import Photo, PhotoInputs, join_flags
from ..records.outcome import Failure, Measured, Outcome, Provenance
from ..settings import digest
from .job import Job
from .packing import pack_rows, plain_row
from .pictures import write_mask, write_overlay
from .wings import Wing


@dataclass(frozen=True)
class Task:
    """One photo to score, with what is known of it from outside."""

    photo_id: str
    path: Path
    inputs: PhotoInputs

    def perform(self, job: Job, wing: Wing) -> Outcome:
        """Return the score or the failure of the photo."""
        return score_task(self, job, wing)

    def died(self, job: Job) -> Outcome:
        """Return the failure of a photo over which two workers were killed."""
        return worker_death(self, job)


def inputs_digest(inputs: PhotoInputs) -> str:
    """Return the digest of what the manifest or the command line says of one photo."""
    return digest(asdict(inputs))


def provenance_of(task: Task, job: Job, *, sha256: str) -> Provenance:
    """Return all that this photo's numbers depend on."""
    return Provenance(
        photo_id=task.photo_id,
        sha256=sha256,
        settings_digest=job.settings_digest,
        inputs_digest=inputs_digest(task.inputs),
        weights_digest=job.weights_digest,
        algorithm_version=job.algorithm_version,
    )


def score_task(task: Task, job: Job, wing: Wing) -> Outcome:
    """Return the score or the failure of one photo; its pictures are written on the way.

    Raises
    ------
    RunError
        Something that spoils the whole run: weights missing, disk full.
    """
    started = time.perf_counter()
    sha256 = ""
    result: Measured | Failure
    try:
        photo = read_photo(
            task.path, photo_id=task.photo_id, settings=job.settings.photo, inputs=task.inputs
        )
        sha256 = photo.sha256
        result = _measure(photo, job, wing)
    except PhotoError as err:
        result = failure_of(err)
    except RunError:
        raise
    except Exception as err:
        result = failure_of(PhotoBugError(sentence_of(err)))
    seconds = round(time.perf_counter() - started, 3)
    return Outcome(provenance_of(task, job, sha256=sha256), str(task.path), seconds, result)


def failure_of(err: PhotoError) -> Failure:
    """Return what the tables keep of an error."""
    return Failure(code=err.code, message=err.message, remedy=err.remedy)


def worker_death(task: Task, job: Job) -> Outcome:
    """Return the failure of a photo over which two workers were killed."""
    err = WorkerDiedError(f"The process that scored {task.photo_id!r} was killed twice.")
    return Outcome(provenance_of(task, job, sha256=""), str(task.path), 0.0, failure_of(err))


def _measure(photo: Photo, job: Job, wing: Wing) -> Measured:
    score = wing.score_photo(photo, job.settings)
    measured = Measured(
        width_px=photo.width_px,
        height_px=photo.height_px,
        flags=join_flags(photo.flags, score.flags),
        segmenter=score.segmenter,
        values=plain_row(score),
        tables={name: pack_rows(rows) for name, rows in score.tables.items()},
    )
    if job.out_dir is None:
        return measured
    overlay = write_overlay(job.out_dir, photo.photo_id, wing.draw_overlay(photo, score))
    pictures = [overlay]
    if job.with_masks:
        masks = wing.draw_masks(photo, score)
        pictures += [write_mask(job.out_dir, photo.photo_id, s, masks[s]) for s in sorted(masks)]
    return replace(measured, pictures=tuple(pictures), drawing_digest=job.drawing_digest)


def sentence_of(err: Exception) -> str:
    """Return an unexpected exception as a sentence, with the line that raised it."""
    frames = traceback.extract_tb(err.__traceback__)
    place = f" ({Path(frames[-1].filename).name}, line {frames[-1].lineno})" if frames else ""
    return f"{type(err).__name__}: {err}{place}"
