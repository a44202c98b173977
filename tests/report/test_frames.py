"""The summaries behind the page, checked against counting the events themselves."""

from __future__ import annotations

import random
from datetime import timedelta

import psycopg
import pytest

from etl import sql
from etl.cycle.run import run_cycle
from etl.report import frames
from etl.report.refresh import refresh
from etl.settings import Settings
from tests.conftest import fresh_database
from tests.landing import EPOCH, land, moment

NOW = EPOCH + timedelta(hours=2)
DAY = 86_400.0


@pytest.fixture(scope="module")
def story(server_url, template):
    """Ten cycles with merges across days, bad rows and late events; a refresh after some of them."""
    chance = random.Random(7)
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_")
    with fresh_database(server_url, template) as url, sql.connect(url) as db:
        for number in range(10):
            at = number * 60.0
            for _ in range(12):
                who = f"device-{chance.randrange(12)}"
                happened = moment(at - chance.choice([0.0, 0.0, 30.0, DAY, 3 * DAY]))
                land(db, "page", who, at=at, timestamp=happened.isoformat(), properties={"$device_id": who})
            device = f"device-{chance.randrange(12)}"
            land(db, "$identify", f"user-{chance.randrange(4)}", at=at + 2, properties={"$anon_distinct_id": device})
            land(db, "page", f"late-{number}", at=at + 3)
            if number % 3 == 0:
                land(db, "", "nameless", at=at + 4)
                land(db, "page", None, at=at + 4, properties={"a": "<script>"})
            run_cycle(db, settings, now=moment(at + 10))
            if number in {0, 3, 4, 9}:
                refresh(db, settings, now=NOW)
        yield db


def test_users_by_day_are_what_counting_the_events_gives(story):
    counted = story.execute(
        """select (timestamp at time zone 'UTC')::date as day, count(*) as events,
                  count(distinct distinct_id) as distinct_ids, count(distinct person_id) as unique_users
           from warehouse.events group by 1 order by 1"""
    ).fetchall()
    assert len(counted) >= 3
    shown = frames.unique_users(story, now=NOW)
    columns = ["day", "events", "distinct_ids", "unique_users"]
    assert shown[columns].to_dict("records") == counted
    assert shown["saved_by_merges"].sum() > 0


def test_late_events_are_those_that_came_after_their_day(story):
    counted = story.execute(
        """select count(*) as late from warehouse.events
           where received_at >= date_trunc('day', timestamp, 'UTC') + interval '1 day'"""
    ).fetchone()
    assert frames.unique_users(story, now=NOW)["late_events"].sum() == counted["late"] > 0


def test_days_carry_the_ledger_and_balance(story):
    days = frames.days(story, last=3650)
    total = story.execute(
        "select sum(landed) as landed, sum(quarantined) as q, sum(rescued) as r from ops.batch"
    ).fetchone()
    assert days["landed"].sum() == total["landed"]
    assert days["quarantined"].sum() == total["q"] == 8
    assert days["rescued"].sum() == total["r"]
    assert days["unbalanced"].sum() == 0
    balance = days["landed"] + days["released"] - days[["loaded", "held", "duplicate", "quarantined"]].sum(axis=1)
    assert (balance == 0).all()
    assert (days["day"].diff().dropna() == timedelta(days=-1)).all()


def test_freshness_is_the_percentile_of_the_ages(story):
    exact = story.execute(
        """select percentile_disc(0.5) within group (order by age)::float as p50,
                  percentile_disc(0.95) within group (order by age)::float as p95
           from warehouse.events join ops.batch using (batch_id),
               lateral (select extract(epoch from loaded_at - received_at) as age) as a"""
    ).fetchone()
    shown = frames.freshness(story).iloc[-1]
    assert shown["arrival_p50_seconds"] == pytest.approx(exact["p50"], rel=0.06)
    assert shown["arrival_p95_seconds"] == pytest.approx(exact["p95"], rel=0.06)
    assert 60 <= shown["hold_p50_seconds"] <= 70


def test_refused_rows_carry_reason_excerpt_and_remedy(story):
    refused = frames.quarantined(story)
    assert set(refused["expectation"]) == {"event_name_not_empty", "distinct_id_present"}
    nobody = refused[refused["expectation"] == "distinct_id_present"]
    assert set(nobody["properties"]) == {'{"a": "<script>"}'}
    assert nobody["remedy"].str.len().min() > 10
    assert frames.refusals(story)["events"].sum() == 8
    assert len(frames.quarantined(story, at_most=1)) == 2


def refresh_again(db, settings):
    db.execute("update ops.report_state set batch_id = 8")
    refresh(db, settings, now=NOW)


def test_a_batch_is_summed_up_once_and_an_interrupted_refresh_changes_nothing(story, settings):
    before = frames.days(story)
    assert refresh(story, settings, now=NOW) == 0
    with pytest.raises(psycopg.errors.UniqueViolation), story.transaction():
        refresh_again(story, settings)
    assert frames.days(story).equals(before)


def test_old_days_are_forgotten(db, settings):
    land(db, "page", "device-1", at=0.0, properties={"$device_id": "device-1"})
    run_cycle(db, settings, now=moment(10.0))
    refresh(db, settings, now=NOW)
    assert len(frames.unique_users(db, now=NOW)) == 1
    land(db, "page", "device-1", at=31 * DAY, properties={"$device_id": "device-1"})
    run_cycle(db, settings, now=moment(31 * DAY + 10.0))
    refresh(db, settings, now=NOW + timedelta(days=31))
    assert [str(row["day"]) for row in db.execute("select day from ops.report_active_id")] == ["2022-08-01"]


def test_the_auditor_reads_every_frame(story):
    story.execute("set role auditor")
    try:
        assert len(frames.days(story)) == 30
        assert len(frames.batches(story, since=EPOCH)) == 10
        for each in (frames.projects, frames.refusals, frames.quarantined, frames.warnings, frames.buffer):
            each(story)
        frames.failed_expectations(story, since=EPOCH)
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            story.execute("update ops.report_day set unique_users = 1")
    finally:
        story.execute("reset role")


def test_an_empty_warehouse_gives_empty_frames(db, settings):
    assert refresh(db, settings) == 0
    days = frames.days(db)
    assert len(days) == 30
    assert days["events"].sum() == 0
    assert frames.batches(db, since=EPOCH).empty
    assert sql.one(db, "report/read_newest")["batch_id"] is None
