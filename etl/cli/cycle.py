"""`etl cycle`: what the DAG does every minute, without Airflow."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import Json
from etl.cli.shared import console, on_every_shard, print_json, warehouse


@on_every_shard
def cycle(
    drain: Annotated[bool, typer.Option("--drain", help="Go on until landing is empty.")] = False,
    is_json: Json = False,
) -> None:
    """Run one cycle without Airflow: open, stage, validate, resolve and load a batch."""
    from etl.cycle.run import run_cycle

    with warehouse() as (db, settings):
        while True:
            batch = run_cycle(db, settings)
            if is_json:
                print_json({**vars(batch), "seconds": batch.seconds})
            else:
                console.print(batch.summary)
            if batch.is_caught_up or not drain:
                break
