"""The options that several commands have, each declared once: so it reads and works the same everywhere."""

from __future__ import annotations

import getpass
from typing import Annotated, TypeVar
from uuid import UUID

import typer

from etl import shards
from etl.cli.shared import choose_shard, chosen_settings
from etl.errors import EtlError, IdentityError
from etl.settings import CENTURY_DAYS


def _login_name() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError) as error:  # a container may run as a user that has no name
        raise EtlError("Say who decides, with --by: this process has no login name.") from error


T = TypeVar("T", int, str, int | None)
N = TypeVar("N", int, int | None, list[int] | None)

LARGEST = 2**63 - 1  # of bigint, which all numbers in the warehouse are


def storable(number: N) -> N:
    """A number that the warehouse can have; it would end a statement otherwise.

    Raises:
        BadParameter: none can be as large, or as small.
    """
    for each in number if isinstance(number, list) else [number]:
        if each is not None and abs(each) > LARGEST:
            raise typer.BadParameter(f"{each} is too large: numbers here go up to {LARGEST}.")
    return number


def to_shard_of(project: T) -> T:
    """Act on the shard that has this project, by number or name; a shard that was chosen stays.

    Raises:
        BadParameter: no project can have this number.
    """
    if isinstance(project, int):
        storable(project)
    settings = chosen_settings()
    if project is not None and settings.shards and settings.shard is None:
        choose_shard(shards.find(settings, project))
    return project


Team = Annotated[int | None, typer.Option("--team", metavar="NUMBER", help="Only this project.", callback=to_shard_of)]
Project = Annotated[int, typer.Option("--team", metavar="NUMBER", help="The project.", callback=to_shard_of)]
Why = Annotated[str, typer.Option("--why", metavar="TEXT", help="Your reason. It is kept with the decision.")]
By = Annotated[
    str,
    typer.Option(
        "--by",
        metavar="NAME",
        help="Who decides. Default: your login name.",
        default_factory=_login_name,
        show_default=False,
    ),
]
Json = Annotated[bool, typer.Option("--json", help="Print JSON, for programs.")]
Last = Annotated[
    int, typer.Option("--last", metavar="NUMBER", min=1, help="How many at most, newest first.", callback=storable)
]
DAY = ["%Y-%m-%d"]
Days = Annotated[
    int, typer.Option("--days", metavar="NUMBER", min=1, max=CENTURY_DAYS, help="How many of the newest days.")
]


def parse_uuid(text: str) -> UUID:
    """A uuid as a person writes it.

    Raises:
        IdentityError: it is not one.
    """
    try:
        return UUID(text)
    except ValueError as error:
        raise IdentityError(f"{text!r} is not a uuid.") from error
