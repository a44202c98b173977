"""The command ``etl``."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.table import Table

from etl import db as door
from etl.db import Db, Row
from etl.errors import ConfigurationError, CycleBusyError, EtlError
from etl.settings import Settings, read_settings

app = typer.Typer(
    help="PostHog-compatible event ingestion as micro-batches on PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
watermark_app = typer.Typer(help="The position up to which landing has been processed.", no_args_is_help=True)
app.add_typer(watermark_app, name="watermark")

console = Console(highlight=False, soft_wrap=True)

LEDGER = ("landed", "released", "loaded", "held", "duplicate", "quarantined", "rescued", "persons_created")

BUSY = 75  # the exit code that sysexits.h has for "try again later"


def main() -> None:
    """Run the command; an error of ours is one line on standard error, never a traceback."""
    try:
        app()
    except CycleBusyError as error:
        sys.stderr.write(f"etl: {error}\n")
        sys.exit(BUSY)
    except EtlError as error:
        sys.stderr.write(f"etl: {error}\n")
        sys.exit(1)


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
def _warehouse() -> Iterator[tuple[Db, Settings]]:
    settings = read_settings()
    with door.connect(warehouse_url(settings)) as db:
        yield db, settings


@app.command()
def up() -> None:
    """Start PostgreSQL, Airflow and the DAGs on this machine; Ctrl-C stops all of it."""
    from etl.local import up as starter

    raise typer.Exit(starter.run(read_settings()))


@app.command()
def demo() -> None:
    """Play the signup story through the real Airflow scheduler; exit status 0 only if the outcome is right."""
    from etl.local import demo as story

    raise typer.Exit(story.run(read_settings()))


@app.command()
def migrate() -> None:
    """Make or update the schemas in the warehouse."""
    from etl.migrate import migrate as apply

    with _warehouse() as (db, settings):
        applied = apply(db, settings)
    console.print("\n".join(f"applied {name}" for name in applied) or "up to date")


@app.command()
def cycle(
    drain: Annotated[bool, typer.Option("--drain", help="Go on until no full batch is left.")] = False,
) -> None:
    """Run one cycle without Airflow: open, stage, validate, resolve, load."""
    from etl.cycle import run_cycle

    with _warehouse() as (db, settings):
        while True:
            batch = run_cycle(db, settings)
            console.print(describe(batch))
            if batch["is_caught_up"] or not drain:
                break


def describe(batch: Row) -> str:
    """One line for one loaded batch."""
    return (
        f"batch {batch['batch_id']}: landed {batch['landed']:,}, loaded {batch['loaded']:,}, held {batch['held']:,}, "
        f"released {batch['released']:,} (rescued {batch['rescued']:,}), duplicates {batch['duplicate']:,}, "
        f"quarantined {batch['quarantined']:,}, new persons {batch['persons_created']:,}, "
        f"merged away {batch['persons_merged']:,}, {batch['seconds']:.2f} s"
    )


@app.command()
def status(
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON object.")] = False,
    last: Annotated[int, typer.Option(help="How many batches to list.", min=1)] = 10,
) -> None:
    """Show the last batches, the backlog, what is held, and the lag; exit status 1 if something is wrong."""
    from etl.status import read_status

    with _warehouse() as (db, settings):
        found = read_status(db, settings, last=last)
    if is_json:
        sys.stdout.write(msgspec.json.encode(found.as_dict()).decode() + "\n")
    else:
        console.print(_batch_table(found.batches))
        console.print(
            f"backlog {found.backlog:,} rows ({found.waiting:,} wait for an open transaction), "
            f"lag {found.lag_seconds:,.0f} s; held {found.held:,}"
            + (f", the oldest for {found.oldest_held_seconds:,.0f} s" if found.oldest_held_seconds is not None else "")
        )
        for problem in found.problems:
            console.print(f"! {problem}", style="red")
    raise typer.Exit(0 if found.is_fine else 1)


def _batch_table(batches: list[Row]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("batch", "loaded at (UTC)", *LEDGER, "seconds"):
        table.add_column(name.replace("_", " "), justify="right", overflow="fold")
    for batch in batches:
        at = f"{batch['loaded_at']:%Y-%m-%d %H:%M:%S}" if batch["loaded_at"] else batch["status"]
        numbers = (
            batch[name]
            for name in (
                "landed",
                "released",
                "loaded",
                "held",
                "duplicate",
                "quarantined",
                "rescued",
                "persons_created",
            )
        )
        table.add_row(
            str(batch["batch_id"]),
            at,
            *("-" if number is None else f"{number:,}" for number in numbers),
            f"{batch['seconds'] or 0:.2f}",
        )
    return table


@app.command()
def land(
    files: Annotated[list[Path], typer.Argument(help="JSON lines, a PostHog batch or export, CSV, Parquet; also .gz.")],
    team_id: Annotated[int, typer.Option(help="The project the events belong to.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also land a file that was landed before.")] = False,
) -> None:
    """Land events from files; exit status 1 if some lines could not even be read."""
    from etl.land import land_files, progress_bar

    is_clean = True
    with progress_bar() as progress:
        for result in land_files(
            warehouse_url(read_settings()), files, team_id=team_id, is_again=again, progress=progress
        ):
            console.print(str(result), markup=False)
            is_clean = is_clean and result.is_clean
    raise typer.Exit(0 if is_clean else 1)


@app.command()
def maintain() -> None:
    """Make partitions ahead, drop expired landing partitions, fold overrides into events, check the invariants."""
    from etl import maintain as job

    with _warehouse() as (db, settings):
        console.print(f"partitions made: {job.ensure_partitions(db, settings)}")
        console.print(f"landing partitions dropped: {', '.join(job.drop_expired_partitions(db, settings)) or 'none'}")
        console.print(f"overrides folded into events: {job.squash(db):,}")
        console.print(f"invariants that hold: {', '.join(job.check_invariants(db))}")


@watermark_app.command()
def rebase() -> None:
    """After a restore from a dump: make positions comparable with this server's transaction ids again."""
    from etl.watermark import rebase_watermark

    with _warehouse() as (db, _):
        offset = rebase_watermark(db)
    console.print(
        f"The watermark is rebased: {offset:,} is added to this server's transaction ids. "
        "Nothing was skipped or doubled; the next cycle goes on where the dump ended."
    )


if __name__ == "__main__":
    main()
