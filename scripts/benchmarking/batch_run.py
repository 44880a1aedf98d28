"""Section `batch`: the command on a folder of photographs with one and with two workers."""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psutil

from .real_hair import LabelledFolder
from .results import Bar, Row
from .speed import timed_photos

SECTION = "A batch with one and two workers"

#: How often the memory of the workers is looked at.
LOOK_EVERY_S = 0.2

#: A process is a worker that scores once it holds this much; less is a helper of the pool.
WORKER_MB = 100.0

#: Memory is flat when the last quarter of a run needs at most this much more than the second.
FLAT = Bar(high=1.05)


@dataclass(frozen=True)
class Batch:
    """Seconds of one run and, per worker process, its memory over time in MB."""

    seconds: float
    memory_mb: dict[int, list[float]]

    @property
    def peak_mb(self) -> float:
        return max((max(values) for values in self.memory_mb.values()), default=float("nan"))

    @property
    def growth(self) -> float:
        """Median memory of the last quarter over the second one's, of the longest-lived worker."""
        values = max(self.memory_mb.values(), key=len, default=[])
        quarter = len(values) // 4
        if not quarter:
            return float("nan")
        return statistics.median(values[-quarter:]) / statistics.median(
            values[quarter : 2 * quarter]
        )


def measure_batch(labelled: LabelledFolder | None, *, is_quick: bool) -> Iterator[Row]:
    """Yield the gain of a second worker, and memory per worker."""
    count = 12 if is_quick else 100
    with tempfile.TemporaryDirectory(prefix="dermetry-benchmark-") as scratch:
        sources = timed_photos(labelled, Path(scratch), count=min(count, 40))
        photos = Path(scratch) / "photos"
        photos.mkdir()
        for number in range(count):
            source = sources[number % len(sources)]
            shutil.copy(source, photos / f"{number:03d}{source.suffix}")
        runs = {jobs: _run(photos, Path(scratch) / f"out{jobs}", jobs) for jobs in (1, 2)}
    for jobs, run in runs.items():
        name = f"dermetry --jobs {jobs}"
        yield Row(SECTION, f"{count} photos", name, run.seconds, "s", decimals=1)
        yield Row(SECTION, "peak memory per worker", name, run.peak_mb, "MB", Bar(high=700), 0)
        flat = None if is_quick else FLAT  # a short run is all warming up
        yield Row(SECTION, "memory at the end over earlier", name, run.growth, "×", flat, 2)
    gain = runs[1].seconds / runs[2].seconds
    yield Row(SECTION, "one worker over two", "dermetry", gain, "×", Bar(low=1.7), 2)


def _run(photos: Path, out: Path, jobs: int) -> Batch:
    """Run the command and watch its workers; the caller's one-thread settings are inherited."""
    name = "dermetry.exe" if os.name == "nt" else "dermetry"
    command = [str(Path(sys.executable).parent / name), "hair", str(photos), "--out", str(out)]
    command += ["--engine", "process", "--jobs", str(jobs), "--px-per-mm", "179.5", "--quiet"]
    memory: dict[int, list[float]] = {}
    start = time.perf_counter()
    with subprocess.Popen(command) as process:
        while process.poll() is None:
            for pid, used in _workers_mb(process.pid):
                memory.setdefault(pid, []).append(used)
            time.sleep(LOOK_EVERY_S)
    seconds = time.perf_counter() - start
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with exit code {process.returncode}")
    return Batch(seconds, memory)


def _workers_mb(pid: int) -> Iterator[tuple[int, float]]:
    try:
        children = psutil.Process(pid).children(recursive=True)
    except psutil.NoSuchProcess:
        return
    for child in children:
        try:
            used = child.memory_info().rss / 1e6
        except psutil.NoSuchProcess:
            continue
        if used >= WORKER_MB:
            yield child.pid, used
