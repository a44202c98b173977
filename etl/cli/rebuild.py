"""`etl rebuild`: the same landing rows replayed into a fresh database, and compared."""

from __future__ import annotations

from dataclasses import asdict
from typing import Annotated

import typer

from etl.cli.options import Json
from etl.cli.shared import chosen_settings, console, new_table, print_json, warehouse_url
from etl.cycle.batch import Batch


def rebuild(
    is_kept: Annotated[bool, typer.Option("--keep", help="Keep the fresh database afterwards.")] = False,
    is_json: Json = False,
) -> None:
    """Replay landing into a fresh database and compare. Exit status 1, with the first difference, if they differ."""
    from rich.console import Console
    from rich.progress import Progress

    from etl.operate.rebuild import rebuild as run

    settings = chosen_settings()
    with Progress(*Progress.get_default_columns(), console=Console(stderr=True), transient=True) as progress:
        bar = progress.add_task("rows replayed", total=None)

        def say(batch: Batch, landed: int) -> None:
            progress.update(bar, total=landed, advance=batch.landed)
            if not is_json:
                console.print(batch.summary, style="dim")

        found = run(warehouse_url(settings), settings, is_kept=is_kept, report=say)
    if is_json:
        print_json(asdict(found))
        raise typer.Exit(1 if found.difference else 0)
    table = new_table("", "live", "rebuilt", "same?", numbers={"live", "rebuilt"})
    for mine, other in zip(found.live.sections, found.rebuilt.sections, strict=True):
        table.add_row(mine.name, f"{mine.entries:,}", f"{other.entries:,}", "same" if mine == other else "DIFFERENT")
    console.print(table)
    console.print(f"{found.landed - found.missing:,} landing rows replayed in {found.seconds:,.1f} s")
    if found.left_out:
        numbers = ", ".join(map(str, found.left_out))
        console.print(f"not compared, because they came from another shard: projects {numbers}")
    if found.missing:
        since = f"{found.oldest_arrival:%Y-%m-%d %H:%M}" if found.oldest_arrival else "nothing"
        console.print(
            f"! The log is incomplete: {found.missing:,} of {found.landed:,} processed rows are no longer in landing "
            f"(kept since {since}), so a difference proves nothing.",
            style="red",
        )
    if found.difference:
        difference = found.difference
        console.print(f"! First difference, {difference.section}: {difference.key}", style="red")
        console.print(f"  live:    {difference.ours or 'not there'}")
        console.print(f"  rebuilt: {difference.theirs or 'not there'}")
        raise typer.Exit(1)
    console.print(f"same: {found.live.overall}")
