"""`dermetry face`: measure pigment and score MASI on facial photos."""

from __future__ import annotations

from typing import Annotated

import typer

from . import options as opt
from .scoring import ScoringRequest, score_photos


def score_faces(
    photos: opt.Photos,
    out: opt.Out,
    *,
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
    """Measure pigmented area per region on facial photos: MASI and mMASI."""
    named = {
        "face.segmenter": ("--segmenter", segmenter),
        "face.region_profile": ("--region-profile", region_profile),
        "face.patch_mode": ("--patch", "true" if patch else None),
        "face.anonymise": ("--anonymise", "true" if anonymise else None),
    }
    return score_photos(
        ScoringRequest(
            wing="face",
            photos=photos,
            out=out,
            px_per_mm=px_per_mm,
            field_width_mm=field_width_mm,
            manifest=manifest,
            config=config,
            assignments=assignments or [],
            locked=locked,
            named_settings={
                name: (option, value) for name, (option, value) in named.items() if value
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
