"""Keep the page's summaries: every new batch is read once, and only the days it touches are counted again.

A report a minute must cost what a minute's events cost, not what 30 days of them do.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from etl import sql
from etl.settings import Settings
from etl.sql import Db


def window_start(settings: Settings, now: datetime) -> datetime:
    """Midnight (UTC) of the first day that the report shows."""
    midnight = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return midnight - timedelta(days=settings.report_days - 1)


def may_refresh(db: Db) -> bool:
    """Whether this login may write the summaries. The role ``auditor`` only reads them."""
    return bool(sql.one(db, "report/may_refresh")["may_refresh"])


def refresh(db: Db, settings: Settings, *, now: datetime | None = None) -> int:
    """Add the batches loaded since the last call to ``ops.report_*``; returns how many there were.

    One transaction: a batch is in all summaries or in none, and never twice. Another refresh is waited for.
    """
    since = window_start(settings, now or datetime.now(UTC))
    with db.transaction():
        bounds = sql.one(db, "report/lock_state")
        if bounds["newest"] == bounds["after"]:
            return 0
        window = {**bounds, "since": since}
        sql.run(db, "report/insert_batch", window)
        sql.run(db, "report/insert_lag", window)
        sql.run(db, "report/insert_refusal", window)
        sql.run(db, "report/insert_warning", window)
        sql.run(db, "report/insert_active_id", window)
        touched = {row["day"] for row in sql.run(db, "report/read_touched_days", window)}
        touched |= {row["day"] for row in sql.run(db, "report/move_active_ids", window)}
        sql.run(db, "report/replace_days", {"days": sorted(touched)})
        sql.run(db, "report/forget_active_id", window)
        sql.run(db, "report/forget_day", window)
        sql.run(db, "report/forget_lag", window)
        sql.run(db, "report/advance_state", window)
        return int(bounds["newest"] - bounds["after"])
