"""Drain a landed backlog through the cycle, beside one bare ``insert ... select`` of the same rows, in one server."""

from __future__ import annotations

import argparse
import resource
import subprocess
import sys
import time
from pathlib import Path

from etl import databases, sql
from etl.cycle.batch import STEPS
from etl.cycle.run import run_cycle
from etl.migrate import migrate
from etl.settings import Settings, read_settings
from etl.sql import Db
from tests.bench import capture, files, shapes
from tests.bench.events import Properties, generate, generate_history, land, read_recorded
from tests.server import open_folder, running_in

BARE_TABLE = Path(__file__).parent / "bare_table.sql"
BARE_COPY = Path(__file__).parent / "bare_copy.sql"
KNOWN_PERSONS = 0.12  # persons of the past for each event of the backlog


def main() -> int:
    """Print events/s of both, the ratio, seconds by step, and the peak memory of the cycle's process."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=500_000)
    parser.add_argument("--real", action="store_true", help="with the properties that posthog-js sends, 1.7 to 3 KB")
    parser.add_argument("--drain", help=argparse.SUPPRESS)  # the child process that is measured
    arguments = parser.parse_args()
    settings = read_settings()
    if arguments.drain:
        return drain(arguments.drain, settings)
    with open_folder() as folder, running_in(folder) as server:
        url = databases.create_database(server, "bench")
        with sql.connect(url) as db:
            code = compare(db, url, arguments.events, settings, read_recorded() if arguments.real else [])
        share = min(1.0, arguments.events / 500_000)
        return (
            code
            or shapes.measure(server, share=share)
            or capture.measure(server, share=share)
            or files.measure(server, share=share)
        )


def compare(db: Db, url: str, events: int, settings: Settings, recorded: list[Properties]) -> int:
    """Fill the warehouse with the past; land, copy bare, drain, copy bare again, print.

    Twice, because the first copy in a new server also makes its WAL files.
    """
    migrate(db, settings)
    known_persons = max(1, int(events * KNOWN_PERSONS))
    print(f"the past: the first visits of {known_persons:,} persons, into an empty warehouse")
    land(db, generate_history(known_persons, recorded=recorded))
    if code := drain_apart(url):
        return code
    db.execute("vacuum (analyze)")
    past = int(number(db, "select max(batch_id) as n from ops.batch"))
    before_backlog = int(number(db, "select max(landing_id) as n from landing.event"))
    land(db, generate(events, known_persons=known_persons, recorded=recorded))
    size = number(db, "select avg(octet_length(properties::text))::int as n from landing.event")
    print(f"{events:,} events landed, {size:,.0f} bytes of properties each on average")
    before = copy_bare(db, events, before_backlog)
    if code := drain_apart(url):
        return code
    after = copy_bare(db, events, before_backlog)
    seconds = number(
        db, "select sum(extract(epoch from loaded_at - opened_at)) as n from ops.batch where batch_id > %s", past
    )
    print(f"ratio to the bare copies {(before + after) / 2 / seconds:8.2f}")
    return 0


def number(db: Db, query: str, *values: int) -> float:
    """The one value of a query, named ``n``."""
    row = db.execute(query, values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return float(row["n"])


def drain_apart(url: str) -> int:
    """Drain in a process of its own, because peak memory is a process's; returns its exit code."""
    return subprocess.run([sys.executable, "-m", "tests.bench", "--drain", url], check=False).returncode


def copy_bare(db: Db, events: int, after_landing_id: int) -> float:
    """Copy the rows that landed after a position by one statement; print and return the seconds."""
    db.execute("checkpoint")
    db.execute(BARE_TABLE.read_bytes())
    start = time.perf_counter()
    db.execute(BARE_COPY.read_bytes(), {"after_landing_id": after_landing_id})
    seconds = time.perf_counter() - start
    print(f"bare insert ... select   {seconds:8.2f} s  {events / seconds:10,.0f} events/s")
    db.execute("drop schema bare cascade")
    db.execute("checkpoint")
    return seconds


def drain(url: str, settings: Settings) -> int:
    """Run cycles until the backlog is gone; print events/s, seconds by step and peak memory."""
    import great_expectations  # noqa: F401 - the scheduler has it loaded before a task is forked

    total = dict.fromkeys(STEPS, 0.0)
    landed = 0
    start = time.perf_counter()
    with sql.connect(url) as db:
        while True:
            batch = run_cycle(db, settings)
            landed += batch.landed
            for step, seconds in batch.step_seconds.items():
                total[step] += seconds
            print(f"  {batch.summary}")
            if batch.is_caught_up:
                break
    seconds = time.perf_counter() - start
    print(f"etl cycle                {seconds:8.2f} s  {landed / seconds:10,.0f} events/s")
    print("  " + "  ".join(f"{step} {spent:.2f} s" for step, spent in total.items()))
    print(f"  peak memory of the process {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:,.0f} MiB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
