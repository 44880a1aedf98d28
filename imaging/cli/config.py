"""`dermetry config`: settings shown, written, checked and locked."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import OutputError
from . import options as opt
from .scoring import gather_settings, read_settings_file
from .streams import print_lines

if TYPE_CHECKING:
    from ..settings import Declaration, EffectiveSettings

config_app = typer.Typer(help="Show, write, check and lock settings.", no_args_is_help=True)


@config_app.command("show")
def show_settings(
    config: opt.ConfigFile = None, assignments: opt.Assignments = None, as_json: opt.Json = False
) -> None:
    """Show every setting: value, unit, range, origin, stage and reason."""
    effective = gather_settings(config, assignments or [])
    if as_json:
        print_lines([json.dumps(_rows(effective), ensure_ascii=False, indent=2)])
    else:
        _print_table(_rows(effective))


@config_app.command("init")
def write_settings(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new TOML file.")],
) -> None:
    """Write a TOML file with every setting at its default, each with its reason."""
    _write_new(file, default_toml())
    typer.echo(f"Wrote {file}.", err=True)


@config_app.command("check")
def check_settings(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A settings file.")],
) -> None:
    """Check a settings file and say which settings it changes."""
    from ..settings import all_declarations, current_value, parse_toml, settings_digest  # noqa: PLC0415
    from ..study.wings import check_segmenters  # noqa: PLC0415

    values = parse_toml(read_settings_file(file), origin=str(file))
    settings = gather_settings(file, []).settings
    check_segmenters(settings)
    known = all_declarations()
    changed = [n for n in values if current_value(settings, n) != known[n].default]
    for name in changed:
        typer.echo(
            f"{name} = {_shown(current_value(settings, name))} "
            f"(default {_shown(known[name].default)})"
        )
    typer.echo(
        f"{file} is valid: {len(values)} settings, {len(changed)} of them not at the default. "
        f"Digests: hair {settings_digest(settings, 'hair')}, "
        f"face {settings_digest(settings, 'face')}.",
        err=True,
    )


@config_app.command("lock")
def lock_settings(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A new lock file.")],
    reason: Annotated[
        str,
        typer.Option("--reason", metavar="TEXT", help="Why: the protocol, the day of the data."),
    ],
    config: opt.ConfigFile = None,
    assignments: opt.Assignments = None,
) -> None:
    """Freeze settings for a trial: --locked FILE then refuses all others."""
    import datetime  # noqa: PLC0415

    from ..study.locking import lock_text  # noqa: PLC0415

    settings = gather_settings(config, assignments or []).settings
    now = datetime.datetime.now(datetime.UTC)
    _write_new(file, lock_text(settings, reason=reason, now=now))
    typer.echo(f"Locked in {file}; run with --locked {file}.", err=True)


def _write_new(file: Path, text: str) -> None:
    try:
        with file.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except FileExistsError as err:
        raise OutputError(
            f"{file} exists and is not overwritten.", remedy="Choose another name."
        ) from err
    except OSError as err:
        raise OutputError(
            f"{file} cannot be written: {err.strerror or err}.", remedy="Choose another place."
        ) from err


def default_toml() -> str:
    """Return a settings file with every default, its unit, range, stage and reason as comments."""
    import textwrap  # noqa: PLC0415

    from ..settings import all_declarations  # noqa: PLC0415

    lines = [
        "# Settings of Dermetry. Every value is the default; delete what you do not change.",
        "# Order of precedence: defaults < this file < --set < named option.",
    ]
    current = ""
    for name, declaration in all_declarations().items():
        group, _, key = name.partition(".")
        if group != current:
            lines += ["", f"[{group}]"]
            current = group
        lines += [
            "",
            *textwrap.wrap(declaration.reason, 96, initial_indent="# ", subsequent_indent="# "),
        ]
        facts = [f"stage: {declaration.stage}", f"source: {declaration.source}"]
        if _range_of(declaration):
            facts.insert(0, f"range: {_range_of(declaration)}")
        if declaration.unit:
            facts.insert(0, f"unit: {declaration.unit}")
        lines += [f"# {'; '.join(facts)}", f"{key} = {_shown(declaration.default)}"]
    return "\n".join(lines) + "\n"


def _rows(effective: EffectiveSettings) -> list[dict[str, object]]:
    from ..settings import all_declarations, current_value  # noqa: PLC0415

    return [
        {
            "name": name,
            "value": current_value(effective.settings, name),
            "unit": declaration.unit,
            "default": declaration.default,
            "low": declaration.low,
            "high": declaration.high,
            "choices": list(declaration.choices),
            "range": _range_of(declaration),
            "origin": effective.origin(name),
            "stage": declaration.stage,
            "reason": declaration.reason,
            "source": declaration.source,
        }
        for name, declaration in all_declarations().items()
    ]


def _print_table(rows: list[dict[str, object]]) -> None:
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    table = Table(show_lines=True, pad_edge=False)
    for title in ("setting", "value", "range", "origin", "stage", "reason"):
        table.add_column(title, overflow="fold")
    for row in rows:
        value = f"{_shown(row['value'])} {row['unit']}".rstrip()
        cells = [row["name"], value, row["range"], row["origin"], row["stage"], row["reason"]]
        table.add_row(*(_escaped(str(cell)) for cell in cells))
    # A pipe or a file has no width: wide enough for one line of prose per setting.
    width = None if sys.stdout.isatty() else 200
    Console(width=width).print(table)


def _escaped(text: str) -> str:
    from rich.markup import escape  # noqa: PLC0415

    return escape(text)


def _range_of(declaration: Declaration) -> str:
    if declaration.choices:
        return " | ".join(declaration.choices)
    if declaration.low is None and declaration.high is None:
        return "true | false" if isinstance(declaration.default, bool) else ""
    low = "" if declaration.low is None else f"{declaration.low:g}"
    high = "" if declaration.high is None else f"{declaration.high:g}"
    order = f", not below {declaration.not_below}" if declaration.not_below else ""
    return f"{low} … {high}{order}"


def _shown(value: object) -> str:
    """Return a value as TOML writes it."""
    if isinstance(value, (bool, str)):
        return json.dumps(value, ensure_ascii=False)
    return str(value)
