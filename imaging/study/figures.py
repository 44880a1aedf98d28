"""The report's figures as inline SVG: crisp at any size, dark-mode aware, and nothing to load.

They are drawn by hand and not by a plotting library: a page of them takes milliseconds, their
colours follow the page's style sheet (classes, no inline style), and every figure says in its
title, for those who cannot see it, what it shows.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from markupsafe import Markup, escape
from numpy.typing import ArrayLike, NDArray

#: Drawing area of a figure in SVG user units; about one per CSS pixel in the report's columns.
WIDTH = 440.0
HEIGHT = 250.0
LEFT, RIGHT, TOP, BOTTOM = 46.0, 14.0, 18.0, 44.0

#: Width of the interval drawn inside a table cell.
CELL_WIDTH = 120.0
CELL_HEIGHT = 16.0


def histogram(
    values: ArrayLike,
    *,
    bin_width: float,
    split_at: float | None,
    title: str,
    x_label: str,
) -> Markup:
    """Draw how often values fall into bins of one width.

    Parameters
    ----------
    values : array_like of float, shape (n,)
        NaN is left out.
    bin_width : float
        In the unit of the values; bins begin at 0.
    split_at : float or None
        Values below it are drawn in a second colour, and a line marks it.
    title, x_label : str
    """
    finite = _finite(values)
    if not finite.size:
        return _empty(title)
    # The rare giant would squeeze everything else: the last bin takes all above the 99.5th
    # percentile, and says so.
    limit = math.ceil((float(np.percentile(finite, 99.5)) + 1e-9) / bin_width) * bin_width
    edges = np.arange(0.0, limit + bin_width / 2, bin_width)
    counts, _ = np.histogram(np.minimum(finite, limit - bin_width / 2), edges)
    first = int(np.flatnonzero(counts)[0])
    x_axis = _Axis(float(edges[max(0, first - 1)]), limit, LEFT, WIDTH - RIGHT)
    y_axis = _Axis(0.0, float(counts.max()), HEIGHT - BOTTOM, TOP)
    parts = [_y_grid(y_axis), _x_ticks(x_axis), _axis_label(x_label)]
    for low, count in zip(edges, counts, strict=False):
        if count:
            is_below = split_at is not None and low + bin_width / 2 < split_at
            x0, x1, y = x_axis.at(float(low)), x_axis.at(float(low) + bin_width), y_axis.at(count)
            parts.append(
                f'<rect class="{"fill-second" if is_below else "fill-first"}" x="{x0 + 0.6:.1f}" '
                f'y="{y:.1f}" width="{x1 - x0 - 1.2:.1f}" height="{HEIGHT - BOTTOM - y:.1f}">'
                f"<title>{low:g} to {low + bin_width:g}: {count}</title></rect>"
            )
    if split_at is not None and x_axis.low < split_at < x_axis.high:
        parts.append(_marker(x_axis.at(split_at), f"{split_at:g}"))
    return _figure(title, parts)


def bars(labels: Sequence[str], counts: Sequence[int], *, title: str, x_label: str) -> Markup:
    """Draw one bar a label, with its share in percent on top.

    Parameters
    ----------
    labels : sequence of str, length n
    counts : sequence of int, length n
    title, x_label : str
    """
    total = sum(counts)
    if not total:
        return _empty(title)
    shares = [100.0 * count / total for count in counts]
    y_axis = _Axis(0.0, max(shares), HEIGHT - BOTTOM, TOP + 8)
    parts = [_y_grid(y_axis, suffix=" %"), _axis_label(x_label)]
    step = (WIDTH - LEFT - RIGHT) / len(labels)
    for k, (label, count, share) in enumerate(zip(labels, counts, shares, strict=True)):
        x, y = LEFT + (k + 0.5) * step, y_axis.at(share)
        parts.append(
            f'<rect class="fill-first" x="{x - 0.32 * step:.1f}" y="{y:.1f}" rx="2" '
            f'width="{0.64 * step:.1f}" height="{HEIGHT - BOTTOM - y:.1f}">'
            f"<title>{escape(label)}: {count}</title></rect>"
            f'<text class="value" x="{x:.1f}" y="{y - 5:.1f}">{_share(share)}</text>'
            f'<text class="tick" x="{x:.1f}" y="{HEIGHT - BOTTOM + 15:.1f}">{escape(label)}</text>'
        )
    return _figure(title, parts)


def curve(
    x: ArrayLike,
    y: ArrayLike,
    *,
    low: ArrayLike,
    high: ArrayLike,
    mark_x: float | None,
    title: str,
    x_label: str,
) -> Markup:
    """Draw a percentage over `x` with a band from `low` to `high`.

    Parameters
    ----------
    x, y, low, high : array_like of float, shape (n,)
        `y` and the band in percent.
    mark_x : float or None
        Where a line marks the value in use.
    title, x_label : str
    """
    xs, ys, lows, highs = (np.asarray(v, dtype=float) for v in (x, y, low, high))
    if not np.isfinite(ys).any():
        return _empty(title)
    x_axis = _Axis(float(xs.min()), float(xs.max()), LEFT, WIDTH - RIGHT)
    y_axis = _Axis(0.0, 100.0, HEIGHT - BOTTOM, TOP)
    upper = [(x_axis.at(a), y_axis.at(b)) for a, b in zip(xs, highs, strict=True)]
    lower = [(x_axis.at(a), y_axis.at(b)) for a, b in zip(xs, lows, strict=True)]
    line = [(x_axis.at(a), y_axis.at(b)) for a, b in zip(xs, ys, strict=True)]
    parts = [_y_grid(y_axis, suffix=" %"), _x_ticks(x_axis), _axis_label(x_label)]
    parts.append(f'<polygon class="band" points="{_points(upper + lower[::-1])}"/>')
    parts.append(f'<polyline class="line" points="{_points(line)}"/>')
    parts += [
        f'<circle class="fill-first" cx="{px:.1f}" cy="{py:.1f}" r="3">'
        f"<title>{a:g}: {b:.1f} %</title></circle>"
        for (px, py), a, b in zip(line, xs, ys, strict=True)
    ]
    if mark_x is not None and x_axis.low <= mark_x <= x_axis.high:
        parts.append(_marker(x_axis.at(mark_x), f"{mark_x:g}"))
    return _figure(title, parts)


def ranked_intervals(
    values: ArrayLike, lows: ArrayLike, highs: ArrayLike, *, title: str, x_label: str, unit: str
) -> Markup:
    """Draw every photo's value with its interval, from the smallest value to the largest.

    Parameters
    ----------
    values, lows, highs : array_like of float, shape (n,)
        Photos whose value is NaN are left out; a NaN limit falls back to the value.
    title, x_label, unit : str
    """
    v, lo, hi = (np.asarray(a, dtype=float).ravel() for a in (values, lows, highs))
    known = np.isfinite(v)
    if not known.any():
        return _empty(title)
    order = np.argsort(v[known], kind="stable")
    v, lo, hi = v[known][order], lo[known][order], hi[known][order]
    lo, hi = np.where(np.isfinite(lo), lo, v), np.where(np.isfinite(hi), hi, v)
    y_axis = _Axis(0.0, float(hi.max()), HEIGHT - BOTTOM, TOP)
    step = (WIDTH - LEFT - RIGHT) / v.size
    radius = min(3.5, max(1.2, 0.35 * step))
    median = float(np.median(v))
    parts = [_y_grid(y_axis), _axis_label(x_label)]
    for k, (a, b, c) in enumerate(zip(v, lo, hi, strict=True)):
        x = LEFT + (k + 0.5) * step
        parts.append(
            f'<line class="whisker" x1="{x:.1f}" x2="{x:.1f}" '
            f'y1="{y_axis.at(c):.1f}" y2="{y_axis.at(b):.1f}"/>'
            f'<circle class="fill-first" cx="{x:.1f}" cy="{y_axis.at(a):.1f}" r="{radius:.1f}">'
            f"<title>{a:.3g} {escape(unit)}</title></circle>"
        )
    y = y_axis.at(median)
    parts.append(
        f'<line class="median" x1="{LEFT}" x2="{WIDTH - RIGHT}" y1="{y:.1f}" y2="{y:.1f}"/>'
    )
    parts.append(
        f'<text class="value start" x="{LEFT + 4}" y="{y - 5:.1f}">median {median:.3g}</text>'
    )
    return _figure(title, parts)


def course(
    x: Sequence[float],
    labels: Sequence[str],
    points: Sequence[tuple[float, float, float]],
    *,
    title: str,
) -> Markup:
    """Draw a value over visits, each with its interval.

    Parameters
    ----------
    x : sequence of float, length n
        Places of the visits on the time axis, ascending.
    labels : sequence of str, length n
        Their names.
    points : sequence of (value, low, high), length n
        A visit whose value is NaN has its name but no point; a NaN limit gives no bar.
    title : str
    """
    known = [value for point in points for value in point if math.isfinite(value)]
    if not known:
        return _empty(title)
    x_axis = _Axis(min(x), max(x), LEFT + 24, WIDTH - RIGHT - 24)
    y_axis = _Axis(min(0.0, *known), max(known), HEIGHT - BOTTOM, TOP)
    parts = [_y_grid(y_axis)]
    line = [
        (x_axis.at(a), y_axis.at(b))
        for a, (b, _, _) in zip(x, points, strict=True)
        if math.isfinite(b)
    ]
    parts.append(f'<polyline class="line" points="{_points(line)}"/>')
    for a, label, (value, low, high) in zip(x, labels, points, strict=True):
        at = x_axis.at(a)
        if math.isfinite(low) and math.isfinite(high):
            parts.append(
                f'<line class="whisker wide" x1="{at:.1f}" x2="{at:.1f}" '
                f'y1="{y_axis.at(low):.1f}" y2="{y_axis.at(high):.1f}"/>'
            )
        if math.isfinite(value):
            parts.append(
                f'<circle class="fill-first" cx="{at:.1f}" cy="{y_axis.at(value):.1f}" r="4">'
                f"<title>{escape(label)}: {value:.3g}</title></circle>"
            )
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{HEIGHT - BOTTOM + 15:.1f}">'
            f"{escape(_short(label))}</text>"
        )
    return _figure(title, parts)


def _short(label: str) -> str:
    return label if len(label) <= MAX_TICK else f"{label[: MAX_TICK - 1]}…"


def interval_cell(value: float, low: float, high: float, *, axis_high: float) -> Markup:
    """Draw one value and its interval on an axis from 0 that all rows of a table share.

    An unknown value gives an empty string: the cell beside it says so in words.
    """
    if not math.isfinite(value):
        return Markup("")
    axis = _Axis(0.0, max(axis_high, 1e-9), 4.0, CELL_WIDTH - 4.0, is_rounded=False)
    middle = CELL_HEIGHT / 2
    a = axis.at(low if math.isfinite(low) else value)
    b = axis.at(high if math.isfinite(high) else value)
    return _trusted(
        f'<svg class="cell" viewBox="0 0 {CELL_WIDTH:g} {CELL_HEIGHT:g}" aria-hidden="true">'
        f'<line class="rail" x1="4" x2="{CELL_WIDTH - 4:g}" y1="{middle}" y2="{middle}"/>'
        f'<line class="whisker wide" x1="{a:.1f}" x2="{b:.1f}" y1="{middle}" y2="{middle}"/>'
        f'<circle class="fill-first" cx="{axis.at(value):.1f}" cy="{middle}" r="3.5"/></svg>'
    )


class _Axis:
    """A straight map from values to SVG units, with round ends and round ticks."""

    def __init__(
        self, low: float, high: float, start: float, end: float, *, is_rounded: bool = True
    ) -> None:
        high = high if high > low else low + 1.0
        # A first step of a fifth of the range, rounded to 1, 2 or 5 times a power of ten.
        raw = (high - low) / 5.0
        magnitude = 10.0 ** math.floor(math.log10(raw))
        self.step = next(m * magnitude for m in (1, 2, 5, 10) if m * magnitude >= raw * 0.999)
        self.low = low
        is_up = end < start  # a vertical axis ends on a tick; a horizontal one ends with its data
        self.high = (
            low + math.ceil((high - low) / self.step - 1e-9) * self.step
            if is_rounded and is_up
            else high
        )
        self.start, self.end = start, end

    def at(self, value: float) -> float:
        share = (min(max(float(value), self.low), self.high) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        first = math.ceil(self.low / self.step - 1e-9) * self.step
        count = int((self.high - first) / self.step + 1e-9) + 1
        return [first + k * self.step for k in range(count)]


def _share(percent: float) -> str:
    """Text of a share; a small one that is there is not told as 0 %."""
    return "&lt; 1 %" if 0.0 < percent < 0.5 else f"{percent:.0f} %"


#: Characters of a visit's name below its point.
MAX_TICK = 14


def _finite(values: ArrayLike) -> NDArray[np.float64]:
    array = np.asarray(values, dtype=np.float64).ravel()
    return array[np.isfinite(array)]


def _points(points: Sequence[tuple[float, float]]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points if math.isfinite(y))


def _y_grid(axis: _Axis, *, suffix: str = "") -> str:
    return "".join(
        f'<line class="grid" x1="{LEFT}" x2="{WIDTH - RIGHT}" '
        f'y1="{axis.at(tick):.1f}" y2="{axis.at(tick):.1f}"/>'
        f'<text class="tick end" x="{LEFT - 6}" y="{axis.at(tick) + 4:.1f}">{tick:g}{suffix}</text>'
        for tick in axis.ticks()
    )


def _x_ticks(axis: _Axis) -> str:
    return "".join(
        f'<text class="tick" x="{axis.at(tick):.1f}" y="{HEIGHT - BOTTOM + 15:.1f}">{tick:g}</text>'
        for tick in axis.ticks()
    )


def _axis_label(text: str) -> str:
    middle = (LEFT + WIDTH - RIGHT) / 2
    return f'<text class="label" x="{middle}" y="{HEIGHT - 8:.1f}">{escape(text)}</text>'


def _marker(x: float, text: str) -> str:
    return (
        f'<line class="marker" x1="{x:.1f}" x2="{x:.1f}" y1="{TOP - 4}" y2="{HEIGHT - BOTTOM}"/>'
        f'<text class="value" x="{x:.1f}" y="{TOP - 7}">{escape(text)}</text>'
    )


def _figure(title: str, parts: Sequence[str]) -> Markup:
    return _trusted(
        f'<svg class="figure" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" role="img" '
        f'aria-label="{escape(title)}">{"".join(parts)}</svg>'
    )


def _empty(title: str) -> Markup:
    return _trusted(f'<p class="nothing">{escape(title)}: nothing to show.</p>')


def _trusted(markup: str) -> Markup:
    # Built here from numbers and from text that went through `escape`.
    return Markup(markup)  # noqa: S704
