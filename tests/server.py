"""A PostgreSQL of a test's own, for what others that use it must be spared: crash it, fill its disk, set its clock."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

import psycopg
import pytest

from etl import databases, sql
from etl.local import postgres
from etl.migrate import migrate
from etl.settings import Settings

DISK = Path("/var/tmp")  # noqa: S108 - a folder of a random name is made in it
How = Literal["fast", "immediate"]


class Server:
    """It does not wait for the disk, but unlike the suite's server it does for the kernel, which survives it."""

    def __init__(self, home: Path, environment: dict[str, str] | None = None) -> None:
        """Start it in a folder, with variables of its own."""
        self.home = home
        self.port = postgres.free_port()
        self._environment = environment or {}
        self.url = self._start()
        self.configure(fsync="off", full_page_writes="off")

    @classmethod
    @contextmanager
    def running(cls, environment: dict[str, str] | None = None) -> Iterator[Server]:
        """One in a folder of its own, gone at the end."""
        with open_folder() as folder:
            server = cls(folder / "postgres", environment)
            try:
                yield server
            finally:
                server.stop("immediate")

    def configure(self, **settings: str) -> None:
        """Set what it can change while it runs."""
        with psycopg.connect(f"{self.url}/postgres", autocommit=True) as admin:
            for name, value in settings.items():
                admin.execute(f"alter system set {name} = '{value}'")  # type: ignore[call-overload]
            admin.execute("select pg_reload_conf()")

    def stop(self, how: How) -> None:
        """``immediate`` ends all its processes at once, as a crash does."""
        postgres.stop(self.home, mode=how)

    def kill(self) -> None:
        """End its first process, whatever state it is in."""
        os.kill(int((self.home / "data" / "postmaster.pid").read_text().split()[0]), signal.SIGKILL)

    def start(self) -> None:
        """Start it again; it recovers."""
        assert self._start() == self.url

    def _start(self) -> str:
        with pytest.MonkeyPatch.context() as patch:
            for name, value in self._environment.items():
                patch.setenv(name, value)
            return postgres.start(self.home, port=self.port)

    def make_template(self) -> str:
        """The name of a migrated database, to be copied."""
        self.make_database("template_etl")
        return "template_etl"

    def make_database(self, name: str) -> str:
        """The URL of a new migrated database."""
        url = databases.create_database(self.url, name)
        with sql.connect(url) as db:
            migrate(db, Settings(_env_prefix="NO_SUCH_PREFIX_"))  # type: ignore[call-arg]
        return url


@contextmanager
def running_in(folder: Path, *, is_durable: bool = True) -> Iterator[str]:
    """The URL, without database, of a server with its files below a folder."""
    try:
        yield postgres.start(folder / "postgres", port=None, is_durable=is_durable)
    finally:
        postgres.stop(folder / "postgres", mode="immediate")


@contextmanager
def open_folder(place: Path = DISK) -> Iterator[Path]:
    """A folder that a server's user can reach; pytest's own cannot be, for root."""
    with tempfile.TemporaryDirectory(prefix="etl-test-", dir=place, ignore_cleanup_errors=True) as name:
        folder = Path(name)
        folder.chmod(0o755)
        yield folder
