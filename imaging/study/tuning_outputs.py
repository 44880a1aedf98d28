"""What `dermetry tune` leaves in its folder: tables, plots, page, and settings for ``--config``."""

from __future__ import annotations

import base64
import csv
import io
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import tomli_w
from markupsafe import Markup

from .. import __version__
from ..records import columns_of, row_of
from ..settings import changed_values, settings_digest, tables_of_groups
from .references import told_count
from .report import TEMPLATES, source_hash
from .run_record import current_versions
from .tables import cells_of
from .tuning import Tuning
from .tuning_plots import CurvePlot, MapRow, draw_curve, draw_map
from .tuning_space import Axis, place_of, settings_at
from .tuning_tables import (
    TUNING_TABLES,
    PhotoTuningRow,
    StabilityRow,
    curve_of,
    curve_rows,
    fold_rows,
    photo_curve,
    photo_metric,
    photo_rows,
    shown_value,
    stability_rows,
    trial_rows,
)
from .writing import make_folder, whole_file, write_bytes

PAGE_NAME = "tuning.html"
SETTINGS_NAME = "tuned.toml"
_STYLES = ("report.css", "agreement.css", "tuning.css")
#: Photos that the page lists, those that depend most on a setting first.
_LISTED_PHOTOS = 15
#: Ends of a curve that differ by more than this factor are drawn on a logarithmic axis.
_WIDE_RATIO = 12.0


@dataclass(frozen=True)
class _Picture:
    name: str
    title: str
    caption: str
    png: bytes

    @property
    def source(self) -> str:
        return "data:image/png;base64," + base64.b64encode(self.png).decode()


def write_tuning(out_dir: Path, tuning: Tuning, *, with_plots: bool = True) -> list[Path]:
    """Write everything and return the paths.

    Raises
    ------
    OutputError
        The folder cannot be written.
    """
    make_folder(out_dir)
    tables: dict[str, list[Any]] = {
        "curves": list(curve_rows(tuning)),
        "trials": list(trial_rows(tuning)),
        "stability": list(stability_rows(tuning)),
        "photos": list(photo_rows(tuning)),
        "folds": list(fold_rows(tuning)),
    }
    paths = [out_dir / f"{name}.csv" for name in tables]
    for path, (name, rows) in zip(paths, tables.items(), strict=True):
        _write_table(path, TUNING_TABLES[name], rows)
    pictures = _pictures(tuning, tables["stability"]) if with_plots else []
    for picture in pictures:
        write_bytes(out_dir / "plots" / picture.name, picture.png)
    page = _page(tuning, tables["stability"], tables["photos"], pictures)
    write_bytes(out_dir / PAGE_NAME, page.encode())
    write_bytes(out_dir / SETTINGS_NAME, tomli_w.dumps(settings_document(tuning)).encode())
    return [*paths, out_dir / PAGE_NAME, out_dir / SETTINGS_NAME]


def settings_document(tuning: Tuning) -> dict[str, Any]:
    """Return the settings file: the tuned settings, and below ``provenance`` where they came from.

    A settings reader leaves ``provenance`` alone.
    """
    final = settings_at(tuning.settings, tuning.chosen)
    # The figures hold with the other settings in force too, and a file starts from the defaults.
    values = changed_values(final, tuning.wing) | dict(tuning.chosen)
    document: dict[str, Any] = tables_of_groups(values)
    document["provenance"] = {
        "made_by": f"dermetry {__version__} tune {tuning.wing}",
        "data_digest": tuning.data_digest,
        "photos": len(tuning.photos),
        "references": tuning.kind,
        "search": tuning.search,
        "points_tried": len(tuning.tried),
        "metric": tuning.metric.name,
        "match": tuning.match,
        "tolerance": tuning.tolerance,
        "settings_digest": settings_digest(final, tuning.wing),
        "algorithm_version": tuning.algorithm_version,
        "started_from": dict(tuning.start),
        "figures": _without_nan(
            {
                "in_force": tuning.figure(tuning.start),
                "recommended": tuning.figure(tuning.chosen),
                "in_force_out_of_fold": tuning.out_of_fold[1],
                "tuned_out_of_fold": tuning.out_of_fold[0],
            }
        ),
        "stable": {
            row.setting: [row.stable_low, row.stable_high] for row in stability_rows(tuning)
        },
        "notes": list(tuning.notes),
        "versions": current_versions(),
    }
    return document


def shown_figure(value: float) -> str:
    """Return a figure with three decimals; a dash for "cannot tell"."""
    return f"{value:.3f}" if math.isfinite(value) else "–"


def _pictures(tuning: Tuning, stability: Sequence[StabilityRow]) -> list[_Picture]:
    numbers = [a for a in tuning.axes if a.is_number]
    by_name = {row.setting: row for row in stability}
    pictures = []
    if numbers:
        png = draw_map([_map_row(tuning, axis, by_name[axis.name]) for axis in numbers])
        caption = (
            f"Blue: how far a setting can move before {tuning.metric.name} changes by more than "
            f"{tuning.tolerance:g}, all others as recommended."
        )
        pictures.append(_Picture("stability.png", "Stability map", caption, png))
    for axis in tuning.axes:
        caption = (
            "Thick: all photos together. Thin: each photo by itself"
            f"{'' if photo_metric(tuning) is tuning.metric else ' cannot be told'}. "
            "Blue band: the result does not change."
        )
        png = draw_curve(_curve_plot(tuning, axis, by_name[axis.name]))
        pictures.append(_Picture(f"{axis.name}.png", axis.name, caption, png))
    return pictures


def _map_row(tuning: Tuning, axis: Axis, row: StabilityRow) -> MapRow:
    start, chosen = dict(tuning.start)[axis.name], dict(tuning.chosen)[axis.name]
    texts = [shown_value(value) for value in axis.values]
    span = len(texts) - 1
    stable = texts.index(row.stable_low) / span, texts.index(row.stable_high) / span
    return MapRow(
        label=axis.name,
        start=place_of(axis, start),
        chosen=place_of(axis, chosen),
        stable=stable,
        ends=(texts[0], texts[-1]),
    )


def _curve_plot(tuning: Tuning, axis: Axis, row: StabilityRow) -> CurvePlot:
    texts = [shown_value(value) for value in axis.values]
    beside = [m for m in tuning.metrics if m.name in ("precision", "recall")]
    photos = []
    if photo_metric(tuning) is tuning.metric:
        photos = [photo_curve(tuning, axis, photo) for photo in tuning.photos]
    low, high = axis.values[0], axis.values[-1]
    return CurvePlot(
        label=f"{axis.name} ({axis.declaration.unit})" if axis.declaration.unit else axis.name,
        metric=tuning.metric.name,
        values=texts,
        is_number=axis.is_number,
        figures=curve_of(tuning, axis),
        photos=photos,
        others=[(m.name, curve_of(tuning, axis, m)) for m in beside if m is not tuning.metric],
        start=axis.values.index(dict(tuning.start)[axis.name]),
        chosen=axis.values.index(dict(tuning.chosen)[axis.name]),
        stable=(texts.index(row.stable_low), texts.index(row.stable_high)),
        is_logarithmic=axis.is_number and float(low) > 0 and float(high) / float(low) > _WIDE_RATIO,
    )


def _page(
    tuning: Tuning,
    stability: Sequence[StabilityRow],
    photos: Sequence[PhotoTuningRow],
    pictures: Sequence[_Picture],
) -> str:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["figure"] = shown_figure
    style = "\n".join((TEMPLATES / name).read_text(encoding="utf-8") for name in _STYLES)
    policy = (
        "default-src 'none'; base-uri 'none'; form-action 'none'; img-src data:; "
        f"style-src '{source_hash(style)}'"
    )
    sensitive = sorted(
        (row for row in photos if not row.failure and math.isfinite(row.spread)),
        key=lambda row: -row.spread,
    )
    return environment.get_template("tuning.html.jinja").render(
        tuning=tuning,
        verdict=verdict(tuning),
        figures=[
            (m, tuning.figure(tuning.start, m), tuning.figure(tuning.chosen, m))
            for m in tuning.metrics
        ],
        stability=stability,
        sensitive=sensitive[:_LISTED_PHOTOS],
        failures=sorted(tuning.failures.items()),
        settings=[
            (name, shown_value(value), shown_value(before), _unit(tuning, name))
            for (name, value), (_, before) in zip(tuning.chosen, tuning.start, strict=True)
        ],
        fold_choices=[[shown_value(value) for _, value in fold.chosen] for fold in tuning.folds],
        pictures=pictures,
        photo_metric=photo_metric(tuning).name,
        version=__version__,
        style=Markup(style),  # noqa: S704 - our own file
        policy=policy,
    )


def verdict(tuning: Tuning) -> str:
    """Return in one sentence what a tuning came to."""
    name = tuning.metric.name
    if not tuning.changed():
        return (
            f"Keep the settings in force: {name} is {shown_figure(tuning.figure(tuning.start))} on "
            f"{told_count(len(tuning.photos), 'photo')}."
        )
    moves = ", ".join(f"{n} = {shown_value(v)}" for n, v in tuning.changed().items())
    tuned, before = tuning.out_of_fold
    if not tuning.folds:
        tuned, before = tuning.figure(tuning.chosen), tuning.figure(tuning.start)
        where = "on the photos that it was tuned on"
    else:
        where = "on photos that it was not tuned on"
    return f"{moves}: {name} {shown_figure(tuned)} instead of {shown_figure(before)} {where}."


def _unit(tuning: Tuning, name: str) -> str:
    return next(a.declaration.unit for a in tuning.axes if a.name == name)


def _without_nan(figures: dict[str, float]) -> dict[str, float]:
    return {name: value for name, value in figures.items() if math.isfinite(value)}


def _write_table(path: Path, record: type, rows: Iterable[object]) -> None:
    columns = [column.name for column in columns_of(record)]
    with whole_file(path) as file:
        text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=True)
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(cells_of(row_of(row), columns) for row in rows)
        text.detach()
