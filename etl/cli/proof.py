"""Commands that prove: the digest of what is there, and the same landing log replayed into a fresh database."""

from __future__ import annotations

import sys
from dataclasses import asdict
from typing import Annotated

import msgspec
import typer
from rich.table import Table

from etl.cli.run import describe
from etl.cli.shared import console, warehouse, warehouse_url
from etl.settings import read_settings

Json = Annotated[bool, typer.Option("--json", help="Print one JSON object.")]


def digest(is_json: Json = False) -> None:
    """Print one hash for persons, ids, properties and events: the same for every cut of the log into batches."""
    from etl.operate.digest import read_digest

    with warehouse() as (db, _):
        found = read_digest(db)
    if is_json:
        sys.stdout.write(msgspec.json.encode({**asdict(found), "overall": found.overall}).decode() + "\n")
        return
    table = _table("", "entries", "digest")
    for section in found.sections:
        table.add_row(section.name, f"{section.entries:,}", section.digest)
    table.add_row("overall", "", found.overall, style="bold")
    console.print(table)


def rebuild(
    is_json: Json = False,
    is_kept: Annotated[bool, typer.Option("--keep", help="Leave the fresh database there.")] = False,
) -> None:
    """Replay landing into a fresh database and compare; exit status 1, with the first difference, if they differ."""
    from etl.operate.rebuild import rebuild as run

    settings = read_settings()
    found = run(
        warehouse_url(settings),
        settings,
        is_kept=is_kept,
        report=(lambda batch: None) if is_json else (lambda batch: console.print(describe(batch), style="dim")),
    )
    if is_json:
        sys.stdout.write(msgspec.json.encode(asdict(found)).decode() + "\n")
        raise typer.Exit(1 if found.difference else 0)
    table = _table("", "live", "rebuilt", "")
    for mine, other in zip(found.live.sections, found.rebuilt.sections, strict=True):
        verdict = "same" if mine == other else "DIFFERENT"
        table.add_row(mine.name, f"{mine.entries:,}", f"{other.entries:,}", verdict)
    console.print(table)
    console.print(f"{found.landed - found.missing:,} landing rows replayed in {found.seconds:,.1f} s")
    if found.missing:
        since = f"{found.oldest_arrival:%Y-%m-%d %H:%M}" if found.oldest_arrival else "nothing"
        console.print(
            f"! The log is incomplete: {found.missing:,} of {found.landed:,} processed rows are no longer in landing "
            f"(kept since {since}), so a difference proves nothing.",
            style="red",
        )
    if found.difference:
        difference = found.difference
        console.print(f"! First difference, {difference.section}: {difference.key}", style="red", markup=False)
        console.print(f"  live:    {difference.ours or 'not there'}", markup=False)
        console.print(f"  rebuilt: {difference.theirs or 'not there'}", markup=False)
        raise typer.Exit(1)
    console.print(f"same: {found.live.overall}")


def _table(*columns: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for place, name in enumerate(columns):
        table.add_column(name, justify="right" if name in {"entries", "live", "rebuilt"} and place else "left")
    return table
