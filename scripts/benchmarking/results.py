"""One measured figure with its bar, and the tables of them: for the screen and for a page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby


@dataclass(frozen=True)
class Bar:
    """The closed range that a figure has to lie in."""

    low: float = -math.inf
    high: float = math.inf

    def __str__(self) -> str:
        if math.isinf(self.low):
            return f"<= {self.high:g}"
        if math.isinf(self.high):
            return f">= {self.low:g}"
        if self.low == -self.high:
            return f"± {self.high:g}"
        return f"{self.low:g} to {self.high:g}"

    def holds(self, value: float) -> bool:
        """Whether the value lies in the range; NaN never does."""
        return self.low <= value <= self.high


@dataclass(frozen=True)
class Row:
    """One figure: where it was measured, of which method, its unit, and its bar if it has one."""

    section: str
    measure: str
    method: str
    value: float
    unit: str = ""
    bar: Bar | None = None
    decimals: int = 3

    @property
    def verdict(self) -> str:
        """``pass``, ``FAIL``, or empty without a bar."""
        if self.bar is None:
            return ""
        return "pass" if self.bar.holds(self.value) else "FAIL"

    @property
    def text(self) -> str:
        """The figure with its unit; a dash when it could not be measured."""
        if not math.isfinite(self.value):
            return "–"
        return f"{self.value:.{self.decimals}f} {self.unit}".strip()


COLUMNS = ("measure", "method", "figure", "bar", "verdict")


def cells(row: Row) -> tuple[str, ...]:
    """Return the cells of one row, in the order of `COLUMNS`."""
    return (row.measure, row.method, row.text, str(row.bar or ""), row.verdict)


def by_section(rows: Iterable[Row]) -> list[Row]:
    """Return the rows section by section, sections and rows in the order of their coming."""
    listed = list(rows)
    sections = list(dict.fromkeys(row.section for row in listed))
    return sorted(listed, key=lambda row: sections.index(row.section))


def markdown(rows: Iterable[Row]) -> str:
    """Return one Markdown table per section, in the order of the rows."""
    parts = []
    for section, members in groupby(by_section(rows), key=lambda row: row.section):
        lines = [f"## {section}", "", "| " + " | ".join(COLUMNS) + " |", "|---" * 5 + "|"]
        lines += ["| " + " | ".join(cells(row)) + " |" for row in members]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def failures(rows: Iterable[Row]) -> int:
    """Return how many figures miss their bar."""
    return sum(row.verdict == "FAIL" for row in rows)
