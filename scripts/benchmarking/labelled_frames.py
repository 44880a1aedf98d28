"""Traced hairs against hand labels, one to one, on frames that were labelled as four quadrants.

The rule: labels of class ``abnormal`` (broken, loose) must not be traced; all others are truth.
Traced hairs and truth are paired so that the sum of the mean distance of their two ends is least,
either way round; a pair farther apart than the tolerance is none.  Each quadrant was labelled by
itself, and hairs at its border mostly not at all, hence an ignore zone in which neither a miss nor
a surplus counts.
"""

from __future__ import annotations

import csv
import math
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from imaging.hair.ends import Ends, as_ends, ends_distances, pair_ends

#: Pairs farther apart than this, in pixels of the frame, are none: 0.17 and 0.08 mm at 179.5 px/mm.
TOLERANCES_PX = (30, 15)

#: The ignore zone: this far around the lines that part the quadrants, and around the frame's edge.
ZONE_PX = 32
#: Kinds of error: hairs that were missed, the thin ones first, and lines that are no hair of their
#: own.  One is near another within the first distance, and a line is on a hair if its middle lies
#: within the second of one; so many places of each line are compared.
KINDS = (
    "missed: undersize",
    "missed: near another hair",
    "missed: alone",
    "false: on a labelled hair",
    "false: on debris",
    "false: elsewhere",
)
NEAR_PX, ON_HAIR_PX, _PLACES = 30.0, 15.0, 25
MIDDLE_X_PX, MIDDLE_Y_PX = 640, 512
LINES_X_PX, LINES_Y_PX = (0, MIDDLE_X_PX, 1280), (0, MIDDLE_Y_PX, 1008)


@dataclass(frozen=True)
class Labels:
    """The hand labels of one frame: classes, and ends of shape (n, 4)."""

    classes: tuple[str, ...]
    ends: Ends

    def __post_init__(self) -> None:
        if self.ends.shape != (len(self.classes), 4):
            raise ValueError(f"{len(self.classes)} labels, but ends of shape {self.ends.shape}")


@dataclass(frozen=True)
class Tally:
    """What was counted on one frame at one tolerance, ignore zone left out."""

    labelled: int = 0
    hits: int = 0
    surplus: int = 0
    misses: int = 0
    swapped: int = 0
    undersize: int = 0
    undersize_hits: int = 0
    abnormal: int = 0
    abnormal_traced: int = 0
    root_errors_px: tuple[float, ...] = ()
    length_ratio: float = math.nan
    kinds: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Accuracy:
    """Figures pooled over frames; shares are 0 to 1."""

    frames: int
    labelled: int
    f1: Mapping[int, float]
    precision: Mapping[int, float]
    recall: Mapping[int, float]
    worst_frame_f1: Mapping[int, float]
    count_error: float
    count_bias: float
    swapped: float
    undersize_recall: float
    abnormal_traced: float
    root_error_px: float
    length_ratio: float
    kinds: Mapping[str, int]
    tallies: Mapping[int, tuple[Tally, ...]] = field(repr=False, default_factory=dict)


def read_labels(path: Path) -> dict[str, Labels]:
    """Return the labels of every frame by its file name, from a table with one row per hair."""
    rows: dict[str, list[tuple[str, list[float]]]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as handle:
        for row in csv.DictReader(handle):
            ends = [float(row[name]) for name in END_COLUMNS]
            rows[row["photo"]].append((row["label"], ends))
    return {
        photo: Labels(tuple(name for name, _ in labelled), as_ends([ends for _, ends in labelled]))
        for photo, labelled in sorted(rows.items())
    }


END_COLUMNS = ("root_x_px", "root_y_px", "tip_x_px", "tip_y_px")


def frame_number(photo: str) -> int | None:
    """Return the number in a file name such as ``frame_07.jpg``; None without one."""
    found = re.search(r"\d+", Path(photo).stem)
    return int(found.group()) if found else None


def in_ignore_zone(ends: Ends) -> NDArray[np.bool_]:
    """Return, per hair, whether it lies in the ignore zone or across a quadrant's border."""
    x, y = ends[:, 0::2], ends[:, 1::2]
    is_near = np.zeros(len(ends), bool)
    for values, lines in ((x, LINES_X_PX), (y, LINES_Y_PX)):
        gaps = np.abs(values[:, :, None] - np.asarray(lines, float))
        is_near |= (gaps < ZONE_PX).any(axis=(1, 2))
    is_below = (y > LINES_Y_PX[-1]).any(axis=1)
    is_across = ((x[:, 0] < MIDDLE_X_PX) != (x[:, 1] < MIDDLE_X_PX)) | (
        (y[:, 0] < MIDDLE_Y_PX) != (y[:, 1] < MIDDLE_Y_PX)
    )
    return np.asarray(is_near | is_below | is_across)


def tally_frame(traced: Ends, labels: Labels, *, tolerance_px: float) -> Tally:
    """Count hits, misses and surplus of one frame."""
    classes = np.asarray(labels.classes, object)
    is_abnormal = classes == "abnormal"
    truth, abnormal = labels.ends[~is_abnormal], labels.ends[is_abnormal]
    is_undersize = classes[~is_abnormal] == "undersize"
    is_ignored = in_ignore_zone(truth)

    found, real = pair_ends(traced, truth, tolerance_px=tolerance_px)
    is_unmatched = np.ones(len(traced), bool)
    is_unmatched[found] = False
    is_missed = ~is_ignored
    is_missed[real] = False
    surplus = traced[is_unmatched & ~in_ignore_zone(traced)]

    found, real = found[~is_ignored[real]], real[~is_ignored[real]]
    same, turned = _paired_distances(traced[found], truth[real])
    roots = np.hypot(*(traced[found, :2] - truth[real, :2]).T)
    on_debris = np.minimum(*ends_distances(surplus, abnormal)) <= tolerance_px
    return Tally(
        labelled=int((~is_ignored).sum()),
        hits=len(found),
        surplus=len(surplus),
        misses=int(is_missed.sum()),
        swapped=int((turned < same).sum()),
        undersize=int((is_undersize & ~is_ignored).sum()),
        undersize_hits=int(is_undersize[real].sum()),
        abnormal=len(abnormal),
        abnormal_traced=int(on_debris.any(axis=0).sum()),
        root_errors_px=tuple(float(error) for error in roots[same <= turned]),
        length_ratio=_median_length_ratio(traced[found], truth[real]),
        kinds=_kinds(truth, is_missed, is_undersize, surplus, on_debris.any(axis=1)),
    )


def _kinds(
    truth: Ends,
    is_missed: NDArray[np.bool_],
    is_undersize: NDArray[np.bool_],
    surplus: Ends,
    is_on_debris: NDArray[np.bool_],
) -> dict[str, int]:
    """Count the errors of one frame by their kind, `KINDS`."""
    apart = _apart_px(truth, truth) + np.diag(np.full(len(truth), np.inf))
    is_near = apart.min(axis=1, initial=np.inf) <= NEAR_PX
    middles = np.tile(0.5 * (surplus[:, :2] + surplus[:, 2:]), 2)
    is_on_hair = _apart_px(middles, truth).min(axis=1, initial=np.inf) <= ON_HAIR_PX
    counts = (
        is_missed & is_undersize,
        is_missed & ~is_undersize & is_near,
        is_missed & ~is_undersize & ~is_near,
        is_on_hair,
        ~is_on_hair & is_on_debris,
        ~is_on_hair & ~is_on_debris,
    )
    return {kind: int(of.sum()) for kind, of in zip(KINDS, counts, strict=True)}


def _apart_px(first: Ends, second: Ends) -> NDArray[np.float64]:
    """Return the least distance between straight lines, shape (n, m), to a few pixels."""
    share = np.linspace(0.0, 1.0, _PLACES)[:, None]
    one, other = (
        ends[:, None, :2] * (1 - share) + ends[:, None, 2:] * share for ends in (first, second)
    )
    apart = np.linalg.norm(one[:, None, :, None] - other[None, :, None], axis=-1)
    least: NDArray[np.float64] = apart.min(axis=(2, 3), initial=np.inf)
    return least


def pool(traced: Mapping[str, Ends], labels: Mapping[str, Labels]) -> Accuracy:
    """Return the figures over all frames that have labels; a frame without traced hairs counts."""
    nothing = as_ends([])
    tallies = {
        tolerance: tuple(
            tally_frame(traced.get(photo, nothing), of_frame, tolerance_px=tolerance)
            for photo, of_frame in sorted(labels.items())
        )
        for tolerance in TOLERANCES_PX
    }
    wide = tallies[max(TOLERANCES_PX)]
    errors = [(t.surplus - t.misses) / max(1, t.labelled) for t in wide]
    roots = [error for t in wide for error in t.root_errors_px]
    ratios = [t.length_ratio for t in wide if math.isfinite(t.length_ratio)]
    return Accuracy(
        frames=len(labels),
        labelled=sum(t.labelled for t in wide),
        precision={k: _share(_sum(ts, "hits"), _sum(ts, "surplus")) for k, ts in tallies.items()},
        recall={k: _share(_sum(ts, "hits"), _sum(ts, "misses")) for k, ts in tallies.items()},
        f1={k: _f1(_sum(ts, "hits"), _wrong(ts)) for k, ts in tallies.items()},
        worst_frame_f1={
            k: min((_f1(t.hits, t.surplus + t.misses) for t in ts), default=math.nan)
            for k, ts in tallies.items()
        },
        count_error=float(np.mean(np.abs(errors))),
        count_bias=float(np.mean(errors)),
        swapped=_sum(wide, "swapped") / max(1, _sum(wide, "hits")),
        undersize_recall=_sum(wide, "undersize_hits") / max(1, _sum(wide, "undersize")),
        abnormal_traced=_sum(wide, "abnormal_traced") / max(1, _sum(wide, "abnormal")),
        root_error_px=float(np.median(roots)) if roots else math.nan,
        length_ratio=float(np.median(ratios)) if ratios else math.nan,
        kinds={kind: sum(t.kinds[kind] for t in wide) for kind in KINDS},
        tallies=tallies,
    )


def _paired_distances(first: Ends, second: Ends) -> tuple[NDArray[np.float64], ...]:
    """Return both mean end distances of row i of one and row i of the other."""
    roots_first, tips_first = first[:, :2], first[:, 2:]
    roots_second, tips_second = second[:, :2], second[:, 2:]
    same = np.hypot(*(roots_first - roots_second).T) + np.hypot(*(tips_first - tips_second).T)
    turned = np.hypot(*(roots_first - tips_second).T) + np.hypot(*(tips_first - roots_second).T)
    return same / 2, turned / 2


def _median_length_ratio(traced: Ends, truth: Ends) -> float:
    if not len(traced):
        return math.nan
    traced_px, true_px = (np.hypot(*(e[:, 2:] - e[:, :2]).T) for e in (traced, truth))
    return float(np.median(traced_px / np.maximum(true_px, 1)))


def _sum(tallies: Sequence[Tally], name: str) -> int:
    return sum(int(getattr(tally, name)) for tally in tallies)


def _wrong(tallies: Sequence[Tally]) -> int:
    return _sum(tallies, "surplus") + _sum(tallies, "misses")


def _share(hits: int, others: int) -> float:
    return hits / max(1, hits + others)


def _f1(hits: int, wrong: int) -> float:
    return 2 * hits / max(1, 2 * hits + wrong)
