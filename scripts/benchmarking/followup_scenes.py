"""Generated visit pairs as the benchmark draws them, and how the decisions on them are judged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from imaging.errors import PairRefusedError
from imaging.hair.followup import compare_scores
from imaging.hair.score import score_photo
from imaging.photo.places import is_in_mask
from imaging.records import HairComparison, HairScore, PairPlan, Photo
from imaging.settings import Settings
from imaging.synthetic.scalp import PRESETS, ScalpSpec
from imaging.synthetic.spec import ScalpScene
from imaging.synthetic.truth import SEEN_SHARE
from imaging.synthetic.visits import Change, Move, VisitPair, make_visit_pair

from .labelled_frames import as_ends, pair_ends
from .scenes import SAME_HAIR_MM
from .tool import as_photo

#: Seeds of the benchmark's pairs: far from those that tests, samples and calibration use.
FIRST_PAIR_SEED = 71_000

#: Kinds of photograph that pairs are drawn of, in turn.
PAIR_PRESETS = ("shaved", "clipped_light_skin", "low_resolution_117")

#: The ranges of the bar: turn, zoom, shift; the skin gives way by 20 µm.
MOST_TURN_DEG, MOST_LOG_ZOOM, MOST_SHIFT, BEND_MM = 25.0, 0.095, 0.3, 0.02


@dataclass(frozen=True, eq=False)
class Drawn:
    """A generated pair, its two photographs and their scores."""

    preset: str
    pair: VisitPair
    change: Change
    photos: tuple[Photo, Photo]
    scores: tuple[HairScore, HairScore]
    scoring_seconds: float


@dataclass(frozen=True)
class Judged:
    """One comparison held against the truth.

    ``true_percent`` is the true change of the count of the common field; ``undecided`` are lost and
    new hairs of it without a row.
    """

    change_error: float
    right: int
    wrong: int
    undecided: int


def draw_pairs(count: int, *, first_seed: int, is_phototrichogram: bool = False) -> Iterator[Drawn]:
    """Draw and score this many pairs, one at a time."""
    for k in range(count):
        preset = PAIR_PRESETS[k % len(PAIR_PRESETS)]
        rng = np.random.default_rng(first_seed + k)
        spec = PRESETS[preset]
        move = draw_move(rng)
        if is_phototrichogram:
            change = Change(
                lost_share=0.0,
                is_clipped_again=False,
                days=float(rng.integers(2, 4)),
                telogen_share=float(rng.uniform(0.05, 0.3)),
            )
        else:
            change = Change(
                lost_share=float(rng.uniform(0.05, 0.2)), new_share=float(rng.uniform(0.0, 0.05))
            )
        pair = make_visit_pair(spec, change, move, rng=rng, followup_spec=relit(spec, rng))
        photos = tuple(
            as_photo(scene.pixels, name=name, px_per_mm=spec.px_per_mm)
            for scene, name in ((pair.baseline, "baseline"), (pair.followup, "followup"))
        )
        start = time.perf_counter()
        scores = tuple(score_photo(photo, Settings()) for photo in photos)
        seconds = time.perf_counter() - start
        yield Drawn(preset, pair, change, (photos[0], photos[1]), (scores[0], scores[1]), seconds)


def draw_move(rng: np.random.Generator, *, share: float = 1.0) -> Move:
    """Return a move of the camera within this share of the bar's ranges."""
    return Move(
        share * float(rng.uniform(-MOST_TURN_DEG, MOST_TURN_DEG)),
        math.exp(share * float(rng.uniform(-MOST_LOG_ZOOM, MOST_LOG_ZOOM))),
        (
            share * float(rng.uniform(-MOST_SHIFT, MOST_SHIFT)),
            share * float(rng.uniform(-MOST_SHIFT, MOST_SHIFT)),
        ),
        BEND_MM,
    )


def relit(spec: ScalpSpec, rng: np.random.Generator) -> ScalpSpec:
    """Return the spec under other light: exposure, white balance, tint."""
    red, green, blue = (float(value) for value in rng.uniform(0.9, 1.1, 3))
    camera = replace(
        spec.camera,
        exposure=float(rng.uniform(0.85, 1.1)),
        white_balance=(red, green, blue),
        violet=spec.camera.violet * float(rng.uniform(0.5, 1.0)),
    )
    return replace(spec, camera=camera)


def compare(
    photos: tuple[Photo, Photo], scores: tuple[HairScore, HairScore], plan: PairPlan
) -> HairComparison | None:
    """Return the comparison; None when the pair is refused."""
    try:
        return compare_scores(
            *scores,
            baseline_photo=photos[0],
            followup_photo=photos[1],
            plan=plan,
            settings=Settings(),
        )
    except PairRefusedError:
        return None


def judge(drawn: Drawn, found: HairComparison) -> Judged:
    """Hold a comparison against the truth of its pair.

    A decision is right when the hair's true fate is its state.  A line that is no hair and yet
    counts as lost or new is a wrong decision; one that is kept changes nothing and is left out.
    """
    fates = {number: fate.fate for number, fate in drawn.pair.fate_of.items()}
    true_of = [
        _true_numbers(score, scene)
        for score, scene in zip(
            drawn.scores, (drawn.pair.baseline, drawn.pair.followup), strict=True
        )
    ]
    right = wrong = 0
    told: set[int] = set()
    for row in found.matches:
        if row.kind != "hair":
            continue
        hairs = [
            true_of[k].get(number)
            for k, number in enumerate((row.baseline_hair_id, row.followup_hair_id))
            if number
        ]
        known = {number for number in hairs if number is not None}
        told |= known
        if row.state == "kept":
            if known:
                is_right = all(fates[number] == "kept" for number in known)
                right, wrong = right + is_right, wrong + (not is_right)
        else:
            wanted = "lost" if row.state == "not_seen" else "new"
            is_right = any(fates[number] == wanted for number in known)
            right, wrong = right + is_right, wrong + (not is_right)
    changed, count = _true_change(drawn, found, fates)
    undecided = len([number for number in changed if number not in told])
    lost = sum(fates[number] == "lost" for number in changed)
    true_percent = 100.0 * (len(changed) - 2 * lost) / max(1, count)
    return Judged(found.change_percent - true_percent, right, wrong, undecided)


def _true_numbers(score: HairScore, scene: ScalpScene) -> dict[int, int]:
    """Return the true hair of every traced one that is a hair, by number."""
    hairs = [hair for hair in score.hairs if hair.has_root]
    traced = as_ends([(h.root_x_px, h.root_y_px, h.tip_x_px, h.tip_y_px) for h in hairs])
    height, width = scene.pixels.shape[:2]
    true = as_ends([_seen_ends(hair.path_px, width, height) for hair in scene.hairs])
    found, real = pair_ends(traced, true, tolerance_px=SAME_HAIR_MM * scene.px_per_mm)
    return {hairs[i].hair_id: scene.hairs[j].hair_id for i, j in zip(found, real, strict=True)}


def _seen_ends(
    path_px: NDArray[np.float64], width: int, height: int
) -> tuple[float, float, float, float]:
    """Return the first and the last point of a hair that the photograph shows."""
    x, y = path_px.T
    seen = np.flatnonzero((x >= 0) & (y >= 0) & (x < width) & (y < height))
    first, last = (path_px[seen[0]], path_px[seen[-1]]) if len(seen) else path_px[[0, -1]]
    return float(first[0]), float(first[1]), float(last[0]), float(last[1])


def _true_change(
    drawn: Drawn, found: HairComparison, fates: dict[int, str]
) -> tuple[list[int], int]:
    """Return the lost and the new hairs of the common field, and how many it had at baseline.

    Hairs that lie nearly whole under others are left out, as nobody could count them.
    """
    before = common_hairs(drawn)
    changed = [number for number in before if fates[number] == "lost"]
    back = _inverse(drawn)
    for hair in drawn.pair.followup.hairs:
        if fates[hair.hair_id] == "new" and hair.uncovered >= SEEN_SHARE:
            place = back(np.array(hair.root))
            if _is_common(drawn, place):
                changed.append(hair.hair_id)
    return changed, len(before)


def common_hairs(drawn: Drawn) -> list[int]:
    """Return the true hairs of the common field at baseline that others do not hide."""
    return [
        hair.hair_id
        for hair in drawn.pair.baseline.hairs
        if hair.uncovered >= SEEN_SHARE and _is_common(drawn, np.array(hair.root))
    ]


def _is_common(drawn: Drawn, place: NDArray[np.float64]) -> bool:
    places = place, drawn.pair.placement.forward(place[None])[0]
    return all(
        is_in_mask(
            np.ones(photo.pixels.shape[:2], bool) if score.frame is None else score.frame, *at
        )
        for photo, score, at in zip(drawn.photos, drawn.scores, places, strict=True)
    )


def _inverse(drawn: Drawn) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    placement = drawn.pair.placement

    def back(later: NDArray[np.float64]) -> NDArray[np.float64]:
        # The bend is a small displacement: a few steps of Newton with the turn alone are exact.
        place = placement.centre_px.astype(np.float64)
        cos, sin = math.cos(placement.turn_rad), math.sin(placement.turn_rad)
        unturn = np.array([[cos, -sin], [sin, cos]]) / placement.zoom
        for _ in range(8):
            place = place + (later - placement.forward(place[None])[0]) @ unturn
        return place

    return back
