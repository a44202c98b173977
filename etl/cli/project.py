"""Commands for projects: who may send events, and what of them is kept."""

from __future__ import annotations

from typing import Annotated

import typer

from etl.cli.shared import console, warehouse
from etl.operate import project

app = typer.Typer(help="Projects, and the tokens with which SDKs write into them.", no_args_is_help=True)
Name = Annotated[str, typer.Argument(help="The project's name.")]


@app.command()
def add(name: Name) -> None:
    """Make a project and print its token, once."""
    with warehouse() as (db, _):
        _show(project.add(db, name))


@app.command("list")
def list_all() -> None:
    """Every project, its tokens' last characters, and what it drops, hashes or keeps."""
    with warehouse() as (db, _):
        for row in project.list_all(db):
            parts = [f"tokens {row['tokens'] or 'none'}", "ip not stored" if row["anonymize_ips"] else "ip stored"]
            parts += [f"drops {', '.join(row['dropped_properties'])}"] if row["dropped_properties"] else []
            parts += [f"hashes {', '.join(row['hashed_properties'])}"] if row["hashed_properties"] else []
            console.print(f"{row['team_id']}  {row['name']}: {'; '.join(parts)}", markup=False)


@app.command()
def rotate(
    name: Name,
    grace_hours: Annotated[
        float, typer.Option(min=0, help="How long the old tokens go on working, for pages that are still open.")
    ] = 24.0,
) -> None:
    """Give a project a new token and print it, once; the old ones end."""
    with warehouse() as (db, _):
        _show(project.rotate(db, name, grace_hours=grace_hours))


@app.command()
def disable(name: Name) -> None:
    """End all tokens of a project; requests with them are refused within seconds."""
    with warehouse() as (db, _):
        console.print(f"{project.disable(db, name)} tokens ended. Open it again: etl project rotate", markup=False)


@app.command()
def privacy(
    name: Name,
    drop: Annotated[list[str] | None, typer.Option(help="A property that is left out. May be repeated.")] = None,
    hash_: Annotated[
        list[str] | None, typer.Option("--hash", help="A property stored as a keyed hash only. May be repeated.")
    ] = None,
    store_ip: Annotated[bool | None, typer.Option(help="Whether the address of a request is stored.")] = None,
) -> None:
    """Say what of a project's events must not reach landing; replaces the lists said before."""
    with warehouse() as (db, _):
        project.set_privacy(db, name, dropped=drop or [], hashed=hash_ or [], stores_ip=store_ip)
    console.print("Set. A running capture follows within seconds.")


def _show(token: str) -> None:
    console.print(f"{token}\nThis is shown once: only its hash is stored.", markup=False)
