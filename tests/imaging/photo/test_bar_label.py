"""Labels of scale bars: what counts as a length, and what is refused."""

from __future__ import annotations

import math

import pytest

from imaging.photo.bar_label import parse_length_mm


@pytest.mark.parametrize(
    ("text", "length_mm"),
    [
        ("1.0mm", 1.0),
        ("1mm", 1.0),
        ("500µm", 0.5),
        ("500um", 0.5),
        ("0,5mm", 0.5),
        ("1cm", 10.0),
        ("1,00mm", 1.0),
        ("scale:2mm", 2.0),
        ("0.125mm", 0.125),
    ],
)
def test_a_length_is_parsed_in_every_notation(text: str, length_mm: float) -> None:
    assert parse_length_mm(text, length_px=150.0) == pytest.approx(length_mm)


@pytest.mark.parametrize(
    "text",
    ["", "mm", "1", "05mm", "1.0", "70x", "r=2.519mm", "a=19.9mm^2", "20mm", "0mm", "1..0mm"],
)
def test_what_is_no_length_of_a_bar_is_refused(text: str) -> None:
    assert math.isnan(parse_length_mm(text, length_px=150.0))


def test_a_comma_before_three_figures_is_a_thousand_where_one_is_impossible() -> None:
    # 1 µm over 100 px would be 100 000 px/mm.
    assert parse_length_mm("1,000µm", length_px=100.0) == pytest.approx(1.0)
    # 1000 mm over 100 px would be a tenth of a pixel per millimetre.
    assert parse_length_mm("1,000mm", length_px=100.0) == pytest.approx(1.0)
