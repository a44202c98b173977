"""Landing events in tests, as a writer does it: one row at a time, any of the columns."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from etl import sql
from etl.sql import Db

EPOCH = datetime(2022, 7, 1, 12, tzinfo=UTC)


def moment(seconds: float) -> datetime:
    """A time so many seconds after ``EPOCH``."""
    return datetime.fromtimestamp(EPOCH.timestamp() + seconds, UTC)


def land(
    db: Db, event: str | None = "page", distinct_id: str | None = "u1", *, at: float | None = None, **columns: Any
) -> int:
    """Land one event and return its ``landing_id``.

    Args:
        db: an open connection.
        event: its name.
        distinct_id: whose it is.
        at: seconds after ``EPOCH`` at which it arrives; default: now.
        columns: other columns of ``landing.event``; ``properties`` is JSON text, or a value that becomes it.
    """
    if "properties" in columns and not isinstance(columns["properties"], str | None):
        columns["properties"] = sql.json_text(columns["properties"])
    row = {"event": event, "distinct_id": distinct_id, **columns}
    if at is not None:
        row["received_at"] = moment(at)
    names = ", ".join(f'"{name}"' for name in row)
    values = ", ".join(f"%({name})s" for name in row)
    cursor = db.execute(f"insert into landing.event ({names}) values ({values}) returning landing_id", row)
    return int(cursor.fetchone()["landing_id"])  # type: ignore[index]
