"""A person and a group have a bound, however they grow: the event is kept, what there is no room for is told."""

from __future__ import annotations

import json
import resource
import sys

import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.operate.maintain import check_invariants
from etl.rules.property_state import KEPT_BYTES, VALUE_BYTES
from tests.cycle import crash
from tests.cycle.crash import SETTINGS
from tests.landing import moment

pytestmark = pytest.mark.long

MIB = 1024 * 1024


def person(db, distinct_id="hot"):
    return db.execute(
        "select p.properties, octet_length(w.property_state::text) as state_bytes from warehouse.persons as p"
        " inner join warehouse.person_distinct_ids as d using (team_id, person_id)"
        " inner join warehouse.person as w using (team_id, person_id) where d.distinct_id = %s",
        [distinct_id],
    ).fetchone()


def warnings(db):
    return db.execute("select landing_id, type, details from ops.warning order by landing_id").fetchall()


def as_of(db, landing_id):
    return db.execute(
        "select warehouse.person_properties_as_of(team_id, distinct_id, uuid, event) as properties"
        " from warehouse.events where landing_id = %s",
        [landing_id],
    ).fetchone()["properties"]


def test_a_value_that_is_too_long_is_left_out_and_told(db, land, cycle):
    """The longest value that counts has 32,768 bytes as JSON, of which two are quotes."""
    longest = "é" * 16_383
    bad = land("$set", "hot", properties={"$set": {"a": longest, "b": longest + "x", "plan": "pro"}}, at=0)
    once = land("$set", "hot", properties={"$set_once": {"c": "x" * 32_767}, "$unset": ["plan"]}, at=1)
    assert cycle(at=100)["loaded"] == 2
    assert person(db)["properties"] == {"a": longest}
    assert [(row["landing_id"], row["type"], row["details"]["properties"]) for row in warnings(db)] == [
        (bad, "person_properties_size_violation", ["b"]),
        (once, "person_properties_size_violation", ["c"]),
    ]
    assert as_of(db, once) == {"a": longest}


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("is_backwards", [False, True])
def test_the_longest_names_go_whatever_the_order_and_the_batches(db, land, cycle, is_cut, is_backwards):
    """16 values of 30,000 bytes fit into 512 KiB, in steps of 128 bytes: 235 steps each of 4,096. So do 17, no more.

    With `plan` and `email`, a step each, 17 values take 3,997 steps; the 18th by length of its name has no room.
    """
    said = [{f"session_{number:03}": "x" * 30_000} for number in range(40)] + [{"plan": "pro"}, {"email": "a@b.c"}]
    said += [{"a_name_that_is_longer": 1}]
    last = [
        land("$set", "hot", properties={"$set": each}, at=place, timestamp=moment(place).isoformat())
        for place, each in enumerate(reversed(said) if is_backwards else said)
    ][-1]
    while cycle(at=1000, batch_size=7 if is_cut else 1000)["landed"]:
        pass
    kept = {"plan", "email", *(f"session_{number:03}" for number in range(17))}
    assert person(db)["properties"].keys() == kept
    assert as_of(db, last).keys() == kept
    assert db.execute("select count(*) as n from warehouse.events").fetchone()["n"] == 43
    told = {name for row in warnings(db) for name in row["details"]["properties"]}
    assert told == {*(f"session_{number:03}" for number in range(17, 40)), "a_name_that_is_longer"}


def test_two_persons_that_are_merged_have_the_room_of_one(db, land, cycle):
    for name, first in (("ann", 0), ("bob", 10)):
        for number in range(first, first + 10):
            land("$identify" if name == "bob" else "page", name, at=number, properties={
                "$device_id": name, "$set": {f"key_{number:02}": "x" * 30_000},
            })  # fmt: skip
        cycle(at=30)
    assert warnings(db) == []
    merging = land("$identify", "bob", properties={"$anon_distinct_id": "ann"}, at=50)
    cycle(at=60)
    assert person(db, "ann")["properties"].keys() == {f"key_{number:02}" for number in range(17)}
    [warning] = warnings(db)
    assert (warning["landing_id"], warning["details"]["properties"]) == (merging, ["key_17", "key_18", "key_19"])
    assert as_of(db, merging).keys() == {f"key_{number:02}" for number in range(17)}


def test_a_held_event_is_told_when_it_is_released(db, land, cycle):
    held = land("Order created", "carl", properties={"$set": {"a": "x" * 40_000}}, at=0)
    assert cycle(at=1)["held"] == 1
    assert warnings(db) == []
    assert cycle(at=61)["released"] == 1
    assert [(row["landing_id"], row["type"]) for row in warnings(db)] == [(held, "person_properties_size_violation")]


def test_a_group_has_the_same_bound(db, land, cycle):
    told = [
        land("$groupidentify", "d", at=number, properties={
            "$device_id": "d", "$group_type": "company", "$group_key": "acme",
            "$group_set": {f"key_{number:02}": "x" * (30_000 if number != 3 else 40_000)},
        })
        for number in range(20)
    ]  # fmt: skip
    cycle(at=30)
    group = db.execute("select properties from warehouse.groups").fetchone()["properties"]
    assert group.keys() == {f"key_{number:02}" for number in range(18) if number != 3}
    assert [(row["landing_id"], row["type"]) for row in warnings(db)] == [
        (told[number], "group_properties_size_violation") for number in (3, 18, 19)
    ]


def test_60_000_new_keys_in_one_event(db, land, cycle):
    """Each takes a step of 4,096: of names of the same length the first in order stay."""
    many = land("$set", "hot", properties={"$set": {f"k{number:05}": number for number in range(60_000)}}, at=0)
    one = land("$set", "hot", properties={"$set": {"plan": "pro"}}, at=1)
    assert cycle(at=100)["loaded"] == 2
    assert person(db)["properties"].keys() == {"plan", *(f"k{number:05}" for number in range(4_095))}
    assert [(row["landing_id"], row["details"]["count"]) for row in warnings(db)] == [(many, 60_000 - 4_096), (one, 1)]
    assert len(json.dumps(warnings(db))) < 2_000


def test_a_key_that_is_switched_again_and_again(db, land, cycle):
    for number in range(60):
        land("$set", "hot", properties={"$set": {"a": str(number) * 10_000}, "$unset": ["a"]}, at=number)
    cycle(at=100)
    assert person(db)["properties"] == {}
    land("$set", "hot", properties={"$set": {"a": "on"}, "$unset": ["a"]}, at=101)
    cycle(at=200)
    assert person(db)["properties"] == {"a": "on"}
    assert person(db)["state_bytes"] < 10_000


LIFTED = ["$current_url", "$referrer", "$browser", "utm_source", "utm_campaign", "gclid"]


@pytest.mark.parametrize("is_alone", [False, True])
def test_what_is_lifted_is_cut(db, land, cycle, is_alone):
    given = dict.fromkeys(LIFTED[: 3 if is_alone else None], "https://shop.example/?q=" + "é" * 5000)
    event = land("$pageview", "d", properties={"$device_id": "d", **given, "$screen_width": [1] * 4_000}, at=0)
    cycle(at=1)
    short = "https://shop.example/?q=" + "é" * 1_976
    properties = person(db, "d")["properties"]
    assert {name: properties[name] for name in given} == dict.fromkeys(given, short)
    assert properties["$initial_current_url"] == short
    assert properties["$screen_width"] == ("[" + "1, " * 4_000)[:2_000]
    assert as_of(db, event) == properties
    [warning] = warnings(db)
    assert warning["details"]["properties"] == sorted([*given, "$screen_width"])[:10]


@pytest.mark.timeout(600)
def test_a_person_of_285_megabytes(database, db):
    """285 events of 1 MB each, of values that count; PostgreSQL cannot store an object of more than 256 MB."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at)"
        " select '$identify', 'hot', jsonb_build_object('$set', (select jsonb_object_agg("
        "'k' || i || '_' || n, repeat('x', 30000)) from generate_series(1, 34) as n)), %s"
        " from generate_series(1, 285) as i",
        [moment(0)],
    )
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at)"
        """ values ('page', 'other', '{"$device_id": "other", "$set": {"a": 1}}', %s)""",
        [moment(0)],
    )
    child = crash.start_call(load_everything, database)
    child.join(500)
    assert child.exitcode == 0
    [batch] = db.execute("select loaded, quarantined from ops.batch where landed > 0").fetchall()
    assert (batch["loaded"], batch["quarantined"]) == (286, 0)
    assert person(db, "other")["properties"] == {"a": 1}
    hot = person(db)
    assert len(json.dumps(hot["properties"])) < KEPT_BYTES
    assert hot["state_bytes"] < MIB
    assert len(warnings(db)) >= 284
    check_invariants(db)


def load_everything(url):
    """Fails above 650 MiB: of a hundred events at a time there are two copies."""
    with sql.connect(url) as db:
        run_cycle(db, SETTINGS, now=moment(10))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    sys.exit(f"{peak_mib} MiB" if peak_mib > 650 else 0)


def test_the_bounds_are_those_of_sql(shared_db):
    limits = shared_db.execute("select * from ops.property_limits()").fetchone()
    assert (limits["value_bytes"], limits["kept_bytes"]) == (VALUE_BYTES, KEPT_BYTES)
