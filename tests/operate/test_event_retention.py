"""Old events go by their retention; what erasure, export, explanation and the audit make of what is left of them."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import psycopg
import pytest
from typer.testing import CliRunner

from etl import cli
from etl.cycle.run import run_step
from etl.errors import LandingError, TransientError
from etl.files.export import export_days, follow
from etl.files.undo import undo
from etl.operate import maintain, person
from etl.operate import property as properties
from etl.operate.event_retention import Dropped, drop_expired_events
from etl.operate.explain import explain_event
from etl.quality.audit import verify
from tests.files.examples import land_one
from tests.landing import moment
from tests.operate.test_erase import UUID, found

DAY = 86400
NOW = moment(40 * DAY)


@pytest.fixture
def kept(settings):
    return settings.model_copy(update={"event_retention_days": 30})


@pytest.fixture
def past(db, land, cycle):
    """Two days of the past with partitions of their own; the second has one event that is younger."""
    for day in ("2022-07-01", "2022-07-02"):
        for table in ("landing", "warehouse"):
            names = ("event", "received_at") if table == "landing" else ("stored_event", "timestamp")
            db.execute("select ops.ensure_day_partition(%s, %s, %s, %s::date)", (table, *names, day))
    land(
        "page",
        "anon",
        at=0,
        properties={"$device_id": "anon", "$set": {"plan": "s-1"}, "utm_source": "s-2"},
        uuid=UUID(1),
    )
    land("$identify", "ann", at=1, properties={"$anon_distinct_id": "anon", "$set": {"email": "s-3"}}, uuid=UUID(2))
    land(
        "$groupidentify",
        "ann",
        at=2,
        uuid=UUID(3),
        properties={"$group_type": "firm", "$group_key": "acme", "$group_set": {"email": "s-4", "name": "Acme"}},
    )
    cycle(at=3)
    land("page", "ann", at=DAY, properties={"$set": {"email": "s-5"}}, uuid=UUID(4))
    cycle(at=DAY + 1)


def drop(db, settings, now=NOW, share=20_000):
    maintain.drop_expired_partitions(db, settings, now=now)
    return drop_expired_events(db, settings, now=now, share=share)


def stored(db):
    return [row["uuid"] for row in db.execute("select uuid::text from warehouse.stored_event order by 1")]


def test_without_a_retention_all_stays(db, settings, past):
    assert drop(db, settings) == Dropped()
    assert len(stored(db)) == 4


def test_days_go_with_their_partitions_and_the_audit_agrees(db, kept, past, cycle):
    assert drop(db, kept, now=moment(30 * DAY)) == Dropped()  # the day is not over for thirty days
    assert drop(db, kept, now=moment(31 * DAY)) == Dropped(3, ("stored_event_20220701",))
    assert stored(db) == [UUID(4)]
    assert db.execute("select day::text, events from ops.dropped_events").fetchall() == [
        {"day": "2022-07-01", "events": 3}
    ]
    audit = verify(db)
    assert (audit.troubles, audit.amended) == ([], 1)
    assert drop(db, kept) == Dropped(1, ("stored_event_20220702",))
    assert verify(db).troubles == []
    maintain.check_invariants(db)
    assert drop(db, kept) == Dropped()


def test_events_stay_as_long_as_landing_has_their_rows(db, kept, past):
    longer = kept.model_copy(update={"landing_retention_days": 365})
    assert drop(db, longer) == Dropped()
    assert len(stored(db)) == 4


def test_a_file_whose_events_are_dropped_is_not_undone(db, database, kept, past, cycle, tmp_path):
    for number, day in ((10, 1), (12, 40)):
        event = {
            "event": "$identify",
            "distinct_id": f"ann-{number}",
            "uuid": UUID(number),
            "timestamp": moment(0).isoformat(),
        }
        (path := tmp_path / f"{number}.jsonl").write_text(json.dumps(event) + "\n")
        land_one(database, path)
        db.execute("update landing.event set received_at = %s where uuid = %s", [moment(day * DAY), UUID(number)])
        cycle(at=day * DAY + 1)
    dropped, kept_ = tmp_path / "10.jsonl", tmp_path / "12.jsonl"
    assert drop(db, kept).events == 5
    assert stored(db) == [UUID(12)]  # landing has its row yet
    for is_check in (True, False):
        with pytest.raises(LandingError, match="retention has dropped events of it"):
            undo(db, str(dropped), by="ada", why="wrong", is_check=is_check)
    assert undo(db, str(kept_), by="ada", why="wrong").loaded == 1


def test_an_old_event_that_arrives_late_goes_later(db, kept, past, land, cycle):
    drop(db, kept)
    db.execute("select ops.ensure_day_partition('landing', 'event', 'received_at', '2022-08-11')")
    land(
        "page", "ann", at=41 * DAY, timestamp=moment(5).isoformat(), properties={"$set": {"email": "old"}}, uuid=UUID(5)
    )
    cycle(at=41 * DAY + 1)
    assert drop(db, kept, now=moment(45 * DAY)).events == 0
    assert drop(db, kept, now=moment(90 * DAY)).events == 1
    assert db.execute("select sum(events) as n from ops.dropped_events where day = '2022-07-01'").fetchone() == {"n": 4}
    assert verify(db).troubles == []
    person_ = db.execute("select properties from warehouse.person where merged_into is null").fetchone()
    assert person_["properties"]["email"] == "s-5"


def test_a_forged_state_is_found(db, kept, past):
    drop(db, kept)
    db.execute("update ops.dropped_id set property_state = '{}' where distinct_id = 'ann'")
    assert [trouble.table for trouble in verify(db).troubles] == ["ops.dropped_id"]


def test_what_is_sent_again_is_a_duplicate(db, kept, past, land, cycle):
    drop(db, kept)
    land("page", "ann", at=41 * DAY, timestamp=moment(DAY).isoformat(), uuid=UUID(4))
    assert cycle(at=41 * DAY + 1)["duplicate"] == 1
    [story] = explain_event(db, UUID(4))
    assert story["state"] == "dropped"
    assert "counted as duplicate" in story["answer"]


def test_a_split_goes_by_what_each_id_had_said(db, kept, past, land, cycle):
    drop(db, kept, share=1)
    land("$split", "anon", at=41 * DAY, properties={"$split_from": "ann"}, is_operator=True)
    cycle(at=41 * DAY + 1)
    told = {
        row["distinct_id"]: row["properties"]
        for row in db.execute("select distinct_id, properties from warehouse.person where merged_into is null")
    }
    assert told == {
        "anon": {"plan": "s-1", "utm_source": "s-2", "$initial_utm_source": "s-2"},
        "ann": {"email": "s-5"},
    }


def test_a_step_that_waits_goes_between_two_shares(db, kept, past, database, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    maintain.drop_expired_partitions(db, kept, now=NOW)
    with ThreadPoolExecutor(1) as pool:
        dropping = pool.submit(drop_expired_events, db, kept, now=NOW, share=1)
        run_step(database, "open")
        assert not dropping.done()
        assert dropping.result().events == 4


def test_a_reader_in_the_way_costs_nothing_but_the_partition(db, kept, past, database):
    with psycopg.connect(database) as reader:
        reader.execute("select count(*) from warehouse.events")
        with pytest.raises(TransientError, match="stored_event_20220701 is empty, but in use"):
            drop(db, kept)
    assert stored(db) == [UUID(4)]
    assert drop(db, kept).partitions == ("stored_event_20220701", "stored_event_20220702")


@pytest.mark.parametrize("erased", ["person", "events", "range", "property"])
def test_what_is_erased_is_gone_from_dropped_events_too(db, kept, past, land, cycle, erased):
    drop(db, kept)
    land("page", "ann", at=41 * DAY, properties={"$set": {"plan": "s-6"}}, uuid=UUID(6))
    cycle(at=41 * DAY + 1)
    if erased == "property":
        properties.erase(db, "email", team_id=1, by="me", why="request 1")
    else:
        bounds = {"since_at": moment(0), "until_at": moment(DAY)} if erased == "range" else {}
        scope = person.Scope(is_events_only=erased != "person", **bounds)
        person.erase(db, person.Target(1, "ann"), scope, by="me", why="request 1")
    db.execute("update landing.event set received_at = %s where event = '$erase'", (moment(42 * DAY),))
    cycle(at=42 * DAY + 1)
    gone = {
        "person": ["ann", "anon", "s-1", "s-2", "s-3", "s-5", "s-6"],
        "events": ["s-1", "s-2", "s-3", "s-5", "s-6"],
        "range": ["s-1", "s-2", "s-3"],
        "property": ["s-3", "s-4", "s-5"],
    }[erased]
    assert {text: rows for text in gone if (rows := found(db, text))} == {}
    told = db.execute("select properties from warehouse.person where merged_into is null").fetchone()["properties"]
    assert (
        told
        == {
            "person": {},
            "events": {},
            "range": {"email": "s-5", "plan": "s-6"},
            "property": {"plan": "s-6", "utm_source": "s-2", "$initial_utm_source": "s-2"},
        }[erased]
    )
    assert verify(db).troubles == []
    maintain.check_invariants(db)
    # Nobody's events are still known when they are sent again.
    if erased != "person":
        land("page", "ann", at=43 * DAY, timestamp=moment(DAY).isoformat(), uuid=UUID(4))
        assert cycle(at=43 * DAY + 1)["duplicate"] == 1


def test_what_was_exported_stays(db, kept, past, land, cycle, tmp_path):
    list(follow(db, tmp_path))
    drop(db, kept)
    land("page", "ann", at=41 * DAY, uuid=UUID(7))
    land("page", "ann", at=41 * DAY, timestamp=moment(5).isoformat(), uuid=UUID(8))
    cycle(at=41 * DAY + 1)
    first = (tmp_path / "events" / "2022-07-01.parquet").read_bytes()
    list(follow(db, tmp_path))
    list(export_days(db, tmp_path, first_day=moment(0).date(), last_day=moment(DAY).date()))
    assert (tmp_path / "events" / "2022-07-01.parquet").read_bytes() == first
    days = sorted(path.stem for path in (tmp_path / "events").iterdir())
    assert days == ["2022-07-01", "2022-07-02", (moment(0) + timedelta(days=41)).strftime("%Y-%m-%d")]


def test_maintain_says_what_it_dropped(db, database, past, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setenv("ETL_EVENT_RETENTION_DAYS", "400")
    result = CliRunner().invoke(cli.app, ["maintain"])
    assert "events dropped: 4, with 2 days" in result.output
    result = CliRunner().invoke(cli.app, ["maintain", "--json"])
    assert json.loads(result.output)["events_dropped"] == 0
