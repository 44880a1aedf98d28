"""Which columns of two tables are compared."""

from __future__ import annotations

import difflib
import math
from collections.abc import Sequence

from ..errors import TableError
from .agreement_files import DESCRIPTIVE, RatingTable, number_of

#: Outcomes compared when the user names none, in this order, as far as the tables have them.
USUAL_OUTCOMES: tuple[str, ...] = (
    "hair_density_per_cm2",
    "hair_count",
    "follicular_unit_density_per_cm2",
    "hairs_per_unit",
    "median_diameter_um",
    "mean_diameter_um",
    "vellus_percent",
    "cumulative_thickness_mm_per_cm2",
    "mmasi",
    "masi",
    "masi_continuous",
    "pigmented_percent",
    "area_score",
    "darkness",
    "homogeneity",
)
#: Outcomes that are steps of a scale: they get kappa as well.
ORDINAL_OUTCOMES = frozenset({"area_score", "darkness", "homogeneity"})
#: Numbers that describe a photo or a run and are no outcome.
_BOOKKEEPING = frozenset({"width_px", "height_px", "seconds", "skin_area_px", "hair_id", "unit_id"})


def choose_outcomes(
    tables: Sequence[RatingTable], wanted: Sequence[str], *, also: Sequence[str] = ()
) -> list[str]:
    """Return the columns of numbers to compare: those wanted, else the usual, else all in common.

    Parameters
    ----------
    tables : sequence of RatingTable
    wanted : sequence of str
    also : sequence of str
        Columns of which something is said (that they are steps): compared in any case.

    Raises
    ------
    TableError
        A column that is named is not in two tables, or no column of numbers is.
    """
    numeric = [_numeric_columns(table) for table in tables]
    common = [
        name
        for name in dict.fromkeys(name for names in numeric for name in names)
        if sum(name in other for other in numeric) > 1
    ]
    for name in (*wanted, *also):
        if name not in common:
            near = difflib.get_close_matches(name, common, n=1, cutoff=0.5)
            raise TableError(
                f"No two tables have numbers in a column {name!r}"
                + (f"; did you mean {near[0]!r}?" if near else "."),
                remedy=f"Columns that can be compared: {', '.join(common) or 'none'}.",
            )
    usual = [name for name in USUAL_OUTCOMES if name in common]
    chosen = list(dict.fromkeys([*(wanted or usual or common), *also]))
    if not chosen:
        told = [f"{t.name}: {', '.join(n) or 'none'}" for t, n in zip(tables, numeric, strict=True)]
        raise TableError(
            f"The tables have no column of numbers in common ({'; '.join(told[:4])}).",
            remedy="Give a column the same name in each, as in results.csv, e.g. masi.",
        )
    return chosen


def _numeric_columns(table: RatingTable) -> list[str]:
    """Return the columns whose cells are numbers, at least one of them known."""
    found = []
    for name in table.columns:
        if name in DESCRIPTIVE or name in _BOOKKEEPING:
            continue
        cells = [number_of(row[name]) for row in table.rows if name in row]
        known = [cell for cell in cells if cell is not None and not math.isnan(cell)]
        # A stray word in a column of numbers is told when the column is used.
        if known and len(known) >= sum(cell is None for cell in cells):
            found.append(name)
    return found
