"""`etl explain` answers for an event wherever it is, and for an id at any time; the analysts' views after a merge."""

from __future__ import annotations

import json
import random
from uuid import UUID

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli
from etl.operate.explain import explain_distinct_id, explain_event, explain_person
from etl.operate.maintain import drop_expired_partitions
from etl.operate.split import split
from etl.rules.identity import person_id_of
from tests.landing import moment

ALICE, BOB = person_id_of(1, "alice"), person_id_of(1, "bob")


def uuid_of(n: int) -> str:
    return str(UUID(int=n << 90, version=4))


@pytest.fixture
def signup(land, cycle):
    """The signup story: the backend's event (2) is held and rescued by the identify (3)."""
    land("$pageview", "d1", properties={"$device_id": "d1"}, at=0, uuid=uuid_of(1))
    land("User created", "alice", at=2, uuid=uuid_of(2))
    cycle(at=5)
    land("$identify", "alice", properties={"$anon_distinct_id": "d1"}, at=10, uuid=uuid_of(3))
    cycle(at=11)


@pytest.fixture
def etl(database, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("COLUMNS", "200")
    return lambda *arguments: CliRunner().invoke(cli.app, arguments, catch_exceptions=False)


def test_a_rescued_event(db, signup, etl):
    (story,) = explain_event(db, uuid_of(2))
    assert (story["state"], story["batch"]["batch_id"]) == ("loaded", 2)
    hold = story["hold"]
    assert (hold["is_rescued"], hold["held_at"], hold["due_at"]) == (True, moment(2), moment(62))
    assert (str(hold["released_by_uuid"]), hold["released_by_event"]) == (uuid_of(3), "$identify")
    (step,) = story["history"]
    assert (str(step["uuid"]), step["since_at"]) == (uuid_of(3), moment(10))
    assert (step["distinct_id"], step["source_distinct_id"], step["outcome"]) == ("alice", "d1", "attached")
    assert story["person"]["distinct_ids"] == ["d1", "alice"] or story["person"]["distinct_ids"] == ["alice", "d1"]
    shown = etl("explain", uuid_of(2))
    assert shown.exit_code == 0
    assert "released before 2022-07-01 12:01:02" in shown.output
    assert f"the id gained its person by $identify of 'alice', {uuid_of(3)}" in shown.output
    assert json.loads(etl("explain", uuid_of(2), "--json").output)[0]["state"] == "loaded"


def test_an_event_that_is_held_now(db, land, cycle, etl):
    land("Order", "carl", at=0, uuid=uuid_of(4))
    cycle(at=1)
    (story,) = explain_event(db, uuid_of(4))
    assert (story["state"], story["due_at"]) == ("held", moment(60))
    assert "released at 2022-07-01 12:01:00 UTC" in story["answer"]
    (of_id,) = explain_distinct_id(db, "carl")
    assert (of_id["state"], str(of_id["held"][0]["uuid"])) == ("held", uuid_of(4))
    assert "until 2022-07-01 12:01:00 at the latest" in etl("explain", "--distinct-id", "carl").output


def test_an_event_not_taken_yet(db, land, database):
    land("Order", "carl", uuid=uuid_of(5))
    with psycopg.connect(database) as writer:
        writer.execute("insert into landing.event (event, distinct_id, uuid) values ('a', 'b', %s)", (uuid_of(6),))
        (story,) = explain_event(db, uuid_of(5).upper())
        assert (story["state"], story["answer"]) == ("waiting", "In landing, not taken yet: the next cycle takes it.")
        assert explain_event(db, uuid_of(6))[0]["state"] == "unknown"
        land("Order", "carl", uuid=uuid_of(7))
        assert "behind a transaction that is still open" in explain_event(db, uuid_of(7))[0]["answer"]


def test_a_quarantined_event_also_with_a_malformed_uuid(db, land, cycle, etl):
    land("Order", None, at=0, uuid=uuid_of(8))
    land("Order", "carl", at=0, uuid="order-77")
    cycle(at=1)
    (story,) = explain_event(db, uuid_of(8))
    assert (story["state"], story["quarantine"][0]["column"]) == ("quarantined", "distinct_id_length")
    (story,) = explain_event(db, "ORDER-77")
    assert (story["state"], len(story["landing"])) == ("quarantined", 1)
    assert "quarantine" in etl("explain", "order-77").output
    assert explain_distinct_id(db, "carl")[0]["quarantine"][0]["uuid"] == "order-77"


def test_a_duplicate(db, signup, land, cycle):
    land("User created", "alice", at=20, uuid=uuid_of(2), properties={"other": 1})
    cycle(at=21)
    (story,) = explain_event(db, uuid_of(2))
    assert [row["role"] for row in story["landing"]] == ["this one", "delivered again"]
    assert "It was delivered 1 more time: counted as duplicate." in story["answer"]
    assert [row["type"] for row in story["warnings"]] == ["duplicate_with_other_payload"]


def test_an_unknown_event(db, signup, etl):
    (story,) = explain_event(db, uuid_of(99))
    assert story["state"] == "unknown"
    assert "has not arrived" in story["answer"]
    assert etl("explain", uuid_of(99)).exit_code == 1
    unreadable = etl("explain", "order-77")
    assert unreadable.exit_code == 1
    assert unreadable.output.startswith("unknown     'order-77' is not a uuid, so no event was loaded")
    assert unreadable.output.count("\n") == 1
    assert etl("explain", "--distinct-id", "Alice").exit_code == 1
    assert etl("explain", "--person", uuid_of(1)).exit_code == 1


def test_after_landing_was_dropped(db, settings, land, cycle, etl):
    day = db.execute("select current_date - 40 as day").fetchone()["day"]
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', %s)", (day,))
    land("$identify", "alice", properties={"$anon_distinct_id": "d"}, received_at=str(day), uuid=uuid_of(1))
    land("$identify", "", received_at=str(day), uuid=uuid_of(2))
    cycle()
    assert drop_expired_partitions(db, settings)
    loaded, quarantined = explain_event(db, uuid_of(1))[0], explain_event(db, uuid_of(2))[0]
    assert (loaded["state"], quarantined["state"]) == ("loaded", "quarantined")
    assert (loaded["landing"], loaded["is_landing_dropped"]) == ([], True)
    assert "its partition has been dropped" in etl("explain", uuid_of(1)).output


def test_a_person_that_was_merged(db, signup, land, cycle, etl):
    land("$identify", "bob", at=20)
    land("$merge_dangerously", "bob", properties={"alias": "alice"}, at=21, uuid=uuid_of(9))
    cycle(at=22)
    (story,) = explain_person(db, person_id_of(1, "d1"))
    assert (story["state"], story["person"]["merged_into"]) == ("merged", BOB)
    assert [str(merge["uuid"]) for merge in story["merges"]] == [uuid_of(9), uuid_of(3)]
    (event,) = explain_event(db, uuid_of(1))
    assert (event["person_id"], event["person_id_at_load"]) == (BOB, person_id_of(1, "d1"))
    assert "merges" in etl("explain", "--person", str(BOB)).output


def test_who_an_id_was_at_each_time(db, signup, land, cycle, etl):
    """Born, merged away with its person, split off, merged back: a merging event each, by the clock of arrival."""
    d1 = person_id_of(1, "d1")
    land("$merge_dangerously", "bob", properties={"alias": "alice"}, at=20)
    land("$merge_dangerously", "carl", properties={"alias": "bob"}, at=30)
    cycle(at=31)
    land("$identify", "carl", at=32)
    cycle(at=33)
    land("$split", "d1", properties={"$split_from": "carl"}, at=40, is_operator=True)
    cycle(at=41)
    land("$merge_dangerously", "dora", properties={"alias": "d1"}, at=50)
    cycle(at=51)
    present = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'd1'").fetchone()

    def at(seconds, distinct_id="d1"):
        row = db.execute("select warehouse.person_at(1, %s, %s) as id", (distinct_id, moment(seconds))).fetchone()
        return row["id"]

    assert at(-1) is None
    assert [at(0), at(9), at(10), at(19)] == [d1] * 4
    assert [at(20), at(40), at(50)] == [d1] * 3  # d1's person is the one that survives each attachment
    assert at(50) == present["person_id"]
    assert [at(9, "alice"), at(10, "alice"), at(39, "alice")] == [None, d1, d1]
    rest = db.execute("select person_id from warehouse.person_distinct_ids where distinct_id = 'alice'").fetchone()
    assert at(40, "alice") == rest["person_id"] != d1
    assert at(40, "bob") == at(40, "carl") == at(99, "carl") == rest["person_id"]
    shown = etl("explain", "--distinct-id", "alice", "--as-of", "2022-07-01T12:00:15")
    assert f"At 2022-07-01 12:00:15 UTC (arrival clock) it was person {d1}" in shown.output


def test_history_ends_where_the_mapping_stands(db, land, cycle):
    """For every id of a busy log: the last of its history is its person now."""
    chance = random.Random(7)
    for n in range(60):
        event = chance.choice(["$identify", "$merge_dangerously", "$create_alias", "$split", "$pageview"])
        mine, other = chance.sample(["a", "b", "c", "d", "e", "f"], 2)
        key = {"$identify": "$anon_distinct_id", "$split": "$split_from"}.get(event, "alias")
        land(event, mine, properties={key: other}, at=n * 17, is_operator=event == "$split")
        if n % 7 == 0:
            cycle(at=n * 17 + 1)
    cycle(at=10_000)
    rows = db.execute("select distinct_id, person_id from warehouse.person_distinct_ids").fetchall()
    assert {"split", "merged", "attached"} <= {
        row["outcome"] for row in db.execute("select outcome from warehouse.merges")
    }
    for row in rows:
        end = db.execute("select warehouse.person_at(1, %s, now()) as id", (row["distinct_id"],)).fetchone()
        assert end["id"] == row["person_id"], row


def test_views_are_right_at_once_after_a_merge(db, land, cycle):
    land("page", "d1", properties={"$device_id": "d1"}, at=0)
    land("page", "d2", properties={"$device_id": "d2"}, at=1)
    cycle(at=2)

    def read(view):
        return [tuple(row.values())[2:] for row in db.execute(f"select * from warehouse.{view} order by 2, 3")]

    day = moment(0).date()
    assert read("daily_unique_persons") == [("page", 2, 2)]
    assert read("daily_new_persons") == [(2, 0)]
    assert read("daily_merge_effects") == [(2, 2, 0)]
    land("$merge_dangerously", "d1", properties={"alias": "d2"}, at=3)
    cycle(at=4)
    assert read("daily_unique_persons") == [("$merge_dangerously", 1, 1), ("page", 1, 2)]
    assert read("daily_new_persons") == [(1, 1)]
    assert read("daily_merge_effects") == [(2, 1, 1)]
    split(db, person_id_of(1, "d1"), by="ann")
    cycle(at=5)
    assert ("page", 2, 2) in read("daily_unique_persons")
    assert db.execute("select day from warehouse.daily_new_persons").fetchone()["day"] == day
    assert sum(row[0] for row in read("daily_new_persons")) == 2


@pytest.mark.parametrize(
    "relation",
    [
        "daily_unique_persons",
        "daily_new_persons",
        "daily_merge_effects",
        "groups",
        "refused_merges",
        "person_history(1, 'alice')",
        "person_at(1, 'alice', now())",
    ],
)
def test_the_auditor_may_read_them(db, signup, relation):
    db.execute("set role auditor")
    db.execute(f"select * from warehouse.{relation}")


def test_options_that_contradict_each_other(etl):
    assert "Give one of EVENT_UUID" in etl("explain", uuid_of(1), "--person", uuid_of(1)).output
