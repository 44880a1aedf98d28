"""Agreement of raters: machine against readers, reader against reader, by stratum.

`analyse_agreement` turns ratings laid side by side (`agreement_panel`) into the rows of
``agreement.csv`` and its sister tables; it touches no disk.  The figures themselves are made in
`agreement_pair`, `agreement_icc`, `agreement_limits`, `agreement_kappa` and
`agreement_concordance`.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..records.agreement import AgreementRow, CrossRow, DifferenceRow, SizeRow
from .agreement_clusters import repeats
from .agreement_icc import Estimate
from .agreement_kappa import cross_table
from .agreement_outcomes import ORDINAL_OUTCOMES
from .agreement_pair import FEWEST_ROWS, Figure, pair_figures, subject_figures, table_figures
from .agreement_panel import Panel
from .agreement_readers import compare_with_readers
from .agreement_resampled import clustered_intervals
from .agreement_size import subjects_for_icc, subjects_for_limits

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class AgreementOptions:
    """What is told beside the usual figures.

    Parameters
    ----------
    ordinal : tuple of str
        Outcomes that are steps of a scale, besides the MASI's own components.
    icc_width : float
        Wanted width of an ICC's 95 % interval, for the sample size.
    limits_width : float
        Wanted width of a limit's 95 % interval, in the outcome's unit; NaN takes one SD of the
        differences.
    """

    ordinal: tuple[str, ...] = ()
    icc_width: float = 0.2
    limits_width: float = math.nan


@dataclass(frozen=True)
class Agreement:
    """Everything that is told of some raters; each field is a table."""

    rows: tuple[AgreementRow, ...]
    differences: tuple[DifferenceRow, ...]
    crosses: tuple[CrossRow, ...]
    sizes: tuple[SizeRow, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class _Part:
    """Some rows of a panel, for one outcome: all of them, or one level of a stratum."""

    outcome: str
    stratum: str
    level: str
    values: Floats
    subjects: NDArray[Any]
    is_ordinal: bool


def analyse_agreement(panel: Panel, options: AgreementOptions) -> Agreement:
    """Return every figure of every pair of raters, of all together, and by stratum."""
    rows: list[AgreementRow] = []
    for part in _parts(panel, options):
        rows += _part_rows(part, panel)
    return Agreement(
        rows=tuple(rows),
        differences=tuple(_difference_rows(panel)),
        crosses=tuple(_cross_rows(panel, options)),
        sizes=tuple(_size_rows(panel, rows, options)),
        notes=(*panel.notes, *_notes(panel)),
    )


def is_ordinal(outcome: str, options: AgreementOptions) -> bool:
    """Tell whether an outcome is rated in steps."""
    return outcome in ORDINAL_OUTCOMES or outcome in options.ordinal


def pair_kind(panel: Panel, first: int, second: int) -> str:
    """Return ``machine-reader`` and its kin for two raters of a panel."""
    names = sorted("machine" if panel.machines[n] else "reader" for n in (first, second))
    return "-".join(names)


def pair_name(panel: Panel, first: int, second: int) -> str:
    return f"{panel.raters[first]} − {panel.raters[second]}"


def _parts(panel: Panel, options: AgreementOptions) -> Iterator[_Part]:
    for outcome, values in panel.values.items():
        ordinal = is_ordinal(outcome, options)
        yield _Part(outcome, "", "", values, panel.subjects, ordinal)
        for stratum, levels in panel.strata.items():
            for level in sorted(set(levels.tolist()) - {""}):
                chosen = levels == level
                yield _Part(
                    outcome, stratum, level, values[chosen], panel.subjects[chosen], ordinal
                )


def _part_rows(part: _Part, panel: Panel) -> list[AgreementRow]:
    rows: list[AgreementRow] = []
    count = len(panel.raters)
    for first, second in combinations(range(count), 2):
        label = (pair_name(panel, first, second), pair_kind(panel, first, second))
        rows += _figures_of(part, [first, second], *label)
    if count > 2:
        rows += _figures_of(part, list(range(count)), ", ".join(panel.raters), "all")
        rows += compare_rows(part, panel)
    return rows


def _figures_of(part: _Part, raters: list[int], name: str, kind: str) -> list[AgreementRow]:
    ratings = part.values[:, raters]
    known = np.isfinite(ratings)
    complete = known.all(axis=1)
    dropped = int((known.any(axis=1) & ~complete).sum())
    chosen, subjects = ratings[complete], part.subjects[complete]
    if len(chosen) < FEWEST_ROWS:
        told = f"{len(chosen)} complete rows: {FEWEST_ROWS} are needed for any figure"
        figure = Figure("rows", "complete rows", Estimate(float(len(chosen))), note=told)
        return [_row(part, name, kind, figure, {}, subjects, dropped)]
    if len(raters) == 2:
        figures = pair_figures(chosen[:, 0], chosen[:, 1], subjects, is_ordinal=part.is_ordinal)
    else:
        figures = table_figures(chosen)
    figures += subject_figures(chosen, subjects)
    clustered = clustered_intervals(chosen, subjects, is_ordinal=part.is_ordinal)
    return [_row(part, name, kind, figure, clustered, subjects, dropped) for figure in figures]


def compare_rows(part: _Part, panel: Panel) -> list[AgreementRow]:
    """Return the machine-reader differences beside the reader-reader ones."""
    rows = []
    readers = [n for n, machine in enumerate(panel.machines) if not machine]
    for machine in (n for n, is_machine in enumerate(panel.machines) if is_machine):
        if len(readers) < 2:
            continue
        known = np.isfinite(part.values)
        # A row counts when the machine and two readers at least rated it.
        complete = known[:, machine] & (known[:, readers].sum(axis=1) > 1)
        any_known = known[:, [machine, *readers]].any(axis=1)
        subjects = part.subjects[complete]
        figures, clustered = compare_with_readers(
            part.values[complete, machine], part.values[complete][:, readers], subjects
        )
        name = f"{panel.raters[machine]} beside {', '.join(panel.raters[n] for n in readers)}"
        dropped = int((any_known & ~complete).sum())
        rows += [
            _row(part, name, "machine beside readers", figure, clustered, subjects, dropped)
            for figure in figures
        ]
    return rows


def _row(
    part: _Part,
    raters: str,
    kind: str,
    figure: Figure,
    clustered: dict[str, tuple[float, float]],
    subjects: NDArray[Any],
    dropped: int,
) -> AgreementRow:
    low, high = clustered.get(figure.statistic, (math.nan, math.nan))
    return AgreementRow(
        outcome=part.outcome,
        stratum=part.stratum,
        level=part.level,
        raters=raters,
        kind=kind,
        statistic=figure.statistic,
        meaning=figure.meaning,
        value=figure.estimate.value,
        low=figure.estimate.low,
        high=figure.estimate.high,
        interval=figure.interval if math.isfinite(figure.estimate.high) else "",
        clustered_low=low,
        clustered_high=high,
        rows=len(subjects),
        subjects=len(set(subjects.tolist())),
        dropped=dropped,
        note=figure.note,
    )


def _difference_rows(panel: Panel) -> Iterator[DifferenceRow]:
    for outcome, values in panel.values.items():
        for first, second in combinations(range(len(panel.raters)), 2):
            for n, key in enumerate(panel.keys):
                a, b = float(values[n, first]), float(values[n, second])
                if math.isfinite(a) and math.isfinite(b):
                    yield DifferenceRow(
                        outcome=outcome,
                        rater_a=panel.raters[first],
                        rater_b=panel.raters[second],
                        key="/".join(part for part in key if part),
                        subject=str(panel.subjects[n]) if panel.has_subjects else "",
                        value_a=a,
                        value_b=b,
                        mean=(a + b) / 2,
                        difference=a - b,
                    )


def _cross_rows(panel: Panel, options: AgreementOptions) -> Iterator[CrossRow]:
    for outcome, values in panel.values.items():
        if not is_ordinal(outcome, options):
            continue
        for first, second in combinations(range(len(panel.raters)), 2):
            pair = values[:, [first, second]]
            pair = pair[np.isfinite(pair).all(axis=1)]
            steps, table = cross_table(pair[:, 0], pair[:, 1])
            for i, a in enumerate(steps):
                for j, b in enumerate(steps):
                    yield CrossRow(
                        outcome,
                        panel.raters[first],
                        panel.raters[second],
                        float(a),
                        float(b),
                        int(table[i, j]),
                    )


def _size_rows(
    panel: Panel, rows: Sequence[AgreementRow], options: AgreementOptions
) -> Iterator[SizeRow]:
    """Yield the subjects that a study like this one needs, one photo a subject."""
    of_pairs = {pair_name(panel, a, b) for a, b in combinations(range(len(panel.raters)), 2)}
    sds = {
        (row.outcome, row.raters): row.value
        for row in rows
        if row.statistic == "SD of differences" and not row.stratum
    }
    for row in rows:
        if row.stratum or not math.isfinite(row.value):
            continue
        here = (row.outcome, row.raters)
        if row.statistic == "ICC(2,1)" and 0 <= row.value < 1:
            raters = 2 if row.raters in of_pairs else len(panel.raters)
            needed = subjects_for_icc(row.value, raters=raters, width=options.icc_width)
            yield SizeRow(*here, "ICC(2,1)", row.value, options.icc_width, needed, row.subjects)
        elif row.statistic == "upper limit" and sds.get(here, 0.0) > 0:
            width = options.limits_width
            wanted = width if math.isfinite(width) else sds[here]
            needed = subjects_for_limits(wanted / sds[here])
            yield SizeRow(*here, "limit of agreement", row.value, wanted, needed, row.subjects)


def _notes(panel: Panel) -> Iterator[str]:
    if repeats(panel.subjects):
        count = len(set(panel.subjects.tolist()))
        yield (
            f"{len(panel.keys)} rows are of {count} subjects: rows of one subject are not "
            "independent. Read the clustered limits (delete-one jackknife over subjects, Student's "
            "t), and of the limits of agreement those where the true value varies (visits) or is "
            "constant (replicates)."
        )
    readers = panel.machines.count(False)
    if readers < 2 and panel.machines.count(True):
        yield (
            "There is one reader only: how readers differ among themselves cannot be told, and so "
            "not whether the machine differs more than a second reader would."
        )
