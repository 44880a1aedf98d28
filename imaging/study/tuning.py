"""Settings tuned against references: searched, cross-validated, and how firm the choice is."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ..errors import NoPhotosError, UsageError
from ..photo.reading import find_photos
from ..settings import Settings, digest
from ..settings.declare import Value
from .agreement_clusters import PHOTOS_APART
from .engines import usable_cores
from .manifest import check_manifest, inputs_of, read_manifest, refuse_polygons
from .references import Kind, References, read_references, told_count
from .tables import result_columns
from .tuning_options import DEFAULT_MATCH_MM, Search, TuningOptions
from .tuning_run import (
    Observer,
    PhotoTallies,
    TunedPhoto,
    Workplace,
    tally_points,
    watch_for_stop,
)
from .tuning_search import Subset, Tallies, make_folds, search_one_at_a_time, search_points
from .tuning_space import (
    Axis,
    Point,
    base_point,
    curve_points,
    grid_points,
    parse_axis,
    sampled_points,
)
from .tuning_tally import DEFAULT_METRIC, METRICS, Metric, Tally, metrics_of
from .wings import Wing, WingName, load_wing

#: Figures of fewer photos say little of others.
_FEW_PHOTOS = 5


@dataclass(frozen=True)
class Fold:
    """One fold: what was chosen without its photos, and the figures on them."""

    photos: Subset
    chosen: Point
    figure_training: float
    figure_tuned: float
    figure_start: float


@dataclass(frozen=True)
class Tuning:
    """What a tuning found.

    Parameters
    ----------
    axes : tuple of Axis
    start, found, chosen : Point
        The settings in force, the best by the search, and what is recommended: `found` where its
        gain holds on photos that it was not tuned on, else `start`.
    photos : tuple of str
        Those whose tallies count.
    failures : mapping of photo to sentence
        Photos that could not be used.
    tried : tuple of Point
        Every point tallied.
    out_of_fold : (float, float)
        Figure on photos not tuned on, at the folds' choices and at `start`; NaN without folds.
    """

    wing: WingName
    settings: Settings
    axes: tuple[Axis, ...]
    metric: Metric
    metrics: tuple[Metric, ...]
    kind: Kind
    tolerance: float
    start: Point
    found: Point
    chosen: Point
    photos: Subset
    failures: Mapping[str, str]
    tallies: Tallies
    folds: tuple[Fold, ...]
    out_of_fold: tuple[float, float]
    notes: tuple[str, ...]
    data_digest: str
    search: Search
    algorithm_version: str
    match: str

    @property
    def tried(self) -> tuple[Point, ...]:
        """Every point that was tallied, in the order of the asking."""
        return tuple(self.tallies.known)

    def figure(self, point: Point, metric: Metric | None = None) -> float:
        """Return a figure over all usable photos."""
        return self.tallies.figure(metric or self.metric, point, self.photos)

    def changed(self) -> dict[str, Value]:
        """Return the settings that the recommendation moves."""
        return {n: v for (n, v), (_, w) in zip(self.chosen, self.start, strict=True) if v != w}


def tune(
    paths: Sequence[Path],
    references: Sequence[Path],
    options: TuningOptions,
    *,
    observer: Observer | None = None,
    target: str = "",
) -> Tuning:
    """Search for the settings at which the scores agree best with the references.

    Parameters
    ----------
    paths : sequence of Path
        Photos or folders.
    references : sequence of Path
        See `references.read_references`.
    options : TuningOptions
    observer : Observer, optional
    target : str, optional
        The wing, as `wings.load_wing` takes it; ``options.wing`` when empty.

    Raises
    ------
    RunError
        Wrong usage or settings, references that cannot be read or belong to no photo, or a person
        wants to stop.
    """
    wing = load_wing(target or options.wing)
    base = options.effective.settings
    axes = _axes(options, base)
    photos, known, groups = _photos(paths, references, options, wing)
    metric, match, is_mm = _metric(options, known.kind)
    tolerance = metric.tolerance if options.tolerance is None else options.tolerance
    if not (tolerance >= 0 and math.isfinite(tolerance)):
        raise UsageError(f"--tolerance {tolerance:g} should be 0 or more.")
    place = Workplace(
        target=target or options.wing,
        wing=wing,
        base=base,
        tolerance=match,
        is_mm=is_mm,
        engine=options.engine,
        jobs=options.jobs or usable_cores(),
    )
    start = base_point(axes, base)
    failures: dict[str, str] = {}
    hashes: dict[str, str] = {}
    with watch_for_stop(options.engine) as stop:

        def evaluate(points: Sequence[Point]) -> Mapping[Point, Mapping[str, Tally]]:
            usable = [photo for photo in photos if photo.photo_id not in failures]
            ended = tally_points(usable, points, place, stop=stop, observer=observer)
            return _collected(ended, points, failures, hashes)

        tallies = Tallies(evaluate)
        first = _first_points(axes, start, options)
        tallies.ensure([start, *first])
        used = _usable(tallies.known[start], failures)
        folds = make_folds(
            used, groups, folds=options.folds, rng=np.random.default_rng(options.seed)
        )
        training = [tuple(p for p in used if p not in fold) for fold in folds]
        chosen = _searched(axes, start, first, tallies, metric, [used, *training], options)
        found, out_of_fold = _judged(tallies, metric, start, folds, training, chosen[1:])
        best = chosen[0]
        gain = metric.sign * (out_of_fold[0] - out_of_fold[1])
        holds = not folds or gain > 0
        final = best if holds else start
        # The curves that are shown run through what is recommended.
        tallies.ensure(curve_points(axes, final))
    return Tuning(
        wing=wing.name,
        settings=base,
        axes=tuple(axes),
        metric=metric,
        metrics=tuple(metrics_of(known.kind)),
        kind=known.kind,
        tolerance=tolerance,
        start=start,
        found=best,
        chosen=final,
        photos=used,
        failures=failures,
        tallies=tallies,
        folds=found,
        out_of_fold=out_of_fold,
        notes=_notes(known, failures, used, groups, folds, best != start, holds),
        data_digest=digest([[p, hashes[p], known.by_photo[p].digest] for p in used]),
        search=options.search,
        algorithm_version=wing.algorithm_version,
        match=f"{match:g} {'mm' if is_mm else 'px'}" if known.kind in ("hairs", "points") else "",
    )


def _axes(options: TuningOptions, base: Settings) -> list[Axis]:
    if not options.moves:
        raise UsageError(
            "No setting is named.", remedy="For example --setting hair.min_confidence=0.4:0.9"
        )
    if options.steps < 2:
        raise UsageError(f"--steps {options.steps} should be at least 2.")
    axes = [parse_axis(m, base, wing=options.wing, steps=options.steps) for m in options.moves]
    names = [axis.name for axis in axes]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"{twice[0]} is named twice.", remedy="Name each setting once.")
    return axes


def _photos(
    paths: Sequence[Path], references: Sequence[Path], options: TuningOptions, wing: Wing
) -> tuple[list[TunedPhoto], References, dict[str, str]]:
    if options.jobs is not None and options.jobs < 1:
        raise UsageError(f"--jobs {options.jobs} should be at least 1.")
    if options.rounds < 1 or options.folds < 0:
        raise UsageError("--rounds should be 1 or more, --folds 0 or more.")
    places = {photo.photo_id: photo.path for photo in find_photos(paths)}
    cells: Mapping[str, Mapping[str, str]] = {}
    if options.manifest is not None:
        manifest = read_manifest(options.manifest)
        check_manifest(manifest, list(places), result_columns=result_columns(wing))
        refuse_polygons(manifest, options.effective.settings, wing=wing.name)
        cells = manifest.by_photo()
    known = read_references(
        references, list(places), not_counted=options.not_counted, ignored=options.ignored
    )
    # Masks and drawings beside the photos are found as photos too: what has no reference goes.
    photos = [
        TunedPhoto(p, places[p], inputs_of(cells.get(p), options.inputs), known.by_photo[p])
        for p in sorted(known.by_photo)
    ]
    groups = {p: row["subject"] for p, row in cells.items() if "subject" in row}
    return photos, known, groups


def _metric(options: TuningOptions, kind: Kind) -> tuple[Metric, float, bool]:
    name = options.metric or DEFAULT_METRIC[kind]
    if name not in METRICS:
        raise UsageError(
            f"There is no metric {name!r}.", remedy=f"Choose one of {', '.join(METRICS)}."
        )
    metric = METRICS[name]
    if kind not in metric.kinds:
        allowed = ", ".join(m.name for m in metrics_of(kind) if m.sign)
        raise UsageError(
            f"{name} cannot be had from references that are {kind}.",
            remedy=f"Choose one of {allowed}.",
        )
    if options.match_mm is not None and options.match_px is not None:
        raise UsageError("--match-mm and --match-px are both given.", remedy="Give one.")
    is_mm = options.match_px is None
    given = options.match_mm if is_mm else options.match_px
    match = DEFAULT_MATCH_MM if given is None else given
    if not (match > 0 and math.isfinite(match)):
        raise UsageError(f"--match-{'mm' if is_mm else 'px'} {match:g} should be above 0.")
    if options.wing == "face" and kind in ("hairs", "points"):
        raise UsageError(
            f"References that are {kind} say nothing of faces.",
            remedy="Give masks of pigment, or readers' scores.",
        )
    return metric, match, is_mm


def _first_points(axes: Sequence[Axis], start: Point, options: TuningOptions) -> list[Point]:
    if options.search == "grid":
        return grid_points(axes)
    if options.search == "sample":
        return sampled_points(axes, options.samples, seed=options.seed)
    return curve_points(axes, start)


def _searched(
    axes: Sequence[Axis],
    start: Point,
    first: Sequence[Point],
    tallies: Tallies,
    metric: Metric,
    subsets: Sequence[Subset],
    options: TuningOptions,
) -> list[Point]:
    tolerance = metric.tolerance if options.tolerance is None else options.tolerance
    if options.search == "one":
        return search_one_at_a_time(
            axes, start, tallies, metric, subsets, tolerance=tolerance, rounds=options.rounds
        )
    return search_points(axes, start, first, tallies, metric, subsets, tolerance=tolerance)


def _collected(
    ended: Sequence[PhotoTallies],
    points: Sequence[Point],
    failures: dict[str, str],
    hashes: dict[str, str],
) -> dict[Point, dict[str, Tally]]:
    found: dict[Point, dict[str, Tally]] = {point: {} for point in points}
    for photo in ended:
        if photo.failure:
            failures[photo.photo_id] = photo.failure
            continue
        hashes[photo.photo_id] = photo.sha256
        for point, one in zip(points, photo.tallies, strict=True):
            found[point][photo.photo_id] = one
    return found


def _usable(at_start: Mapping[str, Tally], failures: dict[str, str]) -> Subset:
    """Return the photos that can be scored with the settings in force; the others are failures."""
    for photo, one in at_start.items():
        if one.failure:
            failures[photo] = f"With the settings in force: {one.failure}"
    used = tuple(sorted(set(at_start) - set(failures)))
    if not used:
        photo, why = sorted(failures.items())[0]
        raise NoPhotosError(
            f"Of {told_count(len(failures), 'photo')} with a reference none can be used; {photo}: "
            f"{why}",
            remedy="Mend the references; where a scale is lacking, give --px-per-mm or --match-px.",
        )
    return used


def _judged(
    tallies: Tallies,
    metric: Metric,
    start: Point,
    folds: Sequence[Subset],
    training: Sequence[Subset],
    chosen: Sequence[Point],
) -> tuple[tuple[Fold, ...], tuple[float, float]]:
    """Return every fold, and the figures over all photos, each at its own fold's choice."""
    found = tuple(
        Fold(
            photos=fold,
            chosen=point,
            figure_training=tallies.figure(metric, point, others),
            figure_tuned=tallies.figure(metric, point, fold),
            figure_start=tallies.figure(metric, start, fold),
        )
        for fold, others, point in zip(folds, training, chosen, strict=True)
    )
    if not found:
        return (), (math.nan, math.nan)
    tuned = [tallies.known[f.chosen][photo] for f in found for photo in f.photos]
    before = [tallies.known[start][photo] for f in found for photo in f.photos]
    if any(one.failure for one in tuned):
        return found, (math.nan, metric.of(before))
    return found, (metric.of(tuned), metric.of(before))


def _notes(
    known: References,
    failures: Mapping[str, str],
    used: Subset,
    groups: Mapping[str, str],
    folds: Sequence[Subset],
    is_moved: bool,
    holds: bool,
) -> tuple[str, ...]:
    notes = list(known.notes)
    if failures:
        notes.append(f"{told_count(len(failures), 'photo')} cannot be used; photos.csv says why.")
    if not folds:
        notes.append(
            "Without folds every figure is on the photos that it was tuned on: it is too good."
        )
    elif not groups:
        notes.append(PHOTOS_APART)
    if len(used) < _FEW_PHOTOS:
        few = told_count(len(used), "photo")
        notes.append(f"Only {few}: what is tuned on so few need not hold on others.")
    if not is_moved:
        notes.append("The settings in force are as good as any that were tried: nothing changes.")
    elif not holds:
        notes.append(
            "What was found is no better on photos that it was not tuned on: the settings in force "
            "are kept."
        )
    return tuple(notes)
