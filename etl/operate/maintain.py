"""Maintenance: partitions ahead, retention of landing, overrides folded into events, and the invariants."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import psycopg.errors

from etl import sql
from etl.errors import InvariantError, TransientError
from etl.settings import Settings
from etl.sql import Db

SQUASH_AT_ONCE = 10_000
LOCK_SECONDS = 60.0


def ensure_partitions(db: Db, settings: Settings) -> int:
    """Make the day partitions of landing and warehouse up to ``partition_days_ahead``; returns how many are new."""
    rows = sql.run(db, "maintain/ensure_partitions", {"days_ahead": settings.partition_days_ahead})
    return sum(row["is_created"] for row in rows)


def drop_expired_partitions(db: Db, settings: Settings, *, now: datetime | None = None) -> list[str]:
    """Drop landing's day partitions older than the retention whose every row is processed and not held.

    The salts of cookieless days go too, as soon as no event of the day is accepted any more.

    Returns:
        The names of the dropped partitions. One that still holds unprocessed rows stays, whatever its age.

    Raises:
        TransientError: a writer or reader kept a partition locked; nothing was dropped after it.
    """
    sql.run(db, "maintain/delete_cookieless_salts")
    dropped = []
    expired = sql.run(
        db,
        "maintain/list_expired_partitions",
        {"now": now or datetime.now(UTC), "retention_days": settings.landing_retention_days},
    ).fetchall()
    for row in expired:
        if row["is_processed"]:
            try:
                with db.transaction():
                    sql.run(db, "maintain/drop_partition", {"partition_name": row["partition_name"]})
            except psycopg.errors.LockNotAvailable as error:
                raise TransientError(
                    f"landing.{row['partition_name']} is in use and was not dropped; the next run tries again."
                ) from error
            dropped.append(row["partition_name"])
    return dropped


def squash(db: Db) -> int:
    """Fold overrides into the events they stand for, then remove them; returns how many.

    Readers see the same persons before, during and after: each share of overrides goes in one transaction.

    Raises:
        CycleBusyError: cycles kept the lock for a minute.
    """
    total = 0
    while True:
        with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction():
            sql.run(db, "maintain/clear_squash")
            chosen = sql.run(db, "maintain/choose_overrides", {"at_most": SQUASH_AT_ONCE}).rowcount
            sql.run(db, "maintain/squash_events")
            sql.run(db, "maintain/delete_overrides")
        total += chosen
        if chosen < SQUASH_AT_ONCE:
            return total


def check_invariants(db: Db) -> list[str]:
    """Run every ``sql/invariants/*.sql``; returns their names.

    Raises:
        InvariantError: a query returned rows; names it and shows the first offender.
    """
    names = [path.stem for path in invariant_files()]
    for name in names:
        cursor = sql.run(db, f"invariants/{name}")
        if offender := cursor.fetchone():
            shown = ", ".join(f"{column}={value}" for column, value in offender.items())
            raise InvariantError(
                f"Invariant {name} is broken by {cursor.rowcount} rows, the first: {shown}. "
                f"Stop publishing numbers that depend on it; sql/invariants/{name}.sql lists all offenders."
            )
    return names


def invariant_files() -> list[Path]:
    """The files of the invariants, in order of their names."""
    return sorted((sql.resource("sql") / "invariants").glob("*.sql"))
