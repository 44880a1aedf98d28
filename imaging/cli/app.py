"""The command `dermetry`: its groups, its version, and how every error ends.

Importing this module loads typer and nothing numeric, so that ``--help`` answers at once; each
command loads what it needs when it runs.
"""

from __future__ import annotations

import sys
import tempfile
import traceback
from typing import Annotated

import typer

from .. import __version__
from ..errors import DermetryError, InterruptedRunError
from .agree import agree_raters
from .calibrate import calibrate_app
from .config import config_app
from .face import score_faces
from .folder import export_folder, report_folder, verify_folder
from .followup import followup_app
from .hair import score_hairs
from .models import models_app
from .synth import synth_app
from .tune import tune_app

app = typer.Typer(
    name="dermetry",
    help="Measure outcomes of dermatology trials from photographs. Research use only.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command("hair")(score_hairs)
app.command("face")(score_faces)
app.command("export")(export_folder)
app.command("report")(report_folder)
app.command("verify")(verify_folder)
app.command("agree")(agree_raters)
app.add_typer(calibrate_app, name="calibrate")
app.add_typer(tune_app, name="tune")
app.add_typer(config_app, name="config")
app.add_typer(followup_app, name="followup")
app.add_typer(synth_app, name="synth")
app.add_typer(models_app, name="models")


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        typer.echo(f"dermetry {__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_print_version, is_eager=True, help="Print the version."
        ),
    ] = False,
) -> None:
    del version


def main() -> None:
    """Run the command and end the process with the exit code of its kind of end."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: list[str]) -> int:
    """Run the command with these arguments and return its exit code."""
    try:
        code = app(arguments, prog_name="dermetry", standalone_mode=False)
    except DermetryError as err:
        _tell(err)
        return err.exit_code
    except (typer.Abort, KeyboardInterrupt):
        code = InterruptedRunError.exit_code
    except Exception as err:
        # Typer brings its own copy of click, whose errors of usage have no public name: they know
        # how to show themselves and their exit code.
        show, exit_code = getattr(err, "show", None), getattr(err, "exit_code", None)
        if callable(show) and isinstance(exit_code, int):
            show()
            return exit_code
        return _report_bug(err)
    if code == InterruptedRunError.exit_code:
        # Typer may catch the interrupt itself and give its code back without a word.
        _tell(InterruptedRunError("Stopped. Everything finished is kept."))
    return int(code or 0)


def _tell(err: DermetryError) -> None:
    typer.echo(f"dermetry: {err.message}", err=True)
    if err.remedy:
        typer.echo(f"  {err.remedy}", err=True)


def _report_bug(error: Exception) -> int:
    text = f"dermetry {__version__}, {' '.join(sys.argv[1:])}\n\n{traceback.format_exc()}"
    try:
        with tempfile.NamedTemporaryFile(
            "w", prefix="dermetry-bug-", suffix=".txt", delete=False, encoding="utf-8"
        ) as file:
            file.write(text)
        where = f"The traceback was written to {file.name}; please report it."
    except OSError:
        where = f"The traceback could not be written to a file:\n{text}"
    typer.echo(f"dermetry: a bug of ours: {type(error).__name__}: {error}", err=True)
    typer.echo(f"  {where}", err=True)
    return 1
