"""`dermetry calibrate`: cut-points fitted to a site's readers, diameters fitted to a caliper."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import OutputError
from . import options as opt
from .streams import print_lines

if TYPE_CHECKING:
    from ..study.calibration import Calibration
    from ..study.calibration_face import ComponentFit, ErrorOfSteps
    from ..study.calibration_hair import DiameterFit

calibrate_app = typer.Typer(
    help="Fit scores to the site's own readers, diameters to a caliper.", no_args_is_help=True
)

ScoredFolder = Annotated[
    Path, typer.Argument(metavar="DIR", help="A scored folder: what was given as --out.")
]
OutFile = Annotated[
    Path | None,
    typer.Option("--out", metavar="FILE", help="A new settings file for --config."),
]


@calibrate_app.command("face")
def calibrate_faces(
    folder: ScoredFolder,
    readers: Annotated[
        list[Path],
        typer.Option(
            "--readers",
            metavar="FILE",
            help="Scores: photo_id, region, reader, darkness, homogeneity. Again for more files.",
        ),
    ],
    out: OutFile = None,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Fit the cut-points of darkness and homogeneity to readers, with the error out of fold."""
    from ..study.calibration import calibrate_face  # noqa: PLC0415

    calibration = calibrate_face(folder, readers)
    _finish(calibration, out, as_json=as_json, is_quiet=quiet)


@calibrate_app.command("hair")
def calibrate_hairs(
    folder: ScoredFolder,
    caliper: Annotated[
        Path,
        typer.Option(
            "--caliper",
            metavar="FILE",
            help="Readings: photo_id, diameter_um, and hair_id to pair hair by hair.",
        ),
    ],
    out: OutFile = None,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Fit diameters to a caliper: slope and offset, with the error out of fold."""
    from ..study.calibration import calibrate_hair  # noqa: PLC0415

    calibration = calibrate_hair(folder, caliper)
    _finish(calibration, out, as_json=as_json, is_quiet=quiet)


def _finish(calibration: Calibration, out: Path | None, *, as_json: bool, is_quiet: bool) -> None:
    from ..study.calibration import plain_part, write_calibration  # noqa: PLC0415

    if out is not None:
        if out.exists():
            raise OutputError(
                f"{out} exists and is not overwritten.", remedy="Choose another name."
            )
        write_calibration(out, calibration)
    if as_json:
        document = {
            "wing": calibration.wing,
            "settings": dict(calibration.values),
            "carried": dict(calibration.carried),
            "fits": [plain_part(part) for part in calibration.parts],
            "notes": list(calibration.notes),
        }
        print_lines([json.dumps(document, ensure_ascii=False)])
    elif out is None or not is_quiet:
        lines = [line for part in calibration.parts for line in _part_lines(part)]
        print_lines(lines)
    if is_quiet:
        return
    for note in calibration.notes:
        typer.echo(note, err=True)
    if out is not None:
        typer.echo(
            f"Settings: {out}; use them with dermetry {calibration.wing} PHOTOS --config {out}.",
            err=True,
        )
    else:
        typer.echo("Nothing was written; --out FILE saves the settings.", err=True)


def _part_lines(part: ComponentFit | DiameterFit) -> list[str]:
    from ..study.calibration_face import ComponentFit  # noqa: PLC0415

    values = [f"  {name} = {value:g}{_limits(part, name)}" for name, value in part.values.items()]
    if isinstance(part, ComponentFit):
        readers = f"{part.reader_count} reader{'s' if part.reader_count > 1 else ''}"
        return [
            f"{part.component}: {part.ratings} ratings by {readers} of {part.subjects} subjects",
            *values,
            "  error, machine − readers  bias  mean |d|  equal %  within 1 %  quadratic kappa",
            _steps_line("cut-points of the folder", part.before),
            _steps_line("fitted, same ratings", part.fitted),
            _steps_line("fitted, out of fold", part.out_of_fold),
            _steps_line("reader against reader", part.readers),
        ]
    what = "photos' means" if part.are_means else "hairs"
    return [
        f"diameter: {part.pairs} {what} of {part.subjects} subjects",
        *values,
        "  error, camera − caliper, µm    bias      SD     RMS",
        *(
            f"  {name:28s}{error.bias_um:7.1f} {error.sd_um:7.1f} {error.rms_um:7.1f}"
            for name, error in (
                ("as measured", part.before),
                ("fitted, same pairs", part.fitted),
                ("fitted, out of fold", part.out_of_fold),
            )
        ),
    ]


def _limits(part: ComponentFit | DiameterFit, name: str) -> str:
    low, high = part.limits.get(name, (float("nan"), float("nan")))
    return f"  (95 % {low:.2f} to {high:.2f})" if low == low else ""  # noqa: PLR0124 - NaN


def _steps_line(name: str, error: ErrorOfSteps) -> str:
    figures = (
        (error.mean_difference, "6.2f"),
        (error.mean_absolute_difference, "9.2f"),
        (error.exact_percent, "8.0f"),
        (error.within_one_percent, "11.0f"),
        (error.quadratic_kappa, "16.2f"),
    )
    return f"  {name:24s}" + " ".join(f"{value:{form}}" for value, form in figures)
