"""Points of a tuning tallied on every photo, in worker processes: a photo is one task.

Inside a task the photo is read once and one memory serves all points (`settings.recall`), so that
what a setting does not touch is done once.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ..errors import InterruptedRunError, PhotoError, RunError, SettingsError
from ..photo.reading import read_photo
from ..records import Photo, PhotoInputs
from ..settings import Memory, Settings, remembering, settings_digest
from .engines import EngineName, run_tasks
from .interrupt import StopRequest
from .job import Job
from .references import Reference
from .tuning_space import Point, dearest_first, settings_at
from .tuning_tally import Tally, Target, prepare, tally
from .wings import Wing


@dataclass(frozen=True)
class TunedPhoto:
    """One photo with its reference."""

    photo_id: str
    path: Path
    inputs: PhotoInputs
    reference: Reference = field(repr=False)


@dataclass(frozen=True)
class PhotoTallies:
    """What a task gives back: a tally per point, or why the photo cannot be used at all."""

    photo_id: str
    sha256: str = ""
    tallies: tuple[Tally, ...] = ()
    failure: str = ""


class Observer(Protocol):
    """What wants to know how a tuning goes on (a progress bar)."""

    def started(self, *, photos: int, points: int) -> None:
        """So many points are tallied on so many photos."""

    def ended(self, photo: PhotoTallies) -> None:
        """One photo came to its end."""


@dataclass(frozen=True)
class TuningTask:
    """All points on one photo; see `engines.Task`."""

    photo: TunedPhoto
    points: tuple[Point, ...]
    tolerance: float
    is_mm: bool

    @property
    def photo_id(self) -> str:
        """The photo's."""
        return self.photo.photo_id

    def perform(self, job: Job, wing: Wing) -> PhotoTallies:
        """Score the photo at every point and hold it against its reference."""
        photo = self.photo
        try:
            read = read_photo(
                photo.path,
                photo_id=photo.photo_id,
                settings=job.settings.photo,
                inputs=photo.inputs,
            )
            target = prepare(photo.reference, read)
        except PhotoError as err:
            return PhotoTallies(photo.photo_id, failure=f"{err.message} {err.remedy}")
        with remembering(Memory()):
            found = {
                point: self._tally(read, target, job.settings, point, wing)
                for point in dearest_first(self.points)
            }
        return PhotoTallies(photo.photo_id, read.sha256, tuple(found[p] for p in self.points))

    def died(self, job: Job) -> PhotoTallies:
        """Tell of a photo over which two workers were killed."""
        del job
        return PhotoTallies(
            self.photo_id,
            failure="The process that scored it was killed twice, most likely for lack of memory.",
        )

    def _tally(
        self, photo: Photo, target: Target, base: Settings, point: Point, wing: Wing
    ) -> Tally:
        try:
            settings = settings_at(base, point)
        except SettingsError as err:
            # Values that are right each by itself may be out of order together.
            return Tally(failure=err.message)
        try:
            score = wing.score_photo(photo, settings)
            return tally(target, photo, score, wing, tolerance=self.tolerance, is_mm=self.is_mm)
        except PhotoError as err:
            return Tally(failure=err.message)
        except RunError:
            raise
        except Exception as err:
            # A choice of settings that nobody tried before must not lose the others.
            frame = traceback.extract_tb(err.__traceback__)[-1]
            place = f"{Path(frame.filename).name}, line {frame.lineno}"
            return Tally(failure=f"{type(err).__name__}: {err} ({place})")


@dataclass(frozen=True)
class Workplace:
    """How points are tallied: the wing, the settings they move, and the workers."""

    target: str
    wing: Wing
    base: Settings
    tolerance: float
    is_mm: bool
    engine: EngineName = "process"
    jobs: int = 1


def tally_points(
    photos: Sequence[TunedPhoto],
    points: Sequence[Point],
    place: Workplace,
    *,
    stop: StopRequest,
    observer: Observer | None = None,
) -> list[PhotoTallies]:
    """Return the tallies of all photos, sorted by photo.

    Raises
    ------
    InterruptedRunError
        A person wants to stop.
    RunError
        Something that spoils the whole run.
    """
    job = Job(
        target=place.target,
        settings=place.base,
        out_dir=None,
        with_masks=False,
        settings_digest=settings_digest(place.base, place.wing.name),
        weights_digest=place.wing.weights_digest(place.base),
        algorithm_version=place.wing.algorithm_version,
    )
    tasks = [TuningTask(p, tuple(points), place.tolerance, place.is_mm) for p in photos]
    if observer is not None:
        observer.started(photos=len(tasks), points=len(points))
    jobs = min(place.jobs, max(1, len(tasks)))
    found = []
    try:
        for ended in run_tasks(tasks, job, place.wing, engine=place.engine, jobs=jobs, stop=stop):
            found.append(ended)
            if observer is not None:
                observer.ended(ended)
    except KeyboardInterrupt as err:
        raise _stopped() from err
    if stop.requested:
        raise _stopped()
    return sorted(found, key=lambda ended: ended.photo_id)


def _stopped() -> InterruptedRunError:
    return InterruptedRunError(
        "Stopped; a tuning is written when it is complete, so nothing was.",
        remedy="Run the same command again, with fewer --steps or photos if it took too long.",
    )


@contextmanager
def watch_for_stop(engine: EngineName) -> Iterator[StopRequest]:
    """Give a wish to stop that waits for no photo: nothing of a tuning is kept before its end.

    Workers are killed on it.  In one process the interrupt itself ends the work, between any two
    lines of it.
    """
    stop = StopRequest(is_always_urgent=True)
    if engine == "serial":
        yield stop
        return
    with stop:
        yield stop
