"""`etl project`: who may send events, and what of them is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.options import By, Json, Why, storable, to_shard_of
from etl.cli.shared import chosen_settings, console, on_every_shard, print_json, warehouse
from etl.operate import project, project_removal
from etl.settings import CENTURY_DAYS

app = typer.Typer(help="Projects, and the tokens with which SDKs send events to them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.", callback=to_shard_of)]


@app.command()
def add(name: Annotated[str, typer.Argument(metavar="PROJECT", help="Its name.")]) -> None:
    """Create a project and print its token. It is shown only once."""
    with warehouse() as (db, settings):
        _show(project.add_to_shard(settings, settings.shard, name) if settings.shard else project.add(db, name))


@app.command("list")
@on_every_shard
def list_(is_json: Json = False) -> None:
    """List the projects, the last characters of their tokens, and what they drop, hash, keep and merge."""
    with warehouse() as (db, _):
        rows = project.list_all(db)
    if is_json:
        print_json(rows)
        return
    for row in rows:
        parts = [f"tokens {row['tokens'] or 'none'}", "ip not stored" if row["anonymize_ips"] else "ip stored"]
        parts += [f"drops {', '.join(row['dropped_properties'])}"] if row["dropped_properties"] else []
        parts += [f"hashes {', '.join(row['hashed_properties'])}"] if row["hashed_properties"] else []
        parts += ["clients may merge identified persons"] if row["is_client_merge_allowed"] else []
        limit = row["merge_move_limit"]
        parts += ["merges of any size" if limit is None else f"merges of up to {limit:,} ids"]
        console.print(f"{row['team_id']}  {row['name']}: {'; '.join(parts)}")


@app.command()
def rotate(
    name: Name,
    grace_hours: Annotated[
        float,
        typer.Option(
            "--grace-hours",
            metavar="HOURS",
            min=0,
            max=24 * CENTURY_DAYS,
            help="How long the old tokens still work, for pages that are open.",
        ),
    ] = 24.0,
) -> None:
    """Give a project a new token and print it. It is shown only once; the old tokens end."""
    with warehouse() as (db, _):
        _show(project.rotate(db, name, grace_hours=grace_hours))


@app.command()
def disable(name: Name) -> None:
    """End all tokens of a project. Requests with them are refused within seconds."""
    with warehouse() as (db, _):
        console.print(f"{project.disable(db, name)} tokens ended. Open it again: etl project rotate {name}")


@app.command()
def remove(
    name: Name,
    *,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Remove nothing, count what would be.")] = False,
    why: Why,
    by: By,
    is_json: Json = False,
) -> None:
    """Remove a project and all that is stored of it. It cannot be undone. Cycles wait meanwhile."""
    with warehouse() as (db, _):
        counts = project_removal.remove(db, name, by=by, why=why, is_trial=dry_run)
    if is_json:
        print_json(counts)
        return
    for table, rows in counts.items():
        console.print(f"{table}: {rows:,}")
    console.print("Nothing is removed yet." if dry_run else "Removed. What still arrives for it goes to quarantine.")


@app.command()
def move(
    name: Annotated[str, typer.Argument(metavar="PROJECT", help="The project's name.")],
    to: Annotated[str, typer.Option("--to", metavar="SHARD", help="The shard that it goes to.")],
    *,
    why: Why,
    by: By,
    is_json: Json = False,
) -> None:
    """Move a project to another shard, with its history, while its events arrive. Interrupted, run it again."""
    from etl.operate import project_move

    moved = project_move.move(chosen_settings(), name, to, by=by, why=why)
    if is_json:
        print_json({**moved.counts, "landed_since": moved.landed})
        return
    for table, rows in moved.counts.items():
        console.print(f"{table}: {rows:,}")
    console.print(f"Moved to {to}; {moved.landed:,} rows that had landed since were landed there.")


@app.command()
def privacy(
    name: Name,
    drop: Annotated[
        list[str] | None, typer.Option("--drop", metavar="PROPERTY", help="Leave this property out; may be repeated.")
    ] = None,
    hash_: Annotated[
        list[str] | None,
        typer.Option("--hash", metavar="PROPERTY", help="Store only a keyed hash of this property; may be repeated."),
    ] = None,
    store_ip: Annotated[
        bool | None, typer.Option("--store-ip/--no-store-ip", help="Whether the address of a request is stored.")
    ] = None,
) -> None:
    """Set what of a project's events must not reach landing. Replaces the lists that were set before."""
    with warehouse() as (db, _):
        project.set_privacy(db, name, dropped=drop or [], hashed=hash_ or [], stores_ip=store_ip)
    console.print("Set. A running capture follows within seconds.")


@app.command()
def merges(
    name: Name,
    allow_clients: Annotated[
        bool | None,
        typer.Option(
            "--allow-clients/--no-allow-clients",
            help="Whether a $merge_dangerously that came through capture may merge identified persons.",
        ),
    ] = None,
    limit: Annotated[
        int | None,
        typer.Option(
            "--limit",
            metavar="IDS",
            min=0,
            help="How many distinct ids one event may move; 0: any number.",
            callback=storable,
        ),
    ] = None,
) -> None:
    """Set which merges a project lets through. What is not given stays as it is."""
    with warehouse() as (db, _):
        project.set_merges(db, name, is_client_allowed=allow_clients, limit=limit)
    console.print("Set. The next cycle follows.")


def _show(token: str) -> None:
    console.print(f"{token}\nThis is shown once: only its hash is stored.")
