"""After each batch: write the data quality page, which Airflow shows under *Quality*.

| task | what it does | writes |
| --- | --- | --- |
| build | sums up the new batches and writes the pages that changed | `ops.report_*`, the folder ETL_REPORT_DIR |

With ETL_REPORT_IN_DATABASE the pages are in `ops.report_page` instead.

It follows the asset that `events_ingest` updates, and never delays `events_ingest`: batches that are loaded while it
runs are all taken by its next run. It also runs every five minutes, so that the page can say when loading has stopped.
"""

from __future__ import annotations

from airflow.sdk import DAG, AssetOrTimeSchedule, CronTriggerTimetable, task
from events_common import POLICY, terminal_errors, warehouse
from events_warehouse import events_of, read_shards, settings_of, warehouse_url

from etl.names import REPORT, of_shard

EVERY_FIVE_MINUTES = CronTriggerTimetable("*/5 * * * *", timezone="UTC")


def report(shard: str | None) -> None:
    """One task."""

    @task
    def build() -> str:
        from etl.report.publish import publish
        from etl.report.refresh import refresh

        settings = settings_of(shard)
        with warehouse(shard) as db:
            batches = refresh(db, settings)
        with terminal_errors():
            built = publish(warehouse_url(shard), settings)
        return f"{batches} batches, {built.written} pages written, {built.removed} removed, {built.seconds} s"

    build()


for each in read_shards():
    with DAG(
        of_shard(REPORT, each),
        description="The data quality page, after each batch",
        doc_md=__doc__,
        schedule=AssetOrTimeSchedule(timetable=EVERY_FIVE_MINUTES, assets=events_of(each)),
        **POLICY,
    ):
        report(each)
