"""How one photo lies on another: an affine map and a gentle bend, and how they are fitted."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.float64]

#: Rounds of the inverse: a gentle bend converges by a factor of ten in each.
_INVERSE_ROUNDS = 6
#: Pulls the affine part towards a similarity, and the bend towards none, in pairs of points: a
#: few pairs must not bend a whole photo.
_AFFINE_PULL, _BEND_PULL = 4.0, 8.0


@dataclass(frozen=True, eq=False)
class Warp:
    """Takes points of the baseline to the follow-up.

    Parameters
    ----------
    linear : ndarray, shape (2, 2)
        Acts on columns (x, y).
    shift : ndarray, shape (2,)
    bend : ndarray, shape (2, 3)
        Displacement per u², u·v, v², where (u, v) is (point − centre) / reach.
    centre : ndarray, shape (2,)
    reach : float
    """

    linear: Points
    shift: Points
    bend: Points
    centre: Points
    reach: float

    @property
    def zoom(self) -> float:
        """Follow-up lengths per baseline length at the centre."""
        return math.sqrt(abs(float(np.linalg.det(self.linear))))

    @property
    def turn_deg(self) -> float:
        """Turn from the baseline to the follow-up, clockwise as seen."""
        (a, b), (c, d) = self.linear
        return math.degrees(math.atan2(c - b, a + d))

    @property
    def matrix(self) -> Points:
        """The affine part as a (3, 3) matrix."""
        whole = np.eye(3)
        whole[:2, :2], whole[:2, 2] = self.linear, self.shift
        return whole

    def forward(self, points: Points) -> Points:
        """Return the places in the follow-up of points (n, 2) of the baseline."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        moved: Points = points @ self.linear.T + self.shift + self._bent(points)
        return moved

    def inverse(self, points: Points) -> Points:
        """Return the places in the baseline of points (n, 2) of the follow-up."""
        points = np.asarray(points, np.float64).reshape(-1, 2)
        back = np.linalg.inv(self.linear).T
        found: Points = (points - self.shift) @ back
        for _ in range(_INVERSE_ROUNDS):
            found = (points - self.shift - self._bent(found)) @ back
        return found

    def rescaled(self, *, baseline: float, followup: float) -> Warp:
        """Return the map for coordinates multiplied by these factors in the two photos."""
        return Warp(
            self.linear * followup / baseline,
            self.shift * followup,
            self.bend * followup,
            self.centre * baseline,
            self.reach * baseline,
        )

    def _bent(self, points: Points) -> Points:
        # Beyond its reach the bend is unknown and must not run away.
        u, v = np.clip((points - self.centre) / self.reach, -1.0, 1.0).T
        bent: Points = np.stack([u * u, u * v, v * v], axis=1) @ self.bend.T
        return bent


def similarity(first: Points, second: Points) -> Warp:
    """Return the turn, zoom and shift that take `first` to `second` with least squares.

    Notes
    -----
    As complex numbers z' = a z + b; a is the regression coefficient.  No mirror image is possible.
    """
    middle_first, middle_second = first.mean(axis=0), second.mean(axis=0)
    z = (first - middle_first) @ np.array([1.0, 1.0j])
    w = (second - middle_second) @ np.array([1.0, 1.0j])
    a = complex(np.vdot(z, w) / max(float(np.vdot(z, z).real), 1e-12))
    linear = np.array([[a.real, -a.imag], [a.imag, a.real]])
    reach = max(float(np.abs(first - middle_first).max()), 1e-6)
    return Warp(
        linear, middle_second - linear @ middle_first, np.zeros((2, 3)), middle_first, reach
    )


def gentle(first: Points, second: Points, start: Warp, *, has_bend: bool) -> Warp:
    """Return the affine map, with a bend where asked for, that refines a similarity.

    Ridge regression of what the similarity leaves; see ``_AFFINE_PULL`` and ``_BEND_PULL``.
    """
    u = (first - start.centre) / start.reach
    left = second - start.forward(first)
    columns = [np.ones(len(u)), u[:, 0], u[:, 1]]
    pull = [0.0, _AFFINE_PULL, _AFFINE_PULL]
    if has_bend:
        columns += [u[:, 0] ** 2, u[:, 0] * u[:, 1], u[:, 1] ** 2]
        pull += [_BEND_PULL] * 3
    design = np.stack(columns, axis=1)
    # The mean of u² over a field is about a third: a pull of 4 weighs like a dozen pairs of it.
    normal = design.T @ design + np.diag(pull) / 3.0
    found = np.linalg.solve(normal, design.T @ left)
    linear = start.linear + found[1:3].T / start.reach
    shift = start.shift + found[0] - found[1:3].T @ start.centre / start.reach
    bend: Points = np.zeros((2, 3))
    if has_bend:
        bend = np.asarray(found[3:6].T, np.float64)
    return replace(start, linear=linear, shift=shift, bend=bend)
