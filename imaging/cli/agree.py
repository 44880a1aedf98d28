"""`dermetry agree`: agreement of machine and readers, of readers, and of repeat photos."""

from __future__ import annotations

import enum
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from ..errors import UsageError
from . import options as opt
from .streams import print_lines

if TYPE_CHECKING:
    from ..records.agreement import AgreementRow
    from ..study.agreement_files import Row, Source

PAIRING = "Pairing"
PLAN = "Sample size"


class By(enum.StrEnum):
    """What makes two rows one."""

    auto = "auto"
    photo = "photo"
    visit = "visit"


@dataclass(frozen=True)
class _Request:
    """The options as they were typed."""

    sources: Sequence[Source]
    out: Path | None
    columns: tuple[str, ...]
    by: str
    strata: tuple[str, ...]
    manifest: Path | None
    machine: str
    ordinal: tuple[str, ...]
    density_edges: tuple[float, ...]
    icc_width: float
    limits_width: float
    with_plots: bool
    as_json: bool
    is_quiet: bool


def agree_raters(
    tables: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TABLES",
            help="CSV or XLSX tables, or scored folders; NAME=PATH names a rater. A table with a "
            "column reader holds several.",
        ),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Folder for tables, plots and the page."),
    ] = None,
    *,
    columns: Annotated[
        str, typer.Option("--columns", metavar="A,B", help="What to compare; the usual outcomes.")
    ] = "",
    ordinal: Annotated[
        str,
        typer.Option("--ordinal", metavar="A,B", help="Columns that are steps of a scale: kappa."),
    ] = "",
    by: Annotated[
        By,
        typer.Option(
            "--by", help="Pair by photo, or by subject and visit.", rich_help_panel=PAIRING
        ),
    ] = By.auto,
    manifest: opt.ManifestFile = None,
    machine: Annotated[
        str,
        typer.Option(
            "--machine",
            metavar="NAME",
            help="The one rater that is the machine, all others being readers; our own tables "
            "tell it themselves.",
            rich_help_panel=PAIRING,
        ),
    ] = "",
    strata: Annotated[
        str,
        typer.Option(
            "--strata",
            metavar="A,B",
            help="Columns to tell agreement by; skin_type, density_band, site, view, region.",
            rich_help_panel=PAIRING,
        ),
    ] = "",
    density_bands: Annotated[
        str,
        typer.Option(
            "--density-bands",
            metavar="A,B",
            help="Edges of the density bands, hairs per cm².",
            rich_help_panel=PAIRING,
        ),
    ] = "100,150,200",
    replicates: Annotated[
        bool,
        typer.Option("--replicates", help="One table: test-retest figures of its repeat photos."),
    ] = False,
    one_site: Annotated[
        bool,
        typer.Option("--one-site", help="One table, all of whose photos show one site."),
    ] = False,
    icc_width: Annotated[
        float,
        typer.Option(
            "--icc-width", help="Wanted width of an ICC's interval.", rich_help_panel=PLAN
        ),
    ] = 0.2,
    limits_width: Annotated[
        float | None,
        typer.Option(
            "--limits-width",
            metavar="X",
            help="Wanted width of a limit's interval, in the outcome's unit; one SD.",
            rich_help_panel=PLAN,
        ),
    ] = None,
    plan_icc: Annotated[
        float | None,
        typer.Option(
            "--plan-icc",
            metavar="X",
            help="Without tables: subjects needed when this ICC is expected.",
            rich_help_panel=PLAN,
        ),
    ] = None,
    raters: Annotated[
        int,
        typer.Option("--raters", metavar="K", help="Raters of that plan.", rich_help_panel=PLAN),
    ] = 2,
    plots: Annotated[bool, typer.Option("--plots/--no-plots", help="Draw plots.")] = True,
    as_json: opt.Json = False,
    quiet: opt.Quiet = False,
) -> None:
    """Compare raters: ICC, limits of agreement, concordance, kappa, with 95 % intervals."""
    if plan_icc is not None:
        _plan(plan_icc, raters=raters, width=icc_width, has_tables=bool(tables))
        return
    if not tables:
        raise UsageError(
            "No table is named.", remedy="Try: dermetry agree machine/results.csv reader.csv"
        )
    request = _Request(
        sources=[_source(text) for text in tables],
        out=out,
        columns=_names(columns),
        by=by.value,
        strata=_names(strata),
        manifest=manifest,
        machine=machine,
        ordinal=_names(ordinal),
        density_edges=_edges(density_bands),
        icc_width=icc_width,
        limits_width=math.nan if limits_width is None else limits_width,
        with_plots=plots,
        as_json=as_json,
        is_quiet=quiet,
    )
    if replicates or one_site:
        _tell_repeats(request, is_one_site=one_site)
    else:
        _tell_agreement(request)


def _tell_agreement(request: _Request) -> None:
    from ..study.agreement import AgreementOptions, analyse_agreement  # noqa: PLC0415
    from ..study.agreement_files import read_raters  # noqa: PLC0415
    from ..study.agreement_outputs import AgreementFiles, rater_lines, write_agreement  # noqa: PLC0415
    from ..study.agreement_panel import PanelOptions, build_panel  # noqa: PLC0415
    from ..study.agreement_pictures import agreement_pictures  # noqa: PLC0415

    tables = read_raters(request.sources)
    panel = build_panel(
        tables,
        PanelOptions(
            by=request.by,
            outcomes=request.columns,
            ordinal=request.ordinal,
            strata=request.strata,
            machine=request.machine,
            density_edges=request.density_edges,
        ),
        manifest=_manifest_cells(request.manifest),
    )
    options = AgreementOptions(request.ordinal, request.icc_width, request.limits_width)
    found = analyse_agreement(panel, options)
    if request.out is not None:
        pictures = agreement_pictures(panel, found.rows, options) if request.with_plots else ()
        write_agreement(
            request.out,
            AgreementFiles(
                title=f"Agreement of {', '.join(panel.raters)}",
                tables={
                    "agreement": found.rows,
                    "differences": found.differences,
                    "crosstabs": found.crosses,
                    "sample_size": found.sizes,
                },
                notes=found.notes,
                raters=rater_lines(tables, panel.machines),
                pictures=list(pictures),
                options=_told_options(request),
            ),
        )
    _tell_end(request, found.rows, found.notes)


def _tell_repeats(request: _Request, *, is_one_site: bool) -> None:
    from ..study.agreement_files import read_raters  # noqa: PLC0415
    from ..study.agreement_outputs import AgreementFiles, rater_lines, write_agreement  # noqa: PLC0415
    from ..study.agreement_panel import with_manifest  # noqa: PLC0415
    from ..study.agreement_pictures import repeat_pictures  # noqa: PLC0415
    from ..study.repeatability import group_repeats, repeatability_rows  # noqa: PLC0415

    tables = read_raters(request.sources)
    cells = _manifest_cells(request.manifest)
    rows: list[AgreementRow] = []
    notes: list[str] = []
    pictures = []
    for table in tables:
        repeats = group_repeats(
            with_manifest(table, cells), outcomes=request.columns, is_one_site=is_one_site
        )
        own = repeatability_rows(repeats, rater=table.name)
        rows += own
        notes += [f"{table.name}: {note}" for note in repeats.notes]
        if request.out is not None and request.with_plots and table is tables[0]:
            pictures = list(repeat_pictures(repeats, own))
    if request.out is not None:
        write_agreement(
            request.out,
            AgreementFiles(
                title=f"Repeatability of {', '.join(table.name for table in tables)}",
                tables={"agreement": rows},
                notes=notes,
                raters=rater_lines(tables, [table.is_machine for table in tables]),
                pictures=pictures,
                options=_told_options(request) | {"replicates": True, "one_site": is_one_site},
            ),
        )
    _tell_end(request, rows, notes)


def _tell_end(request: _Request, rows: Sequence[AgreementRow], notes: Sequence[str]) -> None:
    from ..study.agreement_outputs import PAGE_NAME, json_rows  # noqa: PLC0415

    if request.as_json:
        print_lines(json.dumps(row, ensure_ascii=False) for row in json_rows(rows))
    elif request.out is None:
        print_lines(_summary(rows))
    if request.is_quiet:
        return
    for note in notes:
        typer.echo(note, err=True)
    if request.out is not None:
        if not request.as_json:
            for line in _summary(rows):
                typer.echo(line, err=True)
        typer.echo(f"Tables: {request.out / 'agreement.csv'} and beside it", err=True)
        typer.echo(f"Page:   {request.out / PAGE_NAME}", err=True)


#: Figures of the summary, in order, as far as there are.
_SUMMARY = (
    "mean difference",
    "lower limit",
    "upper limit",
    "ICC(2,1)",
    "ICC(1,1)",
    "CCC",
    "kappa, quadratic",
    "MDC, agreement",
    "RMS ratio",
    "within-site SD",
    "repeatability coefficient",
    "CV, root mean square",
)


def _summary(rows: Sequence[AgreementRow]) -> list[str]:
    """Return the main figures over all rows, one pair after the other."""
    from ..study.agreement_page import limits_of, main_row, shown  # noqa: PLC0415

    groups: dict[str, dict[str, AgreementRow]] = {}
    for row in rows:
        if not row.stratum:
            head = f"{row.outcome}: {row.raters} ({row.rows} rows, {row.subjects} subjects"
            head += f"; {row.dropped} left out, a rating is missing)" if row.dropped else ")"
            groups.setdefault(head, {})[row.statistic] = row
    lines: list[str] = []
    for head, group in groups.items():
        lines.append(head)
        for statistic in ("rows", *_SUMMARY):
            found = main_row(group, statistic)
            if found is None or (statistic == "ICC(1,1)" and found.kind != "test-retest"):
                continue
            low, high, is_clustered = limits_of(found)
            interval = f"  {shown(low)} to {shown(high)}" if math.isfinite(low) else ""
            if interval and is_clustered:
                interval += " c"
            is_told = statistic == "rows" or not math.isfinite(found.value)
            note = f"  ({found.note})" if found.note and is_told else ""
            lines.append(f"  {found.statistic:30s}{shown(found.value):>8s}{interval}{note}")
    return lines


def _plan(icc: float, *, raters: int, width: float, has_tables: bool) -> None:
    from ..study.agreement_size import subjects_for_icc  # noqa: PLC0415

    if has_tables:
        raise UsageError(
            "--plan-icc needs no tables.", remedy="Leave out the tables, or --plan-icc."
        )
    print_lines([str(subjects_for_icc(icc, raters=raters, width=width))])


def _source(text: str) -> Source:
    from ..study.agreement_files import Source  # noqa: PLC0415

    name, equals, path = text.partition("=")
    # A file whose own name holds "=" is meant by it.
    if equals and name and not Path(text).exists():
        return Source(Path(path), name)
    return Source(Path(text))


def _names(text: str) -> tuple[str, ...]:
    return tuple(name.strip() for name in text.split(",") if name.strip())


def _edges(text: str) -> tuple[float, ...]:
    try:
        edges = tuple(float(part) for part in _names(text))
    except ValueError:
        edges = (math.nan,)
    if list(edges) != sorted(set(edges)) or not all(math.isfinite(e) and e > 0 for e in edges):
        raise UsageError(
            f"--density-bands {text!r} should be numbers in ascending order.",
            remedy="For example --density-bands 100,150,200.",
        )
    return edges


def _manifest_cells(path: Path | None) -> Mapping[str, Row]:
    if path is None:
        return {}
    from ..study.manifest import read_manifest  # noqa: PLC0415

    return dict(read_manifest(path).by_photo())


def _told_options(request: _Request) -> dict[str, object]:
    told: dict[str, object] = {
        "columns": list(request.columns),
        "by": request.by,
        "strata": list(request.strata),
        "ordinal": list(request.ordinal),
        "machine": request.machine,
        "density_bands": list(request.density_edges),
        "icc_width": request.icc_width,
    }
    if math.isfinite(request.limits_width):
        told["limits_width"] = request.limits_width
    if request.manifest is not None:
        told["manifest"] = request.manifest.name
    return told
