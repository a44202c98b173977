"""The plan of the open batch: what steps 2 to 4 leave in ``staging`` for the next one, and the order they keep."""

from __future__ import annotations

from collections.abc import Iterator
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
    with db.transaction():
        batch = read_batch(db, batch_id)
        if batch["status"] == "loaded":
            yield None
            return
        door.run(db, "plan/configure")
        if step == "stage":
            door.run(db, "plan/clear")
            door.run(db, "plan/insert", {"batch_id": batch_id})
        elif _is_done(db, batch_id, step):
            yield None
            return
        yield batch
        if step != "stage":
            door.run(db, "plan/advance", {"step": step})
        door.run(db, "plan/note_seconds", {"batch_id": batch_id, "step": step, "seconds": watch.seconds})


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
