"""The power goes: whatever a file system had not been told to keep is gone, and all that was acknowledged is there."""

from __future__ import annotations

import fcntl
import os
import shutil
import signal
import struct
import subprocess
import threading
import time
import uuid
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psycopg
import pytest

from etl import databases, sql
from etl.cycle.run import run_cycle
from etl.errors import EtlError
from etl.local import postgres
from etl.migrate import migrate
from tests.cycle.crash import SETTINGS
from tests.faults import books
from tests.landing import land
from tests.server import open_folder

pytestmark = pytest.mark.long

MIB = 2**20
# EXT4_IOC_SHUTDOWN without a flush: nothing more reaches the disk, not even what the file system still has in memory.
SHUTDOWN, WITHOUT_FLUSH = 0x8004587D, struct.pack("I", 2)
WRITERS = 3


class Disk:
    """An ext4 on a file, whose power can be cut."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "disk"
        self._image = folder / "image"
        self.folder.mkdir()
        with self._image.open("wb") as file:
            file.truncate(512 * MIB)
        subprocess.run(["mkfs.ext4", "-q", "-F", self._image], check=True)

    @contextmanager
    def mounted(self) -> Iterator[Path]:
        made = subprocess.run(
            ["mount", "-o", "loop", self._image, self.folder], capture_output=True, text=True, check=False
        )
        if made.returncode:
            pytest.skip(f"needs the right to mount a file: {made.stderr.strip()}")
        try:
            yield self.folder
        finally:
            self._unmount()

    def cut(self) -> None:
        descriptor = os.open(self.folder, os.O_RDONLY)
        try:
            fcntl.ioctl(descriptor, SHUTDOWN, WITHOUT_FLUSH)
        finally:
            os.close(descriptor)

    def _unmount(self) -> None:
        # The server's last processes still have files open.
        for _ in range(100):
            if subprocess.run(["umount", self.folder], capture_output=True, check=False).returncode == 0:
                return
            time.sleep(0.1)
        subprocess.run(["umount", "--lazy", self.folder], check=True)


class Traffic:
    """Writers of single events, and cycles, until the server is gone."""

    def __init__(self, url: str) -> None:
        self.acknowledged: set[str] = set()
        self.batches = 0
        self._url = url
        self._threads = [threading.Thread(target=self._write) for _ in range(WRITERS)]
        self._threads.append(threading.Thread(target=self._run))
        for thread in self._threads:
            thread.start()

    def wait_for(self, *, batches: int, events: int) -> None:
        """Return when so many have been loaded and acknowledged; the moment after it is any."""
        until = time.monotonic() + 60
        while self.batches < batches or len(self.acknowledged) < events:
            assert time.monotonic() < until
            time.sleep(0.05)

    def join(self) -> None:
        for thread in self._threads:
            thread.join(60)
            assert not thread.is_alive()

    def _write(self) -> None:
        with suppress(psycopg.OperationalError), sql.connect(self._url) as db:
            while True:
                event = str(uuid.uuid4())
                land(db, "page", event, uuid=event, properties={"$device_id": event})
                self.acknowledged.add(event)

    def _run(self) -> None:
        with suppress(psycopg.Error, EtlError), sql.connect(self._url) as db:
            while True:
                run_cycle(db, SETTINGS)
                self.batches += 1


@pytest.mark.skipif(shutil.which("mkfs.ext4") is None, reason="needs mkfs.ext4")
@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount a file")
@pytest.mark.parametrize("times", [1, pytest.param(10, marks=pytest.mark.crash)])
def test_the_power_is_cut_while_events_arrive_and_are_loaded(times: int) -> None:
    sent: set[str] = set()
    with open_folder() as folder:
        disk = Disk(folder)
        for _ in range(times):
            with disk.mounted() as place:
                url = databases.create_database(postgres.start(place / "postgres"), "warehouse")
                server = int((place / "postgres/data/postmaster.pid").read_text().split()[0])
                with sql.connect(url) as db:
                    migrate(db, SETTINGS)
                traffic = Traffic(url)
                traffic.wait_for(batches=2, events=50)
                disk.cut()
                os.kill(server, signal.SIGQUIT)
                traffic.join()
            sent |= traffic.acknowledged
        with disk.mounted() as place:
            url = databases.database_url(postgres.start(place / "postgres"), "warehouse")
            try:
                with sql.connect(url) as db:
                    while run_cycle(db, SETTINGS).landed:
                        pass
                    books.check(db, sent)
            finally:
                postgres.stop(place / "postgres", mode="immediate")
