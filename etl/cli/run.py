"""Commands that do the work: the whole product on this machine, one cycle, files, upkeep."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.shared import console, warehouse, warehouse_url
from etl.cycle.batch import Batch
from etl.settings import read_settings


def up() -> None:
    """Start PostgreSQL, Airflow and the DAGs on this machine; Ctrl-C stops all of it."""
    from etl.local import up as starter

    raise typer.Exit(starter.run(read_settings()))


def demo() -> None:
    """Play the signup story through the real Airflow scheduler; exit status 0 only if the outcome is right."""
    from etl.local import demo as story

    raise typer.Exit(story.run(read_settings()))


def migrate() -> None:
    """Make or update the schemas in the warehouse."""
    from etl.migrate import migrate as apply

    with warehouse() as (db, settings):
        applied = apply(db, settings)
    console.print("\n".join(f"applied {name}" for name in applied) or "up to date")


def cycle(
    drain: Annotated[bool, typer.Option("--drain", help="Go on until no full batch is left.")] = False,
) -> None:
    """Run one cycle without Airflow: open, stage, validate, resolve, load."""
    from etl.cycle.run import run_cycle

    with warehouse() as (db, settings):
        while True:
            batch = run_cycle(db, settings)
            console.print(describe(batch))
            if batch.is_caught_up or not drain:
                break


def describe(batch: Batch) -> str:
    """One line for one loaded batch."""
    return (
        f"batch {batch.batch_id}: landed {batch.landed:,}, loaded {batch.loaded:,}, held {batch.held:,}, "
        f"released {batch.released:,} (rescued {batch.rescued:,}), duplicates {batch.duplicate:,}, "
        f"quarantined {batch.quarantined:,}, new persons {batch.persons_created:,}, "
        f"merged away {batch.persons_merged:,}, {batch.seconds:.2f} s"
    )


def land(
    files: Annotated[
        list[str],
        typer.Argument(help="JSON lines, JSON, CSV, Parquet, also packed; folders, patterns; `-` for standard input."),
    ],
    *,
    team_id: Annotated[int, typer.Option(help="The project the events belong to.")] = 1,
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
) -> None:
    """Land events from files; exit status 1 if some lines could not even be read."""
    from etl.files.land import check_files, land_files, progress_bar
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
    )
    url, is_clean = warehouse_url(read_settings()), True
    with progress_bar() as progress:
        for result in (
            check_files(url, files, team_id=team_id, reading=reading)
            if check
            else land_files(
                url,
                files,
                team_id=team_id,
                is_again=again,
                reading=reading,
                rejects=rejects,
                max_unreadable=max_unreadable,
                progress=progress,
            )
        ):
            console.print(str(result), markup=False)
            is_clean = is_clean and result.is_clean
    raise typer.Exit(0 if is_clean else 1)


def maintain() -> None:
    """Make partitions ahead, drop expired landing partitions, fold overrides into events, check the invariants."""
    from etl.operate import maintain as job
    from etl.quality import daily

    with warehouse() as (db, settings):
        console.print(f"partitions made: {job.ensure_partitions(db, settings)}")
        console.print(f"landing partitions dropped: {', '.join(job.drop_expired_partitions(db, settings)) or 'none'}")
        console.print(f"overrides folded into events: {job.squash(db):,}")
        console.print(f"days counted and checked: {', '.join(str(day) for day in daily.look_at_days(db))}")
        for finding in daily.check_warehouse(db):
            console.print(f"! {finding.suite}.{finding.name}: {finding.reason} {finding.remedy}", markup=False)
        console.print(f"invariants that hold: {', '.join(job.check_invariants(db))}")


def rebase() -> None:
    """After a restore from a dump: make positions comparable with this server's transaction ids again."""
    from etl.operate.watermark import rebase_watermark

    with warehouse() as (db, _):
        offset = rebase_watermark(db)
    console.print(
        f"The watermark is rebased: {offset:,} is added to this server's transaction ids. "
        "Nothing was skipped or doubled; the next cycle goes on where the dump ended."
    )
