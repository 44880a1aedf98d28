"""Which generated hairs lie along another, and which of them were missed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from benchmarking.labelled_frames import as_ends
from benchmarking.scenes import lie_along_others, tally_inside, true_ends
from imaging.synthetic.scalp import PRESETS, ScalpScene, make_scalp
from imaging.synthetic.spec import TrueHair

SPEC = replace(PRESETS["shaved"], width_px=480, height_px=400, graphics=None)
#: 60 µm at the scale of the preset.
WIDE_PX = 0.06 * SPEC.px_per_mm


def hair(number: int, y: float, *, x: float = 100.0, length: float = 150.0) -> TrueHair:
    path = np.column_stack([x + np.arange(length), np.full(int(length), y)])
    return TrueHair(number, number, path, 60.0, "black", length / SPEC.px_per_mm)


def scene(*hairs: TrueHair) -> ScalpScene:
    return make_scalp(SPEC, rng=np.random.default_rng(1), hairs=hairs)


def test_hairs_lie_along_one_another_where_no_skin_is_between_them() -> None:
    touching = scene(hair(1, 100.0), hair(2, 100.0 + 1.1 * WIDE_PX), hair(3, 300.0))
    assert lie_along_others(touching).tolist() == [True, True, False]
    apart = scene(hair(1, 100.0), hair(2, 100.0 + 1.4 * WIDE_PX))
    assert not lie_along_others(apart).any()


def test_a_short_hair_on_a_long_one_lies_along_it_but_not_the_other_way_round() -> None:
    both = scene(hair(1, 100.0), hair(2, 100.0 + WIDE_PX, length=60.0))
    assert lie_along_others(both).tolist() == [False, True]


def test_missed_hairs_are_told_by_whether_they_lie_along_another() -> None:
    drawn = scene(hair(1, 100.0), hair(2, 100.0 + WIDE_PX), hair(3, 300.0), hair(4, 350.0))
    everywhere = np.ones((400, 480), bool)
    real = true_ends(drawn)
    found, along = as_ends(real[[0, 3]]), lie_along_others(drawn)
    tally = tally_inside(found, drawn, everywhere, along)
    assert tally.missed == {True: (1, 2), False: (1, 2)}
    assert (tally.true, tally.hits, tally.misses, tally.surplus) == (4, 2, 2, 0)
    above = everywhere.copy()
    above[320:] = False
    assert tally_inside(found, drawn, above, along).missed == {True: (1, 2), False: (1, 1)}
    none = lie_along_others(scene())
    nothing = tally_inside(as_ends([]), scene(), everywhere, none)
    assert nothing.missed == {True: (0, 0), False: (0, 0)}
    # The hairs of another photograph are all surplus.
    assert tally_inside(found, scene(), everywhere, none).surplus == 2
