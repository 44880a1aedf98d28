"""The set-up says what is wrong in one sentence, and installs nothing twice."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

import environment


@pytest.mark.parametrize(
    ("output", "sentence"),
    [
        ("OSError: [Errno 28] No space left on device", "The disk is full"),
        ("NewConnectionError: Failed to establish a new connection", "cannot be reached"),
        ("[Errno -3] Temporary failure in name resolution", "cannot be reached"),
        ("ERROR: No matching distribution found for torch==2.13.0", "not on the package index"),
        ("PermissionError: [Errno 13] Permission denied", "may not be written"),
        ("something never seen", "Could not install the requirements"),
    ],
)
def test_a_failed_install_names_its_cause(output: str, sentence: str) -> None:
    code = f"import sys; print({output!r}); sys.exit(1)"
    with pytest.raises(environment.SetupError, match=sentence):
        environment._run([sys.executable, "-c", code], doing="install the requirements")


def test_a_python_without_ensurepip_gets_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(environment.SetupError, match="python3-venv"):
        environment._make_venv()


@pytest.fixture
def installs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """Record what would be installed, in a folder of its own."""
    done: list[Path] = []
    pins = tmp_path / "constraints.txt"
    pins.write_text("numpy==2.0.0\n")
    monkeypatch.setattr(environment, "STAMP", tmp_path / "stamp")
    monkeypatch.setattr(environment, "STAMPED_FILES", (pins,))
    monkeypatch.setattr(environment, "_is_usable", lambda python: True)
    monkeypatch.setattr(environment, "_install", done.append)
    return done


def test_the_second_set_up_installs_nothing(installs: list[Path]) -> None:
    environment.prepare()
    environment.prepare()
    assert len(installs) == 1


def test_changed_pins_are_installed(installs: list[Path]) -> None:
    environment.prepare()
    environment.STAMPED_FILES[0].write_text("numpy==2.1.0\n")
    environment.prepare()
    assert len(installs) == 2


def test_a_broken_install_is_done_again(
    installs: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment.prepare()
    environment.STAMPED_FILES[0].write_text("numpy==2.1.0\n")

    def fail(python: Path) -> None:
        raise environment.SetupError("no network")

    with monkeypatch.context() as patch:
        patch.setattr(environment, "_install", fail)
        with pytest.raises(environment.SetupError):
            environment.prepare()
    environment.STAMPED_FILES[0].write_text("numpy==2.0.0\n")
    environment.prepare()
    assert len(installs) == 2
