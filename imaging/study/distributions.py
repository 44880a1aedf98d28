"""The report's figures, from the rows of the ledger: headline, diameters, units, cut-offs."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from ..settings import Wing
from . import figures
from .measures import MEASURES, Row, is_true, number, values_of

Tables = Mapping[str, Iterable[tuple[str, Sequence[Row]]]]

#: Bins of the diameter histogram: fine enough to see two populations, wider than the error.
DIAMETER_BIN_UM = 5.0

#: Units with at least this many hairs share one bar: more than five share an ostium in 0.2 %.
MOST_HAIRS_SHOWN = 5


def wing_figures(
    wing: Wing, rows: Sequence[Row], tables: Tables, *, cutoff_um: float
) -> list[dict[str, Any]]:
    """Return the figures of the summary, each with title, SVG and caption.

    Parameters
    ----------
    wing : {"hair", "face"}
    rows : sequence of mapping
        Of ``results.csv``.
    tables : mapping
        The other tables: pairs of photo_id and that photo's rows, read once.
    cutoff_um : float
        The terminal/vellus cut-off in use.
    """
    headline = MEASURES[wing][0]
    values, lows, highs = (
        values_of(rows, name) for name in (headline.name, headline.low, headline.high)
    )
    ranked = {
        "title": f"{headline.heading} of every photo",
        "svg": figures.ranked_intervals(
            values,
            lows,
            highs,
            title=f"{headline.heading} ({headline.unit}) of every photo with its interval",
            x_label="photos, from lowest to highest",
            unit=headline.unit,
        ),
        "caption": f"In {headline.unit}; each line is the photo's 95 % interval (detection error "
        "and scale)."
        if wing == "hair"
        else "Each line is the threshold-sensitivity range, not a confidence interval.",
    }
    more = _hair_figures(tables, cutoff_um) if wing == "hair" else _face_figures(tables)
    # A figure with nothing to show (no scale, patch mode) is left out: the cells say why.
    return [figure for figure in (ranked, *more) if figure["svg"].startswith("<svg")]


def _hair_figures(tables: Tables, cutoff_um: float) -> list[dict[str, Any]]:
    diameters = np.array(
        [
            number(row["diameter_um"])
            for _, rows in tables.get("hairs", ())
            for row in rows
            if is_true(row["counted"]) and row.get("status", "kept") == "kept"
        ],
        dtype=np.float64,
    )
    measured = int(np.isfinite(diameters).sum())
    sizes = Counter(
        min(int(row["hairs"]), MOST_HAIRS_SHOWN)
        for _, rows in tables.get("units", ())
        for row in rows
        if is_true(row["counted"])
    )
    labels = [str(k) for k in range(1, MOST_HAIRS_SHOWN)] + [f"{MOST_HAIRS_SHOWN} or more"]
    return [
        {
            "title": "Diameter of counted hairs",
            "svg": figures.histogram(
                diameters,
                bin_width=DIAMETER_BIN_UM,
                split_at=cutoff_um,
                title="Number of counted hairs by diameter in micrometres",
                x_label="diameter, µm",
            ),
            "caption": f"{measured} hairs, bins of {DIAMETER_BIN_UM:g} µm; the bars left "
            f"of the line are vellus (under {cutoff_um:g} µm). "
            "The last bar holds all thicker hairs as well.",
        },
        {
            "title": "Hairs per follicular unit",
            "svg": figures.bars(
                labels,
                [sizes.get(k, 0) for k in range(1, MOST_HAIRS_SHOWN + 1)],
                title="Share of counted follicular units by number of hairs",
                x_label="hairs in the unit",
            ),
            "caption": f"{sum(sizes.values())} counted units.",
        },
        _cutoff_figure(tables, cutoff_um),
    ]


def _cutoff_figure(tables: Tables, cutoff_um: float) -> dict[str, Any]:
    by_cutoff: dict[float, list[tuple[float, float]]] = {}
    for row in (row for _, rows in tables.get("cutoffs", ()) for row in rows):
        pair = (number(row["vellus_count"]), number(row["terminal_count"]))
        if math.isfinite(sum(pair)) and sum(pair) > 0:
            by_cutoff.setdefault(number(row["cutoff_um"]), []).append(pair)
    cutoffs = sorted(by_cutoff)
    pooled, low, high = [], [], []
    for cutoff in cutoffs:
        pairs = np.array(by_cutoff[cutoff])
        shares = 100.0 * pairs[:, 0] / pairs.sum(axis=1)
        pooled.append(100.0 * float(pairs[:, 0].sum() / pairs.sum()))
        q1, q3 = np.percentile(shares, [25, 75])
        low.append(float(q1))
        high.append(float(q3))
    return {
        "title": "Vellus share by cut-off",
        "svg": figures.curve(
            cutoffs or [0.0],
            pooled or [math.nan],
            low=low or [math.nan],
            high=high or [math.nan],
            mark_x=cutoff_um,
            title="Share of vellus hairs in percent over the cut-off in micrometres",
            x_label="cut-off, µm",
        ),
        "caption": "All photos pooled; the band holds the middle half of the photos. Cut-offs are "
        f"not agreed in the field; this run used {cutoff_um:g} µm.",
    }


def _face_figures(tables: Tables) -> list[dict[str, Any]]:
    scores: Counter[int] = Counter()
    for row in (row for _, rows in tables.get("regions", ()) for row in rows):
        score = number(row.get("area_score"))
        if math.isfinite(score):
            scores[int(score)] += 1
    return [
        {
            "title": "Area scores of all regions",
            "svg": figures.bars(
                [str(k) for k in range(7)],
                [scores.get(k, 0) for k in range(7)],
                title="Share of regions by area score",
                x_label="area score A (0 none, 6 at least 90 %)",
            ),
            "caption": f"{sum(scores.values())} regions that could be read.",
        }
    ]
