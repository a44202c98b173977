"""`etl merge`: merges that were refused, and a person's decision on each."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Json, Last, Team, Why, parse_uuid
from etl.cli.shared import console, print_json, warehouse

app = typer.Typer(help="Merges that were refused, and your decision on each.", no_args_is_help=True)

Event = Annotated[str, typer.Argument(metavar="EVENT_UUID", help="The uuid of the refused event.")]
DistinctId = Annotated[
    str | None, typer.Option("--distinct-id", metavar="ID", help="The event's distinct id, if several share the uuid.")
]
Name = Annotated[str | None, typer.Option("--event", metavar="NAME", help="Its name, if several share the uuid.")]


@app.command("list")
def list_(
    is_all: Annotated[bool, typer.Option("--all", help="Also those that are decided, or that became moot.")] = False,
    team: Team = None,
    last: Last = 50,
    is_json: Json = False,
) -> None:
    """List the refused merges that nobody has decided yet."""
    from etl.operate.merge import list_refused

    with warehouse() as (db, _):
        found = list_refused(db, team_id=team, status=None if is_all else "open", at_most=last)
    if is_json:
        print_json(found)
        return
    for row in found:
        decided = f" by {row['decided_by']}" if row["decided_by"] else ""
        why = f": {row['why']}" if row["why"] else ""
        console.print(f"{row['uuid']}  {row['arrived_at']:%Y-%m-%d %H:%M:%S}  {row['status']}{decided}{why}")
        console.print(f"  {row['event']} of {row['distinct_id']!r}, person {row['present_person_id']}")
        console.print(f"  with {row['source_distinct_id']!r}, person {row['present_source_person_id']}")
    if not found:
        console.print("none")
    if any(row["remedy"] for row in found):
        console.print("One person: etl merge accept UUID --why TEXT. Two persons: etl merge reject UUID --why TEXT.")


@app.command()
def accept(
    event: Event, *, why: Why, by: By, team: Team = None, distinct_id: DistinctId = None, name: Name = None
) -> None:
    """Join the two persons: lands a $merge_dangerously, which the next cycle applies."""
    from etl.operate.merge import accept as decide

    with warehouse() as (db, _):
        made = decide(db, parse_uuid(event), by=by, why=why, team_id=team, distinct_id=distinct_id, event=name)
    ids = f"{made.merge['distinct_id']!r} and {made.merge['source_distinct_id']!r}"
    console.print(
        f"landed $merge_dangerously {made.landed_uuid}: the next cycle makes {ids} one person"
        if made.is_new
        else f"accepted before, as $merge_dangerously {made.landed_uuid}; nothing was landed",
        markup=False,
    )


@app.command()
def reject(
    event: Event, *, why: Why, by: By, team: Team = None, distinct_id: DistinctId = None, name: Name = None
) -> None:
    """Keep the two persons apart, and take the merge off the list."""
    from etl.operate.merge import reject as decide

    with warehouse() as (db, _):
        made = decide(db, parse_uuid(event), by=by, why=why, team_id=team, distinct_id=distinct_id, event=name)
    console.print("rejected" if made.is_new else "rejected before; nothing was done")
