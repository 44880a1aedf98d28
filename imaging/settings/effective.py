"""The settings in force (defaults < TOML file < ``--set``), their origins and their digest."""

from __future__ import annotations

import dataclasses
import difflib
import hashlib
import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from ..errors import SettingsError
from .declare import Declaration, Value, check_value, declarations
from .face import FaceSettings
from .followup import FollowupSettings
from .hair import HairSettings
from .photo import PhotoSettings

Wing = Literal["hair", "face"]

#: A settings file larger than this is not one of ours.
MAX_TOML_BYTES = 1_000_000


@dataclass(frozen=True)
class Settings:
    """All settings of one run: what every photo goes through, one group per wing, follow-up."""

    photo: PhotoSettings = field(default_factory=PhotoSettings)
    hair: HairSettings = field(default_factory=HairSettings)
    face: FaceSettings = field(default_factory=FaceSettings)
    followup: FollowupSettings = field(default_factory=FollowupSettings)


@dataclass(frozen=True)
class EffectiveSettings:
    """Settings and, by dotted name, where each value that is not a default came from."""

    settings: Settings = field(default_factory=Settings)
    origins: Mapping[str, str] = field(default_factory=dict)

    def origin(self, name: str) -> str:
        """Return ``"default"``, or the file or option that set the value."""
        return self.origins.get(name, "default")


def all_declarations() -> dict[str, Declaration]:
    """Return every declaration by its dotted name (``hair.terminal_cutoff_um``), in order."""
    return {
        f"{group.name}.{name}": declaration
        for group in dataclasses.fields(Settings)
        for name, declaration in declarations(_group_type(group.name)).items()
    }


def current_value(settings: Settings, name: str) -> Value:
    """Return the value of the setting with this dotted name."""
    group, _, key = name.partition(".")
    value: Value = getattr(getattr(settings, group), key)
    return value


def tables_of_groups(values: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return values by dotted name as the tables of a settings file, a table for each group."""
    tables: dict[str, dict[str, Any]] = {}
    for name, value in values.items():
        group, _, key = name.partition(".")
        tables.setdefault(group, {})[key] = value
    return tables


def replace_values(settings: Settings, values: Mapping[str, object]) -> Settings:
    """Return `settings` with the values of these dotted names checked and replaced.

    Raises
    ------
    SettingsError
        An unknown name (the nearest known one is named), a wrong type, a value out of range, or
        settings that are out of order among themselves.
    """
    replaced = _replaced(settings, values)
    _check_order(replaced)
    return replaced


def _replaced(settings: Settings, values: Mapping[str, object]) -> Settings:
    """Return `settings` with values each of which is right by itself."""
    known = all_declarations()
    checked: dict[str, Value] = {}
    for name, value in values.items():
        if name not in known:
            nearest = difflib.get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f" Did you mean {nearest[0]}?" if nearest else ""
            raise SettingsError(f"There is no setting {name!r}.{hint}")
        checked[name] = check_value(name, value, known[name])
    changed = {
        group: dataclasses.replace(getattr(settings, group), **pairs)
        for group, pairs in tables_of_groups(checked).items()
    }
    return dataclasses.replace(settings, **changed)


def _check_order(settings: Settings) -> None:
    for name, declaration in all_declarations().items():
        if not declaration.not_below:
            continue
        lower = f"{name.partition('.')[0]}.{declaration.not_below}"
        value, least = (float(current_value(settings, n)) for n in (name, lower))
        if value < least:
            unit = f" {declaration.unit}" if declaration.unit else ""
            raise SettingsError(
                f"{name} = {value:g}{unit} is below {lower} = {least:g}{unit}.",
                remedy=f"Raise {name} or lower {lower}; they may be equal.",
            )


def parse_toml(text: str | bytes, *, origin: str) -> dict[str, object]:
    """Return the values in a settings file by dotted name; tables are groups.

    A table ``[provenance]`` (written by tuning and locking) is left to its reader.
    """
    raw = text.encode() if isinstance(text, str) else text
    if len(raw) > MAX_TOML_BYTES:
        raise SettingsError(
            f"{origin} holds {len(raw)} bytes; a settings file has under {MAX_TOML_BYTES}."
        )
    try:
        document = tomllib.loads(raw.decode("utf-8"))
    except (ValueError, RecursionError) as err:
        raise SettingsError(f"{origin} is not valid TOML: {err}.") from err
    values: dict[str, object] = {}
    for group, table in document.items():
        if group == "provenance":
            continue
        if not isinstance(table, dict):
            raise SettingsError(
                f"{origin}: {group!r} stands outside a table; write it below [hair] or [photo]."
            )
        values |= {f"{group}.{key}": value for key, value in table.items()}
    return values


def parse_assignments(assignments: Sequence[str]) -> dict[str, object]:
    """Return the values of ``--set`` options (``hair.terminal_cutoff_um=30``) by dotted name."""
    values: dict[str, object] = {}
    for assignment in assignments:
        name, equals, value = assignment.partition("=")
        if not equals:
            raise SettingsError(f"--set {assignment!r} should read group.name=value.")
        values[name.strip()] = value.strip()
    return values


def effective_settings(layers: Sequence[tuple[str, Mapping[str, object]]]) -> EffectiveSettings:
    """Lay value layers over the defaults, later ones over earlier ones.

    Parameters
    ----------
    layers : sequence of (origin, values by dotted name)

    Raises
    ------
    SettingsError
        See `replace_values`; the order is that of all layers together.
    """
    settings = Settings()
    origins: dict[str, str] = {}
    for origin, values in layers:
        settings = _replaced(settings, values)
        origins |= dict.fromkeys(values, origin)
    _check_order(settings)
    return EffectiveSettings(settings, origins)


def result_values(settings: Settings, wing: Wing) -> dict[str, Value]:
    """Return, by dotted name, every setting that can change a number of this wing."""
    return {
        name: current_value(settings, name)
        for name, declaration in all_declarations().items()
        if name.partition(".")[0] in {"photo", wing} and declaration.stage != "drawing"
    }


def changed_values(settings: Settings, wing: Wing) -> dict[str, Value]:
    """Return those of `result_values` that are not at their default."""
    known = all_declarations()
    values = result_values(settings, wing)
    return {name: value for name, value in values.items() if value != known[name].default}


def comparison_values(settings: Settings, wing: Wing) -> dict[str, Value]:
    """Return, by dotted name, every setting that can change a number of a comparison."""
    own = {
        name: current_value(settings, name)
        for name, declaration in all_declarations().items()
        if name.partition(".")[0] == "followup" and declaration.stage != "drawing"
    }
    return result_values(settings, wing) | own


def comparison_digest(settings: Settings, wing: Wing) -> str:
    """Return the digest of the settings that can change a number of this wing's comparisons."""
    return digest(comparison_values(settings, wing))


def settings_digest(settings: Settings, wing: Wing) -> str:
    """Return the digest (16 hex digits of SHA-256) of this wing's result-changing settings."""
    return digest(result_values(settings, wing))


def digest(document: object) -> str:
    """Return 16 hex digits of the SHA-256 of a JSON document with sorted keys."""
    text = json.dumps(document, sort_keys=True, ensure_ascii=True, allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _group_type(name: str) -> type:
    groups: dict[str, type] = {
        "photo": PhotoSettings,
        "hair": HairSettings,
        "face": FaceSettings,
        "followup": FollowupSettings,
    }
    return groups[name]
