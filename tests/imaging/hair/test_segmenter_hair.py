"""A segmenter is found by its name; a wrong name is an error that lists the right ones."""

from __future__ import annotations

import pytest

from imaging.errors import SettingsError
from imaging.hair.ridges import find_ridges
from imaging.hair.segmenter import find_segmenter, segmenter_names, weights_digest
from imaging.settings import HairSettings


def test_the_default_segmenter_is_among_the_names_which_are_sorted() -> None:
    names = segmenter_names()
    assert HairSettings().segmenter in names
    assert list(names) == sorted(names)


def test_ridges_is_the_classical_evidence_and_has_no_weights() -> None:
    assert find_segmenter("ridges") is find_ridges
    assert weights_digest("ridges") == ""


def test_an_unknown_name_is_refused_with_the_right_ones() -> None:
    for ask in (find_segmenter, weights_digest):
        with pytest.raises(SettingsError, match=r"'magic'.*ridges"):
            ask("magic")
