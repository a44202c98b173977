"""`etl report`: the data quality page as files."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from etl.cli.shared import console, on_every_shard, warehouse, warehouse_url


@on_every_shard
def report(
    out: Annotated[Path, typer.Option("--out", help="The folder for the pages; created if needed.", file_okay=False)],
) -> None:
    """Write the data quality page as static files that work offline. Pages that have not changed are left alone.

    Those of each shard are in a folder of its name, and a page before them sums all up.
    """
    from etl.report.refresh import may_refresh, refresh
    from etl.report.site import build, build_front

    with warehouse() as (db, settings):
        if may_refresh(db):
            console.print(f"batches summed up: {refresh(db, settings):,}")
        else:
            console.print("this login may only read: the page shows what was summed up so far")
    folder = out / settings.shard if settings.shard else out
    built = build(warehouse_url(settings), settings, folder)
    if settings.shard:
        build_front(settings, out)
    console.print(
        f"pages: {built.pages:,}, written {built.written:,}, removed {built.removed:,}, in {built.seconds:.2f} s\n"
        f"open {(out / 'index.html').resolve()}",
        markup=False,
    )
