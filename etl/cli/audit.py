"""The command that checks the evidence again."""

from __future__ import annotations

from datetime import date
from typing import Annotated

import typer

from etl.cli.shared import console, warehouse
from etl.errors import EtlError

app = typer.Typer(help="Check the evidence again.", no_args_is_help=True)

PERIOD = "A day (2026-11-25, by loading, UTC) or a batch's number."


@app.callback()
def audit() -> None:
    """Check the evidence again."""


@app.command()
def verify(
    start: Annotated[str | None, typer.Option("--from", help=f"{PERIOD} Default: the first.")] = None,
    end: Annotated[str | None, typer.Option("--to", help=f"{PERIOD} Default: the last.")] = None,
) -> None:
    """Check records, chain, ledgers, and landing against the warehouse; exit status 1 names the first that fails."""
    from rich.console import Console
    from rich.progress import Progress

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
            progress=lambda share: progress.update(bar, completed=share),
        )
    if not found.batches:
        raise EtlError("No loaded batch lies in this period.")
    console.print(
        f"batches {found.first_batch_id} to {found.last_batch_id}: {found.batches:,} records and their chain, "
        f"{found.events:,} events in the warehouse, {found.compared:,} payloads compared with landing"
    )
    if found.dropped:
        console.print(
            f"landing of {found.dropped:,} batches was dropped after retention: their record was checked only"
        )
    found.raise_for_trouble()
    console.print("All agree.")


def _moment(text: str | None) -> tuple[int | None, date | None]:
    if text is None:
        return None, None
    if text.isdigit():
        return int(text), None
    try:
        return None, date.fromisoformat(text)
    except ValueError as error:
        raise EtlError(f"{text!r} is neither a day (2026-11-25) nor a batch's number.") from error
