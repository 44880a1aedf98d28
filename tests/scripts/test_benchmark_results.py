"""The benchmark's tables: bars, verdicts and layout."""

from __future__ import annotations

import math

import pytest

from benchmarking.results import Bar, Row, failures, markdown


@pytest.mark.parametrize(
    ("bar", "value", "verdict"),
    [
        (Bar(low=0.88), 0.88, "pass"),
        (Bar(low=0.88), 0.8799, "FAIL"),
        (Bar(high=10), 10, "pass"),
        (Bar(-4, 4), -4.1, "FAIL"),
        (Bar(high=10), math.nan, "FAIL"),
        (None, math.nan, ""),
    ],
)
def test_a_verdict_follows_the_bar(bar: Bar | None, value: float, verdict: str) -> None:
    assert Row("counts", "error", "ours", value, "%", bar).verdict == verdict


@pytest.mark.parametrize(
    ("bar", "text"),
    [
        (Bar(low=0.88), ">= 0.88"),
        (Bar(high=10), "<= 10"),
        (Bar(-4, 4), "± 4"),
        (Bar(0.9, 1.1), "0.9 to 1.1"),
    ],
)
def test_a_bar_reads_as_written(bar: Bar, text: str) -> None:
    assert str(bar) == text


def test_methods_stand_side_by_side_with_the_bar_at_the_end() -> None:
    rows = [
        Row("counts", "error", "ours", 4.2, "%", Bar(high=5), 1),
        Row("time", "photo", "ours", 1.0, "s", decimals=1),
        Row("counts", "error", "theirs", 40.0, "%", decimals=1),
    ]
    assert markdown(rows) == (
        "## counts\n\n"
        "| measure | ours | theirs | bar |\n"
        "|---|---|---|---|\n"
        "| error | 4.2 % pass | 40.0 % | <= 5 |\n"
        "\n"
        "## time\n\n"
        "| measure | ours | bar |\n"
        "|---|---|---|\n"
        "| photo | 1.0 s |  |\n"
    )
    assert failures(rows) == 0
