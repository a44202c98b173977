"""What the DAG files share: the asset, the default arguments and the one way into ``etl``."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

from airflow.sdk import Asset, BaseHook
from airflow.sdk.exceptions import AirflowFailException, AirflowNotFoundException

from etl import sql
from etl.cycle.batch import read_batch
from etl.cycle.run import run_step
from etl.errors import ConfigurationError, EtlError, StagingLostError, TransientError
from etl.settings import read_settings
from etl.sql import Db

START = datetime(2026, 1, 1, tzinfo=UTC)
TAG = "event-microbatch"
EVENTS = Asset("warehouse_events", uri="x-warehouse://warehouse/events")
DEFAULT_ARGS = {
    "owner": "event-microbatch",
    "retries": 3,
    "retry_delay": timedelta(seconds=5),
    "execution_timeout": timedelta(minutes=30),
}


def warehouse_url() -> str:
    """The Airflow connection ``warehouse``, or else ETL_DATABASE_URL.

    Raises:
        ConfigurationError: there is neither.
    """
    try:
        return str(BaseHook.get_connection("warehouse").get_uri())
    except AirflowNotFoundException as error:
        if url := read_settings().database_url:
            return url
        raise ConfigurationError(
            "No warehouse: define the Airflow connection `warehouse` (type Postgres) or set ETL_DATABASE_URL."
        ) from error


@contextmanager
def terminal_errors() -> Iterator[None]:
    """Fail the task at once where trying it again cannot help; whatever may pass takes Airflow's retries."""
    try:
        yield
    except EtlError as error:
        # A lost plan may pass too, but by the next run, which stages the batch again: not by this task.
        if isinstance(error, TransientError) and not isinstance(error, StagingLostError):
            raise
        raise AirflowFailException(str(error)) from error


def step(name: str, batch_id: int | None = None) -> int:
    """One step of the cycle; returns the batch's id."""
    with terminal_errors():
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
