"""Hairs from votes: every pixel of a shaft points at the root and the tip of its hair.

Pixels whose votes agree are one hair, wherever they lie: hairs that touch, cross or share an ostium
differ in at least one end.  Each vote is as exact as it is near, so that agreement is measured in
units of each vote's own error and ends are found by the pixels beside them.  Hairs are taken one
after the other, the best supported first; votes that a hair has used support no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from ..settings import HairSettings
from .evidence import EndVotes, ShaftEvidence
from .roots import EDGE_MM, LONE_LEAN, LONE_WEIGHT, neighbour_weights

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Standard error of a vote: this much, mm, and this share of the distance to the end.
_NEAR_ERROR_MM, _FAR_ERROR = 0.025, 0.10
#: Votes within this many of their errors at both ends belong to a hair.
_AGREE = 1.7
#: Pairs of votes are compared when the middles that they point at are this near.
_MIDDLE_MM = 0.09
#: Kernel values below this are nothing.
_LEAST_KERNEL = 0.02
#: Votes that point this near to the network's reach point at no end.
_REACHED_SHARE = 0.9
#: No more votes than this are compared: a photo full of hair has enough of them.
_MOST_VOTES = 7000
#: A hair's votes lie this many half widths to its side at most, plus a pixel.
_BESIDE_WIDTHS = 1.3
#: A line of which this share of votes lies inside another one's core is that one again.
_SAME_SHARE = 0.5
#: Middle of a shaft, as trained: share of the width.
CORE_SHARE = 0.6
_REFINEMENTS = 3
_STEP_PX = 1.5
#: Long hair is followed where the network sees at least this much of a shaft.
_FAINT_CORE = 0.15
#: Heat at an end is the most within this distance of it.
_HEAT_MM = 0.06
#: Coefficients of the logistic confidence, fitted by scripts/fit_confidence.py; the features are
#: those of `features`, in this order.
_INTERCEPT = -4.0
_COEFFICIENTS = np.array([1.0, 5.0, 1.0, 0.5, 0.0, 0.0, 1.0, 0.0, 0.0])


@dataclass(frozen=True, eq=False)
class VotedHair:
    """One hair in working pixels (array indices), root first.

    ``points`` (n, 2) is the centre line; ``cover`` the summed votes over the pixels that its core
    would have; ``core`` the mean probability of its votes; ``root_heat`` and ``tip_heat`` the
    probabilities of both ends; ``root_spread_mm`` and ``tip_spread_mm`` how far its votes differ.
    """

    points: Floats
    width_mm: float
    length_mm: float
    cover: float
    core: float
    root_heat: float
    tip_heat: float
    root_spread_mm: float
    tip_spread_mm: float
    has_root: bool
    tip_leaves: bool
    confidence: float = 0.0


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes of single pixels, all in mm: place, both ends, their errors, and the weight."""

    place: Floats
    root: Floats
    tip: Floats
    root_error: Floats
    tip_error: Floats
    weight: Floats
    width: Floats


def collect_hairs(evidence: ShaftEvidence, settings: HairSettings) -> list[VotedHair]:
    """Return every hair that the votes agree on, the best supported first.

    Hairs that reach farther than the network points are not among them; see `unreached`.
    """
    votes = evidence.votes
    if votes is None:
        return []
    pixel_mm = votes.stride / evidence.px_per_mm
    is_core = votes.core >= settings.least_vote
    rows, columns = np.nonzero(is_core & ~_is_unreached(votes))
    sampled = _thin(rows, columns)
    chosen = _votes_at(votes, rows[sampled], columns[sampled], pixel_mm)
    share = len(rows) / max(len(chosen.weight), 1)
    inner_mm = _distance_inside_mm(evidence)
    found = [
        _measure(line, share, votes, evidence, inner_mm)
        for line in _agree(chosen, pixel_mm, settings.min_votes / share)
    ]
    return [
        replace(hair, confidence=float(value))
        for hair, value in zip(found, confidence(found), strict=True)
    ]


def unreached_share(votes: EndVotes, settings: HairSettings) -> float:
    """Return the share of the shafts' pixels that see no end of their hair within reach."""
    is_core = votes.core >= settings.least_vote
    return float(_is_unreached(votes)[is_core].mean()) if is_core.any() else 0.0


def _is_unreached(votes: EndVotes) -> Bools:
    to_root, to_tip = np.hypot(*votes.ends[:2]), np.hypot(*votes.ends[2:])
    return np.asarray(np.maximum(to_root, to_tip) >= _REACHED_SHARE * votes.reach_mm)


def _thin(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which pixels vote: a regular part of them where there are very many."""
    every = max(1, -(-len(rows) // _MOST_VOTES))
    # Rows and columns both enter, so that no line of pixels is left out as a whole.
    return np.flatnonzero((rows + 2 * columns) % every == 0)


def _votes_at(
    votes: EndVotes, rows: NDArray[np.intp], columns: NDArray[np.intp], pixel_mm: float
) -> _Votes:
    place = np.column_stack([columns + 0.5, rows + 0.5]) * pixel_mm
    ends = votes.ends[:, rows, columns].T.astype(np.float64)
    away = np.hypot(ends[:, [0, 2]], ends[:, [1, 3]])
    errors = _NEAR_ERROR_MM + _FAR_ERROR * away
    return _Votes(
        place=place,
        root=place + ends[:, :2],
        tip=place + ends[:, 2:],
        root_error=errors[:, 0],
        tip_error=errors[:, 1],
        weight=votes.core[rows, columns].astype(np.float64),
        width=votes.width_mm[rows, columns].astype(np.float64),
    )


@dataclass(frozen=True, eq=False)
class _Line:
    """A hair while it is looked for: its ends (mm), width, and the votes' spread at both."""

    root: Floats
    tip: Floats
    width: float
    bow: float
    root_spread: float
    tip_spread: float
    weight: float
    core: float

    def beside(self, place: Floats) -> tuple[Floats, Floats]:
        """Return the share along the line and the distance to its side (mm) of points."""
        run = self.tip - self.root
        length = max(float(np.hypot(*run)), 1e-6)
        along = ((place - self.root) @ run) / length**2
        aside = (place - self.root) @ np.array([-run[1], run[0]]) / length
        return along, aside - self.bow * along * (1.0 - along)


def _agree(votes: _Votes, pixel_mm: float, least_weight: float) -> list[_Line]:
    """Return the line of every hair, the best supported first."""
    count = len(votes.weight)
    if not count:
        return []
    kernel = _kernel(votes)
    free = votes.weight.copy()
    support = kernel @ free
    found: list[_Line] = []
    while True:
        best = int(np.argmax(np.where(free > 0, support, -1.0)))
        if free[best] <= 0 or support[best] < least_weight:
            return found
        near = slice(kernel.indptr[best], kernel.indptr[best + 1])
        others = kernel.indices[near]
        line = _fit(votes, others, kernel.data[near] * free[others])
        members = np.flatnonzero(free > 0)
        members = members[_belongs(votes, members, line, pixel_mm)]
        if not len(members):
            members = np.array([best])
        used = free[members]
        line = _fit(votes, members, used)
        support -= kernel[:, members] @ used
        free[members] = 0.0
        if used.sum() >= least_weight and not _is_again(votes, members, found, pixel_mm):
            found.append(line)


def _kernel(votes: _Votes) -> sparse.csr_matrix:
    """Return how much two votes agree, symmetric, 1 on the diagonal."""
    count = len(votes.weight)
    middle = 0.5 * (votes.root + votes.tip)
    i, j = cKDTree(middle).query_pairs(_MIDDLE_MM, output_type="ndarray").T
    off = np.zeros(len(i))
    for end, error in ((votes.root, votes.root_error), (votes.tip, votes.tip_error)):
        off += ((end[i] - end[j]) ** 2).sum(axis=1) / (error[i] ** 2 + error[j] ** 2)
    values = np.exp(-off)
    kept = values >= _LEAST_KERNEL
    i, j, values = i[kept], j[kept], values[kept]
    each = np.arange(count)
    return sparse.csr_matrix(
        (
            np.concatenate([values, values, np.ones(count)]),
            (np.concatenate([i, j, each]), np.concatenate([j, i, each])),
        ),
        shape=(count, count),
    )


def _fit(votes: _Votes, members: NDArray[np.intp], weight: Floats) -> _Line:
    """Return the line on which these votes agree: means that each near vote weighs more in."""
    ends, spreads = [], []
    for end, error in ((votes.root, votes.root_error), (votes.tip, votes.tip_error)):
        share = weight / error[members] ** 2
        share = share / share.sum()
        place = share @ end[members]
        for _ in range(_REFINEMENTS):
            off = np.hypot(*(end[members] - place).T) / error[members]
            robust = share / (1.0 + off**2)
            place = robust @ end[members] / robust.sum()
        ends.append(place)
        spreads.append(float(np.sqrt(share @ ((end[members] - place) ** 2).sum(axis=1))))
    width = float(np.average(votes.width[members], weights=weight))
    straight = _Line(ends[0], ends[1], width, 0.0, spreads[0], spreads[1], 0.0, 0.0)
    along, aside = straight.beside(votes.place[members])
    arch = np.clip(along * (1.0 - along), 0.0, None)
    bow = float((weight * arch * aside).sum() / max((weight * arch**2).sum(), 1e-9))
    length = float(np.hypot(*(ends[1] - ends[0])))
    return _Line(
        ends[0],
        ends[1],
        width,
        float(np.clip(bow, -length, length)),
        spreads[0],
        spreads[1],
        float(weight.sum()),
        float(np.average(votes.weight[members], weights=weight)),
    )


def _belongs(votes: _Votes, members: NDArray[np.intp], line: _Line, pixel_mm: float) -> Bools:
    off_root = np.hypot(*(votes.root[members] - line.root).T) / votes.root_error[members]
    off_tip = np.hypot(*(votes.tip[members] - line.tip).T) / votes.tip_error[members]
    _, aside = line.beside(votes.place[members])
    beside = np.abs(aside) <= _BESIDE_WIDTHS * 0.5 * line.width + pixel_mm
    return np.asarray((off_root <= _AGREE) & (off_tip <= _AGREE) & beside)


def _is_again(
    votes: _Votes,
    members: NDArray[np.intp],
    found: list[_Line],
    pixel_mm: float,
) -> bool:
    """Whether most of these votes lie in the core of one hair that is found already."""
    place = votes.place[members]
    for line in found:
        if np.hypot(*(place.mean(axis=0) - 0.5 * (line.root + line.tip))) > 2.0:
            continue
        along, aside = line.beside(place)
        core = max(0.5 * CORE_SHARE * line.width, 0.75 * pixel_mm)
        inside = (along > -0.1) & (along < 1.1) & (np.abs(aside) < core)
        if inside.mean() > _SAME_SHARE:
            return True
    return False


def _measure(
    line: _Line, share: float, votes: EndVotes, evidence: ShaftEvidence, inner_mm: Floats
) -> VotedHair:
    px_per_mm = evidence.px_per_mm
    pixel_mm = votes.stride / px_per_mm
    run = line.tip - line.root
    length = float(np.hypot(*run))
    along = np.linspace(0.0, 1.0, max(4, round(length * px_per_mm / _STEP_PX) + 1))
    normal = np.array([-run[1], run[0]]) / max(length, 1e-6)
    path = line.root + along[:, None] * run
    path = path + (line.bow * along * (1.0 - along))[:, None] * normal
    core_mm2 = length * max(CORE_SHARE * line.width, 1.5 * pixel_mm)
    return VotedHair(
        points=path * px_per_mm - 0.5,
        width_mm=line.width,
        length_mm=float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum()),
        cover=share * line.weight * pixel_mm**2 / max(core_mm2, 1e-6),
        core=line.core,
        root_heat=_most_near(votes.root_heat, line.root, pixel_mm),
        tip_heat=_most_near(votes.tip_heat, line.tip, pixel_mm),
        root_spread_mm=line.root_spread,
        tip_spread_mm=line.tip_spread,
        has_root=_at(inner_mm, line.root * px_per_mm) >= EDGE_MM,
        tip_leaves=_at(inner_mm, line.tip * px_per_mm) < EDGE_MM,
    )


def _distance_inside_mm(evidence: ShaftEvidence) -> Floats:
    """Return how far inside the readable field each pixel lies, shape (h, w)."""
    inner = ndimage.distance_transform_edt(np.pad(evidence.valid, 1))[1:-1, 1:-1]
    return np.asarray(inner / evidence.px_per_mm, np.float64)


def _at(image: NDArray[np.floating], place_px: Floats) -> float:
    """Return the value of the pixel at x, y (corner coordinates); 0 outside."""
    column, row = (int(v) for v in np.floor(place_px))
    height, width = image.shape
    return float(image[row, column]) if 0 <= row < height and 0 <= column < width else 0.0


def _most_near(heat: NDArray[np.float32], place_mm: Floats, pixel_mm: float) -> float:
    reach = max(1, round(_HEAT_MM / pixel_mm))
    column, row = (int(v) for v in np.floor(place_mm / pixel_mm))
    part = heat[max(row - reach, 0) : row + reach + 1, max(column - reach, 0) : column + reach + 1]
    return float(part.max()) if part.size else 0.0


def confidence(hairs: list[VotedHair]) -> Floats:
    """Return for each hair the probability that it is a rooted hair, shape (hairs,)."""
    if not hairs:
        return np.zeros(0)
    z = _INTERCEPT + features(hairs) @ _COEFFICIENTS
    probability: Floats = 1.0 / (1.0 + np.exp(-np.clip(z, -30, 30)))
    return probability


def features(hairs: list[VotedHair]) -> Floats:
    """Return what speaks for a rooted hair, shape (hairs, features); see the code for each."""

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


def without_voted(evidence: ShaftEvidence, hairs: list[VotedHair]) -> ShaftEvidence:
    """Return the evidence with the shafts of these hairs taken out, for lines that reach farther.

    Lines are followed only where the network sees a shaft.
    """
    votes = evidence.votes
    if votes is None:
        return evidence
    height, width = evidence.darkness.shape
    is_shaft = (
        cv2.resize(votes.core, (width, height), interpolation=cv2.INTER_LINEAR) >= _FAINT_CORE
    )
    is_left = cv2.dilate(is_shaft.astype(np.uint8), np.ones((3, 3), np.uint8))
    for hair in hairs:
        cv2.polylines(
            is_left,
            [np.rint(hair.points * 16).astype(np.int32)],
            isClosed=False,
            color=0,
            thickness=max(1, round(hair.width_mm * evidence.px_per_mm)),
            shift=4,
        )
    left = is_left.astype(np.float32)
    return replace(
        evidence,
        darkness=evidence.darkness * left,
        responses=tuple(response * left for response in evidence.responses),
    )
