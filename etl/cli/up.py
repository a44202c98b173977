"""`etl up`: the whole product on this machine."""

from __future__ import annotations

import typer

from etl.settings import read_settings


def up() -> None:
    """Start PostgreSQL, Airflow and the DAGs on this machine; Ctrl-C stops all of them."""
    from etl.local import up as starter

    raise typer.Exit(starter.run(read_settings()))
