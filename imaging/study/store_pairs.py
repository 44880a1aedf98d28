"""The follow-up's part of the ledger: pairs, their tables, and how they were asked for.

Its tables are made when a follow-up is first run into a folder; a ledger without them is one of
photos alone.
"""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.sqlite import insert as upsert

from ..records import PairRow
from ..records.outcome import Failure, FailureRow, Provenance
from .comparing import Compared, PairOutcome, PairProvenance
from .packing import decode_values, encode_values, unpack_rows
from .store import Ledger, last_run_id

_metadata = sa.MetaData()
_requests = sa.Table(
    "followup_requests",
    _metadata,
    sa.Column("run_id", sa.Integer, primary_key=True),
    sa.Column("record", sa.Text, nullable=False),
)
_pairs = sa.Table(
    "pairs",
    _metadata,
    sa.Column("baseline_id", sa.Text, primary_key=True),
    sa.Column("followup_id", sa.Text, primary_key=True),
    sa.Column("run_id", sa.Integer, nullable=False, index=True),
    # The order of the pairs in the run: by subject, site and visit.
    sa.Column("position", sa.Integer, nullable=False),
    sa.Column("named", sa.Text, nullable=False),
    sa.Column("provenance", sa.Text, nullable=False),
    sa.Column("seconds", sa.Float, nullable=False),
    sa.Column("is_compared", sa.Boolean, nullable=False),
    sa.Column("result", sa.Text, nullable=False),
)
_tables = sa.Table(
    "pair_tables",
    _metadata,
    sa.Column("baseline_id", sa.Text, primary_key=True),
    sa.Column("followup_id", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("packed", sa.LargeBinary, nullable=False),
)


@dataclass(frozen=True)
class FollowupRequest:
    """What a run was asked to compare.

    Parameters
    ----------
    pairs : int
    visits : tuple of str
        All visits in order.
    refusals : tuple of FailureRow
        What could not be paired.
    settings : mapping
        The follow-up's own settings by dotted name.
    baseline : str
        The reference visit that was named; empty for the first.
    """

    pairs: int
    visits: tuple[str, ...]
    refusals: tuple[FailureRow, ...]
    settings: Mapping[str, Any]
    baseline: str = ""


def begin_comparison(ledger: Ledger, request: FollowupRequest) -> None:
    """Keep what the last run was asked to compare; make the tables when they are new."""
    record = json.dumps(dataclasses.asdict(request), ensure_ascii=False)
    with ledger.transaction() as connection:
        _metadata.create_all(connection)
        values = {"run_id": connection.execute(sa.select(last_run_id())).scalar_one()}
        values["record"] = record
        connection.execute(
            upsert(_requests)
            .values(values)
            .on_conflict_do_update(index_elements=["run_id"], set_=values)
        )


def earlier_pairs(ledger: Ledger) -> dict[tuple[str, str], PairOutcome]:
    """Return what any run has kept of pairs, by the ids of both photos, without their tables."""
    if not _has_pairs(ledger):
        return {}
    with ledger.transaction() as connection:
        rows = connection.execute(sa.select(_pairs)).mappings()
        return {(row["baseline_id"], row["followup_id"]): _outcome(row) for row in rows}


def adopt_pair(ledger: Ledger, row: PairRow, *, position: int) -> None:
    """Count a pair that is done in to the last run; what names it may have changed."""
    with ledger.transaction() as connection:
        connection.execute(
            _pairs.update()
            .where(_pairs.c.baseline_id == row.baseline_id)
            .where(_pairs.c.followup_id == row.followup_id)
            .values(run_id=last_run_id(), position=position, named=_dump_row(row))
        )


def record_pair(ledger: Ledger, outcome: PairOutcome, *, position: int) -> None:
    """Keep the end of one pair, in place of an earlier one."""
    key = {"baseline_id": outcome.row.baseline_id, "followup_id": outcome.row.followup_id}
    compared = outcome.result if isinstance(outcome.result, Compared) else None
    with ledger.transaction() as connection:
        values = key | {
            "run_id": connection.execute(sa.select(last_run_id())).scalar_one(),
            "position": position,
            "named": _dump_row(outcome.row),
            "provenance": json.dumps(dataclasses.asdict(outcome.provenance)),
            "seconds": outcome.seconds,
            "is_compared": compared is not None,
            "result": _dump_result(outcome.result),
        }
        statement = upsert(_pairs).values(values)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=["baseline_id", "followup_id"], set_=values
            )
        )
        connection.execute(
            _tables.delete()
            .where(_tables.c.baseline_id == key["baseline_id"])
            .where(_tables.c.followup_id == key["followup_id"])
        )
        for name, packed in (compared.tables if compared else {}).items():
            connection.execute(_tables.insert().values(key | {"name": name, "packed": packed}))


def last_request(ledger: Ledger) -> FollowupRequest | None:
    """Return what the last run was asked to compare; None when it only scored photos."""
    if not _has_pairs(ledger):
        return None
    with ledger.transaction() as connection:
        text = connection.execute(
            sa.select(_requests.c.record).where(_requests.c.run_id == last_run_id())
        ).scalar_one_or_none()
    if text is None:
        return None
    document = json.loads(text)
    document["visits"] = tuple(document["visits"])
    document["refusals"] = tuple(FailureRow(**row) for row in document["refusals"])
    return FollowupRequest(**document)


def pair_outcomes(ledger: Ledger) -> Iterator[PairOutcome]:
    """Yield the ends of the last run's pairs in its order, without their tables."""
    if not _has_pairs(ledger):
        return
    statement = (
        sa.select(_pairs).where(_pairs.c.run_id == last_run_id()).order_by(_pairs.c.position)
    )
    with ledger.transaction() as connection:
        for row in connection.execute(statement).mappings():
            yield _outcome(row)


def pair_rows(ledger: Ledger, name: str) -> Iterator[tuple[str, str, list[dict[str, object]]]]:
    """Yield both ids and the rows of one table, for the last run's pairs in its order."""
    if not _has_pairs(ledger):
        return
    joined = sa.and_(
        _tables.c.baseline_id == _pairs.c.baseline_id,
        _tables.c.followup_id == _pairs.c.followup_id,
        _tables.c.name == name,
    )
    statement = (
        sa.select(_pairs.c.baseline_id, _pairs.c.followup_id, _tables.c.packed)
        .join(_tables, joined)
        .where(_pairs.c.run_id == last_run_id())
        .order_by(_pairs.c.position)
    )
    with ledger.transaction() as connection:
        for baseline_id, followup_id, packed in connection.execute(statement):
            yield baseline_id, followup_id, unpack_rows(packed)


def _has_pairs(ledger: Ledger) -> bool:
    with ledger.transaction() as connection:
        return bool(sa.inspect(connection).has_table("pairs"))


def _dump_row(row: PairRow) -> str:
    return encode_values(dataclasses.asdict(row))


def _dump_result(result: Compared | Failure) -> str:
    if isinstance(result, Failure):
        return json.dumps(dataclasses.asdict(result), ensure_ascii=False)
    document = {
        "values": encode_values(result.values),
        "flags": list(result.flags),
        "picture": result.picture,
        "drawing_digest": result.drawing_digest,
    }
    return json.dumps(document, ensure_ascii=False)


def _outcome(row: Mapping[Any, Any]) -> PairOutcome:
    provenance = json.loads(row["provenance"])
    for side in ("baseline", "followup"):
        provenance[side] = Provenance(**provenance[side])
    document = json.loads(row["result"])
    result: Compared | Failure
    if row["is_compared"]:
        result = Compared(
            values=decode_values(document["values"]),
            flags=tuple(document["flags"]),
            picture=document["picture"],
            # Ledgers of earlier versions do not tell how a pair was drawn.
            drawing_digest=document.get("drawing_digest", ""),
        )
    else:
        result = Failure(**document)
    named: dict[str, Any] = decode_values(row["named"])
    return PairOutcome(PairProvenance(**provenance), PairRow(**named), row["seconds"], result)
