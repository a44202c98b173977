"""Corrections of who is who, by people: decisions about refused merges, and splits. Each lands an event of its own.

Nothing is changed here: the next cycle applies what was landed, and a replay of landing applies it again.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID, uuid4, uuid5

from etl import sql
from etl.errors import IdentityError
from etl.sql import Db, Row

Status = Literal["open", "accepted", "rejected", "moot"]

# Of the uuids of accepted merges: whoever accepts the same refusal again lands the same event again, a duplicate.
ACCEPTED_NAMESPACE = UUID("3f0c8a5e-6d0b-4f0e-9c35-0b8f6e3f9a41")


def list_refused(db: Db, *, team_id: int | None = None, status: Status | None = None, at_most: int = 50) -> list[Row]:
    """The refused merges, newest first; ``status`` None: all of them."""
    return sql.run(db, "merge/list", {"team_id": team_id, "status": status, "at_most": at_most}).fetchall()


@dataclass(frozen=True)
class Decision:
    """What became of a refused merge.

    Attributes:
        merge: the row of ``warehouse.refused_merges`` before the decision.
        is_new: False: it had been decided so before, and nothing was done.
        landed_uuid: the ``$merge_dangerously`` of an acceptance.
    """

    merge: Row
    is_new: bool
    landed_uuid: UUID | None


def accept(
    db: Db, uuid: UUID, *, by: str, why: str | None = None, team_id: int | None = None, distinct_id: str | None = None
) -> Decision:
    """Land the ``$merge_dangerously`` that a refused merge asked for, and keep the decision.

    Raises:
        IdentityError: there is no such refusal, several have this uuid, or the ids are one person already.
    """
    with db.transaction():
        merge = _lock(db, uuid, team_id, distinct_id)
        landed = uuid5(ACCEPTED_NAMESPACE, f"{merge['team_id']}:{merge['uuid']}:{merge['distinct_id']}")
        if merge["status"] == "accepted":
            return Decision(merge, is_new=False, landed_uuid=landed)
        if merge["status"] == "moot":
            raise IdentityError(
                f"{merge['distinct_id']!r} and {merge['source_distinct_id']!r} are one person already "
                f"({merge['present_person_id']}): there is nothing to accept."
            )
        _land(db, merge, landed, "$merge_dangerously", {"alias": merge["source_distinct_id"]}, by=by, why=why)
        _decide(db, merge, "accepted", by=by, why=why, landed=landed)
    return Decision(merge, is_new=True, landed_uuid=landed)


def reject(
    db: Db, uuid: UUID, *, by: str, why: str | None = None, team_id: int | None = None, distinct_id: str | None = None
) -> Decision:
    """Keep the decision that the two ids of a refused merge are two persons.

    Raises:
        IdentityError: there is no such refusal, several have this uuid, or it was accepted before.
    """
    with db.transaction():
        merge = _lock(db, uuid, team_id, distinct_id)
        if merge["status"] == "accepted":
            raise IdentityError(
                f"The merge of {uuid} was accepted by {merge['decided_by']} at {merge['decided_at']:%Y-%m-%d %H:%M}: "
                f"separate the persons again with `etl split {merge['present_person_id']}`."
            )
        if merge["status"] == "rejected":
            return Decision(merge, is_new=False, landed_uuid=None)
        _decide(db, merge, "rejected", by=by, why=why)
    return Decision(merge, is_new=True, landed_uuid=None)


@dataclass(frozen=True)
class Split:
    """A landed split: each of ``distinct_ids`` gets a person of its own; ``kept`` and all others stay together."""

    team_id: int
    person_id: UUID
    kept: str
    distinct_ids: list[str]
    staying: int


def split(
    db: Db,
    person_id: UUID,
    distinct_ids: Sequence[str] = (),
    *,
    by: str,
    why: str | None = None,
    team_id: int | None = None,
) -> Split:
    """Land a ``$split`` for each named distinct id of a person; none named: for all but the one it is named after.

    Raises:
        IdentityError: no such person, it was merged away, or the ids are not its own, or its only one.
    """
    with db.transaction():
        person = _person(db, person_id, team_id)
        owned = [row["distinct_id"] for row in sql.run(db, "split/read_distinct_ids", person)]
        if foreign := [name for name in distinct_ids if name not in set(owned)]:
            raise IdentityError(
                f"{foreign[0]!r} is not a distinct id of person {person_id}: "
                f"`etl explain --person {person_id}` lists them."
            )
        if len(owned) < 2:
            raise IdentityError(f"Person {person_id} has only the distinct id {owned[0]!r}: there is nothing to split.")
        wanted = set(distinct_ids) or set(owned) - {person["distinct_id"]}
        staying = [name for name in owned if name not in wanted]
        kept = person["distinct_id"] if person["distinct_id"] in staying else (staying or owned)[0]
        leaving = sorted(wanted - {kept})
        for name in leaving:
            _land(db, {**person, "distinct_id": name}, uuid4(), "$split", {"$split_from": kept}, by=by, why=why)
    return Split(person["team_id"], person_id, kept, leaving, len(owned) - len(leaving))


def _person(db: Db, person_id: UUID, team_id: int | None) -> Row:
    found = sql.run(db, "split/read_person", {"person_id": person_id, "team_id": team_id}).fetchone()
    if found is None:
        raise IdentityError(
            f"There is no person {person_id}: `etl explain --distinct-id ID` shows the person of an id."
        )
    if found["merged_into"] is not None:
        raise IdentityError(
            f"Person {person_id} was merged into {found['merged_into']}. To separate it again: "
            f"`etl split {found['merged_into']} --distinct-id {found['distinct_id']}`."
        )
    return found


def _lock(db: Db, uuid: UUID, team_id: int | None, distinct_id: str | None) -> Row:
    sql.run(db, "merge/lock", {"uuid": uuid})
    found = sql.run(db, "merge/find", {"uuid": uuid, "team_id": team_id, "distinct_id": distinct_id}).fetchall()
    if not found:
        raise IdentityError(f"There is no refused merge by an event {uuid}: `etl merges list` shows them.")
    if len(found) > 1:
        sent = ", ".join(f"{row['distinct_id']!r} in project {row['team_id']}" for row in found)
        raise IdentityError(f"Several events have the uuid {uuid}: {sent}. Say which: --distinct-id, --team.")
    return found[0]


def _land(db: Db, of: Row, uuid: UUID, event: str, properties: dict[str, Any], *, by: str, why: str | None) -> None:
    written = {**properties, "$decided_by": by, "$process_person_profile": True, **({"$why": why} if why else {})}
    sql.run(
        db,
        "split/land_operator_event",
        {
            "team_id": of["team_id"],
            "uuid": str(uuid),
            "event": event,
            "distinct_id": of["distinct_id"],
            "properties": sql.json_text(written),
        },
    )


def _decide(db: Db, merge: Row, decision: str, *, by: str, why: str | None, landed: UUID | None = None) -> None:
    sql.run(
        db,
        "merge/insert_decision",
        {
            "team_id": merge["team_id"],
            "distinct_id": merge["distinct_id"],
            "uuid": merge["uuid"],
            "decision": decision,
            "decided_by": by,
            "why": why,
            "landed_uuid": landed,
        },
    )
