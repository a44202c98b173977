"""What readers ask of a large warehouse, and how long they may wait: python -m tests.bench.queries.

Exit status 1 if a query misses its goal. Of three runs the best counts, and of that the smaller of seconds and CPU:
seconds grow with what else the machine does, CPU with parallel workers.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import psycopg
from psycopg.rows import dict_row

from etl import databases, sql
from etl.local import up
from etl.migrate import migrate
from etl.operate import property_index
from etl.settings import Settings
from etl.sql import Db
from tests.bench.drain import drain_apart
from tests.bench.events import LandingRow, generate, generate_history, land
from tests.bench.usage import read_usage
from tests.server import open_folder, running_in

DAYS = 40  # and the day before, with the first visits
KNOWN_PERSONS = 0.02
BATCH_SIZE = 50_000  # small enough for merges of persons that are stored by then
PLANS = 20
ROUNDS = 3
RECIPES = sql.resource("sql") / "recipes"


@dataclass(frozen=True)
class Query:
    """What is asked, and the seconds in which it has to be answered; no goal: the slow way, to compare."""

    name: str
    text: str
    goal: float | None
    parameters: dict[str, Any]


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.queries", description=__doc__)
    parser.add_argument("--events", type=int, default=1_100_000)
    arguments = parser.parse_args()
    with open_folder() as folder, running_in(folder) as server:
        url = databases.create_database(server, "warehouse")
        fill(url, arguments.events)
        return measure(url)


def fill(url: str, events: int) -> None:
    """Events of 41 days until today; merges stay as overrides, as until the next squash."""
    start = datetime.now(UTC) - timedelta(days=DAYS)
    known_persons = int(events * KNOWN_PERSONS)
    with sql.connect(url) as db:
        migrate(db, Settings())
        land(db, with_plan(generate_history(known_persons, start=start)))
        land(db, with_plan(generate(events, known_persons=known_persons, start=start, days=DAYS)))
        drain_apart(url, Settings(batch_size=BATCH_SIZE))
        db.execute("vacuum (analyze)")
        db.execute("checkpoint")


def with_plan(rows: Iterable[LandingRow]) -> Iterator[LandingRow]:
    """A property to filter by, of twenty values."""
    for number, (uuid, event, distinct_id, properties, timestamp) in enumerate(rows):
        yield uuid, event, distinct_id, f'{{"planId": "plan_{number % PLANS}", {properties[1:]}', timestamp


def queries() -> list[Query]:
    today = datetime.now(UTC).date()
    day, week = today - timedelta(days=1), today - timedelta(days=7)
    monday = today - timedelta(days=today.weekday() + 35)
    whole = {"team_id": 1, "since": monday, "until": monday + timedelta(days=42)}
    person = {"distinct_id": "user_100"}
    by_plan = (
        "select date_trunc('day', timestamp) as day, sum(warehouse.number(properties, 'subtotal')) as subtotal"
        " from warehouse.events where event = 'Order created' and properties ->> 'planId' = 'plan_7' group by 1"
    )
    return [
        Query("the latest ten, as `make run` prints it", up.SELECT, 0.5, {}),
        Query(
            "a day, by a range",
            "select count(distinct person_id) from warehouse.events"
            " where timestamp >= %(day)s and timestamp < %(day)s::date + 1",
            0.5,
            {"day": day},
        ),
        Query(
            "a day, by `timestamp::date = ...`",
            "select count(distinct person_id) from warehouse.events where timestamp::date = %(day)s",
            None,
            {"day": day},
        ),
        Query(
            "`daily_unique_persons` of seven days",
            "select * from warehouse.daily_unique_persons(%(week)s, %(day)s)",
            0.5,
            {"week": week, "day": day},
        ),
        Query(
            "a person, by `events_of_person`",
            "select p.person_id, e.* from warehouse.person_distinct_ids as p"
            " cross join lateral warehouse.events_of_person(1, p.person_id) as e where p.distinct_id = %(distinct_id)s",
            0.5,
            person,
        ),
        Query(
            "a person, by `person_id = ...`",
            "select * from warehouse.events where person_id = (select p.person_id"
            " from warehouse.person_distinct_ids as p where p.distinct_id = %(distinct_id)s)",
            None,
            person,
        ),
        Query(
            "weekly retention of six weeks, the recipe",
            (RECIPES / "retention.sql").read_text(),
            3.0,
            whole | {"event": "$pageview", "returning_event": "$pageview"},
        ),
        Query("one plan of twenty, summed by day, with an index", by_plan, 0.5, {}),
    ]


def measure(url: str) -> int:
    with sql.connect(url) as db:
        property_index.create(db, "planId")
    # As readers do: with the server's settings, not with those of our own sessions.
    with psycopg.connect(url, autocommit=True, row_factory=dict_row) as db:
        [row] = db.execute(
            "select count(*) as events, count(distinct person_id) as persons,"
            " count(distinct (timestamp at time zone 'UTC')::date) as days from warehouse.events"
        ).fetchall()
        print("{events:,} events of {persons:,} persons on {days} days".format(**row))
        slow = [query.name for query in queries() if not is_fast(db, query)]
    return int(bool(slow))


def is_fast(db: Db, query: Query) -> bool:
    """Ask three times and print the best: seconds, and CPU of the server."""
    took = []
    for _ in range(ROUNDS):
        before, began = read_usage(db), time.perf_counter()
        rows = len(db.execute(query.text, query.parameters).fetchall())
        seconds = time.perf_counter() - began
        took.append((seconds, (read_usage(db) - before).cpu))
    seconds, cpu = min(took)
    goal = "" if query.goal is None else f"  goal {query.goal} s"
    print(f"{query.name:<48} {rows:>4} rows  {seconds:5.2f} s  CPU {cpu:5.2f} s{goal}", flush=True)
    return query.goal is None or min(seconds, cpu) < query.goal


if __name__ == "__main__":
    sys.exit(main())
