"""What a minute's batch takes in an empty warehouse and in a full one: python -m tests.bench.minute.

12,000 events with the properties that posthog-js sends, one batch without Airflow, seven times; and the same next to
some million events that are already there, of the same persons.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import ExitStack, redirect_stdout
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

BATCHES = 7
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
    """Print both; returns the seconds next to few events, and those next to many over them.

    The same batches go into a warehouse of few events and into one of many, in turns: what else the machine does comes
    and goes within the minutes that filling takes.
    """
    import great_expectations  # noqa: F401 - the scheduler has it loaded before a task is forked

    known = int(stored * KNOWN_PERSONS)
    with ExitStack() as stack:
        warehouses = []
        for name, parts in (("few", []), ("many", generate_parts(known, stored))):
            url = stack.enter_context(databases.temporary_database(server, name))
            db = stack.enter_context(sql.connect(url))
            migrate(db, settings)
            fill(db, url, settings, [generate_history(known, recorded=read_recorded()), *parts])
            warehouses.append(db)
        taken = [[measure(db, settings, events, known, number) for db in warehouses] for number in range(BATCHES)]
        for db, of_one in zip(warehouses, zip(*taken, strict=True), strict=True):
            report(db, events, of_one)
    seconds, cpu = ([turn[1][kind] / turn[0][kind] for turn in taken] for kind in (0, 1))
    print(f"ratio of seconds {statistics.median(seconds):.2f}, of CPU {statistics.median(cpu):.2f}")
    return statistics.median(few[0] for few, _ in taken), statistics.median(seconds)


def fill(db: Db, url: str, settings: Settings, parts: Iterable[Iterable[LandingRow]]) -> None:
    """Load what is already there, part by part."""
    for rows in parts:
        land(db, rows, is_captured=True)
        with redirect_stdout(StringIO()):
            drain(url, settings)
    db.execute("vacuum (analyze)")
    db.execute("checkpoint")


def generate_parts(known: int, stored: int) -> Iterator[Iterator[LandingRow]]:
    """So many events, in parts, in the order of time."""
    for part, begin in enumerate(range(0, stored, AT_ONCE)):
        count = min(AT_ONCE, stored - begin)
        share = timedelta(days=DAYS * begin / stored)
        yield generate(
            count,
            known_persons=known,
            seed=1000 + part,
            recorded=read_recorded(),
            start=START + share,
            days=DAYS * count / stored,
        )


def measure(db: Db, settings: Settings, events: int, known: int, number: int) -> tuple[float, float]:
    """The seconds of one batch, and those of CPU, server and client."""
    start = START + timedelta(days=DAYS, minutes=number)
    minute = 1 / (24 * 60)
    rows = generate(events, known_persons=known, seed=100 + number, recorded=read_recorded(), start=start, days=minute)
    land(db, rows, is_captured=True)
    usage, began, cpu = read_usage(db), time.perf_counter(), time.process_time()
    batch = run_cycle(db, settings)
    seconds = time.perf_counter() - began
    assert batch.landed == events
    return seconds, (read_usage(db) - usage).cpu + time.process_time() - cpu


def report(db: Db, events: int, taken: Iterable[tuple[float, float]]) -> None:
    seconds, cpu = zip(*taken, strict=True)
    stored = db.execute("select count(*) as n from warehouse.stored_event").fetchall()[0]["n"]
    print(
        f"{events:,} events next to {stored:,}: {statistics.median(seconds):.2f} s"
        f" (of {', '.join(f'{each:.2f}' for each in seconds)}),"
        f" CPU {statistics.median(cpu) * 1e6 / events:.1f} us an event",
        flush=True,
    )


if __name__ == "__main__":
    sys.exit(main())
