"""How many grafts live, and how sure that is."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from ..records.followup import HairMatch, PairPlan
from ..settings import FollowupSettings

#: Half the width of a 95 % interval in standard errors.
_Z = 1.96
#: Grafts that were told and those that were found in the photo may differ by this share.
_COUNT_CONFLICT = 0.2


@dataclass(frozen=True)
class Survival:
    """Percent of the grafts, with 95 % limits; NaN where it cannot be told."""

    percent: float = math.nan
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True)
class GraftFigures:
    """Survival by units and by hairs with both denominators; NaN where nothing was grafted."""

    grafts: float = math.nan
    by_units: Survival = Survival()
    hairs_implanted: float = math.nan
    by_hairs: Survival = Survival()
    flags: tuple[str, ...] = ()

    @property
    def columns(self) -> dict[str, float]:
        """The columns of survival of a comparison."""
        return {
            "grafts": self.grafts,
            "survival_units_percent": self.by_units.percent,
            "survival_units_low": self.by_units.low,
            "survival_units_high": self.by_units.high,
            "hairs_implanted": self.hairs_implanted,
            "survival_hairs_percent": self.by_hairs.percent,
            "survival_hairs_low": self.by_hairs.low,
            "survival_hairs_high": self.by_hairs.high,
        }


def survival(living: float, placed: float, *, error_share: float) -> Survival:
    """Return 100 · living / placed with a Wilson interval widened by the matching error.

    Parameters
    ----------
    living, placed : float
        Counts; NaN gives NaN.  More living than placed is not clipped: resident hair was counted.
    error_share : float
        Standard error of the share by wrong matches.

    Notes
    -----
    Each Wilson limit's distance d becomes sqrt(d² + (1.96 · error)²).
    Wilson 1927, doi:10.1080/01621459.1927.10502953.
    """
    if not (math.isfinite(living) and math.isfinite(placed)) or placed <= 0:
        return Survival()
    share = living / placed
    inside = min(max(share, 0.0), 1.0)
    scale = 1.0 + _Z**2 / placed
    middle = (inside + _Z**2 / (2 * placed)) / scale
    half = _Z / scale * math.sqrt(inside * (1 - inside) / placed + _Z**2 / (4 * placed**2))
    wrong = _Z * error_share
    low = share - math.hypot(inside - (middle - half), wrong)
    high = share + math.hypot(middle + half - inside, wrong)
    return Survival(100 * share, 100 * max(low, 0.0), 100 * high)


def is_grafted(plan: PairPlan) -> bool:
    """Return whether the pair tells of grafts."""
    counted_before = plan.baseline_role == "preop" and math.isfinite(plan.grafts_in_field)
    return plan.baseline_role == "postop" or bool(plan.graft_map) or counted_before


def graft_figures(
    rows: Sequence[HairMatch], plan: PairPlan, *, common_share: float, settings: FollowupSettings
) -> GraftFigures:
    """Return survival from the rows of grafts, else from those of units.

    Parameters
    ----------
    rows : sequence of HairMatch
        All rows of a pair.
    plan : PairPlan
    common_share : float
        Share of the baseline's counting frame that both photos show, 0 to 1: what was counted for
        the frame (residents, grafts, hairs) is taken times it.
    settings : FollowupSettings

    Notes
    -----
    With a graft map, k of the n grafts of the map are seen again.  A photo after surgery without a
    map: k of its n units are, residents r taken off both, (k − r) / (n − r).  A photo before
    surgery and the number placed: units that are new over that number.  Hairs likewise: those seen
    at the grafts' units over those implanted.
    """
    if not is_grafted(plan):
        return GraftFigures()
    flags = []
    told, told_hairs = plan.grafts_in_field * common_share, plan.hairs_in_field * common_share
    residents = (0.0, 0.0)
    grafted = [row for row in rows if row.kind == "graft"]
    if plan.graft_map:
        mine = grafted
        grafts = float(len(mine))
        found_hairs = float(sum(row.baseline_hairs for row in mine))
    elif plan.baseline_role == "postop":
        mine = [row for row in rows if row.kind == "unit" and row.state != "new"]
        given = (plan.units_resident * common_share, plan.hairs_resident * common_share)
        if not all(map(math.isfinite, given)):
            flags.append("resident_unknown")
        residents = (_or_zero(given[0]), _or_zero(given[1]))
        grafts = len(mine) - residents[0]
        found_hairs = sum(row.baseline_hairs for row in mine) - residents[1]
    else:
        mine = [row for row in rows if row.kind == "unit" and row.state == "new"]
        grafts, found_hairs = told, 0.0
    if math.isfinite(told) and abs(grafts - told) > _COUNT_CONFLICT * told:
        flags.append("grafts_differ")
    implanted = told_hairs
    if math.isfinite(told_hairs) and told > 0:
        implanted = told_hairs * grafts / told
    elif not math.isfinite(told_hairs) and found_hairs > 0:
        implanted = found_hairs
        flags.append("hairs_implanted_assumed")
    alive = [row for row in mine if row.state != "not_seen"]
    error = settings.survival_error_share
    by_units = survival(len(alive) - residents[0], grafts, error_share=error)
    shown = sum(row.followup_hairs for row in alive) - residents[1]
    by_hairs = survival(shown, implanted, error_share=error)
    if max(by_units.percent, by_hairs.percent) > 100:
        flags.append("survival_over_100")
    if plan.days < settings.early_days:
        flags.append("survival_early")
    return GraftFigures(grafts, by_units, implanted, by_hairs, tuple(flags))


def _or_zero(value: float) -> float:
    return value if math.isfinite(value) else 0.0
