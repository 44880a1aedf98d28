"""What the ledger knows of a run as a whole: settings, their origins, versions, counts."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import metadata
from typing import Any

from .. import __version__
from ..settings import (
    EffectiveSettings,
    Settings,
    all_declarations,
    current_value,
    digest,
    replace_values,
    result_values,
)
from .wings import WingName

#: The libraries that can change a digit or a picture.
_LIBRARIES = ("numpy", "scipy", "scikit-image", "opencv-python-headless", "pillow", "torch")


@dataclass(frozen=True)
class RunRecord:
    """One run of the command, as the ledger keeps it.

    Parameters
    ----------
    wing : {"hair", "face"}
    settings : mapping
        Every setting that this wing reads, by dotted name.
    origins : mapping
        Where each value that is not a default came from.
    settings_digest, weights_digest, algorithm_version : str
    versions : mapping
        Of Dermetry, Python and the libraries.
    manifest_name : str
        File name of the manifest; empty without one.
    manifest_columns : tuple of str
        Its columns besides ``photo``, in its order.
    photos : int
        How many photos the run was asked for.
    lock_digest, lock_reason, locked_at : str
        Of the lock that the run obeyed (`locking`); empty for a run without one.
    started_at, finished_at : str
        UTC, ISO 8601; ``finished_at`` is empty while the run goes on, or when it was killed.
    state : str
        ``"running"``, ``"complete"`` or ``"interrupted"``.
    """

    wing: WingName
    settings: Mapping[str, Any]
    origins: Mapping[str, str]
    settings_digest: str
    weights_digest: str
    algorithm_version: str
    versions: Mapping[str, str] = field(default_factory=dict)
    manifest_name: str = ""
    manifest_columns: tuple[str, ...] = ()
    photos: int = 0
    lock_digest: str = ""
    lock_reason: str = ""
    locked_at: str = ""
    started_at: str = ""
    finished_at: str = ""
    state: str = "running"

    def restored_settings(self) -> Settings:
        """Return the settings of the run; raises `SettingsError` for what is no longer taken."""
        return replace_values(Settings(), self.settings)


def settings_of_run(effective: EffectiveSettings, wing: WingName) -> dict[str, Any]:
    """Return the settings that the ledger keeps: all that this wing reads."""
    return {
        name: current_value(effective.settings, name)
        for name in all_declarations()
        if name.partition(".")[0] in {"photo", wing}
    }


def drawing_digest(effective: EffectiveSettings, wing: WingName) -> str:
    """Return the digest of the settings that change this wing's pictures and no number."""
    numeric = result_values(effective.settings, wing)
    values = settings_of_run(effective, wing)
    return digest({name: value for name, value in values.items() if name not in numeric})


def current_versions() -> dict[str, str]:
    """Return the versions of Dermetry, Python and the libraries in use."""
    versions = {"dermetry": __version__, "python": platform.python_version()}
    for name in _LIBRARIES:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = "not installed"
    return versions
