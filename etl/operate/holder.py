"""Transactions that hold landed rows back: nothing that lands after they began writing is read before they end."""

from __future__ import annotations

from psycopg import errors

from etl import sql
from etl.operate.status import Problem
from etl.sql import Db, Row


def end_old(db: Db, after_seconds: float) -> list[Problem]:
    """End the sessions of transactions that have been open for longer than this; says of each whose it was.

    A login that may run a step is spared, because a load may take that long, too.
    """
    found = []
    for holder in sql.run(db, "holder/list_old", {"seconds": after_seconds}).fetchall():
        try:
            ended = sql.run(db, "holder/end", holder).fetchone()
        except errors.InsufficientPrivilege:
            outcome = "could not be ended: this login is no member of pg_signal_backend"
        else:
            if ended is None:
                continue  # it ended by itself
            outcome = "was ended; what it had written is not landed"
        found.append(Problem("ended", f"server process {holder['pid']}", _describe(holder, outcome)))
    return found


def _describe(holder: Row, outcome: str) -> str:
    return (
        f"A transaction that held landed rows back {outcome}: server process {holder['pid']}, role {holder['role']!r}, "
        f"{holder['application_name']!r}, database {holder['database']!r}, {holder['state']}, open since "
        f"{holder['started_at']:%Y-%m-%d %H:%M:%S} UTC ({holder['age_seconds']:,.0f} s). Find out what leaves it open."
    )
