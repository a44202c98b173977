"""Every minute: one micro-batch from `landing.event` into the warehouse.

| task | what it does | writes |
| --- | --- | --- |
| open | bounds the batch by landing position, or takes up the one that a failed run left open | `ops.batch` |
| stage | types and normalises | `staging` |
| validate | checks the rows with Great Expectations; bad ones are marked for quarantine | `staging` |
| resolve | finds duplicates; identities first, then a person for every event; holds or releases | `staging` |
| load | one transaction: persons, events, buffer, quarantine, ledger | `warehouse`, `buffer`, `quarantine`, `ops` |
| again | starts the next run at once while there is a backlog; else it is skipped | |

A failed run leaves its batch open, and the next run finishes it with the same bounds: nothing is lost or doubled.
Clear and re-run any task: a step that is already done does nothing.

The warehouse is `ETL_DATABASE_URL`, as for every `etl` command; only where that is unset, it is the Airflow connection
`events_warehouse`. *open* fails if the two name different databases, or if `etl migrate` has not prepared the one.
"""

from __future__ import annotations

from typing import Any

from airflow.providers.standard.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sdk import CronTriggerTimetable, dag, task
from airflow.sdk.exceptions import AirflowSkipException
from events_common import EVENTS, POLICY, is_caught_up, step

from etl.names import INGEST


def skip_when_caught_up(context: Any) -> None:
    """Leave the next run to the schedule unless the batch was full."""
    if is_caught_up(context["ti"].xcom_pull(task_ids="open")):
        raise AirflowSkipException("Nothing is left in landing; the next run is the next minute's.")


@dag(
    dag_id=INGEST,
    description="From landing to the warehouse, one micro-batch a minute",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("* * * * *", timezone="UTC"),
    **POLICY,
)
def ingest() -> None:
    """The five steps in order; only the batch's id passes from one to the next."""

    @task(task_id="open")
    def open_() -> int:
        return step("open")

    @task
    def stage(batch_id: int) -> int:
        return step("stage", batch_id)

    @task
    def validate(batch_id: int) -> int:
        return step("validate", batch_id)

    @task
    def resolve(batch_id: int) -> int:
        return step("resolve", batch_id)

    @task(outlets=[EVENTS])
    def load(batch_id: int, *, outlet_events: Any = None) -> int:
        outlet_events[EVENTS].extra = {"batch_id": batch_id}
        return step("load", batch_id)

    again = TriggerDagRunOperator(
        task_id="again",
        trigger_dag_id=INGEST,
        trigger_run_id="backlog_after_batch_{{ ti.xcom_pull(task_ids='open') }}",
        logical_date=None,
        skip_when_already_exists=True,
        pre_execute=skip_when_caught_up,
    )
    load(resolve(validate(stage(open_())))) >> again  # type: ignore[arg-type]  # the scheduler passes the ints


ingest()
