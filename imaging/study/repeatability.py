"""Test-retest figures from repeat photos: how far two photos of one site differ, and nothing else.

No reference is needed.  Photos are repeats when subject, visit, site, field and view are the same
and only the manifest's `replicate` differs, or when the user says that all show one site.

References
----------
Bland & Altman 1996, 10.1136/bmj.313.7059.744 (within-subject SD) and 10.1136/bmj.313.7049.106
(coefficient of variation); Searle, Casella & McCulloch 1992, Variance Components, chapter 3
(intervals with unequal groups).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from ..errors import TableError
from ..records.agreement import AgreementRow
from .agreement_clusters import FISHER, LOGARITHM, Scale, jackknife_intervals
from .agreement_concordance import (
    REPEATABILITY_FACTOR,
    coefficients_of_variation,
    scaled,
    sd_interval,
)
from .agreement_files import RatingTable, Row, number_of
from .agreement_icc import UPPER, Estimate, unbalanced_one_way
from .agreement_outcomes import choose_outcomes
from .agreement_pair import Figure

Floats = NDArray[np.float64]

#: What makes two photos repeats when equal, as far as the table has it.
SITE_COLUMNS = ("subject", "visit", "visit_date", "site", "field", "view", "modality", "region")

_SCALES: dict[str, Scale] = {
    "ICC(1,1)": FISHER,
    **dict.fromkeys(
        (
            "within-site SD",
            "between-site SD",
            "repeatability coefficient",
            "CV, root mean square",
            "CV, logarithmic",
        ),
        LOGARITHM,
    ),
}


@dataclass(frozen=True)
class Repeats:
    """Repeat photos of some sites.

    Parameters
    ----------
    sites : tuple of str
        One name a site.
    subjects : tuple of str
        The subject of each site; the site where none is told.
    readings : dict of str to tuple of ndarray
        By outcome, the values of each site that are known.
    notes : tuple of str
    """

    sites: tuple[str, ...]
    subjects: tuple[str, ...]
    readings: dict[str, tuple[Floats, ...]]
    notes: tuple[str, ...]


def group_repeats(
    table: RatingTable, *, outcomes: Sequence[str] = (), is_one_site: bool = False
) -> Repeats:
    """Return the repeat photos of each site.

    Parameters
    ----------
    table : RatingTable
        A row a photo (or a region of one).
    outcomes : sequence of str
        Empty for the usual ones.
    is_one_site : bool
        All photos show the same site.

    Raises
    ------
    TableError
        No column ``replicate`` tells which photos are repeats, or no site has two.
    """
    if not is_one_site and not table.has("replicate"):
        raise TableError(
            f"{table.origin} has no column 'replicate': nothing says which photos are repeats.",
            remedy="Score with a manifest that has subject, visit, site and replicate, or give "
            "--one-site when all photos show one site.",
        )
    by = tuple(name for name in SITE_COLUMNS if table.has(name))
    if is_one_site:
        by = tuple(name for name in by if name == "region")
    elif not by:
        raise TableError(
            f"{table.origin} has none of the columns {', '.join(SITE_COLUMNS[:5])}.",
            remedy="Say in the manifest what each photo shows, or give --one-site.",
        )
    groups: dict[tuple[str, ...], list[Row]] = {}
    skipped = nameless = 0
    for row in table.rows:
        if not is_one_site and "replicate" not in row:
            skipped += 1
        elif "subject" in by and "subject" not in row:
            # Empty cells are equal, the patients behind them are not.
            nameless += 1
        else:
            groups.setdefault(tuple(row.get(name, "") for name in by), []).append(row)
    repeated = {key: rows for key, rows in sorted(groups.items()) if len(rows) > 1}
    if not repeated:
        told = f" {nameless} rows name no subject." if nameless else ""
        raise TableError(
            f"No site in {table.origin} has two photos: rows that agree in {', '.join(by)} are "
            f"repeats of one site.{told}",
            remedy="Check the manifest: repeats differ in the column replicate alone.",
        )
    chosen = choose_outcomes([table, table], outcomes)
    count = sum(len(rows) for rows in repeated.values())
    sites = "one site" if len(repeated) == 1 else f"{len(repeated)} sites"
    told = f", told apart by {', '.join(by)}." if by else "."
    notes = [f"{count} rows are repeats of {sites}{told}"]
    alone = len(groups) - len(repeated)
    if alone or skipped or nameless:
        notes.append(
            f"Left out: {alone} sites with one photo, {skipped} rows without a replicate, "
            f"{nameless} rows without a subject."
        )
    return Repeats(
        sites=tuple(" / ".join(part for part in key if part) or "one site" for key in repeated),
        subjects=tuple(rows[0].get("subject", "/".join(key)) for key, rows in repeated.items()),
        readings={
            outcome: tuple(_known(rows, outcome, table) for rows in repeated.values())
            for outcome in chosen
        },
        notes=tuple(notes),
    )


def repeatability_rows(repeats: Repeats, *, rater: str) -> tuple[AgreementRow, ...]:
    """Return the test-retest figures of every outcome as rows of ``agreement.csv``."""
    rows: list[AgreementRow] = []
    for outcome, readings in repeats.readings.items():
        groups = [group for group in readings if group.size > 1]
        subjects = np.array(
            [s for s, group in zip(repeats.subjects, readings, strict=True) if group.size > 1]
        )
        figures, clustered = _figures(groups, subjects)
        rows += [
            AgreementRow(
                outcome=outcome,
                stratum="",
                level="",
                raters=rater,
                kind="test-retest",
                statistic=figure.statistic,
                meaning=figure.meaning,
                value=figure.estimate.value,
                low=figure.estimate.low,
                high=figure.estimate.high,
                interval=figure.interval if math.isfinite(figure.estimate.low) else "",
                clustered_low=clustered.get(figure.statistic, (math.nan, math.nan))[0],
                clustered_high=clustered.get(figure.statistic, (math.nan, math.nan))[1],
                rows=sum(group.size for group in groups),
                subjects=len(set(subjects.tolist())),
                dropped=len(readings) - len(groups),
                note=figure.note,
            )
            for figure in figures
        ]
    return tuple(rows)


def _known(rows: Sequence[Row], outcome: str, table: RatingTable) -> Floats:
    values = []
    for row in rows:
        value = number_of(row.get(outcome, ""))
        if value is None:
            raise TableError(
                f"{table.origin}: {outcome} {row[outcome][:40]!r} is not a number.",
                remedy="Leave the cell empty where there is no value.",
            )
        values.append(value)
    array = np.array(values, np.float64)
    return array[np.isfinite(array)]


def _figures(
    groups: list[Floats], subjects: NDArray[Any]
) -> tuple[list[Figure], dict[str, tuple[float, float]]]:
    if not groups:
        note = "no site has two known values"
        return [Figure("within-site SD", "", Estimate(math.nan), note=note)], {}
    return list(_site_figures(groups)), _clustered(groups, subjects)


def _clustered(groups: list[Floats], subjects: NDArray[Any]) -> dict[str, tuple[float, float]]:
    """Return jackknife limits over subjects, where some have several sites."""
    if not 1 < len(set(subjects.tolist())) < len(groups):
        return {}

    def bare(rows: NDArray[np.intp]) -> Mapping[str, float]:
        return {
            figure.statistic: figure.estimate.value
            for figure in _site_figures([groups[n] for n in rows])
        }

    return jackknife_intervals(bare, subjects, scales=_SCALES)


def _site_figures(groups: Sequence[Floats]) -> Iterator[Figure]:
    squares, m0 = unbalanced_one_way(list(groups))
    freedom = sum(group.size for group in groups) - len(groups)
    within = sd_interval(squares.within, freedom)
    lone = "one site: nothing between sites can be told" if len(groups) < 2 else ""
    root, logarithmic = coefficients_of_variation(list(groups))
    percent = "a value is 0 or less: percent cannot be told" if math.isnan(root) else ""
    means = np.array([group.mean() for group in groups])
    spreads = np.array([group.std(ddof=1) for group in groups])
    yield Figure("mean", "mean over sites", Estimate(float(means.mean())))
    yield Figure(
        "within-site SD",
        "SD of repeat photos of one site: the standard error of measurement",
        within,
        "chi-square",
    )
    yield Figure(
        "repeatability coefficient",
        "1.96·√2·within-site SD: 95 % of two photos differ by less; the minimal detectable change",
        scaled(within, REPEATABILITY_FACTOR),
        "chi-square",
    )
    yield Figure(
        "CV, root mean square",
        "within-site coefficient of variation, %: √mean(s²/m²)",
        Estimate(root),
        note=percent,
    )
    yield Figure(
        "CV, logarithmic",
        "within-site coefficient of variation, %: exp(s of logarithms) − 1",
        Estimate(logarithmic),
        note=percent,
    )
    between = (squares.rows - squares.within) / m0 if len(groups) > 1 else math.nan
    yield Figure(
        "between-site SD",
        "SD of the sites' true values",
        Estimate(math.sqrt(max(0.0, between)) if math.isfinite(between) else math.nan),
        note=lone,
    )
    yield Figure(
        "ICC(1,1)",
        "one-way random, absolute agreement, single photo: ICC(1)",
        _one_way_icc(squares.rows, squares.within, m0, len(groups), freedom),
        "F, unequal groups by their mean size",
        lone,
    )
    yield _growth(means, spreads)


def _one_way_icc(between: float, within: float, m0: float, count: int, freedom: float) -> Estimate:
    if count < 2 or not (between > 0 or within > 0):
        return Estimate(math.nan)
    value = (between - within) / (between + (m0 - 1) * within)
    if within <= 0:
        return Estimate(value)
    ratio = between / within
    low = ratio / float(stats.f.ppf(UPPER, count - 1, freedom))
    high = ratio * float(stats.f.ppf(UPPER, freedom, count - 1))
    return Estimate(value, (low - 1) / (low + m0 - 1), (high - 1) / (high + m0 - 1))


def _growth(means: Floats, spreads: Floats) -> Figure:
    """Return Kendall's τ of spread and mean: does the error grow with what is measured?"""
    meaning = "Kendall's τ of within-site SD and mean; far from 0: tell the CV, not the SD"
    if len(means) < 4 or np.ptp(means) == 0 or np.ptp(spreads) == 0:
        return Figure("error grows with the mean", meaning, Estimate(math.nan))
    tau = stats.kendalltau(means, spreads)
    return Figure(
        "error grows with the mean",
        meaning,
        Estimate(float(tau.statistic)),
        note=f"p = {float(tau.pvalue):.3g}",
    )
