"""Functions for readers: the same numbers as the views, after merges and splits, from only the days asked for."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from uuid import uuid4

import pytest

from etl.local import up
from etl.operate import maintain
from etl.operate.split import split
from etl.rules.identity import person_id_of
from tests.history import act, land_two_weeks

FIRST_DAY = date(2022, 7, 1)


def rows_of(db, query, *parameters):
    return sorted((tuple(row.values()) for row in db.execute(query, parameters).fetchall()), key=repr)


def scans(db, query, options="analyze, timing off"):
    """How a plan reads each partition of events: those that it rules out before or while it runs are not there."""
    plan = db.execute(f"explain (format json, {options}) {query}").fetchone()["QUERY PLAN"][0]["Plan"]
    nodes, found = [plan], {}
    for node in nodes:
        nodes += node.get("Plans", [])
        if node.get("Relation Name", "").startswith("stored_event") and node.get("Actual Loops", 1):
            found[node["Relation Name"].removeprefix("stored_event_")] = node["Node Type"]
    return found


@pytest.fixture
def month(db):
    """A partition for each day of July 2022."""
    for day in range(31):
        db.execute(
            "select ops.ensure_day_partition('warehouse', 'stored_event', 'timestamp', %s::date)",
            (FIRST_DAY + timedelta(days=day),),
        )


@pytest.fixture
def changed(db, land, cycle, month):
    """Two weeks; then the device c1 turns out to be Ann's too, and one of Ann's other devices somebody else's."""
    land_two_weeks(land, cycle)
    act(land, "d1", "$pageview", "12 23:59")
    act(land, "d1", "$pageview", "13 00:00")
    act(land, "ann", "$identify", "13 09:00", **{"$anon_distinct_id": "d1"})
    cycle()
    maintain.squash(db)
    act(land, "ann", "$identify", "13 10:00", **{"$anon_distinct_id": "c1"})
    cycle()
    split(db, person_id_of(1, "a1"), ["d1"], by="ann")
    cycle()


# Days


@pytest.mark.parametrize("name", ["daily_unique_persons", "daily_merge_effects"])
@pytest.mark.parametrize(
    ("from_day", "to_day"), [("2022-07-01", "2022-07-31"), ("2022-07-05", "2022-07-12"), ("2022-07-11", "2022-07-11")]
)
def test_the_same_numbers_as_the_view(db, changed, name, from_day, to_day):
    """Whole days of UTC, both included, whatever the time zone of the session."""
    db.execute("set timezone = 'America/New_York'")
    seen = rows_of(db, f"select * from warehouse.{name} where day between %s and %s", from_day, to_day)
    assert seen
    assert rows_of(db, f"select * from warehouse.{name}(%s, %s)", from_day, to_day) == seen


def test_a_merge_counts_once(db, changed):
    """On the 11th Ann looked twice, once as c1; on the 12th d1 did, who is Ann no more."""
    rows = rows_of(db, "select day, events, persons from warehouse.daily_unique_persons('2022-07-11', '2022-07-12')")
    assert rows == [(date(2022, 7, 11), 1, 1), (date(2022, 7, 11), 2, 1), (date(2022, 7, 12), 1, 1)]


@pytest.mark.parametrize("name", ["daily_unique_persons", "daily_merge_effects"])
def test_only_the_days_asked_for_are_read(db, month, name):
    read = scans(db, f"select * from warehouse.{name}('2022-07-05', '2022-07-07')")
    assert read.keys() == {"20220705", "20220706", "20220707"}


# A person


def test_everything_of_a_person_after_merges_and_splits(db, changed):
    """The same as by person_id, for everybody there is."""
    persons = [
        row["person_id"] for row in db.execute("select person_id from warehouse.persons where merged_into is null")
    ]
    assert len(persons) >= 3
    for person_id in persons:
        seen = rows_of(db, "select * from warehouse.events where person_id = %s", person_id)
        assert rows_of(db, "select * from warehouse.events_of_person(1, %s)", person_id) == seen
    ann = rows_of(db, "select distinct distinct_id from warehouse.events_of_person(1, %s)", person_id_of(1, "a1"))
    assert ann == [("a1",), ("ann",), ("c1",)]
    assert rows_of(db, "select distinct distinct_id from warehouse.events_of_person(1, %s)", person_id_of(1, "d1")) == [
        ("d1",)
    ]


def test_a_merged_person_leads_to_the_one_it_has_become(db, changed):
    ann = rows_of(db, "select uuid from warehouse.events_of_person(1, %s)", person_id_of(1, "a1"))
    assert rows_of(db, "select uuid from warehouse.events_of_person(1, %s)", person_id_of(1, "c1")) == ann


def test_personless_events_are_found_by_the_id_that_they_imply(db, land, cycle):
    act(land, "p1", "$pageview", "05 10:00", **{"$process_person_profile": False})
    cycle()
    seen = rows_of(db, "select * from warehouse.events")
    assert len(seen) == 1
    assert rows_of(db, "select * from warehouse.events_of_person(1, %s)", person_id_of(1, "p1")) == seen


def test_nobody_and_other_projects_have_nothing(db, changed):
    assert rows_of(db, "select * from warehouse.events_of_person(1, %s)", uuid4()) == []
    assert rows_of(db, "select * from warehouse.events_of_person(2, %s)", person_id_of(1, "a1")) == []


def test_a_person_is_found_by_the_index_of_its_ids(db, month):
    """By the planner's choice where there are rows enough: no partition is read as a whole."""
    db.execute(
        "insert into warehouse.stored_event (team_id, distinct_id, uuid, event, timestamp, person_id, person_mode,"
        " properties, has_property_operations, is_lifted, received_at, batch_id, xid, landing_id, row_hash)"
        " select 1, 'u' || n %% 500, gen_random_uuid(), 'page', %s::date + n * interval '2 minutes',"
        " md5('u' || n %% 500)::uuid, 'full', '{}', false, false, now(), 1, '9', n, 0"
        " from generate_series(0, 22319) as n",
        (FIRST_DAY,),
    )
    db.execute(
        "insert into warehouse.person_distinct_id (team_id, distinct_id, person_id, is_personless, tied_by_uuid,"
        " updated_at) select 1, 'u' || n, md5('u' || n)::uuid, false, md5('x')::uuid, now()"
        " from generate_series(0, 499) as n"
    )
    db.execute("analyze warehouse.stored_event, warehouse.person_distinct_id")
    query = "select * from warehouse.events_of_person(1, md5('u7')::uuid)"
    assert db.execute(f"select count(*) as n from ({query}) as e").fetchone() == {"n": 45}
    kinds = {kind for name, kind in scans(db, query).items() if name.startswith("2022")}
    assert kinds
    assert "Seq Scan" not in kinds
    bounded = f"{query} where timestamp >= '2022-07-05+00' and timestamp < '2022-07-06+00'"
    assert scans(db, bounded).keys() == {"20220705"}


# Sessions

SESSION = "select * from warehouse.sessions(%s, %s) order by started_at"
SHOWN = ("distinct_id", "duration_seconds", "events", "pageviews", "screens", "autocaptures", "is_bounce")


def sessions(db, since="2022-07-01+00", until="2022-08-01+00"):
    return {row["session_id"]: row for row in db.execute(SESSION, (since, until)).fetchall()}


def test_what_a_session_is(db, land, cycle):
    """The first page says how it began; an event before it only what no page says."""
    s1 = {"$session_id": "s1"}
    act(land, "a1", "ad clicked", "04 10:00:00", **s1, **{"$current_url": "/before", "utm_source": "x", "gclid": "g"})
    act(land, "a1", "$pageview", "04 10:00:02", **s1, **{"$current_url": "/home", "utm_source": "mail"})
    act(land, "a1", "$pageview", "04 10:00:05", **s1, **{"$current_url": "/buy", "utm_source": "y", "utm_term": "z"})
    act(land, "a1", "$pageleave", "04 10:00:07.5", **s1, **{"$current_url": "/after", "$referring_domain": ""})
    # No session: none, an empty one, null.
    act(land, "a1", "$pageview", "04 11:00")
    act(land, "a1", "$pageview", "04 11:01", **{"$session_id": ""})
    act(land, "a1", "$pageview", "04 11:02", **{"$session_id": None})
    cycle()
    found = sessions(db)
    assert found.keys() == {"s1"}
    session = found["s1"]
    assert [session[name] for name in SHOWN] == ["a1", 7.5, 4, 2, 0, 0, False]
    assert session["started_at"] == datetime(2022, 7, 4, 10, tzinfo=UTC)
    assert session["ended_at"] == datetime(2022, 7, 4, 10, 0, 7, 500_000, tzinfo=UTC)
    assert (session["entry_url"], session["exit_url"]) == ("/home", "/buy")
    assert (session["entry_utm_source"], session["entry_utm_term"], session["entry_gclid"]) == ("mail", "z", "g")
    assert session["entry_referring_domain"] is None


@pytest.mark.parametrize(
    ("events", "is_bounce"),
    [
        ([("$pageview", "00")], True),
        ([("$screen", "00")], True),
        ([("$pageview", "00"), ("$pageleave", "09.9")], True),
        ([("$pageview", "00"), ("$pageleave", "10")], False),
        ([("$pageview", "00"), ("$pageview", "01")], False),
        ([("$pageview", "00"), ("$autocapture", "01")], False),
        ([("Order created", "00"), ("Order paid", "59")], None),
    ],
)
def test_a_bounce_is_one_page_for_less_than_ten_seconds(db, land, cycle, events, is_bounce):
    for event, second in events:
        act(land, "a1", event, f"04 10:00:{second}", **{"$session_id": "s"})
    cycle()
    assert sessions(db)["s"]["is_bounce"] is is_bounce


def test_a_session_belongs_to_the_time_in_which_it_began(db, land, cycle):
    """Over midnight: whole on the day of its beginning, and not there on the next."""
    for at in ("04 23:50", "05 00:20", "05 23:40"):
        act(land, "a1", "$pageview", at, **{"$session_id": "s"})
    cycle()
    assert sessions(db, "2022-07-04+00", "2022-07-05+00")["s"]["pageviews"] == 3
    assert sessions(db, "2022-07-05+00", "2022-07-06+00") == {}
    assert sessions(db, "2022-07-04 23:50+00", "2022-07-04 23:51+00").keys() == {"s"}
    assert sessions(db, "2022-07-04 23:00+00", "2022-07-04 23:50+00") == {}


def test_a_session_has_the_person_of_now(db, land, cycle):
    act(land, "a1", "$pageview", "04 10:00", **{"$session_id": "s"})
    act(land, "ann", "$identify", "04 09:00")
    cycle()
    assert sessions(db)["s"]["person_id"] == person_id_of(1, "a1")
    act(land, "ann", "$identify", "04 10:01", **{"$anon_distinct_id": "a1", "$session_id": "s"})
    cycle()
    session = sessions(db)["s"]
    assert (session["person_id"], session["distinct_id"]) == (person_id_of(1, "ann"), "ann")


def test_sessions_of_two_projects_are_two(db, land, cycle):
    db.execute("insert into landing.project (team_id, name) values (2, 'other')")
    act(land, "a1", "$pageview", "04 10:00", **{"$session_id": "s"})
    properties = {"$device_id": "a1", "$session_id": "s"}
    land("$pageview", "a1", team_id=2, timestamp="2022-07-04T10:00:00Z", properties=properties)
    cycle()
    rows = rows_of(db, "select team_id, events from warehouse.sessions('2022-07-04+00', '2022-07-05+00')")
    assert rows == [(1, 1), (2, 1)]


def test_sessions_read_a_day_more_on_both_sides(db, month):
    read = scans(db, "select * from warehouse.sessions('2022-07-05+00', '2022-07-06+00')")
    assert read.keys() == {"20220704", "20220705", "20220706"}


# Numbers


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("12.5", 12.5),
        ("-3", -3),
        ("1e2", 100),
        ('"12.50"', 12.5),
        ('" 7 "', 7),
        ('".5"', 0.5),
        ('"-1e-1"', -0.1),
        ('"1,5"', None),
        ('"EUR 5"', None),
        ('""', None),
        ('"NaN"', None),
        ('"Infinity"', None),
        ('"0x1F"', None),
        ('"1_000"', None),
        ('"\u0663"', None),
        ('"\u00a05"', None),
        ('"\\t5\\n"', 5),
        ('"1e308"', 1e308),
        ('"1e309"', None),
        ('"-1e999"', None),
        ('"1e999999"', None),
        (f'"{"9" * 200_000}"', None),
        ("true", None),
        ("null", None),
        ("[1]", None),
    ],
)
def test_a_property_as_a_number(shared_db, value, number):
    query = "select warehouse.number(jsonb_build_object('n', %s::jsonb), 'n')::float as n"
    assert shared_db.execute(query, (value,)).fetchone() == {"n": number}
    # Planned with the value, and with any.
    for mode in ("force_custom_plan", "force_generic_plan"):
        with shared_db.transaction(force_rollback=True):
            shared_db.execute(f"set local plan_cache_mode = {mode}")
            assert shared_db.execute(query, (value,), prepare=True).fetchone() == {"n": number}


def test_a_missing_property_is_no_number(shared_db):
    assert shared_db.execute("select warehouse.number('{}', 'n') as n").fetchone() == {"n": None}


# What is printed


def test_the_query_that_make_run_prints_reads_the_newest_days_only(db, month):
    read = scans(db, up.SELECT)
    assert "default" not in read
    # From a day ago until a day from now, and midnight may come.
    assert 1 <= len(read) <= 4
