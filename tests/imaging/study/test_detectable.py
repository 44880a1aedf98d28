"""The minimal detectable change from repeat photographs."""

from __future__ import annotations

import math

import pytest

from imaging.study.detectable import judge_change, minimal_changes


def row(replicate: str, mmasi: float, subject: str = "s") -> dict[str, object]:
    return {"subject": subject, "visit": "v", "replicate": replicate, "mmasi": mmasi}


def test_it_is_1_96_times_root_2_times_the_spread_within_sessions() -> None:
    limits = minimal_changes([row("1", 4.0), row("2", 6.0), row("1", 9.0, "t"), row("2", 9.0, "t")])
    # Within-session variance: (2 + 0) / 2 = 1.
    assert limits["mmasi"] == pytest.approx(1.96 * math.sqrt(2))


def test_without_replicates_it_is_unknown_and_nothing_is_judged() -> None:
    limits = minimal_changes([row("", 4.0), row("", 6.0)])
    assert math.isnan(limits["mmasi"])
    assert judge_change({"mmasi_change": -9.0}, limits).mmasi_exceeds_mdc == ""


@pytest.mark.parametrize(("change", "verdict"), [(-3.0, "yes"), (2.0, "no"), (math.nan, "")])
def test_a_change_beyond_it_exceeds_it_in_either_direction(change, verdict) -> None:
    limits = {"masi": math.nan, "mmasi": 2.5, "pigmented_percent": math.nan}
    assert judge_change({"mmasi_change": change}, limits).mmasi_exceeds_mdc == verdict
