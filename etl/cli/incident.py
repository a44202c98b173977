"""`etl incident`: what went wrong for some time, and what people say about it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Annotated

import typer

from etl.cli.options import By, Json, Last, Team, Why, storable
from etl.cli.shared import console, print_json, warehouse

app = typer.Typer(help="What went wrong for some time: look at it, acknowledge it, close it.", no_args_is_help=True)

Incident = Annotated[int, typer.Argument(metavar="ID", help="The incident's number.", callback=storable)]


@app.command("list")
def list_(
    is_all: Annotated[bool, typer.Option("--all", help="Also those that were over within 30 days.")] = False,
    team: Team = None,
    last: Last = 50,
    is_json: Json = False,
) -> None:
    """List the incidents that last, the newest first."""
    from etl.quality.incidents import kinds, list_incidents, sentence

    with warehouse() as (db, _):
        over_since = datetime.now(UTC) - timedelta(days=30) if is_all else None
        found = list_incidents(db, team_id=team, over_since=over_since, at_most=last)
    if is_json:
        print_json(found)
        return
    for row in found:
        until = f" to {row['over_at']:%Y-%m-%d %H:%M}" if row["over_at"] else ""
        project = f", project {row['team_id']}" if row["team_id"] else ""
        console.print(f"{row['incident_id']}  {row['state']}  {sentence(row)}{project}", markup=False)
        touched = f"; {_count(row['events'])} events, {_count(row['users'])} users" if row["team_id"] else ""
        console.print(f"  {row['since_at']:%Y-%m-%d %H:%M}{until}{touched}")
        for who, why in (("acknowledged_by", "acknowledged_why"), ("closed_by", "closed_why")):
            if row[who]:
                console.print(f"  {who.replace('_', ' ')} {row[who]}: {row[why]}", markup=False)
        kind = kinds()[row["kind"]]
        console.print(f"  {kind.owner}: {kind.remedy}", markup=False)
    if not found:
        console.print("none")


@app.command()
def acknowledge(incident: Incident, *, why: Why, by: By) -> None:
    """Say that you know of it: it stays on the page with your name, and `etl status` is silent about it."""
    from etl.quality.incidents import acknowledge as decide

    with warehouse() as (db, _):
        decide(db, incident, by=by, why=why)
    console.print("acknowledged")


@app.command()
def close(incident: Incident, *, why: Why, by: By) -> None:
    """End it by hand. What is still so two days later becomes another incident."""
    from etl.quality.incidents import close as decide

    with warehouse() as (db, _):
        decide(db, incident, by=by, why=why)
    console.print("closed")


def _count(number: int | None) -> str:
    return "an unknown number of" if number is None else f"{number:,}"
