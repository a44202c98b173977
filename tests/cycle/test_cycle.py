"""The main job: what lands is loaded, held, released, quarantined or counted as a duplicate, and nothing else."""

from __future__ import annotations

from uuid import UUID

U = [str(UUID(int=n, version=4)) for n in range(50)]


def persons_of(db):
    return {(row["distinct_id"]): row["person_id"] for row in db.execute("select * from warehouse.person_distinct_ids")}


def test_one_insert_is_enough(db, land, cycle):
    db.execute("insert into landing.event (event, distinct_id, properties) values ('a', 'u', '{}')")
    assert cycle()["held"] == 1


def test_signup_story(db, land, cycle):
    land("$pageview", "XYZ", properties={"$device_id": "XYZ"}, at=0, uuid=U[1])
    land("signup", "alice", properties={}, at=6, uuid=U[2])
    first = cycle(at=10)
    assert (first["landed"], first["loaded"], first["held"]) == (2, 1, 1)
    land("$identify", "alice", properties={"$anon_distinct_id": "XYZ", "$set": {"plan": "pro"}}, at=12, uuid=U[3])
    second = cycle(at=20)
    assert (second["released"], second["rescued"], second["loaded"], second["held"]) == (1, 1, 2, 0)
    assert len(set(persons_of(db).values())) == 1
    persons = db.execute("select count(distinct person_id) as n from warehouse.events").fetchone()
    assert persons["n"] == 1
    assert db.execute("select properties from warehouse.persons").fetchone()["properties"] == {"plan": "pro"}


def test_hold_runs_out_once(db, land, cycle):
    land("signup", "alice", at=0)
    assert cycle(at=1)["held"] == 1
    assert cycle(at=59)["released"] == 0
    third = cycle(at=60)
    assert (third["released"], third["rescued"], third["loaded"]) == (1, 0, 1)
    assert cycle(at=61)["released"] == 0


def test_bad_rows_go_to_quarantine_and_the_rest_goes_on(db, land, cycle):
    land(None, "u")
    land("a", None)
    land("a", "u", uuid="nonsense")
    land("a", "u", properties=[1, 2])
    land("a", "u", team_id=99)
    land("$identify", "good", properties={})
    result = cycle()
    assert (result["landed"], result["quarantined"], result["loaded"]) == (6, 5, 1)
    reasons = {
        row["reasons"][0]["expectation"] for row in db.execute("select reasons from quarantine.event").fetchall()
    }
    assert reasons == {"event_name_present", "distinct_id_present", "uuid_valid", "properties_object", "team_known"}


def test_property_operations_that_cannot_be_applied_do_not_stop_anything(db, land, cycle):
    deep = '{"$set": {"a": ' + '{"a":' * 3000 + "1" + "}" * 3000 + "}}"
    land("$identify", "deep", properties=deep)
    land("$identify", "odd", properties={"$set": "no object", "$set_once": [1], "$unset": 5})
    land("$identify", "mixed", properties={"$set": {"kept": 1}, "$unset": "no list"})
    assert cycle()["loaded"] == 3
    warned = {row["distinct_id"] for row in db.execute("select distinct_id, type from ops.warning").fetchall()}
    assert warned == {"deep", "odd", "mixed"}
    properties = {row["person_id"]: row["properties"] for row in db.execute("select * from warehouse.persons")}
    assert sorted(map(str, properties.values())) == ["{'kept': 1}", "{}", "{}"]


def test_duplicates_are_loaded_once(db, land, cycle):
    for _ in range(3):
        land("$identify", "u", uuid=U[1])
    assert cycle()["duplicate"] == 2
    land("$identify", "u", uuid=U[1], timestamp="2020-01-01")
    assert cycle()["duplicate"] == 1
    assert db.execute("select count(*) as n from warehouse.events").fetchone()["n"] == 1
    warning = db.execute("select * from ops.warning").fetchall()
    assert warning == []
    land("$identify", "u", uuid=U[1], properties={"other": 1})
    cycle()
    assert db.execute("select type from ops.warning").fetchone()["type"] == "duplicate_with_other_payload"
