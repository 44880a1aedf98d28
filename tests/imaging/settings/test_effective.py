"""Settings that are right each by itself, and out of order together."""

from __future__ import annotations

import pytest

from imaging.errors import SettingsError
from imaging.settings import (
    Settings,
    all_declarations,
    current_value,
    effective_settings,
    replace_values,
)

ORDERED = {name: d for name, d in all_declarations().items() if d.not_below}


@pytest.mark.parametrize("name", ORDERED)
def test_a_setting_may_equal_the_one_that_it_must_not_be_below(name: str) -> None:
    lower = f"{name.partition('.')[0]}.{ORDERED[name].not_below}"
    value = min(float(ORDERED[name].default), float(all_declarations()[lower].high or 0.0))
    equal = replace_values(Settings(), {name: value, lower: value})
    assert current_value(equal, name) == value
    with pytest.raises(SettingsError, match=rf"{name} = .* is below {lower} = ") as caught:
        replace_values(equal, {name: 0.99 * value})
    assert caught.value.remedy


def test_the_order_is_that_of_all_layers_together() -> None:
    file = {"face.darkness_1_delta_l": 6.0}
    steps = {"face.darkness_2_delta_l": 7.0}
    found = effective_settings([("c.toml", file), ("--set", steps)]).settings.face
    assert (found.darkness_1_delta_l, found.darkness_2_delta_l) == (6.0, 7.0)
    with pytest.raises(SettingsError, match=r"darkness_2_delta_l = 5 ΔL\* is below"):
        effective_settings([("c.toml", file)])
