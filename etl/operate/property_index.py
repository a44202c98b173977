"""Indexes of single properties: what filters events by one reads only the events that have the value.

An index is one of the whole partitioned table, so a new day has it from the beginning. The days that are there get
theirs one after another, ``concurrently``: no cycle and no reader waits. A run that was interrupted goes on when the
same command is run again.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from psycopg import errors

from etl import sql
from etl.errors import PropertyIndexError, TransientError
from etl.sql import Db, Row


def create(db: Db, name: str, *, event: str | None = None) -> int:
    """Make the index of a property, or what is missing of it; returns for how many partitions.

    Args:
        db: a connection in autocommit mode.
        name: the property, a key of ``properties``.
        event: only of events of this name, which filters have to name too. Default: of all.

    Raises:
        TransientError: another process makes an index just now.
    """
    with _one_at_a_time(db):
        index = sql.one(db, "property_index/create", {"property": name, "event": event})
        partitions = sql.run(db, "property_index/list_statements", index).fetchall()
        for partition in partitions:
            for step in ("drop", "create", "attach", "analyze"):
                db.execute(partition[f"{step}_statement"])
        return len(partitions)


def list_all(db: Db) -> list[Row]:
    """The indexes, each with ``property``, ``event``, ``is_complete``, ``made_at``, ``events`` and ``bytes``."""
    return sql.run(db, "property_index/list").fetchall()


def drop(db: Db, name: str, *, event: str | None = None) -> None:
    """Drop the index of a property.

    Raises:
        PropertyIndexError: there is none.
        TransientError: somebody reads or loads events just now and keeps it, or another process makes an index.
    """
    with _one_at_a_time(db):
        try:
            is_dropped = sql.one(db, "property_index/drop", {"property": name, "event": event})["is_dropped"]
        except errors.LockNotAvailable as error:
            raise TransientError(f"The index of {name!r} is in use and was not dropped; run it again.") from error
    if not is_dropped:
        of = "" if event is None else f" of the event {event!r}"
        raise PropertyIndexError(f"There is no index of the property {name!r}{of}; `etl property list` shows all.")


@contextmanager
def _one_at_a_time(db: Db) -> Iterator[None]:
    if not sql.one(db, "property_index/lock")["is_taken"]:
        raise TransientError("Another process is making an index just now; run it again when that has ended.")
    try:
        yield
    finally:
        if not db.closed and not db.broken:
            sql.run(db, "property_index/unlock")
