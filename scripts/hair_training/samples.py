"""Lines that may be hairs on generated scalps: whether each is one, and where its ends truly lie.

A judge chooses hairs one after the other, so a sample is a line and what was chosen before: some of
the true hairs, as lines near them show them, and now and then a line of no hair.  Its truth is the
nearest hair that is not chosen yet.
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from multiprocessing import get_context

import cv2
import numpy as np
from numpy.typing import NDArray

from imaging.hair.ends import as_ends, ends_distances
from imaging.hair.evidence import Map, ShaftEvidence
from imaging.hair.line_judging import (
    MOST_LENGTH_MM,
    cover,
    end_frames,
    end_windows,
    line_values,
    with_moved_ends,
)
from imaging.hair.score import extract_evidence
from imaging.hair.segmenter import CLASSICAL
from imaging.hair.strips import Strip
from imaging.hair.tracing import find_candidates
from imaging.hair.tracks import has_curly_hair
from imaging.photo.places import is_in_mask
from imaging.records import Photo, PhotoInputs
from imaging.settings import Settings
from imaging.synthetic.scalp import ScalpScene, ScalpSpec, make_scalp
from imaging.synthetic.truth import SEEN_SHARE

from .random_scenes import random_scene

Floats = NDArray[np.float64]

#: A hair of which less lies in the readable field is neither there nor not there, mm.
LEAST_IN_FIELD_MM = 0.1
#: Units per cm2: as many as on a hairy scalp, so that hairs touch and cross.
DENSITIES_PER_CM2 = (60.0, 120.0)
#: States of one scene, the share of them in which nothing is chosen yet, and in the others the
#: least share of hairs that are.
STATES, NOTHING_CHOSEN, LEAST_CHOSEN = 3, 0.35, 0.2
#: A hair is chosen by one of so many lines nearest to it, no farther than this, mm.
CHOSEN_OF, CHOSEN_MM = 3, 0.1
#: Its ends are then missed by this, and moved by no more than that, mm.
MISSED_MM, MOST_MOVE_MM = 0.015, 0.2
#: How many lines of no hair are chosen in a state, on average.
WRONGLY_CHOSEN = 1.5
#: Nearer lines may be of a hair, farther ones are of none, mm.
NEAR_MM, FAR_MM = 0.25, 0.2
#: Lines of one state: of all, and of those near a hair.
ANY_LINES, NEAR_LINES = 20, 25
#: Windows hold -1 to 2 and are kept as whole numbers, so many to one: millions fit into memory, and
#: the noise that is added in training is coarser.
LEVELS = 85


@dataclass(frozen=True, eq=False)
class Samples:
    """Windows (n, 2, 4, along, across), values (n, k), moves in mm (n, 2, 2), distances (n,).

    ``away_mm`` is the mean distance of the line's ends from those of its hair: a line far from all
    is of none.  ``windows`` are (w + 1) · `LEVELS` of those that a judge sees.
    """

    windows: NDArray[np.uint8]
    values: NDArray[np.float32]
    moves: NDArray[np.float32]
    away_mm: NDArray[np.float32]

    @classmethod
    def of_all(cls, parts: list[Samples]) -> Samples:
        """Return the samples of several scenes as one."""
        names = ("windows", "values", "moves", "away_mm")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))


@dataclass(frozen=True, eq=False)
class _Scene:
    """What may be a hair on a scene, and what is: distances in mm, shapes (lines, hairs)."""

    strips: list[Strip]
    frames: Floats
    truth: Floats
    is_seen: NDArray[np.bool_]
    away_mm: Floats
    is_turned: NDArray[np.bool_]
    shafts: ShaftEvidence


def processes(workers: int) -> ProcessPoolExecutor:
    """Return so many processes for scenes, one thread each.

    They are spawned: a fork of a process that has run PyTorch may wait for its threads for ever.
    """
    return ProcessPoolExecutor(
        workers,
        mp_context=get_context("spawn"),
        initializer=cv2.setNumThreads,
        initargs=(1,),
    )


def crowded_scene(rng: np.random.Generator) -> ScalpSpec:
    """Return a shaved or clipped scalp with many hairs to an area, or bare skin."""
    while True:
        spec = random_scene(rng)
        is_bare = spec.units.density_per_cm2 == 0
        if is_bare or spec.hair.length_mm <= MOST_LENGTH_MM:
            break
    units = spec.units
    if not is_bare:
        units = replace(units, density_per_cm2=rng.uniform(*DENSITIES_PER_CM2))
    return replace(spec, units=units)


def evidence_settings() -> Settings:
    """Return the settings without a learned segmenter, but with evidence as its judge sees it."""
    defaults = Settings()
    hair = defaults.hair
    return replace(
        defaults,
        hair=replace(
            hair, segmenter=CLASSICAL, least_contrast_to_noise=hair.faint_contrast_to_noise
        ),
    )


def evidence_of(scene: ScalpScene) -> ShaftEvidence:
    """Return the classical evidence of a scene's picture."""
    photo = Photo("scene", scene.pixels, "", inputs=PhotoInputs(px_per_mm=scene.px_per_mm))
    return extract_evidence(photo, evidence_settings()).shafts


def true_ends_px(scene: ScalpScene, shafts: ShaftEvidence) -> tuple[Floats, NDArray[np.bool_]]:
    """Return root and tip of every hair, working pixels (n, 2, 2), and which can be seen.

    A hair that leaves the readable field ends where it does.
    """
    ends = np.array([(hair.root, hair.tip) for hair in scene.hairs]).reshape(-1, 2, 2)
    ends = ends * shafts.zoom * np.array(shafts.stretch) - 0.5
    is_seen = np.array([hair.uncovered >= SEEN_SHARE for hair in scene.hairs], bool)
    for k, hair in enumerate(scene.hairs):
        path = hair.path_px * shafts.zoom * np.array(shafts.stretch) - 0.5
        inside = np.flatnonzero([is_in_mask(shafts.valid, x + 0.5, y + 0.5) for x, y in path])
        step_mm = hair.length_mm / len(path)
        is_seen[k] &= len(inside) * step_mm >= LEAST_IN_FIELD_MM
        if len(inside):
            ends[k] = path[inside[[0, -1]]]
    return ends, is_seen


def sample_scene(spec: ScalpSpec, rng: np.random.Generator) -> Samples | None:
    """Return the samples of one scene; None where no line may be a hair."""
    scene = make_scalp(spec, rng=rng)
    shafts = evidence_of(scene)
    settings = evidence_settings().hair
    is_curly = has_curly_hair(shafts, settings)
    candidates = find_candidates(shafts, settings, is_curly=is_curly)
    strips = candidates.strips
    if not strips:
        return None
    ends = as_ends([strip.points[[0, -1]].ravel() for strip in strips])
    truth, is_seen = true_ends_px(scene, shafts)
    same, turned = ends_distances(ends, as_ends(truth.reshape(-1, 4)))
    traced = _Scene(
        strips,
        np.array([end_frames(s.points, s.step_px, shafts.px_per_mm) for s in strips]),
        truth,
        is_seen,
        np.minimum(same, turned) / shafts.px_per_mm,
        turned < same,
        shafts,
    )
    values = line_values(strips, candidates.usual_mm, shafts.px_per_mm)
    parts = [_state(traced, values, rng) for _ in range(STATES)]
    found = [part for part in parts if part is not None]
    return Samples.of_all(found) if found else None


def _state(traced: _Scene, values: Map, rng: np.random.Generator) -> Samples | None:
    """Return samples of a scene on which some hairs are chosen already."""
    shafts, count = traced.shafts, len(traced.strips)
    covered, is_chosen = _some_chosen(traced, rng)
    to_seen = np.where(traced.is_seen, traced.away_mm, np.inf)
    to_free = np.where(is_chosen, np.inf, to_seen)
    to_covered = np.where(traced.is_seen, np.inf, traced.away_mm).min(axis=1, initial=np.inf)
    nearest_seen, away_mm = (d.min(axis=1, initial=np.inf) for d in (to_seen, to_free))
    # Whether a line on a hair that others cover is a hair, nobody can tell.
    clear = np.flatnonzero(~((to_covered < nearest_seen) & (to_covered < FAR_MM)))
    near = clear[nearest_seen[clear] < NEAR_MM]
    which = np.unique(
        np.concatenate([rng.permutation(clear)[:ANY_LINES], rng.permutation(near)[:NEAR_LINES]])
    )
    if not len(which):
        return None
    moves = np.zeros((count, 2, 2))
    if len(traced.truth):
        hair = to_free.argmin(axis=1)
        for i in which:
            moves[i] = _moves_to(traced, i, hair[i])
    frames = traced.frames[which]
    windows = end_windows([traced.strips[i] for i in which], frames, covered, shafts)
    return Samples(
        np.rint((windows + 1) * LEVELS).astype(np.uint8),
        values[which],
        (moves[which] / shafts.px_per_mm).astype(np.float32),
        np.minimum(away_mm[which], 9.0).astype(np.float32),
    )


def _some_chosen(traced: _Scene, rng: np.random.Generator) -> tuple[Map, NDArray[np.bool_]]:
    """Return what is covered by lines that were chosen, and which hairs they stand for."""
    px_per_mm = traced.shafts.px_per_mm
    covered = np.zeros(traced.shafts.darkness.shape, np.float32)
    is_chosen = np.zeros(len(traced.truth), bool)
    if rng.random() < NOTHING_CHOSEN:
        return covered, is_chosen
    share = rng.uniform(LEAST_CHOSEN, 1.0)
    for hair in np.flatnonzero(traced.is_seen & (rng.random(len(traced.truth)) < share)):
        nearest = np.argsort(traced.away_mm[:, hair], kind="stable")[:CHOSEN_OF]
        nearest = nearest[traced.away_mm[nearest, hair] < CHOSEN_MM]
        if not len(nearest):
            continue
        i = int(rng.choice(nearest))
        missed = rng.normal(0.0, MISSED_MM * px_per_mm, (2, 2))
        # A network errs less to the sides than along the line.
        moves = (_moves_to(traced, i, hair) + missed) * (1.0, rng.uniform(0.3, 1.0))
        most = MOST_MOVE_MM * px_per_mm
        _cover(covered, traced, i, np.clip(moves, -most, most))
        is_chosen[hair] = True
    of_none = np.flatnonzero(traced.away_mm.min(axis=1, initial=np.inf) > FAR_MM)
    for i in rng.permutation(of_none)[: rng.poisson(WRONGLY_CHOSEN)]:
        _cover(covered, traced, i, np.zeros((2, 2)))
    return covered, is_chosen


def _moves_to(traced: _Scene, line: int, hair: int) -> Floats:
    """Return how far the ends of a line lie from those of a hair, outwards and left, px (2, 2)."""
    aim = traced.truth[hair][:: -1 if traced.is_turned[line, hair] else 1]
    x, y, ux, uy = traced.frames[line].T
    dx, dy = aim[:, 0] - x, aim[:, 1] - y
    moves: Floats = np.column_stack([dx * ux + dy * uy, dy * ux - dx * uy])
    return moves


def _cover(covered: Map, traced: _Scene, line: int, moves_px: Floats) -> None:
    strip = traced.strips[line]
    moved = with_moved_ends(strip.points, traced.frames[line], moves_px)
    cover(covered, moved, strip.width_mm * traced.shafts.px_per_mm)
