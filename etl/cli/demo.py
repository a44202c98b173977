"""`etl demo`: why events are held back, shown by one signup."""

from __future__ import annotations

import typer

from etl.settings import read_settings


def demo() -> None:
    """Play one signup through a real Airflow scheduler. Exit status 0 only if it ends with one person."""
    from etl.local import demo as story

    raise typer.Exit(story.run(read_settings()))
