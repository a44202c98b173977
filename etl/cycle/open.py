"""Step 1, open: bound a micro-batch by landing position, never by the clock.

A batch takes the rows after the watermark and below the oldest transaction in flight, at most ``batch_size`` of them.
Its bounds are written down before anything is read, so the next run finishes a crashed batch unchanged.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime, timedelta

from etl import sql
from etl.cycle.batch import Batch
from etl.errors import WatermarkError
from etl.settings import Settings
from etl.sql import Db

logger = logging.getLogger(__name__)

NEVER = datetime.min.replace(tzinfo=UTC)


def open_batch(db: Db, settings: Settings, *, now: datetime | None = None) -> int:
    """Open the next batch, or return the one that a crashed run left open.

    Args:
        db: a connection that holds the cycle lock.
        settings: ``batch_size`` and ``hold_seconds`` are used.
        now: the clock, for replays and tests; default: the server's.

    Raises:
        WatermarkError: the database was restored elsewhere; reading on would skip rows.
    """
    if left_open := sql.record(db, Batch, "open/read_open_batch"):
        logger.info(
            "Batch %d: left open by a run that began at %s; it is finished with the same bounds.",
            left_open.batch_id,
            left_open.opened_at,
        )
        return left_open.batch_id
    watermark = sql.one(db, "open/read_watermark")
    if watermark["is_ahead_of_server"] or watermark["system_identifier"] != watermark["expected_system_identifier"]:
        raise WatermarkError(
            "This database was restored from a dump or moved to another server: its transaction ids no longer fit the "
            f"watermark (transaction {watermark['xid']}). Nothing was read, so nothing is skipped or doubled. "
            "Stop all writers' old connections if any, run `etl watermark rebase` once, and go on."
        )
    clock = sql.one(db, "open/read_clock")
    now = now or clock["clock"]
    passed = min(now, clock["oldest_start"] or clock["clock"])
    arrival_clock_before = watermark["arrival_clock"]
    if now < watermark["as_of"] and not clock["is_start_hidden"]:
        # The clock was set back, or right after it had been ahead. Nothing is held until it has caught up: time goes on
        # from where it was by what has passed since the last batch, and what has landed meanwhile has arrived by then.
        passed = watermark["as_of"] + max(timedelta(0), passed - watermark["opened_at"])
        arrival_clock_before = passed
    bounds = sql.one(db, "open/find_bounds", {**watermark, "batch_size": settings.batch_size})
    arrival_clock = max(arrival_clock_before, bounds["newest_arrival"] or NEVER)
    is_caught_up = bounds["is_caught_up"]
    # While a backlog remains only arrivals move the time of release on, so that a backlog replays as it would have run
    # live. When nothing is left the clock does, but never past the start of a transaction that may still bring rows.
    as_of = max(watermark["as_of"], arrival_clock)
    if is_caught_up and not clock["is_start_hidden"]:
        as_of = max(as_of, passed)
    batch = sql.one(
        db,
        "open/insert_batch",
        {
            "lower_xid": watermark["xid"],
            "lower_landing_id": watermark["landing_id"],
            "upper_xid": bounds["upper_xid"] or watermark["xid"],
            "upper_landing_id": bounds["upper_landing_id"] or watermark["landing_id"],
            "arrival_clock_before": arrival_clock_before,
            "arrival_clock": arrival_clock,
            "oldest_received_at": bounds["oldest_received_at"],
            "as_of": as_of,
            "hold_seconds": settings.hold_seconds,
            "is_caught_up": is_caught_up,
            "landed": bounds["landed"],
        },
    )
    logger.info(
        "Batch %d: %d rows landed, up to position (%s, %d); what is due by %s is released; %s",
        batch["batch_id"],
        bounds["landed"],
        bounds["upper_xid"] or watermark["xid"],
        bounds["upper_landing_id"] or watermark["landing_id"],
        as_of,
        "nothing is left behind it." if is_caught_up else "there is more behind it.",
    )
    return int(batch["batch_id"])
