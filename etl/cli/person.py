"""`etl person`: what a person may ask for: to be erased, and to be told what is known of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from etl.cli.options import By, Json, Team, Why, parse_uuid
from etl.cli.shared import console, print_json, warehouse
from etl.sql import Db

if TYPE_CHECKING:
    from etl.operate.person import Target

app = typer.Typer(help="Erase a person, or export what is known of one.", no_args_is_help=True)

MOMENTS = ["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"]
Person = Annotated[str | None, typer.Argument(metavar="PERSON_ID", help="The person's id.")]
DistinctId = Annotated[
    str | None, typer.Option("--distinct-id", metavar="ID", help="Instead: any distinct id of the person.")
]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Erase nothing, count what would be.")]


@app.command()
def erase(
    person: Person = None,
    *,
    distinct_id: DistinctId = None,
    events_only: Annotated[
        bool, typer.Option("--events-only", help="Only empty its events; the person and its ids stay.")
    ] = False,
    since: Annotated[
        datetime | None,
        typer.Option(metavar="TIME", formats=MOMENTS, help="Of these only from then on, by event time (UTC)."),
    ] = None,
    until: Annotated[
        datetime | None, typer.Option(metavar="TIME", formats=MOMENTS, help="Of these only those before.")
    ] = None,
    dry_run: DryRun = False,
    why: Why,
    by: By,
    team: Team = None,
    is_json: Json = False,
) -> None:
    """Make a person nobody, everywhere: lands an erasure, which the next cycle carries out. It cannot be undone."""
    from etl.operate.person import Scope, count_erased
    from etl.operate.person import erase as land

    scope = Scope(events_only, since and since.replace(tzinfo=UTC), until and until.replace(tzinfo=UTC))
    with warehouse() as (db, _):
        target = _find(db, person, distinct_id, team)
        if dry_run:
            show_counts(count_erased(db, target, scope), is_json=is_json)
            return
        show_landed(land(db, target, scope, by=by, why=why), is_json=is_json)


def _find(db: Db, person: str | None, distinct_id: str | None, team_id: int | None) -> Target:
    from etl.operate.person import find

    return find(db, person_id=parse_uuid(person) if person else None, distinct_id=distinct_id, team_id=team_id)


def show_counts(counts: dict[str, int], *, is_json: bool) -> None:
    """What would be erased."""
    if is_json:
        print_json(counts)
        return
    for name, count in counts.items():
        console.print(f"{name.replace('_', ' ')}: {count:,}")
    console.print("nothing was changed")


def show_landed(uuid: UUID, *, is_json: bool) -> None:
    """What was asked for."""
    if is_json:
        print_json({"uuid": uuid})
        return
    console.print(f"landed erasure {uuid}; the next cycle carries it out")
    console.print(f"then, for the request's file: etl person certificate {uuid}")


@app.command()
def export(person: Person = None, *, distinct_id: DistinctId = None, team: Team = None) -> None:
    """Print as JSON all that is stored of a person, for a request of access."""
    from etl.operate.person import export as read

    with warehouse() as (db, _):
        target = _find(db, person, distinct_id, team)
        print_json(read(db, target))


@app.command()
def certificate(
    uuid: Annotated[str, typer.Argument(metavar="ERASURE", help="The uuid that `etl person erase` printed.")],
) -> None:
    """Print as JSON what an erasure did: when, for whom it was decided, how many rows, the hash in the audit log."""
    from etl.operate.person import read_certificate

    with warehouse() as (db, _):
        print_json(read_certificate(db, parse_uuid(uuid)))
