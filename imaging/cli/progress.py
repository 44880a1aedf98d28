"""The progress bar: finished, failed, flagged and time left, on stderr, for people only."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

    from ..records.outcome import Outcome
    from ..study.comparing import PairOutcome
    from ..study.followup import PairObserver


class _Bar:
    """Follows a batch, and the pairs after it, with a Rich progress bar."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._task: TaskID = progress.add_task(
            "looking for photos", total=None, failed=0, flagged=0
        )
        self._failed = 0
        self._flagged = 0

    def started(self, *, photos: int, done: int) -> None:
        """Show how many photos are left."""
        self._progress.update(self._task, description="scoring", total=photos - done)
        self._progress.reset(self._task, total=photos - done)

    def comparing(self, *, pairs: int, done: int) -> None:
        """Start again with the pairs that are left."""
        self._failed = self._flagged = 0
        self._progress.reset(
            self._task, total=pairs - done, description="comparing", failed=0, flagged=0
        )

    def compared(self, outcome: PairOutcome) -> None:
        """Count one pair."""
        self._count(outcome)

    def ended(self, outcome: Outcome) -> None:
        """Count one photo."""
        self._count(outcome)

    def stopping(self, times: int) -> None:
        """Say at once that the wish to stop was heard; the bar is drawn anew within 0.1 s."""
        again = (
            "photos in work are given up" if times > 1 else "Ctrl-C again gives up photos in work"
        )
        self._progress.update(self._task, description=f"stopping ({again})")

    def _count(self, outcome: Outcome | PairOutcome) -> None:
        self._failed += not outcome.is_scored
        self._flagged += bool(outcome.flags)
        self._progress.update(self._task, advance=1, failed=self._failed, flagged=self._flagged)


@contextmanager
def watch_progress(*, is_quiet: bool) -> Iterator[PairObserver | None]:
    """Give an observer that draws a bar, or none when nobody would see it."""
    if is_quiet or not sys.stderr.isatty():
        yield None
        return
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import (  # noqa: PLC0415
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("[red]{task.fields[failed]} failed"),
        TextColumn("[yellow]{task.fields[flagged]} flagged"),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        yield _Bar(progress)
