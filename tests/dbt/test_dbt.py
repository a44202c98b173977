"""The dbt project of `sql/dbt` with a real dbt: it builds, stays right after merges, and each of its tests can fail."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from etl.files.undo import undo
from etl.operate import person
from etl.operate.event_retention import drop_expired_events
from etl.operate.maintain import drop_expired_partitions, squash
from etl.operate.split import split
from etl.rules.identity import person_id_of
from etl.settings import Settings
from etl.sql import Db
from tests.dbt.conftest import Dbt
from tests.files.examples import land_one, write
from tests.history import act, land_two_weeks

pytestmark = [pytest.mark.dbt, pytest.mark.timeout(600)]

IN_FULL = """
select team_id, ("timestamp" at time zone 'UTC')::date as day, person_id, count(*) as events,
    min("timestamp") as first_event_at, max("timestamp") as last_event_at
from warehouse.events
where person_id is not null
group by 1, 2, 3
order by 1, 2, 3
"""
MODEL = """
select team_id, day, person_id, events, first_event_at, last_event_at
from analytics.daily_active_persons
order by 1, 2, 3
"""
Land = Callable[..., int]
Cycle = Callable[..., Any]


def days_of(db: Db, distinct_id: str) -> set[date]:
    rows = db.execute(
        "select day from analytics.daily_active_persons where person_id = %s", (person_id_of(1, distinct_id),)
    )
    return {row["day"] for row in rows}


def july(*days: int) -> set[date]:
    return {date(2022, 7, day) for day in days}


def test_the_model_stays_right_whatever_happens_between_two_runs(
    db: Db, dbt: Dbt, land: Land, cycle: Cycle, tmp_path: Path
) -> None:
    """After each story it is what the same query gives in full; days that nothing touched are left alone."""

    def ran() -> set[date]:
        """The days that a run has worked out anew."""
        before = db.execute("select max(as_of_batch_id) as n from analytics.daily_active_persons").fetchone()
        done = dbt.run("run")
        assert done.exit_status == 0, done.text
        model = db.execute(MODEL).fetchall()
        assert model == db.execute(IN_FULL).fetchall()
        rows = db.execute(
            "select distinct day from analytics.daily_active_persons where as_of_batch_id > %(n)s", before
        )
        return {row["day"] for row in rows}

    land_two_weeks(land, cycle)
    first = dbt.run("run")
    assert first.exit_status == 0, first.text
    assert db.execute(MODEL).fetchall() == db.execute(IN_FULL).fetchall()
    assert days_of(db, "a1") == july(4, 6, 11)
    assert (days_of(db, "b1"), days_of(db, "c1")) == (july(4, 5), july(5, 11))

    cycle()
    assert ran() == set(), "a batch without events touches no day"

    act(land, "c1", "$pageview", "02 08:00")
    cycle()
    assert ran() == july(2), "an event that comes late touches its own day only"

    act(land, "ann", "$identify", "13 08:00", **{"$anon_distinct_id": "c1"})
    cycle()
    assert ran() == july(2, 5, 11, 13), "a merge touches the days of the ids that moved, and its own"
    assert days_of(db, "c1") == set()
    assert days_of(db, "a1") == july(2, 4, 5, 6, 11, 13)

    act(land, "ann", "$identify", "13 09:00", **{"$anon_distinct_id": "b1"})
    cycle()
    assert squash(db) > 0
    cycle()
    assert ran() == july(4, 5, 13), "a merge that maintenance has folded into the rows meanwhile"
    assert days_of(db, "b1") == set()

    split(db, person_id_of(1, "a1"), ["c1"], by="ada")
    cycle()
    ran()
    assert days_of(db, "c1") >= july(2, 5, 11)

    act(land, "p1", "$pageview", "03 10:00", **{"$process_person_profile": False})
    act(land, "q1", "$pageview", "07 10:00")
    act(land, "sue", "$identify", "08 10:00")
    cycle()
    assert ran() == july(3, 7, 8)
    act(land, "ann", "$identify", "13 10:00", **{"$anon_distinct_id": "p1"})
    act(land, "sue", "$identify", "14 10:00", **{"$anon_distinct_id": "q1"})
    cycle()
    act(land, "ann", "$merge_dangerously", "15 10:00", alias="sue")
    cycle()
    assert ran() == july(3, 7, 8, 13, 14, 15), (
        "personless events that gained a person; a chain of merges in two batches"
    )
    assert days_of(db, "a1") >= july(3, 7, 8)

    group = {"$group_type": "company", "$group_key": "acme"}
    land("$groupidentify", "gil", properties=group, timestamp="2022-07-09T10:00:00Z")
    cycle()
    assert ran() == set(), "an event about nobody is nobody's"
    act(land, "gil", "$pageview", "10 10:00")
    cycle()
    assert ran() == july(9, 10), "until its id has a person"


def test_an_undone_file_and_an_erased_person_are_gone_with_the_next_run(
    db: Db, dbt: Dbt, database: str, land: Land, cycle: Cycle, tmp_path: Path
) -> None:
    land_two_weeks(land, cycle)
    wrong = {"event": "$pageview", "distinct_id": "f1", "timestamp": "2022-07-20T10:00:00Z"}
    path = write(tmp_path, json.dumps(wrong | {"properties": {"$device_id": "f1"}}), "wrong.jsonl")
    land_one(database, path)
    cycle()
    assert dbt.run("run").exit_status == 0
    assert days_of(db, "f1") == july(20)

    undo(db, str(path), by="ada", why="wrong")
    cycle()
    assert dbt.run("run").exit_status == 0
    rows = db.execute(MODEL).fetchall()
    assert rows == db.execute(IN_FULL).fetchall()
    assert not [row for row in rows if row["day"] == date(2022, 7, 20)], "a day without events is no row"

    person.erase(db, person.find(db, distinct_id="c1"), by="ada", why="request 17")
    cycle()
    assert dbt.run("run").exit_status == 0
    rows = db.execute(MODEL).fetchall()
    assert rows == db.execute(IN_FULL).fetchall()
    assert person_id_of(1, "c1") not in {row["person_id"] for row in rows}
    assert {row["day"] for row in rows} >= july(5, 11)


def test_days_of_which_retention_has_dropped_events_stay_as_they_were_counted(
    db: Db, dbt: Dbt, database: str, settings: Settings, land: Land, cycle: Cycle, tmp_path: Path
) -> None:
    """After a late event of such a day, an undone file and an erasure, of which only the id goes."""

    def counted() -> list[Any]:
        assert dbt.run("run").exit_status == 0
        days = "select day, count(*) as persons, sum(events) as events from analytics.daily_active_persons"
        return db.execute(f"{days} where day < '2022-07-20' group by day order by day").fetchall()

    land_two_weeks(land, cycle)
    before = counted()
    kept = settings.model_copy(update={"event_retention_days": 30})
    later = datetime.now(UTC) + timedelta(days=40)
    drop_expired_partitions(db, kept, now=later)
    assert drop_expired_events(db, kept, now=later).events > 10
    act(land, "c1", "$pageview", "04 08:00")
    wrong = {"event": "$pageview", "distinct_id": "f1", "timestamp": "2022-07-20T10:00:00Z"}
    path = write(tmp_path, json.dumps(wrong | {"properties": {"$device_id": "f1"}}), "wrong.jsonl")
    land_one(database, path)
    cycle()
    assert counted() == before
    assert days_of(db, "f1") == july(20)
    undo(db, str(path), by="ada", why="wrong")
    cycle()
    assert counted() == before
    assert days_of(db, "f1") == set()
    assert days_of(db, "a1") == july(4, 6, 11)
    person.erase(db, person.find(db, distinct_id="a1"), by="ada", why="request 17")
    cycle()
    assert counted() == before
    assert days_of(db, "a1") == set()
    people = "select person_id, count(*) as days from analytics.daily_active_persons group by 1 order by 2"
    found = db.execute(people).fetchall()
    assert [row["days"] for row in found] == [2, 2, 3], "the erased person is still one"
    assert counted() == before
    assert db.execute(people).fetchall() == found


def test_freshness_is_that_of_the_load(db: Db, dbt: Dbt, land: Land, cycle: Cycle) -> None:
    act(land, "a1", "$pageview", "04 10:00")
    cycle()
    fresh = dbt.run("source", "freshness")
    assert (fresh.exit_status, fresh.statuses) == (0, {"events": "pass"})
    db.execute("update ops.batch set loaded_at = loaded_at - interval '6 minutes'")
    assert dbt.run("source", "freshness").statuses == {"events": "warn"}
    db.execute("update ops.batch set loaded_at = loaded_at - interval '10 minutes'")
    stale = dbt.run("source", "freshness")
    assert (stale.exit_status, stale.statuses) == (1, {"events": "error"})


# What no program of ours writes: a row that each test of the project must find, and no other test.
FORGERIES = {
    "source_unique_together_warehouse_events_team_id__uuid__distinct_id__event": (
        "insert into warehouse.stored_event select * from warehouse.stored_event where distinct_id = 'e1'"
    ),
    "source_not_null_warehouse_events_person_id": (
        "update warehouse.stored_event set person_id = null, distinct_id = 'unknown' where distinct_id = 'e2'"
    ),
    "source_living_person_warehouse_events_person_id": (
        "update warehouse.stored_event set person_id = gen_random_uuid() where distinct_id = 'e3'"
    ),
    "source_unique_together_warehouse_persons_team_id__person_id": (
        "update warehouse.person set person_id = p.person_id from warehouse.person as p"
        " where p.distinct_id = 'e1' and warehouse.person.distinct_id = 'm1'"
    ),
    "source_living_person_warehouse_persons_merged_into": (
        "update warehouse.person set merged_into = person_id where distinct_id = 'm2'"
    ),
    "source_living_person_warehouse_person_distinct_ids_person_id": (
        "update warehouse.person_distinct_id set person_id = gen_random_uuid() where distinct_id = 'e4'"
    ),
    "source_living_person_warehouse_person_overrides_person_id": (
        "insert into warehouse.person_override values (1, gen_random_uuid(), gen_random_uuid(), 1)"
    ),
    "source_not_null_warehouse_merges_reason": "update warehouse.merge set reason = null where outcome = 'refused'",
    "unique_together_daily_active_persons_team_id__day__person_id": (
        "insert into analytics.daily_active_persons select d.* from analytics.daily_active_persons as d"
        " inner join warehouse.person_distinct_ids as i using (person_id) where i.distinct_id = 'e1'"
    ),
    "not_null_daily_active_persons_day": (
        "update analytics.daily_active_persons as d set day = null"
        " from warehouse.person_distinct_ids as i where d.person_id = i.person_id and i.distinct_id = 'e2'"
    ),
    "not_null_daily_active_persons_person_id": (
        "update analytics.daily_active_persons as d set person_id = null"
        " from warehouse.person_distinct_ids as i where d.person_id = i.person_id and i.distinct_id = 'e3'"
    ),
}


def test_each_test_of_the_project_passes_and_can_fail(db: Db, dbt: Dbt, land: Land, cycle: Cycle) -> None:
    """In a warehouse with persons merged, a merge refused, an event without a person and one about nobody."""
    for name in ("e1", "e2", "e3", "e4", "m1", "m2"):
        land("page", name, properties={"$device_id": name})
    for name in ("ann", "bob"):
        land("$identify", name)
    for name, anonymous in (("ann", "m1"), ("bob", "m2"), ("ann", "bob")):
        land("$identify", name, properties={"$anon_distinct_id": anonymous})
    land("page", "p1", properties={"$device_id": "p1", "$process_person_profile": False})
    land("$groupidentify", "nobody", properties={"$group_type": "company", "$group_key": "acme"})
    cycle()
    done = dbt.run("build")
    assert done.exit_status == 0, done.text
    assert done.statuses == dict.fromkeys(FORGERIES, "pass") | {"daily_active_persons": "success"}

    # Last those of the warehouse: who is who is read by those of the model.
    for forgery in reversed(FORGERIES.values()):
        assert db.execute(forgery).rowcount == 1, forgery
    done = dbt.run("test")
    assert done.exit_status == 1
    assert done.failures == dict.fromkeys(FORGERIES, 1), done.text
