"""Splits: distinct ids that were joined by mistake are separated by events that the next cycle applies."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

from etl import sql
from etl.errors import IdentityError
from etl.operate import operator_event
from etl.sql import Db, Row


@dataclass(frozen=True)
class LandedSplit:
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
) -> LandedSplit:
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
            operator_event.land(
                db,
                team_id=person["team_id"],
                distinct_id=name,
                uuid=uuid4(),
                event="$split",
                properties={"$split_from": kept},
                by=by,
                why=why,
            )
    return LandedSplit(person["team_id"], person_id, kept, leaving, len(owned) - len(leaving))


def _person(db: Db, person_id: UUID, team_id: int | None) -> Row:
    found = sql.run(db, "split/read_person", {"person_id": person_id, "team_id": team_id}).fetchone()
    if found is None:
        raise IdentityError(
            f"There is no person {person_id}: `etl explain --distinct-id ID` shows the person of an id."
        )
    if found["merged_into"] is not None:
        raise IdentityError(
            f"Person {person_id} was merged into {found['merged_into']}. To separate it again: "
            f"`etl split {found['merged_into']} --distinct-id {found['distinct_id']} --why TEXT`."
        )
    return found
