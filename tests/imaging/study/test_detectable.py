"""The minimal detectable change from repeat photographs."""

from __future__ import annotations

import math

import pytest

from imaging.study.detectable import judge_change, minimal_changes


def row(replicate: str, mmasi: float, subject: str = "s") -> dict[str, object]:
    return {"subject": subject, "visit": "v", "replicate": replicate, "mmasi": mmasi}


def pair(first: float, second: float, subject: str) -> list[dict[str, object]]:
    return [row("1", first, subject), row("2", second, subject)]


def test_it_is_1_96_times_root_2_times_the_spread_within_sessions() -> None:
    rows = [r for n in range(3) for r in pair(4.0, 6.0, f"s{n}")]
    rows += [r for n in range(3) for r in pair(9.0, 9.0, f"t{n}")]
    # Within-session variance: (3 · 2 + 3 · 0) / 6 = 1.
    assert minimal_changes(rows)["mmasi"] == pytest.approx(1.96 * math.sqrt(2))


def test_without_replicates_it_is_unknown_and_nothing_is_judged() -> None:
    limits = minimal_changes([row("", 4.0), row("", 6.0)])
    assert math.isnan(limits["mmasi"])
    assert judge_change({"mmasi_change": -9.0}, limits).mmasi_exceeds_mdc == ""


@pytest.mark.parametrize(("sessions", "second"), [(5, 4.3), (8, 4.1)])
def test_few_replicates_and_ones_that_are_all_equal_leave_the_scatter_unknown(
    sessions: int, second: float
) -> None:
    rows = [r for n in range(sessions) for r in pair(4.1, second, f"s{n}")]
    limits = minimal_changes(rows)
    assert math.isnan(limits["mmasi"])
    assert judge_change({"mmasi_change": -0.6}, limits).mmasi_exceeds_mdc == ""


@pytest.mark.parametrize(("change", "verdict"), [(-3.0, "yes"), (2.0, "no"), (math.nan, "")])
def test_a_change_beyond_it_exceeds_it_in_either_direction(change, verdict) -> None:
    limits = {"masi": math.nan, "mmasi": 2.5, "pigmented_percent": math.nan}
    assert judge_change({"mmasi_change": change}, limits).mmasi_exceeds_mdc == verdict
