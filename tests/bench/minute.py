"""What a minute's batch takes in an empty warehouse and in a full one: python -m tests.bench.minute.

12,000 events with the properties that posthog-js sends, one batch without Airflow, five times; then the same with some
million events already there, whose persons are those that the minute's events are of.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import redirect_stdout
from datetime import timedelta
from io import StringIO

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.migrate import migrate
from etl.settings import Settings, read_settings
from etl.sql import Db
from tests.bench.drain import drain
from tests.bench.events import START, LandingRow, generate, generate_history, land, read_recorded
from tests.bench.usage import read_usage
from tests.server import open_folder, running_in

BATCHES = 5
DAYS = 30
KNOWN_PERSONS = 0.02  # of each event that is already there
AT_ONCE = 500_000


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench.minute", description=__doc__)
    parser.add_argument("--events", type=int, default=12_000, help="of a minute")
    parser.add_argument("--stored", type=int, default=5_000_000, help="events that are already there")
    arguments = parser.parse_args()
    with open_folder() as folder, running_in(folder) as server:
        compare(server, read_settings(), events=arguments.events, stored=arguments.stored)
    return 0


def compare(server: str, settings: Settings, *, events: int = 12_000, stored: int) -> tuple[float, float]:
    """Print both; returns the seconds next to few events, and those next to many over them."""
    import great_expectations  # noqa: F401 - the scheduler has it loaded before a task is forked

    with databases.temporary_database(server, "minute") as url, sql.connect(url) as db:
        migrate(db, settings)
        known = int(stored * KNOWN_PERSONS)
        fill(db, url, settings, [generate_history(known, recorded=read_recorded())], is_captured=True)
        before = measure(db, settings, events, known, seed=100)
        fill(db, url, settings, generate_parts(known, stored))
        after = measure(db, settings, events, known, seed=200)
    print(f"ratio of seconds {after[0] / before[0]:.2f}, of CPU {after[1] / before[1]:.2f}")
    return before[0], after[0] / before[0]


def fill(
    db: Db, url: str, settings: Settings, parts: Iterable[Iterable[LandingRow]], *, is_captured: bool = False
) -> None:
    """Load what is already there, part by part."""
    for rows in parts:
        land(db, rows, is_captured=is_captured)
        with redirect_stdout(StringIO()):
            drain(url, settings)
    db.execute("vacuum (analyze)")
    db.execute("checkpoint")


def generate_parts(known: int, stored: int) -> Iterator[Iterator[LandingRow]]:
    """So many events, in parts, in the order of time."""
    for part, begin in enumerate(range(0, stored, AT_ONCE)):
        count = min(AT_ONCE, stored - begin)
        share = timedelta(days=DAYS * begin / stored)
        yield generate(count, known_persons=known, seed=1000 + part, start=START + share, days=DAYS * count / stored)


def measure(db: Db, settings: Settings, events: int, known: int, seed: int) -> tuple[float, float]:
    """The medians of seconds and of CPU, server and client, of some batches; printed."""
    took = []
    recorded = read_recorded()
    for number in range(BATCHES):
        start = START + timedelta(days=DAYS, minutes=number)
        land(
            db,
            generate(
                events, known_persons=known, seed=seed + number, recorded=recorded, start=start, days=1 / (24 * 60)
            ),
            is_captured=True,
        )
        usage, began, cpu = read_usage(db), time.perf_counter(), time.process_time()
        batch = run_cycle(db, settings)
        seconds = time.perf_counter() - began
        took.append((seconds, (read_usage(db) - usage).cpu + time.process_time() - cpu))
        assert batch.landed == events
    stored = db.execute("select count(*) as n from warehouse.stored_event").fetchall()[0]["n"]
    seconds, cpu = (statistics.median(each) for each in zip(*took, strict=True))
    listed = ", ".join(f"{seconds:.2f}" for seconds, _ in took)
    print(
        f"{events:,} events next to {stored:,}: {seconds:.2f} s (of {listed}), "
        f"CPU {cpu * 1e6 / events:.1f} us an event",
        flush=True,
    )
    return seconds, cpu


if __name__ == "__main__":
    sys.exit(main())
