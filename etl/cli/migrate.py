"""`etl migrate`: the schemas in the warehouse."""

from __future__ import annotations

from etl.cli.shared import console, on_every_shard, warehouse


@on_every_shard
def migrate() -> None:
    """Create or update the schemas in the warehouse."""
    from etl.migrate import describe_applied
    from etl.migrate import migrate as apply

    with warehouse() as (db, settings):
        applied = apply(db, settings)
    console.print(describe_applied(applied))
