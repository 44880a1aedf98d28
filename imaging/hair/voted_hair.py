"""A voted hair, what speaks for it, and how sure it is."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .roots import LONE_LEAN, LONE_WEIGHT, neighbour_weights

Floats = NDArray[np.float64]

#: What speaks for a rooted hair, in the order of the columns of `features`.
FEATURES = (
    "log cover",
    "core",
    "root heat",
    "tip heat",
    "log spread of roots",
    "log spread of tips",
    "lean",
    "log length over the photo's",
    "log width over the photo's",
    "room",
    "darkness over the photo's",
)


@dataclass(frozen=True, eq=False)
class VotedHair:
    """One hair in working pixels (array indices), root first.

    ``points`` (n, 2) is the centre line; ``cover`` the summed votes over the pixels that its core
    would have; ``core`` the mean probability of its votes; ``room`` the usual widths that its dark
    band leaves it beside better supported hairs; ``plateau`` the darkness of its shaft;
    ``root_heat`` and ``tip_heat`` the probabilities of both ends; ``root_spread_mm`` and
    ``tip_spread_mm`` how far its votes differ.
    """

    points: Floats
    width_mm: float
    length_mm: float
    cover: float
    core: float
    room: float
    plateau: float
    root_heat: float
    tip_heat: float
    root_spread_mm: float
    tip_spread_mm: float
    has_root: bool
    tip_leaves: bool
    confidence: float = 0.0


def confidence(hairs: list[VotedHair], logistic: tuple[float, ...]) -> Floats:
    """Return for each hair the probability that it is a rooted hair, shape (hairs,).

    ``logistic`` holds the intercept and the coefficients of `FEATURES`.
    """
    if not hairs:
        return np.zeros(0)
    z = logistic[0] + features(hairs) @ np.array(logistic[1:])
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
    return probability


def features(hairs: list[VotedHair]) -> Floats:
    """Return what speaks for a rooted hair, shape (hairs, features): see `FEATURES`."""

    def each(name: str) -> Floats:
        return np.array([getattr(hair, name) for hair in hairs], np.float64)

    length, width = each("length_mm"), each("width_mm")
    return np.column_stack(
        [
            np.log(np.clip(each("cover"), 0.02, 1.5)),
            each("core"),
            each("root_heat"),
            each("tip_heat"),
            np.log(each("root_spread_mm") + 0.01),
            np.log(each("tip_spread_mm") + 0.01),
            np.minimum(lean(hairs), 0.9),
            np.log(length / np.median(length)),
            np.log(width / np.median(width)),
            each("room"),
            np.clip(each("plateau") / max(float(np.median(each("plateau"))), 0.02), -1.0, 2.0),
        ]
    )


def lean(hairs: list[VotedHair]) -> Floats:
    """Return the mean cosine of each hair to its neighbours' directions, −1 to 1."""
    ends = np.array([(hair.points[0], hair.points[-1]) for hair in hairs])
    run = ends[:, 1] - ends[:, 0]
    way = run / np.maximum(np.linalg.norm(run, axis=1), 1e-6)[:, None]
    length = np.array([hair.length_mm for hair in hairs])
    mm_per_px = length / np.maximum(np.linalg.norm(run, axis=1), 1e-6)
    places = ends.mean(axis=1) * float(np.median(mm_per_px))
    weight = neighbour_weights(places)
    agreement = ((way @ way.T) * weight).sum(axis=1)
    result: Floats = (agreement + LONE_WEIGHT * LONE_LEAN) / (weight.sum(axis=1) + LONE_WEIGHT)
    return result
