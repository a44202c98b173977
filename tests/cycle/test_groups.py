"""Groups: properties by event time whatever the order of arrival, and which group an event belongs to."""

from __future__ import annotations

import random
import string

import pytest

from etl import sql
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


def test_it_takes_effect_while_its_event_is_held(db, land, cycle):
    land("$groupidentify", "carl", properties={**group(plan="free"), "$device_id": "other"}, at=0)
    assert cycle(at=1)["held"] == 1
    assert read(db) == {("company", "acme"): ({"plan": "free"}, moment(0))}
    cycle(at=61)
    assert read(db) == {("company", "acme"): ({"plan": "free"}, moment(0))}


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
    assert cycle(at=1)["loaded"] == 4
    assert [row["type"] for row in db.execute("select type from ops.warning")] == ["invalid_group_identify"] * 3
    assert read(db) == {("company", "acme"): ({}, moment(0))}


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
