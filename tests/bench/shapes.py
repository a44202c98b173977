"""Shapes that make identity dear: a long chain of aliases, a star of devices onto one user, many signups at once."""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from uuid import UUID, uuid5

from etl import databases, sql
from etl.cycle.batch import STEPS
from etl.cycle.run import run_cycle
from etl.migrate import migrate
from etl.settings import Settings
from tests.bench.events import START, LandingRow, land

Event = tuple[str, str, dict[str, object]]
"""Name, distinct id, properties."""


def chain(length: int) -> Iterator[Event]:
    """Each id is an alias of the one before: one person in the end, however long the chain."""
    for number in range(length):
        yield "$create_alias", f"link_{number}", {"alias": f"link_{number + 1}"}


def star(devices: int) -> Iterator[Event]:
    """One user signs in on every device, each of which has a person of its own before."""
    for number in range(devices):
        yield "$pageview", f"device_{number}", {"$device_id": f"device_{number}"}
    for number in range(devices):
        yield "$identify", "user", {"$anon_distinct_id": f"device_{number}", "$set": {"plan": "pro"}}


def signups(users: int) -> Iterator[Event]:
    """The signup story of many users in one batch: page, backend event, identify, page."""
    for number in range(users):
        yield "$pageview", f"visitor_{number}", {"$device_id": f"visitor_{number}"}
        yield "User created", f"user_{number}", {"source": "backend"}
        yield "$identify", f"user_{number}", {"$anon_distinct_id": f"visitor_{number}", "$set": {"plan": "free"}}
        yield "$pageview", f"user_{number}", {"$device_id": f"visitor_{number}"}


SHAPES: dict[str, tuple[Callable[[int], Iterator[Event]], int, Callable[[int], int]]] = {
    "chain of aliases": (chain, 100_000, lambda _: 1),
    "star of devices": (star, 100_000, lambda _: 1),
    "signups at once": (signups, 10_000, lambda users: users),
}
"""Generator, size, and how many persons must be left of a size."""


def measure(server_url: str, share: float = 1.0) -> int:
    """Print a line a shape: events, persons left, seconds by step, peak memory of the process that ran the cycles.

    Args:
        server_url: a server, without database; each shape gets a fresh one.
        share: of the full size, for a quick look.

    Returns:
        The exit status: 1 where a shape ended with another number of persons than it must.
    """
    failures = 0
    for place, (name, (generate, size, _)) in enumerate(SHAPES.items()):
        url = databases.create_database(server_url, f"shape_{place}")
        with sql.connect(url) as db:
            migrate(db, Settings())
            land(db, _rows(generate(max(1, int(size * share)))))
        # A process of its own: peak memory is a process's.
        code = subprocess.run(
            [sys.executable, "-m", "tests.bench.shapes", url, name, str(share)], check=False
        ).returncode
        failures += code != 0
    return 1 if failures else 0


def drain(url: str, name: str, share: float) -> int:
    """Run cycles until the shape is in the warehouse, and judge it."""
    import great_expectations  # noqa: F401 - the scheduler has it loaded before a task is forked

    _, size, persons_of = SHAPES[name]
    size = max(1, int(size * share))
    start, events, steps = time.perf_counter(), 0, dict.fromkeys(STEPS, 0.0)
    with sql.connect(url) as db:
        while True:
            batch = run_cycle(db, Settings())
            events += batch.landed
            for step, seconds in batch.step_seconds.items():
                steps[step] += seconds
            if batch.is_caught_up:
                break
        seconds = time.perf_counter() - start
        persons = db.execute("select count(*) as n from warehouse.person where merged_into is null").fetchone() or {
            "n": 0
        }
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    by_step = "  ".join(f"{step} {spent:.1f}" for step, spent in steps.items())
    print(
        f"{name:<17} {size:>8,}  {events:>8,} events  {persons['n']:>7,} persons  {seconds:6.1f} s  "
        f"{memory:4.0f} MiB  ({by_step})"
    )
    if persons["n"] != persons_of(size):
        print(f"{name}: {persons_of(size):,} persons expected", file=sys.stderr)
        return 1
    return 0


def _rows(events: Iterator[Event]) -> Iterator[LandingRow]:
    for number, (event, distinct_id, properties) in enumerate(events):
        uuid = uuid5(UUID(int=0), str(number))
        moment = START + timedelta(milliseconds=number)
        yield str(uuid), event, distinct_id, sql.json_text(properties), moment.isoformat()


if __name__ == "__main__":
    sys.exit(drain(sys.argv[1], sys.argv[2], float(sys.argv[3])))
