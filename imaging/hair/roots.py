"""Which end of a shaft is its root, and whether the shaft is a rooted hair at all.

A root end goes on under the skin: blurred, blue-grey, darker than skin in the mean of all colours
for a few tenths of a millimetre.  A cut tip ends sharply.  Neighbouring hairs lean alike, so that
each hair's own evidence is weighed against its neighbours' directions (mean-field relaxation of a
pairwise model).  Where a shaft leaves the readable field its other end is the likelier root.

Loose clippings and fibres have no such shadow, or lie across the direction of the hairs around
them.  Curly hair lies across its neighbours as well: there it says little against a hair.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..settings import HairSettings
from .evidence import ShaftEvidence, read_at
from .field import distance_inside
from .strips import Strip

#: The shadow is read from here to here beyond an end.
_SHADOW_FROM_MM, _SHADOW_STEP_MM = 0.03, 0.02
#: Beyond an end, what is darker than this share of the shaft is another shaft.
_OTHER_SHAFT = 0.5
#: A hidden end: this much beyond it is looked at.
_HIDDEN_MM = 0.10
#: Direction of an end: over this length of shaft.
_END_MM = 0.08
#: Neighbours vote with a Gaussian weight of this standard deviation.
_NEIGHBOUR_MM = 1.5
_OWN_GAIN, _VOTE_GAIN, _ROUNDS = 3.0, 4.0, 30
#: A hair without neighbours is judged as if one neighbour agreed with it as neighbours usually do.
LONE_WEIGHT, LONE_LEAN = 1.0, 0.9
#: Where hair is curly no lean is judged as less than this: lying across the neighbours says little
#: against a hair there.
CURLY_LEAN = 0.6
#: In favour of the end inside the field when the other one leaves it.
_INSIDE_BIAS = 0.5
#: Against an end that passes below another hair.
_HIDDEN_BIAS = 1.0
#: An end this close to the edge of what can be read has been cut by it.
EDGE_MM = 0.06


@dataclass(frozen=True, eq=False)
class Rooting:
    """For every strip, whether to turn it, whether its root is seen, and what speaks for it.

    ``is_reversed``: the root is the strip's last point.  ``has_root``: the root end lies inside
    the readable field; ``tip_leaves``: the other end does not.  ``shadow``: mean darkness beyond
    the root less that beyond the tip, as a share of the shaft's.  ``lean``: mean cosine to the
    neighbours' directions, −1 to 1; where hair is curly, `CURLY_LEAN` at least.
    """

    is_reversed: NDArray[np.bool_]
    has_root: NDArray[np.bool_]
    tip_leaves: NDArray[np.bool_]
    shadow: NDArray[np.float64]
    lean: NDArray[np.float64]


def find_roots(
    strips: list[Strip],
    evidence: ShaftEvidence,
    settings: HairSettings,
    *,
    is_curly: bool = False,
    judged: int = 0,
) -> Rooting:
    """Tell root from tip for every strip; see `Rooting`.  The first ``judged`` a judge chose."""
    count = len(strips)
    if not count:
        nothing = np.zeros(0)
        none = nothing.astype(bool)
        return Rooting(none, none, none, nothing, nothing)
    px_per_mm = evidence.px_per_mm
    back = max(1, round(_END_MM * px_per_mm / strips[0].step_px))
    first = np.array([s.points[0] for s in strips])
    last = np.array([s.points[-1] for s in strips])
    before_first = first - np.array([s.points[min(back, len(s.points) - 1)] for s in strips])
    after_last = last - np.array([s.points[max(-1 - back, -len(s.points))] for s in strips])
    plateau = np.array([s.plateau for s in strips])
    (first_shadow, first_hidden), (last_shadow, last_hidden) = (
        _shadow(end, direction, plateau, evidence, settings)
        for end, direction in ((first, before_first), (last, after_last))
    )
    # Stubs of one unit touch end to end; only long hair passes below other hair.  A judge chooses
    # stubs: what goes on beyond their ends is their part under the skin, or a hair of their unit.
    length = np.array([len(s.points) * s.step_px for s in strips])
    is_long = (length >= settings.join_length_mm * px_per_mm) & (np.arange(count) >= judged)
    first_hidden &= is_long
    last_hidden &= is_long
    edge_px = EDGE_MM * px_per_mm
    # Read between pixels: those around a place at the limit must be right too.
    inner = distance_inside(evidence.valid, reach_px=edge_px + 2)
    leaves = [read_at(inner, end[:, 0], end[:, 1]) < edge_px for end in (first, last)]
    difference = first_shadow - last_shadow
    own = np.clip(_OWN_GAIN * difference, -1, 1)
    own += _INSIDE_BIAS * (leaves[1].astype(float) - leaves[0])
    own += _HIDDEN_BIAS * (last_hidden.astype(float) - first_hidden)
    axis = last - first
    axis = axis / np.maximum(np.linalg.norm(axis, axis=1), 1e-6)[:, None]
    weight = neighbour_weights(0.5 * (first + last) / px_per_mm)
    sign = _relax(own, (axis @ axis.T) * weight, weight.sum(axis=1))
    is_reversed = sign < 0
    flip = np.where(is_reversed, -1.0, 1.0)
    directed = axis * flip[:, None]
    agreement = ((directed @ directed.T) * weight).sum(axis=1)
    lean = (agreement + LONE_WEIGHT * LONE_LEAN) / (weight.sum(axis=1) + LONE_WEIGHT)
    if is_curly:
        lean = np.maximum(lean, CURLY_LEAN)
    return Rooting(
        is_reversed,
        ~np.where(is_reversed, leaves[1] | last_hidden, leaves[0] | first_hidden),
        np.where(is_reversed, leaves[0], leaves[1]),
        difference * flip,
        lean,
    )


def _shadow(
    end: NDArray[np.floating],
    direction: NDArray[np.floating],
    plateau: NDArray[np.floating],
    evidence: ShaftEvidence,
    settings: HairSettings,
) -> tuple[NDArray[np.floating], NDArray[np.bool_]]:
    """Mean shade beyond each end as a share of the shaft's darkness, and whether it is hidden.

    Where another shaft lies in the way nothing is seen of a shadow; that counts as none.  An end is
    hidden when most of the first stretch beyond it is shaft: it only passes below another hair.
    """
    unit = direction / np.maximum(np.linalg.norm(direction, axis=1), 1e-6)[:, None]
    reach = np.arange(_SHADOW_FROM_MM, settings.root_shadow_mm, _SHADOW_STEP_MM)
    reach = reach * evidence.px_per_mm
    x = end[:, 0, None] + unit[:, 0, None] * reach
    y = end[:, 1, None] + unit[:, 1, None] * reach
    shade = read_at(evidence.shade, x, y) / plateau[:, None]
    is_shaft = read_at(evidence.darkness, x, y) >= _OTHER_SHAFT * plateau[:, None]
    near = max(1, round(_HIDDEN_MM / _SHADOW_STEP_MM))
    is_hidden = is_shaft[:, :near].mean(axis=1) >= 0.5
    return np.where(is_shaft, 0.0, shade).mean(axis=1), is_hidden


def neighbour_weights(places_mm: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return how much each hair's direction says of each other's, shape (n, n), 0 for itself."""
    apart = places_mm[:, None] - places_mm[None]
    weight: NDArray[np.float64] = np.exp(-0.5 * (apart**2).sum(axis=2) / _NEIGHBOUR_MM**2)
    np.fill_diagonal(weight, 0.0)
    return weight


def _relax(
    own: NDArray[np.floating], coupling: NDArray[np.floating], total: NDArray[np.floating]
) -> NDArray[np.floating]:
    """Mean-field signs of a pairwise model, shape (n,), −1 to 1; ties go to +1.

    From three starts: each hair's own evidence, and everybody leaning the one way or the other
    along the coupling's first eigenvector.  The start that ends best wins, so that no wall is left
    between two halves of a field that point at each other.
    """
    even = coupling / np.maximum(total, 1e-3)[:, None]
    consensus = np.sign(np.linalg.eigh(coupling)[1][:, -1])
    best: NDArray[np.floating] = np.tanh(own)
    most = -np.inf
    for start in (np.tanh(own), consensus, -consensus):
        sign = start
        for _ in range(_ROUNDS):
            sign = np.tanh(2.0 * own + _VOTE_GAIN * (even @ sign))
        worth = float(sign @ (2.0 * own + 0.5 * _VOTE_GAIN * (even @ sign)))
        if worth > most + 1e-9:
            best, most = sign, worth
    return best
