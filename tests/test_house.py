"""The house rules that a machine can check: lint, types, import directions, names and sizes."""

from __future__ import annotations

import ast
import importlib.metadata
import os
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent
SOURCE_FOLDERS = ("imaging", "models")
MAX_SOURCE_LINES = 400
MAX_FILE_MB = 10
VAGUE_NAMES = {"utils", "util", "helpers", "helper", "misc", "common", "data", "tmp"}

#: Folders that hold the project; the walk over them stands in where there is no git checkout.
PROJECT_FOLDERS = (".ci", "docs", "imaging", "models", "sample_images", "scripts", "tests")


def project_files() -> list[Path]:
    """Return every file that is, or would be, under version control."""
    if (ROOT / ".git").exists() and shutil.which("git"):
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=ROOT,
            capture_output=True,
            check=True,
        ).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    else:
        walked = [path for folder in PROJECT_FOLDERS for path in (ROOT / folder).rglob("*")]
        paths = [*ROOT.iterdir(), *(path for path in walked if "__pycache__" not in path.parts)]
    return sorted(path for path in paths if path.is_file())


def source_files() -> list[Path]:
    return [
        path
        for path in project_files()
        if path.suffix == ".py" and path.relative_to(ROOT).parts[0] in SOURCE_FOLDERS
    ]


def run(*command: str, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
        env={**os.environ, "PYTHONIOENCODING": "utf-8", **environment},
    )


def run_module(*arguments: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", *arguments)


def modules_loaded_by(code: str) -> set[str]:
    """Return the top-level modules in memory after this code ran in a fresh interpreter."""
    listing = "import sys; print('\\n'.join({m.partition('.')[0] for m in sys.modules}))"
    done = run(sys.executable, "-c", f"{code}\n{listing}")
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


@pytest.mark.slow
def test_types_are_strict() -> None:
    done = run_module("mypy")
    assert done.returncode == 0, done.stdout + done.stderr


def test_lint_is_clean() -> None:
    done = run_module("ruff", "check", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_format_is_clean() -> None:
    done = run_module("ruff", "format", "--check", "--diff", ".")
    assert done.returncode == 0, done.stdout + done.stderr


def test_imports_point_down() -> None:
    code = "from importlinter.cli import lint_imports_command as command; command()"
    done = run(sys.executable, "-c", code)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "0 broken" in done.stdout


def test_importing_the_package_loads_nothing_heavy() -> None:
    heavy = {"torch", "pandas", "matplotlib", "cv2", "skimage", "statsmodels", "sqlalchemy"}
    assert not modules_loaded_by("import imaging") & heavy


def test_help_loads_no_numpy() -> None:
    code = (
        "import contextlib, io, sys\n"
        "from imaging.cli.app import main\n"
        "sys.argv = ['dermetry', '--help']\n"
        "with contextlib.suppress(SystemExit), contextlib.redirect_stdout(io.StringIO()):\n"
        "    main()"
    )
    assert not modules_loaded_by(code) & {"numpy", "torch", "pandas", "cv2", "sqlalchemy"}


def test_no_source_file_holds_two_things() -> None:
    too_long = {
        path.relative_to(ROOT).as_posix(): lines
        for path in source_files()
        if (lines := len(path.read_text(encoding="utf-8").splitlines())) > MAX_SOURCE_LINES
    }
    assert not too_long


def test_no_module_has_a_vague_name() -> None:
    vague = [path for path in source_files() if {path.stem, path.parent.name} & VAGUE_NAMES]
    assert not vague


def test_no_file_is_large() -> None:
    large = [path for path in project_files() if path.stat().st_size > MAX_FILE_MB * 1_000_000]
    assert not large


def test_test_names_are_unique() -> None:
    tests = [path for path in project_files() if path.relative_to(ROOT).parts[0] == "tests"]
    names = [path.name for path in tests if path.match("test_*.py")]
    assert sorted(names) == sorted(set(names))


def test_no_file_names_a_place_of_one_machine() -> None:
    """The repository, its parent, the person's home and their kin never stand in a file."""
    places = {str(ROOT), str(ROOT.parent), str(Path.home())} - {"/"}
    own = "|".join(re.escape(place) for place in sorted(places))
    kin = rf"{re.escape(tempfile.gettempdir())}/\w|/(?:home|Users|ro[o]t)/\w|file:/{{2,}}\w"
    pattern = re.compile(rf"(?<![\w.\-/])(?:(?:{own})/|{kin})")
    found = []
    for path in project_files():
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # a picture or weights
        found += [f"{path.relative_to(ROOT)}: {hit.group()}" for hit in pattern.finditer(text)]
    assert not found


def test_every_requirement_is_pinned_plainly() -> None:
    """`constraints.txt` pins the whole closure, without local labels, paths or indexes."""
    lines = (ROOT / "constraints.txt").read_text(encoding="ascii").splitlines()
    pins = [line for line in lines if line and not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9.\-]+==[0-9][0-9a-z.]*", pin) for pin in pins)
    assert "torch==2.13.0" in pins
    assert required_names() <= {pin.partition("==")[0] for pin in pins}


def required_names() -> set[str]:
    """Return the names of all that the project and its extras pull in here."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    extras = project["optional-dependencies"].values()
    todo = [Requirement(line) for lines in (project["dependencies"], *extras) for line in lines]
    names: set[str] = set()
    while todo:
        requirement = todo.pop()
        name = canonicalize_name(requirement.name)
        if name in names:
            continue
        names.add(name)
        for line in importlib.metadata.distribution(name).requires or ():
            wanted = Requirement(line)
            choices = [{"extra": extra} for extra in ("", *requirement.extras)]
            if wanted.marker is None or any(wanted.marker.evaluate(c) for c in choices):
                todo.append(wanted)
    # torch brings the libraries of its own build (CUDA on plain Linux), pinned by torch itself.
    return {name for name in names if not name.startswith(("nvidia-", "cuda-", "triton"))}


def test_scripts_need_only_the_standard_library_to_start() -> None:
    allowed = sys.stdlib_module_names | {"environment", "__future__"}
    for name in ("demo.py", "test.py", "environment.py"):
        tree = ast.parse((ROOT / "scripts" / name).read_text(encoding="utf-8"))
        imported = {
            alias.name.partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.Import)
            for alias in node.names
        } | {
            (node.module or "").partition(".")[0]
            for node in ast.walk(tree)
            if isinstance(node, ast.ImportFrom)
        }
        assert imported <= allowed, name


def readme_commands() -> list[list[str]]:
    """Return the words of every `dermetry …` line in the code blocks of README.md."""
    text = (ROOT / "README.md").read_text(encoding="utf-8")
    blocks = re.findall(r"^ *```.*?\n(.*?)^ *```", text, flags=re.MULTILINE | re.DOTALL)
    lines = [
        line.strip().removeprefix("$ ").partition("  #")[0]
        for block in blocks
        for line in block.replace("\\\n", " ").splitlines()
    ]
    return [line.split()[1:] for line in lines if line.startswith("dermetry ")]


def test_every_command_in_the_readme_exists() -> None:
    commands = readme_commands()
    assert commands
    helps: dict[tuple[str, ...], str] = {}
    for words in commands:
        names = tuple(word for word in words[:2] if re.fullmatch(r"[a-z]+", word))
        if names not in helps:
            done = run(
                *(sys.executable, "-m", "imaging", *names, "--help"),
                COLUMNS="300",
                NO_COLOR="1",
                TERM="dumb",
            )
            assert done.returncode == 0, f"dermetry {' '.join(names)}: {done.stderr}"
            helps[names] = done.stdout
        for option in (word.partition("=")[0] for word in words if word.startswith("--")):
            assert option in helps[names], f"dermetry {' '.join(names)} has no {option}"
