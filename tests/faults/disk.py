"""A small file system that can be full, and a PostgreSQL whose tables and log lie on two of them."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from etl import sql
from tests.server import Server, open_folder

TABLES_MIB = 2_048  # so much memory is taken only where it is used
LOG_MIB = 128


class Disk:
    """A file system in memory, of any size at any time."""

    def __init__(self, folder: Path, mebibytes: int) -> None:
        self.folder = folder
        self._bytes = mebibytes * 2**20

    def fill(self, *, but: int = 0) -> None:
        """Leave no room, or ``but`` so many bytes."""
        for _ in range(100):  # others write to it meanwhile
            found = os.statvfs(self.folder)
            if self._resize((found.f_blocks - found.f_bfree) * found.f_frsize + but):
                return
        raise AssertionError(f"{self.folder} could not be filled")

    def clear(self) -> None:
        """Make room again."""
        assert self._resize(self._bytes)

    def _resize(self, size: int) -> bool:
        command = ["mount", "-o", f"remount,size={max(size, 4096)}", self.folder]
        return subprocess.run(command, capture_output=True, check=False).returncode == 0


@contextmanager
def mounted(folder: Path, mebibytes: int) -> Iterator[Disk]:
    """A file system of this size."""
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={mebibytes}m,mode=711", "tmpfs", folder],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if made.returncode:
        pytest.skip(f"needs the right to mount: {made.stderr.strip()}")
    try:
        yield Disk(folder, mebibytes)
    finally:
        subprocess.run(["umount", "--lazy", folder], check=True)


class SmallServer(Server):
    """Its tables are on one small disk, its write-ahead log on another."""

    def __init__(self, tables: Disk, log: Disk, environment: dict[str, str] | None = None) -> None:
        super().__init__(tables.folder / "postgres", environment)
        self.tables = tables
        self.log = log
        # A checkpoint writes where replication stands, and where it cannot the server goes down: by chance, that is.
        self.configure(max_wal_size="32MB", **{self._origins(): "0"})
        self.stop("fast")
        here, there = self.home / "data" / "pg_wal", log.folder / "pg_wal"
        subprocess.run(["cp", "-a", here, there], check=True)
        shutil.rmtree(here)
        here.symlink_to(there)
        self.start()

    def _origins(self) -> str:
        """The setting of how many origins of replication there are, by the server's version."""
        with psycopg.connect(f"{self.url}/postgres") as db:
            return "max_replication_slots" if db.info.server_version < 180_000 else "max_active_replication_origins"

    @classmethod
    @contextmanager
    def running(cls, environment: dict[str, str] | None = None) -> Iterator[SmallServer]:
        """One on two disks of its own, gone at the end."""
        with ExitStack() as stack:
            folder = stack.enter_context(open_folder())
            tables = stack.enter_context(mounted(folder / "tables", TABLES_MIB))
            log = stack.enter_context(mounted(folder / "log", LOG_MIB))
            server = cls(tables, log, environment)
            stack.callback(server.stop, "immediate")
            yield server

    def fill_log(self) -> None:
        """Leave no room for the log: the server goes down with the next word that it would write."""
        self.log.fill()
        with suppress(psycopg.OperationalError), sql.connect(f"{self.url}/postgres") as db:
            while True:
                db.execute("select pg_logical_emit_message(false, 'x', 'x', true)")
                db.execute("select pg_switch_wal()")
