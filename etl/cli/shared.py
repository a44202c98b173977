"""What every command needs: the console, tables and JSON on it, and the way to the warehouse."""

from __future__ import annotations

import functools
import os
import sys
import traceback
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, ParamSpec

import msgspec
import psycopg
import typer
from psycopg import errors
from rich.console import Console
from rich.table import Table
from rich.text import Text

from etl import sql
from etl.errors import DISK_IS_FULL, ConfigurationError, CycleBusyError, EtlError
from etl.settings import Settings, read_settings
from etl.sql import Db
from etl.visible import visible

# Where the caller has closed one (`>&-`) nobody reads, but what a command does and its exit status are still wanted.
for _name in ("stdout", "stderr"):
    if getattr(sys, _name) is None:
        setattr(sys, _name, Path(os.devnull).open("w", encoding="utf-8"))  # noqa: SIM115 - for good

# What is not a terminal has no width of its own; 80 columns would cut tables that a file or a pipe has room for.
IS_WIDE = not sys.stdout.isatty() and "COLUMNS" not in os.environ


BUSY = 75  # the exit code that sysexits.h has for "try again later"

P = ParamSpec("P")


class SafeConsole(Console):
    """Text of visitors stands in what commands print: no character of it is hidden, and none is taken for markup.

    Attributes:
        heading: a line to be printed before the next one, if there is any.
    """

    heading: str | None = None

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, soft_wrap=True, **options)

    def print(self, *objects: Any, **options: Any) -> None:
        """As always, below the heading."""
        heading, self.heading = self.heading, None
        if heading is not None:
            super().print(heading, style="bold")
        super().print(*objects, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """A text as it is shown; of what is hidden only the line break is kept."""
        return super().render_str(visible(text, kept="\n"), **options)


console = SafeConsole(
    width=200 if IS_WIDE else None,
    height=50 if IS_WIDE else None,  # without it a dumb terminal has 80 columns anyway
)


def print_json(value: object) -> None:
    """One value on one line of standard output, with the name of its shard where a command goes through them all."""
    if console.heading is not None:
        value = {console.heading: value}
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


_shard: ContextVar[str | None] = ContextVar("shard", default=None)


def choose_shard(name: str | None) -> None:
    """What this command does from now on, it does on this shard."""
    _shard.set(name)


def chosen_settings() -> Settings:
    """The settings, with the shard that was chosen on the command line or by the project."""
    shard = _shard.get()
    return read_settings() if shard is None else read_settings(shard=shard)


def warehouse_url(settings: Settings) -> str:
    """The shard that is chosen, or ETL_DATABASE_URL, or else the private server of ``make run``.

    Raises:
        ConfigurationError: there is none of them, or several shards and none is chosen.
    """
    if settings.warehouse_url:
        return settings.warehouse_url
    if settings.shards:
        raise ConfigurationError(
            f"There are several shards: say on which one, with `etl --shard NAME ...`: {', '.join(settings.shards)}."
        )
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
    settings = chosen_settings()
    with sql.connect(warehouse_url(settings)) as db:
        yield db, settings


def on_every_shard(command: Callable[P, None]) -> Callable[P, None]:
    """A command that goes through the shards, one after the other, unless one is chosen.

    A shard on which it fails is one line on standard error, and the next ones follow. The exit status is the worst.
    """

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        settings = chosen_settings()
        if settings.shard or not settings.shards:
            command(*args, **kwargs)
            return
        statuses = []
        for name in settings.shards:
            choose_shard(name)
            console.heading = name
            try:
                command(*args, **kwargs)
                statuses.append(0)
            except typer.Exit as stopped:
                statuses.append(stopped.exit_code)
            except Exception as error:
                statuses.append(report_error(error, name))
            finally:
                console.heading = None
        raise typer.Exit(max(statuses, key=[0, BUSY, 1].index))

    return run


def report_error(error: Exception, *place: str) -> int:
    """Say on standard error what went wrong: a line if it is known, or one a file, else its traceback.

    Returns:
        The exit status.
    """
    message = _describe(error)
    if message is None:
        sys.stderr.write("".join([*(f"etl: {each}:\n" for each in place), *traceback.format_exception(error)]))
    else:
        sys.stderr.write(": ".join(["etl", *place, visible(message, kept="\n")]) + "\n")
    return BUSY if isinstance(error, CycleBusyError) else 1


def _describe(error: Exception) -> str | None:
    match error:
        case EtlError():
            return str(error)
        case psycopg.Error():
            return _describe_server(error)
        case UnicodeEncodeError(encoding="utf-8"):  # bytes of an argument that are none stand for themselves in a text
            return (
                f"{error.object[:100]!r} is not UTF-8, as all text in the warehouse is. Write it in UTF-8; the "
                "terminal may be set to another encoding."
            )
        # Of a full disk the file is not told, because it is the writing that fails.
        case OSError() if error.filename is not None or error.errno in DISK_IS_FULL:
            return f"{error.filename or 'A file could not be written'}: {error.strerror}."
    return None


def _describe_server(error: psycopg.Error) -> str | None:
    match error:
        case (
            errors.UndefinedTable() | errors.UndefinedColumn() | errors.UndefinedFunction() | errors.InvalidSchemaName()
        ):
            return f"The warehouse's schema is not that of this version ({_first_line(error)}). Run `etl migrate`."
        case errors.InsufficientPrivilege():
            return f"The login may not do this ({_first_line(error)}). Use the one that owns the warehouse's schemas."
        case errors.ReadOnlySqlTransaction():
            return (
                f"The server takes no writes ({_first_line(error)}): it follows another one. Set the address of that "
                "one (ETL_DATABASE_URL, ETL_SHARDS)."
            )
        case psycopg.OperationalError():
            return str(sql.server_error(error))
    return None


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]
