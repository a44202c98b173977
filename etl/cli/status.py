"""`etl status`: how the ingestion is doing."""

from __future__ import annotations

import typer
from rich.table import Table

from etl.cli.options import Json, Last
from etl.cli.shared import console, new_table, on_every_shard, print_json, warehouse
from etl.sql import Row

LEDGER = ("landed", "released", "loaded", "held", "duplicate", "quarantined", "rescued", "persons_created")


@on_every_shard
def status(
    last: Last = 10,
    is_json: Json = False,
) -> None:
    """Show the last batches, the backlog, what is held, and the lag. Exit status 1 if something is wrong."""
    from etl.operate.status import read_status

    with warehouse() as (db, settings):
        found = read_status(db, settings, last=last)
    if is_json:
        print_json(found)
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
    columns = ("batch", "loaded at (UTC)", *(name.replace("_", " ") for name in LEDGER), "seconds")
    table = new_table(*columns, numbers=columns)
    for batch in batches:
        at = f"{batch['loaded_at']:%Y-%m-%d %H:%M:%S}" if batch["loaded_at"] else batch["status"]
        numbers = (batch[name] for name in LEDGER)
        table.add_row(
            str(batch["batch_id"]),
            at,
            *("-" if number is None else f"{number:,}" for number in numbers),
            f"{batch['seconds'] or 0:.2f}",
        )
    return table
