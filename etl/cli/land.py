"""`etl land`: events from files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.options import Json
from etl.cli.shared import console, print_json, warehouse_url
from etl.settings import read_settings


def land(
    files: Annotated[
        list[Path], typer.Argument(help="JSON lines, a PostHog batch or export, CSV or Parquet; also as .gz.")
    ],
    team: Annotated[int, typer.Option("--team", metavar="NUMBER", help="The project that the events are of.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also land a file that was landed before.")] = False,
    is_json: Json = False,
) -> None:
    """Land events from files. Exit status 1 if some lines could not be read."""
    from etl.files.land import land_files, progress_bar

    is_clean = True
    with progress_bar() as progress:
        for result in land_files(
            warehouse_url(read_settings()), files, team_id=team, is_again=again, progress=progress
        ):
            if is_json:
                print_json(result)
            else:
                console.print(str(result), markup=False)
            is_clean = is_clean and result.is_clean
    raise typer.Exit(0 if is_clean else 1)
