"""The ledger: one SQLite file per output folder, the only place where results are kept.

Every table and report is rebuilt from it alone.  One process writes, in one transaction per photo;
SQLite's rollback journal undoes what a kill cut short.  Write-ahead logging is not used: it needs
shared memory, which network folders do not have, and it spreads the ledger over three files, so
that a copy of one is not a copy of the study.
"""

from __future__ import annotations

import dataclasses
import json
import os
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from ..errors import LedgerError, OutputError
from ..photo.reading import LEDGER_NAME
from ..records.outcome import Measured, Outcome, with_flag
from .ledger_json import dump_result, dump_run, load_outcome, load_run
from .lock import WriteLock
from .packing import unpack_rows
from .run_record import RunRecord
from .wings import WingName

#: Goes up when the tables below change; a ledger of a later program is refused.
SCHEMA_VERSION = 1
#: A reader (export while a run goes on) holds a commit up for no longer than it reads.
_BUSY_SECONDS = 60
#: SQLite takes a limited number of values per statement.
_CHUNK = 500

_metadata = sa.MetaData()
_meta = sa.Table(
    "meta",
    _metadata,
    sa.Column("key", sa.Text, primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
)
_runs = sa.Table(
    "runs",
    _metadata,
    sa.Column("run_id", sa.Integer, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)
_photos = sa.Table(
    "photos",
    _metadata,
    sa.Column("photo_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False, index=True),
    # Bytes: a file name need not be text.
    sa.Column("path", sa.LargeBinary, nullable=False),
    sa.Column("inputs", sa.Text, nullable=False),
    sa.Column("sha256", sa.Text, nullable=False),
    sa.Column("settings_digest", sa.Text, nullable=False),
    sa.Column("inputs_digest", sa.Text, nullable=False),
    sa.Column("weights_digest", sa.Text, nullable=False),
    sa.Column("algorithm_version", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("is_scored", sa.Boolean, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)
_tables = sa.Table(
    "photo_tables",
    _metadata,
    sa.Column("photo_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)
_manifest = sa.Table(
    "manifest",
    _metadata,
    sa.Column("photo_id", sa.Text, primary_key=True),
    sa.Column("cells", sa.Text, nullable=False),
)


class Ledger:
    """An open ledger.  Use `open_for_writing` or `open_for_reading`, and `close` it."""

    def __init__(self, path: Path, *, lock: WriteLock | None) -> None:
        self.path = path
        self._lock = lock
        self._engine = sa.create_engine(
            sa.URL.create("sqlite", database=str(path)),
            connect_args={"timeout": _BUSY_SECONDS},
            poolclass=sa.pool.NullPool,
        )

    def close(self) -> None:
        """Release the file and, for a writer, the folder."""
        self._engine.dispose()
        if self._lock is not None:
            self._lock.release()

    def __enter__(self) -> Ledger:
        return self

    def __exit__(self, *details: object) -> None:
        self.close()

    # -- writing ----------------------------------------------------------------------------------

    def begin_run(
        self,
        record: RunRecord,
        *,
        done: Sequence[tuple[str, str]],
        manifest: Mapping[str, Mapping[str, str]],
    ) -> int:
        """Start a run: keep its record and manifest, and count its done photos in.

        `done` holds the id of each and its path, which may have changed since it was scored.
        Tables show the photos of the last run; what earlier runs scored besides stays in the
        ledger and is found again when a later run asks for it.
        """
        with self.transaction() as connection:
            inserted = connection.execute(_runs.insert().values(record=dump_run(record)))
            run_id = int(inserted.inserted_primary_key[0])  # type: ignore[index]
            if done:
                connection.execute(
                    _photos.update()
                    .where(_photos.c.photo_id == sa.bindparam("id"))
                    .values(run_id=run_id, path=sa.bindparam("place")),
                    [{"id": photo_id, "place": os.fsencode(path)} for photo_id, path in done],
                )
            connection.execute(_manifest.delete())
            if manifest:
                connection.execute(
                    _manifest.insert(),
                    [
                        {"photo_id": photo_id, "cells": json.dumps(cells, ensure_ascii=False)}
                        for photo_id, cells in manifest.items()
                    ],
                )
        return run_id

    def record(self, run_id: int, outcome: Outcome, *, inputs: Mapping[str, Any]) -> None:
        """Keep the end of one photo, in place of an earlier one."""
        provenance = outcome.provenance
        values = {
            **dataclasses.asdict(provenance),
            "run_id": run_id,
            "path": os.fsencode(outcome.path),
            "inputs": json.dumps(inputs),
            "seconds": outcome.seconds,
            "is_scored": outcome.is_scored,
            "result": dump_result(outcome.result),
        }
        tables = outcome.result.tables if isinstance(outcome.result, Measured) else {}
        with self.transaction() as connection:
            statement = upsert(_photos).values(values)
            connection.execute(
                statement.on_conflict_do_update(index_elements=["photo_id"], set_=values)
            )
            connection.execute(_tables.delete().where(_tables.c.photo_id == outcome.photo_id))
            for name, packed in tables.items():
                connection.execute(
                    _tables.insert().values(photo_id=outcome.photo_id, name=name, packed=packed)
                )

    def finish_run(self, run_id: int, record: RunRecord) -> None:
        """Keep how the run ended."""
        with self.transaction() as connection:
            connection.execute(
                _runs.update().where(_runs.c.run_id == run_id).values(record=dump_run(record))
            )

    # -- reading ----------------------------------------------------------------------------------

    def last_run(self) -> RunRecord:
        """Return the record of the last run.

        Raises
        ------
        LedgerError
            No run was ever started.
        """
        with self.transaction() as connection:
            text = connection.execute(
                sa.select(_runs.c.record).order_by(_runs.c.run_id.desc()).limit(1)
            ).scalar_one_or_none()
        if text is None:
            raise LedgerError(f"{self.path} holds no run.", remedy="Score some photos first.")
        return load_run(text)

    def runs(self) -> list[RunRecord]:
        """Return the records of all runs, oldest first."""
        with self.transaction() as connection:
            rows = connection.execute(sa.select(_runs.c.record).order_by(_runs.c.run_id))
            return [load_run(text) for (text,) in rows]

    def earlier(self, photo_ids: Sequence[str]) -> dict[str, Outcome]:
        """Return what any run has kept of these photos, without their tables."""
        found: dict[str, Outcome] = {}
        with self.transaction() as connection:
            for start in range(0, len(photo_ids), _CHUNK):
                chunk = photo_ids[start : start + _CHUNK]
                rows = connection.execute(
                    sa.select(_photos).where(_photos.c.photo_id.in_(chunk))
                ).mappings()
                found |= {row["photo_id"]: load_outcome(dict(row)) for row in rows}
        return found

    def packed_tables(self, photo_id: str) -> dict[str, bytes]:
        """Return the packed rows of one photo by the name of their table."""
        statement = sa.select(_tables.c.name, _tables.c.packed)
        with self.transaction() as connection:
            rows = connection.execute(statement.where(_tables.c.photo_id == photo_id))
            return {row.name: row.packed for row in rows}

    def outcomes(self) -> Iterator[Outcome]:
        """Yield the ends of the last run's photos, sorted by `photo_id`, without their tables.

        A photo that the run's manifest does not list has the flag ``not_in_manifest``: it is a
        fact of the run, not of the photo, and so not kept with its score.
        """
        listed = set(self.manifest()) if self.last_run().manifest_name else None
        for row in self._last_photos(_photos):
            outcome = load_outcome(row)
            if listed is not None and outcome.photo_id not in listed:
                outcome = with_flag(outcome, "not_in_manifest")
            yield outcome

    def inputs(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """Yield `photo_id` and the photo's own inputs, for the last run's photos."""
        for row in self._last_photos(_photos.c.photo_id, _photos.c.inputs):
            yield row["photo_id"], json.loads(row["inputs"])

    def table_rows(self, name: str) -> Iterator[tuple[str, list[dict[str, object]]]]:
        """Yield `photo_id` and its rows of one table, for the last run's photos, sorted."""
        joined = sa.and_(_tables.c.photo_id == _photos.c.photo_id, _tables.c.name == name)
        statement = (
            sa.select(_photos.c.photo_id, _tables.c.packed)
            .join(_tables, joined)
            .where(_photos.c.run_id == last_run_id())
            .order_by(_photos.c.photo_id)
        )
        with self.transaction() as connection:
            for photo_id, packed in connection.execute(statement):
                yield photo_id, unpack_rows(packed)

    def manifest(self) -> dict[str, dict[str, str]]:
        """Return the last run's manifest: the cells of each photo by column name."""
        with self.transaction() as connection:
            rows = connection.execute(sa.select(_manifest).order_by(_manifest.c.photo_id))
            return {photo_id: json.loads(cells) for photo_id, cells in rows}

    def photos_of_earlier_runs(self) -> int:
        """Return how many photos the ledger keeps that the last run did not ask for."""
        with self.transaction() as connection:
            return connection.execute(
                sa.select(sa.func.count())
                .select_from(_photos)
                .where(_photos.c.run_id != last_run_id())
            ).scalar_one()

    def _last_photos(self, *columns: Any) -> Iterator[Mapping[str, Any]]:
        statement = (
            sa.select(*columns)
            .where(_photos.c.run_id == last_run_id())
            .order_by(_photos.c.photo_id)
        )
        with self.transaction() as connection:
            for row in connection.execute(statement).mappings():
                yield dict(row)

    # -- the file itself --------------------------------------------------------------------------

    @contextmanager
    def transaction(self) -> Iterator[sa.Connection]:
        """Give a connection whose work is kept whole or not at all."""
        try:
            with self._engine.begin() as connection:
                yield connection
        except SQLAlchemyError as err:
            raise _told(self.path, err) from err

    def prepare(self, wing: WingName, *, may_create: bool) -> None:
        """Check that this is a healthy ledger of this program and wing; make it when new."""
        with self.transaction() as connection:
            names = set(sa.inspect(connection).get_table_names())
            if not names and may_create:
                _metadata.create_all(connection)
                connection.execute(
                    _meta.insert(),
                    [
                        {"key": "program", "value": "dermetry"},
                        {"key": "schema_version", "value": str(SCHEMA_VERSION)},
                        {"key": "wing", "value": wing},
                    ],
                )
                return
        self.check(wing)

    def check(self, wing: WingName | None = None) -> None:
        """Refuse a file that is not a healthy ledger, or is one of another wing."""
        with self.transaction() as connection:
            if "meta" not in sa.inspect(connection).get_table_names():
                raise LedgerError(f"{self.path} was not written by Dermetry.")
            try:
                rows = connection.execute(sa.select(_meta.c.key, _meta.c.value)).all()
            except DBAPIError as err:
                raise LedgerError(f"{self.path} was not written by Dermetry.") from err
            meta = {str(key): str(value) for key, value in rows}
            if meta.get("program") != "dermetry":
                raise LedgerError(f"{self.path} was not written by Dermetry.")
            version = meta.get("schema_version", "")
            if version != str(SCHEMA_VERSION):
                raise LedgerError(
                    f"{self.path} has ledger version {version}; this program knows "
                    f"version {SCHEMA_VERSION}.",
                    remedy="Use the version of Dermetry that wrote it, or another folder.",
                )
            if wing is not None and meta.get("wing") != wing:
                raise LedgerError(
                    f"{self.path} belongs to a {meta.get('wing')} run, not to a {wing} run."
                )
            verdict = connection.exec_driver_sql("PRAGMA quick_check(1)").scalar_one()
        if verdict != "ok":
            raise LedgerError(
                f"{self.path} is damaged: {verdict}.",
                remedy="Restore it from a copy, or score again into another folder.",
            )


def open_for_writing(out_dir: Path, wing: WingName) -> Ledger:
    """Open or make the ledger of an output folder as its only writer.

    Raises
    ------
    LedgerError
        Another process writes into the folder; the ledger belongs to another wing, program or
        version, or is damaged.
    OutputError
        The folder cannot be written.
    """
    lock = WriteLock(out_dir)
    lock.acquire()
    ledger = Ledger(out_dir / LEDGER_NAME, lock=lock)
    try:
        ledger.prepare(wing, may_create=True)
    except BaseException:
        ledger.close()
        raise
    return ledger


def open_for_reading(out_dir: Path) -> Ledger:
    """Open the ledger of an output folder; raises `LedgerError` when there is no healthy one."""
    path = out_dir / LEDGER_NAME
    if not path.is_file():
        raise LedgerError(
            f"{out_dir} holds no {LEDGER_NAME}.",
            remedy="Name the folder that was given as --out.",
        )
    ledger = Ledger(path, lock=None)
    try:
        ledger.check()
    except BaseException:
        ledger.close()
        raise
    return ledger


def last_run_id() -> sa.ScalarSelect[Any]:
    """Return the id of the last run as a part of a statement."""
    return sa.select(sa.func.max(_runs.c.run_id)).scalar_subquery()


def _told(path: Path, err: SQLAlchemyError) -> LedgerError | OutputError:
    """Return what to tell of a database error."""
    cause = getattr(err, "orig", None)
    code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return LedgerError(
            f"{path} is in use by another process.", remedy="Wait until it has ended."
        )
    reasons = {
        sqlite3.SQLITE_FULL: "the disk is full",
        sqlite3.SQLITE_IOERR: "the disk does not take more, or failed",
        sqlite3.SQLITE_READONLY: "it is read-only",
        sqlite3.SQLITE_CANTOPEN: "it cannot be opened",
        sqlite3.SQLITE_PERM: "permission was denied",
    }
    if code in reasons:
        return OutputError(f"{path} cannot be written: {reasons[code]}.")
    return LedgerError(
        f"{path} is damaged or was not written by Dermetry ({cause or err}).",
        remedy="Restore it from a copy, or choose another folder for --out.",
    )
