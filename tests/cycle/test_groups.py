"""Groups: properties by event time whatever the order of arrival, and which group an event belongs to."""

from __future__ import annotations

import random
import string

import pytest

from etl import sql
from etl.operate.explain import explain_event
from etl.quality.warehouse import check_warehouse
from etl.rules.identity import person_id_of
from tests.landing import moment


def group(kind="company", key="acme", **properties):
    return {"$group_type": kind, "$group_key": key, "$group_set": properties, "$device_id": "d"}


def read(db):
    rows = db.execute("select group_type, group_key, properties, created_at from warehouse.groups order by 1, 2")
    return {(row["group_type"], row["group_key"]): (row["properties"], row["created_at"]) for row in rows}


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0), (1, 2, 0)])
@pytest.mark.parametrize("is_cut", [False, True])
def test_the_newest_value_stays_however_it_arrives(db, land, cycle, order, is_cut):
    said = [(10, {"plan": "free", "city": "Bonn"}), (20, {"plan": "paid"}), (30, {"city": None})]
    for place, number in enumerate(order):
        at, properties = said[number]
        land("$groupidentify", "d", properties=group(**properties), at=100 + place, timestamp=moment(at).isoformat())
        if is_cut:
            cycle(at=100 + place)
    cycle(at=200)
    assert read(db) == {("company", "acme"): ({"plan": "paid", "city": None}, moment(10))}


def persons_of_events(db):
    rows = db.execute("select event, distinct_id, person_id, person_mode from warehouse.events order by landing_id")
    return [tuple(row.values()) for row in rows]


@pytest.mark.parametrize("made_up", ["3f0c1f66-0000-4000-8000-00000000000{}", "$company_acme", "{}"])
@pytest.mark.parametrize("more", [{}, {"$process_person_profile": False}, {"$lib": "posthog-ios"}, {"$set": {"x": 1}}])
def test_a_backend_that_keeps_its_groups_makes_no_persons(db, land, cycle, made_up, more):
    for number in range(4):
        properties = {"$group_type": "company", "$group_key": "acme", "$group_set": {"seats": number}, **more}
        land("$groupidentify", made_up.format(number), properties=properties, at=number)
    land("Order created", "cust_1", properties={"$device_id": "cust_1"}, at=5)
    batch = cycle(at=6)
    assert (batch["loaded"], batch["held"], batch["persons_created"]) == (5, 0, 1)
    assert read(db) == {("company", "acme"): ({"seats": 3}, moment(0))}
    counted = db.execute("select count(distinct person_id) as n, count(*) as events from warehouse.events").fetchone()
    assert tuple(counted.values()) == (1, 5)
    assert [row["distinct_id"] for row in db.execute("select distinct_id from warehouse.person_distinct_id")] == [
        "cust_1"
    ]
    assert {person for event, _, person, _ in persons_of_events(db) if event == "$groupidentify"} == {None}


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("event", ["page", "personless", "$identify"])
def test_it_belongs_to_the_person_of_its_id_whenever_that_comes(db, land, cycle, is_cut, event):
    """Before the person and after it, in one batch or in three."""
    land("$groupidentify", "ada", properties=group(n=1) | {"$device_id": "ada"}, at=0)
    if is_cut:
        assert cycle(at=1)["loaded"] == 1
    properties = {"$device_id": "ada", "$process_person_profile": event != "personless"}
    land("page" if event == "personless" else event, "ada", properties=properties, at=2)
    if is_cut:
        cycle(at=3)
    land("$groupidentify", "ada", properties=group(n=2) | {"$device_id": "ada"}, at=4)
    cycle(at=5)
    implied = person_id_of(1, "ada")
    mode = "propertyless" if event == "personless" else "full"
    assert [row[2:] for row in persons_of_events(db)] == [(implied, "propertyless"), (implied, mode), (implied, mode)]
    assert db.execute("select count(*) as n from warehouse.persons").fetchone()["n"] == (event != "personless")
    land("$identify", "boss", properties={"$anon_distinct_id": "ada"}, at=6)
    land("$merge_dangerously", "boss", properties={"alias": "ada"}, at=7)
    cycle(at=8)
    assert len({row[2] for row in persons_of_events(db)}) == 1
    assert [found.name for found in check_warehouse(db) if found.is_critical] == []


def test_it_says_nothing_of_its_person(db, land, cycle):
    """Neither what it sets nor what a device lifts, whoever asks and whenever."""
    said = {"$set": {"plan": "free"}, "$set_once": {"first": 1}, "$browser": "Chrome", "utm_source": "news"}
    land("$groupidentify", "ada", properties=group() | said, at=0)
    land("page", "ada", properties={"$device_id": "ada", "$set": {"plan": "paid"}}, at=1)
    land("$groupidentify", "ada", properties=group() | said, at=2)
    cycle(at=3)
    assert [row["properties"] for row in db.execute("select properties from warehouse.persons")] == [{"plan": "paid"}]
    shown = db.execute("select person_properties from warehouse.posthog_events order by landing_id").fetchall()
    assert [row["person_properties"] for row in shown] == [{}, {"plan": "paid"}, {"plan": "paid"}]


def test_an_event_without_a_person_is_explained(db, land, cycle):
    uuid = "11111111-0000-4000-8000-000000000001"
    land("$groupidentify", "$company_acme", properties={"$group_type": "company", "$group_key": "acme"}, uuid=uuid)
    cycle()
    [story] = explain_event(db, uuid)
    assert story["state"] == "loaded"
    assert "without a person" in story["answer"]
    land("page", "$company_acme", properties={"$device_id": "$company_acme"})
    cycle()
    [story] = explain_event(db, uuid)
    assert f"Its id has person {person_id_of(1, '$company_acme')} by now." in story["answer"]


def test_each_type_key_and_project_is_a_group_of_its_own(db, land, cycle):
    db.execute("insert into landing.project (team_id, name) values (2, 'second')")
    land("$groupidentify", "d", properties=group("company", "1", n=1), at=0)
    land("$groupidentify", "d", properties=group("team", "1", n=2), at=0)
    land("$groupidentify", "d", properties=group("company", 1, m=3), at=1)
    land("$groupidentify", "d", properties=group("company", "1", n=4), at=0, team_id=2)
    cycle(at=2)
    rows = db.execute("select team_id, group_type, properties from warehouse.groups order by 1, 2").fetchall()
    assert [tuple(row.values()) for row in rows] == [
        (1, "company", {"n": 1, "m": 3}),
        (1, "team", {"n": 2}),
        (2, "company", {"n": 4}),
    ]


def test_what_names_no_group_warns_and_changes_nothing(db, land, cycle):
    land("$groupidentify", "d", properties={"$device_id": "d", "$group_type": "company"}, at=0)
    land("$groupidentify", "d", properties=group(key=["a list"]), at=0)
    land("$groupidentify", "d", properties={**group(), "$group_set": "text"}, at=0)
    land("$groupidentify", "d", properties={**group(key="no"), "$process_person_profile": False}, at=0)
    land("$groupidentify", "d", properties={"$group_key": "no", "$process_person_profile": False}, at=0)
    assert cycle(at=1)["loaded"] == 5
    assert [row["type"] for row in db.execute("select type from ops.warning")] == ["invalid_group_identify"] * 4
    assert read(db) == {("company", "acme"): ({}, moment(0)), ("company", "no"): ({}, moment(0))}


@pytest.mark.parametrize(("depth", "is_set"), [(126, True), (130, False), (6_000, False)])
def test_a_value_nested_too_deep_is_not_set(db, land, cycle, depth, is_set):
    """128 levels, of which $group_set is one; Python would overflow its stack."""
    said = sql.json_text(group())[:-1].replace("{}", '{"a": ' + "[" * depth + "]" * depth + "}") + "}"
    deep = land("$groupidentify", "d", properties=said, at=0)
    land("Order created", "innocent", properties={"$device_id": "innocent"}, at=0)
    assert cycle(at=1)["loaded"] == 2
    [(properties, _)] = read(db).values()
    assert list(properties) == (["a"] if is_set else [])
    warned = [(row["landing_id"], row["type"]) for row in db.execute("select landing_id, type from ops.warning")]
    assert warned == ([] if is_set else [(deep, "invalid_group_identify")])


def test_events_carry_their_groups(db, land, cycle):
    land("$groupidentify", "d", properties=group(plan="paid"), at=0)
    land("Order", "d", properties={"$device_id": "d", "$groups": {"company": "acme"}}, at=1)
    cycle(at=2)
    row = db.execute(
        "select e.event, g.properties ->> 'plan' as plan from warehouse.events as e"
        " join warehouse.groups as g on g.team_id = e.team_id and g.group_type = 'company'"
        " and g.group_key = e.groups ->> 'company'"
    ).fetchone()
    assert row == {"event": "Order", "plan": "paid"}


def letters(count: int) -> str:
    """Text that no compression shortens."""
    return "".join(random.Random(count).choices(string.ascii_lowercase, k=count))


def emoji(count: int) -> str:
    """Text of four bytes a character."""
    return "".join(chr(number) for number in random.Random(count).choices(range(0x1F300, 0x1F6FF), k=count))


@pytest.mark.parametrize(
    ("kind", "key", "refusal"),
    [
        (letters(400), letters(400), None),
        (emoji(300), emoji(300), None),
        (letters(401), "k", "group_type_too_long"),
        (letters(3_000), "k", "group_type_too_long"),
        ("x" * 300_000, "k", "group_type_too_long"),
        ("https://shop.example/?q=" + letters(2_900), "k", "group_type_too_long"),
        (emoji(301), "k", "group_type_too_long"),
        ("company", letters(401), "group_key_too_long"),
        ("company", emoji(400), "group_key_too_long"),
        (emoji(400), emoji(400), "group_type_too_long"),
        (10**500, "k", "number_out_of_range"),
        ("company", 10**500, "number_out_of_range"),
    ],
)
def test_a_name_too_long_for_an_index_is_refused_and_stops_nobody(db, land, cycle, kind, key, refusal):
    refused = land("$groupidentify", "d", properties=group(kind, key, n=1), at=0)
    land("Order created", "innocent", properties={"$device_id": "innocent"}, at=0)
    assert cycle(at=1)["loaded"] == (1 if refusal else 2)
    rows = db.execute("select landing_id, reasons #>> '{0,expectation}' as reason from quarantine.event").fetchall()
    assert [tuple(row.values()) for row in rows] == ([(refused, refusal)] if refusal else [])
