"""Every hour: keep the warehouse fast, small and checked. The tasks do not depend on each other; only the last waits.

| task | what it does |
| --- | --- |
| ensure_partitions | makes the partitions of the next days |
| drop_expired_partitions | drops old days of landing once all their rows are processed |
| drop_expired_rows | drops refused rows, warnings and events that are older than their retention, if they have one |
| squash | folds person overrides into the events they are for; readers see no difference |
| check_days | counts users by day, finds drift and incidents, checks the newest days by `expectations/advice.json` |
| refresh_event_views | makes the views of the schema `event` as the events of the last 30 days want them |
| audit_new | verifies the new batches, the audit log and all audited tables; what does not agree fails the task |
| check_warehouse | checks everything: `expectations/warehouse.json`, `person.json`; a critical failure fails the task |
| check_own_suites | asks the suites in `ETL_EXPECTATIONS_DIR`, after all others; whatever they find fails nothing |
"""

from __future__ import annotations

from airflow.sdk import DAG, CronTriggerTimetable, task, teardown
from events_common import POLICY, warehouse
from events_warehouse import read_shards

from etl.names import MAINTAIN, of_shard
from etl.operate import event_views
from etl.operate import maintain as job
from etl.operate.event_retention import drop_expired_events
from etl.quality import daily, own_suites
from etl.settings import read_settings

HOURLY = CronTriggerTimetable("17 * * * *", timezone="UTC")


def maintain(shard: str | None) -> None:
    """The tasks, in no order but the last."""

    @task
    def ensure_partitions() -> int:
        with warehouse(shard) as db:
            return job.ensure_partitions(db, read_settings())

    @task
    def drop_expired_partitions() -> list[str]:
        with warehouse(shard) as db:
            return job.drop_expired_partitions(db, read_settings())

    @task
    def drop_expired_rows() -> tuple[int, int, int]:
        with warehouse(shard) as db:
            return *job.drop_expired_rows(db, read_settings()), drop_expired_events(db, read_settings()).events

    @task
    def squash() -> int:
        with warehouse(shard) as db:
            return job.squash(db)

    @task
    def check_days() -> list[str]:
        with warehouse(shard) as db:
            return [str(day) for day in daily.check_days(db)]

    @task
    def refresh_event_views() -> list[str]:
        with warehouse(shard) as db:
            return event_views.refresh_event_views(db).made

    @task
    def audit_new() -> int:
        with warehouse(shard) as db:
            found = job.audit_new(db)
            found.raise_for_trouble()
        return found.batches

    @task
    def check_warehouse() -> list[str]:
        with warehouse(shard) as db:
            return job.check_invariants(db)

    # A teardown runs whatever became of those before, and says nothing of the run: they still do.
    @teardown
    def check_own_suites() -> int:
        with warehouse(shard) as db:
            return len(own_suites.check_suites(db, read_settings().expectations_dir))

    others = [
        ensure_partitions(),
        drop_expired_partitions(),
        drop_expired_rows(),
        squash(),
        check_days(),
        refresh_event_views(),
        audit_new(),
        check_warehouse(),
    ]
    others >> check_own_suites()


for each in read_shards():
    about = "Partitions, retention, overrides, checks of days and of the whole warehouse, once an hour"
    with DAG(of_shard(MAINTAIN, each), description=about, doc_md=__doc__, schedule=HOURLY, **POLICY):
        maintain(each)
