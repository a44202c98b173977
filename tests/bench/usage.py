"""What a server uses: CPU, which a busy machine changes little, the write-ahead log, and room on disk."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

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
