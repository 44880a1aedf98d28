"""Plots of agreement as PNG: Bland-Altman, scatter with the line of identity, steps, repeats.

Matplotlib is used through its objects, without pyplot: nothing global is touched, and no window
system is looked for.  Colours are Okabe and Ito's, which colour-blind readers tell apart; lines
differ in their dashes as well.
"""

from __future__ import annotations

import io
import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray

from .agreement_icc import Estimate
from .agreement_kappa import cross_table

Floats = NDArray[np.float64]

BLUE, VERMILLION, INK, SOFT = "#0072B2", "#D55E00", "#1c2523", "#586562"
#: Inches and dots per inch: sharp in print at one column's width.
_SIZE, _DPI = (5.2, 3.9), 160


def bland_altman(
    first: Floats,
    second: Floats,
    *,
    bias: Estimate,
    lower: Estimate,
    upper: Estimate,
    raters: tuple[str, str],
    label: str,
) -> bytes:
    """Draw differences over means with bias, limits and their intervals as bands.

    Parameters
    ----------
    first, second : ndarray, shape (n,)
    bias, lower, upper : Estimate
        A NaN interval draws no band.
    raters : (str, str)
    label : str
        The outcome with its unit.
    """
    figure, axes = _axes()
    middle, difference = (first + second) / 2, first - second
    for estimate, colour, dashes in (
        (lower, VERMILLION, (0, (6, 3))),
        (bias, BLUE, "solid"),
        (upper, VERMILLION, (0, (6, 3))),
    ):
        if math.isfinite(estimate.low):
            axes.axhspan(estimate.low, estimate.high, color=colour, alpha=0.13, linewidth=0)
        if math.isfinite(estimate.value):
            axes.axhline(estimate.value, color=colour, linewidth=1.4, linestyle=dashes)
            axes.annotate(
                f"{estimate.value:.3g}",
                (1.01, estimate.value),
                xycoords=("axes fraction", "data"),
                va="center",
                fontsize=8.5,
                color=colour,
            )
    axes.axhline(0.0, color=SOFT, linewidth=0.8, linestyle=(0, (1, 2)))
    _draw_points(axes, middle, difference)
    axes.set_xlabel(f"mean of both: {_plain(label)}")
    axes.set_ylabel(_plain(f"{raters[0]} − {raters[1]}"))
    return _png(figure)


def identity_scatter(
    first: Floats, second: Floats, *, raters: tuple[str, str], label: str
) -> bytes:
    """Draw one rater over the other, with the line on which both are equal."""
    figure, axes = _axes()
    low = float(min(first.min(), second.min()))
    high = float(max(first.max(), second.max()))
    pad = 0.05 * (high - low) or 1.0
    ends = (low - pad, high + pad)
    axes.plot(ends, ends, color=SOFT, linewidth=1.1, linestyle=(0, (6, 3)))
    _draw_points(axes, second, first)
    axes.set_xlim(ends)
    axes.set_ylim(ends)
    axes.set_aspect("equal")
    axes.set_title(_plain(label), fontsize=9.5, color=INK)
    axes.set_xlabel(_plain(raters[1]))
    axes.set_ylabel(_plain(raters[0]))
    return _png(figure)


def step_table(first: Floats, second: Floats, *, raters: tuple[str, str], label: str) -> bytes:
    """Draw how often each pair of steps was given: circles by count, equal steps in blue."""
    figure, axes = _axes()
    steps, table = cross_table(first, second)
    largest = float(table.max())
    # The largest circle just fills its cell.
    room = 0.62 * min(_SIZE) * 72 / max(len(steps), 2)
    for i, a in enumerate(steps):
        for j, b in enumerate(steps):
            count = int(table[i, j])
            if count:
                size = (room * math.sqrt(count / largest)) ** 2
                colour = BLUE if a == b else VERMILLION
                axes.scatter(j, i, s=max(size, 14.0), color=colour, alpha=0.28, linewidth=0)
                axes.annotate(str(count), (j, i), ha="center", va="center", fontsize=9, color=INK)
    axes.set_xticks(range(len(steps)), [f"{step:g}" for step in steps])
    axes.set_yticks(range(len(steps)), [f"{step:g}" for step in steps])
    axes.set_xlim(-0.6, len(steps) - 0.4)
    axes.set_ylim(-0.6, len(steps) - 0.4)
    axes.set_aspect("equal")
    axes.set_title(_plain(label), fontsize=9.5, color=INK)
    axes.set_xlabel(_plain(raters[1]))
    axes.set_ylabel(_plain(raters[0]))
    return _png(figure)


def repeat_spread(groups: Sequence[Floats], *, within: Estimate, label: str) -> bytes:
    """Draw each repeat's deviation from its site's mean, over that mean.

    Parameters
    ----------
    groups : sequence of ndarray
        Readings of each site, two or more.
    within : Estimate
        Within-site SD; its ±1.96-fold is drawn.
    label : str
    """
    figure, axes = _axes()
    means = np.concatenate([np.full(group.size, group.mean()) for group in groups])
    deviations = np.concatenate([group - group.mean() for group in groups])
    for sign in (-1.96, 1.96):
        level = sign * within.value
        if math.isfinite(level):
            axes.axhline(level, color=VERMILLION, linewidth=1.4, linestyle=(0, (6, 3)))
    axes.axhline(0.0, color=SOFT, linewidth=0.9)
    _draw_points(axes, means, deviations)
    axes.set_xlabel(f"mean of the site: {_plain(label)}")
    axes.set_ylabel("repeat − mean of its site")
    return _png(figure)


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=_SIZE, dpi=_DPI, layout="constrained", facecolor="white")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    for side in ("left", "bottom"):
        axes.spines[side].set_color(SOFT)
    axes.tick_params(colors=SOFT, labelsize=8.5)
    axes.xaxis.label.set_color(INK)
    axes.yaxis.label.set_color(INK)
    return figure, axes


def _draw_points(axes: Axes, x: Floats, y: Floats) -> None:
    """Draw points, fainter and smaller the more there are; equal ones as one, larger by count."""
    places, counts = np.unique(np.column_stack([x, y]), axis=0, return_counts=True)
    many = min(1.0, len(places) / 400)
    axes.scatter(
        places[:, 0],
        places[:, 1],
        s=(5.0 - 2.5 * many) ** 2 * np.minimum(np.sqrt(counts), 6.0),
        color=INK,
        alpha=0.65 - 0.35 * many,
        linewidths=0,
        zorder=3,
    )


def _plain(text: str) -> str:
    """Return text that Matplotlib takes as it stands: a dollar would begin a formula."""
    shown = text if len(text) <= 60 else f"{text[:57]}…"
    return shown.replace("$", r"\$")


def _png(figure: Figure) -> bytes:
    stream = io.BytesIO()
    # Without the software's version the same data gives the same bytes.
    figure.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
