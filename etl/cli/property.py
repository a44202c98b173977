"""`etl property`: a property that should never have been sent."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Json, Why
from etl.cli.person import show_counts, show_landed
from etl.cli.shared import warehouse

app = typer.Typer(help="Erase a property everywhere.", no_args_is_help=True)


@app.callback()
def property_() -> None:
    """Erase a property everywhere."""


@app.command()
def erase(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The property's name.")],
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Erase nothing, count what would be.")] = False,
    why: Why,
    by: By,
    team: Annotated[int, typer.Option("--team", metavar="NUMBER", help="The project.")] = 1,
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
