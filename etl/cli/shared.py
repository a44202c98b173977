"""What every command needs: the console, and the way to the warehouse."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console

from etl import db as door
from etl.db import Db
from etl.errors import ConfigurationError
from etl.settings import Settings, read_settings

console = Console(highlight=False, soft_wrap=True)


def warehouse_url(settings: Settings) -> str:
    """ETL_DATABASE_URL, or else the private server of ``make run``.

    Raises:
        ConfigurationError: neither is there.
    """
    if settings.database_url:
        return settings.database_url
    from etl.local import postgres

    server = postgres.running_url(settings.home / "postgres")
    if server is None:
        raise ConfigurationError(
            f"No warehouse: ETL_DATABASE_URL is not set and no private server runs in {settings.home.resolve()}. "
            "Set the one, or start the other with `make run`."
        )
    return postgres.database_url(server, "warehouse")


@contextmanager
def warehouse() -> Iterator[tuple[Db, Settings]]:
    """A connection to the warehouse, and the settings."""
    settings = read_settings()
    with door.connect(warehouse_url(settings)) as db:
        yield db, settings
