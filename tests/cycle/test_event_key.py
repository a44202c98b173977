"""What is the same event: project, uuid, distinct id and name; with another name or id it is another one."""

from __future__ import annotations

import pytest

from etl.operate.explain import explain_event
from etl.operate.merge import accept
from etl.operate.quarantine import Selection, replay
from etl.quality.warehouse import check_warehouse

pytestmark = pytest.mark.long

NIL = "00000000-0000-0000-0000-000000000000"
ONE = "1473a128-29cb-4f51-9a08-e58936bf1a4c"


def loaded(db):
    rows = db.execute("select event, distinct_id from warehouse.events order by landing_id")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("is_held", [False, True])
@pytest.mark.parametrize("uuid", [NIL, ONE])
def test_one_uuid_for_several_events(db, land, cycle, is_cut, is_held, uuid):
    sent = [("Cart viewed", "c"), ("Order created", "c"), ("Cart viewed", "d"), ("order created", "c")]
    for event, distinct_id in [*sent, *sent]:
        land(event, distinct_id, uuid=uuid, properties={} if is_held else {"$device_id": distinct_id}, at=0)
        if is_cut:
            cycle(at=0)
    cycle(at=61)
    assert sorted(loaded(db)) == sorted(sent)
    assert db.execute("select sum(duplicate)::int as n from ops.batch").fetchone()["n"] == 4
    assert db.execute("select count(*) as n from ops.warning").fetchone()["n"] == 0
    for event, distinct_id in sent:  # a year later
        land(event, distinct_id, uuid=uuid, timestamp="2021-07-01T12:00:00Z", at=31_536_000)
    assert cycle(at=31_536_001)["duplicate"] == 4
    assert [found.name for found in check_warehouse(db) if found.is_critical] == []


def test_names_that_are_cut_to_one_are_one(db, land, cycle):
    for end in "ab":
        land("n" * 200 + end, "c", uuid=ONE, properties={"$device_id": "c", "p": end}, at=0)
    assert cycle(at=1)["duplicate"] == 1
    types = {row["type"] for row in db.execute("select type from ops.warning")}
    assert types == {"duplicate_with_other_payload", "event_name_truncated"}


def test_each_is_explained_and_shows_its_own_time(db, land, cycle):
    land("Cart viewed", "c", uuid=ONE, properties={"$device_id": "c", "$set": {"step": 1}}, at=0)
    land("Order created", "c", uuid=ONE, properties={"$device_id": "c", "$set": {"step": 2}}, at=1)
    land("Order created", "c", uuid=ONE, properties={"$device_id": "c", "$set": {"step": 2}}, at=2)
    cycle(at=3)
    stories = {story["event"]: story for story in explain_event(db, ONE)}
    assert [len(stories[name]["landing"]) for name in ("Cart viewed", "Order created")] == [1, 2]
    assert "delivered" not in stories["Cart viewed"]["answer"]
    assert "delivered 1 more time" in stories["Order created"]["answer"]
    rows = db.execute(
        "select event, warehouse.person_properties_as_of(team_id, distinct_id, uuid, event) ->> 'step' as step"
        " from warehouse.events order by landing_id"
    )
    assert [tuple(row.values()) for row in rows] == [("Cart viewed", "1"), ("Order created", "2")]


@pytest.mark.parametrize("is_cut", [False, True])
def test_merging_events_of_one_uuid(db, land, cycle, is_cut):
    """Two refused merges, both accepted: each is a merge of its own."""
    for user in ("ada", "bob", "cid"):
        land("$identify", user, properties={"$anon_distinct_id": f"device of {user}"}, at=0)
    if is_cut:
        cycle(at=0)
    land("$identify", "ada", uuid=ONE, properties={"$anon_distinct_id": "bob"}, at=1)
    land("$create_alias", "ada", uuid=ONE, properties={"alias": "cid"}, at=1)
    cycle(at=2)
    refused = db.execute("select event, source_distinct_id from warehouse.refused_merges order by 1").fetchall()
    assert [tuple(row.values()) for row in refused] == [("$create_alias", "cid"), ("$identify", "bob")]
    landed = {accept(db, ONE, by="me", event=name).landed_uuid for name in ("$identify", "$create_alias")}
    assert len(landed) == 2
    cycle(at=3)
    ids = db.execute("select count(distinct person_id) as n, count(*) as ids from warehouse.person_distinct_ids")
    assert tuple(ids.fetchone().values()) == (1, 6)
    assert {row["status"] for row in db.execute("select status from warehouse.refused_merges")} == {"accepted"}


def test_quarantined_rows_of_one_uuid_are_replayed_each(db, land, cycle):
    for event in ("Cart viewed", "Order created"):
        land(event, "c", uuid=ONE, team_id=7, properties={"$device_id": "c"}, at=0)
    assert cycle(at=1)["quarantined"] == 2
    db.execute("insert into landing.project (team_id, name) values (7, 'seventh')")
    assert replay(db, Selection(), why="registered") == 2
    assert cycle(at=2)["loaded"] == 2
    assert loaded(db) == [("Cart viewed", "c"), ("Order created", "c")]


def test_a_person_born_by_one_of_two_events_of_a_uuid(db, land, cycle):
    """A personless one and a held one: its history knows which made it."""
    land("quiet", "c", uuid=ONE, properties={"$process_person_profile": False}, at=0)
    land("loud", "c", uuid=ONE, at=1)
    land("other", "c", at=2)
    cycle(at=3)
    cycle(at=70)
    history = db.execute("select event, outcome from warehouse.person_history(1, 'c')").fetchall()
    assert [tuple(row.values()) for row in history] == [("loud", "born")]
