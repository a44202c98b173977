"""What a server uses: CPU, which a busy machine changes little, the write-ahead log, and room on disk.

And what each session of a cycle does: a step is as long as its busiest session, on a machine with a core for each.
"""

from __future__ import annotations

import os
import threading
import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from etl import sql
from etl.cycle.batch import STEPS
from etl.sql import Db

_TICK = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Usage:
    """CPU seconds of the server with all its processes, and bytes of the log, so far."""

    cpu: float
    wal_bytes: int

    def __sub__(self, before: Usage) -> Usage:
        return Usage(self.cpu - before.cpu, self.wal_bytes - before.wal_bytes)


def read_usage(db: Db) -> Usage:
    """Until now; of processes that have ended, too."""
    [row] = db.execute(
        "select current_setting('data_directory') as data, pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint as wal"
    ).fetchall()
    postmaster = int((Path(row["data"]) / "postmaster.pid").read_text().split()[0])
    return Usage(_server_cpu(postmaster), row["wal"])


def _server_cpu(postmaster: int) -> float:
    """The first process counts those of its children that have ended; the living count themselves."""
    living = [int(pid) for pid in Path(f"/proc/{postmaster}/task/{postmaster}/children").read_text().split()]
    own, ended = _times(postmaster)
    return own + ended + sum(_times(pid)[0] for pid in living)


def _times(pid: int) -> tuple[float, float]:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, ended_user, ended_system = (int(field) / _TICK for field in fields[11:15])
    return user + system, ended_user + ended_system


def read_sizes(db: Db) -> dict[str, float]:
    """Bytes an event of what a warehouse keeps of it: its row with what is stored apart, the indexes, the key."""
    [row] = db.execute(
        "select count(*) as events,"
        " (select sum(pg_table_size(p.relid)) from pg_partition_tree('warehouse.stored_event') as p) as rows,"
        " (select sum(pg_indexes_size(p.relid)) from pg_partition_tree('warehouse.stored_event') as p) as indexes,"
        " pg_total_relation_size('warehouse.event_key') as keys"
        " from warehouse.stored_event"
    ).fetchall()
    events = row.pop("events")
    return {name: float(size) / events for name, size in row.items()}


@dataclass
class Spent:
    """Seconds of CPU that statements cost: in the server's process, and in the client's thread between them."""

    server: float = 0.0
    client: float = 0.0


@contextmanager
def spent_by_session() -> Iterator[dict[str, dict[str, Spent]]]:
    """What each session spends in the cycles of the block: by step, then by the session's name.

    A session has a thread of its own. What the thread computed since its statement before counts to the next one.
    """
    spent: dict[str, dict[str, Spent]] = defaultdict(lambda: defaultdict(Spent))
    step = STEPS[0]
    began: dict[str, float] = {}
    computed: dict[int, float] = {}

    def note(db: Db, name: str, is_after: bool) -> None:
        nonlocal step
        session = db.info.get_parameters().get("application_name", "")
        if not is_after:
            began[session] = _seconds_of(db.info.backend_pid)
            return
        folder = name.partition("/")[0]
        # Others, such as those that note how far a step is, are of the step they stand in.
        step = folder if folder in STEPS else step
        thread, seconds = threading.get_ident(), time.thread_time()
        each = spent[step][session]
        each.server += _seconds_of(db.info.backend_pid) - began[session]
        each.client += max(0.0, seconds - computed.get(thread, seconds))
        computed[thread] = seconds

    with sql.observed(note):
        yield spent


def _seconds_of(pid: int) -> float:
    """CPU of a process so far, in nanoseconds there: statements are too short for a clock of hundredths."""
    return int(Path(f"/proc/{pid}/schedstat").read_text().split()[0]) / 1e9
