"""`etl batch`: list and show batches, and send an open one to quarantine."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Json, Last, Why, storable
from etl.cli.shared import console, new_table, print_json, warehouse
from etl.names import INGEST, of_shard

app = typer.Typer(help="Batches: what the gate found in them.", no_args_is_help=True)

Number = Annotated[int, typer.Argument(metavar="BATCH", help="The batch's number.", callback=storable)]
COUNTS = ("landed", "loaded", "held", "duplicate", "quarantined")


@app.command("list")
def list_(
    noteworthy: Annotated[bool, typer.Option("--noteworthy", help="Only those that are not simply fine.")] = False,
    last: Last = 20,
    is_json: Json = False,
) -> None:
    """List the newest batches and what the gate found."""
    from etl.operate.batch import list_batches

    with warehouse() as (db, _):
        batches = list_batches(db, at_most=last, is_noteworthy=noteworthy)
    if is_json:
        print_json(batches)
        return
    table = new_table("batch", "state", *COUNTS, "failed expectations", numbers={"batch", *COUNTS})
    for row in batches:
        shown = ("-" if row[name] is None else f"{row[name]:,}" for name in COUNTS)
        table.add_row(str(row["batch_id"]), row["state"], *shown, ", ".join(row["failed_names"]))
    console.print(table)


@app.command()
def show(batch: Number, is_json: Json = False) -> None:
    """Show a batch's ledger, which expectations failed, and the remedies."""
    from etl.operate.batch import show_batch

    with warehouse() as (db, _):
        found, failed = show_batch(db, batch)
    if is_json:
        print_json({**vars(found), "seconds": found.seconds, "failed_expectations": failed})
        return
    for name in (
        "status", "decision", "decided_at", "decided_by", "decided_why", "landed", "released", "loaded",
        "held", "duplicate", "quarantined", "rescued", "opened_at", "loaded_at", "seconds",
    ):  # fmt: skip
        if (value := getattr(found, name)) not in {None, ""}:
            console.print(f"{name.replace('_', ' '):<14} {value}")
    for row in failed:
        measured = f"{row['unexpected']:,} rows" if row["observed"] is None else f"{row['observed']:.4g}"
        console.print(f"{row['severity']} {row['suite']}.{row['expectation']}: {row['reason']} ({measured} of "
                      f"{row['evaluated']:,})\n  {row['remedy']}")  # fmt: skip


@app.command("quarantine")
def quarantine_(
    batch: Number,
    *,
    landing_id: Annotated[
        list[int] | None,
        typer.Option(help="Only this row of it, by its landing id. May be repeated.", callback=storable),
    ] = None,
    why: Why,
    by: By,
) -> None:
    """Refuse an open batch, or some rows of it: the next run sends them to quarantine, and ingestion goes on."""
    from etl.operate.batch import quarantine

    with warehouse() as (db, settings):
        rows = quarantine(db, batch, why=why, who=by, landing_ids=landing_id or ())
    what = f"{rows:,} rows" if rows else "all rows"
    ingest = of_shard(INGEST, settings.shard)
    console.print(f"The next run of `{ingest}` (or `etl cycle`) sends {what} of batch {batch} to quarantine.")
