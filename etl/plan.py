"""The plan of the open batch: what steps 2 to 4 leave in ``staging`` for the next one, and the order they keep."""

from __future__ import annotations

import gc
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, wait
from contextlib import contextmanager

from etl import db as door
from etl.db import Db, Row
from etl.errors import EtlError, StagingLostError

STEPS = ("open", "stage", "validate", "resolve", "load")


def read_batch(db: Db, batch_id: int) -> Row:
    """The batch's row, locked until the transaction ends.

    Raises:
        EtlError: there is no such batch.
    """
    batch = door.run(db, "plan/read_batch", {"batch_id": batch_id}).fetchone()
    if batch is None:
        raise EtlError(f"There is no batch {batch_id}. `etl status` lists the last ones.")
    return batch


@contextmanager
def step_of(db: Db, batch_id: int, step: str) -> Iterator[Row | None]:
    """One step in one transaction: yields the batch, or None where the step is done already (a task run twice).

    Raises:
        StagingLostError: the plan is not there or not of this batch, so the step before must run first.
    """
    watch = door.Stopwatch()
    claim = _claim(db, batch_id, is_new=step == "stage")
    with db.transaction():
        batch = read_batch(db, batch_id)
        if batch["status"] == "loaded" or _is_done(db, batch_id, step):
            yield None
            return
        door.run(db, "plan/configure")
        yield {**batch, "claim": claim}
        door.run(db, "plan/advance", {"step": step})
        door.run(db, "plan/note_seconds", {"batch_id": batch_id, "step": step, "seconds": watch.seconds})


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


def _claim(db: Db, batch_id: int, *, is_new: bool) -> int | None:
    """Make the plan this run's, and remove what a run before it wrote ahead; None where there is no plan.

    Committed before the step begins, so that its second session sees it.
    """
    with db.transaction():
        if is_new and read_batch(db, batch_id)["status"] != "loaded":
            door.run(db, "plan/clear")
            door.run(db, "plan/insert", {"batch_id": batch_id})
        claimed = door.run(db, "plan/claim").fetchone()
        door.run(db, "plan/forget_written_ahead")
    return claimed["claim"] if claimed else None


@contextmanager
def second_session(db: Db, batch: Row, work: Callable[[Db], int]) -> Iterator[Future[int]]:
    """Do work of a step on a second connection, in a transaction of its own, while the block goes on with this one.

    The second transaction commits when the block is left, if both have succeeded; the step's own one commits later. A
    run that dies between the two leaves the work behind, so it must not matter unless the step commits.

    Args:
        db: the step's connection, in its transaction.
        batch: what ``step_of`` yields.
        work: gets the second connection; returns a number of rows.

    Raises:
        UnavailableError: there is no second connection.
        StagingLostError: another run has claimed the plan since.
    """
    with door.connect_beside(db) as second, ThreadPoolExecutor(1) as thread, second.transaction():
        door.run(second, "plan/configure")
        # The lock keeps the next run from claiming the plan before this transaction has ended, so that nothing of a run
        # that was given up can appear later.
        if door.run(second, "plan/hold_claim", batch).fetchone() is None:
            raise StagingLostError(
                f"Another run has taken up batch {batch['batch_id']}; this one changed nothing and ends."
            )
        future = thread.submit(work, second)
        try:
            yield future
            future.result()
        except BaseException:
            while not future.done():
                second.cancel_safe()
                wait([future], timeout=0.2)
            raise


def _is_done(db: Db, batch_id: int, step: str) -> bool:
    plan = door.run(db, "plan/read").fetchone()
    if plan is not None and plan["batch_id"] == batch_id:
        lead = STEPS.index(plan["step"]) - STEPS.index(step)
        if lead >= -1:
            return lead >= 0
    found = f"batch {plan['batch_id']} after {plan['step']}" if plan else "nothing (the server has crashed since)"
    raise StagingLostError(
        f"Batch {batch_id} is not ready for the step {step}: staging holds {found}. "
        "The next run stages the batch again, with the same bounds."
    )
