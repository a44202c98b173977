"""The watermark after a restore: transaction ids start anew on another server, and positions must not."""

from __future__ import annotations

from etl import sql
from etl.quality.audit_log import entry
from etl.sql import Db


def rebase_watermark(db: Db) -> int:
    """Make positions comparable again; harmless where they are. Waits for writers in flight.

    Returns:
        What is added to this server's transaction ids from now on.

    Raises:
        CycleBusyError: a cycle is running just now.
    """
    with sql.cycle_lock(db), entry(db, "maintenance", "the watermark was rebased"):
        return int(sql.one(db, "watermark/rebase")["xid_offset"])
