"""A property that should never have been sent: it is taken out of everything that is stored of a project."""

from __future__ import annotations

from uuid import UUID

from etl.errors import IdentityError
from etl.operate.person import land_erasure, try_out
from etl.sql import Db

# What says who is who, what an event does to persons and groups, and what it is made of: erase events or persons.
KEPT = frozenset({
    "$anon_distinct_id",
    "$cookieless_mode",
    "$device_id",
    "$distinct_id",
    "$group_key",
    "$group_set",
    "$group_type",
    "$groups",
    "$ignore_sent_at",
    "$lib",
    "$process_person_profile",
    "$set",
    "$set_once",
    "$split_from",
    "$unset",
    "alias",
    "distinct_id",
})


def erase(db: Db, name: str, *, team_id: int, by: str, why: str) -> UUID:
    """Land the erasure of a property, which the next cycle carries out; returns its uuid, for its certificate.

    Raises:
        IdentityError: what is stored of persons depends on the property.
        ProjectError: there is no such project.
    """
    _check(name)
    return land_erasure(db, team_id, {"erase_property": name}, by=by, why=why)


def count_erased(db: Db, name: str, *, team_id: int) -> dict[str, int]:
    """What the erasure would rewrite of all that is taken from landing by now: done, counted and rolled back.

    Raises:
        IdentityError: what is stored of persons depends on the property.
        ProjectError: there is no such project.
    """
    _check(name)
    return try_out(db, team_id=team_id, property=name)


def _check(name: str) -> None:
    if name in KEPT:
        raise IdentityError(
            f"{name} says who is who, or what an event does: it cannot be erased everywhere. Erase persons, or only "
            "their events: `etl person erase`."
        )
