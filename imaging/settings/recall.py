"""Steps that a sweep of settings need not do twice.

Inside `remembering`, a step called through `recall` is done again only when something that it read
has changed: its result is kept with its arguments and with the value of every setting that it read
on its way.  Which settings those are is watched while it runs, so that no list of them can go
stale: a step that reads the same values from the same inputs takes the same way to the same result.
Outside `remembering`, `recall` is a plain call.

A step must be a function of its arguments alone, and nobody may change what it gave back.
"""

from __future__ import annotations

import dataclasses
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import cache
from typing import Any, ParamSpec, TypeVar

from .effective import Settings
from .face import FaceSettings
from .hair import HairSettings
from .photo import PhotoSettings

P = ParamSpec("P")
R = TypeVar("R")

_GROUPS = (Settings, PhotoSettings, HairSettings, FaceSettings)
_PLAIN = (bool, int, float, str, bytes, type(None))
#: Results kept of one step: that of the settings all others are compared with, and the last one.
#: The evidence of one photo takes a hundred megabytes.
_KEPT = 2


@dataclass(frozen=True)
class _Kept:
    """One result: the arguments it was made of, and by argument the settings it read."""

    key: tuple[object, ...]
    arguments: tuple[object, ...]
    reads: Mapping[int, Mapping[str, object]]
    result: Any


class Memory:
    """What steps gave back on one photo.

    Parameters
    ----------
    kept : int
        Results kept of one step, the last used ones.
    """

    def __init__(self, *, kept: int = _KEPT) -> None:
        self._kept = kept
        self._results: dict[Callable[..., Any], list[_Kept]] = defaultdict(list)
        self.done = 0
        self.recalled = 0

    def call(self, step: Callable[..., R], args: tuple[Any, ...], kwargs: dict[str, Any]) -> R:
        """Return what the step gives, from memory where it can."""
        arguments = (*args, *kwargs.values())
        key = (tuple(kwargs), *(_identity(argument) for argument in arguments))
        results = self._results[step]
        for found in results:
            if found.key == key and all(
                _value(arguments[at], name) == value
                for at, reads in found.reads.items()
                for name, value in reads.items()
            ):
                results.remove(found)
                results.append(found)
                self.recalled += 1
                for at, reads in found.reads.items():
                    _pass_on(arguments[at], reads)
                return found.result  # type: ignore[no-any-return]
        noting = {at: set[str]() for at, a in enumerate(arguments) if isinstance(a, _GROUPS)}
        watched = [_watch(a, noting[at]) if at in noting else a for at, a in enumerate(arguments)]
        result = step(*watched[: len(args)], **dict(zip(kwargs, watched[len(args) :], strict=True)))
        self.done += 1
        noted = {
            at: {name: _value(arguments[at], name) for name in names}
            for at, names in noting.items()
        }
        for at, values in noted.items():
            _pass_on(arguments[at], values)
        results.append(_Kept(key, arguments, noted, result))
        del results[: -self._kept]
        return result


_memory: ContextVar[Memory | None] = ContextVar("memory", default=None)


@contextmanager
def remembering(memory: Memory) -> Iterator[Memory]:
    """Let `recall` use this memory."""
    token = _memory.set(memory)
    try:
        yield memory
    finally:
        _memory.reset(token)


def recall(step: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """Return ``step(*args, **kwargs)``, inside `remembering` from memory where it can.

    Arrays and records are the same when they are the same object; plain values and settings when
    they are equal.
    """
    memory = _memory.get()
    return step(*args, **kwargs) if memory is None else memory.call(step, args, kwargs)


def _identity(argument: object) -> object:
    if isinstance(argument, _GROUPS):
        return "settings"
    if isinstance(argument, _PLAIN) or (
        isinstance(argument, tuple) and all(isinstance(part, _PLAIN) for part in argument)
    ):
        # NaN differs from itself, but its text does not.
        return repr(argument)
    # The kept result holds on to the argument, so that no other object gets its number.
    return id(argument)


# --- Settings that note which of their fields are read -------------------------------------------


def _watch(settings: Any, reads: set[str], prefix: str = "") -> Any:
    """Return a copy that adds the dotted name of every field read to `reads`."""
    kind: Any = type(settings)
    watched: Any = object.__new__(_watched_kind(getattr(kind, "plain_kind", kind)))
    held = object.__getattribute__(settings, "__dict__")
    inner = object.__getattribute__(watched, "__dict__")
    inner.update({field.name: held[field.name] for field in dataclasses.fields(settings)})
    inner["reads"], inner["prefix"] = reads, prefix
    return watched


@cache
def _watched_kind(kind: type) -> type:
    names = frozenset(field.name for field in dataclasses.fields(kind))

    def get(self: object, name: str) -> object:
        value = object.__getattribute__(self, name)
        if name not in names:
            return value
        reads: set[str] = object.__getattribute__(self, "reads")
        dotted = f"{object.__getattribute__(self, 'prefix')}{name}"
        if isinstance(value, _GROUPS):
            return _watch(value, reads, f"{dotted}.")
        reads.add(dotted)
        return value

    return type(kind.__name__, (kind,), {"plain_kind": kind, "__getattribute__": get})


def _value(settings: object, dotted: str) -> object:
    """Return a field without noting that it was read."""
    value = settings
    for name in dotted.split("."):
        value = object.__getattribute__(value, "__dict__")[name]
    return value


def _pass_on(settings: object, names: Mapping[str, object]) -> None:
    """Note in the caller's own settings, if they are watched, what a step of it has read."""
    held = object.__getattribute__(settings, "__dict__")
    if "reads" in held:
        held["reads"].update(f"{held['prefix']}{name}" for name in names)
