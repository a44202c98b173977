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
from etl.operate import operator_event
from etl.sql import Db

LOCK_SECONDS = 60.0
# As stage cuts them.
ID_CHARACTERS = 200


@dataclass(frozen=True)
class Target:
    """A person, by a project and one of its distinct ids."""

    team_id: int
    distinct_id: str


@dataclass(frozen=True)
class Certificate:
    """That somebody was erased, for the file of the request; it names nobody.

    Attributes:
        uuid: of the erasure, as the command that asked for it has printed it.
        team_id: the project.
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


def erase(db: Db, target: Target, *, by: str, why: str) -> UUID:
    """Land the erasure, which the next cycle carries out; returns its uuid, for :func:`read_certificate`.

    Raises:
        IdentityError: the reason, which is kept, names one of the person's ids.
    """
    if not why.strip():
        raise IdentityError("Say why: the reason is kept.")
    ids = [row["distinct_id"] for row in sql.run(db, "erase/read_ids", {**vars(target), "erased_ids": []})]
    if any(re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{why} {by}") for name in ids):
        raise IdentityError("The reason names the person, and it is kept: write the number of the request instead.")
    uuid = uuid4()
    operator_event.land(
        db,
        team_id=target.team_id,
        distinct_id=f"erasure {uuid}",
        uuid=uuid,
        event="$erase",
        properties={"erase": target.distinct_id},
        by=by,
        why=why,
    )
    return uuid


def count_erased(db: Db, target: Target) -> dict[str, int]:
    """What an erasure would rewrite of all that is taken from landing by now: done, counted and rolled back.

    Raises:
        CycleBusyError: cycles kept the lock for a minute.
    """
    with sql.cycle_lock(db, wait_seconds=LOCK_SECONDS), db.transaction(force_rollback=True):
        erasure = Erasure(
            team_id=target.team_id,
            landing_id=0,
            uuid=uuid4(),
            asked_at=datetime.now(UTC),
            distinct_id=target.distinct_id,
            asked_by="",
            why="",
            erased_ids=[],
        )
        position: dict[str, Any] = sql.one(db, "person/read_position")
        return rewrite(db, erasure, **position)


def read_certificate(db: Db, uuid: UUID) -> Certificate:
    """What an erasure did.

    Raises:
        IdentityError: there is none, or no cycle has carried it out yet.
    """
    certificate = sql.record(db, Certificate, "person/read_certificate", {"uuid": uuid})
    if certificate is None:
        raise IdentityError(f"No erasure {uuid} has been carried out: the next cycle does it (`etl cycle`).")
    return certificate
