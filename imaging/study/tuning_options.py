"""How settings are tuned: what is moved, against what, and by which figure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from ..records import PhotoInputs
from ..settings import EffectiveSettings
from .engines import EngineName
from .wings import WingName

Search = Literal["one", "grid", "sample"]

#: Ends may lie this far apart, in the mean: a hair's width and a half, 18 px at 180 px/mm.
DEFAULT_MATCH_MM = 0.1


@dataclass(frozen=True)
class TuningOptions:
    """How settings are tuned.

    Parameters
    ----------
    wing : {"hair", "face"}
    moves : sequence of str
        ``NAME``, ``NAME=LOW:HIGH[:STEPS]`` or ``NAME=A,B,C`` (`tuning_space.parse_axis`).
    effective : EffectiveSettings
        The settings in force, from which the search starts.
    inputs : PhotoInputs
        What the command line says of every photo; a manifest row beats it.
    manifest : Path or None
        With a column ``subject``, subjects are not parted by the folds.
    search : {"one", "grid", "sample"}
    steps, samples, rounds : int
        Values of a range; points of a sample; how often one-at-a-time goes round.
    metric : str
        One of `tuning_tally.METRICS`; that of the references' kind when empty.
    match_mm, match_px : float or None
        How far apart ends or points of one hair may lie.
    tolerance : float or None
        How far the figure may move before it is another result; the metric's own when None.
    folds, seed : int
    not_counted : collection of str
        Labels of what must not be found.
    ignored : Path or None
        Folder of masks of what counts on neither side.
    engine, jobs
    """

    wing: WingName
    moves: Sequence[str]
    effective: EffectiveSettings = field(default_factory=EffectiveSettings)
    inputs: PhotoInputs = field(default_factory=PhotoInputs)
    manifest: Path | None = None
    search: Search = "one"
    steps: int = 20
    samples: int = 64
    rounds: int = 2
    metric: str = ""
    match_mm: float | None = None
    match_px: float | None = None
    tolerance: float | None = None
    folds: int = 5
    seed: int = 0
    not_counted: Collection[str] = ("abnormal",)
    ignored: Path | None = None
    engine: EngineName = "process"
    jobs: int | None = None
