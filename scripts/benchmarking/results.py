"""One measured figure with its bar, and the tables of them: for the screen and for a page."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

#: One figure of the face wing, ready to print: measure, value, bar, and whether it is met.
FaceRow = tuple[str, str, str, bool | None]


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


@dataclass(frozen=True)
class SectionTable:
    """The figures of one section: a line per measure, a column per method, and the bar."""

    section: str
    headings: tuple[str, ...]
    lines: tuple[tuple[str, ...], ...]


def tables(rows: Iterable[Row]) -> list[SectionTable]:
    """Return one table per section; sections, measures and methods in the order of their coming."""
    sections: dict[str, list[Row]] = {}
    for row in rows:
        sections.setdefault(row.section, []).append(row)
    return [_table(section, members) for section, members in sections.items()]


def _table(section: str, rows: list[Row]) -> SectionTable:
    methods = tuple(dict.fromkeys(row.method for row in rows))
    by_measure: dict[str, dict[str, Row]] = {}
    for row in rows:
        by_measure.setdefault(row.measure, {})[row.method] = row
    lines = []
    for measure, found in by_measure.items():
        cells = [_cell(found[method]) if method in found else "" for method in methods]
        bars = dict.fromkeys(str(row.bar) for row in found.values() if row.bar is not None)
        lines.append((measure, *cells, ", ".join(bars)))
    return SectionTable(section, ("measure", *methods, "bar"), tuple(lines))


def _cell(row: Row) -> str:
    return f"{row.text} {row.verdict}".strip()


def markdown(rows: Iterable[Row]) -> str:
    """Return the tables of all sections as Markdown."""
    parts = []
    for table in tables(rows):
        lines = [f"## {table.section}", "", _markdown_line(table.headings)]
        lines.append("|---" * len(table.headings) + "|")
        lines += [_markdown_line(line) for line in table.lines]
        parts.append("\n".join(lines))
    return "\n\n".join(parts) + "\n"


def _markdown_line(cells: tuple[str, ...]) -> str:
    return "| " + " | ".join(cells) + " |"


def failures(rows: Iterable[Row]) -> int:
    """Return how many figures miss their bar."""
    return sum(row.verdict == "FAIL" for row in rows)
