"""`etl digest`: one hash of what is in the warehouse."""

from __future__ import annotations

from dataclasses import asdict

from etl.cli.options import Json
from etl.cli.shared import console, new_table, on_every_shard, print_json, warehouse


@on_every_shard
def digest(is_json: Json = False) -> None:
    """Print one hash of persons, ids, properties and events: the same however landing was split into batches."""
    from etl.operate.digest import read_digest

    with warehouse() as (db, _):
        found = read_digest(db)
    if is_json:
        print_json({**asdict(found), "overall": found.overall})
        return
    table = new_table("", "entries", "digest", numbers={"entries"})
    for section in found.sections:
        table.add_row(section.name, f"{section.entries:,}", section.digest)
    table.add_row("overall", "", found.overall, style="bold")
    console.print(table)
