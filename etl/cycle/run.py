"""The cycle: the five steps of one micro-batch, in order. Airflow runs them as tasks, ``etl cycle`` in one process."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

import psycopg

from etl import sql
from etl.cycle.batch import STEPS, Batch, log, read_batch
from etl.cycle.isolate import Step, describe, is_of_data, isolate
from etl.cycle.load import load_batch
from etl.cycle.open import open_batch
from etl.cycle.resolve import resolve_batch
from etl.cycle.stage import stage_batch
from etl.cycle.validate import validate_batch
from etl.errors import CycleBusyError, EtlError, StagingLostError, StepError
from etl.settings import Settings, read_settings
from etl.sql import Db

# After so many searches for rows at fault a batch is left to people.
MOST_SEARCHES = 5
# A task waits this long for a step that another process runs, such as maintenance, then leaves the rest to a retry.
LOCK_SECONDS = 20.0

_STEP: dict[str, Step] = {
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
        _run_steps(db, settings, batch_id, list(_STEP))
        return read_batch(db, batch_id)


def run_step(url: str, step: str, batch_id: int | None = None, settings: Settings | None = None) -> int:
    """Run one step on a connection of its own, for a scheduler that runs each step as a task.

    Args:
        url: the warehouse.
        step: one of ``open``, ``stage``, ``validate``, ``resolve``, ``load``. Where ``open`` finds nothing to do, it
            runs the others at once, so that an empty minute costs a scheduler one task; the batch is loaded then.
        batch_id: the batch; not for ``open``.
        settings: default: from the environment.

    Returns:
        The batch's id.
    """
    settings = settings or read_settings()
    with sql.connect(url, application_name=f"etl {step}") as db, sql.cycle_lock(db, wait_seconds=LOCK_SECONDS):
        if step == "open":
            batch_id = open_batch(db, settings)
            if sql.one(db, "open/read_work", {"batch_id": batch_id})["is_nothing"]:
                log(read_batch(db, batch_id), "nothing has landed and nothing is due: it is finished at once.")
                _run_steps(db, settings, batch_id, list(_STEP))
            return batch_id
        if step not in _STEP or batch_id is None:
            raise EtlError(f"There is no step {step!r} for batch {batch_id}; the steps are {', '.join(STEPS)}.")
        _run_steps(db, settings, batch_id, [step])
        return batch_id


def _run_steps(db: Db, settings: Settings, batch_id: int, names: list[str]) -> None:
    """Run steps of a batch; where one fails on rows of it, set these apart and go on without them.

    Raises:
        StepError: a step fails, and no row is to blame, or one after the other is.
    """
    searches = 0
    place = 0
    while place < len(names):
        name = names[place]
        try:
            _STEP[name](db, settings, batch_id)
        except Exception as error:
            if isinstance(error, CycleBusyError | StagingLostError):
                raise
            _note_failure(db, batch_id, name, error)
            if not is_of_data(error):
                raise
            searches += 1
            if searches > MOST_SEARCHES or not isolate(db, settings, batch_id, _steps_up_to(name), error):
                raise _step_error(batch_id, name, error) from error
            # The plan is gone, because it was made with those rows.
            names, place = [*_steps_up_to(name), *names[place + 1 :]], 0
        else:
            place += 1


def _steps_up_to(name: str) -> dict[str, Step]:
    names = list(_STEP)
    return {each: _STEP[each] for each in names[: names.index(name) + 1]}


def _step_error(batch_id: int, name: str, error: Exception) -> StepError:
    return StepError(
        f"The step {name} of batch {batch_id} failed: {describe(error)}. No row of it could be found to blame; nothing "
        "of it was loaded, and it stays open. `etl status` counts the failures. To go on without some of its rows: "
        f"`etl batch quarantine {batch_id} --landing-id ID --why TEXT`, without --landing-id for all of them."
    )


def _note_failure(db: Db, batch_id: int, name: str, error: Exception) -> None:
    with suppress(psycopg.OperationalError, psycopg.InterfaceError):  # the server may be what failed
        sql.run(db, "isolate/note_failure", {"batch_id": batch_id, "step": name, "error": describe(error)})
