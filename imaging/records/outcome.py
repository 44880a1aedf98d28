"""How a photo ends: as a score or as a failure, and what its numbers depend on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from .columns import column
from .flags import join_flags


@dataclass(frozen=True)
class Provenance:
    """All that a photo's numbers depend on.

    A photo is done when the ledger holds a score with an equal provenance.  The number of jobs and
    the engine are not in it, because they change no digit.

    Parameters
    ----------
    photo_id : str
    sha256 : str
        Of the photo's bytes; empty when the file could not be read.
    settings_digest : str
        Of the wing's result-changing settings.
    inputs_digest : str
        Of what the manifest or the command line says of this photo alone.
    weights_digest : str
        Of the learned weights; empty for a segmenter without any.
    algorithm_version : str
        Of the wing.
    """

    photo_id: str
    sha256: str
    settings_digest: str
    inputs_digest: str
    weights_digest: str
    algorithm_version: str


@dataclass(frozen=True)
class Failure:
    """Why a photo has no score: a stable code, a sentence, and what to do about it."""

    code: str
    message: str
    remedy: str


@dataclass(frozen=True)
class Measured:
    """What was measured on one photo, ready for the ledger.

    Parameters
    ----------
    width_px, height_px : int
        Of the upright photo.
    flags : tuple of str
    segmenter : str
    values : mapping
        The wing's columns of ``results.csv``, plain numbers and text.
    tables : mapping of str to bytes
        The packed rows of the other tables, by table name.
    pictures : tuple of str
        Paths of the pictures written, relative to the output folder.
    drawing_digest : str
        Of the settings that they were drawn with.
    """

    width_px: int
    height_px: int
    flags: tuple[str, ...]
    segmenter: str
    values: Mapping[str, object]
    tables: Mapping[str, bytes] = field(default_factory=dict)
    pictures: tuple[str, ...] = ()
    drawing_digest: str = ""


@dataclass(frozen=True)
class Outcome:
    """The end of one photo in one run."""

    provenance: Provenance
    path: str
    seconds: float
    result: Measured | Failure

    @property
    def photo_id(self) -> str:
        return self.provenance.photo_id

    @property
    def is_scored(self) -> bool:
        return isinstance(self.result, Measured)

    @property
    def flags(self) -> tuple[str, ...]:
        """The quality flags; a failure has none, it has a code."""
        return self.result.flags if isinstance(self.result, Measured) else ()

    @property
    def pictures(self) -> tuple[str, ...]:
        """Paths of the pictures relative to the output folder; a failure has none."""
        return self.result.pictures if isinstance(self.result, Measured) else ()


@dataclass(frozen=True)
class PhotoRow:
    """The columns of ``results.csv`` that every wing shares; the wing's own follow them."""

    photo_id: str = column("Path of the photo below the deepest common folder of all photos.")
    sha256: str = column("SHA-256 of the file's bytes, hexadecimal.")
    width_px: int = column("Width of the upright photo.", unit="px")
    height_px: int = column("Height of the upright photo.", unit="px")
    flags: str = column("Quality flags, separated by semicolons; empty when there is none.")
    segmenter: str = column("What turned pixels into evidence.")
    settings_digest: str = column("Digest of the settings that can change a number.")
    weights_digest: str = column("Digest of the learned weights; empty when there are none.")
    algorithm_version: str = column("Version of the wing's algorithm.")
    seconds: float = column("Time spent on the photo; the only figure that varies.", unit="s")


@dataclass(frozen=True)
class FailureRow:
    """A row of ``failures.csv``."""

    photo_id: str = column("Path of the photo below the deepest common folder of all photos.")
    code: str = column("Stable name of the failure.")
    message: str = column("What happened.")
    remedy: str = column("What to do about it.")


def with_flag(outcome: Outcome, flag: str) -> Outcome:
    """Return the outcome with one more flag; a failure stays as it is."""
    if not isinstance(outcome.result, Measured):
        return outcome
    flags = join_flags(outcome.result.flags, (flag,))
    return replace(outcome, result=replace(outcome.result, flags=flags))


def photo_row(outcome: Outcome, measured: Measured) -> PhotoRow:
    """Return the shared columns of one scored photo."""
    provenance = outcome.provenance
    return PhotoRow(
        photo_id=provenance.photo_id,
        sha256=provenance.sha256,
        width_px=measured.width_px,
        height_px=measured.height_px,
        flags=";".join(measured.flags),
        segmenter=measured.segmenter,
        settings_digest=provenance.settings_digest,
        weights_digest=provenance.weights_digest,
        algorithm_version=provenance.algorithm_version,
        seconds=outcome.seconds,
    )
