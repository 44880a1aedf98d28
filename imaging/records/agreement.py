"""Rows of the tables that `dermetry agree` writes."""

from __future__ import annotations

from dataclasses import dataclass

from .columns import column


@dataclass(frozen=True)
class AgreementRow:
    """One figure of agreement; a row of ``agreement.csv``.  NaN is "cannot tell", `note` why."""

    outcome: str = column("What was rated: a column of the tables.")
    stratum: str = column("What the rows were chosen by; empty for all rows.")
    level: str = column("The level of the stratum.")
    raters: str = column("Two raters as first − second, or all of them.")
    kind: str = column("machine-reader, reader-reader, machine-machine, all, or test-retest.")
    statistic: str = column("Short name of the figure.")
    meaning: str = column("What the figure is, in words.")
    value: float = column("The figure; differences in the unit of the outcome.")
    low: float = column("Lower 95 % limit, rows taken as independent.")
    high: float = column("Upper 95 % limit, rows taken as independent.")
    interval: str = column("Where these limits come from.")
    clustered_low: float = column("Lower 95 % limit, subjects taken as independent (jackknife).")
    clustered_high: float = column("Upper 95 % limit, subjects taken as independent (jackknife).")
    rows: int = column("Complete rows that the figure is from.")
    subjects: int = column("Subjects among these rows.")
    dropped: int = column("Rows left out because one of the raters gave no number.")
    note: str = column("What to know of this figure.", default="")


@dataclass(frozen=True)
class DifferenceRow:
    """One pair of ratings of one row; a row of ``differences.csv``."""

    outcome: str = column("What was rated.")
    rater_a: str = column("The first rater.")
    rater_b: str = column("The second rater.")
    key: str = column("The photo, or subject and visit, with what tells rows apart.")
    subject: str = column("The subject, as far as a table says it.")
    value_a: float = column("The first rater's value.")
    value_b: float = column("The second rater's value.")
    mean: float = column("Mean of both.")
    difference: float = column("First − second.")


@dataclass(frozen=True)
class CrossRow:
    """How often two raters gave two steps; a row of ``crosstabs.csv``."""

    outcome: str = column("What was rated in steps.")
    rater_a: str = column("The first rater.")
    rater_b: str = column("The second rater.")
    step_a: float = column("The first rater's step.")
    step_b: float = column("The second rater's step.")
    count: int = column("How many rows got both.")


@dataclass(frozen=True)
class SizeRow:
    """How many subjects a study needs; a row of ``sample_size.csv``."""

    outcome: str = column("What is to be rated.")
    raters: str = column("Whose agreement the plan rests on.")
    target: str = column("The figure whose interval is to be narrow.")
    expected: float = column("Its value here, which the plan takes for granted.")
    width: float = column("Wanted width of its 95 % interval, from limit to limit.")
    subjects_needed: int = column("Subjects that give this width.")
    subjects_here: int = column("Subjects in these tables.")


#: The record of every table that agreement writes.
AGREEMENT_TABLES: dict[str, type] = {
    "agreement": AgreementRow,
    "differences": DifferenceRow,
    "crosstabs": CrossRow,
    "sample_size": SizeRow,
}
