"""Concurrent clients send to ``etl capture``: committed events a second, beside a bare COPY of the same rows.

One server uses one core, so that more of them, as the README says, are measured too: one for each core.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import msgspec

from etl import databases, sql
from etl.local import postgres
from etl.migrate import migrate
from etl.operate import project
from etl.settings import read_settings
from tests.bench.events import generate

CLIENTS = 16
BATCHES = {1: 6_000, 10: 40_000, 100: 60_000}  # events a request: events in all
SHARED_BATCH = 10  # of the last line, with a server for each core
COPY = "copy bare.event (team_id, uuid, event, distinct_id, properties, timestamp, sent_at, ip) from stdin"
COLUMNS = "team_id, uuid, event, distinct_id, properties::text, timestamp, sent_at, ip"


def measure(server: str, *, share: float = 1.0) -> float:
    """Print a line for each size of batch; returns the events/s of the last, which several servers share.

    Args:
        server: a durable PostgreSQL; it, the servers of capture and the clients share this machine.
        share: of the usual number of events.
    """
    url = databases.create_database(server, "bench_capture")
    with sql.connect(url) as db, ExitStack() as stack:
        migrate(db, read_settings())
        token = project.add(db, "bench")
        print(f"capture: {CLIENTS} clients, one COPY and commit for all requests that arrive during the one before")
        ports = [stack.enter_context(_capturing(url))]
        for batch, events in BATCHES.items():
            _line(db, token, ports, batch, max(batch * CLIENTS, int(events * share)))
        ports += [stack.enter_context(_capturing(url)) for _ in range(1, os.cpu_count() or 1)]
        rate = _line(db, token, ports, SHARED_BATCH, max(SHARED_BATCH * CLIENTS, int(BATCHES[SHARED_BATCH] * share)))
        _bare(db)
    return rate


@contextmanager
def _capturing(url: str) -> Iterator[int]:
    """A server of capture, which is ready; yields its port."""
    port = postgres.free_port()
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("ETL_")}
    capture = subprocess.Popen(
        [sys.executable, "-m", "etl.cli", "capture"],
        env=inherited | {"ETL_CAPTURE_DATABASE_URL": url, "ETL_CAPTURE_PORT": str(port)},
        stdout=subprocess.DEVNULL,
    )
    try:
        _wait_until_up(port)
        yield port
    finally:
        capture.terminate()
        capture.wait(20)


def _line(db: sql.Db, token: str, ports: list[int], batch: int, events: int) -> float:
    db.execute("truncate landing.event")
    db.execute("checkpoint")
    arguments = ["--token", token, "--batch", str(batch), "--events", str(events), "--port", *map(str, ports)]
    load = subprocess.run(
        [sys.executable, "-m", "tests.bench.capture", *arguments], check=True, stdout=subprocess.PIPE, text=True
    )
    seconds, p50, p99 = json.loads(load.stdout)
    landed = db.execute("select count(*) as n, count(distinct uuid) as ids from landing.event").fetchone()
    assert landed is not None
    print(
        f"  batches of {batch:<3}  {landed['n'] / seconds:8,.0f} events/s   p50 {p50 * 1000:6.1f} ms   "
        f"p99 {p99 * 1000:6.1f} ms   ({landed['n']:,} events in {seconds:.1f} s, servers: {len(ports)})"
    )
    return float(landed["n"] / seconds)


def _bare(db: sql.Db) -> None:
    """The limit: the rows of the last line, sent again by one COPY into a table like landing."""
    rows = db.execute(f"select {COLUMNS} from landing.event").fetchall()
    db.execute("create schema bare; create table bare.event (like landing.event including all)")
    db.execute("checkpoint")
    start = time.perf_counter()
    with db.cursor() as cursor, cursor.copy(COPY) as copy:
        for row in rows:
            copy.write_row(tuple(row.values()))
    seconds = time.perf_counter() - start
    print(f"  bare COPY       {len(rows) / seconds:8,.0f} events/s")
    db.execute("drop schema bare cascade")


def _wait_until_up(port: int) -> None:
    for _ in range(300):
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/_ready", timeout=5):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("capture did not come up")


async def _load(ports: list[int], token: str, batch: int, events: int) -> None:
    """Send, each client to one port; print seconds, median and 99th percentile of the answers as JSON."""
    rows = [
        {"uuid": uuid, "event": name, "distinct_id": distinct_id, "properties": msgspec.Raw(properties.encode()),
         "timestamp": timestamp}
        for uuid, name, distinct_id, properties, timestamp in generate(events, seed=batch)
        if name  # a request of nothing but a nameless one is refused
    ]  # fmt: skip
    bodies = [
        msgspec.json.encode({"api_key": token, "sent_at": "2026-11-25T00:00:00Z", "batch": rows[start : start + batch]})
        for start in range(0, len(rows), batch)
    ]
    requests = iter([
        b"POST /batch/ HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body)
        for body in bodies
    ])
    latencies: list[float] = []

    async def client(port: int) -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        for request in requests:
            began = time.perf_counter()
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert head.startswith(b"HTTP/1.1 200"), head
            await reader.readexactly(int(head.lower().split(b"content-length: ")[1].split(b"\r")[0]))
            latencies.append(time.perf_counter() - began)
        writer.close()

    start = time.perf_counter()
    await asyncio.gather(*(client(ports[number % len(ports)]) for number in range(CLIENTS)))
    seconds = time.perf_counter() - start
    cuts = statistics.quantiles(latencies, n=100)
    print(json.dumps([seconds, cuts[49], cuts[98]]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    for option in ("--batch", "--events"):
        parser.add_argument(option, type=int, required=True)
    parser.add_argument("--port", type=int, required=True, nargs="+")
    parser.add_argument("--token", required=True)
    given = parser.parse_args()
    asyncio.run(_load(given.port, given.token, given.batch, given.events))
