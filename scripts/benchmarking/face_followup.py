"""Painted change between two visits of a face, and no change in another light and pose."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence

import numpy as np

from imaging.errors import DermetryError
from imaging.face.followup import compare_scores
from imaging.face.score import score_photo
from imaging.face.truth import true_scores
from imaging.records import PairPlan
from imaging.settings import Settings
from imaging.synthetic.face import PATTERNS, MelasmaSpec
from imaging.synthetic.face_visits import draw_change, make_face_pair

from .face_scoring import photo_of
from .painted_faces import ClearFace
from .results import FaceRow

PAINTED = ("centrofacial", "malar", "mandibular", "confluent")
PAIRS, PAIRS_QUICK = 24, 4


def measure_followup(
    faces: Sequence[ClearFace], settings: Settings, *, quick: bool
) -> list[FaceRow]:
    """Return the rows of the benchmark's section on follow-up.

    The change of two scores made apart stands beside that of the comparison.
    """
    paired: dict[bool, list[float]] = {False: [], True: []}
    apart: dict[bool, list[float]] = {False: [], True: []}
    ratios = []
    unreadable = refused = 0
    for is_unchanged, steps, seconds in _pairs(faces, settings, quick=quick):
        if seconds is None:
            refused += 1
            continue
        ratios.append(seconds[1] / seconds[0])
        if not all(math.isfinite(step) for step in steps):
            unreadable += 1
            continue
        paired[is_unchanged].append(abs(steps[0]))
        apart[is_unchanged].append(abs(steps[1]))
    rows: list[FaceRow] = []
    for is_unchanged, name, bar in (
        (False, "change of mMASI painted, re-lit, re-posed: error", 0.8),
        (True, "no change, re-lit, re-posed: mMASI changed by", 0.5),
    ):
        count = len(paired[is_unchanged])
        if not count:
            rows.append((name, "none", f"<= {bar:g}", None))
            continue
        value = float(np.mean(paired[is_unchanged]))
        rows.append((f"{name}, {count} pairs", f"{value:.2f}", f"<= {bar:g}", value <= bar))
        other = float(np.mean(apart[is_unchanged]))
        rows.append(("  the same by two scores made apart", f"{other:.2f}", "", None))
    rows.append(("pairs refused (left out)", f"{refused}", "", None))
    rows.append(("pairs with an unreadable region (left out)", f"{unreadable}", "", None))
    if ratios:
        ratio = float(np.median(ratios))
        rows.append(("time of a comparison, x scoring both", f"{ratio:.2f}", "<= 1", ratio <= 1))
    return rows


def _pairs(
    faces: Sequence[ClearFace], settings: Settings, *, quick: bool
) -> Iterator[tuple[bool, tuple[float, float], tuple[float, float] | None]]:
    """Yield for each pair: unchanged?, errors of both ways, seconds of scoring and comparing.

    Seconds are None where the pair was refused.
    """
    rng = np.random.default_rng(41)
    for k in range(PAIRS_QUICK if quick else PAIRS):
        face = faces[k % len(faces)]
        # Every face with a change and without one, however many faces there are.
        is_unchanged = bool((k + k // len(faces)) % 2)
        density = float(rng.uniform(0.1, 0.22)) * (0.5 if face.is_dark else 1.0)
        pair = make_face_pair(
            face.pixels,
            face.labels,
            MelasmaSpec(percents=PATTERNS[PAINTED[(k // 2) % len(PAINTED)]], density=density),
            draw_change(rng, is_unchanged=is_unchanged),
            face_width_px=face.face_width_px,
            rng=rng,
        )
        truth = [
            true_scores(scene.percents, scene.delta_l, settings=settings.face)["mmasi"]
            for scene in (pair.baseline, pair.followup)
        ]
        photos = [photo_of(pair.baseline.pixels), photo_of(pair.followup_pixels)]
        try:
            start = time.perf_counter()
            scores = [score_photo(photo, settings) for photo in photos]
            middle = time.perf_counter()
            found = compare_scores(
                scores[0],
                scores[1],
                baseline_photo=photos[0],
                followup_photo=photos[1],
                plan=PairPlan(),
                settings=settings,
            )
        except DermetryError:
            yield is_unchanged, (math.nan, math.nan), None
            continue
        seconds = (middle - start, time.perf_counter() - middle)
        step = truth[1] - truth[0]
        yield (
            is_unchanged,
            (found.mmasi_change - step, scores[1].mmasi - scores[0].mmasi - step),
            seconds,
        )
