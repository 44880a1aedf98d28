"""Files written whole or not at all: a temporary name in the same folder, then a rename."""

from __future__ import annotations

import errno
import os
import secrets
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from ..errors import NameTooLongError, OutputError

#: Marks files that an interrupted write left behind.
TEMPORARY_PREFIX = ".dermetry-"


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open `path` for writing; it takes its name only once all is written.

    Raises
    ------
    OutputError
        The folder cannot be written: full, read-only, not a folder.
    NameTooLongError
        The file system has no room for so long a name.
    """
    temporary = path.with_name(f"{TEMPORARY_PREFIX}{secrets.token_hex(8)}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            yield file
        os.replace(temporary, path)  # noqa: PTH105 - the atomic one, by its name
    except OSError as err:
        raise output_error(path, err) from err
    finally:
        # After a rename there is nothing left; after a failure nothing half-written stays.
        try:
            temporary.unlink(missing_ok=True)
        except OSError as err:
            raise output_error(path, err) from err


def write_bytes(path: Path, content: bytes) -> None:
    """Write one file whole or not at all."""
    with whole_file(path) as file:
        file.write(content)


def remove_file(path: Path) -> None:
    """Remove one file where it is there."""
    try:
        path.unlink(missing_ok=True)
    except OSError as err:
        raise output_error(path, err) from err


def refuse_existing(paths: Iterable[Path]) -> None:
    """Raise `OutputError` when one of these files exists: none of them is to be overwritten."""
    for path in paths:
        if path.exists():
            raise OutputError(
                f"{path} exists and is not overwritten.",
                remedy="Choose another folder for --out.",
            )


def make_folder(path: Path) -> None:
    """Make the output folder and see that a file can be written into it."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        # A name that nobody can foresee: a link of that name would lead the write elsewhere.
        with tempfile.NamedTemporaryFile(prefix=TEMPORARY_PREFIX, dir=path, buffering=0) as probe:
            probe.write(b"x")
    except OSError as err:
        raise output_error(path, err) from err


def output_error(path: Path, err: OSError) -> OutputError | NameTooLongError:
    """Return what to tell of a file that could not be written."""
    if err.errno == errno.ENAMETOOLONG:
        return NameTooLongError(f"The name {path.name!r} is too long for the output folder.")
    reason = {
        errno.ENOSPC: "the disk is full",
        errno.EDQUOT: "the disk quota is used up",
        errno.EFBIG: "the file would grow over a limit of the system",
        errno.EROFS: "the file system is read-only",
        errno.EACCES: "permission was denied",
        errno.EPERM: "permission was denied",
        errno.ENOTDIR: "a part of the path is a file, not a folder",
        errno.EEXIST: "it is a file, not a folder",
    }.get(err.errno or 0, err.strerror or str(err))
    return OutputError(f"{path} cannot be written: {reason}.")
