"""Batches as people deal with them: what was found in them, and a person's decision to quarantine an open one."""

from __future__ import annotations

import getpass
from collections.abc import Sequence

from etl import sql
from etl.cycle.batch import Batch, read_batch
from etl.cycle.isolate import set_apart
from etl.cycle.run import LOCK_SECONDS
from etl.errors import EtlError
from etl.quality.audit_log import entry
from etl.sql import Db, Row


def list_batches(db: Db, *, at_most: int = 20, is_noteworthy: bool = False) -> list[Row]:
    """The newest batches with their states; ``is_noteworthy``: only those that are not simply fine."""
    return sql.run(db, "batch/read_batches", {"at_most": at_most, "is_noteworthy": is_noteworthy}).fetchall()


def show_batch(db: Db, batch_id: int) -> tuple[Batch, list[Row]]:
    """A batch's record, and the expectations that it failed.

    Raises:
        EtlError: there is no such batch.
    """
    return read_batch(db, batch_id), sql.run(db, "batch/read_failed", {"batch_id": batch_id}).fetchall()


def quarantine(db: Db, batch_id: int, *, why: str, who: str | None = None, landing_ids: Sequence[int] = ()) -> int:
    """Refuse an open batch, or rows of it: the next run sends them to quarantine.

    Args:
        db: a connection in autocommit mode.
        batch_id: the batch.
        why: kept in its record, and audited with it.
        who: default: the user of the operating system.
        landing_ids: only these rows of it; the next run loads the rest. Default: every row.

    Returns:
        How many rows are set apart; 0 where the decision is about the whole batch.

    Raises:
        CycleBusyError: a cycle is running.
        EtlError: the batch is loaded, was quarantined already, or lacks the rows.
    """
    if not why.strip():
        raise EtlError("Say why: the reason is kept in the batch's record.")
    asked = {"batch_id": batch_id, "why": why.strip(), "who": who or getpass.getuser()}
    record = f"batch {batch_id} quarantined by {asked['who']}: {asked['why']}"
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), entry(db, "decision", record):
        if landing_ids:
            return _set_apart(db, asked, landing_ids)
        if sql.run(db, "batch/decide", asked).fetchone() is None:
            batch = read_batch(db, batch_id)
            state = f"it is {batch.status}" + (f", {batch.decision}" if batch.decision else "")
            raise EtlError(f"Batch {batch_id} cannot be quarantined: {state}. `etl batch list` shows which are open.")
    return 0


def _set_apart(db: Db, asked: Row, landing_ids: Sequence[int]) -> int:
    batch = read_batch(db, asked["batch_id"])
    if batch.status != "open":
        raise EtlError(f"Batch {batch.batch_id} is loaded: only rows of an open batch can be set apart.")
    cause = f"{asked['who']} decided so: {asked['why']}"
    row = set_apart(batch.batch_id, landing_ids, "", asked["why"], cause, decided_by=asked["who"])
    found = sql.run(db, "isolate/insert_rows", row).rowcount + sql.run(db, "isolate/move_held", row).rowcount
    if found < len(set(landing_ids)):
        raise EtlError(
            f"Only {found} of these {len(set(landing_ids))} rows are of batch {batch.batch_id} or held, and not set "
            "apart yet; nothing was done. `etl explain EVENT_UUID` shows the row and the batch of an event."
        )
    sql.run(db, "progress/clear")
    return found


def read_results(db: Db, batch_id: int) -> list[Row]:
    """What every expectation said of a batch: suite, expectation, type, column, severity, is_success and the number."""
    return sql.run(db, "batch/read_results", {"batch_id": batch_id}).fetchall()
