"""After each batch: the data quality page, which Airflow shows under *Quality*.

| task | what it does | writes |
| --- | --- | --- |
| build | sums up the new batches, writes the pages that changed | `ops.report_*`, the folder ETL_REPORT_DIR |

It follows the asset that `ingest` loads, and never holds `ingest` up: batches loaded while it runs are taken together
by the next run. Every five minutes it also runs by the clock, so that the page says so when nothing is loaded any more.
"""

from __future__ import annotations

from airflow.sdk import AssetOrTimeSchedule, CronTriggerTimetable, dag, task
from common import DEFAULT_ARGS, EVENTS, START, TAG, terminal_errors, warehouse, warehouse_url

from etl.settings import read_settings


@dag(
    dag_id="report",
    description="The data quality page, after each batch",
    doc_md=__doc__,
    schedule=AssetOrTimeSchedule(timetable=CronTriggerTimetable("*/5 * * * *", timezone="UTC"), assets=EVENTS),
    start_date=START,
    catchup=False,
    max_active_runs=1,
    default_args=DEFAULT_ARGS,
    tags=[TAG],
)
def report() -> None:
    """One task."""

    @task
    def build() -> str:
        from etl.report.refresh import refresh
        from etl.report.serve import folder_of
        from etl.report.site import build as write

        settings = read_settings()
        with warehouse() as db:
            batches = refresh(db, settings)
        with terminal_errors():
            built = write(warehouse_url(), settings, folder_of(settings))
        return f"{batches} batches, {built.written} pages written, {built.removed} removed, {built.seconds} s"

    build()


report()
