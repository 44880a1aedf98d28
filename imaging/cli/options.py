"""The options that the scoring commands share, defined once."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

SCALE = "Scale"
RUN = "Run"
OUTPUT = "Output"


class Engine(enum.StrEnum):
    """Where photos are scored."""

    process = "process"
    serial = "serial"


Photos = Annotated[
    list[Path],
    typer.Argument(metavar="PHOTOS", help="Photos, or folders that are searched recursively."),
]
Out = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for the ledger, tables and pictures.")
]
PxPerMm = Annotated[
    float | None,
    typer.Option("--px-per-mm", metavar="X", help="Scale of all photos.", rich_help_panel=SCALE),
]
FieldWidthMm = Annotated[
    float | None,
    typer.Option(
        "--field-width-mm",
        metavar="X",
        help="Width of the imaged area, pillar-boxes left out.",
        rich_help_panel=SCALE,
    ),
]
ManifestFile = Annotated[
    Path | None,
    typer.Option("--manifest", metavar="FILE", help="CSV or XLSX: what each photo shows."),
]
ConfigFile = Annotated[
    Path | None, typer.Option("--config", metavar="FILE", help="Settings as TOML.")
]
LockFile = Annotated[
    Path | None,
    typer.Option(
        "--locked",
        metavar="FILE",
        help="Settings locked by dermetry config lock; any other is refused.",
    ),
]
Assignments = Annotated[
    list[str] | None,
    typer.Option(
        "--set", metavar="NAME=VALUE", help="One setting, e.g. hair.terminal_cutoff_um=30."
    ),
]
SegmenterName = Annotated[
    str | None,
    typer.Option("--segmenter", metavar="NAME", help="What turns pixels into evidence."),
]
EngineChoice = Annotated[
    Engine,
    typer.Option("--engine", help="Worker processes, or all in this one.", rich_help_panel=RUN),
]
Jobs = Annotated[
    int | None,
    typer.Option(
        "--jobs", "-j", metavar="N", help="Worker processes; one per core.", rich_help_panel=RUN
    ),
]
Fresh = Annotated[
    bool,
    typer.Option("--fresh", help="Score all photos, also finished ones.", rich_help_panel=RUN),
]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Say what would be done.", rich_help_panel=RUN)
]
Strict = Annotated[
    bool, typer.Option("--strict", help="Exit with 5 when photos are flagged.", rich_help_panel=RUN)
]
Masks = Annotated[
    bool, typer.Option("--masks", help="Write masks as PNG as well.", rich_help_panel=OUTPUT)
]
Blind = Annotated[
    bool,
    typer.Option(
        "--blind", help="Keep arm, subject and visit out of the report.", rich_help_panel=OUTPUT
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="Print results as NDJSON.", rich_help_panel=OUTPUT)
]
Quiet = Annotated[
    bool, typer.Option("--quiet", "-q", help="Print errors only.", rich_help_panel=OUTPUT)
]
