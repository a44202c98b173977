"""`etl export`: events to files."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import DAY, Json, Team
from etl.cli.shared import console, print_json, warehouse


def export(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where the files go.", file_okay=False)],
    *,
    first: Annotated[
        datetime | None,
        typer.Option("--from", metavar="DAY", formats=DAY, help="First day of the events, UTC."),
    ] = None,
    last: Annotated[datetime | None, typer.Option("--to", metavar="DAY", formats=DAY, help="Last day.")] = None,
    is_following: Annotated[
        bool, typer.Option("--follow", help="All days that have changed since the last time; the first time all.")
    ] = False,
    team: Team = None,
    is_json: Json = False,
) -> None:
    """Write events to Parquet, a file a day, and next to them who is who.

    Give --from and --to, or --follow.
    """
    from etl.files.export import export_days, follow

    if is_following == (first is not None) or (first is None) != (last is None):
        raise typer.BadParameter("give either --from DAY and --to DAY, or --follow")
    with warehouse() as (db, _):
        for file in (
            export_days(db, folder, first_day=first.date(), last_day=last.date(), team_id=team)
            if first and last
            else follow(db, folder, team_id=team)
        ):
            if is_json:
                print_json({"path": str(file.path), "rows": file.rows})
            else:
                console.print(str(file))
