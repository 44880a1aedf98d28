"""The wings by name: one shape, whatever they measure."""

from __future__ import annotations

import fake_wing
import pytest

from imaging.errors import SettingsError, UsageError
from imaging.records import columns_of
from imaging.settings import Settings, replace_values
from imaging.study.tables import result_columns
from imaging.study.wings import load_wing


@pytest.mark.parametrize("name", ["hair", "face"])
def test_both_wings_have_one_shape(name: str) -> None:
    wing = load_wing(name)
    assert wing.name == name
    assert wing.algorithm_version
    columns = result_columns(wing)
    assert len(columns) == len(set(columns))
    for record in wing.tables.values():
        assert "photo_id" not in {column.name for column in columns_of(record)}


def test_a_segmenter_that_does_not_exist_is_told_before_the_first_photo() -> None:
    settings = replace_values(Settings(), {"hair.segmenter": "guesswork"})
    with pytest.raises(SettingsError, match="guesswork"):
        load_wing("hair").weights_digest(settings)


def test_a_wing_may_be_named_by_module_and_function() -> None:
    assert load_wing(fake_wing.TARGET).algorithm_version.startswith("fake-")
    with pytest.raises(UsageError, match="nails"):
        load_wing("nails")
