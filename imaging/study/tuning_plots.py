"""Plots of a tuning as PNG: the curve of each setting, and the stability map of all of them.

Matplotlib is used through its objects, without pyplot: nothing global is touched.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from .agreement_plots import BLUE, INK, SOFT, VERMILLION

_DPI = 160
_CURVE_INCHES = (5.2, 3.4)
_MAP_WIDTH_INCHES, _MAP_ROW_INCHES = 8.0, 0.42
#: More photos than this as lines of their own are a grey field.
_MOST_LINES = 60


@dataclass(frozen=True)
class CurvePlot:
    """What the plot of one setting shows.

    ``photos`` holds each photo's own figures; empty where a photo has none.  Indices are places
    among ``values``.
    """

    label: str
    metric: str
    values: Sequence[str]
    is_number: bool
    figures: Sequence[float]
    photos: Sequence[Sequence[float]]
    others: Sequence[tuple[str, Sequence[float]]]
    start: int
    chosen: int
    stable: tuple[int, int]
    is_logarithmic: bool


@dataclass(frozen=True)
class MapRow:
    """One bar of the stability map, in shares of the steps tried."""

    label: str
    start: float
    chosen: float
    stable: tuple[float, float]
    ends: tuple[str, str]


def draw_curve(plot: CurvePlot) -> bytes:
    """Draw a figure over the values of one setting."""
    figure = Figure(figsize=_CURVE_INCHES, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    x = np.array(
        [float(v) for v in plot.values] if plot.is_number else range(len(plot.values)), float
    )
    if plot.is_logarithmic:
        axes.set_xscale("log")
    low, high = plot.stable
    if plot.is_number and high > low:
        axes.axvspan(x[low], x[high], color=BLUE, alpha=0.10, linewidth=0)
    for figures in plot.photos[:_MOST_LINES]:
        axes.plot(x, figures, color=SOFT, alpha=0.22, linewidth=0.7)
    for (name, figures), dashes in zip(plot.others, ("--", "-."), strict=False):
        axes.plot(x, figures, color=VERMILLION, linewidth=1.2, linestyle=dashes, label=name)
    style = "-" if plot.is_number else ""
    axes.plot(
        x, plot.figures, style, marker="o", markersize=3.2, color=BLUE, linewidth=2.0,
        label=plot.metric,
    )  # fmt: skip
    axes.plot(
        x[plot.start], plot.figures[plot.start], "D", markersize=7, markerfacecolor="white",
        markeredgecolor=INK, markeredgewidth=1.4, label="in force",
    )  # fmt: skip
    axes.plot(
        x[plot.chosen], plot.figures[plot.chosen], "*", markersize=12, color=INK,
        label="recommended",
    )  # fmt: skip
    _keep_readable(axes, plot)
    if not plot.is_number:
        axes.set_xticks(range(len(plot.values)), [_plain(value) for value in plot.values])
    axes.set_xlabel(_plain(plot.label))
    axes.set_ylabel(plot.metric)
    _quiet(axes)
    axes.legend(frameon=False, fontsize=8, labelcolor=INK)
    return _png(figure)


def draw_map(rows: Sequence[MapRow]) -> bytes:
    """Draw for every setting how far it can move before the result changes."""
    height = 1.0 + _MAP_ROW_INCHES * len(rows)
    figure = Figure(
        figsize=(_MAP_WIDTH_INCHES, height), dpi=_DPI, layout="constrained", facecolor="white"
    )
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for place, row in enumerate(rows):
        axes.plot((0, 1), (place, place), color=SOFT, alpha=0.35, linewidth=1.2)
        low, high = row.stable
        # A setting that cannot move at all still shows as a sliver.
        axes.barh(place, max(high - low, 0.006), left=low, height=0.5, color=BLUE, alpha=0.45)
        axes.plot(row.start, place, "D", markersize=7, markerfacecolor="white", color=INK)
        axes.plot(row.chosen, place, "*", markersize=11, color=INK)
        axes.annotate(
            _plain(row.ends[0]), (0, place), (-6, 0), textcoords="offset points", ha="right",
            va="center", fontsize=8, color=SOFT,
        )  # fmt: skip
        axes.annotate(
            _plain(row.ends[1]), (1, place), (6, 0), textcoords="offset points", ha="left",
            va="center", fontsize=8, color=SOFT,
        )  # fmt: skip
    axes.set_yticks(range(len(rows)), [_plain(row.label) for row in rows])
    axes.invert_yaxis()
    axes.set_xlim(-0.14, 1.14)
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xticks([])
    axes.set_xlabel("values tried, lowest to highest; diamond in force, star recommended")
    _quiet(axes)
    axes.spines["bottom"].set_visible(False)
    axes.spines["left"].set_visible(False)
    axes.tick_params(axis="y", length=0)
    return _png(figure)


def _keep_readable(axes: Axes, plot: CurvePlot) -> None:
    """Let the pooled curve, not a single photo's, say how tall the plot is."""
    shown = [f for f in plot.figures if math.isfinite(f)]
    shown += [f for _, figures in plot.others for f in figures if math.isfinite(f)]
    if shown:
        low, high = min(shown), max(shown)
        pad = 0.25 * (high - low) or 0.02 * abs(high) or 0.02
        axes.set_ylim(low - pad, high + pad)


def _quiet(axes: Axes) -> None:
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    axes.tick_params(colors=SOFT, labelsize=8.5)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)


def _plain(text: str) -> str:
    """Return text that Matplotlib takes as it stands: a dollar would begin a formula."""
    return (text if len(text) <= 50 else f"{text[:47]}…").replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    # Without the software's version the same data gives the same bytes.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
