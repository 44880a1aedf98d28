"""The set-up that `demo.py` and `test.py` share: `.venv`, the pinned install, the face models.

Standard library and plain pip only, so that it works on a bare machine.  pip's own configuration
(index, find-links, proxy, certificates) is left exactly as the user has it.
"""

from __future__ import annotations

import hashlib
import importlib.util
import io
import os
import subprocess
import sys
from collections import deque
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CONSTRAINTS = ROOT / "constraints.txt"
EXTRAS = "dev,heic,dicom"

#: What makes an install out of date, and where the last one is remembered.
STAMPED_FILES = (ROOT / "pyproject.toml", CONSTRAINTS, Path(__file__).resolve())
STAMP = VENV / "dermetry-setup.stamp"

#: What pip or the operating system print, in lower case, and the one sentence a person needs.
CAUSES = (
    (
        ("no space left on device", "errno 28", "winerror 112", "not enough space on the disk"),
        "The disk is full: free about 4 GB and run the same command again.",
    ),
    (
        (
            "failed to establish a new connection",
            "temporary failure in name resolution",
            "name or service not known",
            "getaddrinfo failed",
            "network is unreachable",
            "connection refused",
            "connecttimeout",
            "read timed out",
            "proxyerror",
            "could not fetch url",
        ),
        "The package index cannot be reached: check the network, or pip's index and proxy "
        "settings (pip config list), and run the same command again.",
    ),
    (
        ("no matching distribution found", "resolutionimpossible"),
        "A pinned package is not on the package index that pip is set to: check the network and "
        "pip config list, or use a Python version that the package has a wheel for.",
    ),
    (
        ("permission denied", "access is denied"),
        f"Files below {VENV} may not be written: check their owner, or delete that folder.",
    ),
)

#: Lines of output kept to find the cause of a failure in.
KEPT_LINES = 200


class SetupError(Exception):
    """The set-up cannot go on; the message is one sentence with the remedy."""


def prepare() -> Path:
    """Make or refresh `.venv` and return its Python.

    Nothing is installed again while the stamp fits: the same requirements, pins, Python version
    and place of the repository.

    Raises
    ------
    SetupError
        No venv or ensurepip, no network, a full disk, a folder without rights.
    """
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a path or pip's output may not fit the console
    python = venv_python()
    if not _is_usable(python):
        _make_venv()
    if _read_stamp() != _wanted_stamp():
        STAMP.unlink(missing_ok=True)
        _install(python)
        STAMP.write_text(_wanted_stamp(), encoding="ascii")
    return python


def fetch_face_models() -> None:
    """Get the two landmark models unless they are there.

    Hair needs none of them, so a failure is told and the rest goes on.
    """
    done = subprocess.run(
        [venv_command("dermetry"), "models", "fetch"],
        cwd=ROOT,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        check=False,
    )
    if done.returncode:
        print("The face models are not here: faces cannot be scored until they are.", flush=True)


def venv_python() -> Path:
    """Return where the Python of `.venv` is on this system."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def venv_command(name: str) -> Path:
    """Return where a command installed in `.venv` is on this system."""
    return VENV / (f"Scripts/{name}.exe" if os.name == "nt" else f"bin/{name}")


def _is_usable(python: Path) -> bool:
    """Whether `.venv` runs, has pip, and is of the Python version that runs this."""
    probe = "import pip, sys; print('%d.%d' % sys.version_info[:2])"
    try:
        answer = subprocess.run(
            [python, "-I", "-c", probe], capture_output=True, text=True, check=False
        )
    except OSError:
        return False
    return answer.stdout.strip() == "{}.{}".format(*sys.version_info[:2])


def _make_venv() -> None:
    if not (importlib.util.find_spec("venv") and importlib.util.find_spec("ensurepip")):
        raise SetupError(
            f"Python at {sys.executable} lacks venv or ensurepip: install them "
            "(Debian and Ubuntu: apt install python3-venv) and run the same command again."
        )
    print(f"Making {VENV} with Python {sys.version.split()[0]}", flush=True)
    _run([sys.executable, "-m", "venv", "--clear", str(VENV)], doing="make .venv")


def _install(python: Path) -> None:
    print("Installing Dermetry and its pinned requirements; the first time takes minutes.")
    pip = [str(python), "-m", "pip", "--no-input", "--disable-pip-version-check", "install"]
    pinned = ["--progress-bar", "off", "-c", str(CONSTRAINTS)]
    # The build tool comes from the pins as well, so the project is built without isolation.
    _run([*pip, *pinned, "setuptools", "wheel"], doing="install the build tool")
    project = f"{ROOT}[{EXTRAS}]"
    _run(
        [*pip, *pinned, "--no-build-isolation", "-e", project],
        doing="install the requirements",
    )


def _run(command: list[str], *, doing: str) -> None:
    """Run a command, pass its output on, and turn a failure into a `SetupError`."""
    kept: deque[str] = deque(maxlen=KEPT_LINES)
    try:
        with subprocess.Popen(
            command,
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            encoding="utf-8",
            errors="replace",
        ) as process:
            for line in process.stdout or ():
                kept.append(line)
                if "Requirement already satisfied" not in line:
                    print("  " + line.rstrip(), flush=True)
    except OSError as err:
        raise SetupError(_cause_of(str(err), doing)) from err
    if process.returncode:
        raise SetupError(_cause_of("".join(kept), doing))


def _cause_of(output: str, doing: str) -> str:
    lowered = output.lower()
    for signs, sentence in CAUSES:
        if any(sign in lowered for sign in signs):
            return sentence
    return f"Could not {doing}: see the output above, mend its cause and run again."


def _read_stamp() -> str:
    try:
        return STAMP.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""


def _wanted_stamp() -> str:
    digest = hashlib.sha256(f"{ROOT}\n{sys.version}\n{sys.platform}\n".encode())
    for path in STAMPED_FILES:
        digest.update(path.read_bytes())
    return digest.hexdigest()
