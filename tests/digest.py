"""Everything that must not depend on how the log was cut into batches, as one comparable value."""

from __future__ import annotations

from typing import Any

from etl.sql import Db
from tests.rules.oracle import Model

Digest = dict[str, dict[Any, Any]]


def digest_of_warehouse(db: Db) -> Digest:
    """What readers see: persons, ids, merges, events, and how many rows were set apart."""
    persons = db.execute("select * from warehouse.person").fetchall()
    return {
        "persons": {
            (row["team_id"], row["person_id"]): (
                row["created_at"],
                str(row["created_by_uuid"]),
                row["is_identified"],
                row["merged_into"],
            )
            for row in persons
        },
        # What a person had that was merged away is the survivor's; what its own row keeps, nobody reads.
        "properties": {
            (row["team_id"], row["person_id"]): row["properties"] for row in persons if row["merged_into"] is None
        },
        "distinct ids": {
            (row["team_id"], row["distinct_id"]): (row["person_id"], row["first_seen_at"])
            for row in db.execute("select * from warehouse.person_distinct_id where not is_personless")
        },
        "merges": {
            (row["team_id"], row["distinct_id"], row["event"], str(row["uuid"])): (
                row["outcome"],
                row["target_person_id"],
                row["source_person_id"],
                row["person_id"],
            )
            for row in db.execute("select * from warehouse.merges")
        },
        "events": {
            (row["team_id"], row["distinct_id"], row["event"], str(row["uuid"])): row["person_id"]
            for row in db.execute("select * from warehouse.events")
        },
        "counts": db.execute(
            "select (select count(*) from warehouse.events) as loaded, (select count(*) from buffer.event) as held, "
            "coalesce(sum(quarantined), 0)::int as quarantined, coalesce(sum(duplicate), 0)::int as duplicate "
            "from ops.batch"
        ).fetchone()
        or {},
    }


def digest_of_model(model: Model) -> Digest:
    """The same of the model."""
    events = model.event_persons()
    persons = {(person.team_id, person.id): person for person in model.persons}
    return {
        "persons": {
            key: (
                person.created_at,
                person.created_by,
                person.is_identified,
                person.survivor.id if person.merged_into else None,
            )
            for key, person in persons.items()
        },
        "properties": {
            key: model.properties_of(person) for key, person in persons.items() if person.merged_into is None
        },
        "distinct ids": {key: (person.id, model.first_seen(key)) for key, person in model.person_of.items()},
        "merges": {
            key: (merge.outcome, merge.target, merge.source, merge.person) for key, merge in model.merges.items()
        },
        # By a split nobody was active.
        "events": {key: person if key[2] != "$split" else None for key, person in events.items()},
        "counts": {
            "loaded": len(events),
            "held": len(model.accepted) - len(events),
            "quarantined": model.quarantined,
            "duplicate": model.duplicates,
        },
    }


def reset(db: Db) -> None:
    """Empty landing, buffer, quarantine, warehouse and the ledger, as in a new database; projects stay.

    Deleting is fast where truncating some fifty small relations is not.
    """
    db.execute(
        "delete from landing.event; delete from buffer.event; delete from buffer.released_event; "
        "delete from quarantine.event; delete from warehouse.stored_event; delete from warehouse.event_key; "
        "delete from warehouse.person; delete from warehouse.person_distinct_id; "
        "delete from warehouse.person_override; delete from warehouse.merge; delete from ops.batch; "
        "delete from ops.warning; delete from ops.expectation_result; delete from ops.batch_project; "
        "delete from ops.audit_entry; delete from ops.withdrawal; delete from ops.set_apart; "
        "delete from ops.amendment; delete from ops.erasure; delete from ops.erased_id; "
        "delete from ops.removed_project; delete from ops.moved_project; "
        "delete from ops.dropped_landing; delete from ops.dropped_events; delete from ops.dropped_id; "
        "delete from ops.dropped_birth; delete from ops.dropped_group; "
        "update ops.watermark set xid = '0', landing_id = 0, newest_landing_id = 0, "
        "arrival_clock = '0001-01-01 00:00:00+00', as_of = '0001-01-01 00:00:00+00'"
    )
