"""Commands on batches: list, show, and a person's decision on a blocked one."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.table import Table

from etl.cli.shared import console, warehouse
from etl.names import INGEST

app = typer.Typer(help="Batches: the verdicts on them, and your decision on a blocked one.", no_args_is_help=True)

Why = Annotated[str, typer.Option("--why", help="Kept in the batch's record.")]
Number = Annotated[int, typer.Argument(metavar="ID")]


@app.command("list")
def list_(
    last: Annotated[int, typer.Option(help="How many to list.", min=1)] = 20,
    noteworthy: Annotated[bool, typer.Option("--noteworthy", help="Only those that are not simply fine.")] = False,
) -> None:
    """The newest batches with the verdict on each."""
    from etl.operate.batch import list_batches

    with warehouse() as (db, _):
        batches = list_batches(db, at_most=last, is_noteworthy=noteworthy)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("batch", "verdict", "landed", "loaded", "held", "duplicate", "quarantined", "failed expectations"):
        is_text = name in {"verdict", "failed expectations"}
        table.add_column(name, justify="left" if is_text else "right", overflow="fold")
    for row in batches:
        numbers = (row[name] for name in ("landed", "loaded", "held", "duplicate", "quarantined"))
        shown = ("-" if number is None else f"{number:,}" for number in numbers)
        table.add_row(str(row["batch_id"]), row["verdict"], *shown, ", ".join(row["failed_names"]))
    console.print(table)


@app.command()
def show(batch_id: Number) -> None:
    """A batch's ledger, what it failed, and the remedies."""
    from etl.operate.batch import show_batch

    with warehouse() as (db, _):
        batch, failed = show_batch(db, batch_id)
    for name in (
        "status", "blocked_at", "decision", "decided_at", "decided_by", "decided_why", "landed", "released", "loaded",
        "held", "duplicate", "quarantined", "rescued", "opened_at", "loaded_at", "seconds", "previous_hash", "hash",
    ):  # fmt: skip
        if (value := getattr(batch, name)) not in {None, ""}:
            console.print(f"{name.replace('_', ' '):<14} {value}", markup=False)
    for row in failed:
        measured = f"{row['unexpected']:,} rows" if row["observed"] is None else f"{row['observed']:.4g}"
        console.print(f"{row['severity']} {row['suite']}.{row['expectation']}: {row['reason']} ({measured} of "
                      f"{row['evaluated']:,})\n  {row['remedy']}", markup=False)  # fmt: skip


@app.command()
def release(batch_id: Number, why: Why) -> None:
    """Let a blocked batch through: the next run loads it, with your name and reason in its record."""
    from etl.operate.batch import decide

    with warehouse() as (db, _):
        decide(db, batch_id, "released", why=why)
    console.print(f"Batch {batch_id} is released; the next run of `{INGEST}` (or `etl cycle`) loads it.")


@app.command()
def quarantine(batch_id: Number, why: Why) -> None:
    """Send every row of a blocked batch to quarantine: the next run does, and goes on."""
    from etl.operate.batch import decide

    with warehouse() as (db, _):
        decide(db, batch_id, "quarantined", why=why)
    console.print(f"The next run of `{INGEST}` (or `etl cycle`) sends all rows of batch {batch_id} to quarantine.")
