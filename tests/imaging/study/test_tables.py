"""Cells of the tables: numbers, empty text, and text that no spreadsheet runs."""

from __future__ import annotations

import math

import pytest

from imaging.study.tables import cell_text, unguarded


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (math.nan, ""),
        (0.1 + 0.2, "0.3"),
        (1234.0, "1234"),
        (1 / 3, "0.3333333333"),
        (-2.5, "-2.5"),
        (7, "7"),
        (True, "true"),
        ("", ""),
        ("=SUM(A1)", "'=SUM(A1)"),
        ("+49 30", "'+49 30"),
        ("@x", "'@x"),
        ("-cmd", "'-cmd"),
        ("\t=1", "'\t=1"),
        ("-3.5", "-3.5"),
        ("a=b", "a=b"),
    ],
)
def test_a_cell_is_a_number_an_empty_text_or_text_that_is_no_formula(
    value: object, text: str
) -> None:
    assert cell_text(value) == text
    if isinstance(value, str):
        assert unguarded(text) == value
