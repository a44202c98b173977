"""`etl quarantine`: look at the rows that were refused, land them again, or discard them."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import typer

from etl.cli.options import By, Json, Team, Why, storable
from etl.cli.shared import console, new_table, print_json, warehouse
from etl.errors import EtlError
from etl.operate.quarantine import Selection

app = typer.Typer(help="Rows that were refused: look at them, land them again, discard them.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option("--reason", metavar="NAME", help="The expectation that the rows failed.")]
Event = Annotated[str | None, typer.Option("--event", metavar="NAME", help="The event's name.")]
Batch = Annotated[
    int | None, typer.Option("--batch", metavar="NUMBER", help="The batch that refused them.", callback=storable)
]
Since = Annotated[datetime | None, typer.Option("--since", help="Arrived at this time or later (UTC).")]
Until = Annotated[datetime | None, typer.Option("--until", help="Arrived before this time (UTC).")]
Row = Annotated[
    int | None, typer.Option("--id", metavar="LANDING_ID", help="One row, by its landing id.", callback=storable)
]
Everything = Annotated[bool, typer.Option("--all", help="All rows that wait.")]


def _selection(
    *, reason: str | None, event: str | None, batch: int | None, landing_id: int | None, team: int | None,
    since: datetime | None, until: datetime | None, is_all: bool,
) -> Selection:  # fmt: skip
    selection = Selection(reason, event, batch, landing_id, since, until, team)
    if selection.is_everything and not is_all:
        raise EtlError("Say which rows: --reason, --event, --batch, --id, --team, --since, --until, or --all.")
    return selection


@app.command("list")
def list_(
    *, reason: Reason = None, event: Event = None, batch: Batch = None, since: Since = None, until: Until = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those replayed or discarded.")] = False,
    team: Team = None, is_json: Json = False,
) -> None:  # fmt: skip
    """List what waits by reason and event, with an example and the remedy."""
    from etl.operate.quarantine import summarize

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=None, team=team, since=since, until=until, is_all=True
        )
        rows = summarize(db, selection, with_resolved=resolved)
    if is_json:
        print_json(rows)
        return
    table = new_table(
        "events", "reason", "event", "last arrival (UTC)", "example", "remedy", numbers={"events", "example"}
    )
    for row in rows:
        name = "-" if row["event"] is None else repr(row["event"][:60])
        at = f"{row['last_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(f"{row['events']:,}", row["expectation"], name, at, str(row["example"]), row["remedy"])
    console.print(table if rows else "Nothing waits in quarantine.")


@app.command()
def show(
    landing_id: Annotated[int, typer.Argument(metavar="LANDING_ID", help="The row's landing id.", callback=storable)],
    is_json: Json = False,
) -> None:
    """Show one row in full: what was sent, why it was refused, and what became of it."""
    from etl import sql
    from etl.operate.quarantine import show as read

    with warehouse() as (db, _):
        row = read(db, landing_id)
    if is_json:
        print_json(row)
        return
    for name in ("landing_id", "batch_id", "received_at", "team_id", "uuid", "event", "distinct_id", "timestamp",
                 "sent_at", "ip"):  # fmt: skip
        console.print(f"{name:<12} {row[name]!s}")
    console.print(f"{'properties':<12} {sql.json_text(row['properties'])}")
    for reason in row["reasons"]:
        console.print(f"! {reason['expectation']}: {reason['reason']}\n  {reason['remedy']}")
    if row["resolution"]:
        console.print(
            f"{row['resolution']} by {row['resolved_by']} at {row['resolved_at']:%Y-%m-%d %H:%M:%S}: "
            f"{row['resolved_why']}",
            markup=False,
        )
    if row["resolution"] == "replayed":
        batch = f" by batch {row['replayed_batch_id']}" if row["replayed_batch_id"] else ""
        console.print(f"landed again as {row['replayed_landing_id']}: {row['fate']}{batch}")


@app.command()
def replay(
    *, reason: Reason = None, event: Event = None, batch: Batch = None, landing_id: Row = None, since: Since = None,
    until: Until = None, everything: Everything = False, team: Team = None, why: Why, by: By,
) -> None:  # fmt: skip
    """Land rows again after their cause was fixed; the next cycle checks them again."""
    from etl.operate.quarantine import replay as land_again

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=landing_id, team=team, since=since, until=until,
            is_all=everything,
        )  # fmt: skip
        count = land_again(db, selection, why=why, who=by)
    console.print(f"{count:,} rows landed again; the next cycle checks them again.")


@app.command()
def discard(
    *, reason: Reason = None, event: Event = None, batch: Batch = None, landing_id: Row = None, since: Since = None,
    until: Until = None, everything: Everything = False, team: Team = None, why: Why, by: By,
) -> None:  # fmt: skip
    """Decide that rows are not needed. They stay in quarantine, with your name and reason."""
    from etl.operate.quarantine import discard as decide

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=landing_id, team=team, since=since, until=until,
            is_all=everything,
        )  # fmt: skip
        count = decide(db, selection, why=why, who=by)
    console.print(f"{count:,} rows discarded; they stay in quarantine.event.")
