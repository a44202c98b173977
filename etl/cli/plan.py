"""`etl plan`: draft the tracking plan from what landed, and see what drifts."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
import typer

from etl.cli.options import Days, Json, Team
from etl.cli.shared import console, new_table, print_json, warehouse

app = typer.Typer(help="The tracking plan: a JSON Schema for each event, and what drifts.", no_args_is_help=True)


@app.command()
def infer(
    out: Annotated[Path, typer.Option("--out", help="The folder to write to. Files that exist are left alone.")],
    event: Annotated[str | None, typer.Option("--event", metavar="NAME", help="Only this event.")] = None,
    days: Days = 7,
) -> None:
    """Draft a schema for each event from what landed. Read it before you put it into force."""
    from etl.quality.plan_draft import file_name
    from etl.quality.plan_draft import infer as draft

    with warehouse() as (db, _):
        drafts = draft(db, event=event, days=days)
    out.mkdir(parents=True, exist_ok=True)
    for each in drafts.entries:
        path = out / file_name(each["event"])
        if path.exists():
            console.print(f"{path} exists and stays as it is")
            continue
        path.write_bytes(msgspec.json.format(msgspec.json.encode(each), indent=2) + b"\n")
        console.print(f"{path}: {len(each['schema']['properties'])} properties. {each['notes']}")
    for pattern, names in drafts.made_of_ids.items():
        console.print(f"No schema for {pattern!r}: {names:,} names. Send one name, and the id as a property.")
    if not drafts.entries and not drafts.made_of_ids:
        console.print("No events of these days are profiled yet: run `etl maintain` first.")


@app.command()
def drift(days: Days = 7, team: Team = None, is_json: Json = False) -> None:
    """List what each day's events had that the days before had not, and what they no longer had."""
    from etl.operate.action import list_proposals
    from etl.quality.daily import read_drift

    with warehouse() as (db, _):
        rows = read_drift(db, days=days, team_id=team)
        proposals = list_proposals(db, days=days, team_id=team)
    if is_json:
        print_json(rows)
        return
    table = new_table("day", "project", "drift", "event", "subject", "details")
    for row in rows:
        details = ", ".join(f"{name.replace('_', ' ')} {value}" for name, value in row["details"].items())
        event, subject = repr(row["event"]), repr(row["subject"]) if row["subject"] else ""
        table.add_row(str(row["day"]), str(row["team_id"]), row["kind"].replace("_", " "), event, subject, details)
    console.print(table if rows else "Nothing drifted.")
    if proposals:
        names = ", ".join(dict.fromkeys(row["name"] for row in proposals))
        console.print(f"Actions that may need another step: {names}. `etl action proposals` shows it.")
