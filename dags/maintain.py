"""Every hour: keep the warehouse fast, small and checked. The tasks do not depend on each other.

| task | what it does |
| --- | --- |
| ensure_partitions | makes the partitions of the next days |
| drop_expired_partitions | drops old days of landing once all their rows are processed |
| squash | folds person overrides into the events they are for; readers see no difference |
| look_at_days | counts unique users by day, finds drift, checks the newest days against `expectations/advice.json` |
| check_warehouse | checks everything against `expectations/warehouse.json` and `person.json` |
| check_invariants | runs `sql/invariants/*.sql`; a row returned is a contradiction, and fails the task |
"""

from __future__ import annotations

from airflow.sdk import CronTriggerTimetable, dag, task
from events_common import POLICY, warehouse

from etl.names import MAINTAIN
from etl.operate import maintain as job
from etl.quality import daily
from etl.settings import read_settings


@dag(
    dag_id=MAINTAIN,
    description="Partitions, retention, overrides and checks, once an hour",
    doc_md=__doc__,
    schedule=CronTriggerTimetable("17 * * * *", timezone="UTC"),
    **POLICY,
)
def maintain() -> None:
    """The tasks, in no order."""

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
    def check_invariants() -> list[str]:
        with warehouse() as db:
            return job.check_invariants(db)

    @task
    def look_at_days() -> list[str]:
        with warehouse() as db:
            return [str(day) for day in daily.look_at_days(db)]

    @task
    def check_warehouse() -> list[str]:
        with warehouse() as db:
            return [f"{finding.suite}.{finding.name}" for finding in daily.check_warehouse(db)]

    ensure_partitions()
    look_at_days()
    check_warehouse()
    drop_expired_partitions()
    squash()
    check_invariants()


maintain()
