"""Maintenance: partitions ahead, retention of landing, overrides folded into events, the audit, the invariants."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg.errors

from etl import sql
from etl.errors import TransientError
from etl.operate import job
from etl.quality.audit import Audit, note_run, verify
from etl.quality.audit_log import entry
from etl.quality.warehouse import check_warehouse, refuse_contradictions
from etl.settings import Settings
from etl.sql import Db

SQUASH_AT_ONCE = 10_000
LOCK_SECONDS = 60.0


def ensure_partitions(db: Db, settings: Settings) -> int:
    """Make the day partitions of landing and warehouse up to ``partition_days_ahead``; returns how many are new."""
    job.note_run(db, "maintain")
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
                with entry(db, "maintenance", f"landing.{row['partition_name']} dropped after retention"):
                    sql.run(db, "maintain/drop_partition", {"partition_name": row["partition_name"]})
            except psycopg.errors.LockNotAvailable as error:
                raise TransientError(
                    f"landing.{row['partition_name']} is in use and was not dropped; the next run tries again."
                ) from error
            dropped.append(row["partition_name"])
    return dropped


def drop_expired_rows(db: Db, settings: Settings, *, now: datetime | None = None) -> tuple[int, int]:
    """Drop refused rows and warnings older than their retention; returns how many of each.

    ``ops.amendment`` keeps by what that changes the digests of their batches, so that the audit still agrees.
    """
    moment = now or datetime.now(UTC)
    return (
        _drop_rows(db, "maintain/drop_quarantined", "rows of quarantine", moment, settings.quarantine_retention_days),
        _drop_rows(db, "maintain/drop_warnings", "warnings", moment, settings.warning_retention_days),
    )


def _drop_rows(db: Db, statement: str, noun: str, now: datetime, retention_days: int | None) -> int:
    if retention_days is None:
        return 0
    with entry(db, "maintenance", f"{noun} older than {retention_days} days dropped after retention"):
        return int(sql.one(db, statement, {"now": now, "retention_days": retention_days})["dropped"])


def squash(db: Db) -> int:
    """Fold overrides into the events they stand for, then remove them; returns how many.

    Readers see the same persons before, during and after: each share of overrides goes in one transaction.

    Raises:
        CycleBusyError: cycles kept the lock for a minute.
    """
    total = 0
    while True:
        with (
            sql.cycle_lock(db, wait_seconds=LOCK_SECONDS),
            entry(db, "maintenance", "overrides folded into the events they stand for"),
        ):
            sql.run(db, "maintain/clear_squash")
            chosen = sql.run(db, "maintain/choose_overrides", {"at_most": SQUASH_AT_ONCE}).rowcount
            if chosen:
                sql.run(db, "maintain/squash_events")
                sql.run(db, "maintain/delete_overrides")
        total += chosen
        if chosen < SQUASH_AT_ONCE:
            return total


def audit_new(db: Db) -> Audit:
    """Verify what the last run has not seen (:func:`etl.quality.audit.verify`), and note it."""
    found = verify(db, is_since_last=True)
    note_run(db, found)
    return found


def check_invariants(db: Db) -> list[str]:
    """Check the whole warehouse (:func:`etl.quality.warehouse.check_warehouse`); returns the names of what holds.

    Raises:
        InvariantError: something critical does not; names it and shows the first offender.
    """
    findings = check_warehouse(db)
    refuse_contradictions(findings)
    return [finding.name for finding in findings if finding.is_success]
