"""Darkness and homogeneity fitted to a site's own readers.

Readers' scores of regions are held against what was measured on the same regions of a scored
folder: ΔL*, the largest patch and the pigmented share.  Nothing but the cut-points changes, and the
error that is told is of subjects that the fit has not seen.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from ..face.masi import homogeneity_score
from ..face.measure import score_darkness
from ..settings import FaceSettings, declarations
from .agreement_clusters import jackknife_intervals
from .agreement_kappa import weighted_kappas
from .calibration_ordinal import cut_points, fit_steps, subject_folds
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


Fit = Callable[[RegionRatings, FaceSettings], dict[str, float]]
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
    values = ordered_settings(settings, fit(pigmented, settings))
    names = DARKNESS if component == "darkness" else HOMOGENEITY

    def bare(rows: NDArray[np.intp]) -> dict[str, float]:
        return dict.fromkeys(names, math.nan) | fit(pigmented.taken(rows), settings)

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
        notes=tuple(_fit_notes(component, names, ratings, values, settings)),
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


def _fit_darkness(ratings: RegionRatings, settings: FaceSettings) -> dict[str, float]:
    del settings
    steps = np.maximum(ratings.steps, 1.0)
    return _named(DARKNESS, _cuts(ratings.delta_l, steps, DARKNESS[0], _BOUNDARIES))


def _fit_homogeneity(ratings: RegionRatings, settings: FaceSettings) -> dict[str, float]:
    steps = np.maximum(ratings.steps, 1.0)
    uniform = _cuts(ratings.percent, steps, HOMOGENEITY[2], _BOUNDARIES[2:])[0]
    edge = settings.homogeneity_uniform_percent if math.isnan(uniform) else uniform
    # Step 4 is a matter of the share; below it the machine's largest is 3.
    below = ratings.percent < edge
    patches = _cuts(
        ratings.patch_mm[below], np.minimum(steps[below], 3.0), HOMOGENEITY[0], _BOUNDARIES[:2]
    )
    return _named(HOMOGENEITY, (*patches, uniform))


def _cuts(
    quantity: Floats, steps: Floats, setting: str, boundaries: Sequence[float]
) -> tuple[float, ...]:
    """Return cut-points inside the range of a setting; NaN where the ratings say nothing."""
    if len(set(steps.tolist())) < 2 or float(np.ptp(quantity)) == 0:
        return (math.nan,) * len(boundaries)
    declaration = declarations(FaceSettings)[setting]
    fit = fit_steps(quantity, steps)
    return cut_points(
        fit, boundaries, low=float(declaration.low or 0.0), high=float(declaration.high or math.inf)
    )


def _named(names: Sequence[str], cuts: Sequence[float]) -> dict[str, float]:
    known = declarations(FaceSettings)
    return {
        name: min(
            max(round(cut, _DECIMALS), float(known[name].low or 0)), float(known[name].high or cut)
        )
        for name, cut in zip(names, cuts, strict=True)
        if math.isfinite(cut)
    }


def with_cuts(settings: FaceSettings, values: Mapping[str, float]) -> FaceSettings:
    """Return settings with other cut-points."""
    cuts: dict[str, Any] = dict(values)
    return replace(settings, **cuts)


def ordered_settings(settings: FaceSettings, values: Mapping[str, float]) -> dict[str, float]:
    """Return fitted cut-points, and those that are not fitted moved as far as order asks.

    Darkness 1 has no effect on pigmented skin, which is at least 1; it stays below darkness 2.
    """
    changed = dict(values)
    for names in (("darkness_1_delta_l", *DARKNESS), HOMOGENEITY[:2]):
        cuts = [values.get(name, getattr(settings, name)) for name in names]
        for n in range(1, len(names)):
            if names[n] not in values:
                cuts[n] = max(cuts[n], cuts[n - 1])
        for n in range(len(names) - 2, -1, -1):
            if names[n] not in values:
                cuts[n] = min(cuts[n], cuts[n + 1])
        changed |= {
            name: cut
            for name, cut in zip(names, cuts, strict=True)
            if cut != getattr(settings, name)
        }
    return changed


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
        values = ordered_settings(settings, fit(others.taken(others.percent > 0), settings))
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


def _fit_notes(
    component: str,
    names: Sequence[str],
    ratings: RegionRatings,
    values: Mapping[str, float],
    settings: FaceSettings,
) -> list[str]:
    notes = []
    steps, counts = np.unique(ratings.steps, return_counts=True)
    given = dict(zip(steps.tolist(), counts.tolist(), strict=True))
    notes += [
        f"{component}: nothing in the ratings fits {name}; it stays at {getattr(settings, name):g}."
        for name in names
        if name not in values
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
