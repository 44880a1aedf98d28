"""Hairs from votes: every pixel of a shaft points at the root and the tip of its hair.

Pixels whose votes agree are one hair, wherever they lie: hairs that touch, cross or share an ostium
differ in at least one end.  Each vote is as exact as it is near, so that agreement is measured in
units of each vote's own error and ends are found by the pixels beside them.  Hairs are taken one
after the other, the best supported first; votes that a hair has used support no other.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage, sparse
from scipy.spatial import cKDTree

from ..photo.polylines import arc_lengths, points_along
from ..settings import HairSettings
from .bands import room_of_lines
from .evidence import EndVotes, ShaftEvidence
from .roots import EDGE_MM
from .voted_ends import plateau_levels, settle_ends
from .voted_hair import VotedHair, confidence
from .walks import Walk, walk_to_end

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

#: Standard error of a vote: this much, mm, and this share of the distance to the end.
_NEAR_ERROR_MM, _FAR_ERROR = 0.025, 0.06
#: Votes within this many of their errors at both ends belong to a hair.
_AGREE = 1.7
#: Pairs of votes are compared when the middles that they point at are this near.
_MIDDLE_MM = 0.09
#: Kernel values below this are nothing.
_LEAST_KERNEL = 0.02
#: No more votes than this are compared: a photo full of hair has enough of them.
_MOST_VOTES = 3000
#: A hair's votes lie this many half widths to its side at most, plus a pixel.
_BESIDE_WIDTHS = 1.3
#: What is left of the votes within this share of a found hair's width, and along it (cosine), is
#: of that hair too.
_CLAIM_SHARE, _ALONG = 0.75, 0.93
#: Middle of a shaft, as trained: share of the width.
CORE_SHARE = 0.6
_REFINEMENTS = 3
_STEP_PX = 1.5
#: Heat at an end is the most within this distance of it.
_HEAT_MM = 0.06


@dataclass(frozen=True, eq=False)
class _Votes:
    """Votes of single pixels, in mm: place, way of growth, where they walked to, errors, weight."""

    place: Floats
    way: Floats
    to_root: Walk
    to_tip: Walk
    root_error: Floats
    tip_error: Floats
    weight: Floats
    width: Floats

    @property
    def root(self) -> Floats:
        return self.to_root.end

    @property
    def tip(self) -> Floats:
        return self.to_tip.end

    def path(self, vote: int) -> Floats:
        """Return the line that one vote walked, root to tip, shape (points, 2)."""
        back = self.to_root.trail[::-1, vote]
        line = np.vstack([back[:-1], self.to_tip.trail[:, vote]])
        moved = np.r_[True, np.linalg.norm(np.diff(line, axis=0), axis=1) > 1e-6]
        path: Floats = line[moved]
        return path


@dataclass(frozen=True, eq=False)
class _Line:
    """A hair while it is looked for: centre line (mm, root first), width, and its votes."""

    path: Floats
    width: float
    root_spread: float
    tip_spread: float
    weight: float
    core: float
    sees_root: bool
    sees_tip: bool

    def distance(self, place: Floats) -> Floats:
        """Return how far points, shape (n, 2), lie from the centre line (mm)."""
        apart = np.linalg.norm(place[:, None] - self.path[None], axis=2)
        nearest: Floats = apart.min(axis=1)
        return nearest


def collect_hairs(evidence: ShaftEvidence, settings: HairSettings) -> list[VotedHair]:
    """Return every hair that the votes agree on, the best supported first."""
    votes = evidence.votes
    if votes is None:
        return []
    pixel_mm = votes.stride / evidence.px_per_mm
    rows, columns = np.nonzero(votes.core >= settings.least_vote)
    if not len(rows):
        return []
    sampled = _thin(rows, columns)
    share = len(rows) / max(len(sampled), 1)
    chosen = _walk_all(votes, rows[sampled], columns[sampled], pixel_mm)
    inner_mm = _distance_inside_mm(evidence)
    lines = _agree(chosen, pixel_mm, settings.min_votes / share)
    px_per_mm = evidence.px_per_mm
    paths = [_even(line.path, _STEP_PX / px_per_mm) * px_per_mm - 0.5 for line in lines]
    paths = settle_ends(paths, evidence, settings, step_px=_STEP_PX)
    room = room_of_lines(paths, [line.width for line in lines], evidence)
    plateaus = plateau_levels(paths, evidence)
    found = [
        _measure(lines[i], paths[i], share, votes, evidence, inner_mm, room[i], plateaus[i])
        for i in range(len(lines))
    ]
    return [
        replace(hair, confidence=float(value))
        for hair, value in zip(found, confidence(found, votes.logistic), strict=True)
    ]


def _thin(rows: NDArray[np.intp], columns: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return which pixels vote: a regular part of them where there are very many."""
    every = max(1, -(-len(rows) // _MOST_VOTES))
    # Rows and columns both enter, so that no line of pixels is left out as a whole.
    return np.flatnonzero((rows + 2 * columns) % every == 0)


def _walk_all(
    votes: EndVotes, rows: NDArray[np.intp], columns: NDArray[np.intp], pixel_mm: float
) -> _Votes:
    place = np.column_stack([columns + 0.5, rows + 0.5]) * pixel_mm
    to_root = walk_to_end(votes, place, to_tip=False, pixel_mm=pixel_mm)
    to_tip = walk_to_end(votes, place, to_tip=True, pixel_mm=pixel_mm)
    ends = votes.ends[:, rows, columns].astype(np.float64)
    way = (ends[2:] - ends[:2]).T
    return _Votes(
        place=place,
        way=way / np.maximum(np.linalg.norm(way, axis=1), 1e-6)[:, None],
        to_root=to_root,
        to_tip=to_tip,
        root_error=_NEAR_ERROR_MM + _FAR_ERROR * to_root.length,
        tip_error=_NEAR_ERROR_MM + _FAR_ERROR * to_tip.length,
        weight=votes.core[rows, columns].astype(np.float64),
        width=votes.width_mm[rows, columns].astype(np.float64),
    )


def _agree(votes: _Votes, pixel_mm: float, least_weight: float) -> list[_Line]:
    """Return the line of every hair, the best supported first."""
    count = len(votes.weight)
    if not count:
        return []
    middle = cKDTree(0.5 * (votes.root + votes.tip))
    kernel = _kernel(votes, middle)
    free = votes.weight.copy()
    support = np.asarray(kernel @ free)
    found: list[_Line] = []
    while True:
        best = int(np.argmax(np.where(free > 0, support, -1.0)))
        if free[best] <= 0 or support[best] < least_weight:
            return found
        near = slice(kernel.indptr[best], kernel.indptr[best + 1])
        others = kernel.indices[near]
        line = _fit(votes, others, kernel.data[near] * free[others])
        around = middle.query_ball_point(0.5 * (line.path[0] + line.path[-1]), 2.0 * _MIDDLE_MM)
        members = np.array([i for i in around if free[i] > 0], np.intp)
        members = members[_belongs(votes, members, line, pixel_mm)] if len(members) else members
        if not len(members):
            members = np.array([best])
        used = free[members]
        line = _fit(votes, members, used)
        if used.sum() >= least_weight:
            found.append(line)
            members = np.union1d(members, _explained(votes, free > 0, line, pixel_mm))
        support -= np.asarray(free[members] @ kernel[members]).ravel()
        free[members] = 0.0


def _kernel(votes: _Votes, middle: cKDTree) -> sparse.csr_matrix:
    """Return how much two votes agree, symmetric, 1 on the diagonal."""
    count = len(votes.weight)
    i, j = middle.query_pairs(_MIDDLE_MM, output_type="ndarray").T
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
    ends, spreads, off = [], [], np.zeros(len(members))
    for end, error in ((votes.root, votes.root_error), (votes.tip, votes.tip_error)):
        share = weight / error[members] ** 2
        share = share / share.sum()
        place = share @ end[members]
        for _ in range(_REFINEMENTS):
            apart = np.hypot(*(end[members] - place).T) / error[members]
            robust = share / (1.0 + apart**2)
            place = robust @ end[members] / robust.sum()
        off += np.hypot(*(end[members] - place).T)
        ends.append(place)
        spreads.append(float(np.sqrt(share @ ((end[members] - place) ** 2).sum(axis=1))))
    typical = int(members[np.argmin(off - weight * 1e-3)])
    return _Line(
        path=_moved(votes.path(typical), ends[0], ends[1]),
        width=float(np.average(votes.width[members], weights=weight)),
        root_spread=spreads[0],
        tip_spread=spreads[1],
        weight=float(weight.sum()),
        core=float(np.average(votes.weight[members], weights=weight)),
        sees_root=bool(np.average(votes.to_root.is_end[members], weights=weight) >= 0.5),
        sees_tip=bool(np.average(votes.to_tip.is_end[members], weights=weight) >= 0.5),
    )


def _moved(path: Floats, root: Floats, tip: Floats) -> Floats:
    """Return a line moved so that it runs from `root` to `tip`: its bend stays."""
    arc = arc_lengths(path)
    share = (arc / max(arc[-1], 1e-9))[:, None]
    moved: Floats = path + (1.0 - share) * (root - path[0]) + share * (tip - path[-1])
    return moved


def _belongs(votes: _Votes, members: NDArray[np.intp], line: _Line, pixel_mm: float) -> Bools:
    off_root = np.hypot(*(votes.root[members] - line.path[0]).T) / votes.root_error[members]
    off_tip = np.hypot(*(votes.tip[members] - line.path[-1]).T) / votes.tip_error[members]
    beside = line.distance(votes.place[members])
    most = _BESIDE_WIDTHS * 0.5 * line.width + pixel_mm
    return np.asarray((off_root <= _AGREE) & (off_tip <= _AGREE) & (beside <= most))


def _explained(votes: _Votes, free: Bools, line: _Line, pixel_mm: float) -> NDArray[np.intp]:
    """Return the free votes in the core of a hair that point along it: they are of that hair."""
    low, high = line.path.min(axis=0), line.path.max(axis=0)
    core = max(0.5 * _CLAIM_SHARE * line.width, pixel_mm)
    inside = (votes.place >= low - core).all(axis=1) & (votes.place <= high + core).all(axis=1)
    near: NDArray[np.intp] = np.flatnonzero(free & inside)
    run = line.path[-1] - line.path[0]
    ahead = np.abs(votes.way[near] @ run) >= _ALONG * float(np.hypot(*run))
    near = near[ahead]
    if not len(near):
        return near
    beside = line.distance(votes.place[near]) <= core
    return np.asarray(near[beside], np.intp)


def _measure(
    line: _Line,
    points: Floats,
    share: float,
    votes: EndVotes,
    evidence: ShaftEvidence,
    inner_mm: Floats,
    room: float,
    plateau: float,
) -> VotedHair:
    px_per_mm = evidence.px_per_mm
    pixel_mm = votes.stride / px_per_mm
    voted = float(np.linalg.norm(np.diff(line.path, axis=0), axis=1).sum())
    core_mm2 = voted * max(CORE_SHARE * line.width, 1.5 * pixel_mm)
    root, tip = (points[0] + 0.5) / px_per_mm, (points[-1] + 0.5) / px_per_mm
    return VotedHair(
        points=points,
        width_mm=line.width,
        length_mm=float(np.linalg.norm(np.diff(points, axis=0), axis=1).sum()) / px_per_mm,
        cover=share * line.weight * pixel_mm**2 / max(core_mm2, 1e-6),
        core=line.core,
        room=room,
        plateau=plateau,
        root_heat=_most_near(votes.root_heat, line.path[0], pixel_mm),
        tip_heat=_most_near(votes.tip_heat, line.path[-1], pixel_mm),
        root_spread_mm=line.root_spread,
        tip_spread_mm=line.tip_spread,
        has_root=line.sees_root and _at(inner_mm, root * px_per_mm) >= EDGE_MM,
        tip_leaves=not line.sees_tip or _at(inner_mm, tip * px_per_mm) < EDGE_MM,
    )


def _even(path: Floats, step: float) -> Floats:
    """Return a line with points this far apart; four at least."""
    arc = arc_lengths(path)
    places = np.linspace(0.0, arc[-1], max(4, round(arc[-1] / step) + 1))
    return points_along(path, places, arc=arc)


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
