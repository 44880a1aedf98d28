"""The options of `dermetry tune`, defined once for both wings."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Annotated

import typer

SEARCH = "Search"
REFERENCE = "Reference"


class Search(enum.StrEnum):
    """How choices of settings are made."""

    one = "one"
    grid = "grid"
    sample = "sample"


References = Annotated[
    list[Path],
    typer.Option(
        "--reference",
        metavar="PATH",
        help="PNG masks, CSV of hairs, points, counts or readers' scores, COCO, LabelMe, GeoJSON, "
        "ImageJ or napari exports; a file or a folder. Again for more.",
        rich_help_panel=REFERENCE,
    ),
]
NotCounted = Annotated[
    list[str] | None,
    typer.Option(
        "--not-counted",
        metavar="LABEL",
        help="Label of what must not be found (debris); 'abnormal' when left out.",
        rich_help_panel=REFERENCE,
    ),
]
Ignored = Annotated[
    Path | None,
    typer.Option(
        "--ignore",
        metavar="DIR",
        help="PNG masks named like the photos: what lies there counts on neither side.",
        rich_help_panel=REFERENCE,
    ),
]
Moves = Annotated[
    list[str],
    typer.Option(
        "--setting",
        metavar="NAME=LOW:HIGH",
        help="A setting to move: NAME (its whole range), NAME=LOW:HIGH[:STEPS] or NAME=A,B,C. "
        "Again for more.",
        rich_help_panel=SEARCH,
    ),
]
SearchChoice = Annotated[
    Search,
    typer.Option(
        "--search",
        help="One setting at a time, every combination, or a seeded sample for many settings.",
        rich_help_panel=SEARCH,
    ),
]
Steps = Annotated[
    int, typer.Option("--steps", metavar="N", help="Values of a range.", rich_help_panel=SEARCH)
]
Samples = Annotated[
    int,
    typer.Option(
        "--samples", metavar="N", help="Points of --search sample.", rich_help_panel=SEARCH
    ),
]
Rounds = Annotated[
    int,
    typer.Option(
        "--rounds", metavar="N", help="How often one-at-a-time goes round.", rich_help_panel=SEARCH
    ),
]
MetricName = Annotated[
    str,
    typer.Option(
        "--metric",
        metavar="NAME",
        help="f1, precision, recall, dice, count_error, icc or difference; what suits the "
        "references when left out.",
        rich_help_panel=SEARCH,
    ),
]
Tolerance = Annotated[
    float | None,
    typer.Option(
        "--tolerance",
        metavar="X",
        help="How far the figure may move before it is another result.",
        rich_help_panel=SEARCH,
    ),
]
Folds = Annotated[
    int,
    typer.Option(
        "--folds",
        metavar="N",
        help="Parts of the photos held out in turn; 0 for none. Subjects of a manifest stay whole.",
        rich_help_panel=SEARCH,
    ),
]
Seed = Annotated[int, typer.Option("--seed", help="Of folds and sample.", rich_help_panel=SEARCH)]
Plots = Annotated[bool, typer.Option("--plots/--no-plots", help="Draw plots.")]
TuneOut = Annotated[
    Path, typer.Option("--out", metavar="DIR", help="Folder for tables, plots, page and settings.")
]
