"""`dermetry followup`: what has changed between visits, follicle by follicle, pixel by pixel."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import InterruptedRunError, PhotoError, UsageError
from . import options as opt
from .hair import Field
from .scoring import STRICT_EXIT_CODE, ScoringRequest, batch_options, print_results
from .streams import print_lines

if TYPE_CHECKING:
    from ..study.followup import FollowupOptions, FollowupSummary

followup_app = typer.Typer(
    help="Compare visits: two photos, two folders, or all visits of a manifest.",
    no_args_is_help=True,
)


Visit = Annotated[
    str,
    typer.Option(
        "--baseline", metavar="VISIT", help="Reference visit of the manifest; the first one."
    ),
]
Days = Annotated[
    float | None,
    typer.Option(
        "--days", metavar="N", min=0.0, help="Days between two photos or folders without dates."
    ),
]


@dataclass(frozen=True)
class _Request:
    """The options of a follow-up as they were typed."""

    scoring: ScoringRequest
    baseline: str
    days: float | None


@followup_app.command("hair")
def follow_hairs(
    photos: opt.Photos,
    out: opt.Out,
    *,
    baseline: Visit = "",
    days: Days = None,
    px_per_mm: opt.PxPerMm = None,
    field_width_mm: opt.FieldWidthMm = None,
    field: Annotated[
        Field | None,
        typer.Option("--field", help="Readable field, inside of a burnt-in circle, or all."),
    ] = None,
    manifest: opt.ManifestFile = None,
    config: opt.ConfigFile = None,
    assignments: opt.Assignments = None,
    locked: opt.LockFile = None,
    segmenter: opt.SegmenterName = None,
    engine: opt.EngineChoice = opt.Engine.process,
    jobs: opt.Jobs = None,
    fresh: opt.Fresh = False,
    dry_run: opt.DryRun = False,
    strict: opt.Strict = False,
    masks: opt.Masks = False,
    blind: opt.Blind = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Match hairs and follicular units between visits: survival, growth, change of density.

    PHOTOS are BASELINE and FOLLOWUP, two photos or two folders paired by relative path; or, with a
    manifest of subjects and visits, any number of photos and folders.
    """
    named = {"hair.segmenter": ("--segmenter", segmenter), "hair.field": ("--field", field)}
    scoring = ScoringRequest(
        wing="hair",
        photos=photos,
        out=out,
        px_per_mm=px_per_mm,
        field_width_mm=field_width_mm,
        manifest=manifest,
        config=config,
        assignments=assignments or [],
        named_settings={n: (option, str(v)) for n, (option, v) in named.items() if v},
        engine=engine,
        jobs=jobs,
        is_fresh=fresh,
        is_dry_run=dry_run,
        is_strict=strict,
        with_masks=masks,
        is_blind=blind,
        as_json=json,
        is_quiet=quiet,
        locked=locked,
    )
    return _compare(_Request(scoring, baseline, days))


@followup_app.command("face")
def follow_faces(
    photos: opt.Photos,
    out: opt.Out,
    *,
    baseline: Visit = "",
    days: Days = None,
    region_profile: Annotated[
        str | None,
        typer.Option("--region-profile", metavar="NAME", help="Which parts belong to a region."),
    ] = None,
    patch: Annotated[
        bool, typer.Option("--patch", help="Partial crops: one region, whole or by polygon_px.")
    ] = False,
    anonymise: Annotated[
        bool, typer.Option("--anonymise", help="Cover the eyes in every picture written.")
    ] = False,
    px_per_mm: opt.PxPerMm = None,
    field_width_mm: opt.FieldWidthMm = None,
    manifest: opt.ManifestFile = None,
    config: opt.ConfigFile = None,
    assignments: opt.Assignments = None,
    locked: opt.LockFile = None,
    segmenter: opt.SegmenterName = None,
    engine: opt.EngineChoice = opt.Engine.process,
    jobs: opt.Jobs = None,
    fresh: opt.Fresh = False,
    dry_run: opt.DryRun = False,
    strict: opt.Strict = False,
    masks: opt.Masks = False,
    blind: opt.Blind = False,
    json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> int:
    """Lay follow-up faces over their baseline and measure the change of pigment and scores.

    PHOTOS are BASELINE and FOLLOWUP, two photos or two folders paired by relative path; or, with a
    manifest of subjects and visits, any number of photos and folders.
    """
    named = {
        "face.segmenter": ("--segmenter", segmenter),
        "face.region_profile": ("--region-profile", region_profile),
        "face.patch_mode": ("--patch", "true" if patch else None),
        "face.anonymise": ("--anonymise", "true" if anonymise else None),
    }
    scoring = ScoringRequest(
        wing="face",
        photos=photos,
        out=out,
        px_per_mm=px_per_mm,
        field_width_mm=field_width_mm,
        manifest=manifest,
        config=config,
        assignments=assignments or [],
        named_settings={n: (option, v) for n, (option, v) in named.items() if v},
        engine=engine,
        jobs=jobs,
        is_fresh=fresh,
        is_dry_run=dry_run,
        is_strict=strict,
        with_masks=masks,
        is_blind=blind,
        as_json=json,
        is_quiet=quiet,
        locked=locked,
    )
    return _compare(_Request(scoring, baseline, days))


def _compare(request: _Request) -> int:
    """Run the follow-up and return the exit code."""
    from ..study.worker import limit_threads  # noqa: PLC0415

    # Before anything numeric is loaded: workers inherit it, and the serial engine obeys it too.
    limit_threads()
    from ..study.followup import FollowupOptions, run_followup  # noqa: PLC0415

    scoring = request.scoring
    if request.days is not None and not math.isfinite(request.days):
        raise UsageError(f"--days {request.days} should be a number of days.")
    days = math.nan if request.days is None else request.days
    options = FollowupOptions(batch_options(scoring, is_followup=True), request.baseline, days)
    if scoring.is_dry_run:
        return _dry_run(request, options)
    from .progress import watch_progress  # noqa: PLC0415

    with watch_progress(is_quiet=scoring.is_quiet) as observer:
        summary = run_followup(scoring.photos, scoring.out, options, observer=observer)
    if scoring.as_json:
        print_results(scoring)
    if not scoring.is_quiet:
        _tell_end(request, summary)
    if summary.is_interrupted:
        raise InterruptedRunError(
            f"Stopped; all photos and pairs that were finished are kept in {scoring.out}."
        )
    if summary.photos.counts.failed or summary.pairs.pairs_failed or summary.pairs.refused:
        return PhotoError.exit_code
    if scoring.is_strict and (summary.photos.counts.flagged or summary.pairs.pairs_flagged):
        return STRICT_EXIT_CODE
    return 0


def _dry_run(request: _Request, options: FollowupOptions) -> int:
    from ..study.batch import plan_batch  # noqa: PLC0415
    from ..study.followup import plan_followup  # noqa: PLC0415

    scoring = request.scoring
    planned = plan_followup(scoring.photos, options)
    plan = plan_batch(scoring.photos, scoring.out, options.batch)
    print_lines(f"{pair.baseline_id}\t{pair.followup_id}" for pair in planned.pairs)
    if not scoring.is_quiet:
        for refusal in planned.refusals:
            typer.echo(f"{refusal.photo_id}: {refusal.message} {refusal.remedy}", err=True)
        typer.echo(
            f"{len(plan.pending)} of {len(plan.tasks)} photos would be scored and "
            f"{len(planned.pairs)} pairs compared into {scoring.out}; "
            f"{len(planned.refusals)} photos cannot be paired. Nothing was written.",
            err=True,
        )
    return 0


def _tell_end(request: _Request, summary: FollowupSummary) -> None:
    photos, pairs, out = summary.photos.counts, summary.pairs, request.scoring.out
    before = f" ({summary.photos.reused} of them before)" if summary.photos.reused else ""
    typer.echo(
        f"{photos.photos} photos: {photos.scored} scored{before}, {photos.failed} failed.", err=True
    )
    parts = [f"{pairs.compared} compared", f"{pairs.pairs_failed} refused or failed"]
    if summary.reused:
        parts[0] += f" ({summary.reused} of them before)"
    parts.append(f"{pairs.pairs_flagged} flagged")
    noun = "pair" if pairs.pairs == 1 else "pairs"
    typer.echo(f"{pairs.pairs} {noun}: {', '.join(parts)}.", err=True)
    if pairs.refused:
        typer.echo(f"{pairs.refused} photos could not be paired.", err=True)
    if photos.failed or pairs.pairs_failed or pairs.refused:
        typer.echo(f"Failures and what to do: {out / 'failures.csv'}", err=True)
    typer.echo(f"Changes:  {out / 'followup.csv'} and beside it", err=True)
    typer.echo(f"Pictures: {out / 'comparisons'}", err=True)
    if not summary.is_interrupted:
        typer.echo(f"Report:   {out / 'report.html'}", err=True)
    else:
        typer.echo(f"Report:   none yet; dermetry report {out} makes one", err=True)
