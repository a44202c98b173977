"""Every hour: what keeps the warehouse fast, small and provably right. The tasks do not depend on each other.

| task | what it does |
| --- | --- |
| ensure_partitions | makes the day partitions of the next days |
| drop_expired_partitions | drops landing's old days once every row of them is processed |
| squash | folds person overrides into the events they stand for; readers see no difference |
| check_days | unique users by day, drift of events, `expectations/advice.json` on the newest days |
| check_warehouse | `expectations/warehouse.json` and `person.json` over everything; a critical failure fails the task |
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task
from common import DEFAULT_ARGS, START, TAG, warehouse

from etl.operate import maintain as job
from etl.quality import daily
from etl.settings import read_settings


@dag(
    dag_id="maintain",
    description="Partitions, retention, overrides, checks of days and of the whole warehouse, once an hour",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[TAG],
)
def maintain() -> None:
    """Tasks side by side."""

    @task
    def ensure_partitions() -> int:
        with warehouse() as db:
            return job.ensure_partitions(db, read_settings())

    @task
    def drop_expired_partitions() -> list[str]:
        with warehouse() as db:
            return job.drop_expired_partitions(db, read_settings())

    @task
    def squash() -> int:
        with warehouse() as db:
            return job.squash(db)

    @task
    def check_days() -> list[str]:
        with warehouse() as db:
            return [str(day) for day in daily.check_days(db)]

    @task
    def check_warehouse() -> list[str]:
        with warehouse() as db:
            return job.check_invariants(db)

    ensure_partitions()
    drop_expired_partitions()
    squash()
    check_days()
    check_warehouse()


maintain()
