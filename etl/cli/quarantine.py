"""Commands on the quarantine: what waits there, landing it again, giving it up."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer
from rich.table import Table

from etl.cli.shared import console, warehouse
from etl.errors import EtlError
from etl.operate.quarantine import Selection

app = typer.Typer(help="Rows that failed the gate: look, land again after a mend, give up.", no_args_is_help=True)

Reason = Annotated[str | None, typer.Option(help="The expectation that the rows failed.")]
Event = Annotated[str | None, typer.Option(help="The event's name.")]
Batch = Annotated[int | None, typer.Option(help="The batch that refused them.")]
Id = Annotated[int | None, typer.Option("--id", help="One row, by its landing id.")]
Since = Annotated[datetime | None, typer.Option(help="Arrived at or after (UTC).")]
Until = Annotated[datetime | None, typer.Option(help="Arrived before (UTC).")]
Everything = Annotated[bool, typer.Option("--all", help="Every row that waits.")]
Why = Annotated[str, typer.Option("--why", help="Kept with the rows.")]


def _selection(
    *,
    reason: str | None, event: str | None, batch: int | None, landing_id: int | None, since: datetime | None,
    until: datetime | None, is_all: bool,
) -> Selection:  # fmt: skip
    selection = Selection(reason, event, batch, landing_id, _utc(since), _utc(until))
    if selection.is_everything and not is_all:
        raise EtlError("Say which rows: --reason, --event, --batch, --id, --since, --until, or --all.")
    return selection


def _utc(moment: datetime | None) -> datetime | None:
    return moment.replace(tzinfo=UTC) if moment and moment.tzinfo is None else moment


@app.command("list")
def list_(
    *,
    reason: Reason = None,
    event: Event = None,
    batch: Batch = None,
    since: Since = None,
    until: Until = None,
    resolved: Annotated[bool, typer.Option("--resolved", help="Also those replayed or given up.")] = False,
) -> None:
    """What waits, by reason and event, with an example and the remedy."""
    from etl.operate.quarantine import summarize

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=None, since=since, until=until, is_all=True
        )
        rows = summarize(db, selection, with_resolved=resolved)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("events", "reason", "event", "last arrival (UTC)", "example", "remedy"):
        table.add_column(name, justify="right" if name in {"events", "example"} else "left", overflow="fold")
    for row in rows:
        name = "-" if row["event"] is None else repr(row["event"][:60])
        at = f"{row['last_at']:%Y-%m-%d %H:%M:%S}"
        table.add_row(f"{row['events']:,}", row["expectation"], name, at, str(row["example"]), row["remedy"])
    console.print(table if rows else "Nothing waits in quarantine.")


@app.command()
def show(landing_id: Annotated[int, typer.Argument(metavar="ID", help="Its landing id.")]) -> None:
    """One row, whole: what was sent, why it was refused, what became of it."""
    from etl import sql
    from etl.operate.quarantine import show as read

    with warehouse() as (db, _):
        row = read(db, landing_id)
    for name in ("landing_id", "batch_id", "received_at", "team_id", "uuid", "event", "distinct_id", "timestamp",
                 "sent_at", "ip"):  # fmt: skip
        console.print(f"{name:<12} {row[name]!s}", markup=False)
    console.print(f"{'properties':<12} {sql.json_text(row['properties'])}", markup=False)
    for reason in row["reasons"]:
        console.print(f"! {reason['expectation']}: {reason['reason']}\n  {reason['remedy']}", markup=False)
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
    *,
    why: Why, reason: Reason = None, event: Event = None, batch: Batch = None, landing_id: Id = None,
    since: Since = None, until: Until = None, everything: Everything = False,
) -> None:  # fmt: skip
    """Land rows again after what refused them was mended; the next cycle judges them anew."""
    from etl.operate.quarantine import replay as land_again

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=landing_id, since=since, until=until, is_all=everything
        )
        count = land_again(db, selection, why=why)
    console.print(f"{count:,} rows landed again; the next cycle judges them anew.")


@app.command()
def discard(
    *,
    why: Why, reason: Reason = None, event: Event = None, batch: Batch = None, landing_id: Id = None,
    since: Since = None, until: Until = None, everything: Everything = False,
) -> None:  # fmt: skip
    """Give rows up. They are kept, with your name and reason."""
    from etl.operate.quarantine import discard as give_up

    with warehouse() as (db, _):
        selection = _selection(
            reason=reason, event=event, batch=batch, landing_id=landing_id, since=since, until=until, is_all=everything
        )
        count = give_up(db, selection, why=why)
    console.print(f"{count:,} rows given up; they stay in quarantine.event.")
