"""The lifted keys are declared in etl.rules.lifted; SQL has the same, in the same order, under the same rules."""

from __future__ import annotations

import random
import re

import msgspec
import pytest

from etl import sql
from etl.rules import properties, property_state
from etl.rules.lifted import APP, CAMPAIGN, DEVICE, LIFTED, NOISY, PERSON_EVENTS

OPERATIONS = ("$set", "$set_once", "$unset")
KEYS = [*LIFTED, "$os_name"]
VALUES = {
    "text": "x",
    "number": 1.50,
    "false": False,
    "null": None,
    "nested": {"name": "x", "none": None},
    "list": [1, None],
    "a bracket in text": "https://a.example/{id}?a[]=1",
}
# A key alone, one by one; with $is_server; and beside another that is noisy, or is not.
CASES = {
    f"{key}, {kind}{title}": {key: value} | others
    for key in KEYS
    for kind, value in VALUES.items()
    for title, others in {
        "": {},
        ", from a server": {"$is_server": True},
        ", not from a server": {"$is_server": False},
        ", $is_server null": {"$is_server": None},
    }.items()
} | {
    f"{key}, null, and {other}": {key: None, other: "y"} for key in KEYS for other in ("$os_name", "$app_name", "gclid")
}


def folded(said, lifted, *, event, times=1):
    """What etl.rules.properties shows of a person of whom only this is known, said so many times."""
    state = property_state.State()
    operations = [sql.json_text(said[name]) if name in said else None for name in OPERATIONS]
    for time in range(times):
        properties.apply(state, (time, 2, 3), *operations, lifted, is_forced=event in PERSON_EVENTS)
    return msgspec.json.decode(property_state.visible(state))


def test_the_names_and_their_order(shared_db):
    row = shared_db.execute(
        "select ops.lifted_names(), ops.device_names(), ops.campaign_names(), ops.noisy_names()"
    ).fetchone()
    assert tuple(row["lifted_names"]) == LIFTED
    assert tuple(row["device_names"]) == APP + DEVICE
    assert tuple(row["campaign_names"]) == CAMPAIGN
    assert row["noisy_names"] == sorted(NOISY)
    keys = shared_db.execute(
        "select array_agg(attname::text order by attnum) as names from pg_attribute"
        " where attrelid = 'ops.device_keys'::regclass"
    ).fetchone()
    assert tuple(keys["names"]) == (*APP, *DEVICE, "$os_name", "$is_server")


@pytest.mark.parametrize("event", [*sorted(PERSON_EVENTS), "$pageview", "set", None])
def test_the_events_about_the_person(shared_db, event):
    row = shared_db.execute("select ops.is_about_person(%s::text) as found", [event]).fetchone()
    assert row["found"] == (None if event is None else event in PERSON_EVENTS)


def test_the_values_stand_where_the_names_do(shared_db):
    for place, name in enumerate(LIFTED):
        said = sql.json_text({name: place})
        values = shared_db.execute("select ops.lifted_values(%s) as v", [said]).fetchone()["v"]
        assert values == [None] * place + [str(place)] + [None] * (len(LIFTED) - place - 1)


def test_a_bit_for_each_device_key(shared_db):
    for place, name in enumerate(APP + DEVICE):
        row = shared_db.execute(
            "select ops.device_shape(jsonb_populate_record(null::ops.device_keys, %s)) as shape,"
            " ops.lift_is_set() as bit",
            [sql.json_text({name: "x"})],
        ).fetchone()
        assert row["shape"] == 1 << place | (row["bit"] if name in APP else 0)
        assert property_state.coverage(state_of(name))[0] == 1 << place
        assert row["bit"] == 1 << len(APP + DEVICE)


def state_of(name):
    state = property_state.State()
    lifted = ['"x"' if each == name else None for each in LIFTED]
    properties.apply(state, (1, 2, 3), None, None, None, lifted, is_forced=False)
    return state


def test_a_campaign_has_a_shape_of_its_values(shared_db):
    said = [{}, *({name: value} for name in CAMPAIGN for value in ("x", "y", None))]
    shapes = [
        shared_db.execute("select ops.campaign_shape(%s) as shape", [sql.json_text(each)]).fetchone()["shape"]
        for each in said
    ]
    assert len(set(shapes)) == len(said)
    bit = 1 << len(APP + DEVICE)
    assert shapes[0] == 0
    assert all(shape > 0 and shape & (2 * bit - 1) == bit for shape in shapes[1:])


@pytest.mark.parametrize("event", ["$pageview", "$identify"])
@pytest.mark.parametrize(
    "own",
    [
        {},
        {"$set": {"$browser": "own"}},
        {"$set_once": {"$initial_os": "own"}},
        {"$unset": ["$browser", "gclid"]},
        {"$unset": ["$initial_browser", "$initial_gclid"]},
    ],
)
def test_person_after_folds_as_python_does(shared_db, event, own):
    for case, given in CASES.items():
        said = given | own
        row = shared_db.execute(
            "select ops.person_after('{}', %(event)s, %(said)s) as once, ops.lifted_values(%(said)s) as lifted,"
            " ops.person_after(ops.person_after('{}', %(event)s, %(said)s), %(event)s, %(said)s) as twice",
            {"event": event, "said": sql.json_text(said)},
        ).fetchone()
        assert row["once"] == folded(said, row["lifted"], event=event), case
        assert row["twice"] == folded(said, row["lifted"], event=event, times=2), case


# Keys that are only filled in; what is null or unset of them stays so: see etl.rules.properties.
FILLED_IN = ["$browser", "$os", "$os_name", "$initial_os", "$initial_utm_source", "$initial_browser"]
OTHERS = ["p", "q", "utm_source", "gclid", "$app_name", "$geoip_latitude"]
SAID = [None, 1, "x", {"a": None}, [1], False]


def made_up(rng):
    """What one event says, at random."""
    said = {name: rng.choice([None, "a", "b"]) for name in ("$browser", "$os", "$os_name") if rng.random() < 0.3}
    said |= {name: rng.choice([None, "a", "b"]) for name in ("utm_source", "gclid", "$app_name") if rng.random() < 0.3}
    for operation in ("$set", "$set_once"):
        if rng.random() < 0.4:
            names = rng.choices(FILLED_IN + OTHERS, k=rng.randrange(4))
            said[operation] = {name: rng.choice(SAID[1:] if name in FILLED_IN else SAID) for name in names}
    if rng.random() < 0.3:
        said["$unset"] = rng.sample(OTHERS, rng.randrange(3))
    return rng.choice(["$pageview", "$identify", "$set"]), said


@pytest.mark.parametrize("seed", range(4))
def test_random_events_in_order_give_in_sql_what_python_folds(shared_db, seed):
    rng = random.Random(seed)
    for _ in range(150):
        state, after, history = property_state.State(), {}, []
        for time in range(rng.randrange(1, 6)):
            event, said = made_up(rng)
            history.append((event, said))
            row = shared_db.execute(
                "select ops.person_after(%(person)s, %(event)s, %(said)s) as after, ops.lifted_values(%(said)s) as v",
                {"person": sql.json_text(after), "event": event, "said": sql.json_text(said)},
            ).fetchone()
            after = row["after"]
            operations = [sql.json_text(said[name]) if name in said else None for name in OPERATIONS]
            properties.apply(state, (time, 2, 3), *operations, row["v"], is_forced=event in PERSON_EVENTS)
            assert msgspec.json.decode(property_state.visible(state)) == after, history


def test_an_event_that_unsets_what_it_brings_removes_it(db, land, cycle):
    """PostHog: `$unset` removes what was there before the event, also where its own page has set it again."""
    for at in (0, 1):
        land("$pageview", "d1", properties={"$device_id": "d1", "utm_source": "news", "$browser": "Chrome"}, at=at)
    land("$set", "d1", properties={"$unset": ["utm_source"], "utm_source": "news"}, at=2)
    cycle(at=3)
    person = db.execute("select properties from warehouse.person").fetchone()["properties"]
    assert person == {"$browser": "Chrome", "$initial_browser": "Chrome", "$initial_utm_source": "news"}


def test_a_cycle_folds_as_python_does(db, land, cycle):
    """Most of these are folded by load/insert_first_lifts, the others by Python itself."""
    for number, given in enumerate(CASES.values()):
        land("$pageview", f"d{number}", properties=given | {"$device_id": f"d{number}"}, at=0)
    cycle(at=1)
    rows = db.execute(
        "select p.distinct_id, p.properties, ops.lifted_values(l.properties) as lifted"
        " from warehouse.person as p inner join landing.event as l using (distinct_id)"
    ).fetchall()
    found = {row["distinct_id"]: row for row in rows}
    assert len(found) == len(CASES)
    for number, (case, given) in enumerate(CASES.items()):
        row = found[f"d{number}"]
        assert row["properties"] == folded(given, row["lifted"], event="$pageview"), case


@pytest.mark.parametrize(
    "name",
    ["stage/insert_event", "load/insert_first_lifts", "load/insert_property_events", "load/read_stored_operations"],
)
def test_the_planner_puts_the_functions_into_the_statements(shared_db, name):
    """A call of an SQL function costs many times what it does."""
    parameters = dict.fromkeys(re.findall(r"%\((\w+)\)s", sql.statement(name).decode()))
    plan = shared_db.execute(b"explain (verbose) " + sql.statement(name), parameters).fetchall()
    called = set(re.findall(r"ops\.(\w+)\(", "\n".join(row["QUERY PLAN"] for row in plan)))
    # In plpgsql; and, of few events, arrays that are passed on as they are.
    assert called <= {"json_text_bytes", "lifted_values", "parse_rare_timestamp"}
