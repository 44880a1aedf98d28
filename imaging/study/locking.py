"""Settings frozen for a trial: a lock file says which, when and why, and a run obeys it.

A lock is a settings file like any other, with ``provenance.lock`` below it: the digests of every
setting that can change a number of either wing, the versions of their algorithms, the day and the
reason.  A run under a lock takes its settings from the file and refuses any that differ.

Locks of earlier versions hold no setting of the follow-up.  Runs that score photos obey them as
before; a follow-up refuses them, because nothing would show that its settings were chosen before
the data.
"""

from __future__ import annotations

import datetime
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, get_args

import tomli_w

from .. import __version__
from ..errors import SettingsError
from ..settings import (
    EffectiveSettings,
    Settings,
    Wing,
    comparison_values,
    current_value,
    digest,
    parse_toml,
    replace_values,
    result_values,
    settings_digest,
    tables_of_groups,
)
from .pair_wings import load_pair_wing
from .run_record import RunRecord, current_versions
from .wings import check_segmenters, load_wing

_WINGS: tuple[Wing, ...] = get_args(Wing)
#: Differences that are told one by one.
_TOLD = 5
_MOST_REASON = 500


@dataclass(frozen=True)
class Lock:
    """A lock as read: the settings it freezes, and what it says of itself.

    Parameters
    ----------
    values : mapping
        Every frozen setting by dotted name.
    digests : mapping of wing to digest
    algorithm_versions : mapping of wing to version
    followup_versions : mapping of wing to version
        Of the algorithms that compare; empty in a lock that holds no follow-up.
    reason, locked_at : str
    lock_digest : str
        Of all the above; a run's record holds it.
    origin : str
        The file, for messages.
    """

    values: Mapping[str, Any]
    digests: Mapping[str, str]
    algorithm_versions: Mapping[str, str]
    followup_versions: Mapping[str, str]
    reason: str
    locked_at: str
    lock_digest: str
    origin: str

    @property
    def settings(self) -> Settings:
        """The frozen settings."""
        return replace_values(Settings(), self.values)


def lock_document(settings: Settings, *, reason: str, now: datetime.datetime) -> dict[str, Any]:
    """Return a lock file of these settings.

    Parameters
    ----------
    settings : Settings
    reason : str
        Why, in a sentence: the protocol, the day of the data.
    now : datetime
        With its time zone.

    Raises
    ------
    SettingsError
        The reason is empty or too long, or there is no segmenter of the name.
    ModelError
        The weights of a segmenter are missing or have been tampered with.
    """
    check_segmenters(settings)
    told = " ".join(reason.split())
    if not told or len(told) > _MOST_REASON:
        raise SettingsError(
            f"A lock needs a reason of 1 to {_MOST_REASON} characters, not {len(told)}.",
            remedy='For example --reason "protocol 2.1, before the first patient".',
        )
    values: dict[str, Any] = {}
    for wing in _WINGS:
        values |= comparison_values(settings, wing)
    document: dict[str, Any] = tables_of_groups(dict(sorted(values.items())))
    lock = {
        "reason": told,
        "locked_at": now.isoformat(timespec="seconds"),
        "digests": {wing: settings_digest(settings, wing) for wing in _WINGS},
        "algorithm_versions": {wing: load_wing(wing).algorithm_version for wing in _WINGS},
        "followup_versions": {wing: load_pair_wing(wing).algorithm_version for wing in _WINGS},
    }
    lock["lock_digest"] = digest([values, lock])
    document["provenance"] = {
        "made_by": f"dermetry {__version__} config lock",
        "lock": lock,
        "versions": current_versions(),
    }
    return document


def lock_text(settings: Settings, *, reason: str, now: datetime.datetime) -> str:
    """Return the text of a lock file; see `lock_document`."""
    head = (
        "# Settings locked for a trial. A run with --locked and this file refuses all others.\n"
        "# Do not edit: the digests below would no longer hold.\n\n"
    )
    return head + tomli_w.dumps(lock_document(settings, reason=reason, now=now))


def read_lock(content: bytes, *, origin: str) -> Lock:
    """Read a lock file and check that nobody has changed it.

    Raises
    ------
    SettingsError
        It is no lock file, or its settings are not those that were locked.
    """
    values = parse_toml(content, origin=origin)
    provenance = tomllib.loads(content.decode("utf-8")).get("provenance")
    lock = provenance.get("lock") if isinstance(provenance, dict) else None
    remedy = "Make one with dermetry config lock FILE --reason ..."
    if not isinstance(lock, dict):
        raise SettingsError(f"{origin} is no lock file.", remedy=remedy)
    settings = replace_values(Settings(), values)
    stated = lock.pop("lock_digest", "")
    try:
        found = Lock(
            values={name: current_value(settings, name) for name in values},
            digests=dict(lock["digests"]),
            algorithm_versions=dict(lock["algorithm_versions"]),
            followup_versions=dict(lock.get("followup_versions", {})),
            reason=str(lock["reason"]),
            locked_at=str(lock["locked_at"]),
            lock_digest=str(stated),
            origin=origin,
        )
        is_whole = digest([found.values, lock]) == stated
    except (KeyError, TypeError, ValueError) as err:
        raise SettingsError(f"{origin} is a broken lock file.", remedy=remedy) from err
    if not is_whole:
        raise SettingsError(
            f"{origin} was changed after it was locked: its digest does not hold.",
            remedy="Use the file as it was locked, or lock the new settings under a new reason.",
        )
    return found


def obey(
    lock: Lock, asked: EffectiveSettings, *, wing: Wing, is_followup: bool = False
) -> EffectiveSettings:
    """Return the locked settings, with what changes no number as asked for.

    Parameters
    ----------
    lock : Lock
    asked : EffectiveSettings
        Settings of files and options; those not given come from the lock.
    wing : {"hair", "face"}
    is_followup : bool
        Whether the run compares photos as well: the lock then holds for the settings and the
        algorithm of that too.

    Raises
    ------
    SettingsError
        A setting was asked for that differs from the locked one, a setting is not in the lock, or
        an algorithm of the wing is another one than that locked.
    """
    if is_followup and wing not in lock.followup_versions:
        raise SettingsError(
            f"{lock.origin} locks the scoring of photos alone, not the settings of a follow-up.",
            remedy="Lock again with this version and give the reason.",
        )
    numeric = comparison_values if is_followup else result_values
    needed = numeric(asked.settings, wing)
    missing = [name for name in needed if name not in lock.values]
    if missing:
        raise SettingsError(
            f"{lock.origin} was locked by a version without {', '.join(missing[:_TOLD])}.",
            remedy="Use the version that locked it, or lock again and give the reason.",
        )
    different = [
        f"{name} = {current_value(asked.settings, name)} (locked: {lock.values[name]})"
        for name in asked.origins
        if name in needed and current_value(asked.settings, name) != lock.values[name]
    ]
    if different:
        more = len(different) - _TOLD
        rest = f" and {more} more" if more > 0 else ""
        raise SettingsError(
            f"{lock.origin} locks other settings: {'; '.join(different[:_TOLD])}{rest}.",
            remedy="Leave those out, or run without --locked; the ledger tells which runs were.",
        )
    versions = [(f"{wing} algorithm", lock.algorithm_versions, load_wing(wing).algorithm_version)]
    if is_followup:
        what = f"algorithm of the {wing} follow-up"
        versions.append((what, lock.followup_versions, load_pair_wing(wing).algorithm_version))
    for what, locked, version in versions:
        if version != locked.get(wing, ""):
            raise SettingsError(
                f"{lock.origin} locks version {locked.get(wing, '')} of the {what}; "
                f"this is {version}.",
                remedy="Use the program version that locked it, or lock again and give the reason.",
            )
    frozen = {name: lock.values[name] for name in needed}
    settings = replace_values(asked.settings, frozen)
    return EffectiveSettings(settings, {**asked.origins, **dict.fromkeys(frozen, lock.origin)})


def lock_remarks(runs: Sequence[RunRecord], *, blind: bool = False) -> list[str]:
    """Return what the runs of one ledger, oldest first, say of locks: obeyed, left, or changed.

    Dates and reasons, which may tell the visit, are kept out when ``blind``.
    """
    locked = [run for run in runs if run.lock_digest]
    if not locked:
        return []
    last, first = runs[-1], locked[0]
    remarks = []
    if last.lock_digest:
        locked_on = "" if blind else f" on {last.locked_at} ({last.lock_reason})"
        remarks.append(f"Settings locked{locked_on}; lock {last.lock_digest} was obeyed.")
    else:
        change = (
            "the same settings of scoring"
            if last.settings_digest == first.settings_digest
            else f"other settings ({last.settings_digest} instead of {first.settings_digest})"
        )
        begun, reason = (
            ("", "") if blind else (f", of {first.started_at},", f" ({first.lock_reason})")
        )
        remarks.append(
            f"An earlier run of this folder{begun} was locked by {first.lock_digest}{reason}; "
            f"the last one is not, and has {change}."
        )
    others = sorted({run.lock_digest for run in locked} - {last.lock_digest or first.lock_digest})
    if others:
        remarks.append(f"Runs of this folder also obeyed other locks: {', '.join(others)}.")
    after = runs[runs.index(first) + 1 :]
    free = sum(not run.lock_digest for run in after)
    if free and last.lock_digest:
        remarks.append(f"{free} runs after the first lock obeyed none.")
    return remarks
