"""`etl property`: indexes for filters on single properties, and one that should never have been sent."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Json, Project, Why
from etl.cli.person import DryRun, show_counts, show_landed
from etl.cli.shared import console, new_table, print_json, warehouse
from etl.operate import property_index

app = typer.Typer(help="Index single properties, or erase one.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="PROPERTY", help="The property's name, as sent.")]
Event = Annotated[
    str | None, typer.Option("--event", metavar="NAME", help="Only of this event, which filters then have to name too.")
]


@app.command()
def index(name: Name, event: Event = None) -> None:
    """Make filters on a property fast. Nobody waits for it; interrupted, it goes on when it is run again."""
    with warehouse() as (db, _):
        made = property_index.create(db, name, event=event)
        console.print(f"{name}: {made} partition{'' if made == 1 else 's'} indexed; new days are by themselves")


@app.command("list")
def list_(is_json: Json = False) -> None:
    """List the indexes, how many events each holds by the last count, and how large it is."""
    with warehouse() as (db, _):
        rows = property_index.list_all(db)
    if is_json:
        print_json(rows)
        return
    table = new_table("property", "event", "state", "events", "MB", numbers=("events", "MB"))
    for row in rows:
        state = "complete" if row["is_complete"] else "interrupted: run `etl property index` again"
        size = f"{row['bytes'] / 1e6:,.1f}"
        table.add_row(row["property"], row["event"] or "all", state, f"{row['events']:,}", size)
    console.print(table)


@app.command()
def drop(name: Name, event: Event = None) -> None:
    """Drop the index of a property."""
    with warehouse() as (db, _):
        property_index.drop(db, name, event=event)
        console.print(f"{name}: no longer indexed")


@app.command()
def erase(
    name: Name,
    *,
    dry_run: DryRun = False,
    why: Why,
    by: By,
    team: Project = 1,
    is_json: Json = False,
) -> None:
    """Take a property out of all events, persons and groups of a project, with the next cycle. It cannot be undone."""
    from etl.operate.property import count_erased
    from etl.operate.property import erase as land

    with warehouse() as (db, _):
        if dry_run:
            show_counts(count_erased(db, name, team_id=team), is_json=is_json)
            return
        show_landed(land(db, name, team_id=team, by=by, why=why), is_json=is_json)
