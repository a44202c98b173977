"""`etl cohort`: names for persons, by what they are, what they have done, or as a list, as in PostHog."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any

import typer

from etl.cli.options import By, Json, Project, Team, Why
from etl.cli.shared import console, decided, print_json, warehouse

app = typer.Typer(
    help="PostHog's cohorts: names for persons, by conditions or as a list of distinct ids.", no_args_is_help=True
)

File = Annotated[
    Path,
    typer.Argument(metavar="FILE", exists=True, help="JSON as PostHog's API has it, or a folder of such files."),
]
Name = Annotated[str, typer.Argument(metavar="NAME", help="The cohort's name.")]


@app.command()
def add(file: File, *, why: Why, by: By, team: Project = 1) -> None:
    """Add the cohorts of a file, or change those that have their names."""
    from etl.operate import cohort

    with warehouse() as (db, _):
        for outcome in cohort.add(db, cohort.read_files(file), team_id=team, by=by, why=why):
            console.print(f"{outcome.name}: {outcome.decision}")


@app.command("list")
def list_(team: Team = None, is_json: Json = False) -> None:
    """List the cohorts, with the last decision about each."""
    from etl.operate import cohort

    with warehouse() as (db, _):
        rows = cohort.list_all(db, team_id=team)
    if is_json:
        print_json(rows)
        return
    for row in rows:
        state = "" if row["is_enabled"] else " (disabled)"
        console.print(f"{row['name']}{state}: {_summary(row['definition'])}, project {row['team_id']}")
        console.print(f"  {decided(row)}")
    if not rows:
        console.print("none")


@app.command()
def show(name: Name, team: Project = 1, is_json: Json = False) -> None:
    """Show a cohort: its conditions, how many persons it has now, and every decision about it."""
    from etl.operate import cohort

    with warehouse() as (db, _):
        found = cohort.find(db, name, team_id=team)
        history = cohort.read_history(db, name, team_id=team)
        persons = cohort.count(db, found["cohort_id"])
    if is_json:
        print_json({**found, "persons": persons, "history": history})
        return
    console.print(f"{found['name']}{'' if found['is_enabled'] else ' (disabled)'}: {persons:,} persons now")
    for line in _said(found["definition"]):
        console.print(f"  {line}")
    for decision in history:
        console.print(decided(decision))


@app.command()
def disable(name: Name, *, why: Why, by: By, team: Project = 1) -> None:
    """Take a cohort from what readers see. Adding it again enables it."""
    from etl.operate import cohort

    with warehouse() as (db, _):
        is_new = cohort.disable(db, name, team_id=team, by=by, why=why)
    console.print("disabled" if is_new else "disabled before; nothing was done")


def _summary(definition: dict[str, Any]) -> str:
    if "distinct_ids" in definition:
        return f"a list of {definition['distinct_ids']:,} distinct ids"
    lines = list(_said(definition))
    conditions = sum(not line.strip().endswith(" of") for line in lines)
    return "1 condition" if conditions == 1 else f"{conditions:,} conditions"


def _said(definition: dict[str, Any]) -> Iterator[str]:
    """A definition as people say it, a line a condition."""
    if "distinct_ids" in definition:
        yield _summary(definition)
    else:
        yield from _said_group(definition["filters"]["properties"], "")


def _said_group(group: dict[str, Any], indent: str) -> Iterator[str]:
    if "values" in group:
        yield f"{indent}{'any' if group['type'] == 'OR' else 'all'} of"
        for each in group["values"]:
            yield from _said_group(each, f"{indent}  ")
    else:
        yield f"{indent}{'not: ' if group.get('negation') else ''}{_said_condition(group)}"


def _counted(number: object, unit: str) -> str:
    return f"{number} {unit}" if str(number) == "1" else f"{number} {unit}s"


def _said_condition(written: dict[str, Any]) -> str:
    if written["type"] == "person":
        value = f" {written['value']!r}" if "value" in written else ""
        return f"person property {written['key']} {written.get('operator', 'exact')}{value}"
    noun = "action" if written.get("event_type") == "actions" else "event"
    times = (
        f" {written.get('operator', 'gte')} {written['operator_value']} times" if "operator_value" in written else ""
    )
    since = written.get("explicit_datetime") or _counted(written["time_value"], written["time_interval"])
    return f"{noun} {written['key']!r}{times} in the last {str(since).removeprefix('-')}"
