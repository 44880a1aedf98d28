"""Hairs of two lists paired one to one: by where they leave the skin, where they run, how thick.

Used where the same skin is seen twice (visits); both lists are given in one coordinate system.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..photo.polylines import points_along
from ..settings import FollowupSettings

Floats = NDArray[np.float64]

#: A shaft's direction is read over this length from its root.
_RUN_MM = 0.3
#: Cost of a hair whose root and tip were taken for each other at one of the visits.
_TURNED_COST = 5.0


@dataclass(frozen=True, eq=False)
class HairPlaces:
    """Hairs as they are paired.

    Parameters
    ----------
    roots_mm, ends_mm : ndarray, shape (n, 2)
        The root, and the shaft `_RUN_MM` further on (the tip of a shorter one).
    tips_mm : ndarray, shape (n, 2)
    diameters_um : ndarray, shape (n,)
        NaN when unknown.
    """

    roots_mm: Floats
    ends_mm: Floats
    tips_mm: Floats
    diameters_um: Floats

    def __len__(self) -> int:
        return len(self.roots_mm)

    @property
    def directions(self) -> Floats:
        """Unit vectors from the root along the shaft, shape (n, 2)."""
        run = self.ends_mm - self.roots_mm
        unit: Floats = run / np.maximum(np.linalg.norm(run, axis=1), 1e-9)[:, None]
        return unit

    def some(self, chosen: Sequence[int]) -> HairPlaces:
        """Return these hairs alone, in this order."""
        at = np.asarray(chosen, np.intp)
        return HairPlaces(
            self.roots_mm[at], self.ends_mm[at], self.tips_mm[at], self.diameters_um[at]
        )


def places_of(paths_mm: Sequence[Floats], diameters_um: Floats) -> HairPlaces:
    """Return hairs by their centre lines (each of shape (k, 2), root first) and diameters."""
    nothing = np.zeros((0, 2))
    if not paths_mm:
        return HairPlaces(nothing, nothing, nothing, np.zeros(0))
    ends = np.array([point_along(path, _RUN_MM) for path in paths_mm])
    roots = np.array([path[0] for path in paths_mm])
    tips = np.array([path[-1] for path in paths_mm])
    return HairPlaces(roots, ends, tips, np.asarray(diameters_um, np.float64))


def point_along(path: Floats, length: float) -> Floats:
    """Return the point of a line this far from its first point, or its last point."""
    point: Floats = points_along(path, np.array([length]))[0]
    return point


def match_costs(first: HairPlaces, second: HairPlaces, settings: FollowupSettings) -> Floats:
    """Return the squared distance of every pair of hairs in standard errors, shape (n, m).

    Place along and across the shaft, direction and the logarithm of the diameter, each over its
    standard error.  A pair whose roots lie at each other's tips is tried turned round as well.
    """
    upright = _costs(first, first.roots_mm, first.directions, second, settings)
    # Root and tip are confused for short stubs only: then the tip is where the other's root is.
    turned = _costs(first, first.tips_mm, -first.directions, second, settings) + _TURNED_COST
    return np.minimum(upright, turned)


def match_hairs(
    first: HairPlaces, second: HairPlaces, settings: FollowupSettings
) -> NDArray[np.intp]:
    """Return the pairs of least total cost, one to one, shape (k, 2); unpaired is allowed.

    Notes
    -----
    Leaving two hairs unpaired costs as much as the dearest pair that is allowed
    (``most_match_cost``).
    """
    if not len(first) or not len(second):
        return np.zeros((0, 2), np.intp)
    cost = match_costs(first, second, settings)
    worth = cost - settings.most_match_cost
    rows, columns = linear_sum_assignment(np.minimum(worth, 0.0))
    allowed = worth[rows, columns] < 0
    return np.column_stack([rows[allowed], columns[allowed]]).astype(np.intp)


def _costs(
    first: HairPlaces,
    roots_mm: Floats,
    directions: Floats,
    second: HairPlaces,
    settings: FollowupSettings,
) -> Floats:
    offset = second.roots_mm[None] - roots_mm[:, None]
    theirs = second.directions
    # The mean direction of both tells along from across; opposite ones have no mean.
    mean = directions[:, None] + theirs[None]
    mean = mean / np.maximum(np.linalg.norm(mean, axis=2), 1e-9)[..., None]
    along = np.einsum("ijk,ijk->ij", offset, mean)
    across = offset[..., 0] * mean[..., 1] - offset[..., 1] * mean[..., 0]
    turn = np.degrees(np.arccos(np.clip(directions @ theirs.T, -1.0, 1.0)))
    with np.errstate(divide="ignore", invalid="ignore"):
        thick = np.log(second.diameters_um[None] / first.diameters_um[:, None])
    thick = np.where(np.isfinite(thick), thick, 0.0)
    cost: Floats = (
        (along / settings.along_error_mm) ** 2
        + (across / settings.across_error_mm) ** 2
        + (turn / settings.direction_error_deg) ** 2
        + (thick / settings.diameter_error_share) ** 2
    )
    return cost
