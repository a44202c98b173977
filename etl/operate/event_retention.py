"""Retention of loaded events: old ones go, and what they said of persons stays.

Who is who, and what is counted by day, have tables of their own. What else is asked of old events is what each distinct
id has said: a split folds a person again from it, and so does ``etl land --undo``. Before events are dropped it is
folded into a state for each id (``ops.dropped_id``), which joins with that of the events that stay, because the order
of joins does not matter (:mod:`etl.rules.property_state`). Keys of events stay too, so that one that is sent again is
still a duplicate. ``ops.amendment`` keeps by what the digests of batches change, so that the audit still agrees.

Events go in shares, each in a transaction of its own, so that cycles go on in between.
"""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from operator import itemgetter
from typing import Any

import psycopg.errors

from etl import sql
from etl.cycle.fold import folded_groups
from etl.errors import TransientError
from etl.quality.audit_log import entry
from etl.rules import properties
from etl.rules.property_state import State, join, read_state, write_state
from etl.settings import Settings
from etl.sql import Db, Row

SHARE = 20_000
LOCK_SECONDS = 60.0
# Between shares the lock is free for long enough that a step which waits for it gets it: it looks every 0.1 s.
PAUSE_SECONDS = 0.5
# Read at a time: each may have a megabyte.
_ROWS = 100
_BEGIN: Row = {"after_team_id": -1, "after_distinct_id": "", "after_timestamp": "-infinity"}


@dataclass(frozen=True)
class Dropped:
    """What one run dropped.

    Attributes:
        events: how many.
        partitions: days of which nothing is left.
    """

    events: int = 0
    partitions: tuple[str, ...] = ()


def drop_expired_events(db: Db, settings: Settings, *, now: datetime | None = None, share: int = SHARE) -> Dropped:
    """Drop loaded events whose time is longer ago than ``event_retention_days``, once landing has dropped their rows.

    Args:
        db: a connection in autocommit mode.
        settings: without ``event_retention_days`` nothing is dropped.
        now: the clock, for tests; default: the local one.
        share: about how many events go in one transaction.

    Raises:
        CycleBusyError: cycles kept the lock for a minute.
        TransientError: a reader kept a partition locked; nothing was dropped after it.
    """
    if settings.event_retention_days is None:
        return Dropped()
    ranges = sql.run(
        db,
        "event_retention/list_ranges",
        {"now": now or datetime.now(UTC), "retention_days": settings.event_retention_days},
    ).fetchall()
    events = 0
    partitions = []
    for range_ in ranges:
        events += _drop_range(db, range_, share)
        name = range_["partition_name"]
        if name is not None and _drop_partition(db, name):
            partitions.append(name)
    return Dropped(events, tuple(partitions))


def _drop_range(db: Db, range_: Row, share: int) -> int:
    """Drop what may go of a range of event times, share by share; returns how many events."""
    dropped = 0
    after = _BEGIN
    while True:
        with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction():
            sql.run(db, "event_retention/clear")
            if not sql.run(db, "event_retention/choose_events", {**range_, **after, "at_most": share}).rowcount:
                return dropped
            after = sql.one(db, "event_retention/read_last")
            dropped += _drop_chosen(db, range_)
        time.sleep(PAUSE_SECONDS)


def _drop_chosen(db: Db, range_: Row) -> int:
    sql.run(db, "event_retention/analyze")
    with entry(db, "maintenance", f"events until {range_['until_at']:%Y-%m-%d} dropped after retention"):
        sql.copy_in_parts(db, "event_retention/copy_id", _fold_ids(db))
        groups = folded_groups(db, "event_retention/read_group_operations", [])
        sql.copy_in_parts(
            db,
            "event_retention/copy_group",
            ((*key, created_at, write_state(state)) for key, created_at, state in groups),
        )
        sql.run(db, "event_retention/analyze")
        sql.run(db, "event_retention/upsert_ids")
        sql.run(db, "event_retention/upsert_births")
        sql.run(db, "event_retention/upsert_groups")
        return int(sql.one(db, "event_retention/delete_events", range_)["dropped"])


def _drop_partition(db: Db, name: str) -> bool:
    try:
        with db.transaction():
            return bool(sql.one(db, "event_retention/drop_partition", {"partition_name": name})["is_dropped"])
    except psycopg.errors.LockNotAvailable as error:
        raise TransientError(
            f"warehouse.{name} is empty, but in use, and was not dropped; the next run tries again."
        ) from error


def _fold_ids(db: Db) -> Iterator[tuple[Any, ...]]:
    """The state of each id that said anything, dropped events of earlier runs included."""
    rows = itertools.chain.from_iterable(sql.stream(db, "event_retention/read_operations", size=_ROWS))
    for key, operations in itertools.groupby(rows, key=itemgetter(0, 1)):
        state = State()
        for _, _, stored, at, xid, landing_id, *said, is_forced in operations:
            if stored is not None:
                join(state, read_state(stored))
            else:
                properties.apply(state, (at, xid, landing_id), *said, is_forced=is_forced)
        yield *key, write_state(state)
