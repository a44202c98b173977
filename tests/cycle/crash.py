"""Stop a cycle at any statement, and compare what is left with an undisturbed run.

Children come from a fork server that has imported everything once, because Great Expectations takes seconds to import.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from typing import Any, Literal, LiteralString

from psycopg import sql as psql

from etl import sql
from etl.cycle.batch import STEPS
from etl.cycle.run import run_cycle, run_step
from etl.errors import TransientError
from etl.settings import Settings
from etl.sql import Db, Row
from tests.landing import land

Mode = Literal["cycle", "steps"]

# Long, so that what is held does not depend on how long a test takes.
# Three sessions share the smallest batch: they are to be killed too.
SETTINGS = Settings(_env_prefix="NO_SUCH_PREFIX_", hold_seconds=86400, sessions=3, rows_per_session=1)  # type: ignore[call-arg]

# Columns that tell when something ran, not what it did.
WALL_CLOCK = [
    "updated_at", "opened_at", "loaded_at", "released_at", "as_of", "step_seconds",
    # And what is made from such columns.
    "recorded_at", "record", "state", "previous_hash", "hash",
]  # fmt: skip

_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["tests.cycle.crash", "pandas", "great_expectations"])


@dataclass(frozen=True)
class Fault:
    """A moment of a cycle: before or after the n-th time that the statement ``sql/{name}.sql`` runs."""

    name: str
    occurrence: int = 1
    is_after: bool = False

    def __str__(self) -> str:
        when = "after" if self.is_after else "before"
        return f"{when} {self.name}" + (f" {self.occurrence}" if self.occurrence > 1 else "")


@contextmanager
def armed(fault: Fault, strike: Callable[[], None]) -> Iterator[None]:
    """Call ``strike`` at the moment of the fault, once."""
    seen: Counter[tuple[str, bool]] = Counter()
    struck: list[bool] = []

    def count(_: Db, name: str, is_after: bool) -> None:
        # Several sessions may run the same statement at once: what begins and what ends is counted apart.
        seen[name, is_after] += 1
        is_there = name == fault.name and is_after == fault.is_after and seen[name, is_after] == fault.occurrence
        if is_there and not struck:
            struck.append(True)
            strike()

    with sql.observed(count):
        yield


def record_faults(url: str, mode: Mode) -> list[Fault]:
    """Every moment of a cycle at which it can be stopped, by running it."""
    names: list[str] = []
    faults: list[Fault] = []

    def note(_: Db, name: str, is_after: bool) -> None:
        if not is_after:
            names.append(name)
            faults.extend(Fault(name, names.count(name), is_after) for is_after in (False, True))

    with sql.observed(note):
        advance(url, mode)
    return faults


def advance(url: str, mode: Mode) -> None:
    """One run: in one process on one connection, or each step on its own as Airflow's tasks do."""
    if mode == "cycle":
        with sql.connect(url, application_name="etl cycle") as db:
            run_cycle(db, SETTINGS)
        return
    batch_id = None
    for step in STEPS:
        batch_id = run_step(url, step, batch_id, SETTINGS)


def start_child(url: str, mode: Mode = "cycle", fault: Fault | None = None) -> BaseProcess:
    """Start a run in a process of its own, which kills itself at the fault."""
    child = _FORKS.Process(target=_run_and_die, args=(url, mode, fault), daemon=True)
    child.start()
    return child


def run_and_kill(url: str, mode: Mode, fault: Fault) -> None:
    """A run that is killed at the fault."""
    child = start_child(url, mode, fault)
    child.join(60)
    assert child.exitcode == -signal.SIGKILL, f"the run was not killed {fault}: exit code {child.exitcode}"


def _run_and_die(url: str, mode: Mode, fault: Fault | None) -> None:
    if fault is None:
        advance(url, mode)
        return
    with armed(fault, lambda: os.kill(os.getpid(), signal.SIGKILL)):
        advance(url, mode)


def start_call(function: Callable[..., None], *arguments: object) -> BaseProcess:
    """Call a function of a test module in a process of its own."""
    child = _FORKS.Process(target=function, args=arguments, daemon=True)
    child.start()
    return child


def finish(url: str, mode: Mode, *, batches: int) -> None:
    """Run until so many batches are loaded, as a scheduler does: what is transient is tried again."""
    deadline = time.monotonic() + 60
    with sql.connect(url, application_name="test") as db:
        while count_loaded(db) < batches:
            try:
                advance(url, mode)
            except TransientError:
                assert time.monotonic() < deadline
                time.sleep(0.05)


def count_loaded(db: Db) -> int:
    """How many batches are loaded."""
    row = db.execute("select count(*) as n from ops.batch where status = 'loaded'").fetchone()
    assert row is not None
    return int(row["n"])


def read_bounds(db: Db, status: str) -> Row | None:
    """The id and the bounds of the newest batch that has this status."""
    row = db.execute(
        "select batch_id, lower_xid, lower_landing_id, upper_xid, upper_landing_id, arrival_clock_before, "
        "arrival_clock, as_of, hold_seconds, is_caught_up, landed "
        "from ops.batch where status = %s order by batch_id desc limit 1",
        [status],
    )
    return row.fetchone()


def contents(db: Db) -> dict[str, list[str]]:
    """Every row of every table that a reader can see, without the columns that tell the time of the run."""
    tables = db.execute(
        """
        select n.nspname as schema_name, c.relname as table_name
        from pg_class as c inner join pg_namespace as n on c.relnamespace = n.oid
        where
            n.nspname in ('warehouse', 'buffer', 'quarantine', 'ops')
            and c.relkind in ('r', 'p') and not c.relispartition
            -- Which runs failed, which one is running, that a load has begun: not what became of the events.
            and c.oid <> all(array['ops.step_failure', 'ops.cycle_lock', 'ops.written_ahead']::regclass[])
        order by 1, 2
        """
    ).fetchall()
    found = {}
    for table in tables:
        name = f"{table['schema_name']}.{table['table_name']}"
        query = psql.SQL(
            "select (to_jsonb(t) - %s::text[] #- '{{digests,releases}}')::text as row from {} as t order by 1"
        ).format(psql.Identifier(table["schema_name"], table["table_name"]))
        found[name] = [row["row"] for row in db.execute(query, [WALL_CLOCK])]
    return found


def tell_story(url: str) -> None:
    """Load a first batch, and land a second one that does something of every kind to what the first one left."""
    first, second = "2022-07-01T12:00:00Z", "2022-07-01T12:00:30Z"
    with sql.connect(url, application_name="test") as db:
        _insert(
            db,
            ("$pageview", "anon-1", 1, {"$device_id": "anon-1", "$set": {"page": "/"}}),
            ("$pageview", "anon-2", 2, {"$device_id": "anon-2"}),
            ("signup", "alice", 3, {"$set_once": {"plan": "free"}}),
            ("signup", "bob", 4, {}),
            ("signup", "carol", 5, {"$set": {"city": "Oslo"}}),
            ("log in", "quiet", 6, {"$process_person_profile": False}),
            ("$identify", "dora", 7, {"$set": {"age": 30}}),
            ("$identify", "erin", 8, {"$anon_distinct_id": "anon-2"}),
            timestamp=first,
        )
        run_cycle(db, SETTINGS)
        _insert(
            db,
            ("$identify", "alice", 20, {"$anon_distinct_id": "anon-1", "$set": {"plan": "pro"}}),
            ("$create_alias", "quiet", 21, {"alias": "bob"}),
            ("$identify", "dora", 22, {"$anon_distinct_id": "erin"}),
            ("$merge_dangerously", "dora", 23, {"alias": "alice"}),
            timestamp=second,
        )
        _insert(
            db,
            ("signup", "frank", 24, {}),
            ("$pageview", "anon-3", 25, {"$device_id": "anon-3", "$set": {"a": 1}, "$unset": ["b"]}),
            ("log in", "silent", 26, {"$process_person_profile": False}),
            ("$identify", "dora", 7, {"$set": {"age": 31}}),
            ("signup", "carol", 5, {"$set": {"city": "Oslo"}}),
            ("signup", "frank", 24, {}),
            ("", "nobody", 27, {}),
            ("no object", "nobody", 28, [1]),
            timestamp="not a time",
        )


def _insert(db: Db, *events: tuple[str, str, int, Any], timestamp: LiteralString) -> None:
    for event, distinct_id, number, properties in events:
        uuid = f"00000000-0000-4000-8000-{number:012}"
        land(db, event, distinct_id, uuid=uuid, properties=properties, timestamp=timestamp)


def contents_now(url: str) -> dict[str, list[str]]:
    """What :func:`contents` says, on a connection of its own."""
    with sql.connect(url, application_name="test") as db:
        return contents(db)
