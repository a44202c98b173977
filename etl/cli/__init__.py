"""The command ``etl``, also installed as ``event-microbatch``: a module of this package a noun or verb, joined here."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Annotated

import typer

from etl.cli import (
    action,
    alert,
    audit,
    batch,
    capture,
    cohort,
    cycle,
    demo,
    digest,
    expectations,
    explain,
    export,
    incident,
    land,
    maintain,
    merge,
    migrate,
    person,
    plan,
    project,
    quarantine,
    rebuild,
    report,
    split,
    status,
    up,
    watermark,
    what_if,
)
from etl.cli import property as property_
from etl.cli.shared import choose_shard, report_error

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)


def _print_version(is_wanted: bool) -> None:
    if is_wanted:
        sys.stdout.write(f"event-microbatch {version('event-microbatch')}\n")
        raise typer.Exit


@app.callback()
def etl(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version.", callback=_print_version, is_eager=True)
    ] = False,
    shard: Annotated[
        str | None, typer.Option("--shard", metavar="NAME", help="The one of ETL_SHARDS that the command acts on.")
    ] = None,
) -> None:
    """PostHog-compatible event ingestion as micro-batches on PostgreSQL."""
    choose_shard(shard)


COMMANDS: dict[str, tuple[Callable[..., None], ...]] = {
    "Run": (
        up.up,
        demo.demo,
        migrate.migrate,
        land.land,
        export.export,
        capture.capture,
        cycle.cycle,
        maintain.maintain,
    ),
    "Inspect": (
        status.status,
        alert.alert,
        explain.explain,
        report.report,
        digest.digest,
        rebuild.rebuild,
        what_if.what_if,
    ),
    "Correct": (split.split,),
}
for panel, commands in COMMANDS.items():
    for command in commands:
        app.command(rich_help_panel=panel)(command)

for panel, nouns in {
    "Inspect": {"audit": audit.app},
    "Correct": {
        "batch": batch.app,
        "quarantine": quarantine.app,
        "merge": merge.app,
        "person": person.app,
        "property": property_.app,
        "incident": incident.app,
        "watermark": watermark.app,
    },
    "Set up": {
        "project": project.app,
        "action": action.app,
        "cohort": cohort.app,
        "plan": plan.app,
        "expectations": expectations.app,
    },
}.items():
    for name, noun in nouns.items():
        app.add_typer(noun, name=name, rich_help_panel=panel)


def main() -> None:
    """Run the command; an error that is known is one line on standard error, never a traceback."""
    try:
        app()
    except Exception as error:
        sys.exit(report_error(error))
