"""What became of an event, and why a distinct id is the person it is: read from the record, nothing is guessed.

An event is found wherever it may be: waiting in landing, held, loaded, quarantined, or delivered again. Everything
but the landing row itself is answered too after landing's partition has been dropped.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any
from uuid import UUID

from etl import sql
from etl.sql import Db, Row

Story = dict[str, Any]


def explain_event(db: Db, uuid: str, *, team_id: int | None = None) -> list[Story]:
    """The story of each event with a uuid: one, unless several names, ids or projects share it; never none.

    Args:
        db: the warehouse.
        uuid: as the client wrote it, which need not be a uuid at all.
        team_id: only events of this project.

    Returns:
        Dicts with ``state`` (loaded, held, quarantined, dropped, waiting, withdrawn, unknown) and ``answer``, one
        sentence; where there is one, the event's names and times, ``landing`` (each delivery), ``batch``, ``hold``,
        ``person``, ``history``, ``warnings`` and ``quarantine``.
    """
    with db.transaction():
        rows = sql.run(db, "explain/find_landing_rows", {"uuid": uuid, "team_id": team_id}).fetchall()
        stories = [*_loaded(db, uuid, team_id), *_held(db, uuid, team_id), *_quarantined(db, uuid, team_id)]
        stories += _dropped(db, uuid, team_id)
        told = {story["landing_id"]: story for story in stories}
        for row in rows:
            row["source"] = sql.run(db, "land/find_source", row).fetchone()
            row["role"] = _role(row, told)
            if row["role"] == "new":
                stories.append(_waiting(row))
        if not stories:
            stories = [_withdrawn(row) for row in rows if row["role"] == "withdrawn"][-1:]
        for story in stories:
            _add_deliveries(db, story, rows)
            found = sql.run(
                db, "explain/read_warnings", {"uuid": story["uuid"], "distinct_id": None, "team_id": story["team_id"]}
            )
            others = told.keys() - {story["landing_id"]}
            story["warnings"] = [warning for warning in found if warning["landing_id"] not in others]
        return stories or [_unknown(db, uuid)]


def explain_distinct_id(
    db: Db, distinct_id: str, *, team_id: int | None = None, at: datetime | None = None
) -> list[Story]:
    """Who a distinct id is, in each project that knows it: never none.

    Args:
        db: the warehouse.
        distinct_id: byte for byte.
        team_id: only this project.
        at: who it was at this moment, by the arrival clock; adds ``as_of`` to each story.
    """
    question = {"uuid": None, "distinct_id": distinct_id, "team_id": team_id}
    with db.transaction():
        stories = [_story_of_id(db, row, at) for row in sql.run(db, "explain/read_id", question)]
        held = sql.run(db, "explain/read_held", question).fetchall()
        stories.extend(
            {
                "team_id": known,
                "distinct_id": distinct_id,
                "state": "held",
                "answer": "No person yet: its events are held until a merging event names it or their time is over.",
            }
            for known in {row["team_id"] for row in held} - {story["team_id"] for story in stories}
        )
        for story in stories:
            of_project = {**question, "team_id": story["team_id"]}
            story["held"] = [row for row in held if row["team_id"] == story["team_id"]]
            story["warnings"] = sql.run(db, "explain/read_warnings", of_project).fetchall()
            story["quarantine"] = sql.run(db, "explain/read_quarantined", of_project).fetchall()
        return stories or [
            {
                "team_id": team_id,
                "distinct_id": distinct_id,
                "state": "unknown",
                "answer": "No loaded or held event and no merging event names this id. Ids are compared byte for byte: "
                "look at case and white space. What landed just now is known after the next cycle.",
                "quarantine": sql.run(db, "explain/read_quarantined", question).fetchall(),
            }
        ]


def explain_person(db: Db, person_id: UUID, *, team_id: int | None = None) -> list[Story]:
    """A person, its ids and the merging events that name them: never none."""
    with db.transaction():
        persons = sql.run(db, "explain/read_person", {"person_id": person_id, "team_id": team_id}).fetchall()
        return [_story_of_person(db, person) for person in persons] or [
            {"team_id": team_id, "state": "unknown", "answer": f"There is no person {person_id} in the warehouse."}
        ]


def _loaded(db: Db, uuid: str, team_id: int | None) -> list[Story]:
    if not _is_uuid(uuid):
        return []
    stories = []
    for event in sql.run(db, "explain/read_loaded", {"uuid": uuid, "team_id": team_id}).fetchall():
        hold = sql.run(db, "explain/read_hold", event).fetchone()
        answer = f"Loaded by batch {event['batch_id']} " + _loaded_with(event["person_id_at_load"], event["person_id"])
        stories.append({
            **event,
            "state": "loaded",
            "answer": answer,
            "batch": _batch(db, event["batch_id"]),
            "hold": hold,
            "person": _person(db, event["team_id"], event["person_id"]),
            "history": sql.run(db, "explain/read_history", event).fetchall(),
        })
    return stories


def _dropped(db: Db, uuid: str, team_id: int | None) -> list[Story]:
    if not _is_uuid(uuid):
        return []
    return [
        {
            **event,
            "state": "dropped",
            "answer": f"Loaded; retention dropped it on {event['dropped_at']:%Y-%m-%d} or before. What it said of its "
            "person stays, and it is not loaded again.",
        }
        for event in sql.run(db, "explain/read_dropped", {"uuid": uuid, "team_id": team_id}).fetchall()
    ]


def _loaded_with(then: UUID | None, now: UUID | None) -> str:
    if now is None:
        return "without a person: a $groupidentify makes none, and its id has none."
    if then is None:
        return f"without a person: a $groupidentify makes none. Its id has person {now} by now."
    return f"with person {then}" + (
        ", which it still has." if now == then else f"; its person is {now} now, by a merge since."
    )


def _held(db: Db, uuid: str, team_id: int | None) -> list[Story]:
    if not _is_uuid(uuid):
        return []
    question = {"uuid": uuid, "distinct_id": None, "team_id": team_id}
    return [
        {
            **event,
            "state": "held",
            "answer": f"Held since {event['arrived_at']:%H:%M:%S} UTC, because it is not anonymous, not an $identify, "
            f"and no person has the id {event['distinct_id']!r}; released at {event['due_at']:%Y-%m-%d %H:%M:%S} UTC "
            "(arrival clock), or earlier by the first event that ties the id to a person.",
            "batch": _batch(db, event["held_by_batch_id"]),
        }
        for event in sql.run(db, "explain/read_held", question).fetchall()
    ]


def _quarantined(db: Db, uuid: str, team_id: int | None) -> list[Story]:
    question = {"uuid": uuid, "distinct_id": None, "team_id": team_id}
    return [
        {
            **event,
            "state": "quarantined",
            "answer": "Refused by the gate and kept whole in quarantine.event: "
            + "; ".join(str(reason.get("reason")) for reason in event["reasons"])
            + ".",
            "batch": _batch(db, event["batch_id"]),
            "quarantine": event["reasons"],
        }
        for event in sql.run(db, "explain/read_quarantined", question).fetchall()
    ]


def _role(row: Row, told: Collection[int]) -> str:
    if row["landing_id"] in told:
        return "this one"
    if not row["is_taken"]:
        return "new"
    return "withdrawn" if row["source"] and row["source"]["undone_at"] else "delivered again"


def _withdrawn(row: Row) -> Story:
    source = row["source"]
    answer = (
        f"Taken out again with the file {source['name']}, of which somebody said on "
        f"{source['undone_at']:%Y-%m-%d %H:%M} UTC that it had been landed in error."
    )
    return {**_names(row), "state": "withdrawn", "answer": answer}


def _names(row: Row) -> Story:
    names = ("team_id", "uuid", "event", "distinct_id", "received_at", "landing_id", "xid", "batch_id")
    return {name: row[name] for name in names}


def _waiting(row: Row) -> Story:
    if row["batch_id"] is not None:
        answer = (
            f"Batch {row['batch_id']} has taken it up and is not loaded yet; the next run of the cycle finishes it."
        )
    elif row["is_readable"]:
        answer = "In landing, not taken yet: the next cycle takes it."
    else:
        answer = (
            "In landing, behind a transaction that is still open: it waits for that one to end, so that no row is "
            "skipped. `etl status` names it."
        )
    return {**_names(row), "state": "waiting", "answer": answer}


def _unknown(db: Db, uuid: str) -> Story:
    watermark = sql.one(db, "explain/read_watermark")
    since = f"since {watermark['oldest_arrival']:%Y-%m-%d %H:%M} UTC" if watermark["oldest_arrival"] else "and is empty"
    if _is_uuid(uuid):
        answer = (
            "No event with this uuid was loaded, is held, was quarantined, or stands in landing (which is kept "
            f"{since}). It has not arrived: see whether the client got an answer 200 and sent to the right address and "
            "project. `etl explain --distinct-id ID` finds it if the uuid differs."
        )
    else:
        answer = (
            f"{uuid!r} is not a uuid, so no event was loaded or is held under it, and none in quarantine or in landing "
            f"(which is kept {since}) was sent with it. Give the whole uuid, or the sender: `--distinct-id ID`."
        )
    return {"uuid": uuid, "team_id": None, "state": "unknown", "answer": answer}


def _add_deliveries(db: Db, story: Story, rows: list[Row]) -> None:
    mine = [
        row
        for row in rows
        if row["team_id"] == story["team_id"]
        and (row["landing_id"] == story["landing_id"] or (row["is_taken"] and _is_same_event(row, story)))
    ]
    if story["landing_id"] is not None and story["landing_id"] not in {row["landing_id"] for row in mine}:
        # The server made its uuid, or the row is gone with its partition.
        found = sql.run(db, "explain/read_landing_row", story).fetchone()
        if found:
            source = sql.run(db, "land/find_source", found).fetchone()
            mine = [{**found, "role": "this one", "source": source}, *mine]
    story["landing"] = mine
    story["is_landing_dropped"] = story["landing_id"] not in {row["landing_id"] for row in mine}
    again = sum(row["role"] == "delivered again" for row in mine)
    if again:
        story["answer"] += f" It was delivered {again} more time{'s' if again > 1 else ''}: counted as duplicate."


def _is_same_event(row: Row, story: Story) -> bool:
    """As far as landing says; an id may stand in the properties, and what was refused may lack a name."""
    return all(
        row[name] is None or story[name] is None or row[name][:200] == story[name][:200]
        for name in ("event", "distinct_id")
    )


def _story_of_id(db: Db, row: Row, at: datetime | None) -> Story:
    story: Story = {**row, **sql.one(db, "explain/count_events", row)}
    if row["is_personless"]:
        story["state"], story["answer"] = "personless", "Seen in personless events only: it has no person."
    else:
        story["state"], story["answer"] = "known", f"Its person is {row['person_id']}."
        story["person"] = _person(db, row["team_id"], row["person_id"])
        story["history"] = sql.run(db, "explain/read_history", row).fetchall()
    if at is not None:
        then = sql.one(db, "explain/read_person_at", {**row, "at": at})["person_id"]
        story["as_of"] = {"at": at, "person_id": then}
        who = f"it was person {then}" if then else "it had no person"
        story["answer"] = f"At {at:%Y-%m-%d %H:%M:%S} UTC (arrival clock) {who}. " + story["answer"]
    return story


def _story_of_person(db: Db, person: Row) -> Story:
    survivor = person["merged_into"]
    return {
        "team_id": person["team_id"],
        "state": "merged" if survivor else "living",
        "answer": f"It was merged: its ids belong to {survivor} now." if survivor else "It is a living person.",
        "person": _with_ids(db, person),
        "merges": sql.run(
            db, "explain/read_merges", {**person, "person_id": survivor or person["person_id"]}
        ).fetchall(),
    }


def _person(db: Db, team_id: int, person_id: UUID | None) -> Row | None:
    person = sql.run(db, "explain/read_person", {"person_id": person_id, "team_id": team_id}).fetchone()
    return None if person is None else _with_ids(db, person)


def _with_ids(db: Db, person: Row) -> Row:
    ids = sql.run(db, "explain/read_person_ids", person).fetchall()
    return {
        **person,
        "distinct_ids": [row["distinct_id"] for row in ids],
        "distinct_id_count": ids[0]["distinct_ids"] if ids else 0,
    }


def _batch(db: Db, batch_id: int) -> Row | None:
    return sql.run(db, "explain/read_batch", {"batch_id": batch_id}).fetchone()


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
