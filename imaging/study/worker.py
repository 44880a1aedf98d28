"""What a worker process does before and between photos.

Importing this module loads nothing heavy: the limits on threads have to stand in the environment
before numpy and OpenCV are loaded.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engines import Outcome, Task
    from .job import Job

#: One thread per worker: photos are the unit of parallel work, the sums inside OpenBLAS and OpenMP
#: then run in one order, and two workers do not fight for one core.
_THREAD_LIMITS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "NUMEXPR_NUM_THREADS",
)

_session: dict[str, Any] = {}


def limit_threads() -> None:
    """Limit the numeric libraries to one thread; call it before they are loaded."""
    for name in _THREAD_LIMITS:
        os.environ[name] = "1"


def set_up(job: Job) -> None:
    """Prepare a worker process; what can fail is left to the first photo, which can report it."""
    limit_threads()
    # Ctrl-C reaches the whole group of processes; the parent alone decides what to do about it.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    _session.clear()
    _session["job"] = job
    threading.Thread(target=_end_with_parent, daemon=True).start()


def perform(task: Task[Outcome]) -> Outcome:
    """Do one task in this worker."""
    if "wing" not in _session:
        import cv2  # noqa: PLC0415

        from .wings import load_wing  # noqa: PLC0415

        cv2.setNumThreads(1)
        _session["wing"] = load_wing(_session["job"].target)
    return task.perform(_session["job"], _session["wing"])


def _end_with_parent() -> None:
    # A parent that is killed closes nothing in order: without this its workers wait for ever.
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
