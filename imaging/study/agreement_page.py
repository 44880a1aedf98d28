"""The HTML page of a study of agreement: what its tables and sentences hold, and its rendering.

The page stands by itself: style and plots are in it, nothing is loaded, and its content security
policy forbids it to try.
"""

from __future__ import annotations

import base64
import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

import jinja2
from markupsafe import Markup

from .. import __version__
from ..records.agreement import AgreementRow, SizeRow
from .agreement_methods import METHODS
from .agreement_pictures import Picture, outcome_label
from .report import TEMPLATES, source_hash

#: Figures in the table of pairs: heading and statistic, where the outcome has it.
_PAIR_COLUMNS: tuple[tuple[str, str], ...] = (
    ("Mean difference", "mean difference"),
    ("Lower limit", "lower limit"),
    ("Upper limit", "upper limit"),
    ("ICC(2,1)", "ICC(2,1)"),
    ("ICC within subjects", "ICC, within subjects"),
    ("CCC", "CCC"),
    ("Kappa, quadratic", "kappa, quadratic"),
    ("Detectable change", "MDC, agreement"),
    ("Proportional bias", "proportional bias"),
)
_STRATUM_COLUMNS: tuple[tuple[str, str], ...] = (
    ("Mean difference", "mean difference"),
    ("SD of differences", "SD of differences"),
    ("ICC(2,1)", "ICC(2,1)"),
    ("CCC", "CCC"),
    ("Kappa, quadratic", "kappa, quadratic"),
)
_ALL_COLUMNS: tuple[tuple[str, str], ...] = (
    ("ICC(1,1)", "ICC(1,1)"),
    ("ICC(2,1)", "ICC(2,1)"),
    ("ICC(3,1)", "ICC(3,1)"),
    ("ICC(2,k)", "ICC(2,k)"),
    ("ICC within subjects", "ICC, within subjects"),
    ("SEM", "SEM, agreement"),
    ("Detectable change", "MDC, agreement"),
)
_READER_COLUMNS: tuple[tuple[str, str], ...] = (
    ("Machine-reader, RMS", "RMS difference, machine-reader"),
    ("Reader-reader, RMS", "RMS difference, reader-reader"),
    ("Ratio", "RMS ratio"),
    ("Excess of mean |difference|", "excess of mean absolute difference"),
)
_RETEST_COLUMNS: tuple[tuple[str, str], ...] = (
    ("Mean", "mean"),
    ("Within-site SD", "within-site SD"),
    ("Repeatability coefficient", "repeatability coefficient"),
    ("CV %, RMS", "CV, root mean square"),
    ("CV %, logarithmic", "CV, logarithmic"),
    ("ICC(1,1)", "ICC(1,1)"),
)


@dataclass(frozen=True)
class RaterLine:
    """One rater as the page names it."""

    name: str
    kind: str
    origin: str
    digest: str


@dataclass(frozen=True)
class Cell:
    """One figure in a table; ``is_clustered`` when its limits are over subjects."""

    value: str
    interval: str
    is_clustered: bool


@dataclass(frozen=True)
class Line:
    """A row of a table: its name, a remark under it, and its cells; None for "cannot tell"."""

    name: str
    remark: str
    cells: tuple[Cell | None, ...]


@dataclass(frozen=True)
class Block:
    """A table."""

    caption: str
    heads: tuple[str, ...]
    lines: tuple[Line, ...]


@dataclass(frozen=True)
class FullLine:
    """One row of the list of every figure."""

    statistic: str
    value: str
    interval: str
    method: str
    clustered: str
    meaning: str
    note: str


@dataclass(frozen=True)
class FullGroup:
    """Every figure of one pair, for one stratum."""

    caption: str
    lines: tuple[FullLine, ...]


@dataclass(frozen=True)
class PageOutcome:
    """One outcome's part of the page."""

    label: str
    verdicts: tuple[str, ...]
    tables: tuple[Block, ...]
    pictures: tuple[Mapping[str, str], ...]
    groups: tuple[FullGroup, ...]


def render_agreement(
    *,
    title: str,
    raters: Sequence[RaterLine],
    notes: Sequence[str],
    rows: Sequence[AgreementRow],
    sizes: Sequence[SizeRow],
    pictures: Sequence[Picture],
) -> str:
    """Return the page; every text from outside is escaped by the template engine."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = "".join(
        (TEMPLATES / name).read_text(encoding="utf-8") for name in ("report.css", "agreement.css")
    )
    outcomes = list(dict.fromkeys(row.outcome for row in rows))
    page = {
        "title": title,
        "raters": raters,
        "notes": notes,
        "outcomes": [
            _outcome(name, [r for r in rows if r.outcome == name], pictures) for name in outcomes
        ],
        "sizes": [_size_line(size) for size in sizes],
        "methods": METHODS,
    }
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{source_hash(style)}'"
    )
    return environment.get_template("agreement.html.jinja").render(
        page=page,
        version=__version__,
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy,
    )


def shown(value: float) -> str:
    """Return a figure with the digits that its size allows; a dash for "cannot tell"."""
    if not math.isfinite(value):
        return "–"
    size = abs(value)
    if size >= 100:
        return f"{value:.0f}"
    if size >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}" if size >= 1 else f"{value:.3f}"


def limits_of(row: AgreementRow) -> tuple[float, float, bool]:
    """Return the limits to show, and whether they are those over subjects."""
    # An ICC of k ratings may have an upper limit alone.
    if math.isfinite(row.clustered_high):
        return row.clustered_low, row.clustered_high, True
    return row.low, row.high, False


def main_row(group: Mapping[str, AgreementRow], statistic: str) -> AgreementRow | None:
    """Return the row of a figure; of limits, those for subjects that repeat where there are any."""
    repeated = group.get(f"{statistic}, true value varies")
    if repeated is not None and math.isfinite(repeated.value):
        return repeated
    return group.get(statistic)


def verdict(row: AgreementRow) -> str:
    """Return in a sentence how the machine stands beside the readers; from a row "RMS ratio"."""
    if not math.isfinite(row.value):
        return ""
    low, high, _ = limits_of(row)
    told = f"{row.value:.2f} times" + (
        f" (95 % {low:.2f} to {high:.2f})" if math.isfinite(low) else ""
    )
    text = f"{row.raters}: the machine differs from readers {told} as much as readers do among "
    text += "themselves. "
    if not math.isfinite(low):
        return text + "Too few subjects for an interval."
    if low > 1:
        return text + "That is more than a further reader would."
    if high < 1:
        return text + "That is less than a further reader would."
    return text + "It cannot be told from a further reader."


def _outcome(name: str, rows: Sequence[AgreementRow], pictures: Sequence[Picture]) -> PageOutcome:
    whole = [row for row in rows if not row.stratum]
    is_pair = {"machine-reader", "reader-reader", "machine-machine"}
    tables = [
        _block("Pairs of raters", whole, _PAIR_COLUMNS, lambda r: r.kind in is_pair),
        _block("All raters together", whole, _ALL_COLUMNS, lambda r: r.kind == "all"),
        _block(
            "The machine beside the readers",
            whole,
            _READER_COLUMNS,
            lambda r: r.kind == "machine beside readers",
        ),
        _block("Repeat photos", whole, _RETEST_COLUMNS, lambda r: r.kind == "test-retest"),
    ]
    for stratum in dict.fromkeys(row.stratum for row in rows if row.stratum):
        part = [row for row in rows if row.stratum == stratum]
        caption = f"By {stratum.replace('_', ' ')}"
        tables.append(_block(caption, part, _STRATUM_COLUMNS, lambda r: r.kind in is_pair))
    return PageOutcome(
        label=outcome_label(name),
        verdicts=tuple(
            text for row in whole if row.statistic == "RMS ratio" and (text := verdict(row))
        ),
        tables=tuple(table for table in tables if table.lines),
        pictures=tuple(
            {
                "title": picture.title,
                "caption": picture.caption,
                "source": "data:image/png;base64," + base64.b64encode(picture.png).decode(),
            }
            for picture in pictures
            if picture.outcome == name
        ),
        groups=tuple(_full_groups(rows)),
    )


def _block(
    caption: str,
    rows: Iterable[AgreementRow],
    columns: Sequence[tuple[str, str]],
    is_wanted: Callable[[AgreementRow], bool],
) -> Block:
    """Return a table with a line for each pair (and level), without columns that nobody has."""
    groups: dict[tuple[str, str], dict[str, AgreementRow]] = {}
    for row in rows:
        if is_wanted(row):
            groups.setdefault((row.level, row.raters), {})[row.statistic] = row
    used = [(h, s) for h, s in columns if any(s in group for group in groups.values())]
    lines = []
    for (level, raters), group in groups.items():
        sample = next(iter(group.values()))
        counts = f"{sample.rows} rows, {sample.subjects} subjects"
        if sample.dropped:
            counts += f"; {sample.dropped} left out: a rating is missing"
        note = next((row.note for row in group.values() if "throughout" in row.note), "")
        note = note or next((row.note for s, row in group.items() if s == "rows"), "")
        lines.append(
            Line(
                name=f"{level}: {raters}" if level else raters,
                remark=f"{counts}. {note}".strip() if note else counts,
                cells=tuple(_cell(main_row(group, statistic)) for _, statistic in used),
            )
        )
    if any(
        main_row(group, "lower limit") is not group.get("lower limit") for group in groups.values()
    ):
        caption += ". Limits and SD of differences: true value varies within subjects"
    return Block(caption, ("", *(head for head, _ in used)), tuple(lines))


def _cell(row: AgreementRow | None) -> Cell | None:
    if row is None or not math.isfinite(row.value):
        return None
    if row.statistic.startswith("p,"):
        return Cell("< 0.001" if row.value < 0.001 else f"{row.value:.3f}", "", False)
    low, high, is_clustered = limits_of(row)
    interval = f"{shown(low)} to {shown(high)}" if math.isfinite(high) else ""
    return Cell(shown(row.value), interval, is_clustered and bool(interval))


def _full_groups(rows: Sequence[AgreementRow]) -> list[FullGroup]:
    groups: dict[tuple[str, str, str], list[AgreementRow]] = {}
    for row in rows:
        groups.setdefault((row.stratum, row.level, row.raters), []).append(row)
    return [
        FullGroup(
            caption=f"{raters}; {stratum.replace('_', ' ')} {level}" if stratum else raters,
            lines=tuple(_full_line(row) for row in group),
        )
        for (stratum, level, raters), group in groups.items()
    ]


def _full_line(row: AgreementRow) -> FullLine:
    def told(low: float, high: float) -> str:
        return f"{shown(low)} to {shown(high)}" if math.isfinite(high) else "–"

    cell = _cell(row)
    return FullLine(
        statistic=row.statistic,
        value="–" if cell is None else cell.value,
        interval=told(row.low, row.high),
        method=row.interval,
        clustered=told(row.clustered_low, row.clustered_high),
        meaning=row.meaning,
        note=row.note,
    )


def _size_line(size: SizeRow) -> Mapping[str, str]:
    return {
        "name": f"{outcome_label(size.outcome)}: {size.raters}",
        "target": size.target,
        "expected": shown(size.expected),
        "width": shown(size.width),
        "needed": str(size.subjects_needed),
        "here": str(size.subjects_here),
    }
