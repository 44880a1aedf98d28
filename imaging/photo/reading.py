"""Find photos, and read one: bytes once, decoded whole or not at all, upright, in sRGB, hashed."""

from __future__ import annotations

import hashlib
import os
import stat
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ..errors import (
    EmptyFileError,
    NoPhotosError,
    PhotoTooLargeError,
    UnreadableFileError,
    UsageError,
)
from ..records import Photo, PhotoInputs, join_flags
from ..settings import PhotoSettings
from .decoding import decode
from .formats import SNIFF_BYTES, recognise
from .profiles import flatten, make_upright, to_srgb

#: Names that are taken for photos whatever they hold: what is none becomes a failure, not a gap.
#: Camera raw and the newer formats are among them for the same reason.
_PHOTO_SUFFIXES = frozenset(
    f".{suffix}"
    for suffix in (
        *("jpg", "jpeg", "jpe", "jfif", "png", "tif", "tiff", "bmp", "dib", "webp"),
        *("heic", "heif", "hif", "dcm", "dicom", "avif", "jp2", "j2k", "jxl"),
        *("cr2", "cr3", "nef", "arw", "raf", "orf", "rw2", "pef", "dng"),
    )
)
#: What file systems and programs leave beside photos.
_SKIPPED_NAMES = frozenset(
    {"__macosx", "thumbs.db", "desktop.ini", "@eadir", "$recycle.bin", "system volume information"}
)
#: The file that makes a folder one of Dermetry's outputs.
LEDGER_NAME = "dermetry.sqlite"

_NO_INPUTS = PhotoInputs()

#: A photo is grey when its channels differ by no more than this (JPEG rounding) ...
_GREY_TOLERANCE = 4
#: ... in all but this share of its pixels (burnt-in coloured text).
_GREY_EXCEPTIONS = 0.01
#: Every so many-th row and column is enough to tell.
_GREY_STEP = 4

_KINDS = (
    (stat.S_ISDIR, "a folder that cannot be searched"),
    (stat.S_ISFIFO, "a named pipe"),
    (stat.S_ISSOCK, "a socket"),
    (stat.S_ISCHR, "a device"),
    (stat.S_ISBLK, "a device"),
)


@dataclass(frozen=True, order=True)
class FoundPhoto:
    """A photo to be read: its id and where it lies."""

    photo_id: str
    path: Path


def find_photos(paths: Sequence[Path]) -> list[FoundPhoto]:
    """Return every photo among files and, recursively, in folders, sorted by id.

    A file is taken whatever it is; in a folder, files with a photo's suffix, and files without a
    suffix that begin like a photo.  Hidden files, rubbish of file systems and Dermetry's own output
    folders are passed over.  A folder is searched once, however many links lead to it.  A folder
    that cannot be searched is in the list: reading it fails, so that it is not silently lost.

    ``photo_id`` is the path relative to the deepest common folder of all `paths` (for files, of
    their folders), POSIX style, NFC; bytes that are no UTF-8 and control characters as ``%FF``.

    Raises
    ------
    UsageError
        A path that does not exist, an output folder, or two ids that are equal but for case.
    NoPhotosError
        Nothing was found.
    """
    if not paths:
        raise NoPhotosError("No files or folders were named.")
    tops = [Path(os.path.abspath(path)) for path in paths]  # noqa: PTH100 - links stay links
    for top in tops:
        if not os.path.lexists(top):
            raise UsageError(
                f"{printable(top)} does not exist.", remedy="Check the path for a typing error."
            )
        if _is_output_folder(top):
            raise UsageError(
                f"{printable(top)} is an output folder of Dermetry (it holds {LEDGER_NAME}).",
                remedy="Name the folder of the photos, and another one for --out.",
            )
    folders = [top if top.is_dir() else top.parent for top in tops]
    try:
        common = Path(os.path.commonpath(folders))
    except ValueError as err:
        raise UsageError("The photos lie on different drives.") from err
    visited: set[tuple[int, int]] = set()
    found = {
        path: FoundPhoto(_photo_id(path, common), path)
        for top in tops
        for path in (_search(top, visited) if top.is_dir() else (top,))
    }
    if not found:
        raise NoPhotosError(f"No photo was found in {', '.join(map(printable, tops))}.")
    photos = sorted(found.values())
    _check_ids(photos)
    return photos


def read_photo(
    path: Path, *, photo_id: str, settings: PhotoSettings, inputs: PhotoInputs = _NO_INPUTS
) -> Photo:
    """Read one photo: decoded whole, turned upright, in sRGB, with the SHA-256 of its bytes.

    Transparent parts are laid over white; of several pages or frames the first is read; both are
    flagged.  Only pixels leave: no EXIF, no GPS.

    Raises
    ------
    PhotoError
        By class: empty, truncated, not a photo, unsupported, too large, too small, unreadable, or
        an extra is missing.
    """
    content = read_bytes(path, max_megabytes=settings.max_file_megabytes)
    decoded = decode(content, settings=settings)
    image, is_transparent = flatten(decoded.image)
    pixels, is_certain = to_srgb(image, icc=decoded.icc, is_adobe_rgb=decoded.is_adobe_rgb)
    pixels = make_upright(pixels, decoded.orientation)
    pixels.setflags(write=False)
    noticed = {
        "transparent": is_transparent,
        "colour_uncertain": not is_certain,
        "grey_photo": _is_grey(pixels),
    }
    return Photo(
        photo_id=photo_id,
        pixels=pixels,
        sha256=hashlib.sha256(content).hexdigest(),
        source_format=decoded.source_format,
        dicom_px_per_mm=decoded.dicom_px_per_mm,
        inputs=inputs,
        flags=join_flags(decoded.flags, (name for name, holds in noticed.items() if holds)),
    )


def read_bytes(path: Path, *, max_megabytes: float) -> bytes:
    """Return the bytes of a regular file.

    Raises
    ------
    UnreadableFileError
        Missing, without rights, a dangling or circular link, or no regular file.
    EmptyFileError, PhotoTooLargeError
    """
    try:
        # Looked at before it is opened: opening a pipe would wait, opening a device may do harm.
        _check_regular(path, path.stat())
        # ... and again afterwards, without waiting, should it have been exchanged meanwhile.
        descriptor = os.open(
            path, os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_BINARY", 0)
        )
        with os.fdopen(descriptor, "rb") as file:
            status = os.fstat(file.fileno())
            _check_regular(path, status)
            if status.st_size > max_megabytes * 1e6:
                raise PhotoTooLargeError(
                    f"The file has {status.st_size / 1e6:.4g} MB, more than {max_megabytes:g} MB.",
                    remedy="Remove it, or raise the setting photo.max_file_megabytes.",
                )
            content = file.read(status.st_size)
    except OSError as err:
        reason = err.strerror or type(err).__name__
        raise UnreadableFileError(f"{printable(path)} cannot be read: {reason}.") from err
    if not content:
        raise EmptyFileError("The file is empty.")
    return content


def printable(path: Path) -> str:
    """Return a path as text that can be shown and stored: what is no UTF-8 becomes ``%FF``."""
    return "".join(map(_printable_character, str(path)))


# --- Finding -------------------------------------------------------------------------------------


def _search(top: Path, visited: set[tuple[int, int]]) -> Iterator[Path]:
    """Yield the photos under a folder; real folders first, so that a link never names them."""
    linked: list[Path] = []
    waiting = [top]
    while waiting or linked:
        folder = waiting.pop() if waiting else linked.pop(0)
        try:
            status = folder.stat()
            if (status.st_dev, status.st_ino) in visited:
                continue
            visited.add((status.st_dev, status.st_ino))
            with os.scandir(folder) as listing:
                entries = sorted(listing, key=lambda entry: entry.name)
        except OSError:
            yield folder
            continue
        if folder != top and any(entry.name == LEDGER_NAME for entry in entries):
            continue
        for entry in entries:
            if entry.name.startswith(".") or entry.name.lower() in _SKIPPED_NAMES:
                continue
            path = Path(entry.path)
            if _is_folder(entry):
                (linked if entry.is_symlink() else waiting).append(path)
            elif _looks_like_photo(path):
                yield path


def _is_folder(entry: os.DirEntry[str]) -> bool:
    try:
        return entry.is_dir()
    except OSError:
        return False


def _is_output_folder(folder: Path) -> bool:
    try:
        return (folder / LEDGER_NAME).is_file()
    except OSError:
        return False


def _looks_like_photo(path: Path) -> bool:
    if path.suffix:
        return path.suffix.lower() in _PHOTO_SUFFIXES
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return False
        with path.open("rb") as file:
            return recognise(file.read(SNIFF_BYTES)) is not None
    except OSError:
        return False


def _photo_id(path: Path, common: Path) -> str:
    relative = path.relative_to(common)
    posix = relative.as_posix() if relative.parts else path.name
    return unicodedata.normalize("NFC", "".join(map(_printable_character, posix)))


def _printable_character(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte that is no UTF-8, as Python carries it
        return f"%{code - 0xDC00:02X}"
    if code < 0x20 or code == 0x7F or 0xD800 <= code <= 0xDFFF:
        return f"%{code:02X}"
    return character


def _check_ids(photos: Sequence[FoundPhoto]) -> None:
    seen: dict[str, FoundPhoto] = {}
    for photo in photos:
        other = seen.setdefault(photo.photo_id.casefold(), photo)
        if other is not photo:
            raise UsageError(
                f"{printable(other.path)} and {printable(photo.path)} have names that differ in "
                "case only.",
                remedy="Rename one: on many computers their results would overwrite each other.",
            )


# --- Reading -------------------------------------------------------------------------------------


def _check_regular(path: Path, status: os.stat_result) -> None:
    if stat.S_ISREG(status.st_mode):
        return
    name = next((name for test, name in _KINDS if test(status.st_mode)), "no regular file")
    raise UnreadableFileError(f"{printable(path)} is {name}.")


def _is_grey(pixels: NDArray[np.uint8]) -> bool:
    red, green, blue = np.moveaxis(pixels[::_GREY_STEP, ::_GREY_STEP], -1, 0)
    highest, lowest = np.maximum(red, green), np.minimum(red, green)
    spread = np.maximum(highest, blue) - np.minimum(lowest, blue)
    return bool(np.mean(spread > _GREY_TOLERANCE) <= _GREY_EXCEPTIONS)
