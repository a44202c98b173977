"""Commands on the tracking plan: draft it from what landed, and see what drifts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from etl.cli.shared import console, warehouse

app = typer.Typer(help="The tracking plan: JSON Schemas for events, and what drifts.", no_args_is_help=True)


@app.command()
def infer(
    out: Annotated[Path, typer.Option(help="The folder to write to; a file that is there stays.")],
    event: Annotated[str | None, typer.Option(help="Only this event.")] = None,
    days: Annotated[int, typer.Option(help="From the newest days.", min=1)] = 7,
) -> None:
    """Draft a schema for each event from what landed; read it, then put it into force."""
    from etl.quality.tracking_plan import file_name
    from etl.quality.tracking_plan import infer as draft

    with warehouse() as (db, _):
        drafts = draft(db, event=event, days=days)
    out.mkdir(parents=True, exist_ok=True)
    for each in drafts:
        path = out / file_name(each["event"])
        if path.exists():
            console.print(f"{path} is there and stays", markup=False)
            continue
        path.write_bytes(msgspec.json.format(msgspec.json.encode(each), indent=2) + b"\n")
        console.print(f"{path}: {len(each['schema']['properties'])} properties", markup=False)
    if not drafts:
        console.print("No events of these days are profiled yet: run `etl maintain` first.")


@app.command()
def drift(days: Annotated[int, typer.Option(help="Of the newest days.", min=1)] = 7) -> None:
    """What a day's events had that the days before had not, and the other way round."""
    from etl.quality.daily import read_drift

    with warehouse() as (db, _):
        rows = read_drift(db, days=days)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("day", "project", "drift", "event", "subject", "details"):
        table.add_column(name, overflow="fold")
    for row in rows:
        details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row["details"].items())
        event, subject = repr(row["event"]), repr(row["subject"]) if row["subject"] else ""
        table.add_row(str(row["day"]), str(row["team_id"]), row["kind"].replace("_", " "), event, subject, details)
    console.print(table if rows else "Nothing drifted.")
