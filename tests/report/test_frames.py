"""The summaries behind the page, checked against counting the events themselves."""

from __future__ import annotations

import random
from datetime import date, timedelta

import pandas as pd
import psycopg
import pytest
import sqlalchemy as sa

from etl import sql
from etl.cycle.run import run_cycle
from etl.errors import ConfigurationError
from etl.report import frames
from etl.report.refresh import refresh
from etl.settings import Settings
from tests.conftest import fresh_database
from tests.landing import EPOCH, land, moment
from tests.logins import login

NOW = EPOCH + timedelta(hours=2)
DAY = 86_400.0


@pytest.fixture(scope="module")
def warehouse(server_url, template):
    """The URL of the module's own database."""
    with fresh_database(server_url, template) as url:
        yield url


def engine_of(url, **options):
    """As an analyst makes one."""
    return sa.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), **options)


@pytest.fixture(scope="module")
def engine(warehouse):
    engine = engine_of(warehouse)
    yield engine
    engine.dispose()


@pytest.fixture(scope="module")
def story(warehouse):
    """Ten cycles with merges across days, bad rows and late events; a refresh after some of them."""
    chance = random.Random(7)
    settings = Settings(_env_prefix="NO_SUCH_PREFIX_")
    with sql.connect(warehouse) as db:
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


def test_users_by_day_are_what_counting_the_events_gives(story, engine):
    counted = story.execute(
        """select (timestamp at time zone 'UTC')::date as day, count(*) as events,
                  count(distinct distinct_id) as distinct_ids, count(distinct person_id) as unique_users
           from warehouse.events group by 1 order by 1"""
    ).fetchall()
    assert len(counted) >= 3
    shown = frames.unique_users(engine, now=NOW)
    columns = ["day", "events", "distinct_ids", "unique_users"]
    assert shown[columns].to_dict("records") == counted
    assert shown["saved_by_merges"].sum() > 0


def test_late_events_are_those_that_came_after_their_day(story, engine):
    counted = story.execute(
        """select count(*) as late from warehouse.events
           where received_at >= date_trunc('day', timestamp, 'UTC') + interval '1 day'"""
    ).fetchone()
    assert frames.unique_users(engine, now=NOW)["late_events"].sum() == counted["late"] > 0


def test_days_carry_the_ledger_and_balance(story, engine):
    days = frames.days(engine, last=3650)
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


def test_freshness_is_the_percentile_of_the_ages(story, engine):
    exact = story.execute(
        """select percentile_disc(0.5) within group (order by age)::float as p50,
                  percentile_disc(0.95) within group (order by age)::float as p95
           from warehouse.events join ops.batch using (batch_id),
               lateral (select extract(epoch from loaded_at - received_at) as age) as a"""
    ).fetchone()
    shown = frames.freshness(engine).iloc[-1]
    assert shown["arrival_p50_seconds"] == pytest.approx(exact["p50"], rel=0.06)
    assert shown["arrival_p95_seconds"] == pytest.approx(exact["p95"], rel=0.06)
    assert 60 <= shown["hold_p50_seconds"] <= 70


def test_refused_rows_carry_reason_excerpt_and_remedy(story, engine):
    refused = frames.quarantined(engine)
    assert set(refused["expectation"]) == {"event_name_not_empty", "distinct_id_present"}
    nobody = refused[refused["expectation"] == "distinct_id_present"]
    assert set(nobody["properties"]) == {'{"a": "<script>"}'}
    assert nobody["remedy"].str.len().min() > 10
    assert frames.refusals(engine)["events"].sum() == 8
    assert len(frames.quarantined(engine, at_most=1)) == 2


def refresh_again(db, settings):
    db.execute("update ops.report_state set batch_id = 8")
    refresh(db, settings, now=NOW)


def test_a_batch_is_summed_up_once_and_an_interrupted_refresh_changes_nothing(story, engine, settings):
    before = frames.days(engine)
    assert refresh(story, settings, now=NOW) == 0
    with pytest.raises(psycopg.errors.UniqueViolation), story.transaction():
        refresh_again(story, settings)
    assert frames.days(engine).equals(before)


def test_old_days_are_forgotten(database, db, settings):
    land(db, "page", "device-1", at=0.0, properties={"$device_id": "device-1"})
    run_cycle(db, settings, now=moment(10.0))
    refresh(db, settings, now=NOW)
    assert len(frames.unique_users(database, now=NOW)) == 1
    land(db, "page", "device-1", at=31 * DAY, properties={"$device_id": "device-1"})
    run_cycle(db, settings, now=moment(31 * DAY + 10.0))
    refresh(db, settings, now=NOW + timedelta(days=31))
    assert [str(row["day"]) for row in db.execute("select day from ops.report_active_id")] == ["2022-08-01"]


def test_the_auditor_reads_every_frame(story, warehouse):
    with login(warehouse, "auditor") as auditor:
        assert len(frames.days(auditor)) == 30
        assert len(frames.batches(auditor, since=EPOCH)) == 10
        for each in (frames.projects, frames.refusals, frames.quarantined, frames.warnings, frames.buffer):
            each(auditor)
        for each in (frames.decisions, frames.withheld, frames.checks, frames.drift):
            each(auditor)
        frames.failed_expectations(auditor, since=EPOCH)
        with sql.connect(auditor) as db, pytest.raises(psycopg.errors.InsufficientPrivilege):
            db.execute("update ops.report_day set unique_users = 1")


def test_an_empty_warehouse_gives_empty_frames(database, db, settings):
    assert refresh(db, settings) == 0
    days = frames.days(database)
    assert len(days) == 30
    assert days["events"].sum() == 0
    assert frames.batches(database, since=EPOCH).empty
    assert sql.one(db, "report/read_newest")["batch_id"] is None


EVERY = {
    "days": {"now": NOW},
    "unique_users": {"now": NOW},
    "projects": {"now": NOW},
    "bounds": {"now": NOW},
    "freshness": {},
    "batches": {"since": EPOCH},
    "refusals": {},
    "quarantined": {},
    "warnings": {},
    "buffer": {},
    "decisions": {"last": 3650},
    "withheld": {"last": 3650},
    "checks": {"last": 3650},
    "drift": {"last": 3650},
    "proposals": {"last": 3650},
    "failed_expectations": {"since": EPOCH},
}


def test_every_frame_is_listed_here():
    public = {name for name, each in vars(frames).items() if getattr(each, "__module__", "") == frames.__name__}
    assert {name for name in public if not name.startswith("_")} == {*EVERY, "snapshot"}


@pytest.fixture(scope="module")
def full(story):
    """The story, and a row in each frame that it left empty."""
    story.execute(
        """insert into ops.check_result
           values (%s, 'warehouse', 'x', 'critical', false, 9, 3, null, '[]', 'why', 'what to do', now())""",
        (NOW.date(),),
    )
    story.execute("insert into ops.plan_drift values (%s, 1, 'new_event', 'x', '', '{}', now())", (NOW.date(),))
    story.execute(
        """with added as (
               insert into warehouse.action (team_id, name, is_enabled, steps)
               values (1, 'Bought', true, '[{"text": "Purchase"}]') returning action_id
           )
           insert into ops.action_proposal
               (team_id, action_id, day, former_step, step, events_a_day_before, events, found_at)
           select 1, action_id, %s, '{"text": "Purchase"}', '{"text": "Add"}', 30, 28, now() from added""",
        (NOW.date(),),
    )
    story.execute(
        """update ops.batch set decision = 'quarantined', decided_at = loaded_at, decided_by = 'ann', decided_why = 'x'
           where batch_id = 2"""
    )
    story.execute("update ops.batch_project set withheld = 3 where batch_id = 2")
    return story


@pytest.mark.parametrize("name", EVERY)
def test_an_engine_a_connection_and_every_form_of_url_give_the_same(full, engine, warehouse, name):
    read, arguments = getattr(frames, name), EVERY[name]
    expected = read(engine, **arguments)
    assert len(expected) > 0
    _, _, rest = warehouse.partition("://")
    for scheme in ("postgresql", "postgres", "postgresql+psycopg"):
        pd.testing.assert_frame_equal(read(f"{scheme}://{rest}", **arguments), expected)
    with engine.connect() as connection:
        pd.testing.assert_frame_equal(read(connection, **arguments), expected)


@pytest.mark.parametrize("name", EVERY)
def test_a_session_in_another_time_zone_gives_the_same(full, engine, warehouse, name):
    far = engine_of(warehouse, connect_args={"options": "-c timezone=America/New_York"})
    read, arguments = getattr(frames, name), EVERY[name]
    pd.testing.assert_frame_equal(read(far, **arguments), read(engine, **arguments))
    far.dispose()


@pytest.mark.parametrize("name", EVERY)
def test_columns_have_the_types_of_what_they_mean(full, engine, database, name):
    """Also without rows, where pandas cannot know: nothing that an analyst wrote breaks on a quiet day."""
    frame, empty = (getattr(frames, name)(each, **EVERY[name]) for each in (engine, database))
    assert list(empty.columns) == list(frame.columns)
    for column, dtype in frame.dtypes.items():
        if column == "day":
            assert {type(day) for day in frame[column]} == {date}
        elif column.endswith("_at"):
            assert dtype == empty[column].dtype == "datetime64[us, UTC]", column
        elif column.endswith(("_seconds", "_share")) or column in {"seconds", "without_buffer"}:
            assert dtype == empty[column].dtype == "float64", column
        elif pd.api.types.is_numeric_dtype(dtype):
            assert str(dtype) in {"int64", "bool"}, column
            assert column == "team_id" or empty[column].dtype == dtype, column


def test_a_snapshot_shows_one_moment_and_changes_nothing(full, engine):
    with frames.snapshot(engine) as connection:
        before = frames.drift(connection, **EVERY["drift"])
        full.execute("insert into ops.plan_drift values (%s, 1, 'new_type', 'x', '', '{}', now())", (NOW.date(),))
        assert len(frames.drift(engine, **EVERY["drift"])) == len(before) + 1
        assert len(frames.drift(connection, **EVERY["drift"])) == len(before)
        with pytest.raises(sa.exc.InternalError, match="read-only transaction"):
            connection.exec_driver_sql("delete from ops.plan_drift")
    full.execute("delete from ops.plan_drift where kind = 'new_type'")


def test_an_error_inside_a_snapshot_leaves_the_engine_as_it_was(full, warehouse):
    single = engine_of(warehouse, pool_size=1, max_overflow=0)

    def session():
        with single.connect() as connection:
            names = ("transaction_isolation", "transaction_read_only")
            return [connection.exec_driver_sql(f"show {name}").scalar() for name in (*names, "application_name")]

    before = session()
    with pytest.raises(KeyError), frames.snapshot(single):
        raise KeyError
    assert session() == before
    single.dispose()


def test_a_connection_passed_in_stays_open_and_in_its_own_transaction(full, engine):
    with engine.connect() as connection, connection.begin() as transaction:
        connection.exec_driver_sql("delete from ops.plan_drift")
        assert frames.drift(connection, **EVERY["drift"]).empty
        transaction.rollback()
    assert not frames.drift(engine, **EVERY["drift"]).empty


def test_what_is_no_warehouse_is_said_so(full, warehouse):
    with pytest.raises(TypeError, match="engine or connection of SQLAlchemy"):
        frames.days(full)
    with pytest.raises(ConfigurationError, match="address of the warehouse cannot be read"):
        frames.days("warehouse")
    with pytest.raises(ConfigurationError, match="No connection to the warehouse"):
        frames.days(f"{warehouse}_there_is_none")


def test_a_statement_with_casts_and_percent_signs_is_run_as_it_is(full, engine):
    """`like 'posthog-%%'` and `%(day)s::date + 1`: the same rows as through psycopg alone."""
    statement, params = "advice/names_sent_from_both_sides", {"day": date(2022, 7, 1)}
    expected = sql.one(full, statement, params)
    assert expected["evaluated"] > 0
    assert frames._frame(engine, statement, params).to_dict("records") == [expected]
