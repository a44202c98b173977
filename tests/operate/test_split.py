"""A split separates ids for good, in the reader's view also for the past; only our own command can do it."""

from __future__ import annotations

from uuid import UUID, uuid4

import psycopg
import pytest

from etl.errors import IdentityError
from etl.operate import maintain, merge
from etl.operate.split import split
from etl.report.refresh import refresh
from etl.rules.identity import person_id_of
from tests.landing import moment


@pytest.fixture
def alice(land, cycle):
    """Alice's person with a device of her own (d1) and bob's (d2), which had a person of its own; all loaded."""
    land("$pageview", "d2", properties={"$device_id": "d2", "$set": {"city": "Bonn"}}, at=0)
    land("$pageview", "d1", properties={"$device_id": "d1"}, at=1)
    land("$identify", "alice", properties={"$set": {"name": "Alice"}}, at=2)
    cycle(at=3)
    land("$identify", "alice", properties={"$anon_distinct_id": "d1"}, at=4)
    land("$identify", "alice", properties={"$anon_distinct_id": "d2"}, at=5)
    land("$identify", "alice", properties={"$anon_distinct_id": "d3"}, at=6)
    cycle(at=7)
    land("$pageview", "d2", properties={"$set": {"city": "Rome"}}, at=8)
    cycle(at=9)
    return person_id_of(1, "alice")


def persons_of_events(db):
    rows = db.execute(
        "select distinct distinct_id, person_id from warehouse.events where person_id is not null"
    ).fetchall()
    assert len(rows) == len({row["distinct_id"] for row in rows})
    return {row["distinct_id"]: row["person_id"] for row in rows}


def properties_of(db, person_id):
    return db.execute("select properties from warehouse.persons where person_id = %s", (person_id,)).fetchone()[
        "properties"
    ]


@pytest.mark.parametrize("is_squashed", [False, True])
def test_a_named_id_leaves_with_its_past(db, alice, cycle, is_squashed):
    if is_squashed:
        maintain.squash(db)
    assert set(persons_of_events(db).values()) == {alice}
    made = split(db, alice, ["d2"], by="ann", why="a shared tablet")
    assert (made.kept, made.distinct_ids, made.staying) == ("alice", ["d2"], 3)
    cycle(at=20)
    assert persons_of_events(db) == {"alice": alice, "d1": alice, "d2": person_id_of(1, "d2")}
    assert properties_of(db, alice) == {"name": "Alice"}
    assert properties_of(db, person_id_of(1, "d2")) == {"city": "Rome"}
    maintain.check_invariants(db)
    maintain.squash(db)
    assert persons_of_events(db)["d2"] == person_id_of(1, "d2")
    maintain.check_invariants(db)


def test_a_whole_person_falls_into_its_ids(db, alice, cycle):
    assert split(db, alice, by="ann").distinct_ids == ["d1", "d2", "d3"]
    cycle(at=20)
    owners = db.execute("select distinct_id, person_id from warehouse.person_distinct_ids").fetchall()
    assert {row["distinct_id"]: row["person_id"] for row in owners} == {
        name: person_id_of(1, name) for name in ("alice", "d1", "d2", "d3")
    }
    maintain.check_invariants(db)


def test_the_id_that_names_the_person_may_leave_too(db, alice, cycle):
    split(db, alice, ["alice"], by="ann")
    cycle(at=20)
    others = person_id_of(1, "d1")
    assert persons_of_events(db) == {"alice": alice, "d1": others, "d2": others}
    assert properties_of(db, others) == {"city": "Rome"}
    maintain.check_invariants(db)


def test_nobody_is_active_by_it(db, alice, cycle, settings):
    split(db, alice, by="ann", why="a shared tablet")
    db.execute("update landing.event set received_at = %s where is_operator", (moment(86_400),))
    cycle(at=86_401)
    for events in ("warehouse.events", "warehouse.posthog_events"):
        found = db.execute(
            f"select count(*) as events, count(person_id) as persons from {events} where timestamp > %s",
            [moment(80_000)],
        )
        assert found.fetchone() == {"events": 3, "persons": 0}
    refresh(db, settings, now=moment(86_402))
    shown = db.execute("select extract(day from day) as day, unique_users from ops.report_day").fetchall()
    assert shown == [{"day": 1, "unique_users": 3}]  # the first day alone
    maintain.check_invariants(db)


def test_an_ordinary_identify_does_not_undo_it(db, alice, cycle, land):
    split(db, alice, ["d2"], by="ann")
    cycle(at=20)
    land("$identify", "alice", properties={"$anon_distinct_id": "d2"}, at=21, uuid=str(UUID(int=7, version=4)))
    cycle(at=22)
    assert persons_of_events(db)["d2"] == person_id_of(1, "d2")
    assert [row["uuid"] for row in merge.list_refused(db, status="open")] == [UUID(int=7, version=4)]
    land("$merge_dangerously", "alice", properties={"alias": "d2"}, at=23)
    cycle(at=24)
    assert persons_of_events(db)["d2"] == alice
    maintain.check_invariants(db)


def test_the_same_split_again_is_refused_with_a_warning(db, alice, cycle):
    split(db, alice, ["d2"], by="ann")
    split(db, alice, ["d2"], by="ann")
    cycle(at=20)
    outcomes = db.execute("select outcome, reason from warehouse.merges where event = '$split' order by landing_id")
    assert [row["outcome"] for row in outcomes] == ["split", "refused"]
    assert db.execute("select type from ops.warning").fetchall() == [{"type": "cannot_split"}]
    assert merge.list_refused(db) == []


def test_a_writer_cannot_split(db, alice, cycle):
    statement = "insert into landing.event ({}) values ({})"
    values = ("$split", "d2", '{"$split_from": "alice"}')
    db.execute("set role event_writer")
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        db.execute(statement.format("event, distinct_id, properties, is_operator", "%s, %s, %s, true"), values)
    db.execute(statement.format("event, distinct_id, properties", "%s, %s, %s"), values)
    db.execute("reset role")
    cycle(at=20)
    assert set(persons_of_events(db).values()) == {alice}
    assert db.execute("select type from ops.warning").fetchall() == [{"type": "split_without_authority"}]


@pytest.mark.parametrize(
    ("distinct_ids", "message"),
    [(["nobody"], "'nobody' is not a distinct id of person"), (["d2", "bob"], "'bob' is not a distinct id")],
)
def test_foreign_ids_are_refused_before_anything_lands(db, alice, cycle, distinct_ids, message):
    with pytest.raises(IdentityError, match=message):
        split(db, alice, distinct_ids, by="ann")
    assert cycle(at=20)["landed"] == 0


def test_persons_that_cannot_be_split(db, alice):
    with pytest.raises(IdentityError, match="There is no person"):
        split(db, uuid4(), by="ann")
    with pytest.raises(IdentityError, match=rf"was merged into {alice}.*etl split {alice} --distinct-id d1"):
        split(db, person_id_of(1, "d1"), by="ann")
