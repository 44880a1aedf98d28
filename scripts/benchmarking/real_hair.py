"""Section `real`: every method on photographs labelled by hand, on two halves and on all."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from imaging.hair.segmenter import CLASSICAL
from imaging.photo.graphics import find_graphics

from .labelled_frames import Accuracy, Ends, Labels, frame_number, pool, read_labels
from .results import Bar, Row
from .rivals import RIVALS, Rival
from .tool import Method, traced_ends

#: Frames that parameters were chosen on, and frames that were only reported.
CHOSEN_ON, REPORTED = "frames 00-19", "frames 20-39"
FIRST_REPORTED = 20

#: The bars of hair detection hold where nothing was chosen, and on all frames.
BARS: dict[str, Bar] = {
    "F1 at 30 px": Bar(low=0.88),
    "F1 at 15 px": Bar(low=0.80),
    "root error, median": Bar(high=10.0),
    "length ratio": Bar(0.92, 1.08),
    "swapped ends": Bar(high=4.0),
    "count error": Bar(high=10.0),
    "count bias": Bar(-4.0, 4.0),
    "abnormal traced": Bar(high=35.0),
}

#: Those of learned segmenters.
LEARNED_BARS: dict[str, Bar] = BARS | {
    "F1 at 30 px": Bar(low=0.93),
    "F1 at 15 px": Bar(low=0.87),
    "worst frame's F1 at 30 px": Bar(low=0.80),
    "swapped ends": Bar(high=2.0),
    "count error": Bar(high=6.0),
    "count bias": Bar(-3.0, 3.0),
    "abnormal traced": Bar(high=25.0),
    "undersize found": Bar(low=60.0),
}

Tracer = Callable[[Path], Ends]


@dataclass(frozen=True)
class LabelledFolder:
    """Photographs with ``hairs.csv`` beside them, and their scale."""

    folder: Path
    px_per_mm: float

    @property
    def labels(self) -> dict[str, Labels]:
        return read_labels(self.folder / "hairs.csv")

    @property
    def photos(self) -> list[Path]:
        return [self.folder / photo for photo in self.labels]


def measure_real(
    labelled: LabelledFolder, methods: list[Method], *, is_quick: bool
) -> Iterator[Row]:
    """Yield the accuracy of every method; told the scale, and this tool also without it."""
    labels = labelled.labels
    if is_quick:
        labels = dict(list(labels.items())[::8])
    told = {method.name: _own_tracer(method, labelled.px_per_mm) for method in methods}
    told |= {name: _rival_tracer(rival, labelled, methods[0]) for name, rival in RIVALS.items()}
    bars_of = {m.name: BARS if m.segmenter == CLASSICAL else LEARNED_BARS for m in methods}
    for name, tracer in told.items():
        traced = _trace(tracer, labelled, labels)
        yield from _rows_of(name, traced, labels, bars=bars_of.get(name, {}))
    if not is_quick:
        for method in methods:
            traced = _trace(_own_tracer(method, None), labelled, labels)
            name = f"{method.name}, scale not told"
            yield from _rows_of(name, traced, labels, bars={})


def _trace(tracer: Tracer, labelled: LabelledFolder, labels: dict[str, Labels]) -> dict[str, Ends]:
    return {photo: tracer(labelled.folder / photo) for photo in labels}


def _own_tracer(method: Method, px_per_mm: float | None) -> Tracer:
    return lambda path: traced_ends(method.score_file(path, px_per_mm=px_per_mm))


def _rival_tracer(rival: Rival, labelled: LabelledFolder, method: Method) -> Tracer:
    def trace(path: Path) -> Ends:
        pixels = method.read_file(path, px_per_mm=None).pixels
        return rival(pixels, labelled.px_per_mm, find_graphics(pixels).masked)

    return trace


def _rows_of(
    name: str, traced: dict[str, Ends], labels: dict[str, Labels], *, bars: Mapping[str, Bar]
) -> Iterator[Row]:
    for half, members in _halves(labels).items():
        section = f"Labelled photographs, {half}"
        for measure, value, unit, decimals in _figures(pool(traced, members)):
            bar = bars.get(measure) if half != CHOSEN_ON else None
            yield Row(section, measure, name, value, unit, bar, decimals)


def _halves(labels: dict[str, Labels]) -> dict[str, dict[str, Labels]]:
    """Return the frames by half and all of them; a half without frames is left out."""
    is_later = {photo: (frame_number(photo) or 0) >= FIRST_REPORTED for photo in labels}
    halves = {
        CHOSEN_ON: {photo: of for photo, of in labels.items() if not is_later[photo]},
        REPORTED: {photo: of for photo, of in labels.items() if is_later[photo]},
        f"all {len(labels)} frames": labels,
    }
    return {name: members for name, members in halves.items() if members}


def _figures(accuracy: Accuracy) -> Iterator[tuple[str, float, str, int]]:
    yield "hairs labelled", accuracy.labelled, "", 0
    for tolerance in accuracy.f1:
        yield f"F1 at {tolerance} px", accuracy.f1[tolerance], "", 3
        yield f"precision at {tolerance} px", accuracy.precision[tolerance], "", 3
        yield f"recall at {tolerance} px", accuracy.recall[tolerance], "", 3
        yield f"worst frame's F1 at {tolerance} px", accuracy.worst_frame_f1[tolerance], "", 3
    yield "root error, median", accuracy.root_error_px, "px", 1
    yield "length ratio", accuracy.length_ratio, "", 3
    yield "swapped ends", 100 * accuracy.swapped, "%", 1
    yield "count error", 100 * accuracy.count_error, "%", 1
    yield "count bias", 100 * accuracy.count_bias, "%", 1
    yield "abnormal traced", 100 * accuracy.abnormal_traced, "%", 0
    yield "undersize found", 100 * accuracy.undersize_recall, "%", 0
    for kind, count in accuracy.kinds.items():
        yield kind, count, "hairs", 0
