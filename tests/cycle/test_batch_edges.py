"""Edges of a batch: empty, only bad, cut, huge; and the promise that no landing row can make a cycle fail."""

from __future__ import annotations

import json
import resource
import sys

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from psycopg import sql as psql

from etl import sql
from etl.cycle.run import run_cycle
from tests.cycle import crash
from tests.cycle.crash import SETTINGS
from tests.cycle.test_concurrency import ACCOUNTED
from tests.landing import moment

pytestmark = pytest.mark.long

KIB = 1024


def ledger(row, *names):
    return tuple(row[name] for name in names)


def test_nothing_at_all(db, cycle):
    row = cycle()
    assert ledger(row, "landed", "released", "loaded", "held", "duplicate", "quarantined") == (0,) * 6
    assert db.execute("select count(*) as n from ops.expectation_result").fetchone()["n"] == 0


def test_only_bad_rows(db, land, cycle):
    for number in range(10):
        land("", str(number))
    assert ledger(cycle(), "landed", "loaded", "quarantined") == (10, 0, 10)
    assert db.execute("select count(*) as n from warehouse.persons").fetchone()["n"] == 0
    assert cycle()["landed"] == 0


def test_no_rows_but_a_release_is_due(db, land, cycle):
    land("signup", "alice", at=0, properties={"$set": {"a": 1}})
    cycle(at=1)
    row = cycle(at=61)
    assert ledger(row, "landed", "released", "loaded", "persons_created") == (0, 1, 1, 1)
    assert db.execute("select properties from warehouse.persons").fetchone()["properties"] == {"a": 1}


def test_a_batch_that_cuts_through_a_transaction(db, cycle):
    db.execute("insert into landing.event (event, distinct_id) select '$identify', 'u' from generate_series(1, 25)")
    assert [cycle(batch_size=10)["landed"] for _ in range(4)] == [10, 10, 5, 0]
    landed = db.execute("select landing_id from landing.event order by 1").fetchall()
    assert db.execute(ACCOUNTED).fetchall() == landed


def test_batches_of_one(db, land, cycle):
    land("$pageview", "anon", properties={"$device_id": "anon"}, at=0)
    land("signup", "alice", at=1)
    land("$identify", "alice", properties={"$anon_distinct_id": "anon"}, at=2)
    land("", "bad", at=3)
    assert [ledger(cycle(at=10, batch_size=1), "landed", "loaded", "held", "quarantined") for _ in range(5)] == [
        (1, 1, 0, 0),
        (1, 0, 1, 0),
        (1, 2, 0, 0),
        (1, 0, 0, 1),
        (0, 0, 0, 0),
    ]


def test_a_backlog_is_released_by_arrivals_and_not_by_the_clock(land, cycle):
    land("signup", "alice", at=0)
    land("$identify", "alice", properties={"$anon_distinct_id": "anon"}, at=30)
    land("$identify", "bob", at=31)
    rows = [cycle(at=10**6, batch_size=1) for _ in range(3)]
    assert [ledger(row, "released", "rescued") for row in rows] == [(0, 0), (1, 1), (0, 0)]


def test_no_hold(db, land, cycle):
    land("signup", "alice", at=0)
    land("$identify", "alice", properties={"$anon_distinct_id": "anon"}, at=0)
    row = cycle(at=0, hold_seconds=0)
    assert ledger(row, "landed", "loaded", "held") == (2, 2, 0)
    assert db.execute("select count(*) as n from buffer.event").fetchone()["n"] == 0


@pytest.mark.parametrize("events", [30_000, pytest.param(300_000, marks=pytest.mark.crash)])
def test_very_many_held_events_due_at_once(database, db, events):
    """They all wait, and one batch releases them all, in a process whose memory does not grow with them."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties, received_at) "
        "select 'signup', 'user ' || i, jsonb_build_object('i', i, '$set', jsonb_build_object('i', i)), %s "
        "from generate_series(1, %s) as i",
        [moment(0), events],
    )
    child = crash.start_call(release_everything, database)
    child.join(240)
    assert child.exitcode == 0
    last = db.execute("select * from ops.batch order by batch_id desc limit 1").fetchone()
    assert ledger(last, "landed", "released", "loaded", "persons_created") == (0, events, events, events)
    held = db.execute("select sum(held) as n from ops.batch").fetchone()
    assert held["n"] == events


def release_everything(url):
    """Hold all, then release all; fails above 400 MiB."""
    with sql.connect(url) as db:
        while run_cycle(db, SETTINGS, now=moment(1)).landed:
            pass
        run_cycle(db, SETTINGS, now=moment(10**6))
    peak_mib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // KIB
    sys.exit(f"{peak_mib} MiB" if peak_mib > 400 else 0)


def numbers(form="1e131071"):
    """JSON of numbers that jsonb keeps in a few bytes each and writes out in 131,072 digits each: more than 1 GB."""
    return [Number(form.format(i)) for i in range(8200)]


class Number:
    """A JSON number of any size."""

    def __init__(self, text):
        self.text = text


def nested(depth):
    """Arrays inside arrays."""
    return Number("[" * depth + "]" * depth)


def text_of(value):
    """A value as JSON."""
    match value:
        case Number():
            return value.text
        case dict():
            return "{" + ", ".join(f"{json.dumps(name)}: {text_of(inner)}" for name, inner in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(text_of, value)) + "]"
        case _:
            return json.dumps(value)


def identify(**properties):
    return {
        "event": "$identify",
        "distinct_id": "u",
        "properties": {f"${name}": each for name, each in properties.items()},
    }


PILLS = {
    "no name but properties to set": {"event": None, "properties": {"$set": {"a": 1}}},
    "nothing": {"event": None, "distinct_id": None, "properties": None, "team_id": None},
    "jsonb null": {"properties": Number("null")},
    "operations in an array": {"properties": ["$set", "$unset"]},
    "an operation as a string": {"properties": "$set"},
    "operations of every wrong kind": identify(set=[1], set_once="a", unset=3),
    "operations that are null": identify(set=None, set_once=None, unset=None),
    "a key that is empty": identify(set={"": 1}, unset=["", 1, None, {}]),
    "set a large number": identify(set={"a": Number("1e131071")}),
    "set a small number": identify(set={"a": Number("1e-16383")}),
    "unset a large number": identify(unset=[Number("1e5000")]),
    "unset an object of large numbers": identify(unset={"a": Number("1e5000")}),
    **{f"set something {depth} deep": identify(set={"a": nested(depth)}) for depth in (120, 400, 900, 1100, 3000)},
    "set once something deep": identify(set_once={"a": nested(3000)}),
    "unset something deep": identify(unset=nested(3000)),
    "something deep": {"properties": {"a": nested(3000)}},
    "set text beyond 1 GB": identify(set={"a": numbers()}),
    "text beyond 1 GB": {"properties": {"a": numbers()}},
    "text beyond 1 GB that does not pack": {"properties": {"a": numbers("1.{:05}e131071")}},
    "an other id beyond 1 GB": identify(anon_distinct_id=numbers()),
    "an id beyond 1 GB": {"distinct_id": None, "properties": {"distinct_id": numbers()}},
    "an other id that is a number": identify(anon_distinct_id=Number("1e5000")),
    "an alias that is true": {"event": "$create_alias", "properties": {"alias": True}},
    "an other id of 400": identify(anon_distinct_id="\U0001f600" * 400),
    "ids that COPY must escape": {**identify(anon_distinct_id="\\.\n\t"), "distinct_id": "\\N"},
    "an id of a device with line ends": {"distinct_id": "a\r\nb", "properties": {"$device_id": "a\r\nb"}},
    "10 MB in every text": dict.fromkeys(("event", "distinct_id", "uuid", "timestamp", "sent_at", "ip"), "7" * 10**7),
    "an id of 10 MB for a device": {"properties": {"$device_id": "x" * 10**7}},
    "the last team": {"team_id": 2**63 - 1},
    "the first team": {"team_id": -(2**63)},
}


@pytest.mark.parametrize("name", PILLS)
def test_no_poison_pill(db, land, cycle, name):
    land("$identify", "good", properties={"$anon_distinct_id": "anon"}, at=0)
    row = {"event": "seen", "distinct_id": "u", "properties": {}, **PILLS[name]}
    land(**{**row, "properties": None if row["properties"] is None else text_of(row["properties"])}, at=1)
    land("$identify", "good", properties={"$set": {"a": 1}}, at=2)
    check_all_accounted(db, cycle)
    assert db.execute("select count(*) as n from warehouse.events where distinct_id = 'good'").fetchone()["n"] == 2


def test_no_poison_pill_of_30_mb(db, land, cycle):
    """Text that does not pack."""
    db.execute(
        "insert into landing.event (event, distinct_id, properties) select 'seen', 'u', "
        "jsonb_build_object('x', (select string_agg(md5(i::text), '') from generate_series(1, 1000000) as i))"
    )
    check_all_accounted(db, cycle)
    assert db.execute("select count(*) as n from quarantine.event").fetchone()["n"] == 1


def test_properties_of_one_megabyte(db, land, cycle):
    """Exactly at the limit, and one byte above it."""
    overhead = len('{"x": ""}')
    land("$identify", "u", properties={"x": "\u00e9" * ((1024 * KIB - overhead) // 2) + "a"})
    land("$identify", "u", properties={"x": "\u00e9" * ((1024 * KIB - overhead) // 2) + "ab"})
    assert ledger(cycle(), "loaded", "quarantined") == (1, 1)


def check_all_accounted(db, cycle):
    first = cycle(at=10)
    second = cycle(at=10**7)
    assert first["landed"] + second["released"] == sum(
        first[name] + second[name] for name in ("loaded", "held", "duplicate", "quarantined")
    )
    assert second["landed"] == 0
    assert db.execute("select count(*) as n from buffer.event").fetchone()["n"] == 0


# fmt: off
TIMES = [
    "0000-01-01T00:00:00Z", "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+15:59", "0001-01-01", "0001-01-01 BC",
    "4713-01-01 BC", "9999-12-31T23:59:59.999999Z", "9999-12-31T23:59:59-15:59", "+275760-09-13T00:00:00Z",
    "294276-12-31T23:59:59Z", "infinity", "-infinity", "now", "now()", "today", "epoch", "allballs",
    "2016-12-31T23:59:60Z", "2016-12-31T23:59:61Z", "2022-07-01T24:00:00Z", "2022-07-01T24:00:01Z", "2022-02-29",
    "2022-W53-7", "0000-W01-1", "9999-W53-7", "2022-365", "2022-366", "0000-001", "0001-001", "9999-365",
    "Fri, 01 Jul 2022 12:00:00 GMT", "now, 01 Jul 2022 12:00:00 GMT", "1656676800", "1656676800000", "", " ", "NaN",
    "2022-07-01T12:00:00.0000000000000000000000000000000000001Z", "2022-07-01T12:00:00+99:99",
    "2022-07-01T12:00:00 Mars/Olympus", "\u0662\u0660\u0662\u0662-07-01",
]
# fmt: on


@pytest.mark.parametrize("column", ["timestamp", "sent_at"])
@pytest.mark.parametrize("other", ["2022-07-01T11:00:00Z", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"])
def test_times_that_cannot_be(db, land, cycle, column, other):
    """One row each, in one batch; the other of the two times is ordinary, the first, or the last."""
    for time in TIMES:
        land("$identify", "u", at=0, **{column: time, "sent_at" if column == "timestamp" else "timestamp": other})
    assert cycle(at=0)["loaded"] == len(TIMES)
    worst = db.execute(
        "select count(*) as n from warehouse.events where timestamp > received_at + interval '23 hours' "
        "or timestamp < '0002-01-01' or not isfinite(timestamp)"
    ).fetchone()
    assert worst["n"] == 0
    # Python must be able to read what is stored.
    db.execute("select timestamp from warehouse.events").fetchall()


@pytest.mark.parametrize("time", ["\u0662\u0660\u0662\u0662-001", "\u0662\u0660\u0662\u0662-W01-1"])
def test_digits_of_another_script(db, time):
    """In a database whose locale calls them digits: nothing that a client writes as its time may raise an error."""
    collation = "pg_unicode_fast" if db.info.server_version >= 180000 else "en-x-icu"
    row = db.execute(
        psql.SQL("select ops.parse_timestamp(%s collate {}) as time").format(psql.Identifier(collation)), [time]
    ).fetchone()
    assert row["time"] is None


UUIDS = {
    "00000000-0000-4000-8000-000000000001": True,
    "ABCDEF00-0000-4000-8000-00000000000A": True,
    "00000000-0000-0000-0000-000000000000": True,
    "ffffffff-ffff-ffff-ffff-ffffffffffff": True,
    "": True,
    "00000000000040008000000000000001": False,
    "{00000000-0000-4000-8000-000000000001}": False,
    "urn:uuid:00000000-0000-4000-8000-000000000001": False,
    " 00000000-0000-4000-8000-000000000001": False,
    "00000000-0000-4000-8000-000000000001\n": False,
    "0000000-00000-4000-8000-000000000001": False,
    "00000000-0000-4000-8000-00000000000": False,
    "00000000-0000-4000-8000-0000000000001": False,
    "\uff10\uff10000000-0000-4000-8000-000000000001": False,
}


def test_uuids_in_odd_forms(db, land, cycle):
    landed = {land("$identify", f"user {number}", uuid=uuid): uuid for number, uuid in enumerate(UUIDS)}
    cycle()
    kept = {landed[row["landing_id"]] for row in db.execute("select landing_id from warehouse.events")}
    assert kept == {uuid for uuid, is_good in UUIDS.items() if is_good}
    again = land("$identify", "user 1", uuid="abcdef00-0000-4000-8000-00000000000a")
    assert cycle()["duplicate"] == 1
    assert again not in {row["landing_id"] for row in db.execute(ACCOUNTED)}


# Text that PostgreSQL accepts, often with what has a meaning somewhere on the way.
TEXT = st.one_of(
    st.none(),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=30),
    st.sampled_from([
        *("", " ", "$identify", "$create_alias", "$merge_dangerously", "$exception", "u", "v", "\\N", "\\.", ",", '"'),
        *("NaN", "null", "None", "0", "inf", "x" * 200, "x" * 201, "x" * 401, "\u2028", "\U0001f600" * 200, "\n"),
        "00000000-0000-4000-8000-000000000001",
    ]),
    st.sampled_from(TIMES),
    st.from_regex(r"\A\d{4}-(W?\d\d-?\d|\d\d-\d\d|\d{3})([T ]\d\d:\d\d(:\d\d(\.\d{1,7})?)?)?(Z|[+-]\d\d:?\d\d)?\Z"),
)
NAMES = st.one_of(
    st.sampled_from([
        *("$set", "$set_once", "$unset", "$anon_distinct_id", "alias", "$device_id", "distinct_id", "$distinct_id"),
        *("$process_person_profile", "$ignore_sent_at", "a"),
    ]),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=5),
)
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), TEXT),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=5),
    max_leaves=8,
)
ROWS = st.lists(
    st.fixed_dictionaries({
        "event": TEXT,
        "distinct_id": TEXT,
        "uuid": TEXT,
        "timestamp": TEXT,
        "sent_at": TEXT,
        "ip": TEXT,
        "team_id": st.sampled_from([1, 1, 1, 1, None, 0, -1, 2**63 - 1]),
        "properties": st.one_of(st.dictionaries(NAMES, JSON, max_size=6), JSON).map(json.dumps),
    }),
    min_size=1,
    max_size=40,
)


# Without shrinking: PostgreSQL's own message names the row, and each attempt is a whole cycle.
@settings(max_examples=20, deadline=None, derandomize=True, phases=[Phase.generate], suppress_health_check=HealthCheck)
@given(rows=ROWS)
def test_any_row_that_an_insert_accepts(db, land, cycle, rows):
    landed = 0
    for row in rows:
        try:
            land(**row)
            landed += 1
        except psycopg.DataError:
            pass  # the INSERT does not accept it
    try:
        first = cycle()
        assert first["landed"] == landed
        assert first["landed"] + first["released"] == sum(
            first[name] for name in ("loaded", "held", "duplicate", "quarantined")
        )
    finally:
        # The next example must not find what this one failed on.
        db.execute("truncate landing.event, buffer.event")
        db.execute("delete from ops.batch where status = 'open'")
