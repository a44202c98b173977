"""The whole warehouse: each expectation is broken by the damage it is for; a cycle breaks none; no password shows."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from etl import cli, sql
from etl.cycle.run import run_cycle
from etl.errors import GateError, InvariantError, UnavailableError
from etl.operate.maintain import check_invariants
from etl.quality.audit_log import entry
from etl.quality.suites import read_suite
from etl.quality.warehouse import SUITES, check_warehouse
from tests.landing import moment

HELD = (
    "insert into buffer.event"
    " select 1, %s, gen_random_uuid(), 'e', now(), '1', 1, now(), now(), %s, false, false, 0, null, 1"
)
CRITICAL = {
    "batches_are_contiguous": "update ops.batch set upper_landing_id = upper_landing_id - 1 where batch_id = 1",
    "buffer_ids_have_no_person": HELD % ("'bob'", "now()"),
    "buffer_is_not_overdue": HELD % ("'nobody'", "'2000-01-01'"),
    "distinct_id_points_at_living_person": "delete from warehouse.person where merged_into is null",
    "event_agrees_with_distinct_id": "update warehouse.stored_event set person_id = gen_random_uuid()",
    "every_person_has_an_id": "delete from warehouse.person_distinct_id",
    "held_equals_buffer": "update ops.batch set held = 1, loaded = loaded - 1 where batch_id = 1",
    "ledger_balances": "alter table ops.batch drop constraint ledger_balances;"
    " update ops.batch set landed = landed + 1",
    "loaded_equals_event_keys": "delete from warehouse.event_key",
    "merged_person_leads_to_living": "update warehouse.person set merged_into = gen_random_uuid()"
    " where merged_into is not null",
    "override_is_one_hop": "update warehouse.person_override set person_id = old_person_id",
    "person_ids_are_unique": "insert into warehouse.person"
    ' select (jsonb_populate_record(p, \'{"distinct_id": "copy"}\')).*'
    " from warehouse.person as p where distinct_id = 'bob'",
    "reported_users_agree_with_events": "update ops.report_state set batch_id = (select max(batch_id) from ops.batch);"
    " insert into ops.report_day values ((now() at time zone 'UTC')::date - 1, 1, 5, 0, 5, 5)",
    "quarantine_is_accounted_for": "update ops.batch set quarantined = quarantined + 1, loaded = loaded - 1"
    " where batch_id = 1",
}
WARNING = {
    "persons_are_not_of_the_future": "update warehouse.person set created_at = now() + interval '3 days'",
    "persons_are_no_placeholders": "update warehouse.person set distinct_id = 'null' where merged_into is null",
    "persons_have_few_ids": "insert into warehouse.person_distinct_id"
    " (team_id, distinct_id, person_id, is_personless, tied_by_uuid, updated_at)"
    " select team_id, 'id' || n, person_id, is_personless, tied_by_uuid, updated_at"
    " from warehouse.person_distinct_id cross join generate_series(1, 500) as n where distinct_id = 'bob'",
}


def result(db, name):
    return db.execute("select * from ops.check_result where expectation = %s", [name]).fetchone()


def test_every_query_belongs_to_an_expectation_and_has_its_damage_above():
    names = [each["meta"]["name"] for suite in SUITES for each in read_suite(suite)["expectations"]]
    assert sorted(names) == sorted(path.stem for path in (sql.resource("sql") / "invariants").glob("*.sql"))
    assert sorted(names) == sorted(CRITICAL | WARNING)


def test_a_sound_warehouse_holds_and_that_is_noted(db, merged):
    assert sorted(check_invariants(db)) == sorted(CRITICAL | WARNING)
    rows = db.execute("select * from ops.check_result").fetchall()
    assert {(row["expectation"], row["is_success"], row["unexpected"]) for row in rows} == {
        (name, True, 0) for name in CRITICAL | WARNING
    }
    assert {row["day"] for row in rows} == {db.execute("select current_date as day").fetchone()["day"]}


@pytest.mark.parametrize("name", CRITICAL)
def test_each_sees_the_damage_it_is_for(db, merged, name):
    db.execute(CRITICAL[name])
    offenders = sql.run(db, f"invariants/{name}").fetchall()
    assert offenders != []
    with pytest.raises(InvariantError) as caught:
        check_invariants(db)
    assert name in str(caught.value)
    assert "\n" not in str(caught.value)
    row = result(db, name)
    assert (row["is_success"], row["severity"], row["unexpected"]) == (False, "critical", len(offenders))
    assert [example.keys() for example in row["examples"]] == [offender.keys() for offender in offenders]


@pytest.mark.parametrize("name", WARNING)
def test_a_warning_is_noted_and_stops_nothing(db, merged, name):
    db.execute(WARNING[name])
    failed = [finding.name for finding in check_warehouse(db) if not finding.is_success]
    assert name in failed
    row = result(db, name)
    assert (row["is_success"], row["severity"]) == (False, "warning")
    assert row["remedy"].endswith(".")


def test_the_error_says_what_how_many_who_and_what_to_do(db, merged):
    db.execute("delete from warehouse.event_key where uuid = (select min(uuid::text)::uuid from warehouse.event_key)")
    with pytest.raises(
        InvariantError,
        match=r"^Invariant loaded_equals_event_keys is broken by 1 rows, the first: remembered=2, loaded=3\. "
        r"There are not .* Stop publishing numbers "
        r".*sql/invariants/loaded_equals_event_keys\.sql lists all offenders\.$",
    ):
        check_invariants(db)
    db.execute(CRITICAL["batches_are_contiguous"])
    with pytest.raises(
        InvariantError, match=r"batches_are_contiguous is broken.*Broken as well: loaded_equals_event_keys\.$"
    ):
        check_invariants(db)


def test_many_offenders_are_counted_and_some_are_shown(db, land, cycle):
    for number in range(30):
        land("$identify", f"u{number}")
    cycle()
    db.execute("delete from warehouse.person_distinct_id")
    with pytest.raises(InvariantError, match="every_person_has_an_id"):
        check_invariants(db)
    row = result(db, "every_person_has_an_id")
    assert (row["unexpected"], len(row["examples"])) == (30, 20)


def test_a_cycle_in_the_middle_is_no_contradiction(database, db, merged, land, settings):
    """At moments of a load that holds, releases, merges and quarantines; also when events are written ahead."""
    land("signup", "carol", at=10)
    land("", "carol", at=11)
    land("$identify", "dave", properties={"$anon_distinct_id": "erin"}, at=12)
    moments = {"open/insert_batch", "load/insert_event_key", "load/insert_held", "load/publish_written_ahead"}
    checked = {}

    def check(_, name, is_after):
        if name in moments and not is_after:
            with sql.connect(database) as other:
                checked[name] = check_invariants(other)

    with sql.observed(check):
        run_cycle(db, settings, now=moment(13))
        run_cycle(db, settings, now=moment(100))
    assert checked.keys() == moments
    assert {len(names) for names in checked.values()} == {len(CRITICAL | WARNING)}


def test_a_query_that_cannot_run_is_no_success_and_shows_no_password(database, db, merged, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    db.execute("drop view ops.broken_override")
    with pytest.raises(GateError, match=r"override_is_one_hop of expectations/warehouse\.json could not be") as caught:
        check_warehouse(db)
    assert "\n" not in str(caught.value)
    assert 'relation "ops.broken_override" does not exist' in str(caught.value)
    password = urlsplit(database).password
    assert password
    output = capfd.readouterr()
    for text in (str(caught.value), repr(caught.value.__cause__), caplog.text, output.out, output.err):
        assert password not in text
    assert db.execute("select count(*)::int as n from ops.check_result").fetchone()["n"] == 0


def test_a_connection_that_breaks_is_no_answer(database, db, merged):
    """While the check waits for a table that somebody has locked."""
    waiting = "select pid from pg_stat_activity where datname = current_database() and wait_event_type = 'Lock'"
    with sql.connect(database) as checked, ThreadPoolExecutor() as threads, db.transaction():
        db.execute("lock table warehouse.event_key")
        outcome = threads.submit(check_warehouse, checked)
        with sql.connect(database) as other:
            while (session := other.execute(waiting).fetchone()) is None:
                assert not outcome.done()
            other.execute("select pg_terminate_backend(%s)", [session["pid"]])
        with pytest.raises(UnavailableError, match="broke while it was checked; the next run tries again"):
            outcome.result()


def test_nothing_is_written_and_no_session_stays(db, merged):
    check_warehouse(db)
    sessions = "select count(*)::int as n from pg_stat_activity where datname = current_database() and pid <> %s"
    assert db.execute(sessions, [db.info.backend_pid]).fetchone()["n"] == 0
    assert db.execute("select count(*)::int as n from pg_class where relpersistence = 't'").fetchone()["n"] == 0


def test_the_command_prints_what_fails(database, db, merged, monkeypatch):
    monkeypatch.setenv("ETL_DATABASE_URL", database)
    monkeypatch.setattr("etl.cli.shared.console.width", 1000)
    output = CliRunner().invoke(cli.app, ["maintain"], catch_exceptions=False).output
    assert "holds: batches_are_contiguous, " in output
    with entry(db, "maintenance", "a person of the future"):
        db.execute("update warehouse.person set created_at = now() + interval '3 days' where distinct_id = 'bob'")
    output = CliRunner().invoke(cli.app, ["maintain"], catch_exceptions=False).output
    assert "! person.persons_are_not_of_the_future: Persons were created in the future. (1 rows, the first: " in output
    db.execute("delete from warehouse.event_key")
    outcome = CliRunner().invoke(cli.app, ["maintain"])
    assert isinstance(outcome.exception, InvariantError)
    assert "! warehouse.loaded_equals_event_keys: " in outcome.output
