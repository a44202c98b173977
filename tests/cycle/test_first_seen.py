"""When a person was first seen: its earliest event, whatever arrived first and whoever had the id."""

from __future__ import annotations

from datetime import date

import pytest

from etl.operate.split import split
from tests.landing import moment

OLD = "2021-01-05T09:00:00Z"
DEVICE = {"$device_id": "cust"}


def first_seen(db):
    rows = db.execute("select first_seen_at as at from warehouse.persons where merged_into is null order by 1")
    return [row["at"].isoformat() for row in rows]


def new_persons(db):
    rows = db.execute("select day, persons from warehouse.daily_new_persons order by day")
    return {row["day"]: row["persons"] for row in rows}


@pytest.mark.parametrize("is_cut", [False, True])
@pytest.mark.parametrize("is_live_first", [False, True])
def test_history_may_come_later(db, land, cycle, is_cut, is_live_first):
    sent = [("login", None), ("signup", OLD), ("page", "2021-03-01T00:00:00Z")]
    for event, timestamp in sent if is_live_first else sent[::-1]:
        land(event, "cust", properties=DEVICE, timestamp=timestamp, at=0)
        if is_cut:
            cycle(at=1)
    cycle(at=2)
    assert first_seen(db) == ["2021-01-05T09:00:00+00:00"]
    assert new_persons(db) == {date(2021, 1, 5): 1}


def test_held_and_personless_events_count_when_they_are_loaded(db, land, cycle):
    land("quiet", "cust", properties={"$process_person_profile": False}, timestamp="2021-02-01T00:00:00Z", at=0)
    cycle(at=0)
    land("held", "cust", timestamp=OLD, at=0)
    assert cycle(at=1)["held"] == 1
    assert first_seen(db) == []
    cycle(at=61)
    assert first_seen(db) == ["2021-01-05T09:00:00+00:00"]
    land("quiet", "cust", properties={"$process_person_profile": False}, timestamp="2021-01-01T00:00:00Z", at=62)
    cycle(at=63)
    assert first_seen(db) == ["2021-01-01T00:00:00+00:00"]


def test_what_says_nothing_of_a_person_does_not_count(db, land, cycle):
    land("page", "cust", properties=DEVICE, at=0)
    land("$groupidentify", "cust", properties={"$group_type": "t", "$group_key": "k"}, timestamp=OLD, at=0)
    land("page", "cust", properties=["no object"], timestamp=OLD, at=0)
    cycle(at=1)
    assert first_seen(db) == [moment(0).isoformat()]


def test_it_follows_the_ids_through_merges_and_splits(db, land, cycle):
    land("page", "cust", properties=DEVICE, timestamp="2021-06-01T00:00:00Z", at=0)
    land("page", "anon", properties={"$device_id": "anon"}, timestamp=OLD, at=0)
    land("$identify", "cust", properties={"$anon_distinct_id": "anon"}, timestamp="2021-06-02T00:00:00Z", at=1)
    cycle(at=2)
    assert first_seen(db) == ["2021-01-05T09:00:00+00:00"]
    assert new_persons(db) == {date(2021, 1, 5): 1}
    person = db.execute("select person_id from warehouse.persons where merged_into is null").fetchone()["person_id"]
    split(db, person, by="me", why="two")
    cycle()
    assert first_seen(db) == ["2021-01-05T09:00:00+00:00", "2021-06-01T00:00:00+00:00"]
    assert new_persons(db) == {date(2021, 1, 5): 1, date(2021, 6, 1): 1}


def test_a_merge_that_is_refused_for_its_size_does_not_count(db, land, cycle):
    db.execute("update landing.project set merge_move_limit = 1")
    land("page", "cust", properties=DEVICE, at=0)
    for number in (1, 2):
        land("$create_alias", "anon", properties={"alias": f"other {number}"}, at=0)
    land("$merge_dangerously", "cust", properties={"alias": "anon"}, timestamp=OLD, at=1)
    assert cycle(at=2)["quarantined"] == 1
    assert first_seen(db) == [moment(0).isoformat()] * 2
