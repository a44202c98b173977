"""Every minute: one micro-batch from `landing.event` into the warehouse.

| task | what it does | writes |
| --- | --- | --- |
| open | bounds the batch by landing position, or takes up the one that a failed run left open | `ops.batch` |
| stage | types and normalises | `staging` |
| validate | checks the rows with Great Expectations; bad ones are marked for quarantine | `staging` |
| resolve | finds duplicates; identities first, then a person for every event; holds or releases | `staging` |
| load | one transaction: persons, events, buffer, quarantine, ledger | `warehouse`, `buffer`, `quarantine`, `ops` |
| again | starts the next run at once while there is a backlog; else it is skipped | |

In a minute in which nothing has landed and nothing is due, *open* finishes the batch by itself; the rest is skipped.
With `ETL_ONE_TASK` the task *cycle* does all of it, for executors that start a pod for each task.

A failed run leaves its batch open, and the next run finishes it with the same bounds: nothing is lost or doubled.
Clear and re-run any task: a step that is already done does nothing. A run is not tied to its date, so there are no
backfills: *events_replay* lands refused rows again, and `etl rebuild` works everything out anew.

The warehouse is `ETL_DATABASE_URL`, as for every `etl` command; only where that is unset, it is the Airflow connection
`events_warehouse`. *open* fails if the two name different databases, or if `etl migrate` has not prepared the one.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import DAG, CronTriggerTimetable, task
from airflow.sdk.exceptions import AirflowSkipException
from events_common import POLICY, batch_after, drain, ledger_of, step
from events_lineage import LoadOperator
from events_warehouse import events_of, read_shards

from etl.names import INGEST, of_shard
from etl.settings import read_settings


def ingest(shard: str | None) -> None:
    """The five steps in order; each gets the batch's id from the first."""
    events = events_of(shard)

    # A short circuit skips what follows where it returns nothing.
    @task.short_circuit(task_id="open")
    def open_() -> int | None:
        batch = batch_after(shard, "open")
        return None if batch.status == "loaded" else batch.batch_id

    @task
    def stage(batch_id: int) -> None:
        step(shard, "stage", batch_id)

    @task
    def validate(batch_id: int) -> None:
        step(shard, "validate", batch_id)

    @task
    def resolve(batch_id: int) -> None:
        step(shard, "resolve", batch_id)

    def load(batch_id: int, *, task: LoadOperator, outlet_events: Any) -> int | None:
        batch = batch_after(shard, "load", batch_id)
        task.loaded, outlet_events[events].extra = batch.batch_id, ledger_of(batch)
        return None if batch.is_caught_up else batch.batch_id

    def cycle(*, task: LoadOperator, outlet_events: Any) -> None:
        batch = drain(shard)
        if batch is None:
            raise AirflowSkipException("Nothing has landed and nothing is due.")
        task.loaded, outlet_events[events].extra = batch.batch_id, ledger_of(batch)

    if read_settings().one_task:
        LoadOperator(task_id="cycle", python_callable=cycle, outlets=[events], shard=shard)
        return
    again = TriggerDagRunOperator(
        task_id="again",
        trigger_dag_id=of_shard(INGEST, shard),
        trigger_run_id="backlog_after_batch_{{ ti.xcom_pull(task_ids='open') }}",
        logical_date=None,
        skip_when_already_exists=True,
    )
    batch_id: Any = open_()
    loaded = LoadOperator(task_id="load", python_callable=load, op_args=[batch_id], outlets=[events], shard=shard)
    stage(batch_id) >> validate(batch_id) >> resolve(batch_id) >> loaded >> again


for each in read_shards():
    with DAG(
        of_shard(INGEST, each),
        description="From landing to the warehouse, one micro-batch a minute",
        doc_md=__doc__,
        schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
        **POLICY,
    ):
        ingest(each)
