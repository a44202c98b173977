"""`etl action`: names for events that any of several steps finds, as in PostHog."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from etl.cli.options import By, Days, Json, Project, Team, Why, storable
from etl.cli.shared import console, decided, new_table, print_json, warehouse

app = typer.Typer(help="PostHog's actions: one name for events that any of several steps finds.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        metavar="FILE", exists=True, help="JSON as PostHog's API and exports have it, or a folder of such files."
    ),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The action's name.")]


@app.command()
def add(file: File, *, why: Why, by: By, team: Project = 1) -> None:
    """Add the actions of a file, or change those that have their names. Past events count at once."""
    from etl.operate import action

    with warehouse() as (db, _):
        for outcome in action.add(db, action.read_files(file), team_id=team, by=by, why=why):
            console.print(f"{outcome.name}: {outcome.decision}")


@app.command("list")
def list_(team: Team = None, is_json: Json = False) -> None:
    """List the actions, with the last decision about each."""
    from etl.operate import action

    with warehouse() as (db, _):
        rows = action.list_all(db, team_id=team)
    if is_json:
        print_json(rows)
        return
    for row in rows:
        state = "" if row["is_enabled"] else " (disabled)"
        console.print(f"{row['name']}{state}: {len(row['steps'])} steps, project {row['team_id']}")
        console.print(f"  {decided(row)}")
    if not rows:
        console.print("none")


@app.command()
def show(name: Name, team: Project = 1, days: Days = 7, is_json: Json = False) -> None:
    """Show an action: its steps, what it finds by day, and every decision about it."""
    from etl.operate import action

    with warehouse() as (db, _):
        found = action.find(db, name, team_id=team)
        history = action.read_history(db, name, team_id=team)
        counted = action.count(db, found["action_id"], days=days)
    if is_json:
        print_json({**found, "days": counted, "history": history})
        return
    console.print(f"{found['name']}{'' if found['is_enabled'] else ' (disabled)'}: any of")
    for step in found["steps"]:
        console.print(f"  {_said(step)}")
    _print_days(counted, days)
    for decision in history:
        console.print(decided(decision))


@app.command("test")
def try_out(file: File, team: Project = 1, days: Days = 7, is_json: Json = False) -> None:
    """Try the actions of a file on the newest days, and keep nothing."""
    from etl.operate import action

    with warehouse() as (db, _):
        trials = action.try_out(db, action.read_files(file), team_id=team, days=days)
    if is_json:
        print_json([vars(trial) for trial in trials])
        return
    for trial in trials:
        console.print(trial.name)
        _print_days(trial.days, days)


@app.command()
def disable(name: Name, *, why: Why, by: By, team: Project = 1) -> None:
    """Take an action from what readers see. Adding it again enables it."""
    from etl.operate import action

    with warehouse() as (db, _):
        is_new = action.disable(db, name, team_id=team, by=by, why=why)
    console.print("disabled" if is_new else "disabled before; nothing was done")


@app.command()
def proposals(team: Team = None, days: Days = 7, is_json: Json = False) -> None:
    """List the steps that actions may need: a text went quiet, and another one stands in its place."""
    from etl.operate import action

    with warehouse() as (db, _):
        rows = action.list_proposals(db, team_id=team, days=days)
    if is_json:
        print_json(rows)
        return
    for row in rows:
        console.print(
            f"{row['proposal_id']}  {row['name']}, project {row['team_id']}: {row['step']['text']!r} stands where "
            f"{row['former_step']['text']!r} stood"
        )
        console.print(
            f"  {row['day']}: {row['events']:,} clicks that it does not find, "
            f"{row['events_a_day_before']:,} a day before"
        )
        console.print(f"  {_said(row['step'])}")
    console.print("The same button: etl action accept NUMBER --why TEXT." if rows else "none")


@app.command()
def accept(
    proposal: Annotated[int, typer.Argument(metavar="NUMBER", help="The number of the proposal.", callback=storable)],
    *,
    why: Why,
    by: By,
) -> None:
    """Add the step of a proposal to its action. Past events count at once."""
    from etl.operate import action

    with warehouse() as (db, _):
        accepted = action.accept(db, proposal, by=by, why=why)
    console.print(f"{accepted['name']}: changed, one step more: {_said(accepted['step'])}")


def _said(step: dict[str, Any]) -> str:
    """A step as people say it."""
    parts = [str(step.get("event", "any event"))]
    for member, default in (
        ("selector", ""),
        ("tag_name", ""),
        ("text", "exact"),
        ("href", "exact"),
        ("url", "contains"),
    ):
        if member in step:
            parts.append(" ".join(filter(None, [member, step.get(f"{member}_matching", default), repr(step[member])])))
    for each in step.get("properties", []):
        operator, value = each.get("operator", "exact"), f" {each['value']!r}" if "value" in each else ""
        parts.append(f"{each.get('type', 'event')} property {each['key']} {operator}{value}")
    return ", ".join(parts)


def _print_days(rows: list[dict[str, Any]], days: int) -> None:
    if not rows:
        console.print(f"no events in {days} days")
        return
    table = new_table("day", "events", "persons", numbers={"events", "persons"})
    for row in rows:
        table.add_row(str(row["day"]), f"{row['events']:,}", f"{row['persons']:,}")
    console.print(table)
