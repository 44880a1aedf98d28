"""One writer per output folder, by a lock that the system releases however the process ends."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import IO

from ..errors import LedgerError
from .writing import output_error

LOCK_NAME = "dermetry.lock"


class WriteLock:
    """The right to write into one output folder."""

    def __init__(self, out_dir: Path) -> None:
        self._path = out_dir / LOCK_NAME
        self._file: IO[bytes] | None = None

    def acquire(self) -> None:
        """Take the lock.

        Raises
        ------
        LedgerError
            Another process holds it.
        OutputError
            The folder cannot be written.
        """
        try:
            file = self._path.open("ab")
        except OSError as err:
            raise output_error(self._path, err) from err
        try:
            _lock(file)
        except OSError as err:
            file.close()
            raise LedgerError(
                f"Another process is writing into {self._path.parent}.",
                remedy="Wait until it has ended, or choose another folder for --out.",
            ) from err
        self._file = file

    def release(self) -> None:
        """Give the lock back; the empty file stays, because removing it would race with others."""
        if self._file is not None:
            self._file.close()
            self._file = None


if sys.platform == "win32":
    import msvcrt

    def _lock(file: IO[bytes]) -> None:
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)

else:
    import fcntl

    def _lock(file: IO[bytes]) -> None:
        fcntl.flock(file.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)
