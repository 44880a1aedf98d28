"""Scenes drawn by worker processes, kept for a while, and cut into batches."""

from __future__ import annotations

import multiprocessing as mp
import os
from collections.abc import Iterator
from dataclasses import fields
from queue import Empty
from typing import Any

import numpy as np
from numpy.typing import NDArray

from imaging.synthetic.scalp import make_scalp
from models.networks import STRIDE
from models.training import Batch

from .random_scenes import random_scene
from .targets import Sample, make_sample

#: A batch is this many squares of this many input pixels.
CROPS, CROP_PX = 8, 192
#: The trainer starts with this many scenes; no more than one a step is exchanged afterwards.
FIRST_SCENES = 60
#: Spread of contrast, of each channel's contrast, and of noise in optical density.
CONTRAST, CHANNEL_CONTRAST, NOISE = 0.15, 0.05, 0.03


def draw_scene(seed: int, number: int, working_px_per_mm: float) -> Sample:
    """Return scene `number` of a training with this seed."""
    rng = np.random.default_rng([seed, number])
    return make_sample(make_scalp(random_scene(rng), rng=rng), working_px_per_mm=working_px_per_mm)


def _draw_for_ever(queue: Any, seed: int, first: int, step: int, working_px_per_mm: float) -> None:
    import cv2

    cv2.setNumThreads(1)
    if hasattr(os, "nice"):
        os.nice(5)
    number, parent = first, os.getppid()
    # A trainer that is killed tells nobody; its workers must not go on for ever.
    while os.getppid() == parent:
        queue.put(draw_scene(seed, number, working_px_per_mm))
        number += step


def stream_batches(
    *, seed: int, workers: int, kept_scenes: int, working_px_per_mm: float
) -> Iterator[Batch]:
    """Give batches for ever, from the newest `kept_scenes` scenes."""
    context = mp.get_context("spawn")
    queue = context.Queue(maxsize=32)
    for worker in range(workers):
        context.Process(
            target=_draw_for_ever,
            args=(queue, seed, worker, workers, working_px_per_mm),
            daemon=True,
        ).start()
    rng = np.random.default_rng([seed, 1_000_000_007])
    scenes: list[Sample] = [queue.get() for _ in range(FIRST_SCENES)]
    oldest = 0
    while True:
        try:
            while len(scenes) < kept_scenes:
                scenes.append(queue.get_nowait())
            scenes[oldest] = queue.get_nowait()
            oldest = (oldest + 1) % kept_scenes
        except Empty:
            pass
        yield make_batch([scenes[i] for i in rng.integers(len(scenes), size=CROPS)], rng)


def make_batch(samples: list[Sample], rng: np.random.Generator) -> Batch:
    """Return one random square of each sample, turned and mirrored at random."""
    rows = [_cut(sample, rng) for sample in samples]
    return Batch(**{name: np.stack([row[name] for row in rows]) for name in rows[0]})


def _cut(sample: Sample, rng: np.random.Generator) -> dict[str, NDArray[np.float32]]:
    size = CROP_PX // STRIDE
    height, width = sample.core.shape
    row = int(rng.integers(height - size + 1))
    column = int(rng.integers(width - size + 1))
    part: dict[str, NDArray[np.float32]] = {}
    for field in fields(sample):
        values = getattr(sample, field.name)
        grain = STRIDE if field.name == "density" else 1
        place = (
            slice(row * grain, (row + size) * grain),
            slice(column * grain, (column + size) * grain),
        )
        cut = np.atleast_3d(values) if values.ndim == 3 else values[None]
        part[field.name] = cut[(slice(None), *place)].astype(np.float32)
    _turn(part, mirror=bool(rng.random() < 0.5), transpose=bool(rng.random() < 0.5),
          upside_down=bool(rng.random() < 0.5))  # fmt: skip
    density = part["density"]
    contrast = np.exp(rng.normal(0.0, CONTRAST) + rng.normal(0.0, CHANNEL_CONTRAST, (3, 1, 1)))
    noise = rng.normal(0.0, rng.uniform(0.0, NOISE), density.shape)
    part["density"] = (density * contrast + noise).astype(np.float32)
    return {name: np.ascontiguousarray(values) for name, values in part.items()}


def _turn(
    part: dict[str, NDArray[np.float32]], *, mirror: bool, transpose: bool, upside_down: bool
) -> None:
    """Turn all maps; the way of growth is a vector and turns with them."""
    if mirror:
        for name, values in part.items():
            part[name] = values[..., ::-1]
        part["way"] = part["way"] * np.array([-1, 1], np.float32)[:, None, None]
    if upside_down:
        for name, values in part.items():
            part[name] = values[..., ::-1, :]
        part["way"] = part["way"] * np.array([1, -1], np.float32)[:, None, None]
    if transpose:
        for name, values in part.items():
            part[name] = values.swapaxes(-1, -2)
        part["way"] = part["way"][::-1]
