"""Section `tuning`: what a sweep costs, and whether what is tuned holds on other photographs."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from pathlib import Path

import cv2
import numpy as np

from imaging.hair.score import score_photo
from imaging.photo.reading import read_photo
from imaging.records import Photo, PhotoInputs
from imaging.settings import Memory, Settings, remembering, replace_values
from imaging.study.tuning_search import Tallies, search_one_at_a_time
from imaging.study.tuning_space import (
    Axis,
    Point,
    base_point,
    curve_points,
    dearest_first,
    grid_points,
    parse_axis,
)
from imaging.study.tuning_tally import METRICS, Tally

from .labelled_frames import Labels, tally_frame
from .real_hair import LabelledFolder
from .results import Bar, Row
from .scenes import draw_scenes
from .tool import as_photo, traced_ends

SECTION = "Tuning"
METHOD = "dermetry tune hair"

MEASURING = (
    "hair.min_confidence=0.3:0.95",
    "hair.terminal_cutoff_um=20:80",
    "hair.unit_link_mm=0.15:0.5",
)
TRACING = (
    "hair.min_worth_mm=0.03:0.2",
    "hair.min_support=0.02:0.4",
    "hair.root_shadow_mm=0.1:0.6",
)
#: Tracing settings that change the candidate lines themselves: the dear ones.
LINES = (
    "hair.seed_response=0.03:0.3",
    "hair.min_length_mm=0.05:0.3",
    "hair.end_fraction=0.2:0.8",
)
#: Settings spoilt for the recovery, all at once, and what they are tuned over.
SPOILT = {"hair.min_confidence": 0.15, "hair.min_worth_mm": 0.16}
TUNED = ("hair.min_confidence=0.15:0.95", "hair.min_worth_mm=0.03:0.16")
HALVES, STEPS = 20, 20
#: Tolerance of a pair, px: the bar is F1 at 15.
MATCH_PX = 15.0
FIRST_SEED = 90_000


def measure_tuning(labelled: LabelledFolder | None, *, is_quick: bool) -> Iterator[Row]:
    """Yield the cost of sweeps, and with labelled photographs what tuning gives on other ones."""
    photos = _timed_photos(labelled, count=2 if is_quick else 40)
    steps = 5 if is_quick else STEPS
    once = sum(_seconds(photo, [()]) for photo in photos)
    for name, moves, bar in (
        ("measuring", MEASURING, Bar(high=3.0)),
        ("tracing", TRACING, Bar(high=0.15 * len(TRACING) * STEPS)),
        ("candidate-line", LINES, Bar(high=0.15 * len(LINES) * STEPS)),
    ):
        axes = [parse_axis(move, Settings(), wing="hair", steps=steps) for move in moves]
        points = curve_points(axes, base_point(axes, Settings()))
        spent = sum(_seconds(photo, points) for photo in photos)
        told = (
            f"{len(moves)} {name} settings × {steps} values on {len(photos)} photographs, "
            "in scorings of them"
        )
        yield Row(SECTION, told, METHOD, spent / once, "", bar if steps == STEPS else None, 2)
    if labelled is not None:
        yield from _halves(labelled, is_quick=is_quick)


def _timed_photos(labelled: LabelledFolder | None, *, count: int) -> list[Photo]:
    if labelled is None:
        from imaging.synthetic.scalp import PRESETS

        scenes = draw_scenes({"shaved": PRESETS["shaved"]}, seeds=min(count, 10))
        return [as_photo(scene.pixels, px_per_mm=scene.px_per_mm) for scene in scenes]
    inputs = PhotoInputs(px_per_mm=labelled.px_per_mm)
    paths = labelled.photos
    chosen = paths[:: max(1, len(paths) // count)][:count]
    photo = Settings().photo
    return [read_photo(p, photo_id=p.name, settings=photo, inputs=inputs) for p in chosen]


def _seconds(photo: Photo, points: Sequence[Point]) -> float:
    """Processor time of all points on one photograph, with one memory."""
    start = time.process_time()
    with remembering(Memory()):
        for point in points:
            score_photo(photo, replace_values(Settings(), dict(point)))
    return time.process_time() - start


def _halves(labelled: LabelledFolder, *, is_quick: bool) -> Iterator[Row]:
    """Tune on one half and test on the other, from the defaults and from spoilt settings."""
    labels = labelled.labels
    names = sorted(labels)[:: 5 if is_quick else 1]
    steps = 5 if is_quick else 9
    base = Settings()
    spoilt = replace_values(base, SPOILT)
    frames = _Frames(labelled, names, labels)
    differences, recovered = [], []
    metric = METRICS["f1"]
    tuned_axes = [parse_axis(move, base, wing="hair", steps=steps) for move in TUNED]
    spoilt_axes = [parse_axis(move, spoilt, wing="hair", steps=steps) for move in TUNED]
    default, broken = base_point(tuned_axes, base), base_point(spoilt_axes, spoilt)
    axes = [_joined(a, b) for a, b in zip(tuned_axes, spoilt_axes, strict=True)]
    rng = np.random.default_rng(FIRST_SEED)
    halves = []
    for _ in range(3 if is_quick else HALVES):
        order = rng.permutation(len(names))
        halves.append(
            (
                tuple(names[i] for i in sorted(order[: len(order) // 2])),
                tuple(names[i] for i in sorted(order[len(order) // 2 :])),
            )
        )
    training = [first for first, _ in halves]
    tallies = Tallies(frames.evaluate)
    # Every search walks on this grid: filled at once, each photograph is read and filtered once.
    tallies.ensure([default, broken, *grid_points(axes)])
    found = [
        search_one_at_a_time(axes, start, tallies, metric, training, tolerance=0.005, rounds=2)
        for start in (default, broken)
    ]
    for number, (_, test) in enumerate(halves):
        before = tallies.figure(metric, default, test)
        differences.append(tallies.figure(metric, found[0][number], test) - before)
        low = tallies.figure(metric, broken, test)
        again = tallies.figure(metric, found[1][number], test)
        recovered.append(100 * (again - low) / (before - low))
    told = f"{len(halves)} halves of {len(names)} frames"
    gained, back = float(np.mean(differences)), float(np.mean(recovered))
    yield Row(SECTION, f"tuned − default F1@15, {told}", METHOD, gained, "", Bar(low=-0.005), 4)
    yield Row(SECTION, f"lost F1@15 that comes back, {told}", METHOD, back, "%", Bar(low=90.0), 1)


def _joined(first: Axis, second: Axis) -> Axis:
    """Return the axis with the values of both: default and spoilt value are on it."""
    for value in second.values:
        first = first.with_value(value)
    return first


class _Frames:
    """Tallies of labelled frames by their own rule, ignore zone and all."""

    def __init__(self, labelled: LabelledFolder, names: Sequence[str], labels: dict[str, Labels]):
        self._labelled, self._names, self._labels = labelled, names, labels

    def evaluate(self, points: Sequence[Point]) -> dict[Point, dict[str, Tally]]:
        """Return the tallies of all points on all frames; one photograph after the other."""
        cv2.setNumThreads(1)
        found: dict[Point, dict[str, Tally]] = {point: {} for point in points}
        settings = Settings()
        inputs = PhotoInputs(px_per_mm=self._labelled.px_per_mm)
        for name in self._names:
            path: Path = self._labelled.folder / name
            photo = read_photo(path, photo_id=name, settings=settings.photo, inputs=inputs)
            with remembering(Memory()):
                for point in dearest_first(points):
                    ends = traced_ends(score_photo(photo, replace_values(settings, dict(point))))
                    t = tally_frame(ends, self._labels[name], tolerance_px=MATCH_PX)
                    found[point][name] = Tally(t.hits, t.surplus, t.misses)
        return found
