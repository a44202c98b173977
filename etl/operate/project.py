"""Projects and the tokens with which SDKs write into them. A token is shown once; the database keeps its hash."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from contextlib import ExitStack

from etl import shards, sql
from etl.errors import ProjectError
from etl.settings import Settings
from etl.sql import Db, Row

PREFIX = "phc_"  # what PostHog's own look like: some SDKs and proxies warn about anything else


def token_hash(token: str) -> bytes:
    """What is stored of a token. Tokens are long and random, so a plain hash cannot be guessed back."""
    return hashlib.sha256(token.encode(errors="replace")).digest()


def add(db: Db, name: str, *, largest_elsewhere: int = 0) -> str:
    """Make a project and return its token.

    Args:
        db: an open connection.
        name: of the project.
        largest_elsewhere: the largest number of a project of another shard.

    Raises:
        ProjectError: the name is taken, or empty.
    """
    if not name.strip():
        raise ProjectError("A project needs a name.")
    with db.transaction():
        sql.run(db, "project/lock")
        made = sql.run(db, "project/insert", {"name": name, "largest_elsewhere": largest_elsewhere}).fetchone()
        if made is None:
            raise ProjectError(f"There is a project {name!r} already. A new token for it: `etl project rotate {name}`.")
        return _new_token(db, made["team_id"])


def add_to_shard(settings: Settings, shard: str, name: str) -> str:
    """As ``add``, on a shard. No other one has the number or the name, so all of them have to answer.

    Raises:
        ProjectError: the name is taken, on whichever shard, or empty.
        UnavailableError: a shard does not answer.
    """
    with ExitStack() as stack:
        # In one order for all who do this, so that no two wait for each other.
        dbs = {each: stack.enter_context(shards.connected(settings, each)) for each in sorted(settings.shards)}
        for db in dbs.values():
            stack.enter_context(db.transaction())
            sql.run(db, "project/lock")
        largest = 0
        for each, db in dbs.items():
            for project in list_all(db):
                if project["name"] == name:
                    raise ProjectError(f"There is a project {name!r} already, on the shard {each}.")
                largest = max(largest, project["team_id"])
        return add(dbs[shard], name, largest_elsewhere=largest)


def rotate(db: Db, name: str, *, grace_hours: float = 0.0) -> str:
    """Give a project a new token and return it; the old ones end, after a while if pages with them are still open."""
    with db.transaction():
        team_id = team_of(db, name)
        sql.run(db, "project/expire_tokens", {"team_id": team_id, "hours": grace_hours})
        return _new_token(db, team_id)


def disable(db: Db, name: str) -> int:
    """End all tokens of a project now; returns how many. What is stored stays; `rotate` opens it again."""
    return sql.run(db, "project/expire_tokens", {"team_id": team_of(db, name), "hours": 0.0}).rowcount


def set_privacy(
    db: Db, name: str, *, dropped: Sequence[str], hashed: Sequence[str], stores_ip: bool | None = None
) -> None:
    """Say what of a project's events must not reach landing; replaces what was said before.

    Args:
        db: an open connection.
        name: of the project.
        dropped: names of properties to leave out.
        hashed: names of properties of which only a keyed hash is stored.
        stores_ip: whether the address that a request came from is stored; None: as before.
    """
    with db.transaction():
        team_id = team_of(db, name)
        sql.run(db, "project/set_privacy", {"team_id": team_id, "dropped": list(dropped), "hashed": list(hashed)})
        if stores_ip is not None:
            sql.run(db, "project/set_ip", {"team_id": team_id, "anonymize_ips": not stores_ip})


def set_merges(db: Db, name: str, *, is_client_allowed: bool | None = None, limit: int | None = None) -> None:
    """Say which merges a project lets through; what is None stays as it is.

    Args:
        db: an open connection.
        name: of the project.
        is_client_allowed: whether a ``$merge_dangerously`` that came through capture may merge identified persons.
        limit: how many distinct ids one event may move; 0: any number.
    """
    with db.transaction():
        team_id = team_of(db, name)
        if is_client_allowed is not None:
            sql.run(db, "project/set_client_merges", {"team_id": team_id, "is_allowed": is_client_allowed})
        if limit is not None:
            sql.run(db, "project/set_merge_limit", {"team_id": team_id, "most_ids": limit or None})


def list_all(db: Db) -> list[Row]:
    """Every project, with the last characters of its valid tokens."""
    return sql.run(db, "project/list").fetchall()


def register_token(db: Db, team_id: int, token: str) -> bool:
    """Make ``token`` valid for a project; False if it was ended before, which nothing undoes."""
    parameters = {"token_hash": token_hash(token), "team_id": team_id, "hint": token[-4:]}
    sql.run(db, "project/insert_token", parameters)
    return bool(sql.one(db, "project/is_token_valid", parameters)["is_valid"])


def new_token() -> str:
    """A token that nobody has yet."""
    return PREFIX + secrets.token_hex(22)


def _new_token(db: Db, team_id: int) -> str:
    token = new_token()
    register_token(db, team_id, token)
    return token


def check(db: Db, team_id: int) -> None:
    """See that there is a project of this number.

    Raises:
        ProjectError: there is none; names those there are.
    """
    project = sql.one(db, "project/is_known", {"team_id": team_id})
    if not project["is_known"]:
        raise ProjectError(f"There is no project {team_id}; there are: {project['known'] or 'none'}.")


def team_of(db: Db, name: str) -> int:
    """The number of the project with this name.

    Raises:
        ProjectError: there is none; names those there are.
    """
    found = sql.run(db, "project/find", {"name": name}).fetchone()
    if found is None:
        names = ", ".join(repr(project["name"]) for project in list_all(db))
        raise ProjectError(f"There is no project {name!r}; there are: {names}.")
    return int(found["team_id"])
