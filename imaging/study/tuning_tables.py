"""The tables of a tuning: curves, trials, stability, photos and folds, as rows of a record each."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from ..records import column
from ..settings.declare import Value
from .tuning import Tuning
from .tuning_search import find_plateau
from .tuning_space import Axis, moved
from .tuning_tally import METRICS, Metric, Tally, figure_of


@dataclass(frozen=True)
class CurveRow:
    """A row of ``curves.csv``: one setting at one value, all others as recommended."""

    setting: str = column("The setting that is moved.")
    value: str = column("Its value.")
    unit: str = column("Unit of the value.")
    metric: str = column("The figure.")
    figure: float = column("Over all photos.")
    is_start: bool = column("Whether this is the value in force before.")
    is_chosen: bool = column("Whether this is the value that is recommended.")
    photos_failed: int = column("Photos that could not be scored at this value.")


@dataclass(frozen=True)
class TrialRow:
    """A row of ``trials.csv``: a setting at one of the points tried."""

    trial: int = column("Number of the point, in the order of trying.")
    setting: str = column("A setting.")
    value: str = column("Its value at this point.")
    metric: str = column("The figure that was tuned for.")
    figure: float = column("Over all photos, at this point.")


@dataclass(frozen=True)
class StabilityRow:
    """A row of ``stability.csv``: how far one setting can move, all others as recommended."""

    setting: str = column("The setting.")
    unit: str = column("Its unit.")
    start: str = column("Value in force before.")
    chosen: str = column("Value recommended.")
    stable_low: str = column("Lowest value up to which the figure stays within the tolerance.")
    stable_high: str = column("Highest such value.")
    stable_percent: float = column("Share of the steps tried that lies between them.", unit="%")
    tried_low: str = column("Lowest value tried.")
    tried_high: str = column("Highest value tried.")
    best_low: str = column("Lowest value of the widest plateau of the best figure.")
    best_high: str = column("Highest value of it.")
    figure: float = column("Figure at the value recommended.")
    worst_figure: float = column("Worst figure along the curve.")
    tolerance: float = column("How far a figure may move before it is another result.")


@dataclass(frozen=True)
class PhotoTuningRow:
    """A row of ``photos.csv``: how one photo answers to one setting."""

    photo_id: str = column("The photo.")
    setting: str = column("The setting that is moved, all others as recommended.")
    metric: str = column("A figure that one photo has.")
    figure: float = column("At the value recommended.")
    lowest: float = column("Least along the curve.")
    highest: float = column("Most along the curve.")
    spread: float = column("Most − least: how much this photo depends on the setting.")
    best_value: str = column("Value that is best for this photo alone.")
    failure: str = column("Why the photo could not be used; empty when it could.")


@dataclass(frozen=True)
class FoldRow:
    """A row of ``folds.csv``: what was chosen without these photos, and how it did on them."""

    fold: int = column("Number of the fold.")
    photos: int = column("Photos held out.")
    photo_ids: str = column("Their names, separated by semicolons.")
    setting: str = column("A setting.")
    value: str = column("Its value chosen on the other photos.")
    metric: str = column("The figure that was tuned for.")
    figure_training: float = column("On the photos that it was chosen on.")
    figure_tuned: float = column("On the photos held out, at the value chosen.")
    figure_start: float = column("On the photos held out, at the settings in force.")


#: Record type of every table of a tuning, by file name.
TUNING_TABLES: dict[str, type] = {
    "curves": CurveRow,
    "trials": TrialRow,
    "stability": StabilityRow,
    "photos": PhotoTuningRow,
    "folds": FoldRow,
}


def shown_value(value: Value) -> str:
    """Return a value as TOML and ``--set`` take it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return f"{value:.10g}" if isinstance(value, float) else str(value)


def photo_metric(tuning: Tuning) -> Metric:
    """Return the figure that a single photo has: a correlation needs several."""
    return METRICS["difference"] if tuning.metric.name == "icc" else tuning.metric


def curve_of(tuning: Tuning, axis: Axis, metric: Metric | None = None) -> list[float]:
    """Return the figures along one axis through the recommendation."""
    return [tuning.figure(moved(tuning.chosen, axis.name, value), metric) for value in axis.values]


def photo_curve(tuning: Tuning, axis: Axis, photo: str) -> list[float]:
    """Return one photo's own figures along one axis through the recommendation."""
    metric = photo_metric(tuning)
    return [figure_of(metric, [_tally(tuning, axis, value, photo)]) for value in axis.values]


def curve_rows(tuning: Tuning) -> Iterator[CurveRow]:
    """Yield every figure at every value of every setting."""
    start, chosen = dict(tuning.start), dict(tuning.chosen)
    for axis in tuning.axes:
        for value in axis.values:
            point = moved(tuning.chosen, axis.name, value)
            failed = sum(bool(tuning.tallies.known[point][p].failure) for p in tuning.photos)
            for metric in tuning.metrics:
                yield CurveRow(
                    setting=axis.name,
                    value=shown_value(value),
                    unit=axis.declaration.unit,
                    metric=metric.name,
                    figure=tuning.figure(point, metric),
                    is_start=value == start[axis.name],
                    is_chosen=value == chosen[axis.name],
                    photos_failed=failed,
                )


def trial_rows(tuning: Tuning) -> Iterator[TrialRow]:
    """Yield every point tried."""
    for number, point in enumerate(tuning.tried, 1):
        figure = tuning.figure(point)
        for name, value in point:
            yield TrialRow(number, name, shown_value(value), tuning.metric.name, figure)


def stability_rows(tuning: Tuning) -> Iterator[StabilityRow]:
    """Yield how far each setting can move before the figure changes by more than the tolerance."""
    start, chosen = dict(tuning.start), dict(tuning.chosen)
    for axis in tuning.axes:
        figures = curve_of(tuning, axis)
        at = axis.values.index(chosen[axis.name])
        low, high = stable_range(figures, at, tolerance=tuning.tolerance, is_number=axis.is_number)
        worths = [f * tuning.metric.sign if math.isfinite(f) else -math.inf for f in figures]
        plateau = find_plateau(worths, tolerance=tuning.tolerance)
        finite = [f for f in figures if math.isfinite(f)]
        worst = min(finite, key=lambda f: f * tuning.metric.sign, default=math.nan)
        yield StabilityRow(
            setting=axis.name,
            unit=axis.declaration.unit,
            start=shown_value(start[axis.name]),
            chosen=shown_value(chosen[axis.name]),
            stable_low=shown_value(axis.values[low]),
            stable_high=shown_value(axis.values[high]),
            stable_percent=100 * (high - low) / (len(axis.values) - 1),
            tried_low=shown_value(axis.values[0]),
            tried_high=shown_value(axis.values[-1]),
            best_low="" if plateau is None else shown_value(axis.values[plateau.low]),
            best_high="" if plateau is None else shown_value(axis.values[plateau.high]),
            figure=figures[at],
            worst_figure=worst,
            tolerance=tuning.tolerance,
        )


def stable_range(
    figures: list[float], at: int, *, tolerance: float, is_number: bool
) -> tuple[int, int]:
    """Return the first and last index round `at` at which the figure has not changed.

    A figure that gets better has changed too: the result would be another one.  Choices have no
    neighbours, so that each stands alone.
    """
    if not is_number:
        return at, at

    def is_same(index: int) -> bool:
        return abs(figures[index] - figures[at]) <= tolerance

    low = high = at
    while low > 0 and is_same(low - 1):
        low -= 1
    while high < len(figures) - 1 and is_same(high + 1):
        high += 1
    return low, high


def photo_rows(tuning: Tuning) -> Iterator[PhotoTuningRow]:
    """Yield each photo's answer to each setting, and the photos that could not be used."""
    metric = photo_metric(tuning)
    chosen = dict(tuning.chosen)
    for photo in tuning.photos:
        for axis in tuning.axes:
            figures = photo_curve(tuning, axis, photo)
            finite = [f for f in figures if math.isfinite(f)]
            best = max(
                range(len(figures)),
                key=lambda i: metric.sign * figures[i] if math.isfinite(figures[i]) else -math.inf,
            )
            low, high = min(finite, default=math.nan), max(finite, default=math.nan)
            yield PhotoTuningRow(
                photo_id=photo,
                setting=axis.name,
                metric=metric.name,
                figure=figures[axis.values.index(chosen[axis.name])],
                lowest=low,
                highest=high,
                spread=high - low,
                best_value=shown_value(axis.values[best]) if finite else "",
                failure="",
            )
    nan = math.nan
    for photo, why in sorted(tuning.failures.items()):
        yield PhotoTuningRow(photo, "", metric.name, nan, nan, nan, nan, "", why)


def fold_rows(tuning: Tuning) -> Iterator[FoldRow]:
    """Yield what each fold chose and how it did."""
    for number, fold in enumerate(tuning.folds, 1):
        for name, value in fold.chosen:
            yield FoldRow(
                fold=number,
                photos=len(fold.photos),
                photo_ids=";".join(fold.photos),
                setting=name,
                value=shown_value(value),
                metric=tuning.metric.name,
                figure_training=fold.figure_training,
                figure_tuned=fold.figure_tuned,
                figure_start=fold.figure_start,
            )


def _tally(tuning: Tuning, axis: Axis, value: Value, photo: str) -> Tally:
    return tuning.tallies.known[moved(tuning.chosen, axis.name, value)][photo]
