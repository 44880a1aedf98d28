"""How a setting is declared: default, unit, range, reason, source and stage, all beside its name.

A group of settings is a frozen dataclass whose fields are made by `setting`.  The declaration is
data: validation, TOML, ``config show``, tuning ranges and digests all read it from here, so that no
limit stands in two places.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal

from ..errors import SettingsError

#: What a setting touches first.  A sweep recomputes from this stage on, and nothing before it.
#: ``drawing`` changes pictures only, never a number, and is in no digest.
Stage = Literal["reading", "evidence", "tracing", "measuring", "drawing"]

STAGES: tuple[Stage, ...] = ("reading", "evidence", "tracing", "measuring", "drawing")

Value = bool | int | float | str

#: A message shows no more of a wrong value.
_SHOWN_CHARACTERS = 80


@dataclass(frozen=True)
class Declaration:
    """What is known of one setting.

    Parameters
    ----------
    default : bool, int, float or str
    unit : str
        ``""`` for a pure number.
    low, high : float or None
        Closed range of a number.
    not_below : str
        The setting of the same group that this one may equal or exceed; empty for none.
    choices : tuple of str
        The values of a text setting; empty when any text will do.
    reason : str
        Why it exists and why this default.
    source : str
        DOI or other source of the default; ``"ours"`` where the choice is our own.
    stage : Stage
    """

    default: Value
    unit: str
    low: float | None
    high: float | None
    choices: tuple[str, ...]
    reason: str
    source: str
    stage: Stage
    not_below: str = ""


def setting(
    default: Value,
    *,
    unit: str = "",
    low: float | None = None,
    high: float | None = None,
    not_below: str = "",
    choices: tuple[str, ...] = (),
    reason: str,
    source: str = "ours",
    stage: Stage,
) -> Any:
    """Declare one field of a settings dataclass (the parameters are those of `Declaration`)."""
    declaration = Declaration(default, unit, low, high, choices, reason, source, stage, not_below)
    return dataclasses.field(default=default, metadata={"setting": declaration})


def declarations(group: type | object) -> dict[str, Declaration]:
    """Return the declaration of every field of a settings group, by field name, in order."""
    return {
        field.name: field.metadata["setting"]
        for field in dataclasses.fields(group)  # type: ignore[arg-type]
    }


def check_value(name: str, value: object, declaration: Declaration) -> Value:
    """Return `value` in the type of the declaration, or raise `SettingsError`.

    A whole number is taken for a float setting; text from a command line (``"30"``, ``"true"``) is
    taken for the number or truth value that it spells.
    """
    default = declaration.default
    unit = f" {declaration.unit}" if declaration.unit else ""
    if isinstance(default, bool):
        checked: Value = _as_bool(name, value)
    elif isinstance(default, (int, float)):
        number = _as_number(name, value, is_whole=isinstance(default, int))
        low, high = declaration.low, declaration.high
        if (low is not None and number < low) or (high is not None and number > high):
            raise SettingsError(
                f"{name} = {number:g}{unit} is outside its range "
                f"{'-inf' if low is None else f'{low:g}'} to "
                f"{'inf' if high is None else f'{high:g}'}{unit}.",
                remedy=f"Choose a value inside the range; the default is {default:g}{unit}.",
            )
        checked = number
    else:
        if not isinstance(value, str):
            raise SettingsError(f"{name} = {_shown(value)} should be text.")
        if declaration.choices and value not in declaration.choices:
            raise SettingsError(
                f"{name} = {_shown(value)} is not one of {', '.join(declaration.choices)}."
            )
        checked = value
    return checked


def _as_bool(name: str, value: object) -> bool:
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in {"true", "false"}:
        return value.lower() == "true"
    raise SettingsError(f"{name} = {_shown(value)} should be true or false.")


def _as_number(name: str, value: object, *, is_whole: bool) -> int | float:
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        raise SettingsError(f"{name} = {_shown(value)} should be a number.")
    try:
        number = float(value)
    except ValueError:
        raise SettingsError(f"{name} = {_shown(value)} should be a number.") from None
    except OverflowError:
        raise SettingsError(f"{name} = {_shown(value)} should be a finite number.") from None
    if not math.isfinite(number):
        raise SettingsError(f"{name} = {_shown(value)} should be a finite number.")
    if is_whole:
        if number != int(number):
            raise SettingsError(f"{name} = {_shown(value)} should be a whole number.")
        return int(number)
    return number


def _shown(value: object) -> str:
    """Return a value as a message shows it."""
    try:
        text = repr(value)
    except ValueError:
        # Python spells no whole number of over 4300 digits.
        return "a number of thousands of digits"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[:_SHOWN_CHARACTERS]}…"
