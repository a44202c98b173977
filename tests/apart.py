"""The events of every day on a second server, for ``make apart``: each database has one there that has its name."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

import psycopg

from etl import databases, sql
from etl.migrate import migrate
from etl.settings import Settings
from tests.server import Server

# Back to 2022, when the tests' stories play: older events stay in the default partition.
DAYS_BACK = 2000


class Apart:
    """A second server, with the database that keeps the events of each database of the first one."""

    def __init__(self, url: str) -> None:
        """The URL is without database."""
        self._url = url

    def begin(self, url: str) -> None:
        """Let a new database, not migrated yet, keep its events in one of its name, which is made here."""
        name = urlsplit(url).path[1:]
        with sql.connect(databases.create_database(self._url, name)) as there:
            migrate(there, Settings())
        connect_events(url, databases.database_url(self._url, name))

    def copy(self, admin: psycopg.Connection, name: str, template: str) -> None:
        """The same for a copy of a database; ``admin`` is a connection to the server of both."""
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as there:
            there.execute(f"create database {name} template {template} strategy file_copy")
        parameters = admin.info.get_parameters() | {"password": admin.info.password, "dbname": name}
        with psycopg.connect(**parameters) as here:
            here.execute(f"alter server events_1 options (set dbname '{name}')")

    def drop(self, name: str) -> None:
        """Drop the database of this name."""
        with psycopg.connect(f"{self._url}/postgres", autocommit=True) as there:
            there.execute(f"drop database if exists {name} with (force)")


def connect_events(url: str, *others: str, role: str = "public") -> None:
    """Let a database keep the events of its next days in others, as sql/README.md says.

    Args:
        url: the database, for a superuser.
        others: URLs of the others.
        role: who may read and write there.
    """
    with psycopg.connect(url) as db:
        db.execute("create extension if not exists postgres_fdw; create extension if not exists dblink")
        for number, other in enumerate(others, start=1):
            at = urlsplit(other)
            db.execute(
                f"create server events_{number} foreign data wrapper postgres_fdw options (host '{at.hostname}', "
                f"port '{at.port}', dbname '{at.path[1:]}', use_remote_estimate 'true', fetch_size '1000', "
                "batch_size '100')"
            )
            db.execute(
                f"create user mapping for {role} server events_{number} options (user '{at.username}', "
                f"password '{at.password}')"
            )
            db.execute(f"grant usage on foreign server events_{number} to {role}")


# The one of this run, with ``--apart``.
server: Apart | None = None


@contextmanager
def running() -> Iterator[None]:
    """Let :data:`server` be one."""
    global server  # noqa: PLW0603
    with Server.running() as second:
        server = Apart(second.url)
        try:
            yield
        finally:
            server = None


def reach_back() -> None:
    """Let the events of every story have a partition of their day."""
    Settings.model_fields["partition_days_back"].default = DAYS_BACK
    Settings.model_rebuild(force=True)
