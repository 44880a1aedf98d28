"""Every error that Dermetry raises on purpose: its code, exit code and remedy.

`PhotoError` spoils one photo: the batch records it as a failure and goes on.  `RunError` stops the
run.  Anything else that is raised is a bug of ours and is reported as one (exit code 1).

A message says what happened and with which value; the remedy says what to do.  The codes are part
of the data contract: they stand in `failures.csv`.
"""

from __future__ import annotations

from typing import ClassVar


class DermetryError(Exception):
    """An error with a stable code, the exit code of the command, and a remedy.

    Parameters
    ----------
    message : str
        One sentence: what happened, with which value.
    remedy : str, optional
        One sentence: what to do.  The class's own remedy when left out.
    """

    code: ClassVar[str] = "error"
    exit_code: ClassVar[int] = 1
    default_remedy: ClassVar[str] = "Report this as a bug, with the message above."

    def __init__(self, message: str, *, remedy: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.remedy = self.default_remedy if remedy is None else remedy

    def __reduce__(self) -> tuple[object, ...]:
        # Keyword-only arguments do not survive the default pickling between worker and parent.
        return (_rebuild, (type(self), self.message, self.remedy))


def _rebuild(kind: type[DermetryError], message: str, remedy: str) -> DermetryError:
    return kind(message, remedy=remedy)


# --- One photo is spoilt; the run goes on (exit code 3 at its end) -------------------------------


class PhotoError(DermetryError):
    """One photo cannot be measured; the others can."""

    code = "photo"
    exit_code = 3
    default_remedy = "Look at the photo, or leave it out."


class EmptyFileError(PhotoError):
    code = "empty_file"
    default_remedy = "Copy the photo again from the camera or the archive."


class TruncatedPhotoError(PhotoError):
    code = "truncated"
    default_remedy = "Copy the photo again from the camera or the archive: its end is missing."


class NotAPhotoError(PhotoError):
    code = "not_a_photo"
    default_remedy = "Remove the file from the folder, or export it again as JPEG, PNG or TIFF."


class UnsupportedPhotoError(PhotoError):
    code = "unsupported_photo"
    default_remedy = "Export the photo as JPEG, PNG or TIFF with 8 or 16 bits per channel."


class PhotoTooLargeError(PhotoError):
    code = "photo_too_large"
    default_remedy = "Crop or scale the photo, or raise the setting photo.max_megapixels."


class PhotoTooSmallError(PhotoError):
    code = "photo_too_small"
    default_remedy = "Use the original photo, not a thumbnail."


class UnreadableFileError(PhotoError):
    code = "unreadable_file"
    default_remedy = "Check that the file exists and that you may read it."


class DecoderMissingError(PhotoError):
    code = "decoder_missing"
    default_remedy = "Install the extra that reads this format, e.g. pip install 'dermetry[heic]'."


class NothingReadableError(PhotoError):
    code = "nothing_readable"
    default_remedy = "Take the photo again: sharp, evenly lit, and without large reflections."


class ImplausibleScaleError(PhotoError):
    """With the scale told, a photo shows more or less than its wing measures."""

    code = "implausible_scale"
    default_remedy = (
        "Check the scale that was given (px_per_mm, field_width_mm, or the pixel spacing of a "
        "DICOM file); where it is right, crop the photo to the field to be measured."
    )


class NoFaceError(PhotoError):
    code = "no_face"
    default_remedy = "Use a photo that shows the whole face, or score a partial crop with --patch."


class ReferenceMismatchError(PhotoError):
    code = "reference_mismatch"
    default_remedy = "Make the reference on the upright photo, and export it at the photo's size."


class PairRefusedError(PhotoError):
    """Two photos must not be compared: another place, another view, another kind of light."""

    code = "pair_refused"
    default_remedy = "Check that both photos show the same field of the same person."


class WorkerDiedError(PhotoError):
    code = "worker_died"
    default_remedy = (
        "Two worker processes were killed over this photo, most likely for lack of memory: "
        "run again with fewer --jobs, or scale the photo down."
    )


class NameTooLongError(PhotoError):
    code = "name_too_long"
    default_remedy = "Shorten the name of the photo's file: the names of its pictures add to it."


class PhotoBugError(PhotoError):
    code = "bug"
    default_remedy = "Report this as a bug with the message; the other photos are not affected."


# --- The run stops -------------------------------------------------------------------------------


class RunError(DermetryError):
    """The run cannot start or go on: usage, settings, manifest, no photos, output folder."""

    code = "run"
    exit_code = 2
    default_remedy = "See dermetry --help."


class UsageError(RunError):
    code = "usage"


class NoPhotosError(RunError):
    code = "no_photos"
    default_remedy = "Name files, or folders that hold JPEG, PNG, TIFF, BMP or WebP photos."


class SettingsError(RunError):
    code = "settings"
    default_remedy = "See dermetry config show for every setting with its unit and range."


class ManifestError(RunError):
    code = "manifest"
    default_remedy = "Mend the manifest and run again; nothing has been scored."


class OutputError(RunError):
    code = "output"
    default_remedy = "Choose another folder for --out, or free the space it needs."


class LedgerError(RunError):
    code = "ledger"
    default_remedy = "Choose another folder for --out."


class TableError(RunError):
    code = "table"
    default_remedy = "Mend the table and run again."


class ModelError(RunError):
    """Weights or a component are missing, or are not what they claim to be."""

    code = "model"
    exit_code = 4
    default_remedy = "Run dermetry models check."


class ModelMissingError(ModelError):
    code = "model_missing"
    default_remedy = "See dermetry models list; dermetry models fetch gets the face models."


class ModelTamperedError(ModelError):
    code = "model_tampered"
    default_remedy = "Delete the file and install it again from a source that you trust."


class InterruptedRunError(RunError):
    """The person stopped the run; everything finished is kept."""

    code = "interrupted"
    exit_code = 130
    default_remedy = "Run the same command again: it goes on where it stopped."
