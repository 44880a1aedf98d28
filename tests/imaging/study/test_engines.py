"""Worker processes that die, and what is left of the photos they held."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import fake_wing
import psutil
import pytest

from imaging.errors import ModelMissingError
from imaging.records import PhotoInputs
from imaging.records.outcome import Failure, Outcome
from imaging.settings import Settings
from imaging.study.engines import run_in_processes, run_serially
from imaging.study.interrupt import StopRequest
from imaging.study.job import Job
from imaging.study.scoring import Task

JOB = Job(fake_wing.TARGET, Settings(), None, False, "s", "", "fake-1")


def tasks_in(folder: Path, *names: str) -> list[Task]:
    for seed, name in enumerate(names):
        fake_wing.make_photo(folder / name, seed=seed)
    return [Task(name, folder / name, PhotoInputs()) for name in names]


def in_processes(tasks: list[Task], *, jobs: int = 2) -> dict[str, Outcome]:
    ended = list(run_in_processes(iter(tasks), JOB, jobs=jobs, stop=StopRequest()))
    assert len(ended) == len({outcome.photo_id for outcome in ended})
    return {outcome.photo_id: outcome for outcome in ended}


def test_a_photo_that_kills_its_workers_fails_alone(tmp_path: Path) -> None:
    names = [f"{n}.png" for n in range(6)]
    names[2:2] = ["killer.png"]
    names.append("killer last.png")
    ended = in_processes(tasks_in(tmp_path, *names))
    assert sorted(ended) == sorted(names)
    failures = {n: o.result.code for n, o in ended.items() if isinstance(o.result, Failure)}
    assert failures == dict.fromkeys(("killer.png", "killer last.png"), "worker_died")


def test_a_worker_killed_from_outside_costs_nothing(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, *(f"slow {n}.png" for n in range(12)))
    ended: list[Outcome] = []
    for outcome in run_in_processes(iter(tasks), JOB, jobs=2, stop=StopRequest()):
        ended.append(outcome)
        if len(ended) == 3:
            workers = [
                child
                for child in psutil.Process().children()
                if "spawn_main" in " ".join(child.cmdline())
            ]
            workers[0].kill()
    assert sorted(o.photo_id for o in ended) == sorted(t.photo_id for t in tasks)
    assert all(outcome.is_scored for outcome in ended)


def test_tasks_are_taken_as_they_are_needed(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, *(f"{n}.png" for n in range(30)))
    taken: list[Task] = []

    def count() -> Iterator[Task]:
        for task in tasks:
            taken.append(task)
            yield task

    engine = run_in_processes(count(), JOB, jobs=2, stop=StopRequest())
    next(engine)
    assert len(taken) <= 6
    engine.close()


def test_an_error_of_the_run_comes_out_of_a_worker_as_itself(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, "weightless.png", *(f"slow {n}.png" for n in range(5)))
    with pytest.raises(ModelMissingError, match="missing"):
        in_processes(tasks)
    assert not [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]


@pytest.mark.parametrize("engine", ["serial", "process"])
def test_a_stop_lets_photos_in_work_end_and_starts_no_more(tmp_path: Path, engine: str) -> None:
    tasks = tasks_in(tmp_path, *(f"slow {n}.png" for n in range(20)))
    ended: list[Outcome] = []
    with StopRequest() as stop:
        run = (
            run_serially(iter(tasks), JOB, fake_wing.make_wing(), stop=stop)
            if engine == "serial"
            else run_in_processes(iter(tasks), JOB, jobs=2, stop=stop)
        )
        for outcome in run:
            ended.append(outcome)
            if len(ended) == 2:
                os.kill(os.getpid(), signal.SIGINT)
    assert 2 <= len(ended) <= 6
    assert all(outcome.is_scored for outcome in ended)


def test_a_second_interrupt_does_not_wait_for_photos_in_work(tmp_path: Path) -> None:
    tasks = tasks_in(tmp_path, *(f"slow {n}.png" for n in range(4)))
    with StopRequest() as stop:
        for _ in run_in_processes(iter(tasks), JOB, jobs=2, stop=stop):
            os.kill(os.getpid(), signal.SIGINT)
            os.kill(os.getpid(), signal.SIGINT)
        assert stop.urgent
    assert not [c for c in psutil.Process().children() if "spawn_main" in " ".join(c.cmdline())]


def test_each_wish_to_stop_is_told_at_once() -> None:
    told: list[int] = []
    with StopRequest(told.append) as stop:
        for times in (1, 2):
            os.kill(os.getpid(), signal.SIGINT)
            # The handler runs between two instructions of this thread.
            assert stop.times == times
            assert told == list(range(1, times + 1))


def test_signals_are_as_before_after_a_run_and_left_alone_in_another_thread() -> None:
    before = signal.getsignal(signal.SIGINT)
    with StopRequest():
        assert signal.getsignal(signal.SIGINT) is not before
    assert signal.getsignal(signal.SIGINT) is before
    failed: list[BaseException] = []

    def enter() -> None:
        try:
            with StopRequest() as stop:
                assert not stop.requested
        except BaseException as err:
            failed.append(err)

    thread = threading.Thread(target=enter)
    thread.start()
    thread.join()
    assert not failed


def test_workers_end_when_their_parent_is_killed(tmp_path: Path) -> None:
    folder = tmp_path / "in"
    tasks_in(folder, *(f"slow {n}.png" for n in range(40)))
    command = [sys.executable, str(Path(__file__).with_name("run_fake.py")), "hair", str(folder)]
    process = subprocess.Popen([*command, "--out", str(tmp_path / "out"), "--jobs", "2"])
    parent = psutil.Process(process.pid)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < deadline:
        workers = [c for c in parent.children() if "spawn_main" in " ".join(c.cmdline())]
        time.sleep(0.05)
    time.sleep(0.5)
    process.kill()
    process.wait()
    gone, alive = psutil.wait_procs(workers, timeout=60)
    assert len(gone) == 2
    assert not alive
