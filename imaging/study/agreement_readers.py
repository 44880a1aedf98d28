"""Does the machine differ from readers more than readers differ from one another?

References
----------
Barnhart, Haber & Lin 2007, 10.1080/10543400701376480 (individual agreement: disagreement between
methods set against that within the reference).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from .agreement_clusters import LOGARITHM, jackknife_intervals
from .agreement_icc import Estimate
from .agreement_pair import FEWEST_ROWS, Figure

Floats = NDArray[np.float64]

_MEANINGS: dict[str, str] = {
    "RMS difference, machine-reader": "root mean square of machine − reader, over readers",
    "RMS difference, reader-reader": "root mean square of reader − reader, over their pairs",
    "RMS ratio": "machine-reader over reader-reader; 1: the machine is like one more reader",
    "mean absolute difference, machine-reader": "mean of |machine − reader|",
    "mean absolute difference, reader-reader": "mean of |reader − reader|",
    "excess of mean absolute difference": "machine-reader − reader-reader; 0: as readers among "
    "themselves",
}
_SCALES = {name: LOGARITHM for name in _MEANINGS if not name.startswith("excess")}


def compare_with_readers(
    machine: Floats, readers: Floats, subjects: NDArray[Any]
) -> tuple[list[Figure], dict[str, tuple[float, float]]]:
    """Return machine-reader and reader-reader differences, and their jackknife limits.

    Parameters
    ----------
    machine : ndarray, shape (n,)
    readers : ndarray, shape (n, r)
        NaN where a reader gave none; two at least in every row.
    subjects : ndarray, shape (n,)

    Returns
    -------
    figures : list of Figure
        Both kinds are over the same rows: pairs within a row are averaged first, so that each row
        counts the same.
    clustered : dict of str to (low, high)
        By leaving out one subject at a time; there is no other interval.
    """
    if len(machine) < FEWEST_ROWS:
        note = f"{len(machine)} rows rated by the machine and two readers: {FEWEST_ROWS} are needed"
        return [Figure("RMS ratio", _MEANINGS["RMS ratio"], Estimate(math.nan), note=note)], {}
    to_machine = machine[:, None] - readers
    among = np.column_stack(
        [readers[:, a] - readers[:, b] for a, b in combinations(range(readers.shape[1]), 2)]
    )
    parts = np.column_stack(
        [
            np.nanmean(to_machine**2, axis=1),
            np.nanmean(among**2, axis=1),
            np.nanmean(np.abs(to_machine), axis=1),
            np.nanmean(np.abs(among), axis=1),
        ]
    )

    def figures_of(rows: NDArray[np.intp]) -> Mapping[str, float]:
        square_machine, square_among, machine_mean, among_mean = parts[rows].mean(axis=0)
        values = (
            math.sqrt(square_machine),
            math.sqrt(square_among),
            math.sqrt(square_machine / square_among) if square_among > 0 else math.nan,
            float(machine_mean),
            float(among_mean),
            float(machine_mean - among_mean),
        )
        return dict(zip(_MEANINGS, values, strict=True))

    whole = figures_of(np.arange(len(machine)))
    note = (
        "readers agree throughout: no ratio can be told" if math.isnan(whole["RMS ratio"]) else ""
    )
    return (
        [
            Figure(name, _MEANINGS[name], Estimate(value), note=note if name == "RMS ratio" else "")
            for name, value in whole.items()
        ],
        jackknife_intervals(figures_of, subjects, scales=_SCALES),
    )
