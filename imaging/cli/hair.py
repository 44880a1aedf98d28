"""`dermetry hair`: count and measure hairs on trichoscopy photos."""

from __future__ import annotations

import enum
from typing import Annotated

import typer

from . import options as opt
from .scoring import ScoringRequest, score_photos


class Field(enum.StrEnum):
    """What is counted."""

    auto = "auto"
    circle = "circle"
    full = "full"


def score_hairs(
    photos: opt.Photos,
    out: opt.Out,
    *,
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
    """Count hairs and follicular units and measure them on trichoscopy photos."""
    named = {"hair.segmenter": ("--segmenter", segmenter), "hair.field": ("--field", field)}
    return score_photos(
        ScoringRequest(
            wing="hair",
            photos=photos,
            out=out,
            px_per_mm=px_per_mm,
            field_width_mm=field_width_mm,
            manifest=manifest,
            config=config,
            assignments=assignments or [],
            locked=locked,
            named_settings={
                name: (option, str(value)) for name, (option, value) in named.items() if value
            },
            engine=engine,
            jobs=jobs,
            is_fresh=fresh,
            is_dry_run=dry_run,
            is_strict=strict,
            with_masks=masks,
            is_blind=blind,
            as_json=json,
            is_quiet=quiet,
        )
    )
