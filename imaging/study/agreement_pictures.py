"""Which plots a study of agreement gets, and what is written under each."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, count

import numpy as np

from ..records import HAIR_TABLES, HairScore, columns_of
from ..records.agreement import AgreementRow
from ..records.face import FACE_TABLES, FaceScore
from .agreement import AgreementOptions, is_ordinal, pair_kind, pair_name
from .agreement_icc import Estimate
from .agreement_pair import FEWEST_ROWS
from .agreement_panel import Panel
from .measures import MEASURES, REGION_MEASURES
from .repeatability import Repeats

#: Pairs of one outcome that are drawn, machine-reader ones first; a page of more is not read.
MOST_PAIRS = 10
#: Outcomes that are drawn.
MOST_OUTCOMES = 12


@dataclass(frozen=True)
class Picture:
    """One plot: the outcome it belongs to, a file name without folder, its text, and the PNG."""

    outcome: str
    name: str
    title: str
    caption: str
    png: bytes


def outcome_label(outcome: str) -> str:
    """Return an outcome as the report heads it, with its unit, where this program has it."""
    headings = {m.name: m for wing in MEASURES.values() for m in wing}
    headings |= {m.name: m for m in REGION_MEASURES}
    if outcome in headings:
        measure = headings[outcome]
        return f"{measure.heading} ({measure.unit})" if measure.unit else measure.heading
    records = (HairScore, FaceScore, *HAIR_TABLES.values(), *FACE_TABLES.values())
    units = {c.name: c.unit for record in records for c in columns_of(record)}
    name = re.sub("_(per_cm2|um|mm|percent|deg)$", "", outcome)
    unit = units.get(outcome, "")
    return f"{name.replace('_', ' ')} ({unit})" if unit else outcome.replace("_", " ")


def agreement_pictures(
    panel: Panel, rows: Sequence[AgreementRow], options: AgreementOptions
) -> Iterator[Picture]:
    """Yield a Bland-Altman plot and a scatter (or table of steps) for every pair."""
    # Matplotlib takes a second to load; only those who want plots pay it.
    from . import agreement_plots as plots  # noqa: PLC0415

    found = {(row.outcome, row.raters, row.statistic): row for row in rows if not row.stratum}
    outcome_parts, rater_parts = _file_parts(panel.values), _file_parts(panel.raters)
    for outcome in list(panel.values)[:MOST_OUTCOMES]:
        label = outcome_label(outcome)
        for a, b in _drawn_pairs(panel):
            pair = panel.values[outcome][:, [a, b]]
            pair = pair[np.isfinite(pair).all(axis=1)]
            if len(pair) < FEWEST_ROWS:
                continue
            first, second = pair[:, 0], pair[:, 1]
            raters = (panel.raters[a], panel.raters[b])
            file = "_".join([outcome_parts[outcome], *(rater_parts[name] for name in raters)])
            key = (outcome, pair_name(panel, a, b))
            bias, lower, upper, told = _drawn_limits(found, key)
            yield Picture(
                outcome,
                f"{file}_bland-altman.png",
                f"{raters[0]} against {raters[1]}",
                f"Difference over mean, {len(pair)} rows. Solid: mean difference; dashed: {told}",
                plots.bland_altman(
                    first,
                    second,
                    bias=bias,
                    lower=lower,
                    upper=upper,
                    raters=raters,
                    label=label,
                ),
            )
            if is_ordinal(outcome, options):
                yield Picture(
                    outcome,
                    f"{file}_steps.png",
                    f"{raters[0]} against {raters[1]}: steps",
                    "How many rows got each pair of steps; blue: both raters gave the same.",
                    plots.step_table(first, second, raters=raters, label=label),
                )
            else:
                yield Picture(
                    outcome,
                    f"{file}_scatter.png",
                    f"{raters[0]} over {raters[1]}",
                    "Dashed: the line on which both are equal.",
                    plots.identity_scatter(first, second, raters=raters, label=label),
                )


def repeat_pictures(repeats: Repeats, rows: Sequence[AgreementRow]) -> Iterator[Picture]:
    """Yield a plot of the repeats of every outcome."""
    from . import agreement_plots as plots  # noqa: PLC0415

    outcome_parts = _file_parts(repeats.readings)
    within = {row.outcome: row for row in rows if row.statistic == "within-site SD"}
    for outcome, readings in list(repeats.readings.items())[:MOST_OUTCOMES]:
        groups = [group for group in readings if group.size > 1]
        if not groups:
            continue
        row = within[outcome]
        yield Picture(
            outcome,
            f"{outcome_parts[outcome]}_repeats.png",
            "Repeats round the mean of their site",
            f"{sum(g.size for g in groups)} photos of {len(groups)} sites. Dashed: ±1.96 "
            "within-site SD.",
            plots.repeat_spread(
                groups,
                within=Estimate(row.value, row.low, row.high),
                label=outcome_label(outcome),
            ),
        )


def _drawn_pairs(panel: Panel) -> list[tuple[int, int]]:
    pairs = list(combinations(range(len(panel.raters)), 2))
    pairs.sort(key=lambda pair: pair_kind(panel, *pair) != "machine-reader")
    return pairs[:MOST_PAIRS]


def _drawn_limits(
    found: Mapping[tuple[str, str, str], AgreementRow], key: tuple[str, str]
) -> tuple[Estimate, Estimate, Estimate, str]:
    """Return bias and limits as drawn: those for repeated subjects where subjects repeat."""
    varies = found.get((*key, "lower limit, true value varies"))
    if varies is not None and math.isfinite(varies.clustered_low):
        ending = ", true value varies"
        told = (
            "95 % limits of agreement where the true value varies within subjects; bands: their "
            "95 % intervals (jackknife over subjects)."
        )
    else:
        ending = ""
        told = "95 % limits of agreement; bands: their 95 % intervals."

    def estimate(statistic: str) -> Estimate:
        row = found.get((*key, statistic))
        if row is None:
            return Estimate(math.nan)
        if math.isfinite(row.clustered_low):
            return Estimate(row.value, row.clustered_low, row.clustered_high)
        return Estimate(row.value, row.low, row.high)

    return (
        estimate("mean difference"),
        estimate(f"lower limit{ending}"),
        estimate(f"upper limit{ending}"),
        told,
    )


def _file_parts(names: Iterable[str]) -> dict[str, str]:
    """Return for each name its part of a file name, which leads into no other folder.

    Letters of any script stay.  No two parts are equal, also where case is set aside.
    """
    parts: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        # Cut by bytes, which file systems count: three parts and an ending stay below 255.
        letters = re.sub(r"[\W_]+", "-", unicodedata.normalize("NFC", name)).strip("-").encode()
        plain = letters[:40].decode(errors="ignore") or "x"
        tries = (plain if n == 1 else f"{plain}-{n}" for n in count(1))
        parts[name] = next(part for part in tries if part.casefold() not in taken)
        taken.add(parts[name].casefold())
    return parts
