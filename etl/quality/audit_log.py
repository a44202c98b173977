"""The audit log: what the product did, entry by entry, each hashed together with the one before.

An entry has the digests of the tables whose rows change after they are written. Triggers add up what a transaction
changes in them, but only in a transaction that has begun an entry: who changes a row by hand leaves no trace in the
log, and ``etl audit verify`` finds the table different from it.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from etl import sql
from etl.sql import Db


def begin_entry(db: Db) -> None:
    """From here to the end of the transaction changes are added up."""
    sql.run(db, "audit/begin")


def record_batch(db: Db, batch_id: int, *, released: int, events: int) -> None:
    """Digest what a batch brought, and end its entry; within load's transaction.

    Args:
        db: the connection, with the batch closed.
        batch_id: the batch.
        released: digest of what the buffer released.
        events: digest of the events as they were written.
    """
    sql.run(db, "load/digest_batch", {"batch_id": batch_id, "released": released, "events": events})
    end_batch_entry(db, batch_id)


def end_batch_entry(db: Db, batch_id: int) -> None:
    """End the entry of a batch whose digests are recorded."""
    _append(db, "batch", None, batch_id)


@contextmanager
def entry(db: Db, kind: Literal["maintenance", "decision"], record: str) -> Iterator[None]:
    """A transaction of the product's own that changes audited tables, and its entry.

    Args:
        db: a connection; inside a transaction the entry belongs to that.
        kind: what made the change.
        record: what was done, by whom and why, for people.
    """
    with db.transaction():
        begin_entry(db)
        yield
        _append(db, kind, record, None)


def _append(db: Db, kind: str, record: str | None, batch_id: int | None) -> None:
    sql.run(db, "audit/lock")
    sql.run(db, "audit/append", {"kind": kind, "record": record, "batch_id": batch_id})
    sql.run(db, "audit/end")
