"""`dermetry export`, `report` and `verify`: what is done with a filled output folder."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from ..errors import PhotoError
from . import options as opt

OutputFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="The folder that was given as --out.")
]


def export_folder(
    folder: OutputFolder,
    xlsx: Annotated[
        bool, typer.Option("--xlsx", help="Write all tables as dermetry.xlsx as well.")
    ] = False,
    coco: Annotated[
        bool, typer.Option("--coco", help="Write hairs, units, regions and lesions as coco.json.")
    ] = False,
    geojson: Annotated[
        bool, typer.Option("--geojson", help="Write them as GeoJSON, a file for each photo.")
    ] = False,
    quiet: opt.Quiet = False,
) -> None:
    """Rebuild all tables and run.toml from the ledger; annotations for drawing programs."""
    from ..study.outputs import write_outputs  # noqa: PLC0415
    from ..study.store import open_for_reading  # noqa: PLC0415
    from ..study.wings import load_wing  # noqa: PLC0415

    with open_for_reading(folder) as ledger:
        wing = load_wing(ledger.last_run().wing)
        paths = write_outputs(folder, ledger, wing)
        if xlsx:
            from ..study.workbook import write_workbook  # noqa: PLC0415

            paths.append(write_workbook(folder / "dermetry.xlsx", ledger, wing))
        if coco or geojson:
            from ..study.annotations_export import export_coco, export_geojson  # noqa: PLC0415

            paths += [export_coco(folder, ledger)] if coco else []
            paths += export_geojson(folder, ledger) if geojson else []
    if not quiet:
        for path in paths:
            typer.echo(path)


def report_folder(folder: OutputFolder, blind: opt.Blind = False, quiet: opt.Quiet = False) -> None:
    """Rebuild the HTML report from the ledger."""
    from ..study.report import write_report  # noqa: PLC0415

    path = write_report(folder, blind=blind)
    if not quiet:
        typer.echo(path)


def verify_folder(
    folder: OutputFolder,
    sample: Annotated[
        int, typer.Option("--sample", metavar="N", help="How many photos are scored again.")
    ] = 5,
    seed: Annotated[int, typer.Option("--seed", help="Chooses the photos.")] = 0,
    jobs: opt.Jobs = None,
    quiet: opt.Quiet = False,
) -> int:
    """Score a sample of photos again and compare every number with the ledger."""
    from ..study.worker import limit_threads  # noqa: PLC0415

    limit_threads()
    import numpy as np  # noqa: PLC0415

    from ..study.verify import replay_sample  # noqa: PLC0415

    replays = replay_sample(folder, sample=sample, rng=np.random.default_rng(seed), jobs=jobs)
    different = [replay for replay in replays if not replay.is_equal]
    for replay in different:
        typer.echo(f"{replay.photo_id}: {'; '.join(replay.differences)}")
    if not quiet:
        numbers = sum(replay.numbers for replay in replays)
        noun = "photo" if len(replays) == 1 else "photos"
        typer.echo(
            f"{len(replays)} {noun} scored again, {numbers} numbers compared: "
            + (f"{len(different)} photos differ." if different else "all equal."),
            err=True,
        )
    return PhotoError.exit_code if different else 0
