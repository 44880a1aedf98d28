"""How the photos of a run are spread over processes.  No engine changes a digit.

An engine is a generator: it takes tasks one by one, never all at once, and yields outcomes in the
order in which they end.  It ends early when a stop is requested.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections import Counter, deque
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Generic, Literal, Protocol, TypeVar

import cv2

from . import worker
from .interrupt import StopRequest
from .job import Job
from .wings import Wing

EngineName = Literal["serial", "process"]

Outcome = TypeVar("Outcome")
_Outcome_co = TypeVar("_Outcome_co", covariant=True)


class Task(Protocol[_Outcome_co]):
    """One piece of work, a photo to score or a pair to compare; it travels to a worker."""

    @property
    def photo_id(self) -> str:
        """What a failure of it is told under; unique among the tasks of a run."""

    def perform(self, job: Job, wing: Wing) -> _Outcome_co:
        """Do the work and return how it ended; raise `RunError` alone."""

    def died(self, job: Job) -> _Outcome_co:
        """Return its end after two workers were killed over it."""


#: How often a waiting parent looks whether a person wants to stop.
_POLL_SECONDS = 0.2
#: Two photos in flight in the worst case die with a killed worker: the one that killed it, and one
#: that happened to be there.  A photo is given up when it was there twice.
_KILLS_TO_FAIL = 2


def usable_cores() -> int:
    """Return the number of processor cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def run_serially(
    tasks: Iterable[Task[Outcome]], job: Job, wing: Wing, *, stop: StopRequest
) -> Iterator[Outcome]:
    """Do one task after the other in this process."""
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        for task in tasks:
            if stop.requested:
                return
            yield task.perform(job, wing)
    finally:
        cv2.setNumThreads(threads)


def run_in_processes(
    tasks: Iterable[Task[Outcome]], job: Job, *, jobs: int, stop: StopRequest
) -> Iterator[Outcome]:
    """Do tasks in `jobs` worker processes and survive the death of any of them.

    A killed worker breaks the whole pool.  The pool is replaced; what was in flight are suspects,
    each of which then runs alone, so that the second death names the photo that causes it.

    Raises
    ------
    RunError
        Something that spoils the whole run, raised in a worker.
    """
    waiting = iter(tasks)
    suspects: deque[Task[Outcome]] = deque()
    kills: Counter[str] = Counter()
    pool: _Pool[Outcome] = _Pool(job, jobs)
    try:
        while not stop.requested:
            _fill(pool, waiting, suspects)
            if not pool.in_flight:
                return
            outcomes, lost = pool.collect(stop)
            yield from outcomes
            for task in lost:
                kills[task.photo_id] += 1
                if kills[task.photo_id] >= _KILLS_TO_FAIL:
                    yield task.died(job)
                else:
                    suspects.append(task)
        yield from pool.drain(stop)
    finally:
        pool.close()


def _fill(
    pool: _Pool[Outcome], waiting: Iterator[Task[Outcome]], suspects: deque[Task[Outcome]]
) -> None:
    if suspects:
        if not pool.in_flight:
            pool.submit(suspects.popleft())
        return
    while len(pool.in_flight) < pool.capacity:
        task = next(waiting, None)
        if task is None:
            return
        pool.submit(task)


class _Pool(Generic[Outcome]):
    """A pool of workers that is replaced when it breaks, with the tasks it holds."""

    def __init__(self, job: Job, jobs: int) -> None:
        self.in_flight: dict[Future[Outcome], Task[Outcome]] = {}
        # One more than there are workers: the next photo is at hand when one ends, and memory and
        # the number of suspects after a death stay small.
        self.capacity = jobs + 1
        self._job = job
        self._jobs = jobs
        self._executor = self._start()

    def submit(self, task: Task[Outcome]) -> None:
        """Hand one task to the workers."""
        with _interrupts_held_back():
            try:
                future = self._executor.submit(worker.perform, task)
            except BrokenProcessPool as err:
                # It broke between two photos: to the caller it is lost like those in flight.
                future = Future()
                future.set_exception(err)
        self.in_flight[future] = task

    def collect(self, stop: StopRequest) -> tuple[list[Outcome], list[Task[Outcome]]]:
        """Wait for the next end of a photo; return outcomes, and tasks lost with a worker."""
        done: set[Future[Outcome]] = set()
        while not done and not stop.requested:
            done, _ = wait(self.in_flight, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
        if any(isinstance(future.exception(), BrokenProcessPool) for future in done):
            wait(self.in_flight)
            done = set(self.in_flight)
            self._replace()
        outcomes: list[Outcome] = []
        lost: list[Task[Outcome]] = []
        for future in [f for f in self.in_flight if f in done]:
            task = self.in_flight.pop(future)
            if isinstance(future.exception(), BrokenProcessPool):
                lost.append(task)
            else:
                outcomes.append(future.result())
        return outcomes, lost

    def drain(self, stop: StopRequest) -> Iterator[Outcome]:
        """Let the photos in work end and yield them; a second wish to stop kills them."""
        for future in self.in_flight:
            future.cancel()
        while self.in_flight:
            if stop.urgent:
                self._kill_workers()
            done, _ = wait(self.in_flight, timeout=_POLL_SECONDS, return_when=FIRST_COMPLETED)
            for future in done:
                del self.in_flight[future]
                if not future.cancelled() and future.exception() is None:
                    yield future.result()

    def close(self) -> None:
        """End the workers; photos still in work (after an error) are given up."""
        if self.in_flight:
            self._kill_workers()
        self._executor.shutdown(wait=True, cancel_futures=True)

    def _start(self) -> ProcessPoolExecutor:
        self._others = set(multiprocessing.active_children())
        return ProcessPoolExecutor(
            self._jobs,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=worker.set_up,
            initargs=(self._job,),
        )

    def _replace(self) -> None:
        self._executor.shutdown(wait=True, cancel_futures=True)
        self._executor = self._start()

    def _kill_workers(self) -> None:
        for child in multiprocessing.active_children():
            if child not in self._others:
                child.kill()


@contextmanager
def _interrupts_held_back() -> Iterator[None]:
    # A worker inherits the set of blocked signals: a Ctrl-C that falls into its start, before it
    # can ignore the signal, would print a traceback and break the pool.
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    previous = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, previous)


def run_tasks(
    tasks: Iterable[Task[Outcome]],
    job: Job,
    wing: Wing,
    *,
    engine: EngineName,
    jobs: int,
    stop: StopRequest,
) -> Iterator[Outcome]:
    """Do the tasks with the engine of this name."""
    if engine == "serial":
        return run_serially(tasks, job, wing, stop=stop)
    return run_in_processes(tasks, job, jobs=jobs, stop=stop)
