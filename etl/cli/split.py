"""`etl split`: distinct ids that are not one person after all.

A verb of its own, like `explain`: it is the only command that changes a person, and `etl person split` would be a noun
with one verb.
"""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Team, Why, parse_uuid
from etl.cli.shared import console, warehouse


def split(
    person: Annotated[str, typer.Argument(metavar="PERSON_ID", help="The person's id.")],
    *,
    distinct_id: Annotated[
        list[str] | None,
        typer.Option("--distinct-id", metavar="ID", help="Separate this id; may be repeated. Default: all of them."),
    ] = None,
    why: Why,
    by: By,
    team: Team = None,
) -> None:
    """Separate distinct ids from a person: lands a $split for each, which the next cycle applies."""
    from etl.operate.split import split as land

    with warehouse() as (db, _):
        made = land(db, parse_uuid(person), distinct_id or (), by=by, why=why, team_id=team)
    for name in made.distinct_ids:
        console.print(f"landed $split of {name!r} from {made.kept!r}")
    console.print(
        f"{made.staying:,} distinct ids stay together, {len(made.distinct_ids):,} get a person of their own each "
        "with the next cycle"
    )
