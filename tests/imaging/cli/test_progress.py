"""The progress bar tells a person what goes on."""

from __future__ import annotations

import io

from rich.console import Console
from rich.progress import Progress, TextColumn

from imaging.cli.progress import _Bar


def test_a_wish_to_stop_stands_on_the_bar_and_a_second_one_too() -> None:
    shown = io.StringIO()
    console = Console(file=shown, force_terminal=True, width=120)
    progress = Progress(TextColumn("{task.description}"), console=console, auto_refresh=False)
    bar = _Bar(progress)
    told = []
    for times in (1, 2):
        bar.stopping(times)
        progress.refresh()
        told.append(progress.tasks[0].description)
    assert all(text.startswith("stopping") for text in told)
    assert "again" in told[0]
    assert "given up" in told[1]
