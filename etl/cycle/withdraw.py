"""Withdrawal: a file that was landed in error is taken out again, as if it had never been landed.

An operator's event says which rows of landing the file's are (``etl land --undo``). It is a batch of its own, so that
all rows before it are taken in by then and none behind it. Its load takes the file's events out: loaded ones are gone
and their keys free, held and quarantined ones end in quarantine as discarded. Who is who is then worked out again for
the ids of these events and for all ids that merging events tie to them, by the same fold, from the events and merges
that stay; so are their properties, and the groups of which the file said something.

``ops.withdrawal`` keeps what was taken out of which batch, so that ledger and audit still agree.
"""

from __future__ import annotations

from uuid import UUID

from etl import sql
from etl.cycle.batch import Batch
from etl.cycle.fold import refold_groups, refold_persons
from etl.cycle.resolve import merge_rows, person_row
from etl.quality.audit_log import entry
from etl.quality.suites import read_refusals
from etl.rules.identity import Birth, Cause, Fold, IdKey, KnownId, MergingEvent, Person, fold, person_id_of
from etl.sql import Db, Row


def take_from_buffer(db: Db, batch: Batch) -> None:
    """Take the file's held events out of the buffer, if the batch withdraws one; part of stage, before any is released.

    They go to quarantine with the batch, like rows that are set apart.
    """
    withdrawal = _read(db, batch)
    if withdrawal is None:
        return
    sql.run(db, "withdraw/collect_ranges", batch.parameters)
    held = [landing_id for (landing_id,) in sql.tuples(db, "withdraw/read_held")]
    if not held:
        return
    reason = read_refusals()["file_withdrawn"]
    with entry(db, "maintenance", f"batch {batch.batch_id} withdraws {withdrawal['name']}: held events set apart"):
        sql.run(
            db,
            "isolate/move_held",
            {
                "batch_id": batch.batch_id,
                "landing_ids": held,
                "step": "stage",
                "error": "",
                "reason": sql.json_text(reason),
                "among": 1,
                "decided_by": withdrawal["who"],
            },
        )


def withdraw(db: Db, batch: Batch) -> None:
    """Take the file out of the warehouse, if the batch withdraws one; part of load, after the batch's own row."""
    withdrawal = _read(db, batch)
    if withdrawal is None:
        return
    sql.run(db, "withdraw/collect_events", batch.parameters)
    ids = sql.tuples(db, "withdraw/read_ids")
    sql.copy_in(db, "withdraw/copy_id", ((*key, person_id_of(*key)) for key in ids))
    sql.run(db, "withdraw/collect_groups")
    sql.run(db, "withdraw/insert_withdrawal", batch.parameters)
    sql.run(db, "withdraw/delete_events")
    sql.run(db, "withdraw/delete_event_keys")
    sql.run(db, "withdraw/delete_merges")
    sql.run(db, "withdraw/delete_released_events")
    sql.run(db, "withdraw/resolve_quarantined", withdrawal)
    sql.run(db, "withdraw/clear_plan")
    _work_out_persons(db, ids)
    sql.run(db, "withdraw/note_merges", batch.parameters)
    refold_groups(db)
    _correct_counts(db)


def _read(db: Db, batch: Batch) -> Row | None:
    if batch.landed != 1:
        return None
    return sql.run(db, "withdraw/read_withdrawal", batch.parameters).fetchone()


def _work_out_persons(db: Db, ids: list[IdKey]) -> None:
    """Write persons, ids, merges and properties of the ids anew."""
    known = {key: KnownId() for key in ids}
    result = fold(_read_history(db, known), known)
    owners = _owners(known, result)
    sql.copy_in(db, "resolve/copy_merge", merge_rows(result))
    sql.copy_in(db, "resolve/copy_person", (person_row(person) for person in result.persons.values()))
    sql.copy_in(db, "withdraw/copy_distinct_id", owners)
    sql.copy_in(
        db,
        "resolve/copy_refolded_person",
        (key for key, person in result.persons.items() if person.merged_into is None),
    )
    sql.run(db, "withdraw/update_merges")
    sql.run(db, "withdraw/update_first_seen")
    sql.run(db, "withdraw/forget_persons")
    sql.run(db, "withdraw/forget_distinct_ids")
    sql.run(db, "withdraw/forget_overrides")
    refold_persons(db)
    sql.run(db, "load/insert_person")
    sql.run(db, "load/insert_distinct_id")
    sql.run(db, "withdraw/insert_personless")
    sql.run(db, "withdraw/stamp_events")


def _read_history(db: Db, known: dict[IdKey, KnownId]) -> list[MergingEvent]:
    """The merging events that stay, and into ``known`` the births; places are numbered over both."""
    births = sql.tuples(db, "withdraw/read_births")
    merges = sql.tuples(db, "withdraw/read_merges")
    positions = {(xid, landing_id) for _, _, xid, landing_id, *_ in births} | {row[:2] for row in merges}
    ordinals = {position: ordinal for ordinal, position in enumerate(sorted(positions), start=1)}
    for team_id, distinct_id, xid, landing_id, is_hold, born_at, timestamp, uuid in births:
        known[team_id, distinct_id].births += (Birth(born_at, ordinals[xid, landing_id], is_hold, timestamp, uuid),)
    return [MergingEvent(ordinals[xid, landing_id], landing_id, *columns) for xid, landing_id, *columns in merges]


def _owners(known: dict[IdKey, KnownId], result: Fold) -> list[tuple[int, str, UUID, Cause, UUID]]:
    """The person of each id that has one, and what gave it the first one; adds persons that ordinary events bear."""
    ties = {tie.key: (tie.cause, tie.cause_uuid) for tie in reversed(result.ties)}
    owners = []
    for key, each in known.items():
        if each.person is None and each.births:
            birth = min(each.births, key=lambda birth: birth.order)
            each.person = Person(
                team_id=key[0],
                person_id=person_id_of(*key),
                distinct_id=key[1],
                is_identified=False,
                created_at=birth.timestamp,
                created_by_uuid=birth.uuid,
                is_new=True,
            )
            result.persons[key[0], each.person.person_id] = each.person
            ties[key] = ("hold_expired" if birth.is_hold else "event", birth.uuid)
        if each.person is not None:
            owners.append((*key, each.person.survivor.person_id, *ties[key]))
    return owners


def _correct_counts(db: Db) -> None:
    """What the page and maintenance have counted by day."""
    days = sorted({row["day"] for row in sql.run(db, "withdraw/forget_active_ids")})
    sql.run(db, "withdraw/insert_active_ids", {"days": days})
    sql.run(db, "report/replace_days", {"days": days})
    sql.run(db, "withdraw/forget_report_days", {"days": days})
    sql.run(db, "withdraw/forget_user_days")
