"""What `hair` and `face` have in common: settings gathered, the batch run, its end told."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import typer

from ..errors import InterruptedRunError, PhotoError, SettingsError, UsageError
from .streams import print_lines

if TYPE_CHECKING:
    from ..settings import EffectiveSettings
    from ..study.batch import BatchOptions, Summary

STRICT_EXIT_CODE = 5


@dataclass(frozen=True)
class ScoringRequest:
    """The options of a scoring command as they were typed.

    ``named_settings`` holds, by dotted name, the option that stands for a setting and its value.
    """

    wing: Literal["hair", "face"]
    photos: Sequence[Path]
    out: Path
    px_per_mm: float | None
    field_width_mm: float | None
    manifest: Path | None
    config: Path | None
    assignments: Sequence[str]
    engine: Literal["process", "serial"] | str
    jobs: int | None
    is_fresh: bool
    is_dry_run: bool
    is_strict: bool
    with_masks: bool
    is_blind: bool
    as_json: bool
    is_quiet: bool
    named_settings: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    locked: Path | None = None


def score_photos(request: ScoringRequest) -> int:
    """Run the batch and return the exit code."""
    from ..study.worker import limit_threads  # noqa: PLC0415

    # Before anything numeric is loaded: workers inherit it, and the serial engine obeys it too.
    limit_threads()
    from ..study.batch import run_batch  # noqa: PLC0415

    options = batch_options(request)
    if request.is_dry_run:
        return _dry_run(request, options)
    from .progress import watch_progress  # noqa: PLC0415

    with watch_progress(is_quiet=request.is_quiet) as observer:
        summary = run_batch(request.photos, request.out, options, observer=observer)
    if request.as_json:
        print_results(request)
    if not request.is_quiet:
        _tell_end(request, summary)
    if summary.is_interrupted:
        counts = summary.counts
        raise InterruptedRunError(
            f"Stopped with {counts.scored + counts.failed} of {counts.photos} photos finished; "
            f"all of them are kept in {request.out}."
        )
    if summary.counts.failed:
        return PhotoError.exit_code
    if request.is_strict and summary.counts.flagged:
        return STRICT_EXIT_CODE
    return 0


def gather_settings(
    config: Path | None,
    assignments: Sequence[str],
    named: Mapping[str, tuple[str, str]] | None = None,
) -> EffectiveSettings:
    """Return defaults < TOML < ``--set`` < named options."""
    from ..settings import effective_settings, parse_assignments, parse_toml  # noqa: PLC0415

    layers: list[tuple[str, Mapping[str, object]]] = []
    if config is not None:
        layers.append((str(config), parse_toml(read_settings_file(config), origin=str(config))))
    layers.append(("--set", parse_assignments(assignments)))
    layers += [(option, {name: value}) for name, (option, value) in (named or {}).items()]
    return effective_settings(layers)


def read_settings_file(path: Path) -> bytes:
    """Return the bytes of a settings file, not more than one may have."""
    from ..settings.effective import MAX_TOML_BYTES  # noqa: PLC0415

    try:
        with path.open("rb") as file:
            return file.read(MAX_TOML_BYTES + 1)
    except OSError as err:
        raise SettingsError(f"{path} cannot be read: {err.strerror or err}.") from err


def check_scale(px_per_mm: float | None, field_width_mm: float | None) -> None:
    """Refuse both kinds of scale at once, and a scale that is none."""
    if px_per_mm is not None and field_width_mm is not None:
        raise UsageError(
            "--px-per-mm and --field-width-mm are both given.", remedy="Give one of the two."
        )
    for option, value in (("--px-per-mm", px_per_mm), ("--field-width-mm", field_width_mm)):
        if value is not None and not (value > 0 and math.isfinite(value)):
            raise UsageError(f"{option} {value:g} should be a number above 0.")


def batch_options(request: ScoringRequest, *, is_followup: bool = False) -> BatchOptions:
    """Return how the batch is run; raises `UsageError` and `SettingsError`.

    A lock holds for the follow-up as well when ``is_followup``.
    """
    from ..records import PhotoInputs  # noqa: PLC0415
    from ..study.batch import BatchOptions  # noqa: PLC0415

    check_scale(request.px_per_mm, request.field_width_mm)
    effective = gather_settings(request.config, request.assignments, request.named_settings)
    lock = None
    if request.locked is not None:
        from ..study.locking import obey, read_lock  # noqa: PLC0415

        lock = read_lock(read_settings_file(request.locked), origin=str(request.locked))
        effective = obey(lock, effective, wing=request.wing, is_followup=is_followup)
    return BatchOptions(
        wing=request.wing,
        effective=effective,
        lock=lock,
        inputs=PhotoInputs(px_per_mm=request.px_per_mm, field_width_mm=request.field_width_mm),
        manifest=request.manifest,
        engine="serial" if request.engine == "serial" else "process",
        jobs=request.jobs,
        is_fresh=request.is_fresh,
        with_masks=request.with_masks,
        is_blind=request.is_blind,
    )


def _dry_run(request: ScoringRequest, options: BatchOptions) -> int:
    from ..study.batch import plan_batch  # noqa: PLC0415

    plan = plan_batch(request.photos, request.out, options)
    print_lines(task.photo_id for task in plan.pending)
    if not request.is_quiet:
        typer.echo(
            f"{len(plan.pending)} of {len(plan.tasks)} photos would be scored into {request.out}; "
            f"{len(plan.done)} are done. Nothing was written.",
            err=True,
        )
    return 0


def print_results(request: ScoringRequest) -> None:
    """Print the rows of the output folder as NDJSON."""
    from ..study.outputs import json_rows  # noqa: PLC0415
    from ..study.store import open_for_reading  # noqa: PLC0415
    from ..study.wings import load_wing  # noqa: PLC0415

    with open_for_reading(request.out) as ledger:
        rows = json_rows(ledger, load_wing(request.wing))
        print_lines(json.dumps(row, ensure_ascii=False) for row in rows)


def _tell_end(request: ScoringRequest, summary: Summary) -> None:
    counts = summary.counts
    parts = [f"{counts.scored} scored"]
    if summary.reused:
        parts[0] += f" ({summary.reused} of them before)"
    parts.append(f"{counts.failed} failed")
    parts.append(f"{counts.flagged} flagged")
    if counts.unfinished:
        parts.append(f"{counts.unfinished} not finished")
    noun = "photo" if counts.photos == 1 else "photos"
    typer.echo(f"{counts.photos} {noun}: {', '.join(parts)}.", err=True)
    if counts.failed:
        typer.echo(f"Failures and what to do: {request.out / 'failures.csv'}", err=True)
    typer.echo(f"Tables:   {request.out / 'results.csv'} and beside it", err=True)
    typer.echo(f"Pictures: {request.out / 'overlays'}", err=True)
    if not counts.unfinished:
        typer.echo(f"Report:   {request.out / 'report.html'}", err=True)
    else:
        typer.echo(f"Report:   none yet; dermetry report {request.out} makes one", err=True)
    if summary.kept_besides:
        typer.echo(
            f"{summary.kept_besides} photos of earlier runs stay in the ledger; "
            "the tables show this run's photos only.",
            err=True,
        )
