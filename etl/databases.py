"""Databases of a server: made, made for a while, dropped."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit, urlunsplit

from psycopg import errors

from etl import sql
from etl.errors import ConfigurationError
from etl.sql import Db


def database_url(server_url: str, name: str) -> str:
    """The URL of the database ``name`` on the server of ``server_url``."""
    return urlunsplit(urlsplit(sql.plain_url(server_url))._replace(path=f"/{name}"))


def create_database(server_url: str, name: str, *, owner: str | None = None) -> str:
    """Make the database ``name`` unless it exists; returns its URL. Nobody may connect to it but whom grants name.

    Args:
        server_url: the server, with a login that may create databases.
        name: the database.
        owner: the role that owns it; default: the login.

    Raises:
        ConfigurationError: the server cannot be reached, or its role may not create databases.
    """
    with sql.connect(_maintenance_url(server_url)) as db:
        statement = sql.one(db, "databases/create_statement", {"name": name, "owner": owner})["statement"]
        try:
            if statement is not None:
                db.execute(statement)
                close_database(db, name)
        except (errors.DuplicateDatabase, errors.UniqueViolation):
            pass  # made by another process this very moment
        except errors.InsufficientPrivilege as error:
            raise ConfigurationError(
                f"Role {db.info.user!r} may not create the database {name!r} on {db.info.host}. "
                "Create it by hand, or allow the role to (`alter role ... createdb`); "
                "for Airflow's own database ETL_AIRFLOW_DATABASE_URL may also name another server."
            ) from error
    return database_url(server_url, name)


def close_database(db: Db, name: str) -> None:
    """Let nobody connect to a database of ours whom no grant names, nor make temporary tables in it."""
    db.execute(sql.one(db, "databases/close_statement", {"name": name})["statement"])


@contextmanager
def temporary_database(server_url: str, name: str) -> Iterator[str]:
    """The URL of a database that is made as by ``create_database`` and dropped at the end, whoever is connected."""
    url = create_database(server_url, name)
    try:
        yield url
    finally:
        with sql.connect(_maintenance_url(server_url)) as db:
            db.execute(sql.one(db, "databases/drop_statement", {"name": name})["statement"])


def _maintenance_url(server_url: str) -> str:
    """Where to connect in order to make or drop another database."""
    return server_url if urlsplit(sql.plain_url(server_url)).path.strip("/") else database_url(server_url, "postgres")
