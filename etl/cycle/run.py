"""The cycle: the five steps of one micro-batch, in order. Airflow runs them as tasks, ``etl cycle`` in one process."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from etl import sql
from etl.cycle.batch import STEPS, Batch, read_batch
from etl.cycle.load import load_batch
from etl.cycle.open import open_batch
from etl.cycle.resolve import resolve_batch
from etl.cycle.stage import stage_batch
from etl.cycle.validate import validate_batch
from etl.errors import EtlError
from etl.settings import Settings, read_settings
from etl.sql import Db

# A task waits this long for a step that another process runs, such as maintenance, then leaves the rest to a retry.
LOCK_SECONDS = 20.0

_STEP: dict[str, Callable[[Db, Settings, int], None]] = {
    "stage": stage_batch,
    "validate": validate_batch,
    "resolve": resolve_batch,
    "load": load_batch,
}


def run_cycle(db: Db, settings: Settings, *, now: datetime | None = None) -> Batch:
    """Open a batch, or take up the one left open, and bring it into the warehouse.

    Args:
        db: a connection in autocommit mode.
        settings: see :class:`etl.settings.Settings`.
        now: the clock, for replays and tests; default: the server's.

    Returns:
        The batch, loaded: bounds, ledger, seconds by step.

    Raises:
        CycleBusyError: another process runs a step just now.
        EtlError: see the steps.
    """
    with sql.cycle_lock(db):
        batch_id = open_batch(db, settings, now=now)
        for step in _STEP.values():
            step(db, settings, batch_id)
        return read_batch(db, batch_id)


def run_step(url: str, step: str, batch_id: int | None = None, settings: Settings | None = None) -> int:
    """Run one step on a connection of its own, for a scheduler that runs each step as a task.

    Args:
        url: the warehouse.
        step: one of ``open``, ``stage``, ``validate``, ``resolve``, ``load``.
        batch_id: the batch; not for ``open``.
        settings: default: from the environment.

    Returns:
        The batch's id.
    """
    settings = settings or read_settings()
    with sql.connect(url, application_name=f"etl {step}") as db, sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        if step == "open":
            return open_batch(db, settings)
        if step not in _STEP or batch_id is None:
            raise EtlError(f"There is no step {step!r} for batch {batch_id}; the steps are {', '.join(STEPS)}.")
        _STEP[step](db, settings, batch_id)
        return batch_id
