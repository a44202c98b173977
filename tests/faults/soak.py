"""A day in minutes: 24 hours of recorded traffic, faults at random, and books that balance to the end.

    python -m tests.faults.soak --hours 24 --seed 7

A minute of traffic takes a second or less, and what is held for a minute is held for that long. Each minute somebody's
visit is sent, now through capture and now by SQL, as real SDKs sent it; who gets no answer sends again, as they do.
"""

from __future__ import annotations

import argparse
import gc
import logging
import os
import random
import re
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import psycopg
import pytest
import structlog

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError, TransientError
from etl.local import postgres
from etl.local.sample import Recorded, read
from etl.operate import maintain
from etl.settings import Settings
from tests.capture.service import TOKEN, Service, serving
from tests.cycle import crash
from tests.faults import books
from tests.faults.clock import LIBRARY, Clock
from tests.faults.disk import SmallServer
from tests.faults.proxy import proxied
from tests.server import open_folder

MINUTE = 0.4  # seconds it takes
SHARE_OF_FAULTS = 0.15  # of the minutes
SHARE_OF_JOURNEYS = 0.3  # 87 events of a browser and two backends; the others are signups, of 5
RETURNING = 20  # visitors who come again and again; every other visit is of a new one
HOUR, HALF_DAY = 3_600, 43_200
UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ID_NAMES = {"distinct_id", "$device_id", "$anon_distinct_id", "$user_id", "alias"}

SETTINGS = Settings(
    _env_prefix="NO_SUCH_PREFIX_",
    hold_seconds=MINUTE,
    capture_wait_seconds=3.0,
    sessions=2,
    rows_per_session=1,  # type: ignore[call-arg]
)


class Recording:
    """A recorded visit, to be made again by other visitors."""

    def __init__(self, name: str) -> None:
        self._requests = read(name)
        bodies = [each.body for each in self._requests]
        self._uuids = {event["uuid"] for body in bodies for event in body["batch"]}
        self._ids = {value for name, value in _members(bodies) if name in ID_NAMES and isinstance(value, str)}

    def by(self, visitor: str) -> tuple[list[Recorded], dict[str, str]]:
        """The requests of another visit, and which of its events is which of the recording: new uuid, old uuid."""
        new = {old: str(uuid.uuid4()) for old in self._uuids}
        names = new | {old: _other(old, visitor) for old in self._ids if not old.startswith("$")}
        requests = [Recorded(each.at, _renamed(each.body, names)) for each in self._requests]
        return requests, {new[old]: old for old in self._uuids}


def _members(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for name, each in value.items():
            yield name, each
            yield from _members(each)
    elif isinstance(value, list):
        for each in value:
            yield from _members(each)


def _other(old: str, visitor: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, visitor + old)) if UUID.fullmatch(old) else f"{old}-{visitor}"


def _renamed(value: Any, names: dict[str, str]) -> Any:
    if isinstance(value, dict):
        return {name: _renamed(each, names) for name, each in value.items()}
    if isinstance(value, list):
        return [_renamed(each, names) for each in value]
    return names.get(value, value) if isinstance(value, str) else value


@dataclass(frozen=True)
class Size:
    """What must not grow: bytes of this process and of tables that are emptied or updated in place."""

    process: int
    staging: int
    buffer: int
    person: float  # a row

    def __str__(self) -> str:
        return (
            f"process {self.process / 2**20:.0f} MiB, staging {self.staging / 2**20:.1f} MiB, "
            f"buffer {self.buffer / 2**20:.1f} MiB, person {self.person:,.0f} bytes a row"
        )


class Soak:
    """A server, its capture, those who send, and what befalls them."""

    def __init__(self, stack: ExitStack, seed: int) -> None:
        self.chance = random.Random(seed)
        self.clock = Clock(stack.enter_context(open_folder()) / "clock")
        self.server = stack.enter_context(SmallServer.running(self.clock.environment if LIBRARY else None))
        self.url = self.server.make_database("soak")
        self.wire = stack.enter_context(proxied(self.url))
        self.capture: Service = stack.enter_context(serving(self.wire.url, SETTINGS))
        self.senders = stack.enter_context(ThreadPoolExecutor(4))
        self.recordings = [Recording("signup"), Recording("journey")]
        self.visits: dict[str, str] = {}
        self.sending: list[Future[None]] = []
        self.faults: dict[str, Callable[[], None]] = {
            "worker killed": lambda: None,  # the minute's run is another process, see minute()
            "connections ended": self._end_connections,
            "server restarted": lambda: self._restart("fast"),
            "server crashed": lambda: self._restart("immediate"),
            "disk full": self._fill_tables,
            "log full": self._fill_log,
            "network cut": self.wire.cut,
            "network half open": self._stall,
        }
        if LIBRARY:
            self.faults["clock moved"] = self._move_clock
        self.struck: dict[str, int] = dict.fromkeys(self.faults, 0)
        self.failures = 0
        self.sizes: list[Size] = []

    # What befalls them.

    def _end_connections(self) -> None:
        with suppress(psycopg.OperationalError), psycopg.connect(f"{self.server.url}/postgres", autocommit=True) as db:
            db.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity"
                " where datname = 'soak' and application_name like 'etl%'"
            )

    def _restart(self, how: Any) -> None:
        self.server.stop(how)
        self._start()

    def _fill_tables(self) -> None:
        self.server.tables.fill()
        time.sleep(self.chance.uniform(0.1, 0.6))
        self.server.tables.clear()

    def _fill_log(self) -> None:
        self.server.fill_log()
        self.server.log.clear()
        self._start()

    def _start(self) -> None:
        try:
            self.server.start()
        except ConfigurationError:
            # A process that is killed inside libfaketime keeps its lock, and the server waits for that forever.
            self.server.kill()
            self.server.start()

    def _stall(self) -> None:
        self.wire.stall()
        time.sleep(self.chance.uniform(0.1, 1.0))
        self.chance.choice([self.wire.cut, self.wire.go_on])()

    def _move_clock(self) -> None:
        jumps = [-HALF_DAY, -HOUR, HOUR, HALF_DAY]
        self.clock.move(self.chance.choice([each for each in jumps if abs(self.clock.seconds + each) <= HALF_DAY]))

    # What they do.

    def minute(self, number: int, fault: str | None) -> None:
        """Somebody sends a visit while a cycle runs, and while the fault strikes."""
        began = time.monotonic()
        is_new = number % 2 == 0
        visitor = f"new{number}" if is_new else f"returning{self.chance.randrange(RETURNING)}"
        requests, uuids = self.recordings[self.chance.random() < SHARE_OF_JOURNEYS].by(visitor)
        self.visits |= uuids
        send = self._send if self.chance.random() < 0.7 else self._insert
        self.sending.append(self.senders.submit(lambda: [send(each) for each in requests] and None))
        striking = threading.Timer(self.chance.uniform(0.0, MINUTE), self.faults[fault]) if fault else None
        if fault:
            self.struck[fault] += 1
        if striking:
            striking.start()
        try:
            self._cycle(is_killed=fault == "worker killed")
        finally:
            if striking:
                striking.join()
        time.sleep(max(0.0, began + MINUTE - time.monotonic()))

    def _cycle(self, *, is_killed: bool = False) -> None:
        if is_killed:
            child = crash.start_call(_run_once, self.url)
            time.sleep(self.chance.uniform(0.05, 1.0))
            child.kill()
            child.join(10)
            return
        try:
            with sql.connect(self.chance.choice([self.url, self.wire.url]), application_name="etl cycle") as db:
                batch = run_cycle(db, SETTINGS)
                assert batch.is_balanced, batch
        except (psycopg.OperationalError, TransientError):
            self.failures += 1  # the next run goes on

    def _send(self, request: Recorded) -> None:
        body = msgspec.json.encode({"api_key": TOKEN, **request.body})
        while True:
            with suppress(OSError):
                status = self.capture.request("POST", "/batch/", body, {})[0]
                if status == 200:
                    return
                assert status == 503, status
            time.sleep(0.1)

    def _insert(self, request: Recorded) -> None:
        while True:
            try:
                with sql.connect(self.wire.url, application_name="shop") as db:
                    sql.copy_in(db, "land/copy_event", request.rows(timedelta(0)))
            except (psycopg.OperationalError, TransientError):
                time.sleep(0.1)
            else:
                return

    def maintain(self) -> None:
        """What the DAG `events_maintain` does, tried again as a scheduler does."""
        while True:
            try:
                with sql.connect(self.url, application_name="etl maintain") as db:
                    maintain.ensure_partitions(db, SETTINGS)
                    maintain.drop_expired_partitions(db, SETTINGS)
                    maintain.squash(db)
                    assert maintain.audit_new(db).troubles == []
                    maintain.check_invariants(db)
            except (psycopg.OperationalError, TransientError):
                time.sleep(0.1)
            else:
                return

    def measure(self) -> Size:
        """Sizes now."""
        gc.collect()
        pages = int(Path("/proc/self/statm").read_text().split()[1])
        with sql.connect(self.url) as db:
            row = db.execute(
                "select (select sum(pg_total_relation_size(c.oid)) from pg_class as c where c.relkind = 'r'"
                " and c.relnamespace = 'staging'::regnamespace) as staging,"
                " pg_total_relation_size('buffer.event') as buffer, pg_total_relation_size('warehouse.person')"
                " / greatest(1, (select count(*) from warehouse.person)) as person"
            ).fetchone()
        assert row is not None
        size = Size(pages * os.sysconf("SC_PAGE_SIZE"), int(row["staging"]), int(row["buffer"]), float(row["person"]))
        self.sizes.append(size)
        return size

    def settle(self) -> None:
        """Everything has been sent, nothing fails any more, and nothing waits."""
        for each in self.sending:
            each.result(120)
        self.clock.move(-self.clock.seconds)
        with sql.connect(self.url, application_name="etl cycle") as db:
            for _ in range(4):
                time.sleep(MINUTE)
                batch = run_cycle(db, SETTINGS)
            assert (batch.landed, batch.held) == (0, 0)

    def refused(self) -> set[str]:
        """Which events of the recordings are in quarantine."""
        with sql.connect(self.url) as db:
            return {self.visits[str(row["uuid"])] for row in db.execute("select uuid from quarantine.event")}

    def check(self, refused: set[str]) -> None:
        """All events but those are there, once; all batches balance; the audit agrees."""
        with sql.connect(self.url) as db:
            books.check(db, {new for new, old in self.visits.items() if old not in refused})
        assert self.refused() <= refused

    def check_sizes(self) -> None:
        """The last third is no larger than the first, but for chance."""
        third = max(1, len(self.sizes) // 3)
        for name in ("process", "staging", "buffer", "person"):
            values = [getattr(each, name) for each in self.sizes]
            first, last = max(values[:third]), max(values[-third:])
            assert last <= 1.25 * first + 2**20 * (name != "person"), f"{name} has grown from {first:,} to {last:,}"


def _run_once(url: str) -> None:
    with sql.connect(url, application_name="etl cycle") as db:
        run_cycle(db, SETTINGS)


@contextmanager
def soaking(seed: int) -> Iterator[Soak]:
    """All of it, gone at the end."""
    with ExitStack() as stack:
        yield Soak(stack, seed)


def learn(soak: Soak) -> set[str]:
    """Play each recording once, undisturbed; returns what of them is refused rightly."""
    for place, recording in enumerate(soak.recordings):
        requests, uuids = recording.by(f"first{place}")
        soak.visits |= uuids
        for each in requests:
            soak._send(each)
    soak.settle()
    return soak.refused()


def main() -> None:
    """Soak for so many hours of traffic."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
    parser = argparse.ArgumentParser(prog="soak")
    parser.add_argument("--hours", type=int, default=24)
    parser.add_argument("--seed", type=int, default=int(time.time()))
    options = parser.parse_args()
    print(f"seed {options.seed}, {options.hours} hours of traffic", flush=True)
    began = time.monotonic()
    postgres.START_SECONDS = 20  # its tables are small
    try:
        with soaking(options.seed) as soak:
            refused = learn(soak)
            for number in range(options.hours * 60):
                is_struck = soak.chance.random() < SHARE_OF_FAULTS
                soak.minute(number, soak.chance.choice(list(soak.faults)) if is_struck else None)
                if number % 60 == 59:
                    soak.maintain()
                    print(f"hour {number // 60 + 1:2}  {time.monotonic() - began:5.0f} s  {soak.measure()}", flush=True)
            soak.settle()
            soak.maintain()
            soak.check(refused)
            soak.check_sizes()
            print(f"{len(soak.visits):,} events sent, each there once; {soak.failures} runs failed and were taken up")
            print(", ".join(f"{name} {count}" for name, count in soak.struck.items()))
    except pytest.skip.Exception as missing:
        sys.exit(str(missing))


if __name__ == "__main__":
    main()
