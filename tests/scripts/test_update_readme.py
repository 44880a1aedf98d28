"""The README says what the code says: columns, flags, failures, manifest, commands."""

from __future__ import annotations

import re
import shlex
from typing import Any

import pytest
import typer
import update_readme

from imaging.cli.app import app
from imaging.errors import InterruptedRunError, ModelError, PhotoError, RunError
from imaging.records import FLAGS, columns_of
from imaging.study.manifest_columns import KNOWN_COLUMNS

TEXT = update_readme.README.read_text(encoding="utf-8")


def named_commands() -> list[str]:
    """Return every line of the README's code blocks that calls `dermetry`."""
    blocks = re.findall(r"^ *```\n(.*?)^ *```", TEXT, re.DOTALL | re.MULTILINE)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    inline = re.findall(r"`(dermetry [^`\n]+)`", TEXT)
    return sorted({line for line in [*lines, *inline] if line.startswith("dermetry ")})


def test_the_generated_tables_are_those_of_the_code() -> None:
    assert update_readme.renewed(TEXT) == TEXT, "run: python scripts/update_readme.py"


@pytest.mark.parametrize(
    ("title", "record"), list(update_readme._tables()), ids=lambda value: str(value)[:40]
)
def test_every_column_stands_in_the_readme_with_its_unit(title: str, record: type) -> None:
    part = TEXT[TEXT.index(f"**{title}**") :]
    rows = [line.split("|") for line in part.splitlines() if line.startswith("| `")]
    units = {row[1].strip(" `"): row[2].strip() for row in rows[: len(columns_of(record))]}
    assert units == {column.name: column.unit for column in columns_of(record)}


@pytest.mark.parametrize("name", [*FLAGS, *KNOWN_COLUMNS])
def test_every_flag_and_manifest_column_stands_in_the_readme(name: str) -> None:
    assert f"| `{name}` |" in TEXT


@pytest.mark.parametrize("kind", [PhotoError, RunError, ModelError, InterruptedRunError])
def test_every_exit_code_stands_in_the_readme(kind: type[Any]) -> None:
    assert f"| {kind.exit_code} | " in TEXT


@pytest.mark.parametrize("line", named_commands())
def test_every_command_in_the_readme_exists_with_its_options(line: str) -> None:
    command: Any = typer.main.get_command(app)
    words = shlex.split(line)[1:]
    while words and hasattr(command, "commands"):
        command = command.commands[words.pop(0)]
    known = {name for parameter in command.params for name in parameter.opts}
    assert {word for word in words if word.startswith("--")} <= known | {"--help"}


def test_the_readme_names_some_commands() -> None:
    assert len(named_commands()) > 10


@pytest.mark.parametrize("target", sorted(set(re.findall(r"\]\(([^)#]+)\)", TEXT))))
def test_every_file_that_the_readme_links_to_is_there(target: str) -> None:
    assert (update_readme.README.parent / target).is_file()
