"""`etl audit`: do batches, landing and warehouse still agree?"""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from etl.cli.options import LARGEST, Json
from etl.cli.shared import console, on_every_shard, print_json, warehouse
from etl.errors import EtlError

app = typer.Typer(help="Verify that batches, landing and warehouse still agree.", no_args_is_help=True)

PERIOD = "The day of loading (2026-11-25, UTC) or the batch's number."


@app.callback()
def audit() -> None:
    """Verify that batches, landing and warehouse still agree."""


@app.command()
@on_every_shard
def verify(
    start: Annotated[str | None, typer.Option("--from", metavar="DAY|BATCH", help=f"First: {PERIOD}")] = None,
    end: Annotated[str | None, typer.Option("--to", metavar="DAY|BATCH", help=f"Last: {PERIOD}")] = None,
    expect: Annotated[
        str | None, typer.Option("--expect", metavar="HASH", help="A hash of the audit log that you kept elsewhere.")
    ] = None,
    since_last: Annotated[
        bool, typer.Option("--since-last", help="Of the batches only those that the last run has not seen.")
    ] = False,
    is_json: Json = False,
) -> None:
    """Check that log, ledger, landing and warehouse still agree. Exit status 1 if something does not."""
    from rich.console import Console
    from rich.progress import Progress

    from etl.quality.audit import note_run
    from etl.quality.audit import verify as check

    from_batch, from_day = _moment(start)
    to_batch, to_day = _moment(end)
    with warehouse() as (db, _), Progress(console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("audit", total=1.0)
        found = check(
            db,
            from_batch=from_batch or 0,
            to_batch=to_batch,
            from_day=from_day,
            to_day=to_day,
            expected=expect,
            is_since_last=since_last,
            progress=lambda share: progress.update(bar, completed=share),
        )
        if found.is_period and not found.batches:
            raise EtlError("No loaded batch lies in this period.")
        note_run(db, found)
    if is_json:
        print_json(found)
        raise typer.Exit(1 if found.troubles else 0)
    which = f"batches {found.first_batch_id} to {found.last_batch_id}: " if found.batches else ""
    console.print(f"{which}{found.batches:,} records, {found.events:,} events, {found.seconds:.1f} s")
    if found.dropped:
        console.print(
            f"landing of {found.dropped:,} batches was dropped after retention: their events were checked only"
        )
    if found.amended:
        console.print(
            f"of {found.amended:,} batches something was erased or dropped after retention: what is left was checked"
        )
    if found.hash:
        console.print(f"newest entry of the audit log: {found.entry_id}, hash {found.hash}")
    found.raise_for_trouble()
    console.print("All agree.")


def _moment(text: str | None) -> tuple[int | None, date | None]:
    if text is None:
        return None, None
    try:
        if text.isdecimal() and (number := int(text)) <= LARGEST:
            return number, None
        return None, date.fromisoformat(text)
    except ValueError as error:
        raise EtlError(f"{text!r} is neither a day (2026-11-25) nor a batch's number.") from error
