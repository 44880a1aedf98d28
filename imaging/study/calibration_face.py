"""Darkness and homogeneity fitted to a site's own readers.

Readers' scores of regions are held against what was measured on the same regions of a scored
folder: ΔL*, the largest patch and the pigmented share.  Nothing but the cut-points changes, and the
error that is told is of subjects that the fit has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from ..face.masi import homogeneity_score
from ..face.measure import score_darkness
from ..settings import FaceSettings, declarations
from .agreement_clusters import jackknife_intervals
from .agreement_kappa import weighted_kappas
from .calibration_ordinal import cut_point, fit_steps, subject_folds
from .calibration_ratings import RegionRatings

Floats = NDArray[np.float64]

#: Fewer ratings or subjects give cut-points that are noise.
FEWEST_RATINGS, FEWEST_SUBJECTS = 12, 4
#: A step given less often than this is told: its cut-point hangs on few ratings.
FEW_OF_A_STEP = 5
#: Boundaries between the steps that pigmented skin can have: it is at least 1.
_BOUNDARIES = (1.5, 2.5, 3.5)
#: Cut-points are written to this many decimals: far finer than any reader's eye.
_DECIMALS = 2
_FINEST = 100

DARKNESS_1 = "darkness_1_delta_l"
DARKNESS = ("darkness_2_delta_l", "darkness_3_delta_l", "darkness_4_delta_l")
HOMOGENEITY = ("homogeneity_speck_mm", "homogeneity_patch_mm", "homogeneity_uniform_percent")


@dataclass(frozen=True)
class ErrorOfSteps:
    """How the machine's steps differ from the readers'."""

    mean_difference: float
    mean_absolute_difference: float
    exact_percent: float
    within_one_percent: float
    quadratic_kappa: float


@dataclass(frozen=True)
class ComponentFit:
    """One component's new cut-points and their error.

    ``before``, ``fitted`` and ``out_of_fold`` are errors with the folder's own cut-points, with the
    new ones on the ratings they were fitted to, and with ones fitted to other subjects; ``readers``
    is of reader against reader, NaN with one reader.
    """

    component: str
    values: dict[str, float]
    limits: dict[str, tuple[float, float]]
    before: ErrorOfSteps
    fitted: ErrorOfSteps
    out_of_fold: ErrorOfSteps
    readers: ErrorOfSteps
    ratings: int
    subjects: int
    reader_count: int
    notes: tuple[str, ...] = field(default=())


@dataclass(frozen=True)
class Cut:
    """A cut-point, and whether ratings on both sides of it fix it."""

    value: float
    is_fitted: bool


Fit = Callable[[RegionRatings, FaceSettings], dict[str, Cut]]
Score = Callable[[RegionRatings, FaceSettings], Floats]


def fit_component(component: str, ratings: RegionRatings, settings: FaceSettings) -> ComponentFit:
    """Return new cut-points of a component, their limits and their error out of fold.

    Parameters
    ----------
    component : str
        ``"darkness"`` or ``"homogeneity"``.
    ratings : RegionRatings
    settings : FaceSettings
        Those of the folder; cut-points that the ratings say nothing of stay as they are.

    Raises
    ------
    TableError
        Too few ratings or subjects, the same step throughout, or steps that do not rise with what
        was measured.
    """
    fit, score = _COMPONENTS[component]
    pigmented = ratings.taken(ratings.percent > 0)
    count = len(set(pigmented.subjects.tolist()))
    if len(pigmented.steps) < FEWEST_RATINGS or count < FEWEST_SUBJECTS:
        raise TableError(
            f"{component}: {len(pigmented.steps)} ratings of {count} subjects on pigmented regions "
            f"are too few to fit; {FEWEST_RATINGS} of {FEWEST_SUBJECTS} are the least.",
            remedy="Let readers score more photos; a calibration should rest on 20 subjects or so.",
        )
    if len(set(np.maximum(pigmented.steps, 1).tolist())) < 2:
        raise TableError(
            f"{component}: readers gave the same step throughout; no cut-point can be fitted.",
            remedy="Let them score photos of every severity.",
        )
    quantity = pigmented.delta_l if component == "darkness" else pigmented.patch_mm
    if _rank_correlation(quantity, pigmented.steps) <= 0:
        raise TableError(
            f"{component}: readers' steps do not rise with what was measured; no cut-points can "
            "make them agree.",
            remedy="Check that rows are of the right photos and regions.",
        )
    cuts = fit(pigmented, settings)
    values = values_of_cuts(settings, cuts)

    def bare(rows: NDArray[np.intp]) -> dict[str, float]:
        found = fit(pigmented.taken(rows), settings)
        return {name: cut.value if cut.is_fitted else math.nan for name, cut in found.items()}

    return ComponentFit(
        component=component,
        values=values,
        limits=jackknife_intervals(bare, pigmented.subjects, scales={}),
        before=step_errors(score(ratings, settings), ratings.steps),
        fitted=step_errors(score(ratings, with_cuts(settings, values)), ratings.steps),
        out_of_fold=step_errors(_out_of_fold(ratings, settings, fit, score), ratings.steps),
        readers=_reader_errors(ratings),
        ratings=len(ratings.steps),
        subjects=len(set(ratings.subjects.tolist())),
        reader_count=len(set(ratings.readers.tolist())),
        notes=tuple(_fit_notes(component, cuts, ratings)),
    )


def step_errors(machine: Floats, readers: Floats) -> ErrorOfSteps:
    """Return how steps differ, machine − readers, each of shape (n,)."""
    if not machine.size:
        return ErrorOfSteps(*([math.nan] * 5))
    difference = machine - readers
    return ErrorOfSteps(
        mean_difference=float(difference.mean()),
        mean_absolute_difference=float(np.abs(difference).mean()),
        exact_percent=100 * float((difference == 0).mean()),
        within_one_percent=100 * float((np.abs(difference) <= 1).mean()),
        quadratic_kappa=weighted_kappas(machine, readers)["kappa, quadratic"].estimate.value,
    )


def _fit_darkness(ratings: RegionRatings, settings: FaceSettings) -> dict[str, Cut]:
    steps = np.maximum(ratings.steps, 1.0)
    return _cuts(ratings.delta_l, steps, DARKNESS, _BOUNDARIES, settings)


def _fit_homogeneity(ratings: RegionRatings, settings: FaceSettings) -> dict[str, Cut]:
    steps = np.maximum(ratings.steps, 1.0)
    # Step 4 is a matter of the share, the others of the patch: of the share only "4 or less" is
    # asked, less standing for its mean.
    others = steps[steps < 4]
    four = np.where(steps < 4, others.mean() if others.size else 4.0, 4.0)
    uniform = _cuts(ratings.percent, four, HOMOGENEITY[2:], _BOUNDARIES[2:], settings)
    below = ratings.percent < uniform[HOMOGENEITY[2]].value
    patches = _cuts(
        ratings.patch_mm[below],
        np.minimum(steps[below], 3.0),
        HOMOGENEITY[:2],
        _BOUNDARIES[:2],
        settings,
    )
    return patches | uniform


def _cuts(
    quantity: Floats,
    steps: Floats,
    names: Sequence[str],
    boundaries: Sequence[float],
    settings: FaceSettings,
) -> dict[str, Cut]:
    """Return a cut-point for each boundary between steps, inside the range of its setting.

    A boundary beyond every step that readers gave has no cut-point among what was measured: the
    present one stays, moved out of the way where it would give such a step.
    """
    known = declarations(FaceSettings)
    present = {name: float(getattr(settings, name)) for name in names}
    if not quantity.size:
        return {name: Cut(value, False) for name, value in present.items()}
    varies = len(set(steps.tolist())) > 1 and float(np.ptp(quantity)) > 0
    fit = fit_steps(quantity, steps) if varies else None
    cuts = {}
    for name, boundary in zip(names, boundaries, strict=True):
        low, high = float(known[name].low or 0.0), float(known[name].high or math.inf)
        if boundary < steps.min():
            cut = Cut(min(present[name], _down(float(quantity.min()))), False)
        elif boundary > steps.max():
            cut = Cut(max(present[name], _up(float(quantity.max()))), False)
        elif fit is None:
            cut = Cut(present[name], False)
        else:
            cut = Cut(round(cut_point(fit, boundary, low=low, high=high), _DECIMALS), True)
        cuts[name] = Cut(min(max(cut.value, low), high), cut.is_fitted)
    return cuts


def _down(value: float) -> float:
    return math.floor(value * _FINEST) / _FINEST


def _up(value: float) -> float:
    """Return the next cut-point that is above a value."""
    return (math.floor(value * _FINEST) + 1) / _FINEST


def with_cuts(settings: FaceSettings, values: Mapping[str, float]) -> FaceSettings:
    """Return settings with other cut-points."""
    cuts: dict[str, Any] = dict(values)
    return replace(settings, **cuts)


def values_of_cuts(settings: FaceSettings, cuts: Mapping[str, Cut]) -> dict[str, float]:
    """Return the settings of cut-points, in the order of the settings.

    All of them, changed or not: a settings file starts from the defaults, not from `settings`.
    Darkness 1 has no effect on pigmented skin, which is at least 1; it stays below darkness 2.
    """
    values = {name: cut.value for name, cut in cuts.items()}
    if DARKNESS[0] in values:
        values = {DARKNESS_1: min(settings.darkness_1_delta_l, values[DARKNESS[0]])} | values
    # Steps that nobody gave can leave their cut-points behind those of their neighbours.
    for names in (DARKNESS, HOMOGENEITY[:2]):
        for left, right in pairwise(name for name in names if name in values):
            values[right] = max(values[left], values[right])
    return values


def _score_darkness(ratings: RegionRatings, settings: FaceSettings) -> Floats:
    return np.array(
        [
            score_darkness(delta_l, percent, settings)
            for delta_l, percent in zip(ratings.delta_l, ratings.percent, strict=True)
        ],
        np.float64,
    )


def _score_homogeneity(ratings: RegionRatings, settings: FaceSettings) -> Floats:
    return np.array(
        [
            homogeneity_score(
                percent,
                patch,
                speck_mm=settings.homogeneity_speck_mm,
                patch_mm=settings.homogeneity_patch_mm,
                uniform_percent=settings.homogeneity_uniform_percent,
            )
            for percent, patch in zip(ratings.percent, ratings.patch_mm, strict=True)
        ],
        np.float64,
    )


_COMPONENTS: dict[str, tuple[Fit, Score]] = {
    "darkness": (_fit_darkness, _score_darkness),
    "homogeneity": (_fit_homogeneity, _score_homogeneity),
}


def _out_of_fold(ratings: RegionRatings, settings: FaceSettings, fit: Fit, score: Score) -> Floats:
    folds = subject_folds(ratings.subjects)
    steps = np.full(len(ratings.steps), np.nan)
    for fold in np.unique(folds):
        tested = folds == fold
        others = ratings.taken(~tested)
        values = values_of_cuts(settings, fit(others.taken(others.percent > 0), settings))
        steps[tested] = score(ratings.taken(tested), with_cuts(settings, values))
    return steps


def _reader_errors(ratings: RegionRatings) -> ErrorOfSteps:
    """Return the error of reader against reader over the regions that both rated."""
    names = sorted(set(ratings.readers.tolist()))
    first: list[float] = []
    second: list[float] = []
    by_reader = [
        {
            key: step
            for key, step, name in zip(ratings.keys, ratings.steps, ratings.readers, strict=True)
            if name == reader
        }
        for reader in names
    ]
    for a in range(len(names)):
        for b in range(a + 1, len(names)):
            for key in sorted(set(by_reader[a]) & set(by_reader[b])):
                first.append(by_reader[a][key])
                second.append(by_reader[b][key])
    return step_errors(np.array(first, np.float64), np.array(second, np.float64))


def _fit_notes(component: str, cuts: Mapping[str, Cut], ratings: RegionRatings) -> list[str]:
    steps, counts = np.unique(ratings.steps, return_counts=True)
    given = dict(zip(steps.tolist(), counts.tolist(), strict=True))
    notes = [
        f"{component}: no reader gave the step beside {name}; it is {cut.value:g}, not fitted."
        for name, cut in cuts.items()
        if not cut.is_fitted
    ]
    rare = [f"{step}" for step in (1, 2, 3, 4) if 0 < given.get(float(step), 0) < FEW_OF_A_STEP]
    if rare:
        notes.append(
            f"{component}: step {', '.join(rare)} was given fewer than {FEW_OF_A_STEP} times; the "
            "cut-points beside it are uncertain."
        )
    clear = int((ratings.percent == 0).sum())
    if clear:
        notes.append(
            f"{component}: {clear} ratings are of regions where no pigment was found; no cut-point "
            "changes their 0. They count in the errors."
        )
    if len(set(ratings.readers.tolist())) < 2:
        notes.append(f"{component}: one reader; how readers differ among themselves is unknown.")
    return notes


def _rank_correlation(x: Floats, y: Floats) -> float:
    if float(np.ptp(x)) == 0 or float(np.ptp(y)) == 0:
        return 0.0
    ranks = [np.unique(values, return_inverse=True)[1].astype(np.float64) for values in (x, y)]
    return float(np.corrcoef(ranks[0], ranks[1])[0, 1])
