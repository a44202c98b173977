"""What every command needs: the console, tables and JSON on it, and the way to the warehouse."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table
from rich.text import Text

from etl import sql
from etl.errors import ConfigurationError
from etl.settings import Settings, read_settings
from etl.sql import Db
from etl.visible import visible

# What is not a terminal has no width of its own; 80 columns would cut tables that a file or a pipe has room for.
IS_WIDE = not sys.stdout.isatty() and "COLUMNS" not in os.environ


class SafeConsole(Console):
    """Text of visitors stands in what commands print: no character of it is hidden, and none is taken for markup."""

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as it is shown; of what is hidden only the line break is kept."""
        return super().render_str(visible(text, kept="\n"), **options)


console = SafeConsole(
    width=200 if IS_WIDE else None,
    height=50 if IS_WIDE else None,  # without it a dumb terminal has 80 columns anyway
)


def print_json(value: object) -> None:
    """One value on one line of standard output."""
    sys.stdout.write(msgspec.json.encode(value, enc_hook=str).decode() + "\n")


def new_table(*columns: str, numbers: Collection[str] = ()) -> Table:
    """A table without lines; the columns in ``numbers`` are aligned to the right."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in columns:
        table.add_column(name, justify="right" if name in numbers else "left", overflow="fold")
    return table


def decided(row: dict[str, Any]) -> str:
    """A decision of a person, in one line."""
    return f"{row['decision']} {row['decided_at']:%Y-%m-%d %H:%M} by {row['decided_by']}: {row['why']}"


def warehouse_url(settings: Settings) -> str:
    """ETL_DATABASE_URL, or else the private server of ``make run``.

    Raises:
        ConfigurationError: neither is there.
    """
    if settings.database_url:
        return settings.database_url
    from etl.local import logins

    url = logins.owner_url(settings.home)
    if url is None:
        raise ConfigurationError(
            f"No warehouse: ETL_DATABASE_URL is not set and no private server runs in {settings.home.resolve()}. "
            "Set the one, or start the other with `make run`."
        )
    return url


@contextmanager
def warehouse() -> Iterator[tuple[Db, Settings]]:
    """A connection to the warehouse, and the settings."""
    settings = read_settings()
    with sql.connect(warehouse_url(settings)) as db:
        yield db, settings
