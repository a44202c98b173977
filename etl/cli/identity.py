"""Commands about who is who: refused merges and their review, and splits."""

from __future__ import annotations

import getpass
import sys
from typing import Annotated
from uuid import UUID

import msgspec
import typer

from etl.cli.shared import console, warehouse
from etl.errors import IdentityError

Team = Annotated[int | None, typer.Option("--team", help="The project; needed only where the answer is not unique.")]
Why = Annotated[str | None, typer.Option(help="The reason, kept with the decision.")]
By = Annotated[str | None, typer.Option(help="Who decides; default: the login name.")]
DistinctId = Annotated[str | None, typer.Option("--distinct-id", help="The event's id, where several have the uuid.")]

merges = typer.Typer(help="Merges that were refused: list, accept, reject.", no_args_is_help=True)


@merges.command("list")
def list_merges(
    team: Team = None,
    is_all: Annotated[bool, typer.Option("--all", help="Also the decided and the moot ones.")] = False,
    is_json: Annotated[bool, typer.Option("--json", help="Print one JSON array.")] = False,
    last: Annotated[int, typer.Option(help="How many at most, newest first.", min=1)] = 50,
) -> None:
    """List the refused merges that nobody has decided yet."""
    from etl.operate.merge import list_refused

    with warehouse() as (db, _):
        found = list_refused(db, team_id=team, status=None if is_all else "open", at_most=last)
    if is_json:
        sys.stdout.write(msgspec.json.encode(found).decode() + "\n")
        return
    for row in found:
        decided = f" by {row['decided_by']}" if row["decided_by"] else ""
        why = f": {row['why']}" if row["why"] else ""
        console.print(
            f"{row['uuid']}  {row['arrived_at']:%Y-%m-%d %H:%M:%S}  {row['status']}{decided}{why}", markup=False
        )
        console.print(f"  {row['event']} of {row['distinct_id']!r}, person {row['present_person_id']}", markup=False)
        console.print(f"  with {row['source_distinct_id']!r}, person {row['present_source_person_id']}", markup=False)
    if not found:
        console.print("none")
    if any(row["remedy"] for row in found):
        console.print("One person: etl merges accept UUID. Two persons: etl merges reject UUID.")


@merges.command()
def accept(
    uuid: Annotated[str, typer.Argument(help="The uuid of the refused event.")],
    why: Why = None,
    by: By = None,
    team: Team = None,
    distinct_id: DistinctId = None,
) -> None:
    """Join the two persons: lands a $merge_dangerously, which the next cycle applies."""
    from etl.operate.merge import accept as decide

    with warehouse() as (db, _):
        made = decide(db, parse_uuid(uuid), by=by or getpass.getuser(), why=why, team_id=team, distinct_id=distinct_id)
    ids = f"{made.merge['distinct_id']!r} and {made.merge['source_distinct_id']!r}"
    console.print(
        f"landed $merge_dangerously {made.landed_uuid}: the next cycle makes {ids} one person"
        if made.is_new
        else f"accepted before, as $merge_dangerously {made.landed_uuid}; nothing was landed",
        markup=False,
    )


@merges.command()
def reject(
    uuid: Annotated[str, typer.Argument(help="The uuid of the refused event.")],
    why: Why = None,
    by: By = None,
    team: Team = None,
    distinct_id: DistinctId = None,
) -> None:
    """Keep the two persons apart, and the merge out of the list."""
    from etl.operate.merge import reject as decide

    with warehouse() as (db, _):
        made = decide(db, parse_uuid(uuid), by=by or getpass.getuser(), why=why, team_id=team, distinct_id=distinct_id)
    console.print("rejected" if made.is_new else "rejected before; nothing was done")


def split(
    person: Annotated[str, typer.Argument(help="The person's id.")],
    distinct_id: Annotated[
        list[str] | None, typer.Option(help="An id to separate; repeat for more. None: all.")
    ] = None,
    why: Why = None,
    by: By = None,
    team: Team = None,
) -> None:
    """Separate distinct ids from a person: lands a $split for each, which the next cycle applies."""
    from etl.operate.merge import split as land

    with warehouse() as (db, _):
        made = land(db, parse_uuid(person), distinct_id or (), by=by or getpass.getuser(), why=why, team_id=team)
    for name in made.distinct_ids:
        console.print(f"landed $split of {name!r} from {made.kept!r}", markup=False)
    console.print(
        f"{made.staying:,} distinct ids stay together, {len(made.distinct_ids):,} get a person of their own each "
        "with the next cycle"
    )


def parse_uuid(text: str) -> UUID:
    """A uuid as a person writes it.

    Raises:
        IdentityError: it is none.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise IdentityError(f"{text!r} is not a uuid.") from error
