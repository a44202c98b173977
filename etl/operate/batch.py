"""Batches as people deal with them: which were found bad, why, and a person's decision on a blocked one."""

from __future__ import annotations

import getpass
from typing import Literal

from etl import sql
from etl.cycle.batch import Batch, read_batch
from etl.cycle.run import LOCK_SECONDS
from etl.errors import EtlError
from etl.sql import Db, Row

Decision = Literal["released", "quarantined"]


def list_batches(db: Db, *, at_most: int = 20, is_noteworthy: bool = False) -> list[Row]:
    """The newest batches with their verdicts; ``is_noteworthy``: only those that are not simply fine."""
    return sql.run(db, "batch/read_batches", {"at_most": at_most, "is_noteworthy": is_noteworthy}).fetchall()


def show_batch(db: Db, batch_id: int) -> tuple[Batch, list[Row]]:
    """A batch's record, and the expectations that it failed.

    Raises:
        EtlError: there is no such batch.
    """
    return read_batch(db, batch_id), sql.run(db, "batch/read_failed", {"batch_id": batch_id}).fetchall()


def decide(db: Db, batch_id: int, decision: Decision, *, why: str, who: str | None = None) -> None:
    """Release a blocked batch, so that the next run loads it, or quarantine it: every row of it goes there.

    Args:
        db: a connection in autocommit mode.
        batch_id: the batch.
        decision: what the next run does.
        why: kept in its record, and sealed with it.
        who: default: the user of the operating system.

    Raises:
        CycleBusyError: a cycle is running.
        EtlError: the batch is not blocked, or was decided on already.
    """
    if not why.strip():
        raise EtlError("Say why: the reason is kept in the batch's record.")
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction():
        decided = sql.run(
            db,
            "batch/decide",
            {"batch_id": batch_id, "decision": decision, "why": why.strip(), "who": who or getpass.getuser()},
        ).fetchone()
        if decided is None:
            batch = read_batch(db, batch_id)
            state = f"it is {batch.status}" + (f", {batch.decision}" if batch.decision else "")
            raise EtlError(f"Batch {batch_id} does not wait for a decision: {state}. `etl batch list` shows which do.")
