"""Every hair of two visits is kept, not seen or new, and traces that fail do not make a change."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from imaging.errors import PairRefusedError
from imaging.hair import followup
from imaging.hair.followup import compare_scores
from imaging.hair.followup_overlay import PANEL_HEIGHT_PX, draw_comparison
from imaging.photo.alignment import View
from imaging.records import Hair, HairComparison, HairScore, Photo
from imaging.records.followup import PairPlan
from imaging.settings import FollowupSettings, Settings
from imaging.synthetic.scalp import PRESETS, ScalpScene
from imaging.synthetic.spec import TrueHair
from imaging.synthetic.visits import Change, Move, VisitPair, make_visit_pair

PLAN = PairPlan(days=200.0)
MOVE = Move(turn_deg=9.0, zoom=1.04, shift_share=(0.05, -0.04))


@cache
def visits(seed: int = 11) -> VisitPair:
    """Return a pair in which hairs were lost and hairs are new."""
    return make_visit_pair(
        PRESETS["shaved"],
        Change(lost_share=0.15, new_share=0.1),
        MOVE,
        rng=np.random.default_rng(seed),
    )


def photo_of(scene: ScalpScene, name: str) -> Photo:
    return Photo(name, scene.pixels, "0" * 64)


def score_of(scene: ScalpScene, *, without: Sequence[int] = ()) -> HairScore:
    """Return a score that traces every hair exactly but these."""
    hairs = [h for h in scene.hairs if h.is_root_inside and h.hair_id not in without]
    shape = scene.pixels.shape[:2]
    values = dict.fromkeys(HairScore.__dataclass_fields__, math.nan)
    for name in ("flags", "segmenter", "scale", "units", "cutoffs", "text", "calibrated_diameter"):
        del values[name]
    values |= {
        "px_per_mm": scene.px_per_mm,
        "hairs": tuple(traced(hair) for hair in hairs),
        "readable": np.ones(shape, bool),
        "frame": np.ones(shape, bool),
    }
    return HairScore(**values)


def traced(hair: TrueHair) -> Hair:
    path = np.asarray(hair.path_px)[::4]
    return Hair(
        hair.hair_id,
        hair.unit_id,
        *hair.root,
        *hair.tip,
        tuple((float(x), float(y)) for x, y in path),
        hair.length_mm,
        hair.diameter_um,
        "terminal",
        True,
        0.99,
    )


def compared(
    *, without_first: Sequence[int] = (), without_second: Sequence[int] = ()
) -> HairComparison:
    pair = visits()
    return compare_scores(
        score_of(pair.baseline, without=without_first),
        score_of(pair.followup, without=without_second),
        baseline_photo=photo_of(pair.baseline, "b"),
        followup_photo=photo_of(pair.followup, "f"),
        plan=PLAN,
        settings=Settings(),
    )


def lonely(pair: VisitPair, fate: str) -> int:
    """Return a hair with this fate near the middle, with no other hair beside it."""
    roots = np.array([hair.root for hair in pair.baseline.hairs])
    middle = np.array(pair.baseline.pixels.shape[1::-1]) / 2
    best = []
    for hair, root in zip(pair.baseline.hairs, roots, strict=True):
        gap = np.sort(np.hypot(*(roots - root).T))[1]
        if pair.fate_of[hair.hair_id].fate == fate and np.hypot(*(root - middle)) < 350:
            best.append((gap, hair.hair_id))
    return max(best)[1]


def row_of(comparison: HairComparison, hair_id: int):
    return next(
        (
            row
            for row in comparison.matches
            if row.kind == "hair" and hair_id in (row.baseline_hair_id, row.followup_hair_id)
        ),
        None,
    )


def test_hairs_that_were_traced_twice_have_their_true_fate():
    found = compared()
    fates = visits().fate_of
    names = {"kept": "kept", "lost": "not_seen", "new": "new"}
    rows = [row for row in found.matches if row.kind == "hair"]
    right = [
        row.state == names[fates[row.baseline_hair_id or row.followup_hair_id].fate] for row in rows
    ]
    assert len(rows) > 25 and np.mean(right) >= 0.97


def test_a_hair_that_was_not_traced_again_but_is_there_is_kept():
    hair_id = lonely(visits(), "kept")
    row = row_of(compared(without_second=[hair_id]), hair_id)
    assert (row.state, row.baseline_hair_id, row.followup_hair_id) == ("kept", hair_id, 0)
    assert math.isnan(row.followup_length_mm) and math.isfinite(row.followup_x_px)


def test_a_hair_that_was_not_traced_before_but_was_there_is_not_new():
    hair_id = lonely(visits(), "kept")
    row = row_of(compared(without_first=[hair_id]), hair_id)
    assert (row.state, row.baseline_hair_id, row.followup_hair_id) == ("kept", 0, hair_id)
    assert math.isnan(row.baseline_length_mm) and math.isfinite(row.baseline_x_px)


def test_a_hair_that_is_gone_is_not_seen():
    hair_id = lonely(visits(), "lost")
    assert row_of(compared(), hair_id).state == "not_seen"


def test_a_trace_that_fails_changes_no_count():
    hair_id = lonely(visits(), "kept")
    assert compared(without_second=[hair_id]).change_percent == compared().change_percent


def test_a_lone_trace_that_is_uncertain_is_no_loss():
    pair = visits()
    hair_id = lonely(pair, "lost")
    first = score_of(pair.baseline)
    doubted = [replace(h, confidence=0.3) if h.hair_id == hair_id else h for h in first.hairs]
    found = compare_scores(
        replace(first, hairs=tuple(doubted)),
        score_of(pair.followup),
        baseline_photo=photo_of(pair.baseline, "b"),
        followup_photo=photo_of(pair.followup, "f"),
        plan=PLAN,
        settings=Settings(),
    )
    assert row_of(found, hair_id) is None


def test_photos_of_different_skin_are_refused():
    pair, other = visits(), visits(12)
    with pytest.raises(PairRefusedError):
        compare_scores(
            score_of(pair.baseline),
            score_of(other.followup),
            baseline_photo=photo_of(pair.baseline, "b"),
            followup_photo=photo_of(other.followup, "f"),
            plan=PLAN,
            settings=Settings(),
        )


def test_growth_of_a_hair_that_grew_out_of_the_photo_has_no_speed_and_is_no_rest():
    pair = make_visit_pair(
        PRESETS["shaved"],
        Change(lost_share=0.0, is_clipped_again=False, days=2.0, telogen_share=0.3),
        MOVE,
        rng=np.random.default_rng(5),
    )
    comparison = compare_scores(
        cut_at_edge(score_of(pair.baseline), pair.baseline),
        cut_at_edge(score_of(pair.followup), pair.followup),
        baseline_photo=photo_of(pair.baseline, "b"),
        followup_photo=photo_of(pair.followup, "f"),
        plan=PairPlan(days=2.0),
        settings=Settings(),
    )
    rows = [r for r in comparison.matches if r.kind == "hair" and r.phase]
    rests = {n for n, fate in pair.fate_of.items() if fate.is_resting}
    phases = {"growing": 0, "not_growing": 0, "undetermined": 0}
    for row in rows:
        phases[row.phase] += 1
        if row.phase != "undetermined":
            assert (row.phase == "not_growing") == (row.baseline_hair_id in rests)
    assert min(phases.values()) >= 1
    height, width = pair.followup.pixels.shape[:2]
    for hair in pair.followup.hairs:
        row = row_of(comparison, hair.hair_id)
        if row in rows and not (0 <= hair.tip[0] < width and 0 <= hair.tip[1] < height):
            assert row.phase != "not_growing" and math.isnan(row.growth_um_per_day)


def cut_at_edge(score: HairScore, scene: ScalpScene) -> HairScore:
    """Return a score whose lines end where the photo does."""
    height, width = scene.pixels.shape[:2]
    hairs = []
    for hair in score.hairs:
        path = np.array(hair.path_px)
        inside = ((path >= 0) & (path < (width, height))).all(axis=1)
        path = path[: len(path) if inside.all() else inside.argmin()]
        if len(path) > 1:
            length_mm = np.hypot(*np.diff(path, axis=0).T).sum() / scene.px_per_mm
            tip = [float(v) for v in path[-1]]
            hairs.append(
                replace(
                    hair,
                    path_px=tuple(map(tuple, path.tolist())),
                    tip_x_px=tip[0],
                    tip_y_px=tip[1],
                    length_mm=float(length_mm),
                )
            )
    return replace(score, hairs=tuple(hairs))


def test_the_picture_blacks_out_the_text_that_the_scores_told() -> None:
    pair = visits()
    comparison = compared()
    assert comparison.texts == (None, None)
    text = np.zeros(pair.baseline.pixels.shape[:2], bool)
    text[100:300, 400:700] = True
    told = replace(comparison, texts=(text, np.zeros_like(text)), matches=())
    drawn = draw_comparison(photo_of(pair.baseline, "b"), photo_of(pair.followup, "f"), told)
    scale = min(1.0, PANEL_HEIGHT_PX / len(text))
    inside = [slice(*(round(scale * at) for at in ends)) for ends in ((110, 290), (410, 690))]
    assert not drawn[tuple(inside)].any()


def test_every_traced_shaft_is_covered_where_the_skin_is_compared(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    views: list[View] = []

    def look(baseline: View, followup: View, *, settings: FollowupSettings) -> None:
        views.extend([baseline, followup])

    monkeypatch.setattr(followup, "align_photos", look)
    with pytest.raises(PairRefusedError):
        compared()
    for seen, scene in zip(views, (visits().baseline, visits().followup), strict=True):
        height, width = seen.is_hair.shape
        middles = np.array([h.path_px[len(h.path_px) // 2] for h in score_of(scene).hairs])
        x, y = np.floor(middles).astype(int).T
        inside = (x >= 0) & (y >= 0) & (x < width) & (y < height)
        assert seen.is_hair[y[inside], x[inside]].all()
        assert seen.is_hair.mean() < 0.2
