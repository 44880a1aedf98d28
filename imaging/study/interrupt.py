"""A person's wish to stop: noticed between two photos, never in the middle of a write."""

from __future__ import annotations

import signal
import threading
from types import FrameType, TracebackType
from typing import Any


class StopRequest:
    """While entered, SIGINT and SIGTERM only raise `requested`; a second one raises `urgent`.

    Outside the main thread signals cannot be handled, and nothing is changed.

    Parameters
    ----------
    is_always_urgent : bool
        Whether the first wish is urgent: for work of which no part is kept before all is done.
    """

    def __init__(self, *, is_always_urgent: bool = False) -> None:
        self.times = 0
        self._patience = 0 if is_always_urgent else 1
        self._previous: dict[int, Any] = {}

    @property
    def requested(self) -> bool:
        return self.times > 0

    @property
    def urgent(self) -> bool:
        return self.times > self._patience

    def __enter__(self) -> StopRequest:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                self._previous[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        for number, handler in self._previous.items():
            signal.signal(number, handler)
        self._previous.clear()

    def _note(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self.times += 1
