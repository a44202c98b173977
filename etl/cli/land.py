"""`etl land`: events from files."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from etl.cli.options import By, Json, to_shard_of
from etl.cli.shared import chosen_settings, console, print_json, warehouse, warehouse_url

if TYPE_CHECKING:
    from etl.files.land import Progress


def land(
    files: Annotated[
        list[str],
        typer.Argument(help="JSON lines, JSON, CSV, Parquet, also packed; folders, patterns; `-` for standard input."),
    ],
    *,
    team: Annotated[
        int,
        typer.Option("--team", metavar="NUMBER", help="The project that the events are of.", callback=to_shard_of),
    ] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also land a file that was landed before.")] = False,
    check: Annotated[bool, typer.Option("--check", help="Read everything, land nothing, say what would land.")] = False,
    tool: Annotated[
        str | None, typer.Option("--as", help="Whose export it is: amplitude, mixpanel, segment, ga4, snowplow.")
    ] = None,
    mapping: Annotated[
        list[str] | None,
        typer.Option(
            "--map", metavar="MEMBER=KEY,...", help="Where events have what: event=event_type,timestamp=time."
        ),
    ] = None,
    uuid_from: Annotated[
        str | None,
        typer.Option(metavar="content|KEY", help="Make uuids of events without one, so that none is loaded twice."),
    ] = None,
    order_by: Annotated[str | None, typer.Option(metavar="timestamp", help="Land in the order of the times.")] = None,
    time_of_landing: Annotated[
        bool, typer.Option("--time-of-landing", help="Land although most times cannot be read.")
    ] = False,
    rejects: Annotated[Path | None, typer.Option(metavar="FILE", help="Gets what could not be read, whole.")] = None,
    max_unreadable: Annotated[
        int | None, typer.Option(min=0, metavar="N", help="Land nothing if more than N cannot be read.")
    ] = None,
    null: Annotated[
        list[str] | None, typer.Option(metavar="TEXT", help="Cells of CSV that mean nothing, such as NULL.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of text that is no UTF-8: cp1252, utf-16, ...")] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="Between cells of CSV, if it is not what most files have.")
    ] = None,
    types: Annotated[
        str | None, typer.Option(metavar="json", help="Take cells of CSV that are JSON for what they say: 1.5, true.")
    ] = None,
    only_team: Annotated[
        str | None, typer.Option(metavar="TEAM", help="Of the file's own teams land only this one.")
    ] = None,
    map_team: Annotated[
        list[str] | None,
        typer.Option(metavar="TEAM=PROJECT,...", help="Which project each of the file's own teams is: 5=1,6=2."),
    ] = None,
    undo: Annotated[
        bool, typer.Option("--undo", help="Take out again what was landed of these files in error; needs --why.")
    ] = False,
    why: Annotated[str | None, typer.Option(metavar="TEXT", help="The reason of --undo. It is kept.")] = None,
    by: By,
    is_json: Json = False,
) -> None:
    """Land events from files. Exit status 1 if some lines could not be read."""
    if undo:
        _undo(files, team=team, why=why, by=by, is_check=check, is_json=is_json)
        return
    from etl.files.land import check_files, land_files
    from etl.files.options import read_options

    reading = read_options(
        tool=tool,
        mapping=mapping or (),
        uuid_from=uuid_from,
        null=null or (),
        encoding=encoding,
        delimiter=delimiter,
        order_by=order_by,
        is_time_of_landing=time_of_landing,
        only_team=only_team,
        team_mapping=map_team or (),
        types=types,
    )
    url, is_clean = warehouse_url(chosen_settings()), True
    with _progress_bar() as progress:
        for result in (
            check_files(url, files, team_id=team, reading=reading)
            if check
            else land_files(
                url,
                files,
                team_id=team,
                is_again=again,
                reading=reading,
                rejects=rejects,
                max_unreadable=max_unreadable,
                progress=progress,
            )
        ):
            if is_json:
                print_json(result)
            else:
                console.print(str(result))
            is_clean = is_clean and result.is_clean
    raise typer.Exit(0 if is_clean else 1)


def _undo(files: list[str], *, team: int, why: str | None, by: str, is_check: bool, is_json: bool) -> None:
    from etl.files.undo import undo

    if not why:
        raise typer.BadParameter("--undo needs a reason, which is kept: --why TEXT")
    with warehouse() as (db, _), db.transaction():
        for file in files:
            undone = undo(db, file, team_id=team, by=by, why=why, is_check=is_check)
            if is_json:
                print_json(undone)
            else:
                console.print(str(undone))


@contextmanager
def _progress_bar() -> Iterator[Progress | None]:
    """A bar for each file, of bytes read, if the output is a terminal; else nothing."""
    if not sys.stderr.isatty():
        yield None
        return
    from rich import progress as rich
    from rich.console import Console

    columns = (
        rich.TextColumn("{task.description}"),
        rich.BarColumn(),
        rich.DownloadColumn(),
        rich.TransferSpeedColumn(),
        rich.TimeRemainingColumn(),
        rich.TextColumn("{task.fields[landed]:,} events"),
    )
    with rich.Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        tasks: dict[Path, rich.TaskID] = {}

        def show(path: Path, bytes_read: int, size: int, landed: int) -> None:
            if path not in tasks:
                tasks[path] = bar.add_task(path.name, total=size, landed=landed)
            bar.update(tasks[path], completed=bytes_read, landed=landed)

        yield show
