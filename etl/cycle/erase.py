"""Erasure: a person is made nobody, in everything that is stored.

An operator's event says whom (``etl person erase``). It is a batch of its own, so that all rows before it are taken in
by then and none behind it. Its load writes a random id in the place of each distinct id of the person, and the person
ids that follow from these in the place of theirs, and takes away what the events said, wherever they stand: landing,
buffer, quarantine, warehouse. Uuids, names and times of events stay, and who merged with whom. So every count stays as
it was counted, an event that is sent again is still a duplicate, and a replay of landing gives the same.

A property is taken out of all persons, groups and events of a project (``etl property erase``) in the same way. An
erasure of events only, all or those of a range of time, empties them too, and leaves whose they are.

``ops.amendment`` keeps by what the digests of other batches changed, so that the audit still agrees.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from etl import sql
from etl.cycle.batch import Batch
from etl.cycle.fold import refold_groups, refold_persons
from etl.quality.suites import read_refusals
from etl.rules.identity import person_id_of
from etl.rules.property_state import State, read_state, without_key, without_times, write_state
from etl.sql import Db

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# Read at a time.
_STATES = 100

PREFIX = "$erased-"
"""Of the ids that stand where erased ones stood."""


@dataclass(frozen=True)
class Erasure:
    """What is asked for.

    Attributes:
        team_id: the project.
        landing_id: of the operator's event.
        uuid: of the operator's event.
        asked_at: when it was landed.
        distinct_id: of the person; all ids of the person are erased. None: a property is.
        property: its name; of every person, group and event of the project. None: a person is erased.
        asked_by: who decided.
        why: the reason.
        erased_ids: in a replay of landing, the ids that stand in the place of the person's already.
        is_events_only: only what events have said is erased; the person and its ids stay.
        since_at: of the events only those of then or later, by event time; what has none, by arrival.
        until_at: of the events only those before.
    """

    team_id: int
    landing_id: int
    uuid: UUID
    asked_at: datetime
    distinct_id: str | None
    property: str | None
    asked_by: str
    why: str
    erased_ids: list[str]
    is_events_only: bool = False
    since_at: datetime | None = None
    until_at: datetime | None = None


def erase(db: Db, batch: Batch) -> bool:
    """Erase the person, if the batch does; part of load, after the batch's own row. False: the batch erases nobody."""
    if batch.landed != 1:
        return False
    erasure = sql.record(db, Erasure, "erase/read_erasure", batch.parameters)
    if erasure is None:
        return False
    counts = rewrite(db, erasure, batch.upper_xid, batch.upper_landing_id)
    if erasure.property is None:
        # The operator's own event is one of each.
        counts["landing_rows"] -= 1
        counts["events"] -= 1
    sql.run(db, "erase/insert_amendments", batch.parameters)
    sql.run(db, "erase/insert_erased_ids", vars(erasure))
    sql.run(
        db,
        "erase/insert_erasure",
        {**vars(erasure), "batch_id": batch.batch_id, "counts": sql.json_text(counts)},
    )
    return True


def rewrite(db: Db, erasure: Erasure, upper_xid: str, upper_landing_id: int) -> dict[str, int]:
    """Write the person out of every table; how many rows of what.

    Args:
        db: in a transaction, with the cycle lock.
        erasure: whom.
        upper_xid: with ``upper_landing_id`` the last position of landing that counts: what is behind it is of somebody
            new.
        upper_landing_id: see ``upper_xid``.
    """
    upto = {"upper_xid": upper_xid, "upper_landing_id": upper_landing_id}
    # The plan of the batch's own row and of what it released is carried out; its tables serve once more.
    sql.run(db, "withdraw/clear_plan")
    if erasure.property is not None:
        return _rewrite_property(db, {**vars(erasure), **upto})
    former = [row["distinct_id"] for row in sql.run(db, "erase/read_ids", vars(erasure))]
    team_id = erasure.team_id
    ids = [(name, name if erasure.is_events_only else f"{PREFIX}{uuid4()}") for name in former]
    sql.copy_in(
        db,
        "erase/copy_id",
        ((team_id, name, person_id_of(team_id, name), new, person_id_of(team_id, new)) for name, new in ids),
    )
    parameters: dict[str, Any] = {
        **vars(erasure),
        **upto,
        "ids": former + [str(person_id_of(team_id, name)) for name in former],
        "reason": sql.json_text(read_refusals()["erased"]),
    }
    sql.run(db, "erase/collect_loaded", parameters)
    sql.run(db, "erase/collect_erasure", parameters)
    sql.run(db, "erase/collect_held", parameters)
    sql.run(db, "erase/collect_refused", parameters)
    sql.run(db, "erase/collect_landed", parameters)
    if not erasure.is_events_only:
        sql.run(db, "erase/collect_naming")
        sql.run(db, "erase/write_other_ids")
        sql.run(db, "erase/write_erased_ids")
    groups = sql.run(db, "erase/collect_groups").rowcount
    _erase_dropped(db, erasure)
    sql.run(db, "erase/rewrite_landing")
    sql.run(db, "erase/rewrite_events")
    held = sql.run(db, "erase/rewrite_held").rowcount
    sql.run(db, "erase/rewrite_held_payloads")
    sql.run(db, "erase/rewrite_refused", parameters)
    sql.run(db, "erase/rewrite_set_apart", parameters)
    sql.run(db, "erase/rewrite_warnings")
    known = people = 0
    if erasure.is_events_only:
        sql.run(db, "erase/collect_persons")
        refold_persons(db)
        sql.run(db, "load/update_person_properties")
    else:
        known, people = _rename(db, parameters)
    refold_groups(db)
    sql.run(db, "erase/rewrite_plan")
    rewritten = {row["name"]: row["events"] for row in sql.run(db, "erase/count_rewritten")}
    return {
        "persons": people,
        "distinct_ids": known,
        "landing_rows": rewritten.get("landing", 0),
        "events": rewritten.get("events", 0),
        "held_events": held,
        "quarantined_rows": rewritten.get("refused", 0),
        "merges": rewritten.get("merges", 0),
        "warnings": rewritten.get("warnings", 0),
        "groups": groups,
        **sql.one(db, "erase/count_left", parameters),
    }


def _rewrite_property(db: Db, parameters: dict[str, Any]) -> dict[str, int]:
    """Write a property out of every table; persons and groups are folded again from events that do not say it."""
    sql.run(db, "erase_property/rewrite_landing", parameters)
    sql.run(db, "erase_property/rewrite_events", parameters)
    sql.run(db, "erase_property/rewrite_refused", parameters)
    sql.run(db, "erase_property/rewrite_warnings", parameters)
    sql.run(db, "erase_property/rewrite_held", parameters)
    _erase_dropped_property(db, parameters)
    people = sql.run(db, "erase_property/collect_persons", parameters).rowcount
    people += sql.run(db, "erase_property/clear_merged_persons", parameters).rowcount
    refold_persons(db)
    sql.run(db, "load/update_person_properties")
    groups = sql.run(db, "erase_property/collect_groups", parameters).rowcount
    refold_groups(db)
    rewritten = {row["name"]: row["events"] for row in sql.run(db, "erase/count_rewritten")}
    return {
        "persons": people,
        "landing_rows": rewritten.get("landing", 0),
        "events": rewritten.get("events", 0),
        "quarantined_rows": rewritten.get("refused", 0),
        "warnings": rewritten.get("warnings", 0),
        "groups": groups,
    }


def _erase_dropped(db: Db, erasure: Erasure) -> None:
    """Take out what events had said that retention has dropped since; of a range of time what still counts."""
    since, until = _microseconds(erasure.since_at), _microseconds(erasure.until_at)

    def left(state: State) -> State:
        return State() if since is None and until is None else without_times(state, since, until)

    _rewrite_dropped(db, "erase/read_dropped_states", "event_retention/copy_id", {}, left)
    sql.run(db, "erase/update_dropped_states")


def _erase_dropped_property(db: Db, parameters: dict[str, Any]) -> None:
    """Take a property out of what events had said that retention has dropped since."""
    for read, written in (
        ("erase_property/read_dropped_states", "event_retention/copy_id"),
        ("erase_property/read_dropped_groups", "event_retention/copy_group"),
    ):
        _rewrite_dropped(db, read, written, parameters, lambda state: without_key(state, parameters["property"]))
    sql.run(db, "erase/update_dropped_states")
    sql.run(db, "event_retention/upsert_groups")


def _rewrite_dropped(
    db: Db, read: str, written: str, parameters: dict[str, Any], left: Callable[[State], State]
) -> None:
    """Write what is left of each state that a statement reads."""
    rows = itertools.chain.from_iterable(sql.stream(db, read, parameters, size=_STATES))
    states = ((*key, write_state(left(read_state(state)))) for *key, state in rows)
    sql.copy_in_parts(db, written, states)


def _microseconds(at: datetime | None) -> int | None:
    return None if at is None else (at - _EPOCH) // timedelta(microseconds=1)


def _rename(db: Db, parameters: dict[str, Any]) -> tuple[int, int]:
    """Write the new ids wherever the former ones stand besides events; how many distinct ids and persons."""
    sql.run(db, "erase/rewrite_event_keys")
    sql.run(db, "erase/rewrite_dropped_event_keys")
    sql.run(db, "erase/rewrite_dropped_ids")
    sql.run(db, "erase/rewrite_dropped_births")
    sql.run(db, "erase/rewrite_released")
    sql.run(db, "erase/rewrite_merges")
    sql.run(db, "erase/rewrite_active_ids")
    sql.run(db, "erase/rewrite_overrides")
    known = sql.run(db, "erase/rewrite_distinct_ids").rowcount
    people = sql.run(db, "erase/rewrite_persons").rowcount
    sql.run(db, "erase/rewrite_cohorts")
    sql.run(db, "erase/rewrite_decisions", parameters)
    sql.run(db, "erase/rewrite_reasons", parameters)
    sql.run(db, "erase/clear_examples", parameters)
    sql.run(db, "erase/clear_file_examples", parameters)
    sql.run(db, "erase/clear_messages", parameters)
    sql.run(db, "erase/clear_labels", parameters)
    return known, people
