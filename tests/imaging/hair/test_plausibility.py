"""Photos outside of what the tool can read are flagged."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from imaging.hair.evidence import ShaftEvidence
from imaging.hair.plausibility import judge_traces
from imaging.hair.tracing import TracedHair
from imaging.records import Scale
from imaging.settings import HairSettings

#: Limits of round numbers, whatever the defaults.
SETTINGS = HairSettings(
    cover_density=0.3,
    most_cover_share=0.15,
    few_hairs=20,
    long_hair_share=0.5,
    least_usual_width_um=20.0,
    most_usual_width_um=160.0,
)
KNOWN = Scale(100.0, "manifest", 0.01)


def evidence(cover: float = 0.1) -> ShaftEvidence:
    darkness = np.zeros((1000, 1000), np.float32)
    darkness[: round(1000 * cover)] = 1.0
    plane = np.ones((1000, 1000), bool)
    return ShaftEvidence(darkness, darkness, (darkness[None],), plane, 110.0, 1.1)


def traces(
    count: int = 30, *, width_px: float = 7.0, leaving: int = 0, rootless: int = 0
) -> list[TracedHair]:
    """Return hairs of 0.4 mm: thirty of 7 px cover 1 % of the field."""
    path = np.array([[10.0, 10.0], [40.0, 40.0]])
    return [
        TracedHair(path, 0.4, width_px, index >= rootless, 0.9, index < leaving)
        for index in range(count)
    ]


def judged(
    hairs: list[TracedHair],
    shafts: ShaftEvidence,
    *,
    scale: Scale = KNOWN,
    diameter_um: float = np.nan,
) -> tuple[str, ...]:
    return judge_traces(hairs, np.full(len(hairs), diameter_um), shafts, scale, SETTINGS)


def test_usual_hair_has_no_flag() -> None:
    assert judged(traces(), evidence()) == ()


def test_white_hair_among_dark_hair_is_flagged_for_the_grey_hairs_that_may_be_missed() -> None:
    white = [replace(traces()[0], is_pale=True), *traces()]
    assert judged(white, evidence()) == ("white_hair",)


def test_much_covered_skin_is_too_dense() -> None:
    assert judged(traces(), evidence(0.15)) == ()
    assert judged(traces(), evidence(0.16)) == ("too_dense",)


def test_traced_shafts_cover_skin_whose_darkness_cannot_be_told() -> None:
    assert judged(traces(400), evidence(0.0)) == ()
    assert judged(traces(500), evidence(0.0)) == ("too_dense",)


def test_only_what_can_be_read_is_judged() -> None:
    dense = evidence(0.5)
    dense.valid[:500] = False
    assert judged(traces(), dense) == ()
    dense.valid[:] = False
    assert judged(traces(0), dense) == ()


@pytest.mark.parametrize("kind", ["leaving", "rootless"])
def test_hair_that_mostly_runs_out_of_the_field_is_long(kind: str) -> None:
    half, more = traces(30, **{kind: 15}), traces(30, **{kind: 16})
    assert judged(half, evidence()) == ()
    assert judged(more, evidence()) == ("long_hair",)


@pytest.mark.parametrize(("width_px", "is_flagged"), [(1.9, 1), (2.1, 0), (15.9, 0), (16.1, 1)])
def test_hair_far_thinner_or_thicker_than_any_means_a_wrong_scale(
    width_px: float, is_flagged: int
) -> None:
    found = judged(traces(width_px=width_px), evidence())
    assert found == ("scale_implausible",) * is_flagged


@pytest.mark.parametrize(("diameter_um", "is_flagged"), [(19, 1), (21, 0), (159, 0), (161, 1)])
def test_so_do_measured_diameters(diameter_um: float, is_flagged: int) -> None:
    found = judged(traces(), evidence(), diameter_um=diameter_um)
    assert found == ("scale_implausible",) * is_flagged


def test_without_a_scale_or_with_few_hairs_the_scale_is_not_judged() -> None:
    thin = {"width_px": 0.5}
    assert judged(traces(**thin), evidence(), scale=Scale()) == ()
    assert judged(traces(19, **thin), evidence()) == ()
    assert judged(traces(19, leaving=19), evidence()) == ()
