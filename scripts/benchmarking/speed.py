"""Section `speed`: seconds per photograph on one core, against its decode, and peak memory."""

from __future__ import annotations

import multiprocessing
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from imaging.hair.segmenter import CLASSICAL
from imaging.synthetic.scalp import PRESETS

from .real_hair import LabelledFolder
from .results import Bar, Row
from .rivals import RIVALS
from .scenes import draw_scenes
from .tool import Method

SECTION = "Time and memory, one core"

DECODE = "decode alone"
SATO = "sato + skeleton + branches"

#: Rounds over all photographs.  All methods take turns on one photograph, so that a machine that
#: slows down for a while slows all of them, and of the rounds the quickest is kept.
ROUNDS = 3

#: The command is started this often; the median is reported.
START_REPEATS = 5

#: Quality of generated photographs written for timing, like that of the labelled frames.
JPEG_QUALITY = 92

Work = Callable[[Path], object]


def measure_speed(
    methods: list[Method], labelled: LabelledFolder | None, *, is_quick: bool
) -> Iterator[Row]:
    """Yield median seconds per photograph, multiples of the decode, and memory, of every method."""
    with tempfile.TemporaryDirectory(prefix="dermetry-benchmark-") as scratch:
        photos = timed_photos(labelled, Path(scratch), count=3 if is_quick else 10)
        px_per_mm = labelled.px_per_mm if labelled else PRESETS["shaved"].px_per_mm
        yield from _time_rows(methods, photos, px_per_mm)
        for method in methods:
            peak = _peak_mb(_score_all, method.segmenter, photos, px_per_mm)
            yield Row(SECTION, "peak memory", method.name, peak, "MB", Bar(high=700), 0)
        for name in RIVALS:
            peak = _peak_mb(_run_rival, name, photos, px_per_mm)
            yield Row(SECTION, "peak memory", name, peak, "MB", decimals=0)
    yield Row(SECTION, "dermetry --help", methods[0].name, _start_seconds(), "s", Bar(high=0.5), 2)


def timed_photos(labelled: LabelledFolder | None, scratch: Path, *, count: int) -> list[Path]:
    """Return some labelled photographs, or generated ones of the same size written as JPEG."""
    if labelled is not None:
        photos = labelled.photos
        return photos[:: max(1, len(photos) // count)][:count]
    paths = []
    for number, scene in enumerate(draw_scenes({"shaved": PRESETS["shaved"]}, seeds=count)):
        path = scratch / f"generated_{number:02d}.jpg"
        Image.fromarray(scene.pixels).save(path, quality=JPEG_QUALITY)
        paths.append(path)
    return paths


def _time_rows(methods: list[Method], photos: list[Path], px_per_mm: float) -> Iterator[Row]:
    works: dict[str, Work] = {DECODE: _decode}
    works |= {
        method.name: lambda path, method=method: method.score_and_draw(path, px_per_mm=px_per_mm)
        for method in methods
    }
    works |= {name: _rival_work(name, px_per_mm) for name in RIVALS}
    for work in works.values():
        work(photos[0])  # the first call also loads libraries and builds filters
    timed = np.array(
        [
            [[_seconds(work, path) for work in works.values()] for path in photos]
            for _ in range(ROUNDS)
        ]
    )
    # By method the seconds of every photograph.
    seconds = dict(zip(works, timed.min(axis=0).T, strict=True))
    size = "×".join(str(side) for side in Image.open(photos[0]).size)
    label = f"{size} photo, this tool's overlay included"
    for name, of_photos in seconds.items():
        decimals = 4 if name == DECODE else 2
        yield Row(SECTION, label, name, float(np.median(of_photos)), "s", decimals=decimals)

    def ratio(name: str, other: str, bar: Bar | None = None, decimals: int = 2) -> Row:
        """Return the median over photographs of how many times as long one method takes."""
        times = float(np.median(seconds[name] / seconds[other]))
        return Row(SECTION, f"as a multiple of {other}", name, times, "×", bar, decimals)

    for name in list(works)[1:]:
        yield ratio(name, DECODE, decimals=0)
    classical = [method.name for method in methods if method.segmenter == CLASSICAL]
    for method in methods:
        yield ratio(method.name, SATO, Bar(high=1) if method.name in classical else None)
    for method in methods:
        if method.name not in classical:
            yield from (ratio(method.name, ridges, Bar(high=2)) for ridges in classical)


def _seconds(work: Work, path: Path) -> float:
    start = time.perf_counter()
    work(path)
    return time.perf_counter() - start


def _decode(path: Path) -> object:
    return cv2.imread(str(path))


def _rival_work(name: str, px_per_mm: float) -> Work:
    def work(path: Path) -> object:
        pixels = np.asarray(Image.open(path).convert("RGB"))
        return RIVALS[name](pixels, px_per_mm, np.zeros(pixels.shape[:2], bool))

    return work


def _score_all(segmenter: str, photos: list[Path], px_per_mm: float) -> float:
    cv2.setNumThreads(1)
    for path in photos:
        Method(segmenter).score_and_draw(path, px_per_mm=px_per_mm)
    return own_peak_mb()


def _run_rival(name: str, photos: list[Path], px_per_mm: float) -> float:
    cv2.setNumThreads(1)
    for path in photos:
        _rival_work(name, px_per_mm)(path)
    return own_peak_mb()


def _peak_mb(
    work: Callable[[str, list[Path], float], float], name: str, photos: list[Path], scale: float
) -> float:
    """Return the peak memory of a fresh process that does this work, libraries included."""
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max_workers=1, mp_context=fresh) as pool:
        return pool.submit(work, name, photos[:3], scale).result()


def own_peak_mb() -> float:
    """Return the peak resident memory of this process in MB; NaN where the system does not say.

    The kernel's figure of this very image is read where it is to be had: the usual resource count
    starts with that of the parent process.
    """
    status = Path("/proc/self/status")
    if status.is_file():
        found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text(encoding="ascii"))
        if found:
            return int(found.group(1)) / 1000
    return float("nan")


def _start_seconds() -> float:
    command = Path(sys.executable).parent / ("dermetry.exe" if os.name == "nt" else "dermetry")
    times = []
    for _ in range(START_REPEATS):
        start = time.perf_counter()
        subprocess.run([command, "--help"], check=True, capture_output=True)
        times.append(time.perf_counter() - start)
    return statistics.median(times)
