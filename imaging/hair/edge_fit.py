"""Three levels with two blurred edges, fitted to many sections of hairs at once.

Skin on one side, shaft, skin on the other, with two edges blurred by a Gaussian; what is expected
of blur and darkness is weighed with the samples.  `shared_blur` asks which one blur fits a whole
photo best.

Strategy: the six unknowns of every section go side by side through damped Gauss-Newton steps.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtr

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

#: A shaft paler than this against its skin has no edges to measure.
LEAST_CONTRAST = 0.02
#: Damped steps of the fit.
_STEPS = 11
#: Limits of blur (px, standard deviation; sampling alone gives the lower).
LEAST_BLUR_PX, _MOST_BLUR_PX = 0.35, 8.0
#: Misfit of real profiles, as share of the shaft's darkness, over which unknowns are weighed.
_MISFIT = 0.06
#: First damping of the fit, and the least width it tries (px).
_DAMPING, _LEAST_WIDTH_PX = 1e-3, 0.3


#: Blurs that are tried for all sections of a photo (px), how closely each is kept to (standard
#: deviation of the logarithm), most sections that are asked, and how much worse than the best the
#: misfit gets before no larger blur is tried.
_TRIED_BLURS_PX = (0.7, 0.85, 1.0, 1.2, 1.4, 1.65, 1.95, 2.3, 2.8, 3.4, 4.2)
_TRIED_SPREAD, _MOST_ASKED, _PAST_BEST = 0.02, 150, 1.15


@dataclass(frozen=True, eq=False)
class Profiles:
    """Mean sections of stretches: values (n, k), places across (n, k; px), and owner (n)."""

    values: Floats
    across_px: Floats
    owner: NDArray[np.intp]
    guess_px: Floats

    def chosen(self, which: Flags) -> Profiles:
        """Return some of the sections."""
        return Profiles(
            self.values[which], self.across_px[which], self.owner[which], self.guess_px[which]
        )


@dataclass(frozen=True, eq=False)
class Edges:
    """Fitted stretches: both edges (px from the line), blur (px), levels (n, 3), misfit."""

    left_px: Floats
    right_px: Floats
    blur_px: Floats
    levels: Floats
    misfit: Floats

    @property
    def width_px(self) -> Floats:
        return self.right_px - self.left_px

    def replaced(self, which: Flags, other: Edges) -> Edges:
        """Return these with the chosen ones replaced by those of `other`, in order."""
        parts = []
        for name in ("left_px", "right_px", "blur_px", "levels", "misfit"):
            values = getattr(self, name).copy()
            values[which] = getattr(other, name)
            parts.append(values)
        return Edges(*parts)


@dataclass(frozen=True)
class Expected:
    """What blur (px; spread of its logarithm) and darkness of a shaft are likely.

    A shaft of width w has the darkness ``darkness · (1 − exp(−depth_per_px · w))``: what passes
    through a thin one lights it up (Beer-Lambert).
    """

    blur_px: float
    blur_spread: float
    darkness: float = 0.0
    darkness_spread: float = np.inf
    depth_per_px: float = 0.0


def fit_edges(profiles: Profiles, weights: Floats, start: Floats, expected: Expected) -> Edges:
    """Fit three levels with two blurred edges to every profile.

    What is expected of blur and darkness stands beside the samples as two more of them.
    """
    x, y = profiles.across_px, profiles.values
    n, k = y.shape
    scale = np.maximum(np.abs(start[:, 3]), LEAST_CONTRAST)
    precision = np.empty((n, k + 2))
    precision[:, :k] = weights / (_MISFIT * scale[:, None]) ** 2
    precision[:, k:] = expected.blur_spread**-2.0, expected.darkness_spread**-2.0
    unknowns = np.column_stack([start, np.full(n, np.log(expected.blur_px))])
    low, high = np.log(LEAST_BLUR_PX), np.log(_MOST_BLUR_PX)
    damping, best = np.full(n, _DAMPING), np.full(n, np.inf)
    kept, jacobian, residual = unknowns.copy(), np.zeros((n, 6, k + 2)), np.zeros((n, k + 2))
    diagonal = np.arange(6)
    for _ in range(_STEPS):
        fresh_jacobian, fresh_residual = _model(unknowns, x, y, expected)
        cost = (precision * fresh_residual**2).sum(axis=1)
        better = cost <= best
        best[better], kept[better] = cost[better], unknowns[better]
        jacobian[better], residual[better] = fresh_jacobian[better], fresh_residual[better]
        damping = np.where(better, damping * 0.3, damping * 8)
        scaled = jacobian * precision[:, None, :]
        normal = scaled @ jacobian.transpose(0, 2, 1)
        normal[:, diagonal, diagonal] *= 1 + damping[:, None]
        # A level that no sample shows (an edge at the window's end) must not make it singular.
        normal[:, diagonal, diagonal] += 1e-6
        unknowns = kept + np.linalg.solve(normal, scaled @ residual[:, :, None])[:, :, 0]
        unknowns[:, 5] = np.clip(unknowns[:, 5], low, high)
        unknowns[:, 1] = np.maximum(unknowns[:, 1], unknowns[:, 0] + _LEAST_WIDTH_PX)
    square = (weights * residual[:, :k] ** 2).sum(axis=1) / weights.sum(axis=1)
    return Edges(kept[:, 0], kept[:, 1], np.exp(kept[:, 5]), kept[:, 2:5], np.sqrt(square) / scale)


def _model(unknowns: Floats, x: Floats, y: Floats, expected: Expected) -> tuple[Floats, Floats]:
    """Return derivatives (n, 6, k + 2) and residuals (n, k + 2): samples, blur, darkness."""
    n, k = y.shape
    left, right, a, b, c, log_blur = (unknowns[:, i, None] for i in range(6))
    blur = np.exp(log_blur)
    u, v = (x - left) / blur, (x - right) / blur
    entered, gone = ndtr(u), ndtr(v)
    p = (b - a) * np.exp(-0.5 * u * u) / np.sqrt(2 * np.pi)
    q = (c - b) * np.exp(-0.5 * v * v) / np.sqrt(2 * np.pi)
    slopes = np.zeros((n, 6, k + 2))
    slopes[:, 0, :k], slopes[:, 1, :k] = -p / blur, -q / blur
    slopes[:, 2, :k], slopes[:, 3, :k], slopes[:, 4, :k] = 1 - entered, entered - gone, gone
    slopes[:, 5, :k] = -(p * u + q * v)
    passed = np.exp(-expected.depth_per_px * (right - left))[:, 0]
    change = expected.darkness * expected.depth_per_px * passed
    slopes[:, 5, k] = 1.0
    slopes[:, 0, k + 1], slopes[:, 1, k + 1], slopes[:, 3, k + 1] = change, -change, 1.0
    residuals = np.empty((n, k + 2))
    residuals[:, :k] = y - (a * (1 - entered) + b * (entered - gone) + c * gone)
    residuals[:, k] = np.log(expected.blur_px) - log_blur[:, 0]
    residuals[:, k + 1] = expected.darkness * (1 - passed) - b[:, 0]
    return slopes, residuals


def shared_blur(profiles: Profiles, weights: Floats, start: Floats) -> float:
    """Return the one blur (px) with which the sections of a photo fit best in the median.

    One thin shaft shows only what width and blur make together; the shapes of many tell the two
    apart, since their widths differ and the blur does not.

    Parameters
    ----------
    profiles : Profiles
    weights, start : ndarray of float
        As for `fit_edges`.
    """
    count = len(profiles.owner)
    asked = np.zeros(count, bool)
    asked[np.linspace(0, count - 1, min(count, _MOST_ASKED)).astype(np.intp)] = True
    some, weights, start = profiles.chosen(asked), weights[asked], start[asked]
    misfits: list[float] = []
    for blur_px in _TRIED_BLURS_PX:
        fitted = fit_edges(some, weights, start, Expected(blur_px, _TRIED_SPREAD))
        misfits.append(float(np.median(fitted.misfit)))
        if misfits[-1] > _PAST_BEST * min(misfits):
            break
    best = int(np.argmin(misfits))
    if not 0 < best < len(misfits) - 1:
        return _TRIED_BLURS_PX[best]
    near = slice(best - 1, best + 2)
    square, slope, _ = np.polyfit(np.log(_TRIED_BLURS_PX[near]), misfits[near], 2)
    return float(np.exp(-slope / (2 * square)))
