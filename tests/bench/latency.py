"""How long an event takes to its readers, through Airflow: python -m tests.bench.latency.

Starts all of `etl up` in a folder of its own, lets the sample pass, then watches minutes in which nothing lands and
minutes in which events land every second, with the properties that posthog-js sends.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from etl import sql
from etl.local import postgres
from etl.local.logins import owner_url
from etl.names import INGEST
from tests.bench.events import COPY, generate, generate_history, land, read_recorded
from tests.server import open_folder

START_SECONDS, SETTLE_SECONDS = 240.0, 200.0
KNOWN_PERSONS = 2_000

RUNS = """
    with task as (
        select
            r.run_after, t.task_id, t.state, t.end_date,
            extract(epoch from t.start_date - r.run_after) as began,
            extract(epoch from t.end_date - r.run_after) as ended
        from dag_run as r
        inner join task_instance as t using (dag_id, run_id)
        where r.dag_id = %(dag_id)s and r.run_type = 'scheduled'
            and r.run_after > %(since)s and r.run_after <= %(until)s
    )
    select
        task_id, count(*) filter (where state = 'success') as run,
        percentile_cont(array[0.5, 0.9, 1]) within group (order by began) filter (where state = 'success') as began,
        percentile_cont(array[0.5, 0.9, 1]) within group (order by ended) filter (where state = 'success') as ended
    from task
    group by task_id
    having count(*) filter (where state = 'success') > 0
    order by min(began)
"""
BATCHES = """
    select
        count(*) as batches, sum(landed)::bigint as landed,
        percentile_cont(array[0.5, 0.9, 1]) within group (order by seconds) as seconds
    from (
        select b.landed, (select sum(s.value::float8) from jsonb_each_text(b.step_seconds) as s) as seconds
        from ops.batch as b
        where b.opened_at > %(since)s and b.opened_at <= %(until)s and b.landed > 0
    ) as batch
"""
EVENTS = """
    select
        count(*) as events,
        percentile_cont(array[0.5, 0.9, 1]) within group (
            order by extract(epoch from b.loaded_at - e.received_at)
        ) as seconds
    from warehouse.stored_event as e
    inner join ops.batch as b using (batch_id)
    where e.received_at > %(since)s and e.received_at <= %(until)s
"""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.latency", description=__doc__)
    parser.add_argument("--minutes", type=int, default=30, help="empty ones, and as many full ones")
    parser.add_argument("--events", type=int, default=12_000, help="of a full minute")
    arguments = parser.parse_args()
    with open_folder() as folder, running_stack(folder) as urls:
        measure(*urls, arguments.minutes, arguments.events)
    return 0


@contextmanager
def running_stack(folder: Path) -> Iterator[tuple[str, str]]:
    """`etl up` below a folder and on free ports, its sample loaded; gives the warehouse's URL and Airflow's."""
    home = folder / "var"
    inherited = {key: value for key, value in os.environ.items() if not key.startswith(("ETL_", "AIRFLOW"))}
    ports = {f"ETL_{part}_PORT": str(postgres.free_port()) for part in ("POSTGRES", "AIRFLOW", "CAPTURE")}
    with (folder / "up.out").open("w") as output:
        up = subprocess.Popen(
            [sys.executable, "-m", "etl.cli", "up"],
            env=inherited | ports | {"ETL_HOME": str(home)},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    try:
        until = time.monotonic() + START_SECONDS
        while "Landing" not in (folder / "up.out").read_text():
            if up.poll() is not None or time.monotonic() > until:
                raise SystemExit((folder / "up.out").read_text())
            time.sleep(1)
        time.sleep(SETTLE_SECONDS)
        warehouse_url = owner_url(home)
        if warehouse_url is None:
            raise SystemExit("The private server has no owner.")
        yield warehouse_url, read_metadata_url(home)
    finally:
        up.send_signal(signal.SIGTERM)
        up.wait(60)


def read_metadata_url(home: Path) -> str:
    """Of Airflow's own database, as its shell gets it."""
    shell = f". {home / 'airflow' / 'env.sh'}; echo $AIRFLOW__DATABASE__SQL_ALCHEMY_CONN"
    printed = subprocess.run(["bash", "-c", shell], check=True, text=True, stdout=subprocess.PIPE)
    return printed.stdout.strip().replace("+psycopg", "")


def measure(warehouse_url: str, metadata_url: str, minutes: int, events: int) -> None:
    with (
        sql.connect(warehouse_url) as db,
        psycopg.connect(metadata_url, autocommit=True, row_factory=dict_row) as airflow,
    ):
        since = wait_for_minute()
        sleep_until(since + timedelta(minutes=minutes, seconds=20))
        print(f"{minutes} minutes in which nothing lands", flush=True)
        print_tasks(airflow, since, since + timedelta(minutes=minutes))

        recorded = read_recorded()
        land(db, generate_history(KNOWN_PERSONS, recorded=recorded, start=datetime.now(UTC)), is_captured=True)
        sleep_until(wait_for_minute() + timedelta(minutes=1))
        since = wait_for_minute()
        land_every_second(db, since, minutes, events)
        sleep_until(since + timedelta(minutes=minutes + 2, seconds=20))
        print(f"{minutes} minutes in each of which {events:,} events land, as recorded of posthog-js")
        print_tasks(airflow, since, since + timedelta(minutes=minutes))
        window = {"since": since, "until": since + timedelta(minutes=minutes)}
        [batch] = db.execute(BATCHES, window).fetchall()
        print("  {batches} batches of {landed:,} rows, seconds of a batch ".format(**batch) + _three(batch["seconds"]))
        [event] = db.execute(EVENTS, window).fetchall()
        print("  {events:,} events, seconds from landing to readers ".format(**event) + _three(event["seconds"]))


def wait_for_minute() -> datetime:
    """Sleep until a full minute has just begun; gives it."""
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    sleep_until(minute)
    return minute


def sleep_until(moment: datetime) -> None:
    time.sleep(max(0.0, (moment - datetime.now(UTC)).total_seconds()))


def land_every_second(db: sql.Db, since: datetime, minutes: int, events: int) -> None:
    """As many each second as make up the minute, until the minutes are over."""
    count = minutes * events
    rows = generate(count, known_persons=KNOWN_PERSONS, recorded=read_recorded(), start=since, days=minutes / (24 * 60))
    for second in range(minutes * 60):
        sleep_until(since + timedelta(seconds=second))
        with db.cursor() as cursor, cursor.copy(COPY.replace(b")", b", is_captured)")) as copy:
            for row in islice(rows, events // 60):
                copy.write_row((*row, True))


def print_tasks(airflow: psycopg.Connection[dict[str, Any]], since: datetime, until: datetime) -> None:
    """A line a task: how often it ran, and when after the scheduled minute it began and ended."""
    window = {"dag_id": INGEST, "since": since, "until": until}
    for task in airflow.execute(RUNS, window):
        print(f"  {task['task_id']:<9} ran {task['run']:>3} times; seconds after the minute:", end=" ")
        print(f"began {_three(task['began'])}; ended {_three(task['ended'])}", flush=True)


def _three(values: list[float]) -> str:
    return "median {:.1f}, 90 % {:.1f}, most {:.1f}".format(*(float(value) for value in values))


if __name__ == "__main__":
    sys.exit(main())
