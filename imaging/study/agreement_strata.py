"""Groups of rows that agreement is told for: skin type, density band, site, view."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..errors import TableError
from .agreement_files import RatingTable

Floats = NDArray[np.float64]

#: Columns that agreement is told by when the user names none.
USUAL_STRATA = ("skin_type", "density_band", "site", "view", "region")
#: A stratum of more levels than this is no stratum but an id.
_MOST_LEVELS = 12
#: Edges of the density bands, hairs per cm²: sparse, thin, usual and dense scalps.
DENSITY_EDGES = (100.0, 150.0, 200.0)
_DENSITY = "hair_density_per_cm2"
_ROMAN = dict(zip("123456", ("I", "II", "III", "IV", "V", "VI"), strict=True))


def find_strata(
    tables: Sequence[RatingTable],
    cells: Sequence[Mapping[str, str]],
    values: Mapping[str, Floats],
    *,
    wanted: Sequence[str],
    density_edges: Sequence[float],
) -> dict[str, NDArray[Any]]:
    """Return the level of each row by stratum, ``""`` where it is unknown.

    Parameters
    ----------
    tables : sequence of RatingTable
    cells : sequence of mapping, length n
        What the tables say of each row besides ratings.
    values : mapping of str to ndarray, shape (n, raters)
    wanted : sequence of str
        Empty for the usual strata that the rows have.
    density_edges : sequence of float
        Ascending, hairs per cm².

    Raises
    ------
    TableError
        No row has a wanted stratum.
    """
    found: dict[str, NDArray[Any]] = {}
    for name in wanted or USUAL_STRATA:
        if name == "density_band":
            levels = _density_bands(values, density_edges)
        elif any(table.has(name) for table in tables):
            texts = [cell.get(name, "") for cell in cells]
            levels = np.array([_ROMAN.get(t, t) for t in texts] if name == "skin_type" else texts)
        else:
            levels = np.array([""] * len(cells))
        count = len(set(levels.tolist()) - {""})
        if wanted and not count:
            raise TableError(
                f"--strata {name}: no row says its {name}.",
                remedy="Add the column to a table, or give it in --manifest.",
            )
        if (wanted and count) or 2 <= count <= _MOST_LEVELS:
            found[name] = levels
    return found


def _density_bands(values: Mapping[str, Floats], edges: Sequence[float]) -> NDArray[Any]:
    """Return the density band of each row by the mean of its raters: no rater picks it alone."""
    if _DENSITY not in values or not edges:
        return np.array([""] * next((len(v) for v in values.values()), 0))
    ratings = values[_DENSITY]
    known = np.isfinite(ratings)
    counts = known.sum(axis=1)
    sums = np.where(known, ratings, 0.0).sum(axis=1)
    names = [f"under {edges[0]:g}"]
    names += [f"{a:g} to {b:g}" for a, b in pairwise(edges)]
    names.append(f"{edges[-1]:g} and more")
    return np.array(
        [
            names[int(np.searchsorted(edges, total / count, side="right"))] if count else ""
            for total, count in zip(sums, counts, strict=True)
        ]
    )
