"""Drain a landed backlog through the cycle, next to one bare ``insert ... select`` of the same rows, in one server.

Of two mixes: events made up, 1 KB each, and with the properties that posthog-js was recorded to send, 1.7 to 3 KB,
landed as by capture; their anonymous visitors have no person, as is its default.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from etl import databases, sql
from etl.migrate import migrate
from etl.settings import Settings, read_settings
from etl.sql import Db
from tests.bench import capture, files, goals, minute, shapes
from tests.bench.drain import drain_apart
from tests.bench.events import Properties, generate, generate_history, land, read_recorded
from tests.bench.usage import Usage, read_sizes, read_usage
from tests.server import open_folder, running_in

BARE_TABLE = Path(__file__).parent / "bare_table.sql"
BARE_COPY = Path(__file__).parent / "bare_copy.sql"
RECORDED = "recorded"
MIXES = ("made-up", RECORDED)
STORED = 1_000_000  # events that a minute's batch is measured next to
KNOWN_PERSONS = 0.12  # persons of the past for each event of the backlog


def main() -> int:
    """Print events/s of both, ratios of seconds and of CPU, seconds by step, and the cycle's peak memory."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("--events", type=int, default=200_000, help="of each mix")
    parser.add_argument("--mix", choices=MIXES, nargs="+", default=MIXES)
    arguments = parser.parse_args()
    settings = read_settings()
    measured: dict[str, float] = {}
    with open_folder() as folder, running_in(folder) as server:
        for mix in arguments.mix:
            print(f"{mix} events", flush=True)
            with databases.temporary_database(server, "bench") as url, sql.connect(url) as db:
                recorded = read_recorded() if mix == RECORDED else []
                wall, cpu = compare(db, url, arguments.events, settings, recorded)
            measured |= {f"{mix} wall": wall, f"{mix} cpu": cpu}
        share = min(1.0, arguments.events / 200_000)
        print("a minute's batch", flush=True)
        seconds, ratio = minute.compare(server, settings, stored=int(STORED * share))
        failed = shapes.measure(server, share=share)
        measured |= {"minute": seconds, "full": ratio, "capture": capture.measure(server, share=share)}
        failed = failed or files.measure(server, share=share)
    print(goals.table(measured))
    return failed


def compare(db: Db, url: str, events: int, settings: Settings, recorded: list[Properties]) -> tuple[float, float]:
    """Fill the warehouse with the past; land, copy bare, drain, copy bare again, print; return the ratios.

    Copied twice, because the first copy in a new server also makes its WAL files.

    Returns:
        Events/s of the drain over the bare copies', and its CPU over theirs.
    """
    migrate(db, settings)
    known_persons = max(1, int(events * KNOWN_PERSONS))
    print(f"the past: the first visits of {known_persons:,} persons, into an empty warehouse")
    land(db, generate_history(known_persons, recorded=recorded), is_captured=bool(recorded))
    drain_apart(url, settings)
    db.execute("vacuum (analyze)")
    past = int(number(db, "select max(batch_id) as n from ops.batch"))
    before_backlog = int(number(db, "select max(landing_id) as n from landing.event"))
    backlog = generate(events, known_persons=known_persons, recorded=recorded)
    land(db, backlog, is_captured=bool(recorded))
    size = number(db, "select avg(octet_length(properties::text))::int as n from landing.event")
    print(f"{events:,} events landed, {size:,.0f} bytes of properties each on average")
    before, bare = copy_bare(db, events, before_backlog)
    start = read_usage(db)
    client_cpu = drain_apart(url, settings)
    used = read_usage(db) - start
    after, bare_again = copy_bare(db, events, before_backlog)
    seconds = number(
        db, "select sum(extract(epoch from loaded_at - opened_at)) as n from ops.batch where batch_id > %s", past
    )
    wall = (before + after) / 2 / seconds
    print(f"ratio to the bare copies {wall:8.2f} of their events/s")
    cpu, copied = (used.cpu + client_cpu) / events, (bare.cpu + bare_again.cpu) / 2 / events
    print(
        f"CPU an event             {cpu * 1e6:8.1f} us, of that the client {client_cpu / events * 1e6:.1f} us: "
        f"{cpu / copied:.1f} times the bare copy's {copied * 1e6:.1f} us"
    )
    wal, bare_wal = used.wal_bytes / events, bare_again.wal_bytes / events
    print(f"write-ahead log          {wal:8,.0f} bytes an event, bare {bare_wal:,.0f}")
    sizes = ", ".join(f"{name} {size:,.0f}" for name, size in read_sizes(db).items())
    print(f"on disk, bytes an event  {sizes}")
    return wall, cpu / copied


def number(db: Db, query: str, *values: int) -> float:
    """The one value of a query, named ``n``."""
    row = db.execute(query, values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return float(row["n"])


def copy_bare(db: Db, events: int, after_landing_id: int) -> tuple[float, Usage]:
    """Copy the rows that landed after a position by one statement; print the seconds, return them and what it used."""
    db.execute("checkpoint")
    db.execute(BARE_TABLE.read_bytes())
    before, start = read_usage(db), time.perf_counter()
    db.execute(BARE_COPY.read_bytes(), {"after_landing_id": after_landing_id})
    seconds, used = time.perf_counter() - start, read_usage(db) - before
    print(f"bare insert ... select   {seconds:8.2f} s  {events / seconds:10,.0f} events/s")
    db.execute("drop schema bare cascade")
    db.execute("checkpoint")
    return seconds, used


if __name__ == "__main__":
    sys.exit(main())
