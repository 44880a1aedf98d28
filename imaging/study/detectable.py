"""The minimal detectable change of face scores, from photos taken again in one session."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence

from ..records import DetectableChange
from .measures import number

#: What replicates of one field have in common.
_SESSION = ("subject", "visit", "site", "field", "view", "modality")
_SCORES = ("masi", "mmasi", "pigmented_percent")
#: Two-sided 95 % of a difference of two measurements.
_Z_DIFFERENCE = 1.96 * math.sqrt(2)
#: With fewer degrees of freedom noise alone exceeds the limit in over a tenth of the pairs
#: (Student's t), not in a twentieth, and the true spread may be over 2.2 times the estimate.
_LEAST_FREEDOM = 6


def minimal_changes(results: Iterable[Mapping[str, object]]) -> dict[str, float]:
    """Return the minimal detectable change of each score; NaN where the replicates do not tell it.

    Parameters
    ----------
    results : iterable of rows of ``results.csv``

    Notes
    -----
    1.96 · √2 · SEM; the SEM is the pooled standard deviation within sessions.  It takes 6 degrees
    of freedom (replicates beyond the first of each session) and two replicates of one session that
    differ: a score of coarse steps may repeat itself and still scatter.
    """
    sessions: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for row in results:
        if row.get("subject") and row.get("visit") and row.get("replicate"):
            key = tuple(str(row.get(name, "")) for name in _SESSION)
            sessions.setdefault(key, []).append(row)
    return {
        name: _Z_DIFFERENCE * _within([[number(r.get(name)) for r in s] for s in sessions.values()])
        for name in _SCORES
    }


def judge_change(values: Mapping[str, object], limits: Mapping[str, float]) -> DetectableChange:
    """Return whether the changes of one pair are beyond the minimal detectable ones."""

    def verdict(name: str) -> str:
        change, limit = number(values.get(f"{name}_change")), limits[name]
        if not math.isfinite(change) or not math.isfinite(limit):
            return ""
        return "yes" if abs(change) > limit else "no"

    return DetectableChange(
        masi_mdc=limits["masi"],
        masi_exceeds_mdc=verdict("masi"),
        mmasi_mdc=limits["mmasi"],
        mmasi_exceeds_mdc=verdict("mmasi"),
        pigmented_percent_mdc=limits["pigmented_percent"],
        pigmented_percent_exceeds_mdc=verdict("pigmented_percent"),
    )


def _within(groups: Sequence[Sequence[float]]) -> float:
    squares, freedom, is_varied = 0.0, 0, False
    for group in groups:
        finite = [value for value in group if math.isfinite(value)]
        if len(finite) > 1:
            mean = math.fsum(finite) / len(finite)
            squares += math.fsum((value - mean) ** 2 for value in finite)
            freedom += len(finite) - 1
            is_varied = is_varied or min(finite) < max(finite)
    is_known = is_varied and freedom >= _LEAST_FREEDOM
    return math.sqrt(squares / freedom) if is_known else math.nan
