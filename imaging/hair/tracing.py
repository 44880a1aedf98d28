"""From evidence to hairs: candidate lines, chosen strips, root ends, and how sure each one is."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from ..settings import HairSettings, recall
from .candidates import Candidates, possible_strips
from .confidence import confidence, features, judged_confidence, local_clarity
from .evidence import LineJudge, Map, ShaftEvidence, read_at
from .line_judging import (
    MOST_LENGTH_MM,
    MOST_LINE_MM,
    MOST_LONG_SHARE,
    JudgedLines,
    choose_lines,
    end_frames,
    long_strips,
    with_moved_ends,
)
from .roots import Rooting, find_roots
from .strips import Strip, choose_strips
from .tracks import find_tracks, has_curly_hair
from .white import Limits, choose_pale_hairs, grey_limits, white_limits

Floats = NDArray[np.float64]

#: Darkness between two ends must stay above this share of the paler shaft for them to be one hair.
_BRIDGE_SHARE = 0.5
#: Directions of two ends that are joined differ by no more than this.
_JOIN_DEG = 12.0
_END_POINTS = 8


@dataclass(frozen=True, eq=False)
class TracedHair:
    """One hair, root first.

    Parameters
    ----------
    path_px : ndarray of float, shape (n, 2)
        Centre line in photo coordinates (pixel centres at halves), root to tip.
    length_mm : float
        Along the centre line, at the working scale.
    width_px : float
        First guess of the width in photo pixels.
    has_root : bool
        Whether its root end lies inside the readable field.
    confidence : float
        Probability that this is a rooted hair, 0 to 1.
    leaves_field : bool
        Whether its tip end is cut by the field's edge.
    is_pale : bool
        Whether it is a white or grey hair among dark ones.
    """

    path_px: Floats
    length_mm: float
    width_px: float
    has_root: bool
    confidence: float
    leaves_field: bool
    is_pale: bool = False


def trace_hairs(evidence: ShaftEvidence, settings: HairSettings) -> list[TracedHair]:
    """Return every hair of the evidence as an object of its own.

    Hairs less certain than ``min_confidence`` are dropped, and lines where nothing around is
    clearer than texture (``least_clarity``).  Sorted by root, top to bottom.
    """
    lines, clarities = recall(_trace_lines, evidence, settings)
    hairs = [lines[i] for i in np.flatnonzero(clarities >= settings.least_clarity)]
    hairs = [hair for hair in hairs if hair.confidence >= settings.min_confidence]
    hairs.sort(key=lambda hair: (hair.path_px[0, 1], hair.path_px[0, 0]))
    return hairs


def _trace_lines(
    evidence: ShaftEvidence, settings: HairSettings
) -> tuple[list[TracedHair], Floats]:
    """Return hairs as the lines that the evidence holds, however poor, and the clarity of each."""
    is_curly = recall(has_curly_hair, evidence, settings)
    strips, judged = find_strips(evidence, settings, is_curly=is_curly)
    count = 0 if judged is None else len(judged.strips)
    rooting = recall(find_roots, strips, evidence, settings, is_curly=is_curly, judged=count)
    lines, confidences = (
        root_first(strips, rooting),
        confidence(strips, rooting, evidence.px_per_mm),
    )
    if judged is not None and evidence.judge is not None:
        # What was judged stands first.
        told = features(strips, rooting)[:count]
        confidences[:count] = judged_confidence(judged.log_odds, told, evidence.judge)
        lines[:count] = [
            _with_judged_ends(line, strip, evidence.judge, evidence.px_per_mm)
            for line, strip in zip(lines[:count], judged.strips, strict=True)
        ]
    hairs = [
        _hair(strip, lines[i], rooting, i, float(confidences[i]), evidence)
        for i, strip in enumerate(strips)
    ]
    return hairs, local_clarity(strips, confidences, evidence.px_per_mm)


def find_strips(
    evidence: ShaftEvidence, settings: HairSettings, *, is_curly: bool
) -> tuple[list[Strip], JudgedLines | None]:
    """Return all strips of the evidence, the pale ones last, and what a judge said of the first."""
    judged = None
    if evidence.judge is None:
        strips = _explaining_strips(evidence, settings, is_curly=is_curly)
    else:
        strips, judged = _judged_strips(evidence, evidence.judge, settings, is_curly=is_curly)
    return recall(_with_pale_hairs, strips, evidence, settings, is_curly=is_curly), judged


def _judged_strips(
    evidence: ShaftEvidence, judge: LineJudge, settings: HairSettings, *, is_curly: bool
) -> tuple[list[Strip], JudgedLines | None]:
    """Return the dark strips that a judge chooses among all lines, then those longer than it knows.

    Where hair is mostly longer all stays as it is found without it.
    """
    candidates = find_candidates(evidence, settings, is_curly=is_curly)
    long: list[Strip] = []
    if candidates.longest_mm > MOST_LENGTH_MM:
        strips = _explaining_strips(evidence, settings, is_curly=is_curly)
        long, share = recall(long_strips, strips, evidence.px_per_mm)
        if share > MOST_LONG_SHARE:
            return strips, None
    judged = recall(choose_lines, candidates.strips, candidates.usual_mm, long, evidence, judge)
    return judged.strips + long, judged


def _explaining_strips(
    evidence: ShaftEvidence, settings: HairSettings, *, is_curly: bool
) -> list[Strip]:
    """Return the dark strips that explain the evidence best, without a judge."""
    tracks = recall(find_tracks, evidence, settings, is_curly=is_curly)
    strips, _ = recall(choose_strips, tracks, evidence, settings)
    return recall(join_strips, strips, evidence, settings)


def find_candidates(
    evidence: ShaftEvidence, settings: HairSettings, *, is_curly: bool
) -> Candidates:
    """Return all lines among which a judge chooses, faint ones too."""
    faint = _with_faint(settings)
    tracks = recall(find_tracks, evidence, faint, is_curly=is_curly)
    return recall(possible_strips, tracks, evidence, faint, most_length_mm=MOST_LINE_MM)


def _with_faint(settings: HairSettings) -> HairSettings:
    """Return settings that keep fainter lines, for a judge to choose among."""
    return replace(
        settings,
        seed_response=settings.faint_seed_response,
        min_worth_mm=settings.faint_worth_mm,
        min_support=settings.faint_support,
    )


def _with_judged_ends(
    line: NDArray[np.floating], strip: Strip, judge: LineJudge, px_per_mm: float
) -> NDArray[np.floating]:
    """Return the line of a judged strip, root first, with its ends where such a judge has them."""
    frames = end_frames(line, strip.step_px, px_per_mm)
    further = np.array([[judge.root_mm, 0.0], [judge.tip_mm, 0.0]])
    return with_moved_ends(line, frames, further * px_per_mm)


def root_first(strips: list[Strip], rooting: Rooting) -> list[NDArray[np.floating]]:
    """Return the centre lines of the strips from root to tip."""
    return [
        strip.points[::-1] if is_reversed else strip.points
        for strip, is_reversed in zip(strips, rooting.is_reversed, strict=True)
    ]


def _with_pale_hairs(
    strips: list[Strip], evidence: ShaftEvidence, settings: HairSettings, *, is_curly: bool
) -> list[Strip]:
    """Return the dark strips, then the white and the grey hairs, traced in their own evidence."""
    pale = [
        strip
        for kind, limits in (
            (evidence.pale, white_limits(settings)),
            (evidence.grey, grey_limits(settings)),
        )
        if kind is not None
        for strip in _pale_hairs(kind, limits, strips, settings, is_curly=is_curly)
    ]
    return strips + pale


def _pale_hairs(
    pale: ShaftEvidence,
    limits: Limits,
    dark: list[Strip],
    settings: HairSettings,
    *,
    is_curly: bool,
) -> list[Strip]:
    tracks = recall(find_tracks, pale, settings, is_curly=is_curly)
    found, _ = recall(choose_strips, tracks, pale, settings)
    found = choose_pale_hairs(recall(join_strips, found, pale, settings), pale, limits, settings)
    # Paleness and darkness have no common unit: a usual white shaft counts as a usual dark one.
    usual = float(np.median([s.plateau for s in found])) if found else 1.0
    scale = float(np.median([s.plateau for s in dark])) / usual if dark else 1.0
    return [replace(strip, is_pale=True, plateau=scale * strip.plateau) for strip in found]


def join_strips(
    strips: list[Strip], evidence: ShaftEvidence, settings: HairSettings
) -> list[Strip]:
    """Join pieces of one long hair that a crossing or a reflection parted.

    A global minimum-cost pairing of ends that face each other on one line, with darkness between
    them; "unpaired" is always allowed.  Short pieces are left alone: clipped stubs that stand in
    one line are two hairs.
    """
    px_per_mm = evidence.px_per_mm
    long = [
        i
        for i, s in enumerate(strips)
        if len(s.points) * s.step_px >= settings.join_length_mm * px_per_mm
    ]
    if len(long) < 2:
        return strips
    ends = [(i, at_last) for i in long for at_last in (False, True)]
    place = np.array([strips[i].points[-1 if last else 0] for i, last in ends], np.float64)
    outward = np.array([_outward(strips[i], last) for i, last in ends], np.float64)
    owner = np.array([i for i, _ in ends])
    between = place[None] - place[:, None]
    gap = np.linalg.norm(between, axis=2)
    heading = between / np.maximum(gap, 1e-6)[..., None]
    bend = np.cos(np.radians(_JOIN_DEG))
    ahead = np.einsum("ijk,ik->ij", heading, outward)
    # Ends may overlap a little sideways; a tiny gap has no heading of its own.
    is_ahead = (ahead >= bend) | (gap < 2 * strips[0].step_px)
    allowed = (
        (owner[:, None] != owner[None])
        & (gap <= settings.join_gap_mm * px_per_mm)
        & (outward @ outward.T <= -bend)
        & is_ahead
        & is_ahead.T
    )
    for a, b in zip(*np.nonzero(np.triu(allowed)), strict=True):
        darkness = _least_between(place[a], place[b], evidence.darkness)
        paler = min(strips[owner[a]].plateau, strips[owner[b]].plateau)
        allowed[a, b] = allowed[b, a] = darkness >= _BRIDGE_SHARE * paler
    if not allowed.any():
        return strips
    unpaired = settings.join_gap_mm * px_per_mm
    cost = np.where(allowed, gap, 4 * unpaired)
    np.fill_diagonal(cost, unpaired)
    rows, columns = linear_sum_assignment(cost)
    partner = {int(r): int(c) for r, c in zip(rows, columns, strict=True)}
    pairs = [(r, c) for r, c in partner.items() if r < c and allowed[r, c] and partner[c] == r]
    return _merged(strips, ends, pairs)


def _merged(
    strips: list[Strip], ends: list[tuple[int, bool]], pairs: list[tuple[int, int]]
) -> list[Strip]:
    pieces: dict[int, Strip] = dict(enumerate(strips))
    name = list(range(len(strips)))
    for a, b in pairs:
        i, j = name[ends[a][0]], name[ends[b][0]]
        if i == j:
            continue
        first, second = pieces[i], pieces[j]
        end_a = strips[ends[a][0]].points[-1 if ends[a][1] else 0]
        end_b = strips[ends[b][0]].points[-1 if ends[b][1] else 0]
        if np.allclose(first.points[0], end_a):
            first = _turned(first)
        if np.allclose(second.points[-1], end_b):
            second = _turned(second)
        share = len(first.points) / (len(first.points) + len(second.points))
        pieces[i] = Strip(
            points=np.vstack([first.points, second.points]),
            angles=np.concatenate([first.angles, second.angles]),
            width_mm=share * first.width_mm + (1 - share) * second.width_mm,
            plateau=share * first.plateau + (1 - share) * second.plateau,
            worth_mm=first.worth_mm + second.worth_mm,
            support=share * first.support + (1 - share) * second.support,
            quality=share * first.quality + (1 - share) * second.quality,
            step_px=first.step_px,
        )
        del pieces[j]
        name = [i if n == j else n for n in name]
    return list(pieces.values())


def _turned(strip: Strip) -> Strip:
    return replace(strip, points=strip.points[::-1], angles=strip.angles[::-1] + np.float32(np.pi))


def _outward(strip: Strip, at_last: bool) -> Floats:
    points = strip.points if at_last else strip.points[::-1]
    run = points[-1] - points[max(-len(points), -_END_POINTS)]
    direction: Floats = run / max(float(np.linalg.norm(run)), 1e-6)
    return direction


def _least_between(start: Floats, stop: Floats, darkness: Map) -> float:
    share = np.linspace(0.0, 1.0, 9)
    line = start + share[:, None] * (stop - start)
    return float(read_at(darkness, line[:, 0], line[:, 1]).min())


def _hair(
    strip: Strip,
    line: NDArray[np.floating],
    rooting: Rooting,
    i: int,
    certainty: float,
    evidence: ShaftEvidence,
) -> TracedHair:
    """Return a strip with its line of working pixels, root first, as a hair of the photo."""
    path = evidence.in_photo(line)
    length_px = float(np.linalg.norm(np.diff(path, axis=0), axis=1).sum())
    photo_px_per_mm = evidence.px_per_mm / evidence.zoom
    return TracedHair(
        path_px=path,
        length_mm=length_px / photo_px_per_mm,
        width_px=strip.width_mm * photo_px_per_mm,
        has_root=bool(rooting.has_root[i]),
        confidence=certainty,
        leaves_field=bool(rooting.tip_leaves[i]),
        is_pale=strip.is_pale,
    )
