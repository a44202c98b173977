"""Refused merges, and what people decide about them: an acceptance lands the merge that the next cycle applies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal
from uuid import UUID, uuid5

from etl import sql
from etl.errors import IdentityError
from etl.operate import operator_event
from etl.quality.audit_log import entry
from etl.sql import Db, Row

Status = Literal["open", "accepted", "rejected", "moot"]

# Of the uuids of accepted merges: whoever accepts the same refusal again lands the same event again, a duplicate.
ACCEPTED_NAMESPACE = UUID("3f0c8a5e-6d0b-4f0e-9c35-0b8f6e3f9a41")


def list_refused(db: Db, *, team_id: int | None = None, status: Status | None = None, at_most: int = 50) -> list[Row]:
    """The refused merges, newest first; ``status`` None: all of them."""
    return sql.run(db, "merge/list", {"team_id": team_id, "status": status, "at_most": at_most}).fetchall()


@dataclass(frozen=True)
class MergeDecision:
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
    db: Db,
    uuid: UUID,
    *,
    by: str,
    why: str | None = None,
    team_id: int | None = None,
    distinct_id: str | None = None,
    event: str | None = None,
) -> MergeDecision:
    """Land the ``$merge_dangerously`` that a refused merge asked for, and keep the decision.

    Raises:
        IdentityError: there is no such refusal, several have this uuid, or the ids are one person already.
    """
    with db.transaction():
        merge = _lock(db, uuid, team_id, distinct_id, event)
        refused = f"{merge['team_id']}:{merge['uuid']}:{merge['event']}:{merge['distinct_id']}"
        landed = uuid5(ACCEPTED_NAMESPACE, refused)
        if merge["status"] == "accepted":
            return MergeDecision(merge, is_new=False, landed_uuid=landed)
        if merge["status"] == "moot":
            raise IdentityError(
                f"{merge['distinct_id']!r} and {merge['source_distinct_id']!r} are one person already "
                f"({merge['present_person_id']}): there is nothing to accept."
            )
        operator_event.land(
            db,
            team_id=merge["team_id"],
            distinct_id=merge["distinct_id"],
            uuid=landed,
            event="$merge_dangerously",
            properties={"alias": merge["source_distinct_id"]},
            by=by,
            why=why,
        )
        _decide(db, merge, "accepted", by=by, why=why, landed=landed)
    return MergeDecision(merge, is_new=True, landed_uuid=landed)


def reject(
    db: Db,
    uuid: UUID,
    *,
    by: str,
    why: str | None = None,
    team_id: int | None = None,
    distinct_id: str | None = None,
    event: str | None = None,
) -> MergeDecision:
    """Keep the decision that the two ids of a refused merge are two persons.

    Raises:
        IdentityError: there is no such refusal, several have this uuid, or it was accepted before.
    """
    with db.transaction():
        merge = _lock(db, uuid, team_id, distinct_id, event)
        if merge["status"] == "accepted":
            raise IdentityError(
                f"The merge of {uuid} was accepted by {merge['decided_by']} at {merge['decided_at']:%Y-%m-%d %H:%M}: "
                f"separate the persons again with `etl split {merge['present_person_id']} --why TEXT`."
            )
        if merge["status"] == "rejected":
            return MergeDecision(merge, is_new=False, landed_uuid=None)
        _decide(db, merge, "rejected", by=by, why=why)
    return MergeDecision(merge, is_new=True, landed_uuid=None)


def _lock(db: Db, uuid: UUID, team_id: int | None, distinct_id: str | None, event: str | None) -> Row:
    sql.run(db, "merge/lock")
    named = {"uuid": uuid, "team_id": team_id, "distinct_id": distinct_id, "event": event}
    found = sql.run(db, "merge/find", named).fetchall()
    if not found:
        raise IdentityError(f"There is no refused merge by an event {uuid}: `etl merge list` shows them.")
    if len(found) > 1:
        sent = ", ".join(f"{row['event']} of {row['distinct_id']!r} in project {row['team_id']}" for row in found)
        raise IdentityError(f"Several events have the uuid {uuid}: {sent}. Say which: --event, --distinct-id, --team.")
    return found[0]


def _decide(db: Db, merge: Row, decision: str, *, by: str, why: str | None, landed: UUID | None = None) -> None:
    with entry(db, "decision", f"merge of {merge['uuid']} {decision} by {by}: {why or '-'}"):
        sql.run(
            db,
            "merge/insert_decision",
            {
                "team_id": merge["team_id"],
                "distinct_id": merge["distinct_id"],
                "uuid": merge["uuid"],
                "event": merge["event"],
                "decision": decision,
                "decided_by": by,
                "why": why,
                "landed_uuid": landed,
            },
        )
