"""Grafted scenes: grafts live as often as asked, and living follicles are sometimes empty."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from imaging.synthetic.grafts import GraftCourse, GraftSpec, make_graft_course, recipient_spec
from imaging.synthetic.visits import Move


@cache
def course() -> GraftCourse:
    spec = replace(recipient_spec(grafts=40), px_per_mm=40.0, width_px=440, height_px=330)
    return make_graft_course(
        spec,
        GraftSpec(survival=0.7, empty_share=0.125, residents_per_cm2=6.0),
        (Move(turn_deg=8.0), Move(shift_share=(0.05, 0.0))),
        rng=np.random.default_rng(3),
    )


def test_grafts_live_with_the_chance_that_was_asked() -> None:
    lives = [graft.lives for graft in course().grafts]
    # 3 standard errors of a share of 0.7 among these.
    assert np.mean(lives) == pytest.approx(0.7, abs=3 * np.sqrt(0.21 / len(lives)))


def test_dead_grafts_show_nothing() -> None:
    assert all(graft.shown == (0, 0) for graft in course().grafts if not graft.lives)


def test_one_living_follicle_in_eight_is_empty() -> None:
    alive = [graft for graft in course().grafts if graft.lives]
    follicles = sum(graft.hairs for graft in alive)
    for k in range(2):
        shown = sum(graft.shown[k] for graft in alive) / follicles
        assert shown == pytest.approx(0.875, abs=3 * np.sqrt(0.11 / follicles))


def test_residents_are_no_grafts() -> None:
    made = course()
    assert made.residents and not made.residents & {graft.graft_id for graft in made.grafts}


def test_stubs_after_surgery_are_shorter_than_hairs_later() -> None:
    made = course()
    before = np.median([hair.length_mm for hair in made.postop.hairs])
    after = np.median([hair.length_mm for hair in made.visits[1].hairs])
    assert before < 0.8 * after


def test_shown_hairs_are_those_of_the_photograph() -> None:
    made = course()
    numbers = {hair.unit_id for hair in made.visits[0].hairs}
    shown = {graft.graft_id for graft in made.grafts if graft.shown[0]}
    assert numbers <= shown | made.residents
