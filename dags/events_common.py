"""What the DAG files share: the asset, the arguments of every DAG and the one way into `etl`."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from airflow.sdk import Asset
from airflow.sdk.exceptions import AirflowFailException
from events_warehouse import check_warehouse, warehouse_url

from etl import sql
from etl.cycle.batch import read_batch
from etl.cycle.run import run_step
from etl.errors import EtlError, StagingLostError, TransientError
from etl.names import LOADED
from etl.sql import Db

EVENTS = Asset(LOADED, uri="x-event-microbatch://warehouse/events")
POLICY: dict[str, Any] = {
    "start_date": datetime(2026, 1, 1, tzinfo=UTC),
    "catchup": False,
    "max_active_runs": 1,
    "default_args": {
        "owner": "event-microbatch",
        "retries": 3,
        "retry_delay": timedelta(seconds=5),
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


def step(name: str, batch_id: int | None = None) -> int:
    """One step of the cycle; returns the batch's id."""
    with terminal_errors():
        if name == "open":
            check_warehouse()
        return run_step(warehouse_url(), name, batch_id)


@contextmanager
def warehouse() -> Iterator[Db]:
    """A connection to the warehouse for one task."""
    with terminal_errors(), sql.connect(warehouse_url()) as db:
        yield db


def is_caught_up(batch_id: int) -> bool:
    """Whether the batch emptied landing, as it was when the batch was opened."""
    with warehouse() as db:
        return read_batch(db, batch_id).is_caught_up
