"""The command ``etl``: one module of this package a subject, joined here."""

from __future__ import annotations

import sys

import typer

from etl.cli import (
    audit,
    batch,
    capture,
    explain,
    identity,
    project,
    proof,
    quarantine,
    report,
    run,
    status,
    tracking,
)
from etl.errors import CycleBusyError, EtlError

BUSY = 75  # the exit code that sysexits.h has for "try again later"

app = typer.Typer(
    help="PostHog-compatible event ingestion as micro-batches on PostgreSQL.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)
for command in (run.up, run.demo, run.migrate, run.cycle, status.status, run.land, run.maintain, report.report):
    app.command()(command)

app.command()(capture.capture)
app.add_typer(project.app, name="project")

watermark = typer.Typer(help="The position up to which landing has been processed.", no_args_is_help=True)
watermark.command()(run.rebase)
app.add_typer(watermark, name="watermark")
app.add_typer(batch.app, name="batch")
app.add_typer(quarantine.app, name="quarantine")
app.add_typer(audit.app, name="audit")
app.add_typer(tracking.app, name="plan")

app.command()(explain.explain)
app.command()(proof.digest)
app.command()(proof.rebuild)
app.command()(identity.split)
app.add_typer(identity.merges, name="merges")


def main() -> None:
    """Run the command; an error of ours is one line on standard error, never a traceback."""
    try:
        app()
    except CycleBusyError as error:
        sys.stderr.write(f"etl: {error}\n")
        sys.exit(BUSY)
    except EtlError as error:
        sys.stderr.write(f"etl: {error}\n")
        sys.exit(1)
