"""What all photos of a run share.

It reaches a worker before its limits on threads are set, so this module loads nothing heavy.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from ..settings import Settings


@dataclass(frozen=True)
class Job:
    """What all tasks of a run share.  It travels to the workers, which load the wing by name.

    Parameters
    ----------
    target : str
        The wing, as `wings.load_wing` takes it.
    settings : Settings
    out_dir : Path or None
        Where pictures go; None draws none (a replay).
    with_masks : bool
    settings_digest, weights_digest, algorithm_version : str
        The parts of the provenance that are the same for every photo.
    drawing_digest : str
        Of the settings that change pictures only.
    """

    target: str
    settings: Settings
    out_dir: Path | None
    with_masks: bool
    settings_digest: str
    weights_digest: str
    algorithm_version: str
    drawing_digest: str = ""
