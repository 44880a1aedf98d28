"""The wheel: what it holds, and that a stranger's packages of the same names do no harm."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("imaging", "models")


def shipped_files() -> set[str]:
    """Return every source or data file of the two packages, relative to the repository."""
    return {
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc"
    }


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Build the wheel from a copy of the sources, so that no build folder is left behind."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in PACKAGES:
        ignored = shutil.ignore_patterns("__pycache__", "*.pyc")
        shutil.copytree(ROOT / package, source / package, ignore=ignored)
    out = tmp_path_factory.mktemp("wheel")
    build = ["pip", "wheel", "--no-deps", "--no-build-isolation", "--no-index", "-w", str(out)]
    done = subprocess.run(
        [sys.executable, "-m", *build, str(source)], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return next(out.glob("dermetry-*.whl"))


def test_the_wheel_holds_the_two_packages_and_nothing_else(wheel: Path) -> None:
    version = wheel.name.split("-")[1]
    top_level = {name.partition("/")[0] for name in zipfile.ZipFile(wheel).namelist()}
    assert top_level == {*PACKAGES, f"dermetry-{version}.dist-info"}


def test_the_wheel_holds_every_file_of_the_packages(wheel: Path) -> None:
    assert shipped_files() <= set(zipfile.ZipFile(wheel).namelist())


def test_the_installed_command_ignores_packages_of_the_same_names(
    wheel: Path, tmp_path: Path
) -> None:
    site, here = tmp_path / "site", tmp_path / "here"
    install = ["pip", "install", "--no-deps", "--no-index", "--target", str(site), str(wheel)]
    done = subprocess.run(
        [sys.executable, "-m", *install], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    for package in PACKAGES:
        (here / package).mkdir(parents=True)
        (here / package / "__init__.py").write_text("raise SystemExit('a stranger was imported')")
    command = shutil.which("dermetry", path=str(site / "bin"))
    assert command is not None
    for arguments in (["--help"], ["config", "show"]):
        done = subprocess.run(
            [command, *arguments],
            cwd=here,
            env={**os.environ, "PYTHONPATH": str(site)},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        assert "stranger" not in done.stdout + done.stderr
