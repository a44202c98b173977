"""`etl watermark`: the position up to which landing has been processed."""

from __future__ import annotations

import typer

from etl.cli.shared import console, warehouse

app = typer.Typer(help="The position up to which landing has been processed.", no_args_is_help=True)


@app.callback()
def watermark() -> None:
    """The position up to which landing has been processed."""


@app.command()
def rebase() -> None:
    """After a restore from a dump: make the position fit this server's transaction ids again."""
    from etl.operate.watermark import rebase_watermark

    with warehouse() as (db, _):
        offset = rebase_watermark(db)
    console.print(
        f"The watermark is rebased: {offset:,} is added to this server's transaction ids. "
        "Nothing was skipped or doubled; the next cycle goes on where the dump ended."
    )
