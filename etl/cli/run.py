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
    files: Annotated[list[Path], typer.Argument(help="JSON lines, a PostHog batch or export, CSV, Parquet; also .gz.")],
    team_id: Annotated[int, typer.Option(help="The project the events belong to.")] = 1,
    again: Annotated[bool, typer.Option("--again", help="Also land a file that was landed before.")] = False,
) -> None:
    """Land events from files; exit status 1 if some lines could not even be read."""
    from etl.files.land import land_files, progress_bar

    is_clean = True
    with progress_bar() as progress:
        for result in land_files(
            warehouse_url(read_settings()), files, team_id=team_id, is_again=again, progress=progress
        ):
            console.print(str(result), markup=False)
            is_clean = is_clean and result.is_clean
    raise typer.Exit(0 if is_clean else 1)


def maintain() -> None:
    """Make partitions ahead, drop expired landing partitions, fold overrides into events, check the whole warehouse."""
    from etl.operate import maintain as job
    from etl.quality.daily import check_days
    from etl.quality.warehouse import check_warehouse, refuse_contradictions

    with warehouse() as (db, settings):
        console.print(f"partitions made: {job.ensure_partitions(db, settings)}")
        console.print(f"landing partitions dropped: {', '.join(job.drop_expired_partitions(db, settings)) or 'none'}")
        console.print(f"overrides folded into events: {job.squash(db):,}")
        console.print(f"days counted and checked: {', '.join(str(day) for day in check_days(db))}")
        findings = check_warehouse(db)
        for finding in findings:
            if not finding.is_success:
                found = f"{finding.reason} ({finding.unexpected:,} rows, the first: {finding.first_example})"
                console.print(f"! {finding.suite}.{finding.name}: {found} {finding.remedy}", markup=False)
        refuse_contradictions(findings)
        console.print(f"holds: {', '.join(finding.name for finding in findings if finding.is_success)}")


def rebase() -> None:
    """After a restore from a dump: make positions comparable with this server's transaction ids again."""
    from etl.operate.watermark import rebase_watermark

    with warehouse() as (db, _):
        offset = rebase_watermark(db)
    console.print(
        f"The watermark is rebased: {offset:,} is added to this server's transaction ids. "
        "Nothing was skipped or doubled; the next cycle goes on where the dump ended."
    )
