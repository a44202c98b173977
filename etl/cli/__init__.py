"""The command ``etl``, also installed as ``event-microbatch``: a module of this package a noun or verb, joined here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import psycopg
import typer
from psycopg import errors

from etl import sql
from etl.cli import (
    action,
    alert,
    audit,
    batch,
    capture,
    cohort,
    cycle,
    demo,
    digest,
    expectations,
    explain,
    export,
    incident,
    land,
    maintain,
    merge,
    migrate,
    person,
    plan,
    project,
    quarantine,
    rebuild,
    report,
    split,
    status,
    up,
    watermark,
    what_if,
)
from etl.cli import property as property_
from etl.errors import DISK_IS_FULL, CycleBusyError, EtlError
from etl.visible import visible

BUSY = 75  # the exit code that sysexits.h has for "try again later"

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        sys.stdout.write(f"event-microbatch {version('event-microbatch')}\n")
        raise typer.Exit


@app.callback()
def etl(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    """PostHog-compatible event ingestion as micro-batches on PostgreSQL."""


COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Run": (
        up.up,
        demo.demo,
        migrate.migrate,
        land.land,
        export.export,
        capture.capture,
        cycle.cycle,
        maintain.maintain,
    ),
    "Inspect": (
        status.status,
        alert.alert,
        explain.explain,
        report.report,
        digest.digest,
        rebuild.rebuild,
        what_if.what_if,
    ),
    "Correct": (split.split,),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)

for panel, nouns in {
    "Inspect": {"audit": audit.app},
    "Correct": {
        "batch": batch.app,
        "quarantine": quarantine.app,
        "merge": merge.app,
        "person": person.app,
        "property": property_.app,
        "incident": incident.app,
        "watermark": watermark.app,
    },
    "Set up": {
        "project": project.app,
        "action": action.app,
        "cohort": cohort.app,
        "plan": plan.app,
        "expectations": expectations.app,
    },
}.items():
    for name, noun in nouns.items():
        app.add_typer(noun, name=name, rich_help_panel=panel)


def main() -> None:
    """Run the command; an error that is known is one line on standard error, never a traceback."""
    try:
        app()
    except CycleBusyError as error:
        _stop(str(error), BUSY)
    except EtlError as error:
        _stop(str(error))
    except (errors.UndefinedTable, errors.UndefinedColumn, errors.UndefinedFunction, errors.InvalidSchemaName) as error:
        _stop(f"The warehouse's schema is not that of this version ({_first_line(error)}). Run `etl migrate`.")
    except errors.InsufficientPrivilege as error:
        _stop(f"The login may not do this ({_first_line(error)}). Use the one that owns the warehouse's schemas.")
    except psycopg.OperationalError as error:
        _stop(str(sql.server_error(error)))
    except OSError as error:
        # Of a full disk the file is not told, because it is the writing that fails.
        if error.filename is None and error.errno not in DISK_IS_FULL:
            raise
        _stop(f"{error.filename or 'A file could not be written'}: {error.strerror}.")


def _first_line(error: psycopg.Error) -> str:
    return str(error).strip().partition("\n")[0]


def _stop(message: str, status: int = 1) -> None:
    sys.stderr.write(f"etl: {visible(message)}\n")
    sys.exit(status)
