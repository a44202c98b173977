"""Several warehouses, each whole and on a server of its own (``ETL_SHARDS``): which one has which project.

There is no directory of projects besides the shards themselves, each of which knows its own.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from etl import sql
from etl.errors import ConfigurationError, EtlError, ProjectError
from etl.settings import Settings
from etl.sql import Db


def each(settings: Settings) -> list[Settings]:
    """The settings for each warehouse that is meant: of all shards, of the one that is chosen, or these themselves."""
    if settings.shard is not None or not settings.shards:
        return [settings]
    return [of(settings, name) for name in settings.shards]


def of(settings: Settings, name: str) -> Settings:
    """The settings with this shard chosen."""
    return settings.model_copy(update={"shard": name})


def has_default_project(settings: Settings) -> bool:
    """Whether the project ``default``, which every new database brings, is this warehouse's.

    It is that of the first shard: its number, 1, must be one project's, as all numbers.
    """
    return not settings.shards or settings.shard == next(iter(settings.shards))


@contextmanager
def connected(settings: Settings, name: str) -> Iterator[Db]:
    """A connection to a shard.

    Raises:
        ConfigurationError: as ``sql.connect``; says which shard it is.
        UnavailableError: likewise.
    """
    try:
        db = sql.connect(settings.shards[name])
    except EtlError as error:
        raise type(error)(f"Shard {name}: {error}") from error
    with db:
        yield db


def find(settings: Settings, project: int | str) -> str:
    """The name of the shard that has a project.

    Args:
        settings: with shards.
        project: its number or its name.

    Raises:
        ConfigurationError: several shards have it.
        ProjectError: none has it.
        UnavailableError: a shard that may have it does not answer.
    """
    found: list[str] = []
    trouble: EtlError | None = None
    for name in settings.shards:
        try:
            with connected(settings, name) as db:
                if any(project in {row["team_id"], row["name"]} for row in sql.run(db, "project/list")):
                    found.append(name)
        except EtlError as error:
            trouble = error
    if len(found) > 1:
        raise ConfigurationError(
            f"The project {project!r} is on several shards ({', '.join(found)}) and should be on one. Say which is "
            "meant: etl --shard NAME ..."
        )
    if found:
        return found[0]
    if trouble is not None:
        raise trouble
    raise ProjectError(
        f"No shard has a project {project!r}: `etl project list` shows those there are. For what a shard keeps of no "
        "project: etl --shard NAME ..."
    )
