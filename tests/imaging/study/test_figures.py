"""The report's figures: what is drawn is where the numbers say."""

from __future__ import annotations

import math
import re
import xml.etree.ElementTree as ET

import pytest

from imaging.study import figures


def elements(markup: str, tag: str, css: str) -> list[ET.Element]:
    root = ET.fromstring(markup)  # noqa: S314 - our own markup
    return [e for e in root.iter(tag) if css in (e.get("class") or "").split()]


def draw_histogram(values: list[float], *, split_at: float | None = None) -> str:
    return str(figures.histogram(values, bin_width=5.0, split_at=split_at, title="d", x_label="µm"))


def test_the_bars_of_a_histogram_hold_every_finite_value_once() -> None:
    markup = draw_histogram([12.0, 13.0, 31.0, 99.0, math.nan])
    counts = [int(n) for n in re.findall(r"to [\d.]+: (\d+)</title>", markup)]
    assert sum(counts) == 4


def test_values_under_the_split_are_drawn_in_the_second_colour() -> None:
    markup = draw_histogram([22.0, 27.0, 42.0, 61.0], split_at=40.0)
    assert len(elements(markup, "rect", "fill-second")) == 2
    assert len(elements(markup, "rect", "fill-first")) == 2


def test_a_value_at_the_split_is_not_under_it() -> None:
    markup = draw_histogram([40.0, 60.0], split_at=40.0)
    assert not elements(markup, "rect", "fill-second")


def test_a_share_that_is_there_is_not_told_as_zero() -> None:
    markup = str(figures.bars(["1", "2", "3"], [999, 1, 0], title="u", x_label="hairs"))
    texts = [e.text for e in elements(markup, "text", "value")]
    assert texts == ["100 %", "< 1 %", "0 %"]


def test_an_interval_that_holds_its_value_is_drawn_round_it() -> None:
    markup = str(figures.interval_cell(50.0, 40.0, 70.0, axis_high=100.0))
    line = elements(markup, "line", "wide")[0]
    dot = elements(markup, "circle", "fill-first")[0]
    assert float(line.get("x1", 0)) < float(dot.get("cx", 0)) < float(line.get("x2", 0))


def test_an_unknown_value_draws_no_interval() -> None:
    assert figures.interval_cell(math.nan, math.nan, math.nan, axis_high=100.0) == ""


def test_photos_are_ranked_from_lowest_to_highest_and_unknown_ones_left_out() -> None:
    markup = str(
        figures.ranked_intervals(
            [3.0, 1.0, math.nan, 2.0],
            [2.5, 0.5, math.nan, 1.5],
            [3.5, 1.5, math.nan, math.nan],
            title="t",
            x_label="x",
            unit="",
        )
    )
    heights = [float(e.get("cy", 0)) for e in elements(markup, "circle", "fill-first")]
    assert heights == sorted(heights, reverse=True)
    assert len(heights) == 3


def test_the_curve_marks_the_cut_off_in_use() -> None:
    markup = str(
        figures.curve(
            [20.0, 40.0, 60.0],
            [5.0, 20.0, 60.0],
            low=[2.0, 10.0, 50.0],
            high=[9.0, 30.0, 70.0],
            mark_x=40.0,
            title="t",
            x_label="µm",
        )
    )
    marker = elements(markup, "line", "marker")[0]
    points = elements(markup, "circle", "fill-first")
    assert float(marker.get("x1", 0)) == pytest.approx(float(points[1].get("cx", 0)), abs=0.1)


@pytest.mark.parametrize("values", [[], [math.nan]])
def test_nothing_to_draw_is_said_in_words(values: list[float]) -> None:
    assert "nothing to show" in draw_histogram(values)


def test_labels_from_outside_are_escaped() -> None:
    markup = str(figures.bars(["<b>"], [1], title='"<i>', x_label="<u>"))
    assert all(tag not in markup for tag in ("<b>", "<i>", "<u>"))


def test_all_values_equal_to_zero_are_drawn() -> None:
    ET.fromstring(draw_histogram([0.0, 0.0]))  # noqa: S314 - our own markup
    markup = str(
        figures.ranked_intervals([0.0], [0.0], [0.0], title="t", x_label="x", unit="1/cm²")
    )
    assert len(elements(markup, "circle", "fill-first")) == 1
