"""Persons' requests: to be erased, and to be told what is known of them."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

from etl import sql
from etl.cycle.erase import Erasure, rewrite
from etl.errors import IdentityError
from etl.operate import operator_event, project
from etl.sql import Db

LOCK_SECONDS = 60.0
# As stage cuts them.
ID_CHARACTERS = 200
EXPORTED = (
    "persons",
    "distinct_ids",
    "merges",
    "events",
    "held_events",
    "quarantined_rows",
    "warnings",
    "landed_rows",
)


@dataclass(frozen=True)
class Target:
    """A person, by a project and one of its distinct ids."""

    team_id: int
    distinct_id: str


@dataclass(frozen=True)
class Scope:
    """What of a person is erased; default: all.

    Attributes:
        is_events_only: only what its events have said; the person and its ids stay.
        since_at: of these only the events of then or later, by event time; what has none, by arrival.
        until_at: of these only the events before.
    """

    is_events_only: bool = False
    since_at: datetime | None = None
    until_at: datetime | None = None


ALL = Scope()


@dataclass(frozen=True)
class Certificate:
    """That somebody was erased, for the file of the request; it names nobody.

    Attributes:
        uuid: of the erasure, as the command that asked for it has printed it.
        team_id: the project.
        property: of all persons and events; null: a person was erased.
        is_events_only: only what events had said was erased.
        since_at: only that of events of then or later; null: of all.
        until_at: only that of events before; null: of all.
        asked_at: when it was asked for.
        asked_by: who decided.
        why: the reason.
        erased_at: when the batch that erased was loaded.
        batch_id: the batch.
        counts: how many rows of what were rewritten.
        audit_entry: the entry of the audit log that has it.
        audit_hash: the hash of that entry, to be verified by ``etl audit verify --expect``.
    """

    uuid: UUID
    team_id: int
    property: str | None
    is_events_only: bool
    since_at: datetime | None
    until_at: datetime | None
    asked_at: datetime
    asked_by: str
    why: str
    erased_at: datetime
    batch_id: int
    counts: dict[str, int]
    audit_entry: int
    audit_hash: str


def find(
    db: Db, *, person_id: UUID | None = None, distinct_id: str | None = None, team_id: int | None = None
) -> Target:
    """The person of an id, by its person id or by one of its distinct ids; also one that has only refused events.

    Raises:
        IdentityError: nothing is known of it, it was erased, or several projects know it.
    """
    if person_id is not None:
        person = sql.run(db, "split/read_person", {"person_id": person_id, "team_id": team_id}).fetchone()
        if person is None:
            raise IdentityError(
                f"There is no person {person_id}: `etl explain --distinct-id ID` shows the person of an id."
            )
        distinct_id, team_id = person["distinct_id"], person["team_id"]
    if distinct_id is None:
        raise IdentityError("Say whom: a person's id, or --distinct-id ID.")
    asked = {"distinct_id": distinct_id[:ID_CHARACTERS], "team_id": team_id}
    found = sql.run(db, "person/find", asked).fetchall()
    if not found:
        raise IdentityError(
            "Nothing is known of this person: no person, no held event, no row in quarantine. It may have been erased, "
            "or its events have not been taken yet (`etl cycle`)."
        )
    if len(found) > 1:
        projects = ", ".join(str(row["team_id"]) for row in found)
        raise IdentityError(f"Several projects know this distinct id: {projects}. Say which: --team.")
    return Target(found[0]["team_id"], found[0]["distinct_id"])


def export(db: Db, target: Target) -> dict[str, Any]:
    """All that is stored of a person, in one snapshot.

    Args:
        db: a connection in autocommit mode.
        target: whose.

    Returns:
        Lists of rows by what they are: persons, distinct_ids, merges, events, held_events, quarantined_rows, warnings,
        landed_rows (as they were sent, also those that are not taken yet).
    """
    found: dict[str, Any] = {"team_id": target.team_id, "asked_for": target.distinct_id, **{n: [] for n in EXPORTED}}
    with sql.snapshot(db):
        ids = _ids(db, target)
        for rows in sql.stream(db, "person/export", {"team_id": target.team_id, "ids": ids}, size=1000):
            for section, entry in rows:
                found[section].append(entry)
    return found


def _ids(db: Db, target: Target) -> list[str]:
    return [row["distinct_id"] for row in sql.run(db, "erase/read_ids", {**vars(target), "erased_ids": []})]


def erase(db: Db, target: Target, scope: Scope = ALL, *, by: str, why: str) -> UUID:
    """Land the erasure, which the next cycle carries out; returns its uuid, for :func:`read_certificate`.

    Raises:
        IdentityError: the reason, which is kept, names one of the person's ids; or a range of time is given for a whole
            person, or ends before it begins.
        ProjectError: there is no such project.
    """
    _check(scope)
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{why} {by}") for name in _ids(db, target)):
        raise IdentityError("The reason names the person, and it is kept: write the number of the request instead.")
    asked = {
        "erase": target.distinct_id,
        "is_events_only": scope.is_events_only,
        "since": scope.since_at and scope.since_at.isoformat(),
        "until": scope.until_at and scope.until_at.isoformat(),
    }
    return land_erasure(db, target.team_id, asked, by=by, why=why)


def land_erasure(db: Db, team_id: int, asked: dict[str, Any], *, by: str, why: str) -> UUID:
    """Land the operator's event, with what it asks for among its properties; returns its uuid.

    Raises:
        IdentityError: no reason is given.
        ProjectError: there is no such project, so that no cycle would carry it out.
    """
    project.check(db, team_id)
    if not why.strip():
        raise IdentityError("Say why: the reason is kept.")
    uuid = uuid4()
    operator_event.land(
        db,
        team_id=team_id,
        distinct_id=f"erasure {uuid}",
        uuid=uuid,
        event="$erase",
        properties=asked,
        by=by,
        why=why,
    )
    return uuid


def _check(scope: Scope) -> None:
    if not scope.is_events_only and (scope.since_at or scope.until_at):
        raise IdentityError("A range of time is one of events: add --events-only, or erase the whole person.")
    if scope.since_at and scope.until_at and scope.since_at >= scope.until_at:
        raise IdentityError(
            f"No event is from {scope.since_at:%Y-%m-%d %H:%M:%S} on and before {scope.until_at:%Y-%m-%d %H:%M:%S}: "
            "give --since the earlier time, and --until the later one."
        )


def count_erased(db: Db, target: Target, scope: Scope = ALL) -> dict[str, int]:
    """What an erasure would rewrite of all that is taken from landing by now: done, counted and rolled back.

    Raises:
        CycleBusyError: cycles kept the lock for a minute.
        IdentityError: a range of time is given for a whole person, or ends before it begins.
        ProjectError: there is no such project.
    """
    _check(scope)
    return try_out(db, team_id=target.team_id, distinct_id=target.distinct_id, **vars(scope))


def try_out(db: Db, *, team_id: int, **asked: Any) -> dict[str, int]:
    """Erase in a transaction that is rolled back; how many rows of what it has rewritten.

    Raises:
        ProjectError: there is no such project.
    """
    project.check(db, team_id)
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction(force_rollback=True):
        operator = {"landing_id": 0, "uuid": uuid4(), "asked_at": datetime.now(UTC), "asked_by": "", "why": ""}
        unnamed: dict[str, Any] = {"distinct_id": None, "property": None, "erased_ids": []}
        erasure = Erasure(team_id=team_id, **(unnamed | operator | asked))
        return rewrite(db, erasure, **sql.one(db, "person/read_position"))


def read_certificate(db: Db, uuid: UUID) -> Certificate:
    """What an erasure did.

    Raises:
        IdentityError: there is none, no cycle has carried it out yet, or one has refused it; says which.
    """
    certificate = sql.record(db, Certificate, "person/read_certificate", {"uuid": uuid})
    if certificate is not None:
        return certificate
    found = sql.one(db, "person/find_erasure", {"uuid": uuid})
    if found["is_waiting"]:
        raise IdentityError(f"The erasure {uuid} has not been carried out: the next cycle does it (`etl cycle`).")
    if found["refused_landing_id"] is not None:
        raise IdentityError(
            f"The erasure {uuid} has not been carried out: it was refused "
            f"(`etl quarantine show {found['refused_landing_id']}` says why). Ask for it again."
        )
    raise IdentityError(
        f"No erasure {uuid} was asked for in this database: `etl person erase` and `etl property erase` print theirs."
    )
