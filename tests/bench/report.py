"""The data quality page over 30 days of minute batches: python -m tests.bench.report (part of make bench).

Exit status 1 if a minute's report, or all pages from nothing, take 5 s or more.
"""

from __future__ import annotations

import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

from etl import databases, sql
from etl.migrate import migrate
from etl.report.refresh import refresh
from etl.report.site import build
from etl.settings import Settings
from tests.report.history import generate
from tests.server import open_folder, running_in

BATCHES = 43_200
LIMIT_SECONDS = 5.0
COLUMNS = """
    select string_agg(attname, ', ' order by attnum) as names
    from pg_attribute where attrelid = 'ops.batch'::regclass and attnum > 0 and attgenerated = ''
"""
NEXT_BATCH = """
    insert into ops.batch ({columns})
    select {columns}
    from (
        select
            (jsonb_populate_record(
                b, jsonb_build_object('batch_id', b.batch_id + 1, 'loaded_at', clock_timestamp())
            )).*
        from ops.batch as b order by batch_id desc limit 1
    ) as n
"""


def main() -> int:
    with open_folder() as folder, running_in(folder) as server:
        return measure(databases.create_database(server, "warehouse"), folder / "site")


def measure(url: str, site: Path) -> int:
    settings = Settings()
    with sql.connect(url) as db:
        migrate(db, settings)
        generate(db, BATCHES, datetime.now(UTC) - timedelta(minutes=1))
        began = time.perf_counter()
        refresh(db, settings)
        print(f"{BATCHES:,} batches, 216,000 events summed up, once    {time.perf_counter() - began:6.2f} s")
        first = build(url, settings, site)
        print(f"all {first.pages} pages from nothing                          {first.seconds:6.2f} s")
        next_batch = NEXT_BATCH.format(columns=db.execute(COLUMNS).fetchone()["names"])
        minutes = []
        for _ in range(5):
            db.execute(next_batch)
            began = time.perf_counter()
            refresh(db, settings)
            build(url, settings, site)
            minutes.append(time.perf_counter() - began)
        minute = sorted(minutes)[len(minutes) // 2]
        print(f"a minute's report: sum up one batch, write pages   {minute:6.2f} s")
    return int(max(first.seconds, minute) >= LIMIT_SECONDS)


if __name__ == "__main__":
    sys.exit(main())
