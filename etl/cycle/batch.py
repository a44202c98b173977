"""The open batch: its row in the ledger, how far its steps are, and the order they keep.

What steps 2 to 4 plan stands in ``staging`` for the next one; ``staging.progress`` says whose plan it is.
"""

from __future__ import annotations

import gc
import logging
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from psycopg.pq import TransactionStatus

from etl import sql
from etl.errors import EtlError, StagingLostError
from etl.sql import Db

logger = logging.getLogger(__name__)

STEPS = ("open", "stage", "validate", "resolve", "load")


@dataclass(frozen=True)
class Batch:
    """A batch as ``ops.batch`` has it: its bounds, its clocks, and once it is loaded its ledger.

    Attributes:
        lower_xid: with ``lower_landing_id`` the position after which it begins; a position is (xid, landing_id).
        upper_xid: with ``upper_landing_id`` the last position that it takes.
        arrival_clock: the newest arrival over all positions so far.
        oldest_received_at: the oldest arrival among its rows of landing; None: it took none.
        as_of: held events that are due by then are released.
        hold_seconds: how long it holds events, in seconds.
        landed: rows of landing; the other counts are None until it is loaded.
        is_balanced: landed + released = loaded + held + duplicate + quarantined, once it is loaded.
        rescued: of the released, those whose distinct id gained a person while they waited.
        step_seconds: seconds by step.
        decision: a person decided that nothing of it is to be loaded.
        claim: which run works on it, see :func:`step_of`; no column of the table.
        is_trial: its steps are tried out in a transaction that is rolled back; no column of the table.
    """

    batch_id: int
    status: Literal["open", "loaded"]
    lower_xid: str
    lower_landing_id: int
    upper_xid: str
    upper_landing_id: int
    arrival_clock_before: datetime
    arrival_clock: datetime
    oldest_received_at: datetime | None
    as_of: datetime
    hold_seconds: float
    is_caught_up: bool
    landed: int
    released: int | None
    loaded: int | None
    held: int | None
    duplicate: int | None
    quarantined: int | None
    is_balanced: bool
    rescued: int | None
    persons_created: int | None
    persons_merged: int | None
    step_seconds: dict[str, float]
    opened_at: datetime
    loaded_at: datetime | None
    decision: Literal["quarantined"] | None
    decided_at: datetime | None
    decided_by: str | None
    decided_why: str | None
    digests: dict[str, Any] | None
    claim: int | None = None
    is_trial: bool = False

    @property
    def seconds(self) -> float:
        """How long its steps took together, in seconds."""
        return round(sum(self.step_seconds.values()), 3)

    @property
    def summary(self) -> str:
        """A loaded batch in one line."""
        return f"batch {self.batch_id}: {self.ledger}"

    @property
    def ledger(self) -> str:
        """What came of a loaded batch, and how long it took."""
        return (
            f"landed {self.landed:,}, loaded {self.loaded:,}, held {self.held:,}, "
            f"released {self.released:,} (rescued {self.rescued:,}), duplicates {self.duplicate:,}, "
            f"quarantined {self.quarantined:,}, new persons {self.persons_created:,}, "
            f"merged away {self.persons_merged:,}, {self.seconds:.2f} s"
        )

    @property
    def parameters(self) -> Mapping[str, Any]:
        """Its members by name, for the statements of the steps."""
        return vars(self)


def read_batch(db: Db, batch_id: int) -> Batch:
    """A batch's row.

    Raises:
        EtlError: there is no such batch.
    """
    batch = sql.record(db, Batch, "batch/read", {"batch_id": batch_id})
    if batch is None:
        raise EtlError(f"There is no batch {batch_id}. `etl batch list` lists the last ones.")
    return batch


def log(batch: Batch, message: str, *values: object) -> None:
    """Say in the log what a step did with a batch; nothing where it is only tried out."""
    if not batch.is_trial:
        logger.info("Batch %d: %s", batch.batch_id, message % values)


@contextmanager
def step_of(db: Db, batch_id: int, step: str) -> Iterator[Batch | None]:
    """One step in one transaction: yields the batch, or None where the step is done already (a task run twice).

    Raises:
        StagingLostError: the plan is not there or not of this batch, so the step before must run first.
    """
    watch = sql.Stopwatch()
    is_trial = db.info.transaction_status != TransactionStatus.IDLE
    claim = _claim(db, batch_id, step)
    with db.transaction():
        batch = _lock(db, batch_id)
        if batch.status == "loaded" or _is_done(db, batch_id, step):
            log(batch, "%s was done already; nothing is changed.", step)
            yield None
            return
        sql.run(db, "progress/configure")
        batch = replace(batch, claim=claim, is_trial=is_trial)
        yield batch
        sql.run(db, "progress/advance", {"step": step})
        seconds = watch.seconds
        sql.run(db, "progress/note_seconds", {"batch_id": batch_id, "step": step, "seconds": seconds})
        log(batch, "%s took %.2f s.", step, seconds)


@contextmanager
def collector_paused() -> Iterator[None]:
    """No search for cycles among a batch's rows: there are none, and each walks over all that pandas brought too."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _lock(db: Db, batch_id: int) -> Batch:
    """The batch's row, locked until the transaction ends."""
    sql.run(db, "batch/lock", {"batch_id": batch_id})
    return read_batch(db, batch_id)


def _claim(db: Db, batch_id: int, step: str) -> int | None:
    """Make the plan this run's, and remove what a run before it wrote ahead; None where there is no plan.

    Committed before the step begins: its further sessions must see it, and other servers commit what load writes there
    before this one does.
    """
    with db.transaction():
        is_open = _lock(db, batch_id).status == "open"
        if is_open and step == "stage":
            sql.run(db, "progress/clear")
            sql.run(db, "progress/insert", {"batch_id": batch_id})
        claimed = sql.run(db, "progress/claim").fetchone()
        sql.run(db, "progress/forget_written_ahead")
        if is_open and step == "load":
            sql.run(db, "progress/note_written_ahead", {"batch_id": batch_id})
    return claimed["claim"] if claimed else None


def _is_done(db: Db, batch_id: int, step: str) -> bool:
    progress = sql.run(db, "progress/read").fetchone()
    if progress is not None and progress["batch_id"] == batch_id:
        lead = STEPS.index(progress["step"]) - STEPS.index(step)
        if lead >= -1:
            return lead >= 0
    found = (
        f"batch {progress['batch_id']} after {progress['step']}"
        if progress
        else "nothing (the server has crashed since)"
    )
    raise StagingLostError(
        f"Batch {batch_id} is not ready for the step {step}: staging holds {found}. "
        "The next run stages the batch again, with the same bounds."
    )
