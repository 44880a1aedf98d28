"""Which settings a tuning moves, over which values, and the choices of them that are tried."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from ..errors import UsageError
from ..settings import (
    STAGES,
    Declaration,
    Settings,
    all_declarations,
    check_value,
    current_value,
    replace_values,
)
from ..settings.declare import Value
from .wings import WingName

#: A range whose ends differ by more than this factor is walked in equal ratios.
_WIDE_RATIO = 12.0
#: Digits of the values tried: enough for any threshold, short enough to read in a file.
_DIGITS = 4
#: Grids of more points are a typing error, or a week.
MOST_POINTS = 20_000


@dataclass(frozen=True)
class Axis:
    """One setting to move: its name, declaration, and the values tried, in order."""

    name: str
    declaration: Declaration
    values: tuple[Value, ...]

    @property
    def is_number(self) -> bool:
        """Whether its values have distances."""
        default = self.declaration.default
        return isinstance(default, (int, float)) and not isinstance(default, bool)

    def with_value(self, value: Value) -> Axis:
        """Return the axis with one more value in its place."""
        if value in self.values:
            return self
        values = (*self.values, value)
        ordered = tuple(sorted(values, key=float)) if self.is_number else values
        return Axis(self.name, self.declaration, ordered)


#: A choice of values by setting, in the order of the axes.
Point = tuple[tuple[str, Value], ...]


def parse_axis(text: str, base: Settings, *, wing: WingName, steps: int) -> Axis:
    """Return the axis that ``NAME``, ``NAME=LOW:HIGH[:STEPS]`` or ``NAME=A,B,C`` asks for.

    Without a range it is walked from the setting's own low to its high.

    Raises
    ------
    SettingsError
        There is no such setting, or a value is out of its range.
    UsageError
        The setting changes no number of this wing, or the range is empty.
    """
    name, _, given = text.partition("=")
    name = name.strip()
    known = all_declarations()
    if name not in known:
        # Says which is nearest.
        replace_values(base, {name: 0})
    declaration = known[name]
    group = name.partition(".")[0]
    if group not in ("photo", wing) or declaration.stage in ("reading", "drawing"):
        raise UsageError(
            f"{name} changes no number of a {wing} photo.",
            remedy=f"Choose a setting of {wing} or photo whose stage is evidence, tracing or "
            "measuring; dermetry config show lists them.",
        )
    values = _values(name, given.strip(), declaration, steps)
    if len(set(values)) < 2:
        raise UsageError(
            f"{text!r} leaves one value of {name} to try.", remedy="Give a range: NAME=LOW:HIGH."
        )
    return Axis(name, declaration, values).with_value(current_value(base, name))


def _values(name: str, given: str, declaration: Declaration, steps: int) -> tuple[Value, ...]:
    default = declaration.default
    if isinstance(default, bool):
        return (False, True)
    if "," in given or (isinstance(default, str) and given):
        checked = [check_value(name, part.strip(), declaration) for part in given.split(",")]
        return tuple(sorted(set(checked), key=lambda v: (isinstance(v, str), v)))
    if isinstance(default, str):
        if not declaration.choices:
            raise UsageError(
                f"{name} takes any text; say which to try.", remedy=f"For example {name}=A,B."
            )
        return declaration.choices
    low, high, count = _range(name, given, declaration, steps)
    if count < 2:
        raise UsageError(f"{name}: {count} steps are too few.", remedy="Try 2 or more.")
    is_wide = low > 0 and high / low >= _WIDE_RATIO
    spread = np.geomspace(low, high, count) if is_wide else np.linspace(low, high, count)
    if isinstance(default, int):
        return tuple(sorted({round(float(value)) for value in spread}))
    # The ends stay as they were given.
    inner = [float(f"{value:.{_DIGITS}g}") for value in spread[1:-1]]
    return tuple(sorted({low, *inner, high}))


def _range(name: str, given: str, declaration: Declaration, steps: int) -> tuple[float, float, int]:
    if not given:
        if declaration.low is None or declaration.high is None:
            raise UsageError(f"{name} has no range of its own.", remedy="Give NAME=LOW:HIGH.")
        return declaration.low, declaration.high, steps
    parts = given.split(":")
    if len(parts) not in (2, 3):
        raise UsageError(
            f"{name}={given} is no range.", remedy="Write NAME=LOW:HIGH, NAME=LOW:HIGH:STEPS, or "
            "NAME=A,B,C."
        )  # fmt: skip
    low, high = (float(check_value(name, part.strip(), declaration)) for part in parts[:2])
    if low >= high:
        raise UsageError(f"{name}={given}: {low:g} is not below {high:g}.")
    if len(parts) == 2:
        return low, high, steps
    try:
        return low, high, int(parts[2])
    except ValueError as err:
        raise UsageError(f"{name}={given}: {parts[2]!r} is no number of steps.") from err


def settings_at(base: Settings, point: Point) -> Settings:
    """Return the settings at a point."""
    return replace_values(base, dict(point))


def base_point(axes: Sequence[Axis], base: Settings) -> Point:
    """Return where the settings in force lie."""
    return tuple((axis.name, current_value(base, axis.name)) for axis in axes)


def moved(point: Point, name: str, value: Value) -> Point:
    """Return the point with one setting at another value."""
    return tuple((n, value if n == name else v) for n, v in point)


def curve_points(axes: Sequence[Axis], at: Point) -> list[Point]:
    """Return the points of one setting at a time: each axis through `at`, and `at` itself."""
    points = [at]
    points += [moved(at, axis.name, value) for axis in axes for value in axis.values]
    return list(dict.fromkeys(points))


def grid_points(axes: Sequence[Axis]) -> list[Point]:
    """Return every combination; raises `UsageError` when there are too many."""
    count = math.prod(len(axis.values) for axis in axes)
    if count > MOST_POINTS:
        raise UsageError(
            f"The grid has {count} points; {MOST_POINTS} is the limit.",
            remedy="Give fewer steps, or use --search sample.",
        )
    names = [axis.name for axis in axes]
    return [
        tuple(zip(names, values, strict=True))
        for values in itertools.product(*(axis.values for axis in axes))
    ]


def sampled_points(axes: Sequence[Axis], count: int, *, seed: int) -> list[Point]:
    """Return points of a scrambled Sobol sequence: any number of settings, evenly filled."""
    if not 2 <= count <= MOST_POINTS:
        raise UsageError(f"--samples {count} should lie between 2 and {MOST_POINTS}.")
    # A whole power of two keeps the sequence even; its beginning is taken.
    exponent = math.ceil(math.log2(count))
    sampler = qmc.Sobol(len(axes), scramble=True, rng=np.random.default_rng(seed))
    unit = sampler.random_base2(exponent)[:count]
    points = [
        tuple((axis.name, _at(axis, float(u))) for axis, u in zip(axes, row, strict=True))
        for row in unit
    ]
    return list(dict.fromkeys(points))


def _at(axis: Axis, unit: float) -> Value:
    """Return the value of an axis at this share of its walk, between its values too."""
    if not axis.is_number:
        return axis.values[min(int(unit * len(axis.values)), len(axis.values) - 1)]
    place = unit * (len(axis.values) - 1)
    left = min(int(place), len(axis.values) - 2)
    low, high = float(axis.values[left]), float(axis.values[left + 1])
    value = low + (place - left) * (high - low)
    is_whole = isinstance(axis.declaration.default, int)
    return round(value) if is_whole else float(f"{value:.{_DIGITS}g}")


def place_of(axis: Axis, value: Value) -> float:
    """Return where a value lies on its axis, 0 to 1 in equal steps of the values tried."""
    if value in axis.values:
        return axis.values.index(value) / (len(axis.values) - 1)
    return float(np.interp(float(value), [float(v) for v in axis.values], _unit(axis)))


def dearest_first(points: Sequence[Point]) -> list[Point]:
    """Return points so that those that share what costs most follow each other."""
    stage_of = {name: STAGES.index(d.stage) for name, d in all_declarations().items()}

    def key(point: Point) -> list[tuple[bool, float | str]]:
        ordered = sorted(point, key=lambda pair: (stage_of[pair[0]], pair[0]))
        return [(isinstance(v, str), v) for _, v in ordered]

    return sorted(points, key=key)


def _unit(axis: Axis) -> list[float]:
    return [index / (len(axis.values) - 1) for index in range(len(axis.values))]
