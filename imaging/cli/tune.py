"""`dermetry tune`: settings searched against references, cross-validated."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from . import options as opt
from . import tune_options as own
from .scoring import check_scale, gather_settings
from .streams import print_lines

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..study.tuning import Tuning
    from ..study.tuning_run import Observer, PhotoTallies

tune_app = typer.Typer(
    help="Search settings against references: masks, hairs, points, counts or readers' scores.",
    no_args_is_help=True,
)


@dataclass(frozen=True)
class _Request:
    """The options as they were typed."""

    wing: Literal["hair", "face"]
    named: Mapping[str, tuple[str, str]]
    photos: Sequence[Path]
    references: Sequence[Path]
    moves: Sequence[str]
    out: Path
    not_counted: Sequence[str] | None
    ignored: Path | None
    search: Literal["one", "grid", "sample"]
    steps: int
    samples: int
    rounds: int
    metric: str
    tolerance: float | None
    folds: int
    seed: int
    px_per_mm: float | None
    field_width_mm: float | None
    manifest: Path | None
    config: Path | None
    assignments: Sequence[str]
    engine: Literal["process", "serial"]
    jobs: int | None
    with_plots: bool
    as_json: bool
    is_quiet: bool
    match_mm: float | None = None
    match_px: float | None = None


@tune_app.command("hair")
def tune_hair(
    photos: opt.Photos,
    reference: own.References,
    setting: own.Moves,
    out: own.TuneOut,
    *,
    match_mm: Annotated[
        float | None,
        typer.Option(
            "--match-mm",
            metavar="X",
            help="Ends of one hair lie within this, in the mean; 0.1.",
            rich_help_panel=own.REFERENCE,
        ),
    ] = None,
    match_px: Annotated[
        float | None,
        typer.Option(
            "--match-px", metavar="X", help="The same in pixels.", rich_help_panel=own.REFERENCE
        ),
    ] = None,
    not_counted: own.NotCounted = None,
    ignore: own.Ignored = None,
    search: own.SearchChoice = own.Search.one,
    steps: own.Steps = 20,
    samples: own.Samples = 64,
    rounds: own.Rounds = 2,
    metric: own.MetricName = "",
    tolerance: own.Tolerance = None,
    folds: own.Folds = 5,
    seed: own.Seed = 0,
    px_per_mm: opt.PxPerMm = None,
    field_width_mm: opt.FieldWidthMm = None,
    manifest: opt.ManifestFile = None,
    config: opt.ConfigFile = None,
    assignments: opt.Assignments = None,
    segmenter: opt.SegmenterName = None,
    engine: opt.EngineChoice = opt.Engine.process,
    jobs: opt.Jobs = None,
    plots: own.Plots = True,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Search settings of the hair wing against hand labels, masks, counts or readers."""
    named = {"hair.segmenter": ("--segmenter", segmenter)} if segmenter else {}
    _tune(
        _Request(
            wing="hair",
            named=named,
            match_mm=match_mm,
            match_px=match_px,
            photos=photos,
            references=reference,
            moves=setting,
            out=out,
            not_counted=not_counted,
            ignored=ignore,
            search=search.value,
            steps=steps,
            samples=samples,
            rounds=rounds,
            metric=metric,
            tolerance=tolerance,
            folds=folds,
            seed=seed,
            px_per_mm=px_per_mm,
            field_width_mm=field_width_mm,
            manifest=manifest,
            config=config,
            assignments=assignments or [],
            engine=engine.value,
            jobs=jobs,
            with_plots=plots,
            as_json=as_json,
            is_quiet=quiet,
        )
    )


@tune_app.command("face")
def tune_face(
    photos: opt.Photos,
    reference: own.References,
    setting: own.Moves,
    out: own.TuneOut,
    *,
    patch: Annotated[
        bool, typer.Option("--patch", help="Partial crops: one region, whole or by polygon_px.")
    ] = False,
    not_counted: own.NotCounted = None,
    ignore: own.Ignored = None,
    search: own.SearchChoice = own.Search.one,
    steps: own.Steps = 20,
    samples: own.Samples = 64,
    rounds: own.Rounds = 2,
    metric: own.MetricName = "",
    tolerance: own.Tolerance = None,
    folds: own.Folds = 5,
    seed: own.Seed = 0,
    px_per_mm: opt.PxPerMm = None,
    field_width_mm: opt.FieldWidthMm = None,
    manifest: opt.ManifestFile = None,
    config: opt.ConfigFile = None,
    assignments: opt.Assignments = None,
    segmenter: opt.SegmenterName = None,
    engine: opt.EngineChoice = opt.Engine.process,
    jobs: opt.Jobs = None,
    plots: own.Plots = True,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Search settings of the face wing against masks of pigment or readers' scores."""
    named = {"face.segmenter": ("--segmenter", segmenter)} if segmenter else {}
    if patch:
        named["face.patch_mode"] = ("--patch", "true")
    _tune(
        _Request(
            wing="face",
            named=named,
            photos=photos,
            references=reference,
            moves=setting,
            out=out,
            not_counted=not_counted,
            ignored=ignore,
            search=search.value,
            steps=steps,
            samples=samples,
            rounds=rounds,
            metric=metric,
            tolerance=tolerance,
            folds=folds,
            seed=seed,
            px_per_mm=px_per_mm,
            field_width_mm=field_width_mm,
            manifest=manifest,
            config=config,
            assignments=assignments or [],
            engine=engine.value,
            jobs=jobs,
            with_plots=plots,
            as_json=as_json,
            is_quiet=quiet,
        )
    )


def _tune(request: _Request) -> None:
    from ..study.worker import limit_threads  # noqa: PLC0415

    limit_threads()
    from ..records import PhotoInputs  # noqa: PLC0415
    from ..study.tuning import tune  # noqa: PLC0415
    from ..study.tuning_options import TuningOptions  # noqa: PLC0415
    from ..study.tuning_outputs import PAGE_NAME, SETTINGS_NAME, verdict, write_tuning  # noqa: PLC0415

    check_scale(request.px_per_mm, request.field_width_mm)
    options = TuningOptions(
        wing=request.wing,
        moves=request.moves,
        effective=gather_settings(request.config, request.assignments, request.named),
        inputs=PhotoInputs(px_per_mm=request.px_per_mm, field_width_mm=request.field_width_mm),
        manifest=request.manifest,
        search=request.search,
        steps=request.steps,
        samples=request.samples,
        rounds=request.rounds,
        metric=request.metric,
        match_mm=request.match_mm,
        match_px=request.match_px,
        tolerance=request.tolerance,
        folds=request.folds,
        seed=request.seed,
        not_counted=("abnormal",) if request.not_counted is None else request.not_counted,
        ignored=request.ignored,
        engine=request.engine,
        jobs=request.jobs,
    )
    with _watch(is_quiet=request.is_quiet) as observer:
        tuning = tune(request.photos, request.references, options, observer=observer)
    write_tuning(request.out, tuning, with_plots=request.with_plots)
    if request.as_json:
        print_lines([json.dumps(_document(tuning), ensure_ascii=False)])
    if request.is_quiet:
        return
    typer.echo(verdict(tuning), err=True)
    for note in tuning.notes:
        typer.echo(note, err=True)
    typer.echo(f"Settings: {request.out / SETTINGS_NAME}, for --config", err=True)
    typer.echo(f"Tables:   {request.out / 'curves.csv'} and beside it", err=True)
    typer.echo(f"Page:     {request.out / PAGE_NAME}", err=True)


def _document(tuning: Tuning) -> dict[str, object]:
    def known(value: float) -> float | None:
        return value if math.isfinite(value) else None

    tuned, before = tuning.out_of_fold
    return {
        "wing": tuning.wing,
        "metric": tuning.metric.name,
        "photos": len(tuning.photos),
        "settings": dict(tuning.chosen),
        "changed": tuning.changed(),
        "figure": known(tuning.figure(tuning.chosen)),
        "figure_in_force": known(tuning.figure(tuning.start)),
        "out_of_fold": known(tuned),
        "out_of_fold_in_force": known(before),
        "data_digest": tuning.data_digest,
        "notes": list(tuning.notes),
    }


class _Bar:
    """Follows a tuning with a Rich progress bar: one step for each photo of each pass."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task("looking for photos", total=None)

    def started(self, *, photos: int, points: int) -> None:
        """Begin a pass over the photos."""
        told = f"trying {points} choice{'' if points == 1 else 's'}"
        self._progress.reset(self._task, total=photos, description=told)

    def ended(self, photo: PhotoTallies) -> None:
        """Count one photo."""
        del photo
        self._progress.update(self._task, advance=1)


@contextmanager
def _watch(*, is_quiet: bool) -> Iterator[Observer | None]:
    """Give an observer that draws a bar, or none when nobody would see it."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
