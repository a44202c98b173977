"""What the DAG files share: the arguments of every DAG and the one way into `etl`."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from airflow.sdk.exceptions import AirflowFailException
from events_warehouse import check_warehouse, settings_of, warehouse_url

from etl import sql
from etl.cycle.batch import Batch, read_batch
from etl.cycle.run import run_cycle, run_step
from etl.errors import EtlError, StagingLostError, TransientError
from etl.sql import Db

DRAIN_SECONDS = 600.0
LEDGER = ("landed", "released", "loaded", "held", "duplicate", "quarantined", "persons_created", "persons_merged")
POLICY: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    # Longer than any retry needs: a run that hangs does not keep the next one out forever.
    "dagrun_timeout": timedelta(hours=1),
    # All but backfills: a run is not tied to its date.
    "allowed_run_types": ["scheduled", "manual", "operator_triggered", "asset_triggered", "asset_materialization"],
    "default_args": {
        "owner": "event-microbatch",
        # 5, 10, 20 and 40 s later: a server that fails over is back by then.
        "retries": 4,
        "retry_delay": timedelta(seconds=5),
        "retry_exponential_backoff": 2.0,
        "max_retry_delay": timedelta(minutes=1),
        "execution_timeout": timedelta(minutes=30),
    },
    "tags": ["event-microbatch"],
}


@contextmanager
def terminal_errors() -> Iterator[None]:
    """Fail the task at once where trying it again cannot help; whatever may pass takes Airflow's retries."""
    try:
        yield
    except psycopg.OperationalError as error:
        raise sql.server_error(error) from error
    except EtlError as error:
        # A lost plan may pass too, but by the next run, which stages the batch again: not by this task.
        if isinstance(error, TransientError) and not isinstance(error, StagingLostError):
            raise
        raise AirflowFailException(str(error)) from error


def step(shard: str | None, name: str, batch_id: int | None = None) -> int:
    """One step of the cycle; returns the batch's id."""
    with terminal_errors():
        if name == "open":
            check_warehouse(shard)
        return run_step(warehouse_url(shard), name, batch_id)


def batch_after(shard: str | None, name: str, batch_id: int | None = None) -> Batch:
    """One step of the cycle; returns the batch as it is by then."""
    batch_id = step(shard, name, batch_id)
    with warehouse(shard) as db:
        return read_batch(db, batch_id)


def drain(shard: str | None) -> Batch | None:
    """Whole cycles until nothing is left, for ten minutes at most; returns the last batch that had something to do."""
    give_up_at = time.monotonic() + DRAIN_SECONDS
    last = None
    with warehouse(shard) as db:
        check_warehouse(shard)
        while True:
            batch = run_cycle(db, settings_of(shard))
            last = batch if batch.landed or batch.released else last
            if batch.is_caught_up or time.monotonic() > give_up_at:
                return last


def ledger_of(batch: Batch) -> dict[str, int | None]:
    """What consumers of the asset get to know of a loaded batch."""
    return {"batch_id": batch.batch_id, **{name: getattr(batch, name) for name in LEDGER}}


@contextmanager
def warehouse(shard: str | None) -> Iterator[Db]:
    """A connection to the warehouse for one task."""
    with terminal_errors(), sql.connect(warehouse_url(shard)) as db:
        yield db
